//! Assertions proven over all clients and all states of health up to a number of failures, or refuted by one of each.
//!
//! What a rule answers depends on the client only through the candidates of its class, and on health only through the
//! pools that [`steer::choose`](crate::steer::choose) looks at. Both are finite, so all of it is walked:
//!
//! - `crowd`: who the clients are. Every piece of the address space in which neither the class nor the place changes
//!   belongs to one of a few hundred cells; a claim about "clients in EU" is one about the cells there.
//! - `hours`: a moment for each standing that schedules and ends of admin states bring about.
//! - `vector`: a state: the moment, what is down, what is back and awaits to be resumed, whose members are suspect, and what a
//!   start has not heard yet. `situation` is what it makes of pools, `scene` what a rule gives a class in it, both by the
//!   functions that answer queries.
//! - `search`: the states. It starts with everything up and changes only what was looked at (`steps`): whatever else
//!   happens, the answer stays (proof there).
//! - `judge`: the claims about one answer, by the pools of members that it comes from (`origins`); `load` (over `losses`)
//!   and `scope`: the two claims about all of them together.
//!
//! Nothing is sampled. What would take more work than [`WORK_MAX`] is not claimed ([`Verdict::TooLarge`]).

mod crowd;
mod hours;
mod judge;
mod load;
mod losses;
mod origins;
mod scene;
mod scenery;
mod scope;
mod search;
mod situation;
mod steps;
mod vector;
pub mod words;

pub use load::{Demand, LOAD_MAX};
pub use vector::{Cause, Failure, HealthVector, Knowledge};

use std::collections::{HashMap, HashSet};

use crate::geo::{Prefix, SiteId};
use crate::snapshot::Configuration;
use crate::steer::Rule;

use self::crowd::{Cell, Crowd};
use self::scene::Scene;
use self::scenery::Scenery;
use self::vector::Budget;

/// Work that may go into one assertion, about a second: answers looked at, states found to be looked at, sets of
/// lost sites, and members of pools compiled for that.
pub const WORK_MAX: u64 = 1_000_000;
/// Failures at once that an assertion may ask for.
pub const FAILURES_MAX: u8 = 8;
/// Sites lost at once that an assertion may ask for.
pub const SITES_LOST_MAX: u8 = 4;

/// What an operator claims of some names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The claim.
    pub claim: Claim,
    /// The rules it is about, by their index in the configuration.
    pub rules: Vec<u32>,
    /// It must hold with so many failures at once, beside the sites that the claim itself takes down.
    pub failures: u8,
    /// It must hold, too, while a server that starts without saved health has not heard of all members yet.
    pub starts: bool,
}

/// The kinds of claim; the sentences that stand for them are those of semantics and `docs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Clients get addresses at these sites and at no other.
    OnlySites(Clients, Vec<SiteId>),
    /// Clients never get an address at these sites.
    NeverSites(Clients, Vec<SiteId>),
    /// Clients get records.
    Answered(Clients),
    /// Whichever sites are lost, so many of them: every answer has a member that lives, at another site.
    Survives(Clients, u8),
    /// No scope reaches into another class.
    ScopeWithinClass,
    /// Whichever sites are lost, up to so many of them: no site carries more than this part of its capacity.
    Load {
        /// Sites lost at once.
        lost: u8,
        /// In percent of the declared capacity.
        at_most: u32,
    },
}

/// Which clients a claim is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clients {
    /// All.
    All,
    /// Those that the databases place in one of these countries.
    Countries(Vec<[u8; 2]>),
    /// Those that the databases place on this continent.
    Continent([u8; 2]),
    /// Those of a network.
    Network(Prefix),
}

/// What came of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Proven(Extent),
    /// It does not.
    Refuted(Box<Counterexample>),
    /// It would take more work than [`WORK_MAX`]: nothing is said.
    TooLarge,
}

/// What a proof went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Names and types.
    pub rules: usize,
    /// Kinds of clients: distinct (class, place) under the maps; one for rules without a map. 0: it holds because there
    /// is nobody it is about.
    pub cells: usize,
    /// Standings that schedules and ends of admin states bring about; 1 where nothing changes by itself.
    pub standings: usize,
    /// Answers that were looked at; those that other ones equal count once.
    pub answers: u64,
    /// Whether it may not hold while a start has not heard of all members: that was not looked at.
    pub without_starts: bool,
}

/// A client and a state of health for which an assertion does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The rule, by its index in the configuration; for a claim about a map any rule that uses it.
    pub rule: u32,
    /// The client; `None` where any will do.
    pub client: Option<Client>,
    /// What is down.
    pub down: HealthVector,
    /// What the client gets, or what else is wrong, as the end of a sentence: "gets pool web-iad at site iad".
    pub finding: String,
}

impl Counterexample {
    /// Whether what is found is what its client gets, and not what a site carries.
    pub fn concerns_a_client(&self) -> bool {
        !self.finding.starts_with("site ")
    }
}

/// One of the clients for whom an assertion does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// A network of them.
    pub network: Prefix,
    /// It lies in a special-purpose block: asked from there, not for a subnet in there.
    pub special: bool,
    /// Where the databases place them.
    pub country: Option<[u8; 2]>,
    /// Where the databases place them.
    pub continent: Option<[u8; 2]>,
}

