//! One network that was limited and for what, for an operator who asks who it is.
//!
//! It is written only when something is limited, and only while nothing stands there: a flood writes it once, until
//! somebody has taken it. Two words cannot be written at once, so the second one says whether both are valid.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};

use super::class::{self, Class};
use crate::geo::Prefix;
use crate::snapshot::RateLimit;

/// Nothing stands there.
const EMPTY: u64 = 0;
/// Somebody is about to write; less than any valid word, in which a kind stands.
const CLAIMED: u64 = 1;
/// The second word of a sample: the kind of the class, whether the network is one of IPv4, its length.
const KIND_SHIFT: u32 = 16;
const IS_IPV4: u64 = 1 << 8;
const LENGTH: u64 = 0xff;

/// A network whose answers were too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// The network, as long as the limit takes clients for one.
    pub network: Prefix,
    /// Which answers, in words: "answers of one RRset".
    pub class: &'static str,
}

/// The place for one sample, on a cache line of its own: what stands beside it is read for every query.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Sample {
    /// The upper 64 bits of the network's IPv6 address, or its IPv4 address.
    network: AtomicU64,
    about: AtomicU64,
}

impl Sample {
    /// Writes one down, unless one stands there.
    #[cold]
    pub(super) fn offer(&self, settings: &RateLimit, client: IpAddr, class: Class) {
        let free = self.about.load(Ordering::Relaxed) == EMPTY
            && self.about.compare_exchange(EMPTY, CLAIMED, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if !free {
            return;
        }
        let (network, family) = match client {
            IpAddr::V4(client) => (client.to_bits().into(), IS_IPV4 | u64::from(settings.ipv4_prefix)),
            IpAddr::V6(client) => ((client.to_bits() >> 64) as u64, settings.ipv6_prefix.into()),
        };
        self.network.store(network, Ordering::Relaxed);
        self.about.store(class.kind() << KIND_SHIFT | family, Ordering::Release);
    }

    /// Takes away what stands there.
    pub(super) fn take(&self) -> Option<Limited> {
        let about = self.about.load(Ordering::Acquire);
        if about <= CLAIMED {
            return None;
        }
        let network = self.network.load(Ordering::Relaxed);
        self.about.store(EMPTY, Ordering::Release);
        let address: IpAddr = match about & IS_IPV4 {
            0 => Ipv6Addr::from_bits(u128::from(network) << 64).into(),
            _ => Ipv4Addr::from_bits(network as u32).into(),
        };
        let network = Prefix::around(address, (about & LENGTH) as u8);
        Some(Limited { network, class: class::in_words(about >> KIND_SHIFT) })
    }
}
