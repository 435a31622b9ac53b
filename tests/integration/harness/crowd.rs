//! Many TCP clients of one process, from as many loopback addresses as the caps on a client want.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;

use super::client::{PATIENCE, read_framed, send_framed};
use super::message::{A, Message, NOERROR, Query};
use super::place::loopback;

/// Connections from one address.
const PER_ADDRESS: usize = 250;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 64;

/// Where the clients live.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A connection of the client with this number.
pub async fn connect(server: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let [first, second, third, _] = loopback(1).octets();
    let host = 2 + number / PER_ADDRESS % 250;
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(first, second, third, host as u8)), 0))?;
    socket.connect(server).await
}

/// So many connections that say nothing.
pub async fn open(server: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let numbers = streams.len()..count.min(streams.len() + AT_ONCE);
        let opening: Vec<_> = numbers.map(|number| tokio::spawn(connect(server, number))).collect();
        for stream in opening {
            streams.push(stream.await.expect("no panic").expect("a connection is taken"));
        }
    }
    streams
}

/// When the server has ended a connection: by its own clock, from `start`. Whatever it sends before is thrown away.
pub async fn end_of(stream: &TcpStream, start: Instant) -> Duration {
    let mut buffer = [0; 4096];
    loop {
        if stream.readable().await.is_err() {
            return start.elapsed();
        }
        match stream.try_read(&mut buffer) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return start.elapsed(),
        }
    }
}

/// Runs to the end, or panics.
pub async fn soon<T>(patience: Duration, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(patience, future).await.expect("the server ends what it must end")
}

/// How long an honest client with a new connection of its own waits for its answer.
pub fn served(server: SocketAddr) -> Result<Duration, String> {
    let start = Instant::now();
    let mut stream =
        std::net::TcpStream::connect_timeout(&server, PATIENCE).map_err(|fault| fault.to_string())?;
    let query = Query::new("static.example.com", A).octets();
    send_framed(&mut stream, &query).map_err(|fault| fault.to_string())?;
    let octets = read_framed(&mut stream, PATIENCE).ok_or("no answer")?;
    let took = start.elapsed();
    match Message::parse(&octets)? {
        message if message.rcode() == NOERROR && message.answers.len() == 1 => Ok(took),
        message => Err(format!("{message:?}")),
    }
}
