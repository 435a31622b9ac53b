//! Makes queries: names near what the zones have × types × classes × flags × EDNS × transport, the same for a seed.

use crate::name::Name;
use crate::query::{
    AD, CD, CLASS_ANY, CLASS_CHAOS, CLASS_IN, COOKIE, DO, EXPIRE, Edns, KEEPALIVE, NSID, Query, RD, SUBNET,
    Transport, Z, ZONE_VERSION,
};
use crate::random::Random;
use crate::zones::Contents;

const ANY: u16 = 255;
const TXT: u16 = 16;
/// Types that are asked for whether or not a name has them, with meta types and numbers that nobody has.
const TYPES: &[u16] = &[
    1, 1, 1, 28, 28, 2, 2, 6, 43, 5, 39, ANY, ANY, TXT, 15, 33, 65, 64, 46, 47, 48, 50, 51, 12, 13, 17, 18,
    29, 35, 36, 52, 59, 60, 63, 99, 128, 256, 257, 65280, 65534, 10, 41, 249, 250, 253, 254, 0, 65535,
];
/// Types that every owner is asked for.
const SYSTEMATIC: &[u16] = &[1, 28, TXT, 2, 6, 43, 5, 39, ANY];
/// Owners of a zone that are asked for one by one; the delegations of a registry are all alike.
const SYSTEMATIC_OWNERS: usize = 90;
/// Labels that are put in front of names.
const LABELS: &[&[u8]] =
    &[b"www", b"x", b"*", b"_tcp", b"no-such", b"ns1", b"a", b"\x00", b"\xff.", b"host1", b"sub", b"1"];
/// Names that no zone has.
const ELSEWHERE: &[&str] =
    &["example.invalid", "com", "nothing.example", "www.test.test", "arpa", "version.bind"];

pub struct Generator<'t> {
    random: Random,
    zones: &'t [Contents],
    owners: Vec<(&'t Name, &'t [u16], &'t Name)>,
}

