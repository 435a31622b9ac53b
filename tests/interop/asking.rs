//! Many queries to one server, some at a time.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::client::{PATIENCE, read_framed, receive, send_framed, socket_to};

/// Queries on their way at once: their answers fit into any socket's buffer.
const WINDOW: usize = 32;
/// A server that does not answer after so long is asked again, and again after twice that time.
const FIRST_PATIENCE: Duration = Duration::from_millis(400);
/// After so many tries no answer is an answer.
const TRIES: u32 = 4;

/// Makes the octets of query `number` with a message id.
pub type Octets<'t> = &'t (dyn Fn(usize, u16) -> Vec<u8> + Sync);

/// Asks all `numbers` over UDP; gives what came back, in their order.
pub fn over_udp(server: SocketAddr, numbers: &[usize], octets: Octets<'_>) -> Vec<Option<Vec<u8>>> {
    let socket = socket_to(server);
    let mut answers = vec![None; numbers.len()];
    // A late answer is told from one to a later query by its id.
    let mut first_id = 0u16;
    for (window, answers) in numbers.chunks(WINDOW).zip(answers.chunks_mut(WINDOW)) {
        for attempt in 0..TRIES {
            first_id = first_id.wrapping_add(WINDOW as u16);
            let missing: Vec<usize> = (0..window.len()).filter(|&at| answers[at].is_none()).collect();
            if missing.is_empty() {
                break;
            }
            for &at in &missing {
                let query = octets(window[at], first_id.wrapping_add(at as u16));
                // What cannot be sent is not answered.
                let _ = socket.send(&query);
            }
            let deadline = Instant::now() + FIRST_PATIENCE * 2u32.pow(attempt);
            let mut expected = missing.len();
            while expected > 0 {
                let Some(answer) = receive(&socket, deadline.saturating_duration_since(Instant::now()))
                else {
                    break;
                };
                let Some(place) = place_of(&answer, first_id, window.len()) else { continue };
                if answers[place].replace(answer).is_none() {
                    expected -= 1;
                }
            }
        }
    }
    answers
}

/// Asks all `numbers` over TCP, several on each connection; gives what came back, in their order.
pub fn over_tcp(server: SocketAddr, numbers: &[usize], octets: Octets<'_>) -> Vec<Option<Vec<u8>>> {
    let mut answers = vec![None; numbers.len()];
    for (window, answers) in numbers.chunks(WINDOW).zip(answers.chunks_mut(WINDOW)) {
        together(server, window, octets, answers);
        for _ in 1..TRIES {
            for (number, answer) in window.iter().zip(answers.iter_mut()) {
                // One that ended the connection, or came behind it.
                if answer.is_none() {
                    together(server, &[*number], octets, std::slice::from_mut(answer));
                }
            }
        }
    }
    answers
}

/// Asks over one connection, all before the first answer is read.
fn together(server: SocketAddr, numbers: &[usize], octets: Octets<'_>, answers: &mut [Option<Vec<u8>>]) {
    let Ok(mut stream) = TcpStream::connect_timeout(&server, PATIENCE) else { return };
    for (at, &number) in numbers.iter().enumerate() {
        if send_framed(&mut stream, &octets(number, at as u16)).is_err() {
            break;
        }
    }
    for _ in 0..numbers.len() {
        let Some(answer) = read_framed(&mut stream, PATIENCE) else { return };
        if let Some(place) = place_of(&answer, 0, numbers.len()) {
            answers[place] = Some(answer);
        }
    }
}

fn place_of(answer: &[u8], first_id: u16, count: usize) -> Option<usize> {
    let id = u16::from_be_bytes([*answer.first()?, *answer.get(1)?]);
    let place = usize::from(id.wrapping_sub(first_id));
    (place < count).then_some(place)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn answers_find_their_queries_and_lost_ones_are_asked_for_again() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = socket.local_addr().unwrap();
        let numbers: Vec<usize> = (0..100).collect();
        let answers = std::thread::scope(|scope| {
            scope.spawn(|| lossy_server(&socket));
            over_udp(server, &numbers, &|number, id| [&id.to_be_bytes()[..], &[number as u8]].concat())
        });
        for (number, answer) in answers.iter().enumerate() {
            let last = answer.as_ref().and_then(|answer| answer.last().copied());
            assert_eq!(last, (number != 50).then_some(number as u8));
        }
    }

    /// Echoes in pairs of the wrong order; loses number 7 once and number 50 always.
    fn lossy_server(socket: &UdpSocket) {
        let mut buffer = [0; 16];
        let mut seen_seven = false;
        socket.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let number = buffer[length - 1];
            let lost = number == 50 || (number == 7 && !std::mem::replace(&mut seen_seven, true));
            if !lost {
                socket.send_to(&buffer[..length], from).unwrap();
            }
            if number == 99 {
                return;
            }
        }
    }
}
