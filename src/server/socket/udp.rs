//! UDP sockets as a nameserver needs them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::{Origin, bind, check_length, local_address, open, option};

/// What is asked for each direction: default buffers lose queries at half load (findings.md, "The kernel is the floor").
const BUFFER: libc::c_int = 4 << 20;

/// A bound UDP socket that shares its port with the sockets of the other workers.
pub(in crate::server) struct UdpSocket {
    descriptor: OwnedFd,
    address: SocketAddr,
}

/// The octets of buffer that the kernel granted a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Buffers {
    /// For queries that wait.
    pub(in crate::server) receive: usize,
    /// For answers that wait.
    pub(in crate::server) send: usize,
}

impl Buffers {
    /// Whether the kernel granted less than the server asks for.
    pub(in crate::server) fn are_small(&self) -> bool {
        self.receive.min(self.send) < BUFFER as usize
    }
}

impl UdpSocket {
    /// Binds a socket. Receiving waits at most `receive_timeout`; sending never waits.
    pub(in crate::server) fn bind(address: &SocketAddr, receive_timeout: Duration) -> io::Result<UdpSocket> {
        let descriptor = open(address, libc::SOCK_DGRAM)?;
        option::set(&descriptor, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
        option::set_timeout(&descriptor, libc::SO_RCVTIMEO, receive_timeout)?;
        enlarge(&descriptor, libc::SO_RCVBUFFORCE, libc::SO_RCVBUF)?;
        enlarge(&descriptor, libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)?;
        if needs_packet_information(address.ip()) {
            ask_for_packet_information(&descriptor, address)?;
        }
        let_routers_fragment(&descriptor, address)?;
        bind(&descriptor, address)?;
        let address = local_address(&descriptor)?;
        Ok(UdpSocket { descriptor, address })
    }

    /// The address that it is bound to, with the port that the kernel chose where 0 was asked for.
    pub(in crate::server) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The buffers that the kernel granted (half of what it reports: the rest is its own bookkeeping, socket(7)).
    pub(in crate::server) fn buffers(&self) -> io::Result<Buffers> {
        let granted = |name| -> io::Result<usize> {
            Ok(option::get(&self.descriptor, libc::SOL_SOCKET, name)?.unsigned_abs() as usize / 2)
        };
        Ok(Buffers { receive: granted(libc::SO_RCVBUF)?, send: granted(libc::SO_SNDBUF)? })
    }

    /// Sends one reply from the address that was asked, without waiting.
    pub(in crate::server) fn reply(&self, origin: &Origin, octets: &[u8]) -> io::Result<()> {
        let Origin { mut name, mut info, info_length } = *origin;
        let mut part = libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
        // SAFETY: all zeros are a valid, empty message header.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_name = name.as_mut_ptr().cast();
        header.msg_namelen = name.length();
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut info).cast();
        header.msg_controllen = info_length as _;
        // SAFETY: every pointer in the header leads to a value of this function, good for the length beside it; the
        // kernel only reads them.
        check_length(unsafe { libc::sendmsg(self.as_raw_fd(), &raw const header, libc::MSG_DONTWAIT) })?;
        Ok(())
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

/// Asks for a large buffer: beyond the machine's limit where we are permitted to (CAP_NET_ADMIN), else up to it.
fn enlarge(descriptor: &OwnedFd, force: libc::c_int, within_limit: libc::c_int) -> io::Result<()> {
    option::set(descriptor, libc::SOL_SOCKET, force, BUFFER)
        .or_else(|_| option::set(descriptor, libc::SOL_SOCKET, within_limit, BUFFER))
}

/// Whether a socket bound to this address does not know where its answers leave from: not which address was asked (a
/// wildcard), or not by which interface (IPv4 link-local; for IPv6 the address' scope binds it to one). All others are spared
/// the work that the kernel has with packet information for each query and each answer.
fn needs_packet_information(address: IpAddr) -> bool {
    address.is_unspecified() || matches!(address, IpAddr::V4(address) if address.is_link_local())
}

/// Has each message tell which of our addresses it was sent to.
fn ask_for_packet_information(descriptor: &OwnedFd, address: &SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => option::set(descriptor, libc::IPPROTO_IP, libc::IP_PKTINFO, 1),
        SocketAddr::V6(_) => option::set(descriptor, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1),
    }
}

/// Turns path MTU discovery off (RFC 9715 §3.1, appendix C): answers leave without DF and forged ICMP cannot shrink
/// them. `OMIT` also ignores what the kernel has learnt before; kernels without it know `DONT`.
fn let_routers_fragment(descriptor: &OwnedFd, address: &SocketAddr) -> io::Result<()> {
    let (level, name, omit, dont) = match address {
        SocketAddr::V4(_) => {
            (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT, libc::IP_PMTUDISC_DONT)
        }
        SocketAddr::V6(_) => {
            (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT, libc::IPV6_PMTUDISC_DONT)
        }
    };
    option::set(descriptor, level, name, omit).or_else(|_| option::set(descriptor, level, name, dont))
}
