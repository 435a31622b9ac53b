//! How a map places the whole space: which source says how much of it, which level decides, and which sites each
//! country gets. Exact: every range of every table is counted, not a sample.
//!
//! Counted is what is globally routable unicast: of IPv4 everything outside of the special-purpose blocks, of IPv6
//! 2000::/3 without those blocks and without 6to4, whose clients are placed by their IPv4 address.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use super::codes;
use super::database::Database;
use super::decide::{Decider, Origin};
use super::layers::{Layers, Piece};
use super::level::Level;
use super::merged::Merged;
use super::place::Place;
use super::ranges::NOTHING;
use super::rules::{MapRules, Site, SiteId};
use super::space::Space;
use super::special::{Block, SIX_TO_FOUR};

/// The space of globally routable unicast in IPv6 (IANA: "Global Unicast").
const GLOBAL_UNICAST: Block<u128> = (0x2000 << 112, 3);

/// What a map does with the whole space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Of IPv4.
    pub ipv4: FamilySurvey,
    /// Of IPv6.
    pub ipv6: FamilySurvey,
    /// Every country of ISO 3166-1 in the order of the codes.
    pub countries: Vec<CountrySurvey>,
    /// What the space gets of which no database knows the country; the largest share first.
    pub no_country: Vec<SitesShare>,
}

/// What a map does with one family; all counts are addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FamilySurvey {
    /// Globally routable ones.
    pub routable: u128,
    /// What each database knows, in the order of merging.
    pub databases: Vec<Known>,
    /// How many each level decides, in the order of [`Level::ALL`].
    pub levels: [u128; Level::ALL.len()],
    /// Of those that `nearest` decides: from the central point of a country, for want of coordinates.
    pub by_central_point: u128,
    /// Of which neither a database nor a network of the map says anything.
    pub unknown: u128,
}

/// How many addresses a database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// It has a usable record.
    pub addresses: u128,
    /// And no database before it has one.
    pub first: u128,
}

/// What a country gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountrySurvey {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// English name.
    pub name: &'static str,
    /// The sites of a client of whom nothing but this country is known.
    pub by_code: Vec<SiteId>,
    /// What its space gets, the largest share first; empty where the databases know no space of it.
    pub lists: Vec<SitesShare>,
}

/// How many addresses get a list of sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitesShare {
    /// The sites in order.
    pub sites: Vec<SiteId>,
    /// Addresses of IPv4.
    pub ipv4: u128,
    /// Addresses of IPv6.
    pub ipv6: u128,
}

impl Survey {
    /// Surveys what a map made from these is. Takes about as long as compiling the map.
    pub fn of(rules: &MapRules, sites: &[Site], databases: &[&Database]) -> Survey {
        let decider = Decider::new(rules, sites, databases);
        let mut outcomes =
            Outcomes { rules, databases, decider: &decider, list: Vec::new(), by_places: HashMap::new() };
        let mut lists = Lists::new();
        let ipv4 = family(&Layers::ipv4(rules, databases), &mut outcomes, &mut lists, 0, |first, last| {
            u128::from(last - first) + 1
        });
        let ipv6 = family(&Layers::ipv6(rules, databases), &mut outcomes, &mut lists, 1, routable_ipv6);
        let countries = codes::countries().iter().map(|&(code, name)| {
            let country = codes::two_letters(code).expect("codes of countries have two letters");
            let by_code = decider.decide(&Merged::of(0, &Place::of_country_code(country))).sites.into_owned();
            CountrySurvey { code, name, by_code, lists: shares(lists.remove(&Some(country))) }
        });
        let countries = countries.collect();
        Survey { ipv4, ipv6, countries, no_country: shares(lists.remove(&None)) }
    }
}

/// Country → list of sites → addresses of IPv4 and IPv6.
type Lists = HashMap<Option<[u8; 2]>, BTreeMap<Vec<SiteId>, [u128; 2]>>;

/// The lists, the largest share first.
fn shares(lists: Option<BTreeMap<Vec<SiteId>, [u128; 2]>>) -> Vec<SitesShare> {
    let lists = lists.unwrap_or_default().into_iter();
    let mut shares: Vec<SitesShare> =
        lists.map(|(sites, [ipv4, ipv6])| SitesShare { sites, ipv4, ipv6 }).collect();
    shares.sort_by_key(|share| std::cmp::Reverse((share.ipv4, share.ipv6)));
    shares
}

/// Addresses of a range that are globally routable.
fn routable_ipv6(first: u128, last: u128) -> u128 {
    overlap(first, last, GLOBAL_UNICAST) - overlap(first, last, SIX_TO_FOUR)
}

