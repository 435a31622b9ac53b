//! Expectations: names looked up, so that what nobody can meet is told as a slip.

use std::net::IpAddr;

use crate::config::expectations::Placed;
use crate::config::limits;
use crate::config::spec::{DemandSpec, ExpectSpec};
use crate::config::text::{Broken, Faults, Items, Parsed, Written, did_you_mean, part_of, quote, sound};
use crate::explain::{Asked, Client, Demand, Expectation, Outage, OutageError, Wanted};
use crate::geo::Prefix;
use crate::health::TargetId;
use crate::wire::{Family, Name, rtype};

use super::ground::Ground;

/// Binds the expectations of one file, whose names are relative to `origin`.
pub(super) fn bind(
    specs: &[Written<ExpectSpec>],
    origin: &Name,
    ground: &Ground,
    faults: &Faults,
) -> Vec<Placed> {
    let binder = Binder { origin, ground, faults };
    specs.iter().filter_map(|spec| binder.bind(spec).ok()).collect()
}

/// Reports that there are more than may be.
pub(super) fn check_count(expectations: &[Placed], faults: &Faults) {
    if let Some(beyond) = expectations.get(limits::EXPECTATIONS) {
        let message =
            format!("there are {} expectations; {} is the most", expectations.len(), limits::EXPECTATIONS);
        faults.add(beyond.place.error(message).label("one too many"));
    }
}

struct Binder<'a> {
    origin: &'a Name,
    ground: &'a Ground,
    faults: &'a Faults,
}

