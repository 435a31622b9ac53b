//! Keys of `[server]` that take away each other's effect: each is right by itself, together they surprise.

use crate::config::spec::{CookiesSpec, ServerSpec, TcpSpec};
use crate::config::text::{Faults, Written};
use crate::snapshot::RequireCookies;
use crate::wire::Name;
use crate::wire::name::NAME_MAX;

use super::settings::{connection_timeout, message_timeout, udp_payload_max};

/// Octets of a report's name besides the name that is reported and the agent domain: twice `_er`, a type and a code of up
/// to five digits (RFC 9567 §6.1).
const REPORT_OCTETS: usize = 2 * 4 + 2 * 6;
/// Octets of a name that should have room in a report; longer ones are not reported.
const REPORTED_OCTETS: usize = 64;

/// Tells them all. For a `[server]` without a fault.
pub(super) fn warn(server: &ServerSpec, faults: &Faults) {
    no_load(server, faults);
    no_smaller_without_cookie(server, faults);
    no_time_for_a_message(&server.tcp, faults);
    if let Some(agent) = &server.report_channel {
        no_room_for_reports(agent, faults);
    }
}

/// The load of `under_load` is a rate limit that is exceeded.
fn no_load(server: &ServerSpec, faults: &Faults) {
    let CookiesSpec { enabled, require, .. } = &server.cookies;
    if let (None, Some(require), true) = (&server.rate_limit, require, enabled.unwrap_or(true))
        && require.value == RequireCookies::UnderLoad
    {
        let warning = require.place.warning("this has no effect without `[server.rate_limit]`");
        let help = "add `[server.rate_limit]` with `responses_per_second = 200`, or take it out";
        faults.add(warning.label("no rate, no load").help(help));
    }
}

fn no_smaller_without_cookie(server: &ServerSpec, faults: &Faults) {
    let Some(without) = &server.udp_payload_max_without_cookie else { return };
    let most = udp_payload_max(server);
    if without.value >= most {
        let warning = without.place.warning(format!("this has no effect: `udp_payload_max` is {most}"));
        faults.add(warning.label("not smaller").help(format!("write less than {most}, or take it out")));
    }
}

fn no_time_for_a_message(tcp: &TcpSpec, faults: &Faults) {
    let (whole, message) = (connection_timeout(tcp), message_timeout(tcp));
    // One of the two is written: the defaults are in order.
    let written = tcp.connection_timeout.as_ref().or(tcp.message_timeout.as_ref());
    if let (true, Some(written)) = (whole < message, written) {
        let warning = written
            .place
            .warning("a whole connection has less time than `message_timeout` gives one message");
        let help = format!("`connection_timeout` is {whole:?}, `message_timeout` {message:?}");
        faults.add(warning.label("no message has that time").help(help));
    }
}

fn no_room_for_reports(agent: &Written<Name>, faults: &Faults) {
    let room = NAME_MAX.saturating_sub(REPORT_OCTETS + agent.as_octets().len());
    if room < REPORTED_OCTETS {
        let message = format!("errors are reported only of names of at most {room} octets");
        let warning = agent.place.warning(message).label("leaves no more room in a report's name");
        faults.add(warning.help("choose a shorter agent domain (RFC 9567 §6.1)"));
    }
}
