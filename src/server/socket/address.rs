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

#[cfg(test)]
impl Origin {
    /// For a message that answers nothing.
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
    pub(super) fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        self.0.as_mut_ptr().cast()
    }

    /// The room that the kernel may write to.
    pub(super) const CAPACITY: usize = CONTROL_SPACE;
}

/// The address that a received message was sent to.
pub(super) fn read_local(header: &libc::msghdr) -> Option<Local> {
    // SAFETY: the kernel has filled the control buffer that `header` points to, which its caller keeps alive;
    // CMSG_FIRSTHDR is null unless a whole item header stands in it; the level and type say what follows.
    unsafe {
        let item = libc::CMSG_FIRSTHDR(header).as_ref()?;
        let data = libc::CMSG_DATA(item);
        match (item.cmsg_level, item.cmsg_type) {
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

/// Writes the packet information that makes a message leave from `local`, and its length, into the control buffer
/// that `header` points to; without one the message carries none.
pub(super) fn write_local(header: &mut libc::msghdr, local: Option<Local>) {
    let Some(local) = local else {
        header.msg_control = std::ptr::null_mut();
        header.msg_controllen = 0;
        return;
    };
    match local.address {
        IpAddr::V4(address) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: local.interface as libc::c_int,
                ipi_spec_dst: to_in_addr(address),
                ipi_addr: to_in_addr(Ipv4Addr::UNSPECIFIED),
            };
            write_item(header, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        IpAddr::V6(address) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr { s6_addr: address.octets() },
                ipi6_ifindex: local.interface as _,
            };
            write_item(header, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
    }
}

/// Writes one item of ancillary data. `T` is one of the two kinds of packet information, for which the buffer has
/// room.
fn write_item<T: Copy>(header: &mut libc::msghdr, level: libc::c_int, kind: libc::c_int, info: T) {
    const { assert!(size_of::<T>() <= size_of::<libc::in6_pktinfo>()) };
    header.msg_controllen = Control::CAPACITY as _;
    // SAFETY: the control buffer has `Control::CAPACITY` octets, aligned for an item's header, and the assertion
    // above says that an item with a `T` fits; so the first header is there.
    unsafe {
        let item = libc::CMSG_FIRSTHDR(header);
        (*item).cmsg_level = level;
        (*item).cmsg_type = kind;
        (*item).cmsg_len = libc::CMSG_LEN(size_of::<T>() as libc::c_uint) as _;
        libc::CMSG_DATA(item).cast::<T>().write_unaligned(info);
        header.msg_controllen = libc::CMSG_SPACE(size_of::<T>() as libc::c_uint) as _;
    }
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
            // SAFETY: all zeros are a valid, empty message header.
            let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
            header.msg_control = control.as_mut_ptr();
            write_local(&mut header, local);
            assert_eq!(read_local(&header), local, "{text}");
        }
    }
}
