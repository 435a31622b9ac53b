//! Targets: one for each (monitor content, address), however many members and pools use it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use crate::config::limits;
use crate::config::text::{Broken, Faults, Parsed, Written};
use crate::health::{TargetId, TargetKey};
use crate::snapshot::{Monitored, Target};
use crate::steer::{Content, PoolId};

/// All targets so far.
pub(super) struct Targets {
    /// Indexed by `TargetId`.
    pub(super) list: Vec<Target>,
    by_key: HashMap<TargetKey, TargetId>,
    /// Who uses which: a target may be that of ten thousand pools.
    used: HashSet<(TargetId, (PoolId, Content))>,
    /// The server's own metrics: a probe there would count itself.
    own_address: Option<SocketAddr>,
}

impl Targets {
    /// None yet.
    pub(super) fn new(own_address: Option<SocketAddr>) -> Targets {
        Targets { list: Vec::new(), by_key: HashMap::new(), used: HashSet::new(), own_address }
    }

    /// The target of `address` under a monitor; what depends on it from now on are these answers of a pool.
    pub(super) fn add(
        &mut self,
        address: &Written<IpAddr>,
        monitor: (usize, &Monitored),
        (pool, contents): (PoolId, &[Content]),
        faults: &Faults,
    ) -> Parsed<TargetId> {
        let (index, Monitored { monitor, .. }) = monitor;
        if self.own_address == Some(SocketAddr::new(address.value, monitor.port)) {
            let fault = address.place.error("this is the address where the server shows its metrics");
            faults
                .add(fault.label("not a backend").help("probe the backend, or move `metrics` of `[admin]`"));
            return Err(Broken);
        }
        let key = TargetKey { monitor: monitor.digest(), address: address.value };
        let id = self.intern(key, index, address, faults)?;
        contents.iter().for_each(|&content| self.add_user(id, (pool, content)));
        Ok(id)
    }

    /// Says that these answers depend on a target.
    pub(super) fn add_user(&mut self, id: TargetId, user: (PoolId, Content)) {
        if self.used.insert((id, user)) {
            self.list[id.0 as usize].users.push(user);
        }
    }

    fn intern(
        &mut self,
        key: TargetKey,
        monitor: usize,
        address: &Written<IpAddr>,
        faults: &Faults,
    ) -> Parsed<TargetId> {
        match self.by_key.entry(key) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(_) if self.list.len() == limits::TARGETS => {
                faults.add(address.place.error(format!("there are more than {} targets", limits::TARGETS)));
                Err(Broken)
            }
            Entry::Vacant(vacant) => {
                self.list.push(Target { key, monitor, users: Vec::new() });
                Ok(*vacant.insert(TargetId((self.list.len() - 1) as u32)))
            }
        }
    }
}
