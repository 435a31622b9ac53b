//! The kernel's side of the server: the only door to `libc` and the only `unsafe` code, behind a safe interface.
//!
//! `unsafe` stands for six things: a system call, whose pointers all lead to values that its function owns or
//! borrows, and the length of what it has read into a buffer (`stream`); the kernel's forms of addresses and packet information (`address`, `packet_info`, `option`), plain numbers
//! that are read and written inside buffers of our own; the memory that message headers point into (`slots`), which its
//! owner neither moves nor shares; the list of interfaces (`interfaces`), read before it is freed; and a word to the
//! allocator (`memory`) or to the C library's threads (`cancellation`). What `xdp` shares with the kernel beside that, it says itself.

#![allow(unsafe_code)]

mod address;
mod batch;
mod cancellation;
mod cpu;
mod interfaces;
mod listener;
mod memory;
mod option;
mod packet_info;
mod poller;
mod readiness;
mod slots;
mod stream;
mod tick;
mod udp;
#[cfg(feature = "bypass")]
pub(super) mod xdp;

pub(super) use address::Origin;
pub(super) use batch::{Batch, Datagram, Sent};
pub use cancellation::forgo_cancellation_windows;
pub(super) use cpu::{allowed_cpus, pin_to};
#[cfg(feature = "bypass")]
pub(super) use interfaces::InterfaceAddress;
pub(super) use interfaces::interface_addresses;
pub(super) use listener::{is_shortage, listen_tcp};
pub use memory::{keep_large_memory_apart, release_free_memory};
pub(super) use poller::{Bell, Poller, Ready};
pub(super) use readiness::Readiness;
pub(super) use stream::{receive, send};
pub(super) use tick::Tick;
pub(super) use udp::{Buffers, UdpSocket};

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The result of a system call that returns −1 and sets errno when it fails.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// As [`check`], for calls that return a length.
fn check_length(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// A new socket of the address' family, closed on exec.
fn open(address: &SocketAddr, kind: libc::c_int) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: no pointers; a descriptor that the kernel has just given is owned by nobody else.
    unsafe {
        let descriptor = check(libc::socket(family, kind | libc::SOCK_CLOEXEC, 0))?;
        Ok(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Gives the socket its address. A socket for `::` does not take IPv4 (RFC 3493 §5.3): IPv4 has listeners of its own.
fn bind(descriptor: &OwnedFd, address: &SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        option::set(descriptor, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 1)?;
    }
    let name = address::Name::from(*address);
    // SAFETY: `name` holds a socket address of the length that is given with it.
    check(unsafe { libc::bind(descriptor.as_raw_fd(), name.as_ptr(), name.length()) })?;
    Ok(())
}

/// The address that a socket is bound to.
fn local_address(descriptor: &OwnedFd) -> io::Result<SocketAddr> {
    let mut name = address::Name::default();
    let mut length = address::Name::CAPACITY;
    // SAFETY: `name` has room for `length` octets, and `length` is written in place.
    check(unsafe { libc::getsockname(descriptor.as_raw_fd(), name.as_mut_ptr(), &raw mut length) })?;
    name.to_address().ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
}
