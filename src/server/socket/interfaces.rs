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
        // SAFETY: as the kernel filled it in, and not yet freed.
        addresses.extend(unsafe { address_of(interface.ifa_addr) });
        item = interface.ifa_next;
    }
    // SAFETY: `list` came from getifaddrs; what was read from it was copied.
    unsafe { libc::freeifaddrs(list) };
    Ok(addresses)
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
        assert!(interface_addresses().unwrap().iter().any(IpAddr::is_loopback));
    }
}
