//! What sites carry when some are lost, against what they can.
//!
//! Clients weigh what the demand says of their country, spread over it by its addresses, or what a sketch of queries
//! says of their network. A client's weight goes to the site of the member that stands first in its answer, by that
//! member's exact share. A claim is checked for each name by itself under the whole demand: however the names share it
//! in truth, each site carries a mean of that, so no more than the most. Starts without saved health are not looked at: the
//! seconds until all members have been heard of are no load to plan for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::crowd::{Cell, Crowd};
use super::losses::each_state;
use super::origins::origins;
use super::scene::{Outcome, Scene};
use super::scenery::Scenery;
use super::{Counterexample, Extent, HealthVector, Stop};
use crate::geo::{Prefix, SiteId};
use crate::steer::{Chance, Given, SLOTS};
use crate::wire::Family;

/// How much load comes from where, and how much a site can carry, all in one unit of the operator's choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// What each site can carry, by its index; `None`: it is not asked about.
    pub capacity: Vec<Option<u64>>,
    /// The load of each country.
    pub countries: Vec<([u8; 2], u64)>,
    /// The load of all other countries together.
    pub elsewhere: u64,
    /// The load of each network, each network once; where one lies in another, its load comes on top. Stands in place of
    /// the countries where there is any.
    pub networks: Vec<(Prefix, u64)>,
}

/// The largest load or capacity that may stand in a [`Demand`]: sums of millions of them stay within 128 bits below.
pub const LOAD_MAX: u64 = 1_000_000_000_000;
/// One unit of load in fixed point.
const UNIT: u128 = 1 << 32;
/// Shares in fixed point.
const WHOLE: u128 = 1 << 32;
/// Rounding may make so small a part of a capacity of it, and no more: a millionth.
const TOLERANCE: u128 = 1_000_000;

impl Demand {
    /// The weight of each cell of a crowd, in fixed point; cells without any are left out.
    fn weigh(&self, crowd: &Crowd) -> Vec<(Cell, u128)> {
        let cells: Vec<&Cell> = crowd.cells().filter(|cell| !cell.special).collect();
        let group = |cell: &Cell| match (self.networks.is_empty(), cell.country) {
            (false, _) => cell.network.map(Group::Network),
            (true, None) => None,
            (true, Some(country)) => {
                let listed = self.countries.iter().position(|&(code, _)| code == country);
                Some(listed.map_or(Group::Elsewhere, Group::Country))
            }
        };
        let mut sizes: HashMap<Group, [u128; 2]> = HashMap::new();
        for &cell in &cells {
            let Some(group) = group(cell) else { continue };
            let sum = sizes.entry(group).or_default();
            *sum = [sum[0] + cell.size[0], sum[1] + cell.size[1]];
        }
        let weight = |cell: &Cell| {
            let group = group(cell)?;
            let sum = sizes.get(&group)?;
            // IPv4 addresses stand for people; networks of IPv6 only where there is nothing else.
            let family = if sum[Family::V4.index()] > 0 { Family::V4 } else { Family::V6 }.index();
            let load = u128::from(self.load(group)) * UNIT;
            // In this order: 2^72 times a count of addresses, which is below 2^48.
            Some(load * cell.size[family] / sum[family].max(1)).filter(|&weight| weight > 0)
        };
        cells.into_iter().filter_map(|cell| Some((*cell, weight(cell)?))).collect()
    }

    fn load(&self, group: Group) -> u64 {
        match group {
            Group::Country(index) => self.countries[index].1,
            Group::Network(index) => self.networks[index].1,
            Group::Elsewhere => self.elsewhere,
        }
    }
}

/// Clients whose load is told as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    Country(usize),
    Network(usize),
    Elsewhere,
}

/// Proves that no site carries more than `at_most` percent of its capacity when up to `lost` sites are lost.
pub(super) fn prove(
    scenery: &Scenery<'_>,
    from: u64,
    rules: &[u32],
    (lost, at_most): (u8, u32),
    demand: &Demand,
) -> Result<Extent, Stop> {
    let networks: Vec<Prefix> = demand.networks.iter().map(|&(network, _)| network).collect();
    let mut crowds: HashMap<u32, Vec<(Cell, u128)>> = HashMap::new();
    let mut extent = Extent { rules: rules.len(), without_starts: true, ..Extent::default() };
    let mut seen = HashSet::new();
    for &number in rules {
        let rule = &scenery.configuration.rules[number as usize];
        let scene = Scene::new(scenery, number, from)?;
        if !seen.insert(scene.identity()) {
            continue;
        }
        let cells = match rule.map {
            Some(map) => crowds
                .entry(map)
                .or_insert_with(|| demand.weigh(&Crowd::of(scenery.configuration, map, &networks))),
            None => &mut vec![(Cell::anybody(), demand.whole())],
        };
        extent.cells = extent.cells.max(cells.len());
        extent.standings = extent.standings.max(scene.moments.len());
        let cells = by_candidates(&scene, cells);
        each_state(&scene, lost, |down| {
            let loads = loads(&scene, &cells, &down, &mut extent.answers)?;
            let Some((finding, cell)) = overload(&scene, &loads, &down, demand, at_most) else {
                return Ok(());
            };
            let client = rule.map.map(|_| cell.client());
            Err(Stop::refuted(Counterexample { rule: number, client, down, finding }))
        })?;
    }
    Ok(extent)
}

