//! Socket addresses and packet information as the kernel takes and gives them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for the larger of the two kinds of packet information.
const CONTROL_SPACE: usize =
    // SAFETY: computes a length, touches no memory.
    unsafe { libc::CMSG_SPACE(size_of::<libc::in6_pktinfo>() as libc::c_uint) } as usize;

/// Where a datagram came from and which of our addresses it was sent to: all that its reply needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Origin {
    /// The sender.
    pub(in crate::server) source: SocketAddr,
    /// The address that was asked; the reply leaves from it. `None` lets the kernel choose.
    pub(super) local: Option<Local>,
}

impl Origin {
    /// Of a datagram that came from `source` to our address `asked` by the interface of that number.
    #[cfg(feature = "bypass")]
    pub(in crate::server) fn new(source: SocketAddr, asked: IpAddr, interface: u32) -> Origin {
        Origin { source, local: Local::new(asked, interface) }
    }

    /// For a message that answers nothing.
    #[cfg(test)]
    pub(in crate::server) fn to(source: SocketAddr) -> Origin {
        Origin { source, local: None }
    }
}

/// One of our own addresses, as packet information names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    address: IpAddr,
    /// The interface that the reply must leave by; 0 lets the routing table choose.
    interface: u32,
}

impl Local {
    /// `None` for an address that cannot be a source (multicast). The interface is kept only where the address means
    /// nothing without it (link-local); elsewhere an asymmetric route must be free to take another one.
    fn new(address: IpAddr, interface: u32) -> Option<Local> {
        let link_local = match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let interface = if link_local { interface } else { 0 };
        (!address.is_multicast()).then_some(Local { address, interface })
    }
}

/// A socket address in the kernel's form: `sockaddr_in` or `sockaddr_in6`, the second one being the larger.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union Name {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl Default for Name {
    fn default() -> Name {
        // SAFETY: all zeros are valid in every member.
        unsafe { std::mem::zeroed() }
    }
}

impl From<SocketAddr> for Name {
    fn from(address: SocketAddr) -> Name {
        let mut name = Name::default();
        match address {
            SocketAddr::V4(address) => {
                name.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: to_in_addr(*address.ip()),
                    sin_zero: [0; 8],
                }
            }
            SocketAddr::V6(address) => {
                name.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: 0,
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                }
            }
        }
        name
    }
}

impl Name {
    /// The room that the kernel may write to.
    pub(super) const CAPACITY: libc::socklen_t = size_of::<Name>() as libc::socklen_t;

    /// The length of the member that is in use.
    pub(super) fn length(&self) -> libc::socklen_t {
        // SAFETY: every bit pattern is a valid number, and the family stands first in both members.
        let family = libc::c_int::from(unsafe { self.family });
        let length = if family == libc::AF_INET {
            size_of::<libc::sockaddr_in>()
        } else {
            size_of::<libc::sockaddr_in6>()
        };
        length as libc::socklen_t
    }

    pub(super) fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const *self).cast()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut *self).cast()
    }

    /// The address; `None` when the kernel wrote none of a family that we listen on.
    pub(super) fn to_address(self) -> Option<SocketAddr> {
        // SAFETY: both members are plain numbers, valid in every bit pattern; the family tells which one was written.
        unsafe {
            match libc::c_int::from(self.family) {
                libc::AF_INET => {
                    let ip = from_in_addr(self.v4.sin_addr);
                    Some(SocketAddrV4::new(ip, u16::from_be(self.v4.sin_port)).into())
                }
                libc::AF_INET6 => {
                    let ip = Ipv6Addr::from(self.v6.sin6_addr.s6_addr);
                    let port = u16::from_be(self.v6.sin6_port);
                    Some(SocketAddrV6::new(ip, port, 0, self.v6.sin6_scope_id).into())
                }
                _ => None,
            }
        }
    }
}

/// The ancillary data of one message: exactly one item of packet information.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control([u8; CONTROL_SPACE]);

impl Default for Control {
    fn default() -> Control {
        Control([0; CONTROL_SPACE])
    }
}

impl Control {
    /// The room that the kernel may write to.
    pub(super) const CAPACITY: usize = CONTROL_SPACE;

