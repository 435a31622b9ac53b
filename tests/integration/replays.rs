//! `meridian replay` of what real tools have captured: tcpdump before a running server, and kdig's own dnstap.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::client::{PATIENCE, ask, ask_over_tcp, eventually};
use crate::harness::daemon::Daemon;
use crate::harness::message::{A, AAAA, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup, binary, run, send_signal};
use crate::harness::turns;

/// The first label of the query that ends a capture; there is no such name.
const LAST: &str = "the-last-one";

/// A server of the three sites without geo data, and beside it files that send one network elsewhere.
fn world(name: &str) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    let maps = |sites: &str| {
        format!(
            "[site.fra]\n[site.iad]\n[site.sin]\n[map.world]\ndefault = [\"iad\", \"fra\", \"sin\"]\n\
             [map.world.network]\n\"193.0.0.0/8\" = [\"fra\"]\n\"44.0.0.0/8\" = [\"{sites}\"]\n"
        )
    };
    folder.write("geoip/maps.toml", maps("sin"));
    folder.write("geoip/new.toml", maps("fra"));
    let server = Server::start(folder, Setup::default());
    let main = server.folder.read("meridian.toml");
    server.folder.write("new.toml", main.replace("geoip/maps.toml", "geoip/new.toml"));
    server
}

/// What `meridian replay` says as JSON.
fn replay(server: &Server, capture: &str, new: Option<&str>) -> Value {
    let path = |name: &str| server.folder.path().join(name);
    let mut command = binary();
    command.args(["replay", "--format", "json", "--port", &server.address.port().to_string()]);
    command.arg(path(capture)).arg(server.main_file()).args(new.map(path));
    let output = run(&mut command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("replay writes JSON")
}

/// Captures what comes to the server while `work` is done.
fn captured(server: &Server, file: &str, work: impl FnOnce()) {
    let mut command = Command::new("tcpdump");
    command.args(["-i", "lo", "-U", "--immediate-mode", "-n", "-w", file, "-Z", "root"]);
    command.args(["port", &server.address.port().to_string()]).current_dir(server.folder.path());
    command.stdin(Stdio::null());
    let tcpdump = Daemon::start(command, &server.folder);
    eventually("tcpdump listens", PATIENCE, || server.log().contains("listening on lo").then_some(()));
    work();
    // The file is written packet by packet: when the last one stands in it, all do.
    ask(server.address, &Query::new(&format!("{LAST}.example.com"), A));
    let written = || std::fs::read(server.folder.path().join(file)).unwrap_or_default();
    let is_last = |octets: &[u8]| octets.windows(LAST.len()).any(|part| part == LAST.as_bytes());
    eventually("the last query in the file", PATIENCE, || is_last(&written()).then_some(()));
    send_signal(tcpdump.id(), "INT");
    eventually("tcpdump says what it saw", PATIENCE, || {
        server.log().contains("received by filter").then_some(())
    });
}

fn subnet(network: &str) -> Query {
    Query::new("www.example.com", A).with_subnet(network.parse::<std::net::IpAddr>().unwrap(), 24)
}

#[test]
fn what_tcpdump_captured_is_answered_again_and_compared() {
    let _turn = turns::shared();
    let server = world("replay-pcap");
    captured(&server, "queries.pcap", || {
        for network in ["193.0.1.0", "193.0.2.0", "44.0.1.0", "44.0.1.0", "45.0.0.0"] {
            ask(server.address, &subnet(network));
        }
        ask(server.address, &Query::new("www.example.com", AAAA));
        ask(server.address_v6, &Query::new("nowhere.example.com", A));
        ask(server.address, &Query::new("www.example.org", A));
        ask_over_tcp(server.address, &Query::new("www.example.com", A).octets(), PATIENCE).unwrap();
    });

    let alone = replay(&server, "queries.pcap", None);
    assert_eq!(alone["capture"]["queries"], 9, "{alone}");
    assert!(alone["capture"]["skipped_tcp"].as_u64() >= Some(2), "{alone}");
    assert!(alone["capture"]["skipped_responses"].as_u64() >= Some(8), "{alone}");
    assert_eq!(alone["comparison"], Value::Null);
    let configuration = &alone["configurations"][0];
    let codes: Vec<(&str, u64)> = configuration["rcodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_u64().unwrap()))
        .collect();
    assert_eq!(codes, [("NOERROR", 6), ("NXDOMAIN", 2), ("REFUSED", 1)]);
    // 193.0.2.0/24 lies in the scope of the answer for 193.0.1.0/24, and 44.0.1.0/24 is asked for twice.
    assert_eq!((&configuration["cache"]["reused"], &configuration["cache"]["asked"]), (&2.into(), &7.into()));
    assert!(configuration["engine"]["median_ns"].as_u64() > Some(0), "{alone}");

    let both = replay(&server, "queries.pcap", Some("new.toml"));
    let comparison = &both["comparison"];
    assert_eq!(
        (&comparison["queries"]["all"], &comparison["queries"]["changed"]),
        (&9.into(), &2.into()),
        "{both}"
    );
    assert_eq!(comparison["clients"]["changed"], 1, "{both}");
    assert_eq!((&comparison["other_records"], &comparison["other_ttl"]), (&2.into(), &0.into()));
    assert_eq!(comparison["names"][0]["name"], "www.example.com.");
    assert_eq!(comparison["names"][0]["changed"], 2);

    let same = replay(&server, "queries.pcap", Some("meridian.toml"));
    assert_eq!(same["comparison"]["queries"]["changed"], 0, "{same}");
}

#[test]
fn what_kdig_wrote_as_dnstap_is_answered_again() {
    let _turn = turns::shared();
    let server = world("replay-dnstap");
    let file = server.folder.path().join("queries.tap");
    let output = run(Command::new("kdig").arg("-E").arg(&file).args([
        &format!("@{}", server.address.ip()),
        "-p",
        &server.address.port().to_string(),
        "+subnet=44.0.1.0/24",
        "www.example.com",
        "A",
    ]));
    assert!(output.status.success(), "{output:?}");
    let both = replay(&server, "queries.tap", Some("new.toml"));
    assert_eq!(
        (&both["capture"]["kind"], &both["capture"]["queries"]),
        (&"dnstap".into(), &1.into()),
        "{both}"
    );
    assert_eq!(both["comparison"]["queries"]["changed"], 1, "{both}");
}
