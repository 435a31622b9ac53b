//! A comparison as programs read it: JSON whose fields are these. `docs/plan.md` has the schema in words.

use serde::{Deserialize, Serialize};

use crate::explain::moment::rfc3339;
use crate::explain::plan::{
    Amount, DatabaseDifference, DatabaseFacts, Difference, Differences, Flow, Group, Line, Moved,
    NameAndType, Network, Options, Part, PartOf, Plan, SLOTS, Share, Split, Steering, Weighing, Whence,
    ZoneDifference,
};
use crate::geo::codes;
use crate::snapshot::Limit;
use crate::wire::Family;
use crate::zone::record_type;

/// A whole comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The version of this form: 1.
    pub schema: u32,
    /// What is counted, of IPv4 and of IPv6.
    pub counted: [CountedView; 2],
    /// How many names and types are compared.
    pub compared: usize,
    /// How many of them have clients that get something else.
    pub changed: usize,
    /// The largest share of clients of one family that get something else for one name.
    pub largest_change: ShareView,
    /// What `largest_change` is held against; none without a limit.
    pub gate: Option<GateView>,
    /// Names whose clients get the same changes; the largest change first.
    pub groups: Vec<GroupView>,
    /// Names that are steered on the new side only.
    pub added: Vec<OneSidedView>,
    /// Names that are steered on the old side only.
    pub removed: Vec<OneSidedView>,
    /// What is different in the files.
    pub differences: DifferencesView,
}

/// What is counted of a family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedView {
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// `globally routable addresses`, `covered /48s` or `queries`.
    pub unit: String,
    /// How many, in decimal digits, rounded down.
    pub total: String,
}

/// An exact share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareView {
    /// For people: `1.25 %`, `< 0.01 %`.
    pub text: String,
    /// In percent, for plots; `fraction` is exact.
    pub percent: f64,
    /// `numerator/denominator`, exact, without common powers of two; `0/0` of nothing.
    pub fraction: String,
}

/// The verdict on a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateView {
    /// The limit.
    pub max_change: String,
    /// Whether the largest change is above it.
    pub exceeded: bool,
}

/// An owner name and a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameView {
    /// The owner name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
}

/// Names whose clients get the same changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupView {
    /// The names.
    pub names: Vec<NameView>,
    /// What changes for clients of IPv4.
    pub ipv4: MovedView,
    /// What changes for clients of IPv6.
    pub ipv6: MovedView,
    /// Whether something changes for clients that are not counted, such as those in special-purpose blocks.
    pub changes_for_uncounted: bool,
}

/// What changes for clients of one family. Shares are of all clients of the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedView {
    /// Anything.
    pub any: ShareView,
    /// The ordered sites.
    pub sites: ShareView,
    /// The answers: addresses or their probabilities.
    pub answers: ShareView,
    /// The TTL.
    pub ttl: ShareView,
    /// From where to where: the matrix of old and new sites, without its empty fields.
    pub flows: Vec<FlowView>,
    /// By country, the largest first.
    pub countries: Vec<PartView>,
    /// By autonomous system, the largest first.
    pub systems: Vec<PartView>,
    /// The largest networks in which everybody gets the same change.
    pub networks: Vec<NetworkView>,
}

/// Clients who move from one site to another, or stay and get something else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowView {
    /// Who gave the answers: a site, `pool NAME`, `default RRset`, `NODATA`, `nothing`.
    pub from: String,
    /// Who gives them.
    pub to: String,
    /// How many of all clients.
    pub share: ShareView,
}

/// What changes in a country or an autonomous system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartView {
    /// `DE`, `AS64500`, `unknown`, `12 others`.
    pub of: String,
    /// What moves there, of all clients of the family.
    pub moved: ShareView,
    /// What moves there, of the clients that are there.
    pub of_its_own: ShareView,
}

/// A network in which everybody gets the same change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkView {
    /// The network.
    pub network: String,
    /// How many of all clients it has that move.
    pub share: ShareView,
    /// From where to where.
    pub flows: Vec<SlotsView>,
}

