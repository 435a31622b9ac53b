//! What the files say, in the shape in which they say it: every value with its place, nothing looked up yet.
//!
//! A spec is read from one file alone; binding (the module `bind`) brings them together.

mod access;
mod assertion;
mod bypass;
pub(crate) mod cookie_secrets;
mod cookies;
mod expect;
mod http_probe;
mod main_file;
mod maps;
mod monitor;
mod network_list;
mod pool;
mod rate_limit;
mod rule;
mod steered_type;
mod steering;
mod turnover;
mod will;

pub(crate) use access::{AccessSpec, network};
pub(crate) use assertion::{AssertSpec, ShareSpec};
pub(crate) use bypass::BypassSpec;
pub(crate) use cookies::CookiesSpec;
pub(crate) use expect::{DemandSpec, ExpectSpec};
pub(crate) use http_probe::{HttpSpec, TlsSpec};
pub(crate) use main_file::{AdminSpec, MainSpec, ServerSpec, TcpSpec, read_control_socket};
pub(crate) use maps::{MapSpec, MapsSpec, NetworkFileSpec, SiteList, SiteSpec, TableSpec};
pub(crate) use monitor::{MonitorSpec, ProbeSpec, VerdictsSpec};
pub(crate) use network_list::{NetworkGroup, NetworkList};
pub(crate) use pool::{InnerSpec, MemberSpec, MinHealthySpec, PoolSpec, RequireSpec};
pub(crate) use rate_limit::RateLimitSpec;
pub(crate) use rule::{AllDownSpec, RuleSpec};
pub(crate) use steering::SteeringSpec;
pub(crate) use turnover::{PanicSpec, TurnoverSpec};
pub(crate) use will::WillSpec;

use crate::health::AdminState;

use super::document::{Entry, Table};
use super::text::{self, Faults, Items, Parsed, Place, Written, check_name, quote};
use crate::fault::Fault;

/// A thing that the files give a name to. When its content is broken the name still counts: who refers to it is
/// not at fault.
#[derive(Debug)]
pub(crate) struct Named<T> {
    /// Its name, where it is defined.
    pub(crate) name: Written<String>,
    /// What it is.
    pub(crate) content: Parsed<T>,
}

/// The words for the operator's will.
const ADMIN_STATES: &[(&str, AdminState)] = &[
    ("auto", AdminState::Auto),
    ("drained", AdminState::Drained),
    ("forced up", AdminState::ForcedUp),
    ("forced down", AdminState::ForcedDown),
];

/// Reads the tables `[kind.NAME]`, at most `most` of them.
fn named_tables<T>(
    tables: &Table,
    kind: &str,
    most: usize,
    faults: &Faults,
    read: impl Fn(&Table, &str, &Faults) -> Parsed<T>,
) -> Vec<Named<T>> {
    if let Some(beyond) = tables.entries.get(most) {
        let message = format!("this file has {} {kind}s; {most} is the most", tables.entries.len());
        faults.add(beyond.key.place.error(message).label("one too many"));
    }
    let read_one = |entry: &Entry| {
        // A bad name is a fault of its own: the content is looked at all the same, and who refers to it finds it.
        let _reported = check_name(&entry.key, faults);
        let content = text::table(&entry.value, faults)
            .and_then(|table| read(table, &format!("{kind} {}", quote(&entry.key)), faults));
        Named { name: entry.key.clone(), content }
    };
    tables.entries.iter().take(most).map(read_one).collect()
}

/// Says that names are missing of the kinds whose table stands in the file and could not be read. What else may be lost of
/// a file, it has said itself.
fn doubt_unread(file: &Table, kinds: impl Iterator<Item = (&'static str, bool)>, faults: &Faults) {
    let stands = |kind: &str| file.entries.iter().any(|entry| entry.key.value == kind);
    for (kind, _) in kinds.filter(|&(kind, is_unread)| is_unread && stands(kind)) {
        faults.doubt_names(&[kind]);
    }
}

/// Reports every item that stands in the list already, as `fault` words it (from the item and the place of the first
/// one), and keeps the first of each.
fn drop_doubled<T: PartialEq>(
    items: &mut Items<T>,
    faults: &Faults,
    fault: impl Fn(&Written<T>, &Place) -> Fault,
) {
    let mut kept: Items<T> = Vec::with_capacity(items.len());
    for item in std::mem::take(items) {
        let value = item.as_ref().ok().map(|item| &item.value);
        let first = kept.iter().flatten().find(|first| Some(&first.value) == value);
        if let (Ok(again), Some(first)) = (&item, first) {
            faults.add(fault(again, &first.place).label("again"));
        } else {
            kept.push(item);
        }
    }
    *items = kept;
}
