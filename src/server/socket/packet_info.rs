//! Packet information: which of our addresses a datagram was sent to, made fit to be sent back with its answer.

#[cfg(any(test, feature = "bypass"))]
use std::net::IpAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::address::from_in_addr;
#[cfg(any(test, feature = "bypass"))]
use super::address::to_in_addr;

/// The ancillary data of one message: one item of packet information, of whichever family.
///
/// What the kernel writes here with a query is, but for the interface, what it wants to read here with the answer: the same
/// item, at the same place, of the same length.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct PacketInfo {
    item: libc::cmsghdr,
    data: Data,
}

#[derive(Clone, Copy)]
#[repr(C)]
union Data {
    v4: libc::in_pktinfo,
    v6: libc::in6_pktinfo,
}

/// Octets of an item with these data, as its own header counts them.
const fn item_length<T>() -> usize {
    // SAFETY: computes a length, touches no memory.
    unsafe { libc::CMSG_LEN(size_of::<T>() as libc::c_uint) as usize }
}

/// Octets of an item with these data and the padding behind it, as a message header counts them.
const fn space<T>() -> usize {
    // SAFETY: computes a length, touches no memory.
    unsafe { libc::CMSG_SPACE(size_of::<T>() as libc::c_uint) as usize }
}

const _: () = assert!(
    std::mem::offset_of!(PacketInfo, data) == item_length::<()>()
        && size_of::<PacketInfo>() == space::<libc::in6_pktinfo>(),
    "data stand where the kernel puts them, and there is room for either family"
);

impl Default for PacketInfo {
    fn default() -> PacketInfo {
        // SAFETY: all zeros are valid in every member.
        unsafe { std::mem::zeroed() }
    }
}

impl PacketInfo {
    /// The room that the kernel may write to.
    pub(super) const CAPACITY: usize = size_of::<PacketInfo>();

    /// As the kernel writes it with a query to `address` that came in by `interface` (0: any); with its octets.
    #[cfg(any(test, feature = "bypass"))]
    pub(super) fn of(address: IpAddr, interface: u32) -> (PacketInfo, usize) {
        let mut info = PacketInfo::default();
        match address {
            IpAddr::V4(address) => {
                info.item.cmsg_level = libc::IPPROTO_IP;
                info.item.cmsg_type = libc::IP_PKTINFO;
                info.item.cmsg_len = item_length::<libc::in_pktinfo>() as _;
                info.data.v4 = libc::in_pktinfo {
                    ipi_ifindex: interface as libc::c_int,
                    ipi_spec_dst: to_in_addr(address),
                    ipi_addr: to_in_addr(address),
                };
                (info, space::<libc::in_pktinfo>())
            }
            IpAddr::V6(address) => {
                info.item.cmsg_level = libc::IPPROTO_IPV6;
                info.item.cmsg_type = libc::IPV6_PKTINFO;
                info.item.cmsg_len = item_length::<libc::in6_pktinfo>() as _;
                let ipi6_addr = libc::in6_addr { s6_addr: address.octets() };
                info.data.v6 = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: interface as _ };
                (info, space::<libc::in6_pktinfo>())
            }
        }
    }

    /// Turns what was received with a query into what its answer is sent with, so that it leaves from the address that was
    /// asked. `received` is how many octets the kernel says that it wrote here; returns how many are to be sent: 0 where
    /// there is no packet information or its address can be no source, and the kernel is to choose one.
    ///
    /// Doing it twice changes nothing.
    #[inline]
    pub(super) fn turn_round(&mut self, received: usize) -> usize {
        if received == 0 {
            return 0;
        }
        let length: usize = self.item.cmsg_len as _;
        if length > received {
            return 0;
        }
        match (self.item.cmsg_level, self.item.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) if length == item_length::<libc::in_pktinfo>() => {
                // SAFETY: plain numbers, valid in every bit pattern; the item's type says which were written.
                let info = unsafe { &mut self.data.v4 };
                let address = from_in_addr(info.ipi_spec_dst);
                if !address.is_link_local() {
                    info.ipi_ifindex = 0;
                }
                if can_be_source_v4(address) { space::<libc::in_pktinfo>() } else { 0 }
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) if length == item_length::<libc::in6_pktinfo>() => {
                // SAFETY: as above.
                let info = unsafe { &mut self.data.v6 };
                let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                if !address.is_unicast_link_local() {
                    info.ipi6_ifindex = 0;
                }
                if address.is_multicast() { 0 } else { space::<libc::in6_pktinfo>() }
            }
            _ => 0,
        }
    }
}

fn can_be_source_v4(address: Ipv4Addr) -> bool {
    !address.is_multicast() && !address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address that the answer leaves from, and the interface.
    fn sent(info: &PacketInfo) -> (IpAddr, u32) {
        // SAFETY: plain numbers; the level says which were written.
        unsafe {
            match info.item.cmsg_level {
                libc::IPPROTO_IP => {
                    (from_in_addr(info.data.v4.ipi_spec_dst).into(), info.data.v4.ipi_ifindex as u32)
                }
                _ => (IpAddr::from(info.data.v6.ipi6_addr.s6_addr), info.data.v6.ipi6_ifindex as _),
            }
        }
    }

    #[test]
    fn an_answer_leaves_from_the_address_that_was_asked() {
        for (text, interface) in [
            ("192.0.2.1", 0),
            // Elsewhere an asymmetric route must be free to take another interface; here the address needs it.
            ("169.254.1.1", 7),
            ("127.0.0.77", 0),
            ("2001:db8::1", 0),
            ("fe80::1", 7),
            ("::1", 0),
        ] {
            let address: IpAddr = text.parse().unwrap();
            let (mut info, length) = PacketInfo::of(address, 7);
            for _ in 0..2 {
                assert_eq!(info.turn_round(length), length, "{text}");
                assert_eq!(sent(&info), (address, interface), "{text}");
            }
        }
    }

    #[test]
    fn the_kernel_chooses_where_no_address_can_be_named() {
        for text in ["224.0.0.251", "239.1.2.3", "255.255.255.255", "ff02::1"] {
            let (mut info, length) = PacketInfo::of(text.parse().unwrap(), 7);
            assert_eq!(info.turn_round(length), 0, "{text}");
        }
        for text in ["192.0.2.1", "2001:db8::1"] {
            let (info, length) = PacketInfo::of(text.parse().unwrap(), 7);
            let check = |what: &str, length: usize, change: fn(&mut PacketInfo)| {
                let mut info = info;
                change(&mut info);
                assert_eq!(info.turn_round(length), 0, "{text}: {what}");
            };
            check("nothing was received", 0, |_| {});
            check("cut off", length - 8, |_| {});
            check("another level", length, |info| info.item.cmsg_level = libc::SOL_SOCKET);
            check("another type", length, |info| info.item.cmsg_type = libc::SO_TIMESTAMP);
            check("another length", length, |info| info.item.cmsg_len += 4);
        }
    }
}
