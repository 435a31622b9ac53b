//! What is supposed to be down: a member, a pool or a site.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::geo::Site;
use crate::health::TargetId;
use crate::steer::{Member, Pool};

/// In front of the name of a site; no name holds a colon, so no pool can be meant.
const SITE: &str = "site:";

/// Something that is down, as it is typed: `POOL/MEMBER`, `POOL` or `site:SITE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outage {
    /// A member.
    Member {
        /// The name of its pool.
        pool: String,
        /// Its name.
        member: String,
    },
    /// All members of a pool.
    Pool(String),
    /// All members of all pools at a site.
    Site(String),
}

/// Why an outage cannot be supposed. The message goes on behind what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutageError {
    /// The text is none.
    #[error("write POOL/MEMBER, POOL or {SITE}SITE")]
    Form,
    /// The name stands for nothing.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// "pool", "member", "site".
        kind: &'static str,
        /// As typed.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No probe can make it down.
    #[error("no monitor watches it, so it always counts as up")]
    Unmonitored,
}

impl Outage {
    /// The targets that are down then, each once. Members without a monitor stay up, as they would.
    pub fn targets(&self, pools: &[Pool], sites: &[Site]) -> Result<Vec<TargetId>, OutageError> {
        let members: Vec<&Member> = match self {
            Outage::Member { pool, member } => vec![find_member(find_pool(pools, pool)?, member)?],
            Outage::Pool(pool) => find_pool(pools, pool)?.members.iter().collect(),
            Outage::Site(site) => members_at(pools, sites, site)?,
        };
        let mut targets: Vec<TargetId> =
            members.iter().flat_map(|member| member.targets.iter().flatten().copied()).collect();
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() { Err(OutageError::Unmonitored) } else { Ok(targets) }
    }
}

fn find_pool<'p>(pools: &'p [Pool], name: &str) -> Result<&'p Pool, OutageError> {
    let found = pools.iter().find(|pool| pool.name == name);
    found.ok_or_else(|| unknown("pool", name, pools.iter().map(|pool| &pool.name)))
}

fn find_member<'p>(pool: &'p Pool, name: &str) -> Result<&'p Member, OutageError> {
    let found = pool.members.iter().find(|member| member.name == name);
    found.ok_or_else(|| unknown("member", name, pool.members.iter().map(|member| &member.name)))
}

fn members_at<'p>(pools: &'p [Pool], sites: &[Site], name: &str) -> Result<Vec<&'p Member>, OutageError> {
    let Some(site) = sites.iter().position(|site| site.name == name) else {
        return Err(unknown("site", name, sites.iter().map(|site| &site.name)));
    };
    let is_there = |pool: &&Pool| pool.site.is_some_and(|id| usize::from(id.0) == site);
    Ok(pools.iter().filter(is_there).flat_map(|pool| &pool.members).collect())
}

fn unknown<'n>(kind: &'static str, name: &str, known: impl Iterator<Item = &'n String>) -> OutageError {
    OutageError::Unknown { kind, name: name.to_owned(), known: known.cloned().collect() }
}

impl FromStr for Outage {
    type Err = OutageError;

    fn from_str(text: &str) -> Result<Outage, OutageError> {
        let parts = (text.strip_prefix(SITE), text.split_once('/'));
        let outage = match parts {
            (Some(site), _) => Outage::Site(site.to_owned()),
            (None, Some((pool, member))) => {
                Outage::Member { pool: pool.to_owned(), member: member.to_owned() }
            }
            (None, None) => Outage::Pool(text.to_owned()),
        };
        match &outage {
            Outage::Member { pool, member } if pool.is_empty() || member.is_empty() => Err(OutageError::Form),
            Outage::Pool(name) | Outage::Site(name) if name.is_empty() || name.contains(':') => {
                Err(OutageError::Form)
            }
            _ => Ok(outage),
        }
    }
}

/// As it is typed.
impl fmt::Display for Outage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outage::Member { pool, member } => write!(formatter, "{pool}/{member}"),
            Outage::Pool(pool) => formatter.write_str(pool),
            Outage::Site(site) => write!(formatter, "{SITE}{site}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_written_as_it_is_read() {
        for text in ["web-fra/fra-1", "web-fra", "site:fra"] {
            assert_eq!(text.parse::<Outage>().map(|outage| outage.to_string()).as_deref(), Ok(text));
        }
        for wrong in ["", "/", "web/", "/a", "site:", "sites:fra", "site:site:a"] {
            assert_eq!(wrong.parse::<Outage>(), Err(OutageError::Form), "{wrong}");
        }
    }
}
