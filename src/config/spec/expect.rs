//! `[[expect]]`: what must hold of the answers to one question.

use std::net::IpAddr;

use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Written, address, list, network, number, one_or_more,
    quote, sound,
};
use crate::explain::parse_type;
use crate::geo::Prefix;
use crate::wire::{Rcode, rtype};

/// `[[expect]]`. Each key stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct ExpectSpec {
    /// The address that asks.
    pub(crate) client: Parsed<Option<Written<IpAddr>>>,
    /// The client subnet that the query carries.
    pub(crate) subnet: Parsed<Option<Written<Prefix>>>,
    /// The name, relative to the zone beside which it stands.
    pub(crate) name: Parsed<Written<String>>,
    /// The type.
    pub(crate) rtype: Parsed<u16>,
    /// What is down: `POOL/MEMBER`, `POOL`, `site:SITE`.
    pub(crate) down: Items<String>,
    /// When, in seconds since 1970.
    pub(crate) at: Parsed<Option<u64>>,
    /// What must hold, with the place of its value.
    pub(crate) demands: Vec<Parsed<Written<DemandSpec>>>,
    /// Whether no key has a fault: else the rest says something that was not meant.
    pub(crate) whole: bool,
}

/// One thing that must hold.
#[derive(Debug)]
pub(crate) enum DemandSpec {
    /// `one_of`.
    OneOf(Items<String>),
    /// `sites`.
    Sites(Items<String>),
    /// `pools`.
    Pools(Items<String>),
    /// `rcode`.
    Rcode(Rcode),
    /// `ttl_at_most`.
    TtlAtMost(u32),
    /// `ttl_at_least`.
    TtlAtLeast(u32),
    /// `scope_at_most`.
    ScopeAtMost(u8),
    /// `scope_at_least`.
    ScopeAtLeast(u8),
}

/// The longest scope.
const SCOPE_MAX: u8 = 128;

const LATER: &[Later] = &[
    ("from", "it is called `client`, or `subnet` for the client subnet of a query"),
    ("names", "it is called `name`: one table expects something of one name"),
    ("types", "it is called `type`: one table expects something of one type"),
    ("ttl", "write `ttl_at_most` or `ttl_at_least`"),
    ("scope", "write `scope_at_most` or `scope_at_least`"),
    ("site", "it is called `sites`, also for one"),
    ("pool", "it is called `pools`, also for one"),
    ("answer", "it is called `one_of`, also for one"),
    ("answers", "it is called `one_of`"),
];

/// Reads all `[[expect]]` of a file, but for what is no table.
pub(super) fn read_all(value: &Value, faults: &Faults) -> Parsed<Vec<Written<ExpectSpec>>> {
    let read = |value: &Value, faults: &Faults| Ok(read(text::table(value, faults)?, faults));
    list(limits::EXPECTATIONS, read)(value, faults).map(sound)
}

fn read(table: &Table, faults: &Faults) -> ExpectSpec {
    let errors = faults.errors();
    let mut reader = Reader::new(table, "`[[expect]]`", faults);
    let client = reader.optional("client", address);
    let subnet = reader.optional("subnet", subnet);
    let name = reader.required("name", "name = \"www\"", text::text);
    let rtype = reader.optional("type", record_type);
    let down = reader.optional("down", one_or_more(limits::EXPECTED_ITEMS, text::text));
    let at = reader.optional("at", super::will::moment);
    let demands = read_demands(&mut reader);
    reader.finish(LATER);
    ExpectSpec {
        client,
        subnet,
        name,
        rtype: rtype.map(|rtype| rtype.map_or(rtype::A, |rtype| rtype.value)),
        down: down.map_or_else(|broken| vec![Err(broken)], |down| down.map_or(Vec::new(), |down| down.value)),
        at: at.map(text::unplaced),
        demands,
        whole: faults.errors() == errors,
    }
}

fn read_demands(reader: &mut Reader<'_>) -> Vec<Parsed<Written<DemandSpec>>> {
    let items = |value: &Value, faults: &Faults| match &value.kind {
        Kind::Array(_) => list(limits::EXPECTED_ITEMS, text::text)(value, faults),
        _ => one_or_more(limits::EXPECTED_ITEMS, text::text)(value, faults),
    };
    let texts = |kind: fn(Items<String>) -> DemandSpec| {
        move |value: &Value, faults: &Faults| items(value, faults).map(kind)
    };
    let seconds = |kind: fn(u32) -> DemandSpec| {
        move |value: &Value, faults: &Faults| number(limits::TTL_SECONDS)(value, faults).map(kind)
    };
    let length = |kind: fn(u8) -> DemandSpec| {
        move |value: &Value, faults: &Faults| number(0..=SCOPE_MAX)(value, faults).map(kind)
    };
    let read = [
        reader.optional("one_of", texts(DemandSpec::OneOf)),
        reader.optional("sites", texts(DemandSpec::Sites)),
        reader.optional("pools", texts(DemandSpec::Pools)),
        reader.optional("rcode", rcode),
        reader.optional("ttl_at_most", seconds(DemandSpec::TtlAtMost)),
        reader.optional("ttl_at_least", seconds(DemandSpec::TtlAtLeast)),
        reader.optional("scope_at_most", length(DemandSpec::ScopeAtMost)),
        reader.optional("scope_at_least", length(DemandSpec::ScopeAtLeast)),
    ];
    read.into_iter().filter_map(Parsed::transpose).collect()
}

/// A network with a length above 0: EDNS Client Subnet with length 0 tells nothing.
fn subnet(value: &Value, faults: &Faults) -> Parsed<Prefix> {
    let written = Written { value: text::text(value, faults)?, place: value.place.clone() };
    let network = network(&written, faults)?;
    if network.length == 0 {
        let fault = value.place.error("a client subnet of length 0 says nothing of the client");
        faults.add(fault.label("no client").help("write `client` alone"));
        return Err(Broken);
    }
    Ok(network)
}

fn record_type(value: &Value, faults: &Faults) -> Parsed<u16> {
    let text = text::text(value, faults)?;
    parse_type(&text).map_err(|message| {
        let fault = value.place.error(format!("{}: {message}", quote(&text))).label("not a type");
        faults.add(fault.help("write a type such as `A`, `AAAA`, `MX` or `TYPE65280`"));
        Broken
    })
}

fn rcode(value: &Value, faults: &Faults) -> Parsed<DemandSpec> {
    /// Those that a question can be answered with.
    const RCODES: &[(&str, Rcode)] = &[
        ("NOERROR", Rcode::NoError),
        ("NXDOMAIN", Rcode::NxDomain),
        ("REFUSED", Rcode::Refused),
        ("YXDOMAIN", Rcode::YxDomain),
    ];
    text::choice(RCODES)(value, faults).map(DemandSpec::Rcode)
}
