//! The whole server over real sockets.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use super::desk::PANIC;
use super::fixture::{empty_store, message, query, settings};
use super::{Server, bind, start};
use crate::answer::Counter;

/// Answers come long before this.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    server: Server,
    runtime: Runtime,
}

fn run(listen: &[&str], workers: usize) -> Running {
    let listen: Vec<SocketAddr> = listen.iter().map(|text| text.parse().unwrap()).collect();
    let runtime = Runtime::new().unwrap();
    let sockets = bind(&listen, workers).unwrap();
    let server = start(sockets, empty_store(), &settings(), Some(1), runtime.handle()).unwrap();
    Running { server, runtime }
}

impl Running {
    fn port(&self, index: usize) -> u16 {
        self.server.addresses()[index].port()
    }

    fn count(&self, counter: Counter) -> u64 {
        self.server.tallies().iter().map(|tally| tally.get(counter)).sum()
    }
}

fn client(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The id of the next answer and where it came from.
fn receive(socket: &UdpSocket) -> (u16, SocketAddr) {
    let mut octets = [0; 512];
    let (length, source) = socket.recv_from(&mut octets).unwrap();
    assert!(length >= 12);
    (u16::from_be_bytes([octets[0], octets[1]]), source)
}

#[test]
fn replies_leave_from_the_address_that_was_asked() {
    let running = run(&["0.0.0.0:0", "[::]:0"], 2);
    let v4 = client("127.0.0.1");
    for (number, last) in [(1, 1), (2, 2), (3, 77)] {
        let asked = SocketAddr::from(([127, 0, 0, last], running.port(0)));
        // Through the worker, and through the control task.
        for class in [1, 3] {
            v4.send_to(&message(number, 0, "example.org.", 16, class), asked).unwrap();
            assert_eq!(receive(&v4), (number, asked));
        }
    }
    let v6 = client("::1");
    let asked = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], running.port(1)));
    v6.send_to(&query(4, "example.org."), asked).unwrap();
    assert_eq!(receive(&v6), (4, asked));
}

#[test]
fn a_worker_with_one_socket_answers_more_than_a_batch() {
    let running = run(&["127.0.0.1:0"], 1);
    let socket = client("127.0.0.1");
    let address = running.server.addresses()[0];
    for number in 0..200 {
        socket.send_to(&query(number, "example.org."), address).unwrap();
    }
    let mut ids: Vec<u16> = (0..200).map(|_| receive(&socket).0).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..200).collect::<Vec<_>>());
    assert_eq!(running.count(Counter::Udp), 200);
}

#[test]
fn garbage_and_panics_leave_the_worker_at_work() {
    let running = run(&["127.0.0.1:0"], 1);
    let socket = client("127.0.0.1");
    let address = running.server.addresses()[0];
    let send = |octets: &[u8]| assert_eq!(socket.send_to(octets, address).unwrap(), octets.len());
    send(b"");
    send(b"short");
    send(&[0xFF; 600]);
    send(&[&query(1, "example.org.")[..], PANIC].concat());
    assert_eq!(receive(&socket).0, 1);
    send(&query(2, "example.org."));
    assert_eq!(receive(&socket).0, 2);
    assert_eq!(running.count(Counter::Panic), 1);
    assert_eq!(running.count(Counter::ServFail), 1);
    assert_eq!(running.count(Counter::DropShort), 2);
    assert_eq!(running.count(Counter::DropResponse), 1);
}

#[test]
fn a_packet_from_one_of_our_own_sockets_is_dropped() {
    let running = run(&["127.0.0.1:0", "127.0.0.1:0"], 1);
    // A second socket that shares the port of our first address speaks as if it were us.
    let own = super::socket::UdpSocket::bind(&running.server.addresses()[0], PATIENCE).unwrap();
    let asked = running.server.addresses()[1];
    own.reply(&super::socket::Origin::to(asked), &query(1, "example.org.")).unwrap();
    let socket = client("127.0.0.1");
    socket.send_to(&query(2, "example.org."), asked).unwrap();
    assert_eq!(receive(&socket).0, 2);
    assert_eq!(running.count(Counter::DropLoop), 1);
    assert_eq!(running.count(Counter::Udp), 1);
}

#[test]
fn the_server_answers_over_tcp_and_stops_when_told() {
    let running = run(&["127.0.0.1:0"], 2);
    let address = running.server.addresses()[0];
    running.runtime.block_on(async {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let query = query(3, "example.org.");
        stream.write_u16(query.len() as u16).await.unwrap();
        stream.write_all(&query).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[..2], [0, 3]);
        tokio::time::timeout(PATIENCE, running.server.stop(PATIENCE)).await.unwrap();
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    });
    assert!(bind(&[address], 1).is_ok(), "every socket is closed");
}