/// A flow within a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotsView {
    /// Who gave the answers.
    pub from: String,
    /// Who gives them.
    pub to: String,
    /// In how many of 4096 slots.
    pub slots: u16,
}

/// A name that is steered on one side only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneSidedView {
    /// The owner name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// Whether the other side has data for it that is not steered.
    pub static_on_the_other_side: bool,
}

/// What is different in the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferencesView {
    /// Databases that hold something else.
    pub databases: Vec<DatabaseView>,
    /// Maps.
    pub maps: Vec<ThingView>,
    /// Pools.
    pub pools: Vec<ThingView>,
    /// Rules; `names` says whose.
    pub rules: Vec<ThingView>,
    /// Names with other records that are not steered, by zone.
    pub zones: Vec<ZoneView>,
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingView {
    /// Its names: one, but for rules that differ alike.
    pub names: Vec<String>,
    /// What is different.
    pub lines: Vec<LineView>,
}

/// One key that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// Which; empty where the whole thing is on one side only.
    pub key: String,
    /// What it was; none where there was none.
    pub old: Option<String>,
    /// What it is; none where there is none.
    pub new: Option<String>,
}

/// A database on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseView {
    /// Its path as configured, or `built-in`.
    pub name: String,
    /// The old one.
    pub old: Option<FactsView>,
    /// The new one.
    pub new: Option<FactsView>,
}

/// What is told of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsView {
    /// When it was built (RFC 3339).
    pub built: String,
    /// Networks with a usable record.
    pub networks: usize,
    /// Distinct countries.
    pub countries: usize,
}

/// A zone with other records that are not steered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneView {
    /// The apex.
    pub zone: String,
    /// The old serial; none where the zone is new.
    pub old_serial: Option<u32>,
    /// The new serial; none where the zone is gone.
    pub new_serial: Option<u32>,
    /// How many names.
    pub names: usize,
}

impl PartView {
    /// What clients are called of whom no database says where they are.
    pub const UNKNOWN: &str = "unknown";
}

impl View {
    /// Shows a comparison that was made with these options, held against a limit.
    pub fn of(plan: &Plan, options: &Options, limit: Option<Limit>) -> View {
        View {
            schema: 1,
            counted: Family::BOTH.map(|family| counted(plan, options, family)),
            compared: plan.compared,
            changed: plan.changed(),
            largest_change: share(plan.largest_change()),
            gate: limit
                .map(|limit| GateView { max_change: limit.to_string(), exceeded: plan.exceeds(limit) }),
            groups: plan.groups.iter().map(group).collect(),
            added: plan.added.iter().map(one_sided).collect(),
            removed: plan.removed.iter().map(one_sided).collect(),
            differences: differences(&plan.differences),
        }
    }
}

fn counted(plan: &Plan, options: &Options, family: Family) -> CountedView {
    /// Addresses of a /48, as a power of two.
    const SITE_BITS: u32 = 80;
    let (unit, bits) = match (&options.weighing, family) {
        (Weighing::Queries(_), _) => ("queries", options.unit_bits()),
        (Weighing::Addresses, Family::V4) => ("globally routable addresses", options.unit_bits()),
        (Weighing::Addresses, Family::V6) => ("covered /48s", options.unit_bits() + SITE_BITS),
    };
    let whole = plan.whole[family.index()].times(SLOTS.into());
    CountedView {
        family: if family == Family::V4 { "IPv4" } else { "IPv6" }.to_owned(),
        unit: unit.to_owned(),
        total: whole.shifted_right(bits).to_string(),
    }
}

fn share(share: Share) -> ShareView {
    /// Parts of a percent that the number for plots tells apart.
    const PARTS: u32 = 10_000_000;
    let shortened = share.shortened();
    ShareView {
        text: share.to_string(),
        percent: share.parts_of(u128::from(PARTS) * 100) as f64 / f64::from(PARTS),
        fraction: format!("{}/{}", shortened.part, shortened.whole),
    }
}

fn name(name: &NameAndType) -> NameView {
    NameView { name: name.owner.to_string(), rtype: record_type::name(name.rtype) }
}

