//! `[pool.NAME]`: members at a site that serve the same thing.

use std::net::IpAddr;

use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Share, Written, address, choice, list, name, number,
    one_or_more, quote, sound, unplaced,
};
use crate::steer::Pick;

use super::will::Scheduled;
use super::{TurnoverSpec, WillSpec, steered_type, turnover, will};

/// `[pool.NAME]`. Each key stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct PoolSpec {
    /// The type of the data that its members have; none where they have addresses.
    pub(crate) rtype: Parsed<Option<Written<u16>>>,
    /// Where it is.
    pub(crate) site: Parsed<Option<Written<String>>>,
    /// Its monitors.
    pub(crate) monitors: Parsed<Items<String>>,
    /// How several monitors make one state.
    pub(crate) require: Parsed<Option<Written<RequireSpec>>>,
    /// How it picks.
    pub(crate) pick: Parsed<Pick>,
    /// From where on it is healthy.
    pub(crate) min_healthy: Parsed<Option<Written<MinHealthySpec>>>,
    /// The operator's will for all members.
    pub(crate) will: Parsed<WillSpec>,
    /// How members leave and come back.
    pub(crate) turnover: TurnoverSpec,
    /// Its members.
    pub(crate) members: Parsed<Items<MemberSpec>>,
}

/// `require`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequireSpec {
    /// `"all"`.
    All,
    /// `"any"` is 1.
    AtLeast(u16),
}

/// `min_healthy`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MinHealthySpec {
    /// So many members.
    Count(u32),
    /// `"2/3"`, `"55 %"`.
    Share(Share),
}

/// One of `members`.
#[derive(Debug)]
pub(crate) struct MemberSpec {
    /// Its name.
    pub(crate) name: Parsed<Written<String>>,
    /// At most two addresses; those without a fault.
    pub(crate) addresses: Vec<Written<IpAddr>>,
    /// Whether these are all addresses that were written.
    pub(crate) all_addresses: Parsed<()>,
    /// The data of its records.
    pub(crate) data: Parsed<Option<Written<Items<String>>>>,
    /// Its weight.
    pub(crate) weight: Parsed<Option<u16>>,
    /// The operator's will.
    pub(crate) will: Parsed<WillSpec>,
}

/// Addresses of a member: at most one of each family.
const ADDRESSES: usize = 2;

const LATER: &[Later] = &[
    ("hash_prefix", "not in this version: remove it"),
    ("pools", "pools of pools are not in this version: list members"),
    ("monitors", "it is called `monitor`, also for a list"),
    ("types", "a pool has data of one type: `type`"),
    ("data", "it belongs into the members: `members = [{ name = \"a\", data = \"…\" }]`"),
    ("answers", "it belongs into the rule: `[[steer]]`"),
    ("interval", "it belongs into the monitor"),
];

const MEMBER_LATER: &[Later] = &[
    ("group", "not in this version: remove it"),
    ("port", "it belongs into the monitor: answers of A and AAAA have no port"),
    ("monitor", "it belongs into the pool"),
    ("addresses", "it is called `address`, also for a list"),
    ("type", "it belongs into the pool: all its members have data of one type"),
];

/// Reads `[pool.NAME]`.
pub(super) fn read(table: &Table, subject: &str, faults: &Faults) -> Parsed<PoolSpec> {
    let mut reader = Reader::new(table, subject, faults);
    let rtype = reader.optional("type", steered_type::of_data);
    let site = reader.optional("site", text::text);
    let monitors = reader.optional("monitor", one_or_more(limits::POOL_MONITORS, text::text));
    let require = reader.optional("require", require);
    let pick = reader.optional("pick", pick);
    let min_healthy = reader.optional("min_healthy", min_healthy);
    let will = will::read(&mut reader, Scheduled::Admin);
    let turnover = turnover::read(&mut reader);
    let members = reader.required(
        "members",
        "members = [{ name = \"a\", address = \"192.0.2.1\" }]",
        list(limits::MEMBERS, member),
    );
    reader.finish(LATER);
    Ok(PoolSpec {
        rtype,
        site,
        monitors: monitors.map(|monitors| unplaced(monitors).unwrap_or_default()),
        require,
        pick: pick.map(|pick| unplaced(pick).unwrap_or(Pick::Weighted)),
        min_healthy,
        will,
        turnover,
        members: members.and_then(|members| at_least_one(members, subject, faults)),
    })
}

fn at_least_one(
    members: Written<Items<MemberSpec>>,
    subject: &str,
    faults: &Faults,
) -> Parsed<Items<MemberSpec>> {
    if !members.is_empty() {
        return Ok(members.value);
    }
    let fault = members.place.error(format!("{subject} has no members")).label("empty");
    faults.add(fault.help("list at least one"));
    Err(Broken)
}

fn member(value: &Value, faults: &Faults) -> Parsed<MemberSpec> {
    let table = text::table(value, faults)?;
    let mut reader = Reader::new(table, "a member", faults);
    let name = reader.required("name", "name = \"a\"", name);
    let addresses = reader.optional("address", one_or_more(ADDRESSES, address));
    let data = reader.optional("data", one_or_more(limits::MEMBER_RECORDS, text::text));
    let weight = reader.optional("weight", number(0..=u16::MAX));
    let will = will::read(&mut reader, Scheduled::WeightAndAdmin);
    reader.finish(MEMBER_LATER);
    let addresses = match addresses {
        Ok(addresses) => unplaced(addresses).unwrap_or_default(),
        Err(broken) => vec![Err(broken)],
    };
    Ok(MemberSpec {
        name,
        all_addresses: addresses
            .iter()
            .try_for_each(|address| address.as_ref().map(|_| ()).map_err(|&broken| broken)),
        addresses: sound(addresses),
        data,
        weight: weight.map(unplaced),
        will,
    })
}

fn pick(value: &Value, faults: &Faults) -> Parsed<Pick> {
    if matches!(&value.kind, Kind::Text(text) if text == "hash") {
        let fault = value.place.error("`hash` is not in this version").label("unknown word");
        faults.add(fault.help("use `\"weighted\"` or `\"all\"`"));
        return Err(Broken);
    }
    choice(&[("weighted", Pick::Weighted), ("all", Pick::All)])(value, faults)
}

fn require(value: &Value, faults: &Faults) -> Parsed<RequireSpec> {
    match &value.kind {
        Kind::Integer(_) => number(1..=limits::POOL_MONITORS as u16)(value, faults).map(RequireSpec::AtLeast),
        _ => choice(&[("all", RequireSpec::All), ("any", RequireSpec::AtLeast(1))])(value, faults),
    }
}

fn min_healthy(value: &Value, faults: &Faults) -> Parsed<MinHealthySpec> {
    let Kind::Text(text) = &value.kind else {
        return number(1..=limits::MEMBERS as u32)(value, faults).map(MinHealthySpec::Count);
    };
    Share::parse(text).map(MinHealthySpec::Share).ok_or_else(|| {
        let fault =
            value.place.error(format!("{} is no part of a pool", quote(text))).label("not understood");
        faults.add(
            fault.help("write a number of members such as `2`, or a part such as `\"2/3\"` or `\"55 %\"`"),
        );
        Broken
    })
}
