//! The addresses of this machine.

use std::io;
use std::net::IpAddr;

use super::address::Name;
use super::check;

/// The IP addresses that the interfaces have at this moment.
pub(in crate::server) fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: the kernel's list is written to `list` and freed below, after its last use.
    check(unsafe { libc::getifaddrs(&raw mut list) })?;
    let mut addresses = Vec::new();
    let mut item = list;
    // SAFETY: `item` is null or an element of the list, which is not yet freed.
    while let Some(interface) = unsafe { item.as_ref() } {
        addresses.extend(address_of(interface));
        item = interface.ifa_next;
    }
    // SAFETY: `list` came from getifaddrs; what was read from it was copied.
    unsafe { libc::freeifaddrs(list) };
    Ok(addresses)
}

fn address_of(interface: &libc::ifaddrs) -> Option<IpAddr> {
    // SAFETY: the pointer is null or leads to a socket address as long as its family says.
    let name = unsafe {
        let address = interface.ifa_addr.as_ref()?;
        let mut name = Name::default();
        let length = match libc::c_int::from(address.sa_family) {
            libc::AF_INET => size_of::<libc::sockaddr_in>(),
            libc::AF_INET6 => size_of::<libc::sockaddr_in6>(),
            _ => return None,
        };
        let from: *const u8 = interface.ifa_addr.cast();
        from.copy_to_nonoverlapping(name.as_mut_ptr().cast(), length);
        name
    };
    name.to_address().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_among_the_addresses_of_this_machine() {
        assert!(interface_addresses().unwrap().iter().any(IpAddr::is_loopback));
    }
}
