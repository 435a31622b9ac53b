//! `[pool.NAME]`: members at a site that serve the same thing.

use std::net::IpAddr;

use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Share, Written, address, choice, list, name, number,
    one_or_more, quote, sound, unplaced,
};
use crate::steer::{HashPrefix, Pick};

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
    /// What makes clients one network.
    pub(crate) hash_prefix: Option<Written<HashPrefix>>,
    /// From where on it is healthy.
    pub(crate) min_healthy: Parsed<Option<Written<MinHealthySpec>>>,
    /// The operator's will for all members.
    pub(crate) will: Parsed<WillSpec>,
    /// How members leave and come back.
    pub(crate) turnover: TurnoverSpec,
    /// Its members; none where it lists pools.
    pub(crate) members: Parsed<Items<MemberSpec>>,
    /// The pools in it; none where it lists members.
    pub(crate) pools: Parsed<Items<InnerSpec>>,
}

/// One of `pools`: `"name"` or `{ pool = "name", weight = 3 }`.
#[derive(Debug, Clone)]
pub(crate) struct InnerSpec {
    /// Its name.
    pub(crate) pool: Written<String>,
    /// Its weight.
    pub(crate) weight: Option<u16>,
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
    /// What it shares with others.
    pub(crate) group: Option<Written<String>>,
    /// Its weight.
    pub(crate) weight: Parsed<Option<u16>>,
    /// The operator's will.
    pub(crate) will: Parsed<WillSpec>,
}

const PICKS: &[(&str, Pick)] = &[("weighted", Pick::Weighted), ("all", Pick::All), ("hash", Pick::Hash)];

/// Addresses of a member: at most one of each family.
const ADDRESSES: usize = 2;

const LATER: &[Later] = &[
    ("monitors", "it is called `monitor`, also for a list"),
    ("types", "a pool has data of one type: `type`"),
    ("data", "it belongs into the members: `members = [{ name = \"a\", data = \"…\" }]`"),
    ("answers", "it belongs into the rule: `[[steer]]`"),
    ("interval", "it belongs into the monitor"),
];

const MEMBER_LATER: &[Later] = &[
    ("port", "it belongs into the monitor: answers of A and AAAA have no port"),
    ("monitor", "it belongs into the pool"),
    ("addresses", "it is called `address`, also for a list"),
    ("type", "it belongs into the pool: all its members have data of one type"),
];

const INNER_LATER: &[Later] = &[
    ("name", "it is called `pool`"),
    ("admin", "it belongs into the pool itself"),
    ("site", "it belongs into the outer pool: those of inner pools do not order anything"),
];

/// Reads `[pool.NAME]`.
pub(super) fn read(table: &Table, subject: &str, faults: &Faults) -> Parsed<PoolSpec> {
    let mut reader = Reader::new(table, subject, faults);
    let rtype = reader.optional("type", steered_type::of_data);
    let site = reader.optional("site", text::text);
    let monitors = reader.optional("monitor", one_or_more(limits::POOL_MONITORS, text::text));
    let require = reader.optional("require", require);
    let pick = reader.optional("pick", choice(PICKS));
    let hash_prefix = reader.lenient("hash_prefix", hash_prefix);
    let min_healthy = reader.optional("min_healthy", min_healthy);
    let will = will::read(&mut reader, Scheduled::Admin);
    let turnover = turnover::read(&mut reader);
    let pools = reader.optional("pools", one_or_more(limits::INNER_POOLS, inner));
    let members = match &pools {
        Ok(None) => {
            let members = reader.required(
                "members",
                "members = [{ name = \"a\", address = \"192.0.2.1\" }]",
                list(limits::MEMBERS, member),
            );
            members.and_then(|members| at_least_one(members, subject, faults))
        }
        // The list of pools stands where the file could not be understood, if there is one.
        Err(_) if !reader.is_written("pools") => reader
            .optional("members", list(limits::MEMBERS, member))
            .and_then(|members| members.ok_or(Broken))
            .and_then(|members| at_least_one(members, subject, faults)),
        _ => without_members(reader.value("members"), subject, faults),
    };
    reader.finish(LATER);
    Ok(PoolSpec {
        rtype,
        site,
        monitors: monitors.map(|monitors| unplaced(monitors).unwrap_or_default()),
        require,
        pick: pick.map(|pick| unplaced(pick).unwrap_or(Pick::Weighted)),
        hash_prefix,
        min_healthy,
        will,
        turnover,
        members,
        pools: pools.map(|pools| unplaced(pools).unwrap_or_default()),
    })
}

/// A pool that lists pools has no members of its own.
fn without_members(written: Option<&Value>, subject: &str, faults: &Faults) -> Parsed<Items<MemberSpec>> {
    let Some(members) = written else { return Ok(Vec::new()) };
    let fault = members.place.error(format!("{subject} has pools and members")).label("beside `pools`");
    faults.add(fault.help("put the members into a pool of their own, and list that"));
    Err(Broken)
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
    let group = reader.lenient("group", text::name);
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
        group,
        weight: weight.map(unplaced),
        will,
    })
}

fn inner(value: &Value, faults: &Faults) -> Parsed<InnerSpec> {
    let Kind::Table(table) = &value.kind else {
        let pool = Written { value: text::text(value, faults)?, place: value.place.clone() };
        return Ok(InnerSpec { pool, weight: None });
    };
    let mut reader = Reader::new(table, "a pool of `pools`", faults);
    let pool = reader.required("pool", "pool = \"POOL\"", text::text);
    let weight = reader.lenient("weight", number(0..=u16::MAX));
    reader.finish(INNER_LATER);
    Ok(InnerSpec { pool: pool?, weight: unplaced(weight) })
}

fn hash_prefix(value: &Value, faults: &Faults) -> Parsed<HashPrefix> {
    let mut reader = Reader::new(text::table(value, faults)?, "`hash_prefix`", faults);
    let ipv4 = reader.lenient("ipv4", number(limits::HASH_IPV4_PREFIX));
    let ipv6 = reader.lenient("ipv6", number(limits::HASH_IPV6_PREFIX));
    reader.finish(&[]);
    let default = HashPrefix::default();
    Ok(HashPrefix {
        ipv4: unplaced(ipv4).unwrap_or(default.ipv4),
        ipv6: unplaced(ipv6).unwrap_or(default.ipv6),
    })
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
