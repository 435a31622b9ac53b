//! `[server.rate_limit]`: how many responses a network of clients gets.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use super::access::networks;
use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    Broken, Faults, Parsed, Reader, Written, boolean, duration, number, sound, unplaced,
};
use crate::geo::Prefix;

/// `[server.rate_limit]`, as far as it is without a fault.
#[derive(Debug)]
pub(crate) struct RateLimitSpec {
    /// Responses a second.
    pub(crate) responses_per_second: NonZeroU32,
    /// The time whose responses may go out at once.
    pub(crate) window: Option<Duration>,
    /// Prefix length of IPv4 clients.
    pub(crate) ipv4_prefix: Option<u8>,
    /// Prefix length of IPv6 clients.
    pub(crate) ipv6_prefix: Option<u8>,
    /// Of so many responses that are too many one goes out truncated.
    pub(crate) slip: Option<NonZeroU8>,
    /// Networks that are not limited.
    pub(crate) exempt: Vec<Written<Prefix>>,
    /// Only count.
    pub(crate) log_only: Option<bool>,
}

impl RateLimitSpec {
    /// Reads the table.
    pub(super) fn read(table: &Table, faults: &Faults) -> Parsed<RateLimitSpec> {
        let mut reader = Reader::new(table, "`[server.rate_limit]`", faults);
        let rate = reader.required(
            "responses_per_second",
            "responses_per_second = 200",
            number(limits::RESPONSES_PER_SECOND),
        );
        let window = reader.lenient("window", duration(limits::RATE_WINDOW));
        let ipv4_prefix = reader.lenient("ipv4_prefix", number(limits::RATE_IPV4_PREFIX));
        let ipv6_prefix = reader.lenient("ipv6_prefix", number(limits::RATE_IPV6_PREFIX));
        let slip = reader.lenient("slip", slip);
        let exempt = reader.lenient("exempt", networks);
        let log_only = reader.lenient("log_only", boolean);
        reader.finish(&[]);
        Ok(RateLimitSpec {
            responses_per_second: NonZeroU32::new(rate?.value).ok_or(Broken)?,
            window: unplaced(window),
            ipv4_prefix: unplaced(ipv4_prefix),
            ipv6_prefix: unplaced(ipv6_prefix),
            slip: unplaced(slip),
            exempt: unplaced(exempt).map(sound).unwrap_or_default(),
            log_only: unplaced(log_only),
        })
    }
}

/// 0 would never let a limited client know that it may come over TCP: whoever forges its address could cut it off.
fn slip(value: &Value, faults: &Faults) -> Parsed<NonZeroU8> {
    if matches!(value.kind, Kind::Integer(Some(0))) {
        let fault =
            value.place.error("a slip of 0 would let anybody cut off a network in whose name it asks");
        let help = "2 sends every second one of its clients on to TCP, 1 every one";
        faults.add(fault.label("never a way out").help(help));
        return Err(Broken);
    }
    number(limits::RATE_SLIP)(value, faults).and_then(|slip: u8| NonZeroU8::new(slip).ok_or(Broken))
}
