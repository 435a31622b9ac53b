//! Every packet of tests/data/packets.txt over UDP and TCP.

mod case;

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use case::{Case, Must, Reaction, Transport, read};

use crate::harness::client::{PATIENCE, ask, read_framed, receive, send_framed, socket_to};
use crate::harness::message::{A, Message, NOERROR, Query, SOA};
use crate::harness::place::{Folder, fixture};
use crate::harness::server::{Server, Setup};
use crate::harness::turns;
use crate::hex;

/// How long a packet that must be dropped gets to be answered wrongly.
const SILENCE: Duration = Duration::from_millis(100);
/// Refusals are at most so much longer than the query (security.md).
const REFUSAL_ROOM: usize = 60;
/// FORMERR, SERVFAIL, NOTIMP, REFUSED, NOTAUTH, BADVERS, BADCOOKIE.
const REFUSALS: [u16; 7] = [1, 2, 4, 5, 9, 16, 23];

#[test]
fn odd_packets_get_what_they_deserve() {
    let _turn = turns::shared();
    let folder = Folder::new("odd-packets");
    folder.copy("world");
    let mut server = Server::start(folder, Setup::default());
    let text = std::fs::read_to_string(fixture("data/packets.txt")).unwrap();
    let cases = read(&text).unwrap();
    assert!(cases.len() >= 200, "only {} cases were read", cases.len());
    let mut faults = Vec::new();
    for case in &cases {
        for (transport, reaction) in &case.reactions {
            let answer = match transport {
                Transport::Udp => ask_over_udp(server.address, &case.octets, reaction),
                Transport::Tcp => ask_over_tcp(server.address, &case.octets, reaction),
            };
            if let Err(fault) = judge(case, reaction, answer.as_deref()) {
                faults.push(format!("{} over {transport:?}: {fault}", case.name));
            }
        }
        assert!(server.is_running(), "{} ended the server", case.name);
        let after = ask(server.address, &Query::new("static.example.com", A));
        assert_eq!((after.rcode(), after.answers.len()), (NOERROR, 1), "after {}", case.name);
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

fn ask_over_udp(server: SocketAddr, octets: &[u8], reaction: &Reaction) -> Option<Vec<u8>> {
    let socket = socket_to(server);
    socket.send(octets).expect("a datagram can be sent");
    receive(&socket, if reaction.only_drop() { SILENCE } else { PATIENCE / 5 })
}

fn ask_over_tcp(server: SocketAddr, octets: &[u8], reaction: &Reaction) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(server).expect("a connection is taken");
    send_framed(&mut stream, octets).expect("a message can be sent");
    read_framed(&mut stream, if reaction.only_drop() { SILENCE } else { PATIENCE / 5 })
}

fn judge(case: &Case, reaction: &Reaction, answer: Option<&[u8]>) -> Result<(), String> {
    let Some(octets) = answer else {
        return if reaction.drop { Ok(()) } else { Err("no answer".to_string()) };
    };
    let message = Message::parse(octets).map_err(|fault| format!("{fault}: {}", hex::written(octets)))?;
    let require = |holds: bool, what: &str| {
        if holds { Ok(()) } else { Err(format!("{what}: {message:?}")) }
    };
    require(
        reaction.rcodes.contains(&message.rcode()),
        &format!("rcode {} is not allowed", message.rcode()),
    )?;
    require(message.is_response() && octets[..2] == case.octets[..2], "not a response to this query")?;
    require(message.flags & 0x80 == 0, "RA is set")?;
    require(message.opcode() == u16::from(case.octets[2] >> 3 & 0xf), "another opcode")?;
    if REFUSALS.contains(&message.rcode()) {
        require(octets.len() <= case.octets.len() + REFUSAL_ROOM, "longer than the query + 60")?;
    }
    if message.question.is_some() {
        let end = question_end(octets);
        require(
            case.octets.get(12..end) == octets.get(12..end),
            "the question is not echoed octet for octet",
        )?;
    }
    for must in &reaction.musts {
        require(holds(must, &message, octets), &format!("{must:?} does not hold"))?;
    }
    Ok(())
}

/// Where the question of a well-formed response ends: its name is never compressed.
fn question_end(octets: &[u8]) -> usize {
    let mut position = 12;
    while octets[position] != 0 {
        position += usize::from(octets[position]) + 1;
    }
    position + 5
}

fn holds(must: &Must, message: &Message, octets: &[u8]) -> bool {
    let opt = message.opt.as_ref();
    match must {
        Must::Opt => opt.is_some(),
        Must::NoOpt => opt.is_none(),
        Must::Version(version) => opt.is_some_and(|opt| opt.version == *version),
        Must::Payload => opt.is_some_and(|opt| opt.payload >= 512),
        Must::DnssecOk => opt.is_some_and(|opt| opt.flags & 0x8000 != 0),
        Must::NoZ => opt.is_some_and(|opt| opt.flags & 0x7fff == 0),
        Must::NoOptions => opt.is_some_and(|opt| opt.options.is_empty()),
        Must::Option(code) => opt.is_some_and(|opt| opt.options.iter().any(|(found, _)| found == code)),
        Must::NotOption(code) => opt.is_none_or(|opt| opt.options.iter().all(|(found, _)| found != code)),
        Must::Scope(scope) => message.scope() == Some(*scope),
        Must::NoSubnet => message.scope().is_none(),
        Must::Authoritative => message.is_authoritative(),
        Must::Truncated => message.is_truncated(),
        Must::NotTruncated => !message.is_truncated(),
        Must::Answers(count) => message.answers.len() == *count,
        Must::NoQuestion => message.question.is_none(),
        Must::Tsig(error) => message.tsig_error() == Some(*error),
        Must::Serial => {
            message.answers.first().is_some_and(|first| first.rtype == SOA)
                && message.serial(octets) == Some(1)
        }
        Must::RecursionDesired => message.flags & 0x0100 != 0,
        Must::CheckingDisabled => message.flags & 0x0010 != 0,
        Must::NoAuthenticData => message.flags & 0x0020 == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query for a.b, its right answer, and what `judge` says of an answer changed by `spoil`.
    fn judged(expectation: &str, spoil: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
        let text = format!(
            "[a]\nfrom b\nsend 1234 0000 0001 0000 0000 0000 \"a.b.\" 0001 0001\nboth {expectation}\n"
        );
        let case = read(&text).unwrap().remove(0);
        let mut answer = case.octets.clone();
        answer[2] |= 0x84;
        spoil(&mut answer);
        judge(&case, &case.reactions[0].1, Some(&answer))
    }

    #[test]
    fn a_right_answer_is_right() {
        assert_eq!(judged("NOERROR aa answers=0 no-opt", |_| ()), Ok(()));
        assert_eq!(judged("REFUSED or NOERROR", |_| ()), Ok(()));
    }

    #[test]
    fn wrong_answers_are_found() {
        let wrong = |expectation, spoil: fn(&mut Vec<u8>), fault: &str| {
            let found = judged(expectation, spoil).unwrap_err();
            assert!(found.contains(fault), "{found}");
        };
        wrong("REFUSED", |_| (), "rcode 0 is not allowed");
        wrong("drop", |_| (), "rcode 0 is not allowed");
        wrong("NOERROR opt", |_| (), "Opt does not hold");
        wrong("NOERROR answers=1", |_| (), "Answers(1) does not hold");
        wrong("NOERROR", |answer| answer[0] ^= 1, "not a response to this query");
        wrong("NOERROR", |answer| answer[2] &= 0x7f, "not a response to this query");
        wrong("NOERROR", |answer| answer[3] |= 0x80, "RA is set");
        wrong("NOERROR", |answer| answer[2] |= 0x08, "another opcode");
        wrong("NOERROR", |answer| answer[13] ^= 0x20, "octet for octet");
        wrong("NOERROR", |answer| answer.push(0), "1 octets after");
        wrong("NOERROR", |answer| answer.truncate(11), "too few");
    }

    #[test]
    fn refusals_that_amplify_are_found() {
        let found = judged("REFUSED", |answer| {
            answer[3] |= 5;
            answer[7] = 6;
            let question = answer[12..].to_vec();
            for _ in 0..6 {
                answer.extend([question.as_slice(), &[0, 0, 0, 60, 0, 4, 192, 0, 2, 1]].concat());
            }
        });
        assert!(found.unwrap_err().contains("longer than the query + 60"));
    }

    #[test]
    fn silence_is_right_only_where_it_is_allowed() {
        let case = read("[a]\nfrom b\nsend 12\nudp drop\ntcp FORMERR\n").unwrap().remove(0);
        assert_eq!(judge(&case, &case.reactions[0].1, None), Ok(()));
        assert_eq!(judge(&case, &case.reactions[1].1, None), Err("no answer".to_string()));
    }
}
