//! Walks over a whole address space, of one map or of several, with databases and lists of networks, in step.
//!
//! A walk says of every address what [`Map::place`] says, but for the scope, which is not the same all over a step.
//! Where an IPv6 address has an IPv4 address inside (::ffff:0:0/96 and 2002::/16) the client is looked up by that, so
//! the walk over IPv4 has seen it: the walk over IPv6 leaves these two blocks out, whatever a table has there, and
//! nobody is counted twice. Otherwise steps follow each other without a gap, from the first address to the last.

use super::compile::SPECIAL;
use super::database::Database;
use super::map::{ClassId, Map};
use super::merged::Merged;
use super::prefix::Prefix;
use super::ranges::{NOTHING, Ranges};
use super::special::{MAPPED, SIX_TO_FOUR};
use crate::wire::Family;

/// Addresses that a map places alike, as many as there are side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<A> {
    /// The first address.
    pub first: A,
    /// The last address.
    pub last: A,
    /// What they are given.
    pub class: ClassId,
    /// They lie in special-purpose blocks, as in [`Placement`](super::Placement).
    pub special: bool,
}

impl Map {
    /// The stretches of IPv4, in order.
    pub fn stretches_ipv4(&self) -> impl Iterator<Item = Stretch<u32>> {
        let narrow = |Stretch { first, last, class, special }| {
            let [first, last] = [first, last].map(|bits: u128| bits as u32);
            Stretch { first, last, class, special }
        };
        self.stretches(Family::V4).map(narrow)
    }

    /// The stretches of IPv6, in order, without the two blocks that are walked as IPv4.
    pub fn stretches_ipv6(&self) -> impl Iterator<Item = Stretch<u128>> {
        self.stretches(Family::V6)
    }

    fn stretches(&self, family: Family) -> impl Iterator<Item = Stretch<u128>> {
        let mut walk = Walk::new(family).with_map(self);
        std::iter::from_fn(move || {
            walk.step().map(|step| {
                let Placed { class, special } = step.placed[0];
                Stretch { first: step.first, last: step.last, class, special }
            })
        })
    }
}

/// Where a map puts the addresses of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placed {
    /// The class.
    pub class: ClassId,
    /// They lie in special-purpose blocks, as in [`Placement`](super::Placement).
    pub special: bool,
}

/// What databases say of the addresses of a step; what they do not say is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// ISO 3166-1 alpha-2.
    pub country: Option<[u8; 2]>,
    /// One of the seven continents.
    pub continent: Option<[u8; 2]>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Whether any of the databases says anything.
    pub known: bool,
}

/// Addresses side by side of which all that is walked says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The first address; one of IPv4 stands in the lower 32 bits.
    pub first: u128,
    /// The last address.
    pub last: u128,
    /// Where each map puts them, in the order in which the maps were given.
    pub placed: Vec<Placed>,
    /// What the databases say, earlier ones first.
    pub origin: Origin,
    /// For each list of networks the number of the longest one that holds them, in the order in which the lists were
    /// given.
    pub networks: Vec<Option<u32>>,
}

impl Step {
    /// How many addresses these are. Of IPv6 never all, because of the blocks that are left out.
    pub fn count(&self) -> u128 {
        self.last - self.first + 1
    }
}

/// A walk over one family: what is to be walked is given first, then [`Walk::step`] is called until it gives `None`.
pub struct Walk<'w> {
    family: Family,
    layers: Vec<Layer<'w>>,
    /// The databases, and the place that each of them has at the step.
    databases: Vec<(&'w Database, u32)>,
    /// Inside of a block that is left out.
    left_out: bool,
    /// Where the next step begins; `None` at the end.
    next: Option<u128>,
    step: Step,
}

/// One cut of the space: what lies ahead, and what it is about.
struct Layer<'w> {
    ranges: Box<dyn Iterator<Item = (u128, u32)> + 'w>,
    ahead: Option<(u128, u32)>,
    subject: Subject,
}

/// What a layer is about; the number is the one among its kind.
#[derive(Clone, Copy)]
enum Subject {
    Tunnels,
    Map(usize),
    Database(usize),
    Networks(usize),
}

