//! How long a steered answer holds (semantics §5).

use std::fmt;

/// Stands for "no probe can flip it" among seconds to the soonest flip.
pub const NEVER: u32 = u32::MAX;

/// The TTL in seconds: the soonest flip, not below `min_ttl`, not above `max_ttl`, and never 0.
#[inline]
pub fn steered_ttl(soonest_flip: u32, min_ttl: u32, max_ttl: u32) -> u32 {
    soonest_flip.max(min_ttl).min(max_ttl).max(1)
}

/// What set the TTL of a steered answer; for `explain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TtlBound {
    /// A member can flip then.
    SoonestFlip,
    /// A member can flip sooner, but the rule's `min_ttl` holds.
    Minimum,
    /// No member can flip so soon: the TTL of the default RRset holds.
    Maximum,
    /// No member can flip by a probe: the TTL of the default RRset holds.
    NothingFlips,
    /// An operator's will changes a pool then.
    PlannedChange,
}

impl TtlBound {
    /// What sets the TTL that [`steered_ttl`] gives for the same arguments; a planned change shortens it further.
    pub fn of(soonest_flip: u32, min_ttl: u32, max_ttl: u32) -> TtlBound {
        if soonest_flip == NEVER {
            TtlBound::NothingFlips
        } else if soonest_flip > max_ttl {
            TtlBound::Maximum
        } else if soonest_flip < min_ttl.max(1) {
            TtlBound::Minimum
        } else {
            TtlBound::SoonestFlip
        }
    }
}

impl fmt::Display for TtlBound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            TtlBound::SoonestFlip => "a member that was looked at can flip then",
            TtlBound::Minimum => "min_ttl; a member that was looked at can flip sooner",
            TtlBound::Maximum => "the default RRset's TTL; no member that was looked at can flip sooner",
            TtlBound::NothingFlips => {
                "the default RRset's TTL; no member that was looked at can flip by a probe"
            }
            TtlBound::PlannedChange => "a schedule, or the end of an admin state, changes a pool then",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TtlBound::{Maximum, Minimum, NothingFlips, SoonestFlip};
    use super::*;

    #[test]
    fn the_soonest_flip_is_clamped_and_never_0() {
        let cases = [
            // soonest flip, min_ttl, max_ttl, TTL, what set it
            (24, 5, 60, 24, SoonestFlip),
            (5, 5, 60, 5, SoonestFlip),
            (4, 5, 60, 5, Minimum),
            (0, 30, 60, 30, Minimum),
            (60, 30, 60, 60, SoonestFlip),
            (61, 30, 60, 60, Maximum),
            (NEVER, 30, 60, 60, NothingFlips),
            (NEVER - 1, 30, 60, 60, Maximum),
            (0, 0, 60, 1, Minimum),
            (1, 0, 60, 1, SoonestFlip),
            (0, 0, 1, 1, Minimum),
            (24, 0, 0, 1, Maximum),
            (NEVER, 0, u32::MAX, u32::MAX, NothingFlips),
        ];
        for (soonest_flip, min_ttl, max_ttl, ttl, bound) in cases {
            assert_eq!(
                steered_ttl(soonest_flip, min_ttl, max_ttl),
                ttl,
                "{soonest_flip} {min_ttl} {max_ttl}"
            );
            assert_eq!(
                TtlBound::of(soonest_flip, min_ttl, max_ttl),
                bound,
                "{soonest_flip} {min_ttl} {max_ttl}"
            );
        }
    }
}
