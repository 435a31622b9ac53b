//! Our own listening addresses, from which no query can honestly come: answering one would be talking to ourselves.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};

use super::socket::interface_addresses;

/// The addresses and ports that our own sockets answer from.
pub(super) struct OwnAddresses {
    /// The highest port: nearly every source is ruled out by it.
    highest: u16,
    exact: HashSet<(IpAddr, u16)>,
    wildcard: HashSet<u16>,
}

impl OwnAddresses {
    /// Those of these listeners; a wildcard stands for every address that the machine has now, and for loopback.
    pub(super) fn of(listen: &[SocketAddr]) -> OwnAddresses {
        let interfaces = interface_addresses().unwrap_or_else(|error| {
            tracing::warn!(%error, "the addresses of this machine are unknown: wildcard listeners know only loopback as their own");
            Vec::new()
        });
        let interfaces: Vec<IpAddr> = interfaces.into_iter().map(|interface| interface.address).collect();
        OwnAddresses::with_interfaces(listen, &interfaces)
    }

    fn with_interfaces(listen: &[SocketAddr], interfaces: &[IpAddr]) -> OwnAddresses {
        let highest = listen.iter().map(SocketAddr::port).max().unwrap_or(0);
        let (exact, wildcard) = Default::default();
        let mut own = OwnAddresses { highest, exact, wildcard };
        for address in listen {
            let (ip, port) = (address.ip(), address.port());
            own.exact.insert((ip, port));
            if ip.is_unspecified() {
                own.wildcard.insert(port);
                let same_family = interfaces.iter().filter(|other| other.is_ipv4() == ip.is_ipv4());
                own.exact.extend(same_family.map(|&ip| (ip, port)));
            }
        }
        own
    }

    /// Whether a source with this port need not be looked at any closer: the port is neither ours nor 0. The ports that
    /// clients ask from are above those that nameservers listen on.
    #[inline(always)]
    pub(super) fn rule_out(&self, port: u16) -> bool {
        port > self.highest
    }

    /// Whether a packet from there would come from ourselves.
    pub(super) fn contain(&self, ip: IpAddr, port: u16) -> bool {
        self.exact.contains(&(ip, port)) || ip.is_loopback() && self.wildcard.contains(&port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_our_own_only_with_address_and_port() {
        let listen = ["192.0.2.1:53", "0.0.0.0:5300", "[::1]:53"].map(|text| text.parse().unwrap());
        let interfaces = ["198.51.100.7", "2001:db8::7"].map(|text| text.parse().unwrap());
        let own = OwnAddresses::with_interfaces(&listen, &interfaces);
        for (source, expected) in [
            ("192.0.2.1:53", true),
            ("192.0.2.1:54", false),
            ("192.0.2.1:52", false),
            ("192.0.2.1:5301", false),
            ("192.0.2.2:53", false),
            ("[::1]:53", true),
            ("198.51.100.7:5300", true),
            ("198.51.100.7:53", false),
            ("127.0.0.9:5300", true),
            ("127.0.0.9:53", false),
            ("[2001:db8::7]:5300", false),
        ] {
            let source: SocketAddr = source.parse().unwrap();
            assert_eq!(own.contain(source.ip(), source.port()), expected, "{source}");
            assert!(!expected || !own.rule_out(source.port()), "{source}");
        }
        let nobody = OwnAddresses::with_interfaces(&[], &interfaces);
        assert!(!nobody.contain(interfaces[0], 53) && !nobody.rule_out(0));
    }
}
