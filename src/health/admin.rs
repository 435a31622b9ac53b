//! The operator's will (semantics §2).

use std::fmt;

/// The operator's will on a member, a pool or a site, in ascending strength: where the three differ, the maximum
/// holds. It covers both families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum AdminState {
    /// Health decides.
    #[default]
    Auto,
    /// Eligible whatever the health.
    ForcedUp,
    /// Not given out, unless nothing else is left.
    Drained,
    /// Never given out.
    ForcedDown,
}

impl AdminState {
    /// What holds for a member: the strongest of its own state, its pool's and its site's.
    #[must_use]
    pub fn strongest(member: AdminState, pool: AdminState, site: AdminState) -> AdminState {
        member.max(pool).max(site)
    }
}

/// The words of the glossary: `auto`, `forced up`, `drained`, `forced down`.
impl fmt::Display for AdminState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            AdminState::Auto => "auto",
            AdminState::ForcedUp => "forced up",
            AdminState::Drained => "drained",
            AdminState::ForcedDown => "forced down",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::AdminState::{self, Auto, Drained, ForcedDown, ForcedUp};

    #[test]
    fn the_strongest_of_member_pool_and_site_holds() {
        let ascending = [Auto, ForcedUp, Drained, ForcedDown];
        assert!(ascending.is_sorted());
        for (index, &strong) in ascending.iter().enumerate() {
            for &weak in &ascending[..=index] {
                assert_eq!(AdminState::strongest(strong, weak, Auto), strong);
                assert_eq!(AdminState::strongest(weak, strong, weak), strong);
                assert_eq!(AdminState::strongest(Auto, weak, strong), strong);
            }
        }
    }
}
