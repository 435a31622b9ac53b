//! Response rate limiting as the packet path wants it.

use std::num::NonZeroU8;
use std::time::Duration;

use crate::config::spec::{RateLimitSpec, network};
use crate::snapshot::{Rate, RateLimit};
use crate::wire::Networks;

/// What may go out at once: the responses of a second.
const WINDOW: Duration = Duration::from_secs(1);
/// What a site is given, and what is routed: nobody forges for less.
const IPV4_PREFIX: u8 = 24;
const IPV6_PREFIX: u8 = 56;
/// Every second response that is too many goes out truncated.
const SLIP: NonZeroU8 = NonZeroU8::new(2).expect("2 is not 0");

/// Binds `[server.rate_limit]`.
pub(super) fn bind(spec: &RateLimitSpec) -> RateLimit {
    let exempt = spec.exempt.iter().map(|prefix| network(prefix, true));
    RateLimit {
        rate: Rate::new(spec.responses_per_second, spec.window.unwrap_or(WINDOW)),
        ipv4_prefix: spec.ipv4_prefix.unwrap_or(IPV4_PREFIX),
        ipv6_prefix: spec.ipv6_prefix.unwrap_or(IPV6_PREFIX),
        slip: spec.slip.unwrap_or(SLIP),
        exempt: Networks::new(exempt.collect(), false),
        log_only: spec.log_only.unwrap_or(false),
    }
}
