//! A comparison as programs read it: JSON whose fields are these. `docs/plan.md` has the schema in words.

mod differences;
mod moved;

pub use differences::{DatabaseView, DifferencesView, FactsView, LineView, ThingView, ZoneView};
pub use moved::{FlowView, MovedView, NetworkView, PartView, SlotsView};

use serde::{Deserialize, Serialize};

use self::differences::differences;
use self::moved::moved;
use crate::explain::plan::{Group, NameAndType, Options, Plan, SLOTS, Share, Steering, Weighing};
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
