//! What must be known of a network interface before frames are taken from it.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::super::check;

/// `ETHTOOL_GCHANNELS` (linux/ethtool.h).
const GET_CHANNELS: u32 = 0x3c;
/// `SIOCETHTOOL` (linux/sockios.h).
const ETHTOOL: libc::c_ulong = 0x8946;

/// An Ethernet interface.
#[derive(Debug, Clone)]
pub(in crate::server) struct Interface {
    index: u32,
    name: String,
    hardware_address: [u8; 6],
    mtu: usize,
    queues: u32,
    is_loopback: bool,
}

impl Interface {
    /// Looks an interface up by its name.
    pub(in crate::server) fn find(name: &str) -> io::Result<Interface> {
        let text = CString::new(name).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        // SAFETY: a string with its zero.
        let index = unsafe { libc::if_nametoindex(text.as_ptr()) };
        if index == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: no pointers; a descriptor that the kernel has just given is owned by nobody else.
        let socket = unsafe {
            let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
            OwnedFd::from_raw_fd(check(libc::socket(libc::AF_INET, kind, 0))?)
        };
        let hardware = ask(&socket, &text, libc::SIOCGIFHWADDR)?;
        let mtu = ask(&socket, &text, libc::SIOCGIFMTU)?;
        // SAFETY: the kernel has written these members, which are plain numbers.
        let (hardware, mtu) = unsafe { (hardware.ifr_ifru.ifru_hwaddr, mtu.ifr_ifru.ifru_mtu) };
        let is_loopback = hardware.sa_family == libc::ARPHRD_LOOPBACK;
        if hardware.sa_family != libc::ARPHRD_ETHER && !is_loopback {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "it is no Ethernet interface"));
        }
        let mut hardware_address = [0; 6];
        for (octet, &given) in hardware_address.iter_mut().zip(&hardware.sa_data) {
            *octet = given as u8;
        }
        let queues = queues(&socket, &text);
        let mtu = usize::try_from(mtu).unwrap_or(0);
        Ok(Interface { index, name: name.into(), hardware_address, mtu, queues, is_loopback })
    }

    /// Whether it is still there; another one of the same name has another number.
    pub(in crate::server) fn is_there(&self) -> bool {
        let mut name = [0; libc::IF_NAMESIZE];
        // SAFETY: room for the longest name.
        !unsafe { libc::if_indextoname(self.index, name.as_mut_ptr()) }.is_null()
    }

    /// Its number.
    pub(in crate::server) fn index(&self) -> u32 {
        self.index
    }

    /// Its name.
    pub(in crate::server) fn name(&self) -> &str {
        &self.name
    }

    /// Its MAC address.
    pub(in crate::server) fn hardware_address(&self) -> [u8; 6] {
        self.hardware_address
    }

    /// Octets of the longest IP packet.
    pub(in crate::server) fn mtu(&self) -> usize {
        self.mtu
    }

    /// Receive queues.
    pub(in crate::server) fn queues(&self) -> u32 {
        self.queues
    }

    /// Whether it leads to this machine itself.
    pub(in crate::server) fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// Asks a question about an interface that needs its name alone.
fn ask(socket: &OwnedFd, name: &CString, question: libc::c_ulong) -> io::Result<libc::ifreq> {
    let mut request = request(name)?;
    // SAFETY: the request is what these questions want, and is written in place.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), question as _, &raw mut request) })?;
    Ok(request)
}

fn request(name: &CString) -> io::Result<libc::ifreq> {
    let octets = name.as_bytes_with_nul();
    // SAFETY: all zeros are a valid, empty request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if octets.len() > request.ifr_name.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (place, &octet) in request.ifr_name.iter_mut().zip(octets) {
        *place = octet as libc::c_char;
    }
    Ok(request)
}

/// Receive queues: those that only receive and those that send as well. A driver that does not tell has one.
fn queues(socket: &OwnedFd, name: &CString) -> u32 {
    /// `struct ethtool_channels`.
    #[repr(C)]
    #[derive(Default)]
    struct Channels {
        command: u32,
        maximum: [u32; 4],
        receive: u32,
        transmit: u32,
        other: u32,
        combined: u32,
    }
    let mut channels = Channels { command: GET_CHANNELS, ..Channels::default() };
    let Ok(mut request) = request(name) else { return 1 };
    request.ifr_ifru.ifru_data = (&raw mut channels).cast();
    // SAFETY: the request leads to the structure of this command, which is written in place.
    match check(unsafe { libc::ioctl(socket.as_raw_fd(), ETHTOOL as _, &raw mut request) }) {
        Ok(_) => channels.receive.saturating_add(channels.combined).max(1),
        Err(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_known_as_such() {
        let loopback = Interface::find("lo").unwrap();
        assert!(loopback.is_loopback() && loopback.index() > 0 && loopback.mtu() > 1500);
        assert_eq!(loopback.hardware_address(), [0; 6]);
        assert!(loopback.is_there() && !Interface { index: u32::MAX >> 1, ..loopback }.is_there());
        for missing in ["nosuchinterface", "a-name-that-is-longer-than-any", "with\0zero", ""] {
            assert!(Interface::find(missing).is_err(), "{missing:?}");
        }
    }
}
