//! What an answer consists of: addresses of a family, or records that are none.

use std::fmt;

use super::Family;

/// What the answers of a rule consist of. A pool has answers of each kind apart from the others: its members are up or
/// down for each by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Content {
    /// IPv4 addresses, as A records.
    V4,
    /// IPv6 addresses, as AAAA records.
    V6,
    /// Other records: those that the members have as data, or that are made with hints of their addresses.
    Data,
}

impl Content {
    /// All, in the order in which tables hold them.
    pub const ALL: [Content; 3] = [Content::V4, Content::V6, Content::Data];

    /// Its place in tables: 0 for IPv4, 1 for IPv6, 2 for data.
    #[inline]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The family, where these are addresses.
    pub fn family(self) -> Option<Family> {
        match self {
            Content::V4 => Some(Family::V4),
            Content::V6 => Some(Family::V6),
            Content::Data => None,
        }
    }

    /// One word for metrics: `ipv4`, `ipv6` or `data`.
    pub fn label(self) -> &'static str {
        self.family().map_or("data", Family::label)
    }
}

impl From<Family> for Content {
    fn from(family: Family) -> Content {
        match family {
            Family::V4 => Content::V4,
            Family::V6 => Content::V6,
        }
    }
}

/// `IPv4`, `IPv6` or `data`.
impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.family() {
            Some(family) => family.fmt(formatter),
            None => formatter.pad("data"),
        }
    }
}
