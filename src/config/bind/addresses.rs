//! Addresses of members: one of each family, and none that no client could reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::spec::MemberSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::health::METADATA_ADDRESSES;
use crate::wire::Family;

/// The addresses of a member, as far as it has them; indexed by `Family::index`.
pub(super) fn by_family<'a>(
    member: &'a MemberSpec,
    faults: &Faults,
) -> Parsed<[Option<&'a Written<IpAddr>>; 2]> {
    let mut broken = member.all_addresses.is_err();
    for address in &member.addresses {
        broken |= check(address, faults).is_err();
    }
    let of = |family| member.addresses.iter().filter(move |address| Family::of(address.value) == family);
    for family in Family::BOTH {
        if let Some(second) = of(family).nth(1) {
            let member = member.name.as_ref().map(|name| format!("the member {}", quote(name)));
            let message =
                format!("{} has two {family} addresses", member.as_deref().unwrap_or("this member"));
            let help = "a member has at most one address of each family: make it two members";
            faults.add(second.place.error(message).label("the second one").help(help));
            broken = true;
        }
    }
    if broken { Err(Broken) } else { Ok(Family::BOTH.map(|family| of(family).next())) }
}

/// The address, if it is one of IPv4.
pub(super) fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

/// The address, if it is one of IPv6.
pub(super) fn ipv6(address: IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address),
    }
}

/// Refuses an address that no client could reach, or that nobody may be made to probe.
pub(super) fn check(address: &Written<IpAddr>, faults: &Faults) -> Parsed<()> {
    let Some((what, help)) = unreachable(address.value) else { return Ok(()) };
    let mut fault = address.place.error(format!("{} is {what}", quote(&address.to_string())));
    fault.help = help;
    faults.add(fault.label("not a backend"));
    Err(Broken)
}

/// Why no client could reach an address, or why nobody may be made to probe it.
fn unreachable(address: IpAddr) -> Option<(&'static str, Option<String>)> {
    if METADATA_ADDRESSES.contains(&address) {
        return Some(("the address of cloud metadata, which is never probed", None));
    }
    match address {
        _ if address.is_unspecified() => Some(("the unspecified address", None)),
        _ if address.is_multicast() => Some(("a multicast address", None)),
        IpAddr::V4(v4) if v4.is_broadcast() => Some(("the broadcast address", None)),
        IpAddr::V4(v4) if v4.is_link_local() => {
            Some(("a link-local address, which no client can reach", None))
        }
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Some(("a link-local address, which no client can reach", None))
        }
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map(|v4| {
            let help = format!("write `\"{v4}\"`");
            ("an IPv4 address written as IPv6", Some(help))
        }),
        IpAddr::V4(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_client_could_reach_are_refused() {
        for address in [
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "169.254.1.1",
            "169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:192.0.2.1",
        ] {
            assert!(unreachable(address.parse().unwrap()).is_some(), "{address}");
        }
        for address in ["192.0.2.1", "10.0.0.1", "127.0.0.1", "2001:db8::1", "fd00::1", "::1"] {
            assert!(unreachable(address.parse().unwrap()).is_none(), "{address}");
        }
    }
}