fn overlap(first: u128, last: u128, (block, length): Block<u128>) -> u128 {
    let (first, last) = (first.max(block), last.min(block.last_of(length)));
    if first <= last { last - first + 1 } else { 0 }
}

/// Surveys one family, whose number within `lists` is `index`; `routable` counts the addresses of a range outside of
/// special-purpose blocks that are globally routable.
fn family<A: Space>(
    layers: &Layers<'_, A>,
    outcomes: &mut Outcomes<'_>,
    lists: &mut Lists,
    index: usize,
    routable: impl Fn(A, A) -> u128,
) -> FamilySurvey {
    let databases = vec![Known::default(); outcomes.databases.len()];
    let mut survey = FamilySurvey { databases, ..FamilySurvey::default() };
    let mut counts: HashMap<(Option<usize>, usize), u128> = HashMap::new();
    // A piece ends where the next one starts: it is counted then.
    let mut open: Option<(A, Option<usize>, usize)> = None;
    let mut close = |open: &Option<(A, Option<usize>, usize)>, last: A| {
        if let Some((first, network, outcome)) = *open {
            *counts.entry((network, outcome)).or_default() += routable(first, last);
        }
    };
    let visited: Result<(), Infallible> = layers.visit(|piece: Piece<'_, A>| {
        if let Some(last) = piece.start.previous() {
            close(&open, last);
        }
        let network = piece.network.map(|(_, entry)| entry);
        open = piece.block.is_none().then(|| (piece.start, network, outcomes.number(piece.places)));
        Ok(())
    });
    let Ok(()) = visited;
    close(&open, A::LAST);
    for ((network, outcome), addresses) in counts {
        let outcome = &outcomes.list[outcome];
        survey.add(outcome, network.is_some(), addresses);
        let sites = network.map_or(&outcome.sites, |network| &outcomes.rules.network[network].1);
        let list = lists.entry(outcome.country).or_default().entry(sites.clone()).or_default();
        list[index] += addresses;
    }
    survey
}

impl FamilySurvey {
    fn add(&mut self, outcome: &Outcome, by_network: bool, addresses: u128) {
        self.routable += addresses;
        for (rank, &database) in outcome.known_by.iter().enumerate() {
            self.databases[database].addresses += addresses;
            self.databases[database].first += if rank == 0 { addresses } else { 0 };
        }
        let level = if by_network { Level::Network } else { outcome.level };
        self.levels[level as usize] += addresses;
        if outcome.by_central_point && !by_network {
            self.by_central_point += addresses;
        }
        if outcome.known_by.is_empty() && !by_network {
            self.unknown += addresses;
        }
    }
}

/// What a combination of records leads to.
struct Outcome {
    level: Level,
    by_central_point: bool,
    sites: Vec<SiteId>,
    country: Option<[u8; 2]>,
    /// The databases that have a record.
    known_by: Vec<usize>,
}

/// Outcomes by the places that the databases say, each made once.
struct Outcomes<'a> {
    rules: &'a MapRules,
    databases: &'a [&'a Database],
    decider: &'a Decider<'a>,
    list: Vec<Outcome>,
    by_places: HashMap<Box<[u32]>, usize>,
}

