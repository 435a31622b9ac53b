//! An explanation as text for people: what was found, then where, which, what, for how long.

mod candidates;
mod finding;
mod given;
mod place;

use super::moment::{rfc3339, span};
use super::{Basis, Explanation, Finding, Scope, ScopeReason, Ttl};
use crate::answer::{CHAIN_MAX, Why};
use crate::zone::record_type;

/// The whole explanation, ended by a line feed.
pub fn render(explanation: &Explanation) -> String {
    let mut text = Text::default();
    text.line(0, &question(explanation));
    text.line(0, &outcome(explanation));
    if explanation.steering.is_some() {
        text.line(0, &basis(explanation));
    }
    text.heading("What is at the name");
    finding::at_the_name(&mut text, explanation);
    if let Some(steering) = &explanation.steering {
        text.heading("Where the client is");
        place::where_the_client_is(&mut text, explanation, steering);
        text.heading("Which pool answers");
        candidates::which_pool_answers(&mut text, explanation, steering);
        text.heading("What is given out");
        given::what_is_given_out(&mut text, &steering.given, explanation.draws.as_ref());
    }
    text.heading("For how long, and for whom");
    if let Some(ttl) = explanation.ttl {
        text.field("TTL", &for_how_long(ttl));
    }
    text.field("scope", &scope(explanation.scope));
    text.0
}

/// Lines with an indent of two spaces a level.
#[derive(Default)]
struct Text(String);

impl Text {
    /// A line at a level.
    fn line(&mut self, level: usize, words: &str) {
        let line = format!("{:indent$}{words}", "", indent = level * 2);
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// A headline behind an empty line.
    fn heading(&mut self, words: &str) {
        self.0.push('\n');
        self.line(0, words);
    }

    /// A named value at level 1.
    fn field(&mut self, name: &str, value: &str) {
        self.line(1, &format!("{name:<11} {value}"));
    }
}

fn question(explanation: &Explanation) -> String {
    let rtype = record_type::name(explanation.rtype);
    let from = explanation.client.transport;
    match explanation.client.subnet {
        Some(subnet) => {
            format!("{} {rtype}, asked from {from} with client subnet {}", explanation.name, subnet)
        }
        None => format!("{} {rtype}, asked from {from}", explanation.name),
    }
}

fn outcome(explanation: &Explanation) -> String {
    let authoritative = if explanation.authoritative { "authoritative" } else { "not authoritative" };
    format!("{}, {authoritative}: {}", explanation.rcode.name(), why(explanation))
}

fn why(explanation: &Explanation) -> String {
    let sentence = match explanation.why {
        Why::Exists => "the RRset exists and is not steered",
        Why::Steered(reason) => return format!("steered, {}", reason.label()),
        Why::NoData => "the name exists, the type does not (NODATA)",
        Why::NoName => "the name does not exist",
        Why::Delegated => "the name is delegated",
        Why::OneOfAny => "ANY gets one RRset (RFC 8482)",
        Why::ChainEnds if explanation.finding == Finding::ChainTooLong => {
            return format!("the chain of aliases is a loop or longer than {CHAIN_MAX}");
        }
        Why::ChainEnds => "the chain of aliases leaves our zones",
        Why::Synthesised => "a CNAME is synthesised from a DNAME",
        Why::NameTooLong => "the name that a DNAME leads to is longer than 255 octets",
        Why::NotOurZone => "no zone of ours holds the name",
        Why::NotAllowed if explanation.chain.is_empty() => "the zone does not answer this client",
        Why::NotAllowed => "the chain of CNAMEs leads to a zone that does not answer this client",
        Why::OtherClass => "a class other than IN",
    };
    sentence.to_owned()
}

/// What the health comes from, and the moment.
fn basis(explanation: &Explanation) -> String {
    let at = rfc3339(explanation.at);
    match explanation.basis {
        Basis::Assumed => format!("at {at}, from files alone: monitored members are assumed up"),
        Basis::Saved { at: saved } => {
            let age = span(explanation.at.saturating_sub(saved));
            format!("at {at}, with the health that was saved {age} before")
        }
        Basis::Observed { generation } => {
            format!("at {at}, with the health that the server sees; generation {generation}")
        }
    }
}

fn for_how_long(ttl: Ttl) -> String {
    let reason = ttl.reason.sentence();
    let bounds = ttl.steered.map_or(String::new(), |steered| {
        let flip = steered.soonest_flip.map_or_else(|| "never".to_owned(), |flip| format!("in {flip} s"));
        let (min, max) = (steered.min, steered.max);
        format!(" (soonest flip {flip}, min_ttl {min}, default RRset {max})")
    });
    format!("{}: {reason}{bounds}", ttl.seconds)
}

fn scope(scope: Scope) -> String {
    match scope.reason {
        ScopeReason::NoSubnet => scope.sentence(),
        _ => format!("/{}: {}", scope.length, scope.sentence()),
    }
}