impl Binder<'_> {
    fn bind(&self, spec: &Written<ExpectSpec>) -> Parsed<Placed> {
        let name = part_of(&spec.name).and_then(|name| self.name(name));
        let client = self.client(spec);
        let down = self.down(&spec.down);
        let rtype = spec.rtype;
        let demands = self.demands(spec, rtype.unwrap_or(rtype::A));
        if !spec.whole {
            return Err(Broken);
        }
        let (outages, down) = down?;
        let (demands, demand_places) =
            demands?.into_iter().map(|demand| (demand.value, demand.place)).unzip();
        let asked = Asked { name: name?, rtype: rtype?, client: client? };
        let expectation = Expectation { asked, outages, down, at: spec.at?, demands };
        Ok(Placed { expectation, place: spec.place.clone(), demand_places })
    }

    fn name(&self, name: &Written<String>) -> Parsed<Name> {
        Name::parse(name.as_bytes(), Some(self.origin)).map_err(|error| {
            let message = format!("{} is no domain name: {error}", quote(name));
            self.faults.add(name.place.error(message).label("not a name"));
            Broken
        })
    }

    /// Who asks. A scope is told to queries with a client subnet only: where one is expected, the query carries the whole
    /// address.
    fn client(&self, spec: &Written<ExpectSpec>) -> Parsed<Client> {
        let (client, subnet) = (part_of(&spec.client)?, part_of(&spec.subnet)?);
        let is_of_scope = |demand: &Parsed<Written<DemandSpec>>| {
            let demand = demand.as_ref().map(|demand| &demand.value);
            matches!(demand, Ok(DemandSpec::ScopeAtLeast(_) | DemandSpec::ScopeAtMost(_)))
        };
        let whole = |address: IpAddr| Prefix { address, length: Family::of(address).bits() };
        match (client, subnet) {
            (Some(client), None) if spec.demands.iter().any(is_of_scope) => {
                Ok(Client { transport: client.value, subnet: Some(whole(client.value)) })
            }
            (Some(client), None) => Ok(Client { transport: client.value, subnet: None }),
            (client, Some(subnet)) => {
                let transport = client.as_ref().map_or(subnet.value.address, |client| client.value);
                Ok(Client { transport, subnet: Some(subnet.value) })
            }
            (None, None) => {
                let fault = spec.place.error("`[[expect]]` lacks the key `client`").label("who asks?");
                self.faults.add(fault.help("add `client = \"192.0.2.1\"` or `subnet = \"192.0.2.0/24\"`"));
                Err(Broken)
            }
        }
    }

    fn down(&self, written: &Items<String>) -> Parsed<(Vec<Outage>, Vec<TargetId>)> {
        let bound: Vec<Parsed<(Outage, Vec<TargetId>)>> =
            written.iter().map(|item| part_of(item).and_then(|text| self.outage(text))).collect();
        let (outages, targets): (Vec<_>, Vec<_>) =
            bound.into_iter().collect::<Parsed<Vec<_>>>()?.into_iter().unzip();
        Ok((outages, targets.concat()))
    }

    fn outage(&self, text: &Written<String>) -> Parsed<(Outage, Vec<TargetId>)> {
        let outage = text.parse::<Outage>().map_err(|error| self.report(text, &error))?;
        // A pool may be missing because its file cannot be read: the register knows.
        if let Outage::Member { pool, .. } | Outage::Pool(pool) = &outage {
            let pool = Written { value: pool.clone(), place: text.place.clone() };
            self.ground.pools.names.look_up(&pool, self.faults)?;
        }
        let targets = outage.targets(&self.ground.pools.list, &self.ground.sites.list);
        Ok((outage, targets.map_err(|error| self.report(text, &error))?))
    }

    fn report(&self, text: &Written<String>, error: &OutageError) -> Broken {
        let fault = text.place.error(format!("{} cannot be down: {error}", quote(text)));
        let help = match error {
            OutageError::Unknown { name, known, .. } => did_you_mean(name, known.iter().map(String::as_str)),
            OutageError::Form | OutageError::Unmonitored => None,
        };
        self.faults.add(crate::fault::Fault { help, ..fault.label("not understood") });
        Broken
    }

    fn demands(&self, spec: &Written<ExpectSpec>, rtype: u16) -> Parsed<Vec<Written<Demand>>> {
        if spec.demands.is_empty() {
            let fault = spec.place.error("`[[expect]]` expects nothing").label("what must hold?");
            self.faults.add(
                fault.help("add `one_of`, `sites`, `pools`, `rcode`, `ttl_at_most`, `scope_at_least` …"),
            );
            return Err(Broken);
        }
        let bind = |written: &Parsed<Written<DemandSpec>>| {
            let written = part_of(written)?;
            Ok(Written { value: self.demand(&written.value, rtype)?, place: written.place.clone() })
        };
        let demands: Vec<Parsed<Written<Demand>>> = spec.demands.iter().map(bind).collect();
        demands.into_iter().collect()
    }

    fn demand(&self, spec: &DemandSpec, rtype: u16) -> Parsed<Demand> {
        Ok(match spec {
            DemandSpec::OneOf(items) => {
                let wanted: Vec<Parsed<Wanted>> =
                    items.iter().map(|item| self.wanted(part_of(item)?, rtype)).collect();
                Demand::OneOf(wanted.into_iter().collect::<Parsed<_>>()?)
            }
            DemandSpec::Sites(items) => Demand::Sites(known(items, |name| {
                self.ground.sites.names.look_up(name, self.faults).map(|_| ())
            })?),
            DemandSpec::Pools(items) => Demand::Pools(known(items, |name| {
                self.ground.pools.names.look_up(name, self.faults).map(|_| ())
            })?),
            DemandSpec::Rcode(rcode) => Demand::Rcode(*rcode),
            DemandSpec::TtlAtMost(seconds) => Demand::TtlAtMost(*seconds),
            DemandSpec::TtlAtLeast(seconds) => Demand::TtlAtLeast(*seconds),
            DemandSpec::ScopeAtMost(length) => Demand::ScopeAtMost(*length),
            DemandSpec::ScopeAtLeast(length) => Demand::ScopeAtLeast(*length),
        })
    }

    /// An address, a member as `POOL/MEMBER`, or data of another type.
    fn wanted(&self, text: &Written<String>, rtype: u16) -> Parsed<Wanted> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Wanted::Address(address));
        }
        let is_address = Family::BOTH.iter().any(|family| family.rtype() == rtype);
        let pools = &self.ground.pools;
        let member = text
            .split_once('/')
            .filter(|(pool, _)| is_address || pools.list.iter().any(|known| known.name == *pool));
        match member {
            Some((pool, member)) => self.member(text, pool, member),
            None if is_address => {
                let fault = text.place.error(format!("{} is no address and no member", quote(text)));
                self.faults.add(fault.label("not understood").help("write an address or `POOL/MEMBER`"));
                Err(Broken)
            }
            None => Ok(Wanted::Data(text.value.clone())),
        }
    }

    fn member(&self, text: &Written<String>, pool: &str, member: &str) -> Parsed<Wanted> {
        let name = Written { value: pool.to_owned(), place: text.place.clone() };
        let id = *self.ground.pools.names.look_up(&name, self.faults)?;
        let members = self.ground.pools.get(id).members.iter().map(|member| member.name.as_str());
        if members.clone().any(|known| known == member) {
            return Ok(Wanted::Member { pool: pool.to_owned(), member: member.to_owned() });
        }
        let message = format!("the pool {} has no member {}", quote(pool), quote(member));
        let help = did_you_mean(member, members);
        self.faults.add(crate::fault::Fault { help, ..text.place.error(message).label("unknown member") });
        Err(Broken)
    }
}

/// The names of a list, all of which must be known.
fn known(items: &Items<String>, find: impl Fn(&Written<String>) -> Parsed<()>) -> Parsed<Vec<String>> {
    let found: Vec<Parsed<()>> = items.iter().map(|item| part_of(item).and_then(&find)).collect();
    found.into_iter().collect::<Parsed<Vec<()>>>()?;
    Ok(sound(items.clone()).into_iter().map(|item| item.value).collect())
}
