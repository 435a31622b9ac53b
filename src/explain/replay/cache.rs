//! A model of resolvers' caches that know client subnets (RFC 7871 §7.3): how many of the captured queries need not have
//! been asked.
//!
//! | the query that was answered | its answer is kept for |
//! |---|---|
//! | without a subnet, or the answer's scope is 0 | everyone who asks this resolver |
//! | with a subnet | the subnet cut to the scope; where the scope is longer than the source, to the source (§7.3.1) |
//!
//! A query is answered out of the cache when an answer to its name and type is younger than its TTL and kept for everyone,
//! or for a network that holds the whole of its subnet. Each resolver, told by its address, has a cache of its own.
//! Captured queries are what real caches let through, so the rate is one of the answers' doing alone: what scopes and
//! TTLs would spare beyond what was spared already.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Profile;
use crate::geo::Prefix;

/// Answers that are kept at once, over all resolvers.
const ANSWERS_MAX: usize = 1 << 20;

/// What became of the queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reuse {
    /// Those that a cache could have answered.
    pub reused: u64,
    /// Those that it could not.
    pub asked: u64,
    /// Answers that were not kept for want of room.
    pub unkept: u64,
}

/// The caches of all resolvers.
#[derive(Debug, Default)]
pub struct Cache {
    answers: HashMap<Key, Vec<Kept>>,
    count: usize,
    reuse: Reuse,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    resolver: IpAddr,
    name: Box<[u8]>,
    rtype: u16,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    /// `None`: for everyone.
    network: Option<Prefix>,
    /// Milliseconds since 1970.
    until: u64,
}

impl Kept {
    fn is_for(&self, subnet: Option<Prefix>) -> bool {
        match (self.network, subnet) {
            (None, _) => true,
            (Some(network), Some(subnet)) => {
                network.length <= subnet.length && network.contains(subnet.address)
            }
            (Some(_), None) => false,
        }
    }
}

impl Cache {
    /// Takes one query and what it gets, at a moment in milliseconds; whether the cache could have answered it.
    pub fn ask(&mut self, resolver: IpAddr, profile: &Profile, now: u64) -> bool {
        let key = Key { resolver, name: profile.name.clone(), rtype: profile.rtype };
        let kept = self.answers.get(&key).into_iter().flatten();
        if kept.into_iter().any(|kept| kept.until > now && kept.is_for(profile.subnet)) {
            self.reuse.reused += 1;
            return true;
        }
        self.reuse.asked += 1;
        self.keep(key, profile, now);
        false
    }

    /// What became of all queries so far.
    pub fn reuse(&self) -> Reuse {
        self.reuse
    }

    fn keep(&mut self, key: Key, profile: &Profile, now: u64) {
        let Some(ttl) = profile.ttl.filter(|&ttl| ttl > 0) else { return };
        if self.count >= ANSWERS_MAX {
            self.forget(now);
        }
        if self.count >= ANSWERS_MAX {
            self.reuse.unkept += 1;
            return;
        }
        let network = profile.subnet.filter(|_| profile.scope > 0);
        let network = network.map(|subnet| Prefix::around(subnet.address, subnet.length.min(profile.scope)));
        let kept = Kept { network, until: now + u64::from(ttl) * 1000 };
        let others = self.answers.entry(key).or_default();
        let before = others.len();
        // A newer answer for the same clients stands in for the older one.
        others.retain(|other| other.until > now && other.network != network);
        others.push(kept);
        self.count = self.count + others.len() - before;
    }

    /// Drops what is too old.
    fn forget(&mut self, now: u64) {
        self.answers.retain(|_, kept| {
            kept.retain(|kept| kept.until > now);
            !kept.is_empty()
        });
        self.count = self.answers.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Rcode;

    /// A query of a resolver at a second, for a subnet if any, whose answer has this scope and TTL 10; and whether the
    /// cache answers it.
    type Step = (u8, u64, Option<&'static str>, u8, bool);

    fn check(steps: &[Step]) {
        let mut cache = Cache::default();
        for &(resolver, second, subnet, scope, expected) in steps {
            let subnet = subnet.map(|text| {
                let (address, length) = text.split_once('/').unwrap();
                Prefix { address: address.parse().unwrap(), length: length.parse().unwrap() }
            });
            let (name, ttl) = (Box::from(*b"\x01a\0"), Some(10));
            let profile = Profile { name, rtype: 1, rcode: Rcode::NoError, records: 0, ttl, scope, subnet };
            let resolver = IpAddr::from([192, 0, 2, resolver]);
            assert_eq!(cache.ask(resolver, &profile, second * 1000), expected, "{resolver} at {second} s");
        }
    }

    #[test]
    fn an_answer_without_a_subnet_or_of_scope_0_is_for_everyone_until_it_expires() {
        check(&[
            (1, 0, None, 0, false),
            (1, 9, Some("198.51.100.0/24"), 24, true),
            (1, 10, None, 0, false),
            (2, 10, Some("198.51.100.0/24"), 0, false),
            (2, 12, None, 0, true),
        ]);
    }

    #[test]
    fn an_answer_for_a_network_serves_the_subnets_within_its_scope() {
        check(&[
            (1, 0, Some("10.1.2.0/24"), 16, false),
            (1, 1, Some("10.1.99.0/24"), 16, true),
            (1, 1, Some("10.2.0.0/24"), 16, false),
            (1, 1, None, 0, false),
            (1, 2, Some("10.7.0.0/24"), 16, true),
        ]);
    }

    #[test]
    fn a_scope_longer_than_the_source_counts_as_the_source() {
        check(&[(1, 0, Some("10.1.0.0/16"), 24, false), (1, 1, Some("10.1.7.0/24"), 24, true)]);
    }

    #[test]
    fn a_shorter_subnet_is_not_served_by_a_part_of_it() {
        check(&[(1, 0, Some("10.1.2.0/24"), 24, false), (1, 1, Some("10.1.0.0/16"), 24, false)]);
    }

    #[test]
    fn each_resolver_has_a_cache_of_its_own() {
        check(&[(1, 0, None, 0, false), (2, 1, None, 0, false), (1, 2, None, 0, true)]);
    }
}
