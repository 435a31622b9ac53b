//! Rules and databases to ranges of classes: every address of both families gets one value.
//!
//! All that cuts the space (networks of the map, special-purpose blocks, the databases' records) is swept at once, and
//! each distinct combination of records is decided once. Ranges of equal value become one, so that the next start is
//! where the class really changes: scopes are made of that (semantics §7).

use std::collections::HashMap;
use thiserror::Error;

use super::database::Database;
use super::decide::Decider;
use super::ipv4_table::RANGES_MAXIMUM;
use super::layers::Layers;
use super::merged::Merged;
use super::prefix::Prefix;
use super::ranges::NOTHING;
use super::rules::{MapRules, Site, SiteId};
use super::space::Space;
use super::special::{Block, MAPPED, SIX_TO_FOUR};

/// Set in a value: the address lies in a special-purpose block, and the class is the one underneath.
pub(super) const SPECIAL: u16 = 1 << 15;
/// The value of the tunnels: the IPv4 address inside is looked up instead.
pub(super) const TUNNEL: u16 = SPECIAL - 1;
/// Most classes of a map; the values above are taken.
const CLASSES_MAXIMUM: usize = TUNNEL as usize;

/// What is wrong with a map that only shows here.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum CompileError {
    /// More site lists than a table's values can tell apart.
    #[error(
        "map \"{0}\" has more than {CLASSES_MAXIMUM} different lists of sites: lower `nearest`, or give fewer sites a \
         location"
    )]
    TooManyClasses(String),
    /// More ranges than a table's positions can tell apart.
    #[error(
        "map \"{0}\" cuts the address space into {1} ranges, more than the {RANGES_MAXIMUM} that are accepted: give it \
         fewer databases or fewer networks"
    )]
    TooManyRanges(String, usize),
    /// A network that would never be asked for.
    #[error(
        "map \"{0}\": network {1} can match nobody, because clients in {2} are looked up by the IPv4 address inside: \
         write the IPv4 network instead"
    )]
    NetworkInTunnel(String, Prefix, Prefix),
}

/// A map as ranges.
pub(super) struct Compiled {
    pub(super) ipv4: Family<u32>,
    pub(super) ipv6: Family<u128>,
    pub(super) classes: Vec<Box<[SiteId]>>,
}

/// One family of it.
#[derive(Default)]
pub(super) struct Family<A> {
    /// Starts and values: a class, perhaps with [`SPECIAL`], or [`TUNNEL`]. Neighbours differ.
    pub(super) ranges: Vec<(A, u16)>,
    /// First and last addresses of what is left of the special-purpose blocks, in ascending order.
    pub(super) special: Vec<(A, A)>,
}

/// Compiles a map.
pub(super) fn compile(
    name: &str,
    rules: &MapRules,
    sites: &[Site],
    databases: &[&Database],
) -> Result<Compiled, CompileError> {
    refuse_networks_in_tunnels(name, rules)?;
    let mut classes = Classes { name, lists: Vec::new(), ids: HashMap::new() };
    let mut decided = DecidedRecords::new(Decider::new(rules, sites, databases), databases);
    let ipv4 = family(&Layers::ipv4(rules, databases), rules, &mut classes, &mut decided)?;
    let mut ipv6 = family(&Layers::ipv6(rules, databases), rules, &mut classes, &mut decided)?;
    // A family of one class throughout: then the tunnels have it too, and scopes may reach across their borders.
    let in_tunnels = if let [(_, only)] = ipv4.ranges[..] { only } else { TUNNEL };
    ipv6.ranges = [MAPPED, SIX_TO_FOUR]
        .into_iter()
        .fold(ipv6.ranges, |ranges, block| overlay(ranges, block, in_tunnels));
    refuse_too_many_ranges(name, ipv4.ranges.len().max(ipv6.ranges.len()))?;
    Ok(Compiled { ipv4, ipv6, classes: classes.lists })
}

/// How many classes occur outside of special-purpose blocks, over both families.
pub(super) fn ordinary_classes(compiled: &Compiled) -> usize {
    let mut occurs = vec![false; compiled.classes.len()];
    let ipv4 = compiled.ipv4.ranges.iter().map(|&(_, value)| value);
    let ipv6 = compiled.ipv6.ranges.iter().map(|&(_, value)| value);
    for value in ipv4.chain(ipv6).filter(|&value| value < TUNNEL) {
        occurs[usize::from(value)] = true;
    }
    occurs.into_iter().filter(|&occurs| occurs).count()
}

