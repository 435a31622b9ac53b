//! Geo databases that are replaced under a running server: taken by themselves, held back, accepted, refused.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::client::{PATIENCE, ask, eventually};
use crate::harness::database::countries;
use crate::harness::load::Load;
use crate::harness::message::{A, Message, NOERROR, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

const FRA: [u8; 4] = [192, 0, 2, 10];
const IAD: [u8; 4] = [192, 0, 2, 20];

/// Half of a /8 that moves with each database: in the first 20/8 and 40/8 are German, in all others more.
const FIRST: &[(&str, &str)] =
    &[("20.0.0.0/8", "DE"), ("30.0.0.0/8", "US"), ("40.0.0.0/8", "US"), ("64.0.0.0/4", "US")];
/// 30/8 moves: 0.45 % of the routable addresses.
const SMALL: &[(&str, &str)] =
    &[("20.0.0.0/8", "DE"), ("30.0.0.0/8", "DE"), ("40.0.0.0/8", "US"), ("64.0.0.0/4", "US")];
/// 64/4 moves, too: 7.25 %.
const LARGE: &[(&str, &str)] =
    &[("20.0.0.0/8", "DE"), ("30.0.0.0/8", "DE"), ("40.0.0.0/8", "US"), ("64.0.0.0/4", "DE")];

fn start(name: &str, gate: &str) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    folder.write("geo.mmdb", countries(FIRST));
    let mut server =
        Server::prepare(folder, Setup { databases: vec!["geo.mmdb".into()], ..Setup::default() });
    let main = server.folder.read("meridian.toml");
    server.folder.write("meridian.toml", format!("{main}{gate}"));
    server.spawn();
    server.wait_until_ready();
    server
}

fn query(client: [u8; 4]) -> Query {
    Query::new("www.example.com", A).with_subnet(client, 24)
}

/// Which site answers a client.
fn answer(server: &Server, client: [u8; 4]) -> Ipv4Addr {
    match ask(server.address, &query(client)).addresses()[..] {
        [IpAddr::V4(address)] => address,
        ref others => panic!("{others:?}"),
    }
}

fn wait_for_answer(server: &Server, client: [u8; 4], expected: [u8; 4]) {
    eventually(&format!("{expected:?} for {client:?}"), PATIENCE * 4, || {
        (answer(server, client).octets() == expected).then_some(())
    });
}

fn held(status: &Value) -> bool {
    status["geo"][0]["held_back"].is_object()
}

/// Whether the metrics say that what the file holds is served.
fn is_taken(server: &Server) -> bool {
    server.metric("geo_database_file_taken{database=\"geo.mmdb\"}") == 1
}