    pub(super) fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        self.0.as_mut_ptr().cast()
    }

    /// The address that a received message was sent to; `length` is what the kernel says it wrote here.
    pub(super) fn local(&self, length: usize) -> Option<Local> {
        let header = header_of(self.0.as_ptr().cast_mut().cast(), length);
        // SAFETY: CMSG_FIRSTHDR is null unless `length` has room for an item's header, which then stands at the start
        // of the buffer, aligned; behind it the buffer has room for either kind of packet information, and every bit
        // pattern is valid in both. Nothing is written through the pointers.
        unsafe {
            let item = libc::CMSG_FIRSTHDR(&raw const header);
            if item.is_null() {
                return None;
            }
            let data = libc::CMSG_DATA(item);
            match ((*item).cmsg_level, (*item).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info: libc::in_pktinfo = data.cast::<libc::in_pktinfo>().read_unaligned();
                    Local::new(from_in_addr(info.ipi_spec_dst).into(), info.ipi_ifindex as u32)
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info: libc::in6_pktinfo = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    Local::new(Ipv6Addr::from(info.ipi6_addr.s6_addr).into(), info.ipi6_ifindex as u32)
                }
                _ => None,
            }
        }
    }

    /// Writes the packet information that makes a message leave from `local`; returns its length in octets.
    pub(super) fn set_local(&mut self, local: Local) -> usize {
        match local.address {
            IpAddr::V4(address) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: local.interface as libc::c_int,
                    ipi_spec_dst: to_in_addr(address),
                    ipi_addr: to_in_addr(Ipv4Addr::UNSPECIFIED),
                };
                self.write_item(libc::IPPROTO_IP, libc::IP_PKTINFO, info)
            }
            IpAddr::V6(address) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr { s6_addr: address.octets() },
                    ipi6_ifindex: local.interface as _,
                };
                self.write_item(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
            }
        }
    }

    /// Writes one item of ancillary data; returns its length. `T` is one of the two kinds of packet information, for
    /// which there is room.
    fn write_item<T: Copy>(&mut self, level: libc::c_int, kind: libc::c_int, info: T) -> usize {
        const { assert!(size_of::<T>() <= size_of::<libc::in6_pktinfo>()) };
        let header = header_of(self.as_mut_ptr(), Control::CAPACITY);
        // SAFETY: the buffer has `Control::CAPACITY` octets, aligned for an item's header, and the assertion above
        // says that an item with a `T` fits; so the first header is there.
        unsafe {
            let item = libc::CMSG_FIRSTHDR(&raw const header);
            (*item).cmsg_level = level;
            (*item).cmsg_type = kind;
            (*item).cmsg_len = libc::CMSG_LEN(size_of::<T>() as libc::c_uint) as _;
            libc::CMSG_DATA(item).cast::<T>().write_unaligned(info);
            libc::CMSG_SPACE(size_of::<T>() as libc::c_uint) as usize
        }
    }
}

/// A message header that has nothing but a control buffer, as the kernel's macros want one.
fn header_of(control: *mut libc::c_void, length: usize) -> libc::msghdr {
    // SAFETY: all zeros are a valid, empty message header.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_control = control;
    header.msg_controllen = length.min(Control::CAPACITY) as _;
    header
}

/// Has a message leave from `local` by packet information in `control`; without one the message carries none.
pub(super) fn leave_from(header: &mut libc::msghdr, control: &mut Control, local: Option<Local>) {
    header.msg_controllen = local.map_or(0, |local| control.set_local(local)) as _;
    header.msg_control = if local.is_some() { control.as_mut_ptr() } else { std::ptr::null_mut() };
}

fn to_in_addr(address: Ipv4Addr) -> libc::in_addr {
    libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) }
}

pub(super) fn from_in_addr(address: libc::in_addr) -> Ipv4Addr {
    Ipv4Addr::from(address.s_addr.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_way_to_the_kernel_and_back() {
        for text in ["192.0.2.1:53", "[2001:db8::1]:5300", "[fe80::1%7]:53", "0.0.0.0:0"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Name::from(address).to_address(), Some(address));
        }
        assert_eq!(Name::default().to_address(), None);
    }

    #[test]
    fn packet_information_survives_the_way_to_the_kernel_and_back() {
        for (text, interface, kept) in [
            ("192.0.2.1", 7, Some(0)),
            ("169.254.1.1", 7, Some(7)),
            ("2001:db8::1", 7, Some(0)),
            ("fe80::1", 7, Some(7)),
            ("ff02::1", 7, None),
        ] {
            let local = Local::new(text.parse().unwrap(), interface);
            assert_eq!(local.map(|local| local.interface), kept, "{text}");
            let mut control = Control::default();
            let length = local.map_or(0, |local| control.set_local(local));
            assert_eq!(control.local(length), local, "{text}");
            assert_eq!(control.local(length.min(8)), None, "{text}, cut off");
        }
    }
}
