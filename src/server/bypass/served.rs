//! Which addresses are answered past the kernel at an interface, and whose packets are not answered.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::server::socket::InterfaceAddress;

/// The name of the interface whose addresses are routed to a machine as a whole: where anycast addresses stand.
const LOOPBACK: &str = "lo";

/// The addresses that are answered at `interface`: those of `listen` that stand on it or, as anycast addresses do, on the
/// loopback interface. A wildcard stands for all of these. Those that come later, those of other interfaces (a VLAN's
/// frames may come without their tag), link-local ones and loopback itself are the kernel's business.
pub(super) fn at_interface(
    interface: &str,
    listen: &[SocketAddr],
    machine: &[InterfaceAddress],
) -> Vec<SocketAddr> {
    let here = machine.iter().filter(|address| [interface, LOOPBACK].contains(&address.interface.as_str()));
    let here: Vec<IpAddr> = here.map(|address| address.address).filter(is_routed).collect();
    let mut served: Vec<SocketAddr> = listen
        .iter()
        .flat_map(|listen| {
            let matches = move |ip: &&IpAddr| {
                **ip == listen.ip() || listen.ip().is_unspecified() && ip.is_ipv4() == listen.is_ipv4()
            };
            here.iter().filter(matches).map(move |&ip| SocketAddr::new(ip, listen.port()))
        })
        .collect();
    served.sort_unstable();
    served.dedup();
    served
}

fn is_routed(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local() && !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local() && !ip.is_unspecified(),
    }
}

/// Sources of which the kernel would take no packet from outside (RFC 1812 §5.3.7): no honest query has them, and an
/// answer would go to many or to ourselves.
pub(super) struct Impossible {
    // Our own addresses and the broadcast addresses of our networks, as numbers, sorted.
    ipv4: Box<[u32]>,
    ipv6: Box<[u128]>,
}

impl Impossible {
    /// Those of this machine at this moment.
    pub(super) fn new(machine: &[InterfaceAddress]) -> Impossible {
        let broadcast = machine.iter().filter_map(|address| address.broadcast.map(IpAddr::V4));
        let all = machine.iter().map(|address| address.address).chain(broadcast);
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        all.for_each(|ip| match ip {
            IpAddr::V4(ip) => ipv4.push(ip.to_bits()),
            IpAddr::V6(ip) => ipv6.push(ip.to_bits()),
        });
        ipv4.sort_unstable();
        ipv6.sort_unstable();
        Impossible { ipv4: ipv4.into(), ipv6: ipv6.into() }
    }

    /// Whether a packet cannot have come from there.
    #[inline]
    pub(super) fn contain(&self, source: IpAddr) -> bool {
        match source {
            IpAddr::V4(ip) => {
                let is_special =
                    ip.octets()[0] == 0 || ip.is_loopback() || ip.is_multicast() || ip == Ipv4Addr::BROADCAST;
                is_special || self.ipv4.binary_search(&ip.to_bits()).is_ok()
            }
            IpAddr::V6(ip) => {
                let is_special = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast();
                is_special || self.ipv6.binary_search(&ip.to_bits()).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<InterfaceAddress> {
        [
            ("lo", "127.0.0.1", None),
            ("lo", "192.0.2.53", None),
            ("eth0", "198.51.100.1", Some("198.51.100.255")),
            ("eth0", "2001:db8::1", None),
            ("eth0", "fe80::1", None),
            ("eth0.10", "203.0.113.1", Some("203.0.113.255")),
        ]
        .map(|(interface, address, broadcast)| InterfaceAddress {
            interface: interface.into(),
            address: address.parse().unwrap(),
            broadcast: broadcast.map(|text| text.parse().unwrap()),
        })
        .into()
    }

    #[test]
    fn served_are_the_listeners_addresses_that_stand_here() {
        for (listen, expected) in [
            (&["198.51.100.1:53", "203.0.113.1:53"][..], &["198.51.100.1:53"][..]),
            (&["0.0.0.0:53"], &["192.0.2.53:53", "198.51.100.1:53"]),
            (&["[::]:53", "[2001:db8::1]:53"], &["[2001:db8::1]:53"]),
            (&["[::]:53", "[2001:db8::1]:5353"], &["[2001:db8::1]:53", "[2001:db8::1]:5353"]),
            (&["192.0.2.53:5300", "127.0.0.1:53"], &["192.0.2.53:5300"]),
            (&["[fe80::1]:53", "127.0.0.1:53"], &[]),
        ] {
            let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
            let served = at_interface("eth0", &listen, &machine());
            let served: Vec<String> = served.iter().map(ToString::to_string).collect();
            assert_eq!(served, expected, "{listen:?}");
        }
    }

    #[test]
    fn sources_that_no_packet_from_outside_has() {
        let impossible = Impossible::new(&machine());
        for (source, expected) in [
            ("198.51.100.2", false),
            ("240.0.0.1", false),
            ("2001:db8::2", false),
            ("fe80::2", false),
            ("198.51.100.1", true),
            ("198.51.100.255", true),
            ("203.0.113.1", true),
            ("255.255.255.255", true),
            ("224.0.0.1", true),
            ("127.0.0.9", true),
            ("0.0.0.0", true),
            ("0.1.2.3", true),
            ("2001:db8::1", true),
            ("::", true),
            ("::1", true),
            ("ff02::1", true),
        ] {
            assert_eq!(impossible.contain(source.parse().unwrap()), expected, "{source}");
        }
    }
}