impl<'t> Generator<'t> {
    pub fn new(seed: u64, zones: &'t [Contents]) -> Generator<'t> {
        let owners = zones.iter().flat_map(|zone| {
            zone.owners.iter().map(move |(owner, types)| (owner, types.as_slice(), &zone.apex))
        });
        Generator { random: Random::new(seed), zones, owners: owners.collect() }
    }

    /// The chosen queries, every owner with its own types and some others, then random queries up to `count` in all.
    pub fn queries(mut self, chosen: Vec<Query>, count: usize) -> Vec<Query> {
        let mut queries = chosen;
        for zone in self.zones {
            for (owner, types) in zone.owners.iter().take(SYSTEMATIC_OWNERS) {
                let others = SYSTEMATIC.iter().filter(|rtype| !types.contains(rtype));
                queries.extend(types.iter().chain(others).map(|&rtype| Query::plain(owner.clone(), rtype)));
            }
        }
        while queries.len() < count {
            queries.push(self.query());
        }
        queries
    }

    fn query(&mut self) -> Query {
        let (name, types) = self.name();
        let rtype = if self.random.chance(40) && !types.is_empty() {
            *self.random.pick(types)
        } else {
            *self.random.pick(TYPES)
        };
        Query {
            name: self.spelt(name),
            rtype,
            class: self.random.weighted(&[
                (96, CLASS_IN),
                (1, CLASS_ANY),
                (1, CLASS_CHAOS),
                (1, 4),
                (1, 254),
                (1, 65280),
            ]),
            flags: self.flags(),
            edns: self.random.chance(65).then(|| self.edns()),
            transport: self.random.weighted(&[(80, Transport::Udp), (20, Transport::Tcp)]),
        }
    }

    /// A name, and the types that it or the owner it was made from has. Zones have equal weight, however large.
    fn name(&mut self) -> (Name, &'t [u16]) {
        let zone = self.random.pick(self.zones);
        let owners: Vec<(&Name, &Vec<u16>)> = zone.owners.iter().collect();
        let &(owner, types) = self.random.pick(&owners);
        let name = match self.random.below(20) {
            0..7 => Some(owner.clone()),
            7..10 => self.below(owner),
            10 => self.below(owner).and_then(|name| self.below(&name)),
            11 | 12 => Some(self.ancestor(owner)),
            13 | 14 => self.below(&owner.above(1)),
            15 | 16 => self.instead_of_asterisks(owner),
            17 => Some(zone.apex.above(1)),
            18 => self.below(&zone.apex),
            _ => {
                let elsewhere: &&str = self.random.pick(ELSEWHERE);
                Some(Name::plain(elsewhere))
            }
        };
        (name.unwrap_or_else(|| owner.clone()), types)
    }

    fn ancestor(&mut self, owner: &Name) -> Name {
        let count = self.random.below(owner.labels().len() + 1);
        owner.above(count)
    }

    /// A label in front: a usual one, one of another owner, random octets, or the longest.
    fn below(&mut self, name: &Name) -> Option<Name> {
        let label = match self.random.below(10) {
            0..6 => self.random.pick(LABELS).to_vec(),
            6..8 => {
                let (other, ..) = *self.random.pick(&self.owners);
                other.labels().first().cloned().unwrap_or_else(|| b"root".to_vec())
            }
            8 => (0..=self.random.below(12)).map(|_| self.random.octet()).collect(),
            _ => vec![b'z'; 63],
        };
        name.below(&label)
    }

    /// What a wildcard may match.
    fn instead_of_asterisks(&mut self, owner: &Name) -> Option<Name> {
        let mut labels = owner.labels().to_vec();
        let mut found = false;
        for label in labels.iter_mut().filter(|label| *label == b"*") {
            *label = self.random.pick(LABELS).to_vec();
            found = true;
        }
        if !found {
            return self.below(owner);
        }
        let name = Name::of(labels)?;
        if self.random.chance(30) { self.below(&name) } else { Some(name) }
    }

    /// The name in the case that a client may choose (draft-vixie-dnsext-dns0x20), rarely with another octet.
    fn spelt(&mut self, name: Name) -> Name {
        let mut labels = name.labels().to_vec();
        if self.random.chance(20) {
            for octet in labels.iter_mut().flatten() {
                if self.random.chance(50) {
                    *octet = if octet.is_ascii_lowercase() {
                        octet.to_ascii_uppercase()
                    } else {
                        octet.to_ascii_lowercase()
                    };
                }
            }
        }
        if self.random.chance(2)
            && let Some(label) = labels.first_mut()
        {
            let place = self.random.below(label.len());
            label[place] = self.random.octet();
        }
        Name::of(labels).unwrap_or(name)
    }

    /// Flags that a query may have, and such that only answers have.
    fn flags(&mut self) -> u16 {
        let mut flags = 0;
        for (percent, flag) in [(50, RD), (12, CD), (15, AD), (3, Z), (1, 0x0400), (1, 0x0200), (1, 0x0080)] {
            if self.random.chance(percent) {
                flags |= flag;
            }
        }
        flags
    }

    fn edns(&mut self) -> Edns {
        let payload = self.random.weighted(&[
            (40, 1232),
            (20, 4096),
            (20, 512),
            (5, 0),
            (5, 511),
            (5, 65535),
            (5, 1400),
        ]);
        let mut edns = Edns { payload, ..Edns::plain() };
        edns.version = self.random.weighted(&[(96, 0), (3, 1), (1, 255)]);
        edns.flags = self.random.weighted(&[(60, 0), (36, DO), (2, 0x0001), (2, DO | 0x4000)]);
        if self.random.chance(30) {
            let option = self.option();
            edns.options.push(option);
        }
        if self.random.chance(5) {
            let option = self.option();
            // Twice the same is a question of its own (tests/data/packets.txt).
            if edns.options.iter().all(|(code, _)| *code != option.0) {
                edns.options.push(option);
            }
        }
        edns
    }

    fn option(&mut self) -> (u16, Vec<u8>) {
        /// Padding (RFC 7830), one for experiments, one for key tags (RFC 8145) and what has kinds of its own.
        const OTHERS: &[(u16, &[u8])] = &[
            (12, &[0; 20]),
            (65001, &[1, 2, 3]),
            (65001, &[]),
            (14, &[0, 1]),
            (EXPIRE, &[]),
            (KEEPALIVE, &[]),
            (KEEPALIVE, &[]),
            (KEEPALIVE, &[0, 100]),
            (ZONE_VERSION, &[]),
            (ZONE_VERSION, &[]),
            (ZONE_VERSION, &[0]),
        ];
        let content: &[u8] = match self.random.below(10) {
            0..3 => return (NSID, Vec::new()),
            3 => &[0, 1, 24, 0, 198, 51, 100],
            4 => &[0, 2, 56, 0, 0x2a, 0, 0x14, 0x50, 0x40, 1, 8],
            5 => &[0, 1, 0, 0],
            // Too many octets, a bit beyond the prefix, a scope, an unknown family.
            6 => self.random.pick::<&[u8]>(&[
                &[0, 1, 16, 0, 198, 51, 100][..],
                &[0, 1, 20, 0, 198, 51, 255],
                &[0, 1, 24, 24, 198, 51, 100],
                &[0, 3, 8, 0, 1],
            ]),
            7 => {
                let length = self.random.weighted(&[(7, 8), (1, 7), (1, 16), (1, 41)]);
                return (COOKIE, vec![0xc0; length]);
            }
            _ => {
                let (code, content) = *self.random.pick(OTHERS);
                return (code, content.to_vec());
            }
        };
        (SUBNET, content.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_queries() {
        let owners = [("test", vec![6, 2]), ("*.w.test", vec![16]), ("www.test", vec![1])];
        let owners = owners.into_iter().map(|(name, types)| (Name::plain(name), types)).collect();
        let zones = [Contents { apex: Name::plain("test"), serial: 1, owners }];
        let made = |seed| Generator::new(seed, &zones).queries(Vec::new(), 500);
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        let queries = made(1);
        assert_eq!(queries.len(), 500);
        assert!(queries.iter().any(|query| query.transport == Transport::Tcp));
        assert!(queries.iter().any(|query| query.option(SUBNET).is_some()));
        assert!(queries.iter().any(|query| query.name == Name::plain("www.w.test")));
    }
}
