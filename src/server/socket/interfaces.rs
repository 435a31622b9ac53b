//! The addresses of this machine.

use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

use super::address::Name;
use super::check;

/// An IP address of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct InterfaceAddress {
    /// The name of the interface that has it.
    pub(in crate::server) interface: String,
    /// The address.
    pub(in crate::server) address: IpAddr,
    /// By which its whole network is reached.
    pub(in crate::server) broadcast: Option<Ipv4Addr>,
}

/// The IP addresses that the interfaces have at this moment.
pub(in crate::server) fn interface_addresses() -> io::Result<Vec<InterfaceAddress>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: the kernel's list is written to `list` and freed below, after its last use.
    check(unsafe { libc::getifaddrs(&raw mut list) })?;
    let mut addresses = Vec::new();
    let mut item = list;
    // SAFETY: `item` is null or an element of the list, which is not yet freed.
    while let Some(interface) = unsafe { item.as_ref() } {
        // SAFETY: as the kernel filled it in, and not yet freed.
        addresses.extend(unsafe { described(interface) });
        item = interface.ifa_next;
    }
    // SAFETY: `list` came from getifaddrs; what was read from it was copied.
    unsafe { libc::freeifaddrs(list) };
    Ok(addresses)
}

/// Copies what the list says of an address; `None` for one that is not of IP.
///
/// # Safety
///
/// The pointers of `interface` lead to its name and to socket addresses as long as their families say, or are null.
unsafe fn described(interface: &libc::ifaddrs) -> Option<InterfaceAddress> {
    // SAFETY: as said above; where there is a broadcast address, it is of the family of the address.
    unsafe {
        let address = address_of(interface.ifa_addr)?;
        let has_broadcast = interface.ifa_flags & libc::IFF_BROADCAST as libc::c_uint != 0;
        let broadcast = if has_broadcast { address_of(interface.ifa_ifu) } else { None };
        let name = CStr::from_ptr(interface.ifa_name).to_string_lossy();
        let broadcast = match broadcast {
            Some(IpAddr::V4(broadcast)) if address.is_ipv4() => Some(broadcast),
            _ => None,
        };
        Some(InterfaceAddress { interface: name.into_owned(), address, broadcast })
    }
}

/// Copies the address that an interface has.
///
/// # Safety
///
/// `from` is null or leads to a socket address as long as its family says.
unsafe fn address_of(from: *const libc::sockaddr) -> Option<IpAddr> {
    let mut name = Name::default();
    // SAFETY: as said above; `Name` has room for both families.
    unsafe {
        let length = match libc::c_int::from(from.as_ref()?.sa_family) {
            libc::AF_INET => size_of::<libc::sockaddr_in>(),
            libc::AF_INET6 => size_of::<libc::sockaddr_in6>(),
            _ => return None,
        };
        from.cast::<u8>().copy_to_nonoverlapping(name.as_mut_ptr().cast(), length);
    }
    name.to_address().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_among_the_addresses_of_this_machine() {
        let addresses = interface_addresses().unwrap();
        let loopback =
            |address: &InterfaceAddress| address.address.is_loopback() && address.interface == "lo";
        assert!(addresses.iter().any(loopback), "{addresses:?}");
    }
}
