//! Every packet of tests/data/packets.txt to all four: what each makes of it stands in `packets.md`, and where the three
//! agree and Meridian differs, it stands there why.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::case::{Case, read};
use crate::harness::client::{ask_over_tcp, receive, socket_to};
use crate::harness::place::fixture;
use crate::message::{Answer, Reaction};
use crate::name::Name;
use crate::peers::{House, Who};
use crate::zones::ZoneFile;

/// How long all packets together are waited for, each time that those without an answer are sent.
const PATIENCE: [Duration; 3] =
    [Duration::from_millis(400), Duration::from_millis(800), Duration::from_millis(1600)];
/// How long an answer over TCP may take, each time that those without one are asked for again: a server that is late on a
/// busy machine is not silent.
const TCP_PATIENCE: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(10)];
/// Connections at once, fewer than NSD takes. Of those that are asked for again nearly all are to servers that wait, too.
const CONNECTIONS: usize = 48;

const TRANSPORTS: [&str; 3] = ["UDP", "TCP", "both"];
/// A packet over one transport or both.
type Key = (String, &'static str);
/// What the four made of it, in the order of [`Who::ALL`].
type Row = [String; 4];

#[test]
fn odd_packets_get_the_same_or_it_is_told_why() {
    let house = House::start("packets", &[world_of_the_packets()]);
    let text = std::fs::read_to_string(fixture("data/packets.txt")).unwrap();
    let cases = read(&text).unwrap();
    let rows = ask(&house, &cases);
    let path = fixture("interop/packets.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let reasons = reasons(&written);
    let now = table(&rows, &reasons);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let missing: Vec<String> = rows
        .iter()
        .filter(|(key, row)| is_alone(row) && reasons.get(*key).is_none_or(String::is_empty))
        .map(|((name, transport), row)| format!("{name} over {transport}: {} and not {}", row[0], row[3]))
        .collect();
    assert!(
        missing.is_empty(),
        "the three agree against Meridian, and no reason is given:\n{}",
        missing.join("\n")
    );
    let changed: Vec<&str> =
        now.lines().filter(|line| !written.lines().any(|other| other == *line)).collect();
    assert!(
        now == written,
        "packets.md is no longer true; read what BLESS=1 writes before it is committed:\n{}",
        changed.join("\n")
    );
}

/// The zone that the packets ask for, none of it steered.
fn world_of_the_packets() -> ZoneFile {
    let file_name = "example.com.zone".to_string();
    let text = std::fs::read(fixture(&format!("data/world/zones/{file_name}"))).unwrap();
    ZoneFile { apex: Name::plain("example.com"), file_name, text }
}

/// Whether the three agree, on everything or at least on the rcode, and Meridian differs in that.
fn is_alone(row: &Row) -> bool {
    let rcodes = row.each_ref().map(|cell| cell.split(' ').next().unwrap_or_default());
    let stands_alone =
        |cells: [&str; 4]| cells[0] == cells[1] && cells[1] == cells[2] && cells[2] != cells[3];
    stands_alone(row.each_ref().map(String::as_str)) || stands_alone(rcodes)
}

/// What the four make of all packets; without those where all are alike.
fn ask(house: &House, cases: &[Case]) -> BTreeMap<Key, Row> {
    let columns = std::thread::scope(|scope| {
        let running = Who::ALL.map(|who| {
            let address = house.address(who);
            scope.spawn(move || (over_udp(address, cases), over_tcp(address, cases)))
        });
        running.map(|thread| thread.join().expect("a client ends"))
    });
    let mut rows = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        let udp = [0, 1, 2, 3].map(|who| told(columns[who].0[number].as_deref()));
        let tcp = [0, 1, 2, 3].map(|who| told(columns[who].1[number].as_deref()));
        if udp == tcp {
            rows.insert((case.name.clone(), "both"), udp);
        } else {
            rows.insert((case.name.clone(), "UDP"), udp);
            rows.insert((case.name.clone(), "TCP"), tcp);
        }
    }
    rows.retain(|_, row| row.iter().any(|cell| *cell != row[0]));
    rows
}

/// Each packet from a port of its own, all at once, those without an answer again.
fn over_udp(server: SocketAddr, cases: &[Case]) -> Vec<Option<Vec<u8>>> {
    let mut answers = vec![None; cases.len()];
    for patience in PATIENCE {
        let missing: Vec<usize> = (0..cases.len()).filter(|&number| answers[number].is_none()).collect();
        let sockets: Vec<_> = missing.iter().map(|_| socket_to(server)).collect();
        for (socket, &number) in sockets.iter().zip(&missing) {
            // What cannot be sent is not answered.
            let _ = socket.send(&cases[number].octets);
        }
        let deadline = Instant::now() + patience;
        for (socket, &number) in sockets.iter().zip(&missing) {
            answers[number] = receive(socket, deadline.saturating_duration_since(Instant::now()));
        }
    }
    answers
}

/// Each packet over a connection of its own, some at once, those without an answer again.
fn over_tcp(server: SocketAddr, cases: &[Case]) -> Vec<Option<Vec<u8>>> {
    let mut answers = vec![None; cases.len()];
    for patience in TCP_PATIENCE {
        let missing: Vec<usize> = (0..cases.len()).filter(|&number| answers[number].is_none()).collect();
        for some in missing.chunks(CONNECTIONS) {
            std::thread::scope(|scope| {
                let ask = |number: usize| ask_over_tcp(server, &cases[number].octets, patience);
                let running: Vec<_> = some.iter().map(|&number| scope.spawn(move || ask(number))).collect();
                for (thread, &number) in running.into_iter().zip(some) {
                    answers[number] = thread.join().expect("a client ends");
                }
            });
        }
    }
    answers
}

/// A reaction in a few words: rcode, flags that matter, OPT, answers.
fn told(octets: Option<&[u8]>) -> String {
    match Reaction::of(octets) {
        Reaction::Silence => "silence".to_string(),
        Reaction::Broken(fault) => format!("no message: {}", fault.split(':').next().unwrap_or_default()),
        Reaction::Answer(answer) => told_answer(&answer),
    }
}

fn told_answer(answer: &Answer) -> String {
    const RCODES: &[(u16, &str)] = &[
        (0, "NOERROR"),
        (1, "FORMERR"),
        (2, "SERVFAIL"),
        (3, "NXDOMAIN"),
        (4, "NOTIMP"),
        (5, "REFUSED"),
        (9, "NOTAUTH"),
        (16, "BADVERS"),
        (23, "BADCOOKIE"),
    ];
    let name = RCODES.iter().find(|(code, _)| *code == answer.rcode).map(|(_, name)| *name);
    let mut text = name.map_or_else(|| format!("rcode {}", answer.rcode), String::from);
    for (flag, name) in [(0x0400, " aa"), (0x0200, " tc"), (0x0080, " ra")] {
        text.push_str(if answer.flags & flag != 0 { name } else { "" });
    }
    if !answer.answers.is_empty() {
        let _ = write!(text, " answers={}", answer.answers.len());
    }
    text.push_str(if answer.opt.is_some() { " opt" } else { "" });
    text.push_str(if answer.question.is_none() { " no-question" } else { "" });
    text
}

/// The text of packets.md.
fn table(rows: &BTreeMap<Key, Row>, reasons: &BTreeMap<Key, String>) -> String {
    let mut text = String::from(HEAD);
    for (key, row) in rows {
        let reason = reasons.get(key).map_or("", String::as_str);
        let _ = writeln!(text, "| {} | {} | {} | {reason} |", key.0, key.1, row.join(" | "));
    }
    text
}

const HEAD: &str = "\
# What Knot, NSD and BIND make of odd packets

The packets of tests/data/packets.txt, which says what Meridian must do and by which RFC; here are those that the four do not
treat alike. `BLESS=1 cargo test --test interop packets` writes the table; what stands in the last column is kept. It
must say why where the three agree and Meridian differs.

| packet | over | Knot | NSD | BIND | Meridian | why |
|---|---|---|---|---|---|---|
";

/// The last column by packet and transport.
fn reasons(text: &str) -> BTreeMap<Key, String> {
    let lines = text.lines().filter_map(|line| {
        let cells: Vec<&str> =
            line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(str::trim).collect();
        let [name, transport, .., reason] = cells.as_slice() else { return None };
        let transport = TRANSPORTS.into_iter().find(|known| known == transport)?;
        (cells.len() == 7).then(|| ((name.to_string(), transport), reason.to_string()))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_outlive_a_new_table() {
        let row: Row = ["silence", "silence", "silence", "FORMERR"].map(String::from);
        assert!(is_alone(&row));
        let key = ("short".to_string(), "UDP");
        let rows = BTreeMap::from([(key.clone(), row)]);
        let reasons_then = BTreeMap::from([(key, "so that clients learn of it".to_string())]);
        let text = table(&rows, &reasons_then);
        assert!(text.ends_with(
            "| short | UDP | silence | silence | silence | FORMERR | so that clients learn of it |\n"
        ));
        assert_eq!(reasons(&text), reasons_then);
        assert_eq!(reasons(&table(&rows, &BTreeMap::new())).len(), 1);
    }
}