impl Outcomes<'_> {
    fn number(&mut self, places: &[u32]) -> usize {
        if let Some(&known) = self.by_places.get(places) {
            return known;
        }
        self.list.push(self.outcome(places));
        self.by_places.insert(places.into(), self.list.len() - 1);
        self.list.len() - 1
    }

    fn outcome(&self, places: &[u32]) -> Outcome {
        let said =
            self.databases.iter().zip(places).map(|(database, &place)| &database.places()[place as usize]);
        let merged = Merged::of_all(said);
        let known_by = (0..places.len()).filter(|&by| places[by] != NOTHING).collect();
        let decision = self.decider.decide(&merged);
        Outcome {
            level: decision.level,
            by_central_point: matches!(decision.origin, Some(Origin::CentralPoint(..))),
            sites: decision.sites.into_owned(),
            country: merged.country.map(|country| country.value),
            known_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::database_builder::DatabaseBuilder;
    use super::super::{Location, Prefix};
    use super::*;

    const FRA: SiteId = SiteId(0);
    const IAD: SiteId = SiteId(1);

    fn sites() -> Vec<Site> {
        let site = |name: &str, latitude, longitude| Site {
            name: name.to_owned(),
            location: Some(Location { latitude, longitude }),
        };
        vec![site("fra", 50.11, 8.68), site("iad", 38.95, -77.45)]
    }

    fn network(text: &str, length: u8, site: SiteId) -> (Prefix, Vec<SiteId>) {
        (Prefix { address: text.parse().unwrap(), length }, vec![site])
    }

    /// 1.0.0.0/8 and 2400::/12 are German, 8.0.0.0/8 is of an unknown network 64500; the second database says that
    /// all IPv4 up to 15.255.255.255 is in the US.
    fn databases() -> [Database; 2] {
        let mut first = DatabaseBuilder::default();
        first.add_ipv4_country(0x0100_0000, 0x01FF_FFFF, *b"DE");
        let asn = first.place_id(Place { asn: Some(64500), ..Place::default() });
        first.add_ipv4(0x0800_0000, 0x08FF_FFFF, asn);
        first.add_ipv6_country(0x2400 << 112, (0x2410 << 112) - 1, *b"DE");
        let mut second = DatabaseBuilder::default();
        second.add_ipv4_country(0, 0x0FFF_FFFF, *b"US");
        [first.finish("first", "test", 0, 1), second.finish("second", "test", 0, 2)]
    }

    fn survey(rules: &MapRules) -> Survey {
        let [first, second] = databases();
        Survey::of(rules, &sites(), &[&first, &second])
    }

    fn country<'s>(survey: &'s Survey, code: &str) -> &'s CountrySurvey {
        survey.countries.iter().find(|country| country.code == code).unwrap()
    }

    const EIGHTH: u128 = 1 << 24;

    #[test]
    fn routable_space_is_counted_to_the_address() {
        let survey = survey(&MapRules::default());
        let special: u128 =
            [24, 24, 22, 24, 16, 20, 8, 8, 16, 17, 8, 8, 28, 28].iter().map(|bits| 1 << bits).sum();
        assert_eq!(survey.ipv4.routable, (1 << 32) - special);
        assert_eq!(survey.ipv6.routable, (1 << 125) - (1 << 112) - (1 << 96));
        assert_eq!(survey.ipv4.levels.iter().sum::<u128>(), survey.ipv4.routable);
        assert_eq!(survey.ipv6.levels[Level::Default as usize], survey.ipv6.routable);
    }

    #[test]
    fn sources_and_levels_add_up() {
        let rules = MapRules {
            network: vec![network("1.128.0.0", 9, IAD), network("200.0.0.0", 8, IAD)],
            asn: vec![(64500, vec![FRA])],
            nearest: Some(1),
            default: vec![IAD],
            ..MapRules::default()
        };
        let survey = survey(&rules);
        // Of 0.0.0.0 to 15.255.255.255, 0/8 and 10/8 are special.
        let [first, second] = survey.ipv4.databases[..] else { panic!("two databases") };
        assert_eq!((first.addresses, first.first), (2 * EIGHTH, 2 * EIGHTH));
        assert_eq!((second.addresses, second.first), (14 * EIGHTH, 12 * EIGHTH));
        let level = |level: Level| survey.ipv4.levels[level as usize];
        assert_eq!(level(Level::Network), EIGHTH / 2 + EIGHTH);
        assert_eq!(level(Level::Asn), EIGHTH);
        assert_eq!(level(Level::Nearest), EIGHTH / 2 + 12 * EIGHTH);
        assert_eq!(survey.ipv4.by_central_point, level(Level::Nearest));
        assert_eq!(survey.ipv4.unknown, survey.ipv4.routable - 15 * EIGHTH);
        assert_eq!(survey.ipv6.databases[0].addresses, 1 << 116);
        assert_eq!(survey.ipv6.unknown, survey.ipv6.routable - (1 << 116));
    }

    #[test]
    fn countries_show_what_their_space_gets() {
        let rules = MapRules {
            network: vec![network("1.192.0.0", 10, IAD)],
            country: vec![(*b"DE", vec![FRA]), (*b"JP", vec![FRA, IAD])],
            default: vec![IAD],
            ..MapRules::default()
        };
        let survey = survey(&rules);
        assert_eq!(survey.countries.len(), codes::countries().len());
        let german = country(&survey, "DE");
        let share = |site, ipv4, ipv6| SitesShare { sites: vec![site], ipv4, ipv6 };
        assert_eq!(german.lists, [share(FRA, EIGHTH / 4 * 3, 1 << 116), share(IAD, EIGHTH / 4, 0)]);
        // 8.0.0.0/8 is American for the second database, and the first does not know its country.
        assert_eq!(country(&survey, "US").lists, [share(IAD, 13 * EIGHTH, 0)]);
        let japanese = country(&survey, "JP");
        assert_eq!((&japanese.by_code, japanese.lists.len()), (&vec![FRA, IAD], 0));
        let [nowhere] = &survey.no_country[..] else { panic!("one list") };
        assert_eq!(nowhere.ipv4, survey.ipv4.routable - 14 * EIGHTH);
        assert_eq!(nowhere.ipv6, survey.ipv6.routable - (1 << 116));
    }
}