fn refuse_networks_in_tunnels(name: &str, rules: &MapRules) -> Result<(), CompileError> {
    for &(network, _) in &rules.network {
        if let Some(tunnel) = network.tunnel() {
            return Err(CompileError::NetworkInTunnel(name.to_owned(), network, tunnel));
        }
    }
    Ok(())
}

/// IPv6 has no narrower positions than IPv4: one bound for both.
fn refuse_too_many_ranges(name: &str, count: usize) -> Result<(), CompileError> {
    if count > RANGES_MAXIMUM {
        return Err(CompileError::TooManyRanges(name.to_owned(), count));
    }
    Ok(())
}

/// The ranges of one family.
fn family<A: Space>(
    layers: &Layers<'_, A>,
    rules: &MapRules,
    classes: &mut Classes<'_>,
    decided: &mut DecidedRecords<'_>,
) -> Result<Family<A>, CompileError> {
    let mut family = FamilyBuilder { ranges: Vec::new(), special: Vec::new(), open: None };
    layers.visit(|piece| {
        let class = match piece.network {
            Some((_, entry)) => classes.intern(&rules.network[entry].1)?,
            None => decided.class(piece.places, classes)?,
        };
        let block = piece.block.filter(|_| layers.is_special(&piece));
        family.add(piece.start, class, block);
        Ok(())
    })?;
    Ok(family.finish())
}

/// The ranges of one family in the making.
struct FamilyBuilder<A> {
    ranges: Vec<(A, u16)>,
    special: Vec<(A, A)>,
    /// The special-purpose block that goes on, and where what is left of it began.
    open: Option<(usize, A)>,
}

impl<A: Space> FamilyBuilder<A> {
    fn add(&mut self, start: A, class: u16, block: Option<usize>) {
        let value = if block.is_some() { class | SPECIAL } else { class };
        if self.ranges.last().is_none_or(|&(_, last)| last != value) {
            self.ranges.push((start, value));
        }
        if self.open.map(|(open, _)| open) != block {
            self.close(start.previous().unwrap_or(A::FIRST));
            self.open = block.map(|block| (block, start));
        }
    }

    fn close(&mut self, last: A) {
        if let Some((_, first)) = self.open.take() {
            self.special.push((first, last));
        }
    }

    fn finish(mut self) -> Family<A> {
        self.close(A::LAST);
        Family { ranges: self.ranges, special: self.special }
    }
}

/// The ranges with a block of them given one value.
fn overlay<A: Space>(ranges: Vec<(A, u16)>, (first, length): Block<A>, value: u16) -> Vec<(A, u16)> {
    let end = first.last_of(length).next();
    let before = ranges.partition_point(|&(start, _)| start < first);
    let upto = end.map_or(ranges.len(), |end| ranges.partition_point(|&(start, _)| start <= end));
    let goes_on = end.map(|end| (end, ranges[upto - 1].1));
    let mut overlaid: Vec<(A, u16)> = Vec::with_capacity(ranges.len() + 2);
    let changed = [(first, value)].into_iter().chain(goes_on);
    for (start, value) in
        ranges[..before].iter().copied().chain(changed).chain(ranges[upto..].iter().copied())
    {
        if overlaid.last().is_none_or(|&(_, last)| last != value) {
            overlaid.push((start, value));
        }
    }
    overlaid
}

/// The distinct lists of sites, numbered as they occur.
struct Classes<'a> {
    name: &'a str,
    lists: Vec<Box<[SiteId]>>,
    ids: HashMap<Box<[SiteId]>, u16>,
}

impl Classes<'_> {
    fn intern(&mut self, sites: &[SiteId]) -> Result<u16, CompileError> {
        if let Some(&class) = self.ids.get(sites) {
            return Ok(class);
        }
        if self.lists.len() == CLASSES_MAXIMUM {
            return Err(CompileError::TooManyClasses(self.name.to_owned()));
        }
        let class = self.lists.len() as u16;
        self.lists.push(sites.into());
        self.ids.insert(sites.into(), class);
        Ok(class)
    }
}

