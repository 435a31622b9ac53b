//! Members leave and come back, with real nginx processes: the panic limit, manual resume over a restart, and a change
//! that was planned for a moment.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::harness::client::{PATIENCE, ask, eventually};
use crate::harness::message::{A, Query};
use crate::harness::nginx::Nginx;
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

const ZONE: &str = "\
@ 60 SOA ns hostmaster 1 1h 1h 1h 1h
@ 60 NS ns
ns 60 A 192.0.2.53
www 60 A 192.0.2.1
";
/// The default RRset.
const DEFAULT: &str = "192.0.2.1";

/// A server that steers www.example.com over `members` (lines), monitored at `port`, in a pool with these further lines.
fn server(name: &str, port: u16, pool: &str, members: &[String]) -> Server {
    let folder = Folder::new(name);
    folder.write("zones/example.com.zone", ZONE);
    let steering = format!(
        "[monitor.web]\nprobe = {{ http = {{ path = \"/healthz\" }} }}\nport = {port}\ninterval = \"500ms\"\n\
         timeout = \"400ms\"\nrise = 1\nfall = 2\n[pool.web]\nmonitor = \"web\"\n{pool}\nmembers = [\n{}\n]\n\
         [[steer]]\nname = \"www\"\npools = [\"web\"]\nall_down = \"default\"\nmin_ttl = 30\n",
        members.join(",\n")
    );
    folder.write("zones/example.com.toml", steering);
    Server::start(folder, Setup::default())
}

fn member(name: &str, address: IpAddr) -> String {
    format!("{{ name = \"{name}\", address = \"{address}\" }}")
}

/// Every address that comes in some answers.
fn given(server: &Server) -> BTreeSet<IpAddr> {
    (0..200).flat_map(|_| ask(server.address, &Query::new("www.example.com", A)).addresses()).collect()
}

fn command(server: &Server, words: &[&str]) -> String {
    let output = run(binary().args(words).arg("--socket").arg(server.socket()));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The addresses of the only pool's members of which a status says `key`.
fn which(status: &Value, holds: impl Fn(&Value) -> bool) -> BTreeSet<IpAddr> {
    let members = status["pools"][0]["members"].as_array().unwrap().iter();
    let addresses = members.flat_map(|member| member["addresses"].as_array().unwrap());
    addresses
        .filter(|address| holds(address))
        .map(|address| address["address"].as_str().unwrap().parse().unwrap())
        .collect()
}

fn suspects(status: &Value) -> BTreeSet<IpAddr> {
    which(status, |address| address["suspect"] == true)
}

fn down(status: &Value) -> BTreeSet<IpAddr> {
    which(status, |address| address["targets"][0]["state"] == "down")
}

#[test]
fn members_beyond_the_panic_limit_are_suspect_until_an_operator_accepts() {
    let _turn = turns::shared();
    let addresses: Vec<IpAddr> = (100..112).map(|host| IpAddr::V4(loopback(host))).collect();
    let port = free_port(&addresses);
    let names = (0..).map(|number| format!("panic-{number}"));
    let mut members: Vec<Nginx> =
        addresses.iter().zip(names).map(|(&address, name)| Nginx::start(&name, address, port)).collect();
    let lines: Vec<_> = addresses.iter().map(|&address| member(&format!("m{address}"), address)).collect();
    let panic = "panic = { remove_at_most = \"30 %\", within = \"5m\" }";
    let server = server("panic", port, panic, &lines);
    assert_eq!(given(&server), addresses.iter().copied().collect());

    // 30 % of twelve are three: of six dead ones the others are suspect, and not given out while anybody is well.
    members[..6].iter_mut().for_each(Nginx::kill);
    let status = server.wait_for_status("six members down", |status| down(status).len() == 6);
    assert_eq!(
        (suspects(&status).len(), &status["pools"][0]["ipv4"]),
        (3, &Value::from("healthy")),
        "{status}"
    );
    assert_eq!(given(&server), addresses[6..].iter().copied().collect());
    let attention = status["attention"].to_string();
    assert!(attention.contains("pool web: 3 addresses suspect"), "{attention}");

    members[6..].iter_mut().for_each(Nginx::kill);
    let status = server.wait_for_status("all members down", |status| down(status).len() == 12);
    assert_eq!(suspects(&status).len(), 9, "{status}");
    assert_eq!(given(&server), suspects(&status), "answers go on");
    assert_eq!(status["troubled_rules"][0]["outcomes"][0]["reason"], "suspect");
    assert_eq!(server.metric("suspect_members{pool=\"web\",family=\"ipv4\"}"), 9);

    assert!(command(&server, &["panic", "accept", "nowhere"]).contains("there is no pool nowhere"));
    assert_eq!(command(&server, &["panic", "accept", "web"]), "9 suspect addresses count as down now\n");
    assert_eq!(given(&server), BTreeSet::from([DEFAULT.parse().unwrap()]));
    assert!(command(&server, &["panic", "accept"]).contains("no member is suspect in any pool"));
    server.wait_for_log(0, &["panic limit of the pool web (IPv4) is now: not reached"]);
    assert_eq!(server.log().matches("panic limit of the pool web (IPv4) is now: reached").count(), 1);

    members[3].start_again();
    eventually("a member that came back", PATIENCE * 2, || {
        (given(&server) == BTreeSet::from([addresses[3]])).then_some(())
    });
}

#[test]
fn a_member_that_went_down_stays_out_over_a_restart_until_it_is_resumed() {
    let _turn = turns::shared();
    let addresses = [112, 113].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&addresses);
    let mut first = Nginx::start("resume-first", addresses[0], port);
    let _second = Nginx::start("resume-second", addresses[1], port);
    let lines = [member("first", addresses[0]), member("second", addresses[1])];
    let mut server = server("resume", port, "manual_resume = true\nslow_start = \"1h\"", &lines);
    let awaiting = |status: &Value| which(status, |address| address["awaits_resume"] == true);

    first.kill();
    server.wait_for_status("the first member down", |status| down(status).len() == 1);
    assert!(command(&server, &["resume", "web/first"]).contains("web/first is still down"));
    assert!(
        command(&server, &["status"]).contains("; once it is up, `meridian resume web/first` brings it back")
    );
    first.start_again();
    server.wait_for_status("the first member up", |status| down(status).is_empty());
    assert_eq!(given(&server), BTreeSet::from([addresses[1]]));
    eventually("the saved table", PATIENCE * 2, || {
        server.folder.read("state/health").contains("hold web first ipv4 awaits-resume\n").then_some(())
    });

    server.kill();
    server.spawn();
    server.wait_until_ready();
    let status = server.wait_for_status("both members up", |status| down(status).is_empty());
    assert_eq!(awaiting(&status), BTreeSet::from([addresses[0]]), "{status}");
    assert_eq!(given(&server), BTreeSet::from([addresses[1]]));
    assert!(command(&server, &["status"]).contains("up, awaiting resume"));

    assert_eq!(command(&server, &["resume", "web/first"]), "web/first is resumed\n");
    assert_eq!(given(&server), BTreeSet::from(addresses));
    let status = server.status();
    assert!(awaiting(&status).is_empty(), "{status}");
    assert_eq!(which(&status, |address| address["slow_start_step"] == 1), BTreeSet::from([addresses[0]]));
    assert!(command(&server, &["status"]).contains("0.0625 of 1, slow start 1/16"));
    assert!(command(&server, &["resume", "web/first"]).contains("does not await to be resumed"));
}