impl<'w> Walk<'w> {
    /// A walk over a family with nothing to look at yet.
    pub fn new(family: Family) -> Walk<'w> {
        let step = Step {
            first: 0,
            last: last_address(family),
            placed: Vec::new(),
            origin: Origin::default(),
            networks: Vec::new(),
        };
        let walk =
            Walk { family, layers: Vec::new(), databases: Vec::new(), left_out: false, next: Some(0), step };
        match family {
            Family::V4 => walk,
            Family::V6 => {
                let tunnels = [MAPPED, SIX_TO_FOUR].map(|(first, length)| (first, length, 1)).to_vec();
                walk.with_layer(Subject::Tunnels, Ranges::from_prefixes(tunnels).into_pairs())
            }
        }
    }

    /// The walk with one more map: the next of [`Step::placed`].
    #[must_use]
    pub fn with_map(mut self, map: &'w Map) -> Walk<'w> {
        let number = self.step.placed.len();
        self.step.placed.push(Placed { class: ClassId(0), special: false });
        let ranges = map.ranges(self.family).map(|(start, value)| (start, value.into()));
        self.with_layer(Subject::Map(number), ranges)
    }

    /// The walk with one more database, which fills what those before it lack in [`Step::origin`].
    #[must_use]
    pub fn with_database(mut self, database: &'w Database) -> Walk<'w> {
        let subject = Subject::Database(self.databases.len());
        self.databases.push((database, NOTHING));
        match self.family {
            Family::V4 => {
                self.with_layer(subject, database.ipv4().pairs().map(|(start, place)| (start.into(), place)))
            }
            Family::V6 => self.with_layer(subject, database.ipv6().pairs()),
        }
    }

    /// The walk with one more list of networks, each with a number: the next of [`Step::networks`]. Those of the other
    /// family are passed over, and of doubled ones only one counts.
    #[must_use]
    pub fn with_networks(mut self, networks: impl IntoIterator<Item = (Prefix, u32)>) -> Walk<'w> {
        let subject = Subject::Networks(self.step.networks.len());
        self.step.networks.push(None);
        let (family, last) = (self.family, last_address(self.family));
        let own = networks.into_iter().filter(|(prefix, _)| Family::of(prefix.address) == family);
        // As prefixes of 128 bits, and with numbers one higher: 0 stands for none.
        let widened = own.map(|(prefix, number)| {
            (prefix.bits(), prefix.length + (u128::BITS as u8 - family.bits()), number + 1)
        });
        let ranges = Ranges::from_prefixes(widened.collect()).into_pairs();
        self.with_layer(subject, ranges.take_while(move |&(start, _)| start <= last))
    }

    fn with_layer(
        mut self,
        subject: Subject,
        mut ranges: impl Iterator<Item = (u128, u32)> + 'w,
    ) -> Walk<'w> {
        let ahead = ranges.next();
        self.layers.push(Layer { ranges: Box::new(ranges), ahead, subject });
        self
    }

    /// The next step; `None` behind the last address.
    pub fn step(&mut self) -> Option<&Step> {
        while let Some(first) = self.next {
            self.enter(first);
            let upcoming = self.layers.iter().filter_map(|layer| layer.ahead);
            self.next = upcoming.map(|(start, _)| start).min();
            self.step.first = first;
            self.step.last = self.next.map_or(last_address(self.family), |next| next - 1);
            if !self.left_out {
                return Some(&self.step);
            }
        }
        None
    }

    /// Takes over what each layer has from this address on.
    fn enter(&mut self, first: u128) {
        let mut databases_moved = false;
        for layer in &mut self.layers {
            let Some((_, value)) = layer.ahead.filter(|&(start, _)| start == first) else { continue };
            layer.ahead = layer.ranges.next();
            match layer.subject {
                Subject::Tunnels => self.left_out = value != NOTHING,
                Subject::Map(number) => self.step.placed[number] = placed(value as u16),
                Subject::Database(number) => {
                    self.databases[number].1 = value;
                    databases_moved = true;
                }
                Subject::Networks(number) => self.step.networks[number] = value.checked_sub(1),
            }
        }
        if databases_moved {
            self.step.origin = origin(&self.databases);
        }
    }
}

/// The highest address of a family.
fn last_address(family: Family) -> u128 {
    match family {
        Family::V4 => u32::MAX.into(),
        Family::V6 => u128::MAX,
    }
}

/// What a table's value says; in the blocks that are left out it says nothing.
fn placed(value: u16) -> Placed {
    Placed { class: ClassId(value & !SPECIAL), special: value & SPECIAL != 0 }
}

