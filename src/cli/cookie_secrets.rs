//! `meridian cookie-secrets`: secrets for the cookies of a set of servers, each with the moment from which it is used.

use std::fmt::Write;

use anyhow::anyhow;

use super::{OK, print};
use crate::admin::timestamp::{now, rfc3339};
use crate::wire::cookie::SECRET;

const SECONDS_A_DAY: u64 = 86_400;

/// Make secrets for the cookies of a set of servers
///
/// Prints the file that `secrets` of `[server.cookies]` names: lines of a moment and the secret that is used from then
/// on, the first one from the last midnight (UTC). Give the same file to all servers of the set and let them reload; they
/// change from one secret to the next by themselves, at the same moment. Append more before the last one is in use:
/// `meridian cookie-secrets --first-day 56 >> FILE`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=64))]
    count: u64,
    /// For how many days each is used; at most 36 (RFC 7873 §7.1)
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=36))]
    days: u64,
    /// In how many days the first one is used
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=3650))]
    first_day: u64,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let first = now() / SECONDS_A_DAY + arguments.first_day;
    let mut text = String::new();
    for number in 0..arguments.count {
        let mut secret = [0; SECRET];
        getrandom::fill(&mut secret).map_err(|error| anyhow!("the system gave no random octets: {error}"))?;
        let from = (first + number * arguments.days) * SECONDS_A_DAY;
        let digits = secret.iter().fold(String::new(), |digits, octet| format!("{digits}{octet:02x}"));
        writeln!(text, "{}  {digits}", rfc3339(from))?;
    }
    print(&text)?;
    Ok(OK)
}