/// An answer must have expired when the change comes. A busy machine may be late to say so by this much.
const SLACK: f64 = 2.0;

#[test]
fn a_drain_that_ends_at_a_moment_ends_then_and_ttls_shrink_before() {
    let _turn = turns::shared();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let change = now().as_secs() + 8;
    let addresses = [114, 115].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&addresses);
    let members = addresses.map(|address| Nginx::start(&format!("until-{address}"), address, port));
    let until = rfc3339(change);
    let first = format!(
        "{{ name = \"first\", address = \"{}\", weight = 65535, admin = {{ state = \"drained\", until = \"{until}\", \
         who = \"ops\", why = \"new switches\" }} }}",
        addresses[0]
    );
    let server = server("until", port, "", &[first, member("second", addresses[1])]);
    if now().as_secs() + 3 < change {
        assert!(command(&server, &["status"]).contains("by ops: new switches"));
    }

    let mut ttls = Vec::new();
    let back = eventually("the first member", Duration::from_secs(20), || {
        let asked = now();
        let answer = ask(server.address, &Query::new("www.example.com", A));
        let is_back = answer.addresses() == [addresses[0]];
        assert!(!is_back || now().as_secs() >= change, "before its time");
        ttls.extend((!is_back).then(|| (asked.as_secs_f64(), answer.answers[0].ttl)));
        is_back.then_some(asked.as_secs())
    });
    assert!(back <= change + 2, "{back} instead of {change}");
    assert!(!ttls.is_empty());
    for (asked, ttl) in ttls {
        assert!(
            ttl == 1 || asked + f64::from(ttl) <= change as f64 + SLACK,
            "{ttl} s at {asked} before {change}"
        );
    }
    drop(members);
}

/// Seconds since 1970 as RFC 3339 has them, by the system's `date`.
fn rfc3339(seconds: u64) -> String {
    let output = run(std::process::Command::new("date").args([
        "-u",
        "-d",
        &format!("@{seconds}"),
        "+%Y-%m-%dT%H:%M:%SZ",
    ]));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
