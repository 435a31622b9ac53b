//! Asks over UDP and TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::message::{Message, Query};

/// How long an answer may take before a test calls it missing; generous, because the machine is shared.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// One answer over UDP; panics when there is none.
pub fn ask(server: SocketAddr, query: &Query) -> Message {
    try_ask(server, query, PATIENCE).unwrap_or_else(|| panic!("no answer from {server} to {query:?}"))
}

/// One answer over UDP within `patience`.
pub fn try_ask(server: SocketAddr, query: &Query, patience: Duration) -> Option<Message> {
    let octets = ask_over_udp(server, &query.octets(), patience)?;
    Some(parsed(&octets))
}

fn parsed(octets: &[u8]) -> Message {
    Message::parse(octets).unwrap_or_else(|fault| panic!("an answer with a fault: {fault}: {octets:02x?}"))
}

/// A socket that talks to `server` alone.
pub fn socket_to(server: SocketAddr) -> UdpSocket {
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).expect("a UDP socket can be bound");
    socket.connect(server).expect("a UDP socket can be connected");
    socket
}

/// Sends octets, returns the octets that come back.
pub fn ask_over_udp(server: SocketAddr, octets: &[u8], patience: Duration) -> Option<Vec<u8>> {
    let socket = socket_to(server);
    // Refused at once when nothing listens: the same as no answer.
    socket.send(octets).ok()?;
    receive(&socket, patience)
}

/// The next datagram, if one comes in time.
pub fn receive(socket: &UdpSocket, patience: Duration) -> Option<Vec<u8>> {
    let mut buffer = [0; 65_535];
    socket.set_read_timeout(Some(patience.max(Duration::from_micros(1)))).expect("a timeout can be set");
    let length = socket.recv(&mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

/// Sends one message over a connection of its own, returns the message that comes back; `None` when the connection
/// ends or `patience` does.
pub fn ask_over_tcp(server: SocketAddr, octets: &[u8], patience: Duration) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, patience).ok()?;
    send_framed(&mut stream, octets).ok()?;
    read_framed(&mut stream, patience)
}

/// Writes a message with its length in front (RFC 1035 §4.2.2).
pub fn send_framed(stream: &mut TcpStream, octets: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(octets.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.write_all(&[&length.to_be_bytes(), octets].concat())
}

/// Reads one message with its length in front.
pub fn read_framed(stream: &mut TcpStream, patience: Duration) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(patience)).ok()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut octets).ok()?;
    Some(octets)
}

/// Tries until `attempt` gives something; panics with `what` when it takes longer than `patience`.
pub fn eventually<T>(what: &str, patience: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    const PAUSE: Duration = Duration::from_millis(10);
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < deadline, "still not after {patience:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}
