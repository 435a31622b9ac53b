//! The member of a pool as its prober sees it: an HTTP server on loopback that says 200, or 503 when it is told to.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long a prober may take for its request.
const PATIENCE: Duration = Duration::from_secs(1);
/// Octets of a request that are read.
const REQUEST_MAX: usize = 4096;
/// Ports that are tried until one is free for both addresses.
const ATTEMPTS: u32 = 100;

/// An answer to a probe. It is a bound: a server cannot decide by what it has not been sent.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// The moment before it was sent.
    pub at: Instant,
    /// 200, not 503.
    pub is_up: bool,
}

/// A member with an address of each family. Dropping it ends it.
pub struct Member {
    port: u16,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    is_down: AtomicBool,
    is_over: AtomicBool,
    said: [Mutex<Vec<Said>>; 2],
}

impl Member {
    /// Its addresses, IPv4 first.
    pub const ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

    /// Listens at one port of both addresses, and is up.
    pub fn start() -> Result<Member> {
        let listeners = (0..ATTEMPTS).find_map(|_| listeners().ok());
        let listeners = listeners.context("no port is free on 127.0.0.1 and ::1 (is IPv6 off?)")?;
        let port = listeners[0].local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let answering = listeners.into_iter().enumerate().map(|(family, listener)| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.answer(family, &listener))
        });
        let threads = answering.collect();
        Ok(Member { port, shared, threads })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it says from now on.
    pub fn turn(&self, is_up: bool) {
        self.shared.is_down.store(!is_up, Ordering::SeqCst);
    }

    /// What it has said so far at one of its addresses, in order.
    pub fn said(&self, family: usize) -> Vec<Said> {
        self.shared.said[family].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for address in Member::ADDRESSES {
            // Wakes the one who waits there.
            let _ = TcpStream::connect(SocketAddr::new(address, self.port));
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn listeners() -> std::io::Result<[TcpListener; 2]> {
    let [ipv4, ipv6] = Member::ADDRESSES;
    let first = TcpListener::bind((ipv4, 0))?;
    let port = first.local_addr()?.port();
    Ok([first, TcpListener::bind((ipv6, port))?])
}

impl Shared {
    fn answer(&self, family: usize, listener: &TcpListener) {
        while !self.is_over.load(Ordering::SeqCst) {
            // A prober that has gone meanwhile learns nothing, and decides by that.
            let _ = listener.accept().and_then(|(stream, _)| self.answer_one(family, stream));
        }
    }

    fn answer_one(&self, family: usize, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST_MAX {
            let mut octets = [0; 512];
            match stream.read(&mut octets)? {
                0 => return Ok(()),
                count => request.extend_from_slice(&octets[..count]),
            }
        }
        let is_up = !self.is_down.load(Ordering::SeqCst);
        let status = if is_up { "200 OK" } else { "503 Service Unavailable" };
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let mut said = self.said[family].lock().unwrap_or_else(PoisonError::into_inner);
        said.push(Said { at: Instant::now(), is_up });
        stream.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_is_told_at_both_addresses() {
        let member = Member::start().unwrap();
        let ask = |address| {
            let mut stream = TcpStream::connect(SocketAddr::new(address, member.port())).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        };
        for (is_up, status) in [(true, "HTTP/1.1 200 "), (false, "HTTP/1.1 503 "), (true, "HTTP/1.1 200 ")] {
            member.turn(is_up);
            for address in Member::ADDRESSES {
                assert!(ask(address).starts_with(status));
            }
        }
        for family in [0, 1] {
            let said: Vec<bool> = member.said(family).iter().map(|said| said.is_up).collect();
            assert_eq!(said, [true, false, true]);
        }
    }
}
