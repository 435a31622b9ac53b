//! What there is about a query beside its question, as bits of one number.

/// What there is about a query beside its question. One look tells that there is nothing that few have, and one counter
/// counts all that is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features(u16);

impl Features {
    /// It has an OPT record.
    pub const EDNS: Features = Features(1);
    /// DNSSEC OK.
    pub const DNSSEC_OK: Features = Features(1 << 1);
    /// EDNS Client Subnet.
    pub const CLIENT_SUBNET: Features = Features(1 << 2);
    /// A cookie of a valid length.
    pub const COOKIE: Features = Features(1 << 3);
    /// Octets follow the message.
    pub const TRAILING: Features = Features(1 << 4);
    /// NSID is asked for.
    pub const NSID: Features = Features(1 << 5);
    /// The version of the zone is asked for.
    pub const ZONE_VERSION: Features = Features(1 << 6);
    /// How long a connection may be idle is asked for. Whether it counts is up to the transport (RFC 7828 §3.2).
    pub const KEEPALIVE: Features = Features(1 << 7);
    /// A timeout is told, which only servers do.
    pub const KEEPALIVE_WITH_DATA: Features = Features(1 << 8);

    /// Whatever asks for an option beside the client subnet and a cookie.
    pub const ASKS: Features = Features::NSID
        .with(Features::ZONE_VERSION)
        .with(Features::KEEPALIVE)
        .with(Features::KEEPALIVE_WITH_DATA);

    /// How many numbers [`Features::counted`] gives.
    pub const COUNTED: usize = 8;

    /// These and those.
    #[inline(always)]
    #[must_use]
    pub const fn with(self, others: Features) -> Features {
        Features(self.0 | others.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, others: Features) -> Features {
        Features(self.0 & !others.0)
    }

    /// Whether it has any of these.
    #[inline(always)]
    pub const fn has(self, any: Features) -> bool {
        self.0 & any.0 != 0
    }

    /// EDNS, DNSSEC OK and client subnet as one number: these every question is counted by.
    #[inline(always)]
    pub fn counted(self) -> usize {
        usize::from(self.0) % Features::COUNTED
    }

    /// Those of the three that a number of [`Features::counted`] stands for.
    pub fn of_counted(number: usize) -> Features {
        Features((number % Features::COUNTED) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_what_every_question_is_counted_by() {
        let features =
            Features::EDNS.with(Features::CLIENT_SUBNET).with(Features::COOKIE).with(Features::NSID);
        let counted = Features::of_counted(features.counted());
        assert_eq!(counted, Features::EDNS.with(Features::CLIENT_SUBNET));
        assert!(features.has(Features::ASKS) && !counted.has(Features::ASKS));
        assert!(!features.without(Features::EDNS).has(Features::EDNS.with(Features::DNSSEC_OK)));
    }
}