impl Demand {
    /// All of it together, in fixed point.
    fn whole(&self) -> u128 {
        let countries: u128 = self.countries.iter().map(|&(_, load)| u128::from(load)).sum();
        let networks: u128 = self.networks.iter().map(|&(_, load)| u128::from(load)).sum();
        let loads = if self.networks.is_empty() { countries + u128::from(self.elsewhere) } else { networks };
        loads * UNIT
    }
}

/// One cell for each list of candidates, the heaviest, with the weights of all that have it.
fn by_candidates(scene: &Scene<'_>, cells: &[(Cell, u128)]) -> Vec<(Cell, u128)> {
    let candidates = &scene.rule.candidates;
    let mut heaviest: Vec<&(Cell, u128)> = cells.iter().collect();
    heaviest.sort_by_key(|(cell, weight)| (Reverse(*weight), cell.rank(), cell.example.address));
    let mut together: BTreeMap<(&[u16], bool), (Cell, u128)> = BTreeMap::new();
    for &(cell, weight) in heaviest {
        let key = (candidates.of(cell.class), candidates.is_empty_list(cell.class));
        together.entry(key).or_insert((cell, 0)).1 += weight;
    }
    together.into_values().collect()
}

/// What a site carries.
#[derive(Debug, Clone, Copy)]
struct Carried {
    load: u128,
    /// The clients that most of it comes from, and how much that is.
    most: (u128, Cell),
}

/// What each site carries.
fn loads(
    scene: &Scene<'_>,
    cells: &[(Cell, u128)],
    down: &HealthVector,
    answers: &mut u64,
) -> Result<BTreeMap<SiteId, Carried>, Stop> {
    let mut loads: BTreeMap<SiteId, Carried> = BTreeMap::new();
    for (cell, weight) in cells {
        *answers += 1;
        scene.scenery.spend(1)?;
        let past =
            scene.rule.trickle.map_or(0, |trickle| WHOLE * u128::from(trickle.slots()) / SLOTS as u128);
        for (trickled, of_side) in
            [(false, WHOLE - past), (true, past)].into_iter().filter(|(_, part)| *part > 0)
        {
            scene.outcome(cell.class, down, trickled, |outcome| {
                for (site, share) in shares(scene, outcome) {
                    let share = share * of_side / WHOLE;
                    let part = weight * share / WHOLE;
                    let carried = loads.entry(site).or_insert(Carried { load: 0, most: (part, *cell) });
                    carried.load += part;
                    if part > carried.most.0 {
                        carried.most = (part, *cell);
                    }
                }
            });
        }
    }
    Ok(loads)
}

/// The sites that an answer sends clients to, with shares in fixed point: of each pool of members that may be picked its
/// chance; of the default RRset each address the same, at each site where it is a member's.
fn shares(scene: &Scene<'_>, outcome: &Outcome<'_>) -> Vec<(SiteId, u128)> {
    match outcome.choice.given {
        given @ (Given::Set(..) | Given::Apart(_)) => {
            let origins = origins(scene.scenery, given).into_iter();
            origins.filter_map(|origin| Some((origin.site?, in_fixed_point(&origin.chance)))).collect()
        }
        Given::DefaultRrset => {
            let each = WHOLE / (scene.default.len().max(1) as u128);
            let sites = scene.default.iter().flat_map(|&address| scene.scenery.sites_of(address));
            sites.map(|site| (site, each)).collect()
        }
        Given::NoData => Vec::new(),
    }
}

/// A chance, rounded downwards once for each of its few factors.
fn in_fixed_point(chance: &Chance) -> u128 {
    let factors = chance.factors().iter();
    factors.fold(WHOLE, |share, &(by, out_of)| share * u128::from(by) / u128::from(out_of))
}

/// The site that carries too much, in words, and the clients that most of it comes from; a lost one can carry nothing.
fn overload(
    scene: &Scene<'_>,
    loads: &BTreeMap<SiteId, Carried>,
    down: &HealthVector,
    demand: &Demand,
    at_most: u32,
) -> Option<(String, Cell)> {
    loads.iter().find_map(|(&site, &Carried { load, most: (_, cell) })| {
        let name = scene.scenery.site_name(site);
        let capacity = u128::from((*demand.capacity.get(usize::from(site.0))?)?) * UNIT;
        let tolerated = capacity / TOLERANCE;
        if down.sites.contains(&site) {
            let finding = || format!("site {name} is lost and is still given {} to carry", shown(load));
            return (load > tolerated).then(|| (finding(), cell));
        }
        if load <= capacity * u128::from(at_most) / 100 + tolerated {
            return None;
        }
        // Tenths of a percent, rounded upwards: 150.0 % would look like what is allowed.
        let tenths = (load * 1000).div_ceil(capacity.max(1));
        let percent = format!("{}.{} %", tenths / 10, tenths % 10);
        let finding =
            format!("site {name} carries {percent} of its capacity ({} of {})", shown(load), shown(capacity));
        Some((finding, cell))
    })
}

/// A load with up to two digits after the point.
fn shown(load: u128) -> String {
    let hundredths = (load * 100 + UNIT / 2) / UNIT;
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => whole.to_string(),
        (whole, part) => format!("{whole}.{part:02}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_shown_short() {
        for (load, expected) in [(UNIT * 40, "40"), (UNIT * 5 / 2, "2.5"), (UNIT / 3, "0.33"), (0, "0")] {
            assert_eq!(shown(load), expected);
        }
    }
}