fn one_sided(steering: &Steering) -> OneSidedView {
    let NameView { name, rtype } = name(&steering.name);
    OneSidedView { name, rtype, static_on_the_other_side: steering.elsewhere_static }
}

fn group(group: &Group) -> GroupView {
    let [ipv4, ipv6] = &group.moved;
    GroupView {
        names: group.names.iter().map(name).collect(),
        ipv4: moved(ipv4),
        ipv6: moved(ipv6),
        changes_for_uncounted: group.has_weightless,
    }
}

fn moved(moved: &Moved) -> MovedView {
    let of_all = |part: Amount| share(Share { part, whole: moved.whole });
    let flow =
        |flow: &Flow| FlowView { from: whence(&flow.from), to: whence(&flow.to), share: of_all(flow.amount) };
    let network = |network: &Network| NetworkView {
        network: network.network.to_string(),
        share: of_all(network.amount),
        flows: network
            .flows
            .iter()
            .map(|(from, to, slots)| SlotsView { from: whence(from), to: whence(to), slots: *slots })
            .collect(),
    };
    MovedView {
        any: of_all(moved.any),
        sites: of_all(moved.sites),
        answers: of_all(moved.answers),
        ttl: of_all(moved.ttl),
        flows: moved.flows.iter().map(flow).collect(),
        countries: parts(&moved.countries, moved.whole, codes::text),
        systems: parts(&moved.systems, moved.whole, |number| format!("AS{number}")),
        networks: moved.networks.iter().map(network).collect(),
    }
}

fn parts<T: Copy>(split: &Split<T>, whole: Amount, name: impl Fn(T) -> String) -> Vec<PartView> {
    let part = |part: &Part<T>| PartView {
        of: match part.of.map(&name) {
            PartOf::One(name) => name,
            PartOf::Unknown => PartView::UNKNOWN.to_owned(),
            PartOf::Others(1) => "1 other".to_owned(),
            PartOf::Others(count) => format!("{count} others"),
        },
        moved: share(Share { part: part.share.part, whole }),
        of_its_own: share(part.share),
    };
    split.iter().map(part).collect()
}

fn whence(whence: &Whence) -> String {
    match whence {
        Whence::Site(site) => site.clone(),
        Whence::Pool(pool) => format!("pool {pool}"),
        Whence::Rrset => "default RRset".to_owned(),
        Whence::NoData => "NODATA".to_owned(),
        Whence::Nothing => "nothing".to_owned(),
    }
}

fn differences(differences: &Differences) -> DifferencesView {
    let thing = |difference: &Difference| ThingView {
        names: vec![difference.name.clone()],
        lines: difference.lines.iter().map(line).collect(),
    };
    let rules = differences.rules.iter().map(|rule| ThingView {
        names: rule
            .names
            .iter()
            .map(|name| format!("{} {}", name.owner, record_type::name(name.rtype)))
            .collect(),
        lines: rule.lines.iter().map(line).collect(),
    });
    DifferencesView {
        databases: differences.databases.iter().map(database).collect(),
        maps: differences.maps.iter().map(thing).collect(),
        pools: differences.pools.iter().map(thing).collect(),
        rules: rules.collect(),
        zones: differences.zones.iter().map(zone).collect(),
    }
}

fn line(line: &Line) -> LineView {
    LineView { key: line.key.clone(), old: line.old.clone(), new: line.new.clone() }
}

fn database(difference: &DatabaseDifference) -> DatabaseView {
    let facts = |facts: DatabaseFacts| FactsView {
        built: rfc3339(facts.built_at),
        networks: facts.networks,
        countries: facts.countries,
    };
    DatabaseView {
        name: difference.name.clone(),
        old: difference.old.map(facts),
        new: difference.new.map(facts),
    }
}

fn zone(difference: &ZoneDifference) -> ZoneView {
    ZoneView {
        zone: difference.apex.to_string(),
        old_serial: difference.old_serial,
        new_serial: difference.new_serial,
        names: difference.names,
    }
}
