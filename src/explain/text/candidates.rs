//! Which pool answers, as text.

use super::Text;
use crate::explain::moment::span;
use crate::explain::words::{reason_sentence, weight};
use crate::explain::{Candidate, Explanation, Fraction, InnerPool, Member, Steering, Target, Trickled};
use crate::health::State;
use crate::steer::{Eligibility, SLOTS};

pub(super) fn which_pool_answers(text: &mut Text, explanation: &Explanation, steering: &Steering) {
    for (place, each) in steering.candidates.iter().enumerate() {
        candidate(text, place + 1, each, explanation);
    }
    for excluded in &steering.excluded {
        text.line(
            1,
            &format!("-  {}: {}", at_site(&excluded.pool, excluded.site.as_deref()), excluded.reason),
        );
    }
    if let Some(each) = steering.trickle {
        text.line(1, &trickle(each));
    }
    let reason = steering.reason;
    text.line(1, &format!("{}: {}", reason.label(), reason_sentence(reason)));
}

fn candidate(text: &mut Text, place: usize, candidate: &Candidate, explanation: &Explanation) {
    let answers = if candidate.answers { "  ← answers" } else { "" };
    let pool = at_site(&candidate.pool, candidate.site.as_deref());
    let (state, pick) = (candidate.state, candidate.pick);
    text.line(1, &format!("{place}. {pool}: {state}, pick {pick} ({}){answers}", candidate.line));
    members(text, &candidate.members, 3, explanation);
    for inner in &candidate.inner {
        let InnerPool { pool, weight, state, pick, depth, .. } = inner;
        text.line(1 + 2 * depth, &format!("{pool}: {state}, weight {weight}, pick {pick}"));
        members(text, &inner.members, 3 + 2 * depth, explanation);
    }
}

fn members(text: &mut Text, members: &[Member], level: usize, explanation: &Explanation) {
    let name_width = members.iter().map(|member| member.name.chars().count()).max().unwrap_or(0);
    let of_member =
        |member: &Member| member.answer.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let answers_with: Vec<String> = members.iter().map(of_member).collect();
    let width = answers_with.iter().map(String::len).max().unwrap_or(0);
    for (member, answer) in members.iter().zip(&answers_with) {
        let Member { name, line, .. } = member;
        let weight = weight(member.weight, member.slow_start);
        let eligible = eligible(member);
        text.line(
            level,
            &format!("{name:name_width$}  {answer:width$}  weight {weight:<5}  {eligible} ({line})"),
        );
        for each in member.targets.iter().filter(|target| target.observed.is_some()) {
            text.line(level + 2, &target(each, explanation.at));
        }
    }
}

/// `eligible: up`, `not eligible: assumed down`.
fn eligible(member: &Member) -> String {
    let given = if member.eligibility.is_given() { "eligible" } else { "not eligible" };
    let said_by_targets = matches!(member.eligibility, Eligibility::Up | Eligibility::Down);
    let nobody_looked = member.targets.iter().any(|target| target.observed.is_none());
    let assumed = if said_by_targets && nobody_looked { "assumed " } else { "" };
    let whatever = member.targets.iter().any(|target| target.observed.is_some() && target.supposed);
    let supposed = if whatever { ", as supposed" } else { "" };
    let will = member.will.as_ref().map_or_else(String::new, |will| format!(", {will}"));
    format!("{given}: {assumed}{}{supposed}{will}", member.eligibility)
}

/// `web: up for 3d 4h, 0 of 3 failures; last verdict 2s ago: pass in 1.234 ms; can flip in 15 s`.
fn target(target: &Target, at: u64) -> String {
    let Some(observed) = &target.observed else { return String::new() };
    let ago = |then: u64| span(at.saturating_sub(then));
    let (state, since) = (observed.state, ago(observed.since));
    let counts = match observed.failures {
        _ if state == State::Down => format!("{} of {} passes", observed.passes, target.rise),
        failures => format!("{failures} of {} failures", target.fall),
    };
    let verdict = match &observed.last {
        Some(last) => format!("last verdict {} ago: {}", ago(last.at), last.verdict),
        None => "no verdict yet".to_owned(),
    };
    let flip = target.soonest_flip;
    format!("{}: {state} for {since}, {counts}; {verdict}; can flip in {flip} s", target.monitor)
}

fn at_site(pool: &str, site: Option<&str>) -> String {
    site.map_or_else(|| pool.to_owned(), |site| format!("{pool} at {site}"))
}

/// On which side of it the client is.
fn trickle(Trickled { slots, network, takes }: Trickled) -> String {
    let share = Fraction(slots.into(), SLOTS as u128);
    let side = if takes { "is one of them" } else { "is none of them" };
    format!(
        "trickle: the networks of the first {slots} of {SLOTS} slots ({share}) go to the next healthy pool; {} with slot \
         {} {side}",
        network.network, network.slot
    )
}
