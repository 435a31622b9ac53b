//! Socket addresses as the kernel takes and gives them.

use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::packet_info::PacketInfo;

/// Where a datagram came from and which of our addresses it was sent to, in the kernel's own form: all that an answer needs
/// which is sent later than its batch.
#[derive(Clone, Copy)]
pub(in crate::server) struct Origin {
    pub(super) name: Name,
    pub(super) info: PacketInfo,
    /// Octets of `info` that are to be sent; 0 lets the kernel choose our address.
    pub(super) info_length: usize,
}

impl Origin {
    /// Of a datagram that came from `source` to our address `asked`.
    #[cfg(feature = "bypass")]
    pub(in crate::server) fn new(source: SocketAddr, asked: IpAddr) -> Origin {
        let (info, info_length) = PacketInfo::of(asked, 0);
        Origin { name: Name::from(source), info, info_length }
    }

    /// The sender.
    pub(in crate::server) fn source(&self) -> SocketAddr {
        self.name.address()
    }

    /// For a message that answers nothing.
    #[cfg(test)]
    pub(in crate::server) fn to(source: SocketAddr) -> Origin {
        Origin { name: Name::from(source), info: PacketInfo::default(), info_length: 0 }
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

    fn family(&self) -> libc::c_int {
        // SAFETY: every bit pattern is a valid number, and the family stands first in both members.
        libc::c_int::from(unsafe { self.family })
    }

    /// The length of the member that is in use.
    pub(super) fn length(&self) -> libc::socklen_t {
        let length = match self.family() {
            libc::AF_INET => size_of::<libc::sockaddr_in>(),
            _ => size_of::<libc::sockaddr_in6>(),
        };
        length as libc::socklen_t
    }

    pub(super) fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const *self).cast()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut *self).cast()
    }

    /// The IP address, of IPv6 unless the family is that of IPv4.
    #[inline]
    pub(super) fn ip(&self) -> IpAddr {
        // SAFETY: both members are plain numbers, valid in every bit pattern; the family tells which one was written.
        unsafe {
            match self.family() {
                libc::AF_INET => from_in_addr(self.v4.sin_addr).into(),
                _ => Ipv6Addr::from(self.v6.sin6_addr.s6_addr).into(),
            }
        }
    }

    /// The port, which has the same place in both members.
    #[inline]
    pub(super) fn port(&self) -> u16 {
        const {
            assert!(offset_of!(libc::sockaddr_in, sin_port) == offset_of!(libc::sockaddr_in6, sin6_port));
        };
        // SAFETY: as above.
        u16::from_be(unsafe { self.v4.sin_port })
    }

    /// The address, of IPv6 unless the family is that of IPv4.
    pub(super) fn address(&self) -> SocketAddr {
        match self.ip() {
            IpAddr::V4(ip) => SocketAddrV4::new(ip, self.port()).into(),
            // SAFETY: as above.
            IpAddr::V6(ip) => SocketAddrV6::new(ip, self.port(), 0, unsafe { self.v6.sin6_scope_id }).into(),
        }
    }

    /// The address; `None` when the kernel wrote none of a family that we listen on.
    pub(super) fn to_address(self) -> Option<SocketAddr> {
        matches!(self.family(), libc::AF_INET | libc::AF_INET6).then(|| self.address())
    }
}

pub(super) fn to_in_addr(address: Ipv4Addr) -> libc::in_addr {
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
}