/// Proves or refutes assertions about a configuration. `demand` is what claims about load rest on: without it they are
/// about nothing. Schedules are looked at from the moment `from` on (seconds since 1970).
pub fn prove(
    configuration: &Configuration,
    assertions: &[Assertion],
    demand: Option<&Demand>,
    from: u64,
) -> Vec<Verdict> {
    let scenery = Scenery::new(configuration);
    let mut prover =
        Prover { scenery: &scenery, from, networks: networks(assertions), crowds: HashMap::new() };
    assertions.iter().map(|assertion| prover.verdict(assertion, demand)).collect()
}

/// The networks that claims are about, each once.
fn networks(assertions: &[Assertion]) -> Vec<Prefix> {
    let mut seen = HashSet::new();
    let named = assertions.iter().filter_map(|assertion| match assertion.claim.clients()? {
        Clients::Network(network) => Some(*network),
        _ => None,
    });
    named.filter(|network| seen.insert(*network)).collect()
}

impl Claim {
    /// Whom it is about, where it is about clients.
    pub fn clients(&self) -> Option<&Clients> {
        match self {
            Claim::OnlySites(clients, _)
            | Claim::NeverSites(clients, _)
            | Claim::Answered(clients)
            | Claim::Survives(clients, _) => Some(clients),
            Claim::ScopeWithinClass | Claim::Load { .. } => None,
        }
    }

    /// How many sites it takes down.
    fn sites_lost(&self) -> u8 {
        match *self {
            Claim::Survives(_, lost) | Claim::Load { lost, .. } => lost,
            _ => 0,
        }
    }
}

/// Proves one assertion after the other; what they have in common is worked out once.
struct Prover<'p> {
    scenery: &'p Scenery<'p>,
    /// The moment from which on it is proven.
    from: u64,
    networks: Vec<Prefix>,
    /// The clients of each map.
    crowds: HashMap<u32, Crowd>,
}

impl<'p> Prover<'p> {
    fn verdict(&mut self, assertion: &Assertion, demand: Option<&Demand>) -> Verdict {
        self.scenery.begin();
        let proven = match &assertion.claim {
            Claim::ScopeWithinClass => scope::prove(self.scenery, &assertion.rules),
            Claim::Load { lost, at_most } => match demand {
                Some(demand) => {
                    load::prove(self.scenery, self.from, &assertion.rules, (*lost, *at_most), demand)
                }
                None => Ok(Extent::default()),
            },
            _ => self.answers(assertion),
        };
        match proven {
            Ok(extent) => Verdict::Proven(extent),
            Err(Stop::Refuted(counterexample)) => Verdict::Refuted(counterexample),
            Err(Stop::TooLarge) => Verdict::TooLarge,
        }
    }

    /// Proves a claim about single answers: rule by rule, cell by cell, state by state.
    fn answers(&mut self, assertion: &Assertion) -> Result<Extent, Stop> {
        let scenery = self.scenery;
        let Assertion { ref claim, failures, starts, .. } = *assertion;
        let mut extent =
            Extent { rules: assertion.rules.len(), without_starts: !starts, ..Extent::default() };
        let budget = Budget { sites: claim.sites_lost(), failures, starts };
        let mut seen = HashSet::new();
        for &number in &assertion.rules {
            let rule = &scenery.configuration.rules[number as usize];
            let scene = Scene::new(scenery, number, self.from)?;
            // Rules that are alike, their default RRsets too, answer alike.
            if !seen.insert(scene.identity()) {
                continue;
            }
            let cells = self.cells(rule, claim);
            extent.cells = extent.cells.max(cells.len());
            extent.standings = extent.standings.max(scene.moments.len());
            for cell in distinct(rule, &cells) {
                let judge = |outcome: &scene::Outcome<'_>| judge::violation(claim, &scene, outcome);
                if let Some((down, finding)) =
                    search::search(&scene, cell.class, budget, &mut extent.answers, judge)?
                {
                    let client = rule.map.map(|_| cell.client());
                    return Err(Stop::refuted(Counterexample { rule: number, client, down, finding }));
                }
            }
        }
        Ok(extent)
    }

    /// The cells of a rule's clients that a claim is about.
    fn cells(&mut self, rule: &Rule, claim: &Claim) -> Vec<Cell> {
        let Some(map) = rule.map else { return vec![Cell::anybody()] };
        let (scenery, networks) = (self.scenery, &self.networks);
        let crowd = self.crowds.entry(map).or_insert_with(|| Crowd::of(scenery.configuration, map, networks));
        let clients = claim.clients().unwrap_or(&Clients::All);
        crowd.cells().filter(|cell| cell.is_among(clients, networks)).copied().collect()
    }
}

/// One cell for each list of candidates: classes that have the same are answered alike. The best example goes first.
fn distinct(rule: &Rule, cells: &[Cell]) -> Vec<Cell> {
    let mut seen = HashSet::new();
    let mut sorted: Vec<Cell> = cells.to_vec();
    sorted.sort_by_key(|cell| (cell.rank(), cell.example.address));
    let is_first = |cell: &Cell| {
        seen.insert((rule.candidates.of(cell.class), rule.candidates.is_empty_list(cell.class)))
    };
    let mut is_first = is_first;
    sorted.into_iter().filter(|cell| is_first(cell)).collect()
}

/// Why a proof ends early.
enum Stop {
    Refuted(Box<Counterexample>),
    TooLarge,
}

impl Stop {
    fn refuted(counterexample: Counterexample) -> Stop {
        Stop::Refuted(Box::new(counterexample))
    }
}

#[cfg(test)]
mod tests;