/// What databases say together.
fn origin(databases: &[(&Database, u32)]) -> Origin {
    let merged =
        Merged::of_all(databases.iter().map(|&(database, place)| &database.places()[place as usize]));
    Origin {
        country: merged.country.map(|said| said.value),
        continent: merged.continent.map(|said| said.value),
        asn: merged.asn.map(|said| said.value),
        known: databases.iter().any(|&(_, place)| place != NOTHING),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::super::map::Placement;
    use super::super::place::Place;
    use super::super::space::Space;
    use super::super::table_laws::{Case, cases};
    use super::*;

    fn address(family: Family, bits: u128) -> IpAddr {
        match family {
            Family::V4 => Ipv4Addr::from_bits(bits as u32).into(),
            Family::V6 => Ipv6Addr::from_bits(bits).into(),
        }
    }

    /// Stretches follow each other, neighbours differ, and both ends are where [`Map::place`] puts them.
    fn check_stretches(map: &Map, family: Family) -> Result<(), TestCaseError> {
        let mut before: Option<Stretch<u128>> = None;
        for stretch in map.stretches(family) {
            match before {
                Some(before) if before.last + 1 == stretch.first => {
                    let same = (before.class, before.special) == (stretch.class, stretch.special);
                    prop_assert!(!same, "{:?} could go on", before);
                }
                Some(before) => check_left_out(before.last + 1, stretch.first - 1)?,
                None => prop_assert_eq!(stretch.first, 0),
            }
            for end in [stretch.first, stretch.last] {
                let Placement { class, special, .. } = map.place(&address(family, end));
                prop_assert_eq!((class, special), (stretch.class, stretch.special), "{:#x}", end);
            }
            before = Some(stretch);
        }
        prop_assert_eq!(before.map(|last| last.last), Some(last_address(family)));
        Ok(())
    }

    /// What is left out is a tunnel.
    fn check_left_out(first: u128, last: u128) -> Result<(), TestCaseError> {
        let tunnels = [MAPPED, SIX_TO_FOUR].map(|(first, length)| (first, first.last_of(length)));
        prop_assert!(tunnels.contains(&(first, last)), "{:#x} to {:#x}", first, last);
        Ok(())
    }

    /// In every step of a walk over two maps, their databases and a list of networks, all say at both ends what they
    /// say when they are asked alone.
    fn check_walk(
        one: &Case,
        other: &Case,
        networks: &[(Prefix, u32)],
        family: Family,
    ) -> Result<(), TestCaseError> {
        let (databases, others) = (one.databases(), other.databases());
        let maps = [one.map(&databases), other.map(&others)];
        let walk = maps.iter().fold(Walk::new(family), Walk::with_map);
        let mut walk = databases.iter().fold(walk, Walk::with_database).with_networks(networks.to_vec());
        while let Some(step) = walk.step() {
            for end in [step.first, step.last].map(|bits| address(family, bits)) {
                let placed = maps.each_ref().map(|map| map.place(&end));
                let placed = placed.map(|Placement { class, special, .. }| Placed { class, special });
                prop_assert_eq!(&step.placed, &placed, "{}", end);
                let records = databases.iter().filter_map(|database| database.record(end));
                let places: Vec<Place> = records.map(|(_, place)| place).collect();
                let origin = Origin {
                    country: places.iter().find_map(|place| place.country),
                    continent: places.iter().find_map(|place| place.continent),
                    asn: places.iter().find_map(|place| place.asn),
                    known: !places.is_empty(),
                };
                prop_assert_eq!(step.origin, origin, "{}", end);
                let holding = networks.iter().filter(|(prefix, _)| prefix.contains(end));
                let longest = holding.max_by_key(|(prefix, _)| prefix.length).map(|&(_, number)| number);
                prop_assert_eq!(step.networks[0], longest, "{}", end);
            }
        }
        Ok(())
    }

    #[test]
    fn a_walk_over_nothing_is_one_step_around_the_tunnels() {
        let steps = |family| {
            let mut walk = Walk::new(family);
            std::iter::from_fn(move || walk.step().map(|step| (step.first, step.last))).collect::<Vec<_>>()
        };
        assert_eq!(steps(Family::V4), [(0, u32::MAX.into())]);
        let around =
            [(0, 0xFFFE_FFFF_FFFF), (0x1_0000_0000_0000, (0x2002 << 112) - 1), (0x2003 << 112, u128::MAX)];
        assert_eq!(steps(Family::V6), around);
    }

    proptest! {
        // Each case compiles and walks tables of 65,536 buckets; a case has some twenty edges of its own.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn stretches_say_what_a_look_up_says_and_miss_nobody(case in cases()) {
            let map = case.map(&case.databases());
            check_stretches(&map, Family::V4)?;
            check_stretches(&map, Family::V6)?;
        }

        #[test]
        fn in_a_walk_everything_says_what_it_says_alone(one in cases(), other in cases()) {
            let networks: Vec<_> = other.rules().network.iter().map(|(prefix, _)| *prefix).zip(0..).collect();
            check_walk(&one, &other, &networks, Family::V4)?;
            check_walk(&one, &other, &networks, Family::V6)?;
        }
    }
}
