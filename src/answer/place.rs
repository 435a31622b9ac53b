//! Where a client is under a rule's map, by which of its addresses, and whose network decides.

use std::net::IpAddr;

use super::Client;
use crate::geo::{self, ClassId, Placement};
use crate::snapshot::{Map, Snapshot};
use crate::steer::{HashPrefix, Slot};

/// Class and scope of a client under a rule's map (semantics §7). Without a map there is one class, for everyone.
pub fn place(snapshot: &Snapshot, map: Option<u32>, client: Client<'_>) -> Placement {
    if let Some((class, scope)) = place_at_a_glance(snapshot, map, client) {
        return Placement { class, scope, special: false };
    }
    map.map_or(EVERYONE, |index| place_apart(&snapshot.configuration.maps[index as usize], client))
}

/// Where everyone is without a map.
const EVERYONE: Placement = Placement { class: ClassId(0), scope: 0, special: false };

/// Class and scope as [`place`] gives them, where one look into a table says them: for nearly every client.
#[inline(always)]
pub(super) fn place_at_a_glance(
    snapshot: &Snapshot,
    map: Option<u32>,
    client: Client<'_>,
) -> Option<(ClassId, u8)> {
    let Some(index) = map else { return Some((EVERYONE.class, EVERYONE.scope)) };
    let map = &snapshot.configuration.maps[index as usize];
    match client.subnet {
        Some(subnet) if map.ecs => map.table.place_at_a_glance(subnet),
        _ => map.table.place_at_a_glance(client.transport).map(|(class, _)| (class, 0)),
    }
}

/// Where a client is that a glance does not place. A special-purpose block says nothing of where the client of a client subnet
/// is, only for whom the answer holds.
#[cold]
fn place_apart(map: &Map, client: Client<'_>) -> Placement {
    let by_transport = |scope| Placement { scope, ..map.table.place(client.transport) };
    let Some(subnet) = client.subnet.filter(|_| map.ecs) else { return by_transport(0) };
    let placement = map.table.place(subnet);
    if placement.special { by_transport(placement.scope) } else { placement }
}

/// The address that decides, and for whom an answer holds that depends on its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decisive<'c> {
    /// The client subnet's address, or the transport address.
    pub address: &'c IpAddr,
    /// Where the address comes from.
    pub told: Told,
}

/// What a query tells of its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The address is the client subnet's: the answer holds for its network, as far as that reaches into no special-purpose
    /// block and no tunnel, which a prefix of this length does not.
    Subnet(u8),
    /// The client subnet lies in a special-purpose block of this length, for all of which the transport address decides.
    SpecialBlock(u8),
    /// No client subnet, or it does not count: nobody is told a scope.
    Nothing,
}

impl Decisive<'_> {
    /// The slot of the client's network.
    pub fn slot(&self, prefix: HashPrefix) -> Slot {
        Slot::of(*self.address, prefix)
    }

    /// The length of the prefix for which an answer holds that depends on a network of these lengths.
    pub fn scope(&self, prefix: HashPrefix) -> u8 {
        match self.told {
            Told::Subnet(clear) => prefix.length_for(*self.address).max(clear),
            Told::SpecialBlock(length) => length,
            Told::Nothing => 0,
        }
    }
}

/// The address whose network decides, under a rule's map or without one: the same as in [`place`].
#[cold]
pub fn decisive<'c>(snapshot: &Snapshot, map: Option<u32>, client: Client<'c>) -> Decisive<'c> {
    let map = map.map(|index| &snapshot.configuration.maps[index as usize]);
    let transport = |told| Decisive { address: client.transport, told };
    let Some(subnet) = client.subnet.filter(|_| map.is_none_or(|map| map.ecs)) else {
        return transport(Told::Nothing);
    };
    let (special, clear) = match map {
        Some(map) => {
            let place = Some(map.table.place(subnet)).filter(|place| place.special);
            (place.map(|place| place.scope), map.table.scope_of_several_classes(*subnet))
        }
        None => (geo::special_block_length(*subnet), geo::clear_length(*subnet)),
    };
    special.map_or(Decisive { address: subnet, told: Told::Subnet(clear) }, |length| {
        transport(Told::SpecialBlock(length))
    })
}