/// Decisions by what the databases say, each made once.
struct DecidedRecords<'a> {
    decider: Decider<'a>,
    databases: &'a [&'a Database],
    /// For each database, the classes of its places where no other one says anything; most space is like that.
    alone: Vec<Vec<Option<u16>>>,
    /// The class where none says anything.
    nowhere: Option<u16>,
    /// The places that several databases say → class.
    together: HashMap<Box<[u32]>, u16>,
}

impl<'a> DecidedRecords<'a> {
    fn new(decider: Decider<'a>, databases: &'a [&'a Database]) -> DecidedRecords<'a> {
        let alone = databases.iter().map(|database| vec![None; database.places().len()]).collect();
        DecidedRecords { decider, databases, alone, nowhere: None, together: HashMap::new() }
    }

    /// The class for the places that the databases say, given by their numbers.
    fn class(&mut self, places: &[u32], classes: &mut Classes<'_>) -> Result<u16, CompileError> {
        let mut saying = places.iter().enumerate().filter(|&(_, &place)| place != NOTHING);
        let saying = (saying.next(), saying.next());
        let known = match saying {
            (None, _) => self.nowhere,
            (Some((database, &place)), None) => self.alone[database][place as usize],
            _ => self.together.get(places).copied(),
        };
        if let Some(class) = known {
            return Ok(class);
        }
        let class = classes.intern(&self.decider.decide(&self.merged(places)).sites)?;
        match saying {
            (None, _) => self.nowhere = Some(class),
            (Some((database, &place)), None) => self.alone[database][place as usize] = Some(class),
            _ => {
                self.together.insert(places.into(), class);
            }
        }
        Ok(class)
    }

    fn merged(&self, places: &[u32]) -> Merged {
        let databases = self.databases.iter().zip(places);
        Merged::of_all(databases.map(|(database, &place)| &database.places()[place as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str, length: u8, sites: &[u16]) -> (Prefix, Vec<SiteId>) {
        let prefix = Prefix { address: address.parse().unwrap(), length };
        (prefix, sites.iter().copied().map(SiteId).collect())
    }

    fn check_refused(network: (Prefix, Vec<SiteId>), expected: &str) {
        let rules = MapRules { network: vec![network], ..MapRules::default() };
        let error = compile("world", &rules, &[], &[]).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(expected)), "{error:?}");
    }

    #[test]
    fn networks_inside_tunnels_are_refused() {
        check_refused(network("2002:c000:200::", 40, &[0]), "network 2002:c000:200::/40 can match nobody");
        check_refused(network("::ffff:192.0.2.0", 120, &[0]), "clients in ::ffff:0.0.0.0/96");
        let around = MapRules { network: vec![network("2002::", 15, &[0])], ..MapRules::default() };
        assert!(compile("world", &around, &[], &[]).is_ok());
    }

    #[test]
    fn a_map_of_too_many_classes_is_refused_with_the_way_out() {
        let each =
            |id: u32| network(&std::net::Ipv4Addr::from_bits(1 << 24 | id).to_string(), 32, &[id as u16]);
        let mut rules =
            MapRules { network: (0..CLASSES_MAXIMUM as u32).map(each).collect(), ..MapRules::default() };
        rules.default = vec![SiteId(0)];
        assert_eq!(
            compile("world", &rules, &[], &[]).ok().map(|map| map.classes.len()),
            Some(CLASSES_MAXIMUM)
        );
        rules.default = vec![];
        let error = compile("world", &rules, &[], &[]).err();
        assert_eq!(error, Some(CompileError::TooManyClasses("world".to_owned())));
    }

    #[test]
    fn ranges_beyond_the_positions_of_a_table_are_refused_with_the_way_out() {
        assert_eq!(refuse_too_many_ranges("world", RANGES_MAXIMUM), Ok(()));
        let error = refuse_too_many_ranges("world", RANGES_MAXIMUM + 1).unwrap_err();
        assert!(error.to_string().contains("134217728 ranges"), "{error}");
    }

    #[test]
    fn of_doubled_networks_the_first_counts() {
        let twice = vec![network("192.88.99.0", 24, &[1]), network("192.88.99.0", 24, &[2])];
        let compiled =
            compile("world", &MapRules { network: twice, ..MapRules::default() }, &[], &[]).unwrap();
        assert!(
            compiled.classes.contains(&[SiteId(1)].into()) && !compiled.classes.contains(&[SiteId(2)].into())
        );
    }
}
