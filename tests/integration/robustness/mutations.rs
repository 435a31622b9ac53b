//! Queries in which octets have gone astray, over UDP and TCP: no panic, no hang.

use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use meridian::answer::Random;

use crate::harness::client::{PATIENCE, ask_over_udp, read_framed, send_framed, socket_to};
use crate::harness::message::{A, Message, Query};
use crate::harness::mutation::{mutate, query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup};
use crate::harness::shown::short_or_long;
use crate::harness::turns;

/// Packets between two questions that must be answered; fewer than a socket's buffer holds.
const ROUND: u32 = 100;

#[test]
fn mutated_queries_end_nothing_and_hang_nothing() {
    let _turn = turns::shared();
    let rounds = short_or_long(20_000, 1_000_000) / ROUND;
    let folder = Folder::new("mutations");
    folder.copy("world");
    let mut server = Server::start(folder, Setup::default());
    let control = Query::new("static.example.com", A).octets();
    let expected = ask_over_udp(server.address, &control, PATIENCE).expect("a plain question is answered");

    let mut random = Random::new(7);
    let mut answers = 0;
    for round in 0..rounds {
        let packets: Vec<Vec<u8>> = (0..ROUND).map(|_| mutated(&mut random)).collect();
        let gone = if round % 4 == 3 {
            // A connection is kept for a while, then a new one is taken.
            let mut stream = TcpStream::connect(server.address).expect("a connection is taken");
            over_tcp(&mut stream, &packets, &control, &expected)
        } else {
            over_udp(&socket_to(server.address), &packets, &control, &expected)
        };
        answers += gone.unwrap_or_else(|fault| panic!("round {round}: {fault}\n{}", server.log()));
    }
    println!("{} mutated queries, {answers} answers", rounds * ROUND);
    assert!(answers > rounds, "{answers}");
    assert!(server.is_running());
    assert_eq!(server.metric("panics_total{place=\"answer\"}"), 0);
}

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut octets = query(random);
    mutate(random, &mut octets);
    octets
}

/// Sends all, then the control question; counts the answers before its own.
fn over_udp(socket: &UdpSocket, packets: &[Vec<u8>], control: &[u8], expected: &[u8]) -> Result<u32, String> {
    const BUFFER: usize = 65_535;
    for packet in packets {
        socket.send(packet).map_err(|fault| format!("{fault}: {packet:02x?}"))?;
    }
    socket.send(control).map_err(|fault| fault.to_string())?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(|fault| fault.to_string())?;
    let mut buffer = [0; BUFFER];
    count_until(expected, || socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()))
}

/// The same in one stream.
fn over_tcp(
    stream: &mut TcpStream,
    packets: &[Vec<u8>],
    control: &[u8],
    expected: &[u8],
) -> Result<u32, String> {
    for packet in packets {
        send_framed(stream, packet).map_err(|fault| format!("{fault}: {packet:02x?}"))?;
    }
    send_framed(stream, control).map_err(|fault| fault.to_string())?;
    count_until(expected, || read_framed(stream, PATIENCE + Duration::from_secs(1)))
}

/// Reads answers until the expected one; each must be a valid message.
fn count_until(expected: &[u8], mut next: impl FnMut() -> Option<Vec<u8>>) -> Result<u32, String> {
    let mut count = 0;
    loop {
        let answer = next().ok_or("the control question is not answered")?;
        if answer == expected {
            return Ok(count);
        }
        Message::parse(&answer).map_err(|fault| format!("{fault}: {answer:02x?}"))?;
        count += 1;
    }
}
