//! Binding every socket before the first is read, and saying all at once what stands in the way.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "bypass")]
use super::bypass::{self, Bypass};
use super::occupant::{self, Occupant};
use super::socket::{Buffers, UdpSocket, listen_tcp};
use crate::answer::Transport;
use crate::config::BypassSettings;

/// How long a worker waits for a query before it looks around (design.md §5).
pub(super) const RECEIVE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a free port is looked for when port 0 is asked: it must be free for UDP and TCP.
const PORT_ATTEMPTS: usize = 16;

/// Sockets that are bound and not yet read: for each listening address one TCP listener, and one UDP socket for each
/// worker.
pub struct Sockets {
    pub(super) tcp: Vec<TcpListener>,
    /// By worker, then by address.
    pub(super) udp: Vec<Vec<Arc<UdpSocket>>>,
    /// Beside them, by `bypass_kernel`.
    #[cfg(feature = "bypass")]
    pub(super) bypass: Option<Bypass>,
}

/// Why a listening address could not be bound. Its text is a sentence for the operator.
#[derive(Debug)]
pub struct BindError {
    /// The address as configured.
    pub address: SocketAddr,
    /// UDP or TCP.
    pub transport: Transport,
    /// What the system said.
    pub error: io::Error,
    occupant: Option<Occupant>,
}

