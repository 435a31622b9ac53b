//! Who has a port that we want, so that the operator need not search.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::answer::Transport;

/// A process that has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Occupant {
    /// This process: an entry of `listen` stands for it twice.
    Ourselves,
    /// Another one.
    Process {
        /// Its name (`comm`).
        name: String,
        /// Its process id.
        id: u32,
    },
}

/// The process with a socket at the port of `address` (at that address or at a wildcard). `None` when there is none or we may not
/// see it: other users' processes are visible to root only.
pub(super) fn find(address: SocketAddr, transport: Transport) -> Option<Occupant> {
    let tables: [&str; 2] = match transport {
        Transport::Udp => ["/proc/net/udp", "/proc/net/udp6"],
        Transport::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
    };
    let sockets: Vec<String> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| sockets_at(&table, address, transport))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let id = ids.into_iter().find(|&id| has_one_of(id, &sockets))?;
    if id == std::process::id() {
        return Some(Occupant::Ourselves);
    }
    let name = fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim().to_owned();
    Some(Occupant::Process { name, id })
}

/// The sockets in a table of /proc/net (proc(5)) that bar the way to `address`, as the links in `/proc/PID/fd` name them.
fn sockets_at(table: &str, address: SocketAddr, transport: Transport) -> Vec<String> {
    const LISTEN: &str = "0A";
    let socket = |line: &str| -> Option<String> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (ip, port) = fields.get(1)?.split_once(':')?;
        let here = u16::from_str_radix(port, 16).ok()? == address.port() && may_bar(ip, address);
        let listening = transport == Transport::Udp || *fields.get(3)? == LISTEN;
        (here && listening).then_some(format!("socket:[{}]", fields.get(9)?))
    };
    table.lines().skip(1).filter_map(socket).collect()
}

/// Whether an address of the table (hexadecimal, each four octets in the machine's order) is a wildcard or `address`.
fn may_bar(hexadecimal: &str, address: SocketAddr) -> bool {
    let octets = match address {
        SocketAddr::V4(address) => address.ip().octets().to_vec(),
        SocketAddr::V6(address) => address.ip().octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    let same: String = words.map(|word| format!("{word:08X}")).collect();
    let wildcard = hexadecimal.bytes().all(|digit| digit == b'0');
    wildcard || address.ip().is_unspecified() || hexadecimal == same
}

fn has_one_of(process: u32, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let links = descriptors.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links.into_iter().any(|link: PathBuf| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sockets_that_bar_an_address_are_found_in_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:14B4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n\
            1: 00000000:14B4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1\n\
            2: 0200007F:14B4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n\
            3: 0100007F:14B5 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1\n\
            4: 0100007F:14B4 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 555 1\n\
            nonsense\n";
        if cfg!(target_endian = "little") {
            let address = "127.0.0.1:5300".parse().unwrap();
            assert_eq!(sockets_at(table, address, Transport::Tcp), ["socket:[111]", "socket:[222]"]);
        }
        let wildcard = "0.0.0.0:5301".parse().unwrap();
        assert_eq!(sockets_at(table, wildcard, Transport::Tcp), ["socket:[444]"]);
    }

    #[test]
    fn our_own_socket_is_recognised() {
        let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        assert_eq!(find(address, Transport::Udp), Some(Occupant::Ourselves));
        drop(held);
        assert_eq!(find(address, Transport::Udp), None);
    }
}