/// Runs a command that asks the server; its exit code and what it prints.
fn command(server: &Server, words: &[&str]) -> (Option<i32>, String) {
    let output = run(binary().args(words).arg("--socket").arg(server.socket()));
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_replaced_database_is_taken_or_held_back_or_refused_while_queries_go_on() {
    let _turn = turns::shared();
    let server = start("geo-gate", "max_change = \"1 %\"\n");
    let clients = [[20, 1, 2, 0], [30, 1, 2, 0], [40, 1, 2, 0], [65, 1, 2, 0]];
    let question = |number: u64, id: u16| Query { id, ..query(clients[number as usize % 4]) }.octets();
    let judge = |number: u64, _: Instant, octets: &[u8]| {
        let message = Message::parse(octets)?;
        let allowed: &[[u8; 4]] = match number % 4 {
            0 => &[FRA],
            2 => &[IAD],
            _ => &[FRA, IAD],
        };
        let fits = |address: &IpAddr| allowed.iter().any(|&site| *address == IpAddr::from(site));
        match message.addresses().as_slice() {
            [address] if message.rcode() == NOERROR && fits(address) => Ok(()),
            others => Err(format!("{others:?} for {number}")),
        }
    };
    let load = Load { server: server.address, per_second: 200, query: &question, judge: &judge };
    let ((), report) = load.during(|| replace_and_look(&server));
    report.assert_clean();
}

fn replace_and_look(server: &Server) {
    assert_eq!(answer(server, [30, 1, 2, 0]).octets(), IAD);
    // Small enough: taken without a reload.
    server.folder.write("geo.mmdb", countries(SMALL));
    wait_for_answer(server, [30, 1, 2, 0], FRA);
    assert!(!held(&server.status()));

    // Too much: held back, and nothing changes, by a reload neither.
    let from = server.log().len();
    server.folder.write("geo.mmdb", countries(LARGE));
    let status = server.wait_for_status("a database that is held back", held);
    assert_eq!(status["geo"][0]["held_back"]["change"], "7.25 %");
    let attention = status["attention"].to_string();
    assert!(
        attention.contains("geo database geo.mmdb is held back since")
            && attention.contains(": it moves 7.25 %"),
        "{attention}"
    );
    assert_eq!(answer(server, [65, 1, 2, 0]).octets(), IAD);
    server.reload();
    server.wait_for_log(from, &["reloaded"]);
    assert_eq!(answer(server, [65, 1, 2, 0]).octets(), IAD);
    assert!(held(&server.status()));
    assert_eq!(server.log()[from..].matches("is held back: it would give").count(), 1, "said once");

    // Whom it moves can be asked.
    let main = server.main_file().display().to_string();
    let (code, text) = command(server, &["plan", "--running", &main, "--max-change", "1/50"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("largest change: 7.25 %, above the accepted 2 %"), "{text}");
    assert!(text.contains("64.0.0.0/4") && text.contains("iad → fra"), "{text}");
    let (code, json) = command(server, &["plan", "--running", &main, "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("plan writes JSON");
    // 2²⁸ of 3,702,258,688 addresses: 1,048,576 of 14,461,948, in parts of 256.
    assert_eq!((code, &json["largest_change"]["fraction"]), (Some(0), &Value::from("262144/3615487")));

    // Accepted.
    let (code, text) = command(server, &["geo", "accept", "other.mmdb"]);
    assert_eq!(code, Some(1), "{text}");
    let (code, text) = command(server, &["geo", "accept"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("taken in generation ") && text.ends_with(": geo.mmdb\n"), "{text}");
    assert_eq!(answer(server, [65, 1, 2, 0]).octets(), FRA);
    assert!(!held(&server.status()));
    assert_eq!(command(server, &["geo", "accept"]).0, Some(1), "nothing is held back any more");

    // Bad: refused.
    let from = server.log().len();
    server.folder.write("geo.mmdb", &countries(FIRST)[..100]);
    server.wait_for_log(from, &["the geo database geo.mmdb is not taken", "not an .mmdb file"]);
    assert_eq!(answer(server, [65, 1, 2, 0]).octets(), FRA);
}

#[test]
fn a_file_that_is_put_back_is_not_held_back_any_more() {
    let _turn = turns::shared();
    let server = start("geo-back", "max_change = \"1 %\"\n");
    server.folder.write("geo.mmdb", countries(LARGE));
    server.wait_for_status("a database that is held back", held);
    server.folder.write("geo.mmdb", countries(FIRST));
    server.wait_for_status("nothing that is held back", |status| !held(status));
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), IAD);
}

#[test]
fn a_file_that_goes_bad_or_missing_is_shown_until_a_good_one_is_back() {
    let _turn = turns::shared();
    let server = start("geo-refused", "max_change = \"1 %\"\n");
    let file = server.folder.path().join("geo.mmdb");
    let good = server.folder.write("good.mmdb", countries(FIRST));
    let serves = |when: &str| {
        assert_eq!(answer(&server, [20, 1, 2, 0]).octets(), FRA, "{when}");
        assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), IAD, "{when}");
    };
    let is_refused = |status: &Value, why: &str| {
        status["geo"][0]["refused"]["why"].as_str().is_some_and(|known| known.contains(why))
    };
    let is_clean = |status: &Value| {
        let geo = &status["geo"][0];
        geo["refused"].is_null() && geo["held_back"].is_null() && status["attention"] == serde_json::json!([])
    };
    assert!(is_clean(&server.status()) && is_taken(&server));
    type Step<'s> = (&'s str, &'s dyn Fn());
    let steps: [Step<'_>; 4] = [
        ("not an .mmdb file", &|| drop(server.folder.write("geo.mmdb", "<html>"))),
        ("80 %", &|| drop(server.folder.write("geo.mmdb", countries(&FIRST[..1])))),
        ("the file is missing", &|| std::fs::remove_file(&file).unwrap()),
        ("cannot be read: it is not a regular file", &|| std::fs::create_dir(&file).unwrap()),
    ];
    for (why, spoil) in steps {
        spoil();
        let status = server.wait_for_status(why, |status| is_refused(status, why));
        assert!(status["geo"][0]["refused"]["since"].is_string(), "{status}");
        let attention = status["attention"].to_string();
        assert!(attention.contains("geo database geo.mmdb is not taken since"), "{attention}");
        let (_, text) = command(&server, &["status"]);
        assert!(text.contains("the file is not taken for") && text.contains(why), "{text}");
        assert!(!is_taken(&server), "{why}");
        serves(why);
    }
    // A reload is refused for it, and the gate has a word about what is put there next.
    let from = server.log().len();
    server.reload();
    server.wait_for_log(from, &["reload refused"]);
    std::fs::remove_dir(&file).unwrap();
    server.folder.write("geo.mmdb", countries(LARGE));
    let status = server.wait_for_status("a database that is held back", held);
    assert!(status["geo"][0]["refused"].is_null() && !is_taken(&server), "{status}");
    serves("held back");
    // What is served comes back.
    std::fs::rename(&good, &file).unwrap();
    server.wait_for_log(from, &["the geo database geo.mmdb holds what is served again"]);
    assert!(is_taken(&server));
    server.reload();
    server.wait_for_status("nothing amiss", is_clean);
    serves("clean again");
}

#[test]
fn a_good_file_ends_what_stood_in_for_a_bad_one() {
    let _turn = turns::shared();
    let mut server = start("geo-stand-in", "");
    let copy = server.folder.path().join("state/databases/geo.mmdb");
    eventually("a copy of what is served", PATIENCE, || copy.exists().then_some(()));
    server.kill();
    server.folder.write("geo.mmdb", "<html>");
    server.spawn();
    server.wait_until_ready();
    assert!(server.status()["geo"][0]["degraded"].is_string() && !is_taken(&server));
    // The octets are those of the copy that serves.
    server.folder.write("geo.mmdb", countries(FIRST));
    server.wait_for_status("nothing that stands in", |status| status["geo"][0]["degraded"].is_null());
    assert!(is_taken(&server));
}

#[test]
fn what_the_files_accept_by_now_is_taken_by_a_reload() {
    let _turn = turns::shared();
    let server = start("geo-limit", "max_change = \"1 %\"\n");
    server.folder.write("geo.mmdb", countries(LARGE));
    server.wait_for_status("a database that is held back", held);
    let main = server.folder.read("meridian.toml");
    server.folder.write("meridian.toml", main.replace("\"1 %\"", "\"10 %\""));
    server.reload();
    wait_for_answer(&server, [65, 1, 2, 0], FRA);
    server.wait_for_status("nothing that is held back", |status| !held(status));
    assert!(is_taken(&server));
}

#[test]
fn a_database_that_breaks_an_assertion_is_held_back() {
    let _turn = turns::shared();
    let sentence = "network 65.0.0.0/8 never reaches site fra";
    let server = start("geo-assertion", &format!("[[assert]]\nthat = \"{sentence}\"\n"));
    let from = server.log().len();
    server.folder.write("geo.mmdb", countries(LARGE));
    let status = server.wait_for_status("a database that is held back", held);
    let assertion = status["geo"][0]["held_back"]["assertion"].to_string();
    assert!(assertion.contains(sentence) && assertion.contains("65.0.0.0"), "{assertion}");
    let attention = status["attention"].to_string();
    assert!(attention.contains("geo database geo.mmdb is held back since"), "{attention}");
    assert!(attention.contains(": the assertion"), "{attention}");
    server.wait_for_log(from, &["the geo database geo.mmdb is held back: the assertion", "would not be so"]);
    server.reload();
    server.wait_for_log(from, &["reloaded"]);
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), IAD);
    // What breaks none is taken.
    server.folder.write("geo.mmdb", countries(SMALL));
    wait_for_answer(&server, [30, 1, 2, 0], FRA);
    server.wait_for_status("nothing that is held back", |status| !held(status));
    // And an operator's word counts more.
    server.folder.write("geo.mmdb", countries(LARGE));
    server.wait_for_status("a database that is held back again", held);
    assert_eq!(command(&server, &["geo", "accept"]).0, Some(0));
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), FRA);
}

#[test]
fn a_restart_is_no_way_around_the_gate() {
    let _turn = turns::shared();
    let mut server = start("geo-restart", "max_change = \"1 %\"\n");
    let copy = server.folder.path().join("state/databases/geo.mmdb");
    eventually("a copy of what is served", PATIENCE, || copy.exists().then_some(()));
    server.kill();
    server.folder.write("geo.mmdb", countries(LARGE));
    server.spawn();
    server.wait_until_ready();
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), IAD);
    server.wait_for_status("a database that is held back", held);
    assert_eq!(command(&server, &["geo", "accept", "geo.mmdb"]).0, Some(0));
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), FRA);
}

#[test]
fn files_that_are_not_watched_wait_for_a_reload() {
    let _turn = turns::shared();
    let server = start("geo-unwatched", "watch = false\n");
    server.folder.write("geo.mmdb", countries(LARGE));
    // Longer than two looks take.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(answer(&server, [65, 1, 2, 0]).octets(), IAD);
    server.reload();
    wait_for_answer(&server, [65, 1, 2, 0], FRA);
}