/// Binds all addresses for UDP and TCP. With port 0 both get the same free port ([`Sockets::addresses`]).
///
/// `workers` (at least 1) is the number of UDP sockets an address. The error lists every address that cannot be had.
pub fn bind(listen: &[SocketAddr], workers: usize) -> Result<Sockets, Vec<BindError>> {
    let mut sockets = Sockets {
        tcp: Vec::new(),
        udp: Vec::new(),
        #[cfg(feature = "bypass")]
        bypass: None,
    };
    sockets.udp.resize_with(workers.max(1), Vec::new);
    let mut errors = Vec::new();
    for address in listen {
        match bind_address(address, sockets.udp.len()) {
            Ok((tcp, udp)) => {
                log_bound(&udp[0]);
                sockets.tcp.push(tcp);
                sockets.udp.iter_mut().zip(udp).for_each(|(worker, socket)| worker.push(Arc::new(socket)));
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(sockets) } else { Err(errors) }
}

impl Sockets {
    /// Has queries come past the kernel's stack where they can; the log tells what came of it, and the sockets answer
    /// the rest. To be called while the process still has its rights.
    #[cfg(feature = "bypass")]
    pub fn bypass_kernel(&mut self, settings: &BypassSettings) {
        self.bypass = Some(bypass::open(settings, &self.addresses(), self.udp.len()));
    }

    /// This binary cannot: the configuration has warned of it.
    #[cfg(not(feature = "bypass"))]
    pub fn bypass_kernel(&mut self, _settings: &BypassSettings) {}

    /// The addresses in the order of `listen`, each with its actual port.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.udp[0].iter().map(|socket| socket.address()).collect()
    }
}

/// Binds one address; a port that the kernel chose for TCP may be taken for UDP, then it is asked for another one.
fn bind_address(address: &SocketAddr, workers: usize) -> Result<(TcpListener, Vec<UdpSocket>), BindError> {
    let mut attempts = if address.port() == 0 { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        match bind_once(address, workers) {
            Err(error) if error.error.kind() == io::ErrorKind::AddrInUse && attempts > 0 => {}
            result => return result,
        }
    }
}

/// TCP first: its listener refuses to share the port, so another server there is noticed even if it shares its UDP port.
fn bind_once(address: &SocketAddr, workers: usize) -> Result<(TcpListener, Vec<UdpSocket>), BindError> {
    let fail = |transport, error| BindError::new(*address, transport, error);
    let tcp = listen_tcp(address).map_err(|error| fail(Transport::Tcp, error))?;
    let mut actual = *address;
    actual.set_port(tcp.local_addr().map_err(|error| fail(Transport::Tcp, error))?.port());
    let udp = (0..workers).map(|_| UdpSocket::bind(&actual, RECEIVE_TIMEOUT));
    let udp = udp.collect::<io::Result<_>>().map_err(|error| fail(Transport::Udp, error))?;
    Ok((tcp, udp))
}

fn log_bound(socket: &UdpSocket) {
    let address = socket.address();
    match socket.buffers() {
        Ok(buffers @ Buffers { receive, send }) if buffers.are_small() => tracing::warn!(
            %address, receive, send,
            "listening with small buffers: bursts lose queries; raise net.core.rmem_max and net.core.wmem_max to 4194304"
        ),
        Ok(Buffers { receive, send }) => tracing::info!(%address, receive, send, "listening on UDP and TCP"),
        Err(error) => tracing::info!(%address, %error, "listening on UDP and TCP; buffer sizes unknown"),
    }
}

impl BindError {
    fn new(address: SocketAddr, transport: Transport, error: io::Error) -> BindError {
        let in_use = error.kind() == io::ErrorKind::AddrInUse;
        let occupant = if in_use { occupant::find(address, transport) } else { None };
        BindError { address, transport, error, occupant }
    }

    /// What to do about it.
    fn advice(&self) -> String {
        match self.error.kind() {
            io::ErrorKind::PermissionDenied if self.address.port() < 1024 => {
                "ports below 1024 need the capability CAP_NET_BIND_SERVICE (the systemd unit grants it; by hand: \
                 `setcap cap_net_bind_service=+ep meridian`), or start as root with `user` in `[server]`, or listen on a \
                 higher port"
                    .into()
            }
            io::ErrorKind::AddrInUse => match &self.occupant {
                Some(Occupant::Ourselves) => "another entry of `listen` covers this address already".into(),
                Some(Occupant::Process { name, id }) => {
                    format!("{name} (process {id}) has it; stop it, or choose another address in `listen`")
                }
                None => {
                    format!("see who has it with `ss -lnptu 'sport = :{}'` as root", self.address.port())
                }
            },
            io::ErrorKind::AddrNotAvailable => {
                "no interface of this machine has this address; add it, or listen on the wildcard address".into()
            }
            _ => "see whether the system's log says more".into(),
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        };
        let (address, error, advice) = (self.address, &self.error, self.advice());
        write!(formatter, "cannot listen on {address} over {transport}: {error}: {advice}")
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(listen: &[&str]) -> Vec<String> {
        let listen: Vec<_> = listen.iter().map(|text| text.parse().unwrap()).collect();
        bind(&listen, 2).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn port_0_gives_one_port_to_all_workers_and_to_tcp() {
        let listen = ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()];
        let sockets = bind(&listen, 3).unwrap();
        for (index, address) in sockets.addresses().into_iter().enumerate() {
            assert_ne!(address.port(), 0);
            assert_eq!(sockets.tcp[index].local_addr().unwrap(), address);
            assert!(sockets.udp.iter().all(|worker| worker[index].address() == address));
        }
    }

    #[test]
    fn every_address_that_cannot_be_had_is_named_with_its_reason() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let held = bind(&[taken], 1).unwrap();
        let found = sentences(&[&taken.to_string(), "192.0.2.77:5300", "127.0.0.1:0"]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("another entry of `listen`"), "{}", found[0]);
        assert!(found[0].contains("over TCP"), "{}", found[0]);
        assert!(found[1].contains("no interface of this machine has this address"), "{}", found[1]);
        drop(held);
        assert_eq!(sentences(&[&taken.to_string()]), Vec::<String>::new());
    }

    #[test]
    fn a_udp_port_held_by_another_socket_is_noticed() {
        // Somebody else may have the port over TCP, which is looked at first: then another one is tried.
        let sentence = || {
            let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let mut found = sentences(&[&held.local_addr().unwrap().to_string()]);
            assert_eq!(found.len(), 1, "{found:?}");
            found.remove(0)
        };
        let found: Vec<String> = std::iter::repeat_with(sentence).take(5).collect();
        assert!(found.iter().any(|sentence| sentence.contains("over UDP")), "{found:?}");
    }
}
