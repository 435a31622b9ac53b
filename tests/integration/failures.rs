//! What goes wrong around a server: broken files, a vanished database, members that cannot be reached, no descriptors.
//! What was being served goes on, and the server says so.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::harness::client::{PATIENCE, ask, ask_over_tcp, eventually, try_ask};
use crate::harness::message::{A, AAAA, NOERROR, Query};
use crate::harness::place::{Folder, free_port, loopback, test_data};
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

/// A server of the three sites.
fn world(name: &str, setup: Setup) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    Server::start(folder, setup)
}

fn addresses(server: &Server, name: &str) -> Vec<IpAddr> {
    ask(server.address, &Query::new(name, A)).addresses()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn broken_files_are_all_reported_and_nothing_changes() {
    let _turn = turns::shared();
    let server = world("broken-files", Setup::default());
    let zone = server.folder.read("zones/example.com.zone");
    let steering = server.folder.read("zones/example.com.toml");

    // A good change in one place and faults in two files: the good one must not be taken either.
    server.folder.write(
        "zones/example.com.zone",
        zone.replace(
            "static      IN A     192.0.2.80",
            "static      IN A     192.0.2.81\nbad         IN A     192.0.2.256",
        ),
    );
    server.folder.write("zones/example.com.toml", steering.replace("map   = \"world\"", "map   = \"wurld\""));
    let before = server.log().len();
    server.reload();
    server.wait_for_log(before, &["reload refused"]);
    let log = server.log();
    assert!(log.contains("zones/example.com.zone:20:"), "the line of the broken record is named:\n{log}");
    assert!(
        log.contains("zones/example.com.toml:"),
        "the second file's fault is reported in the same run:\n{log}"
    );
    assert!(log.contains("world"), "a map that exists is suggested:\n{log}");
    let status = server.status();
    assert_eq!(status["load"]["taken"], false, "{status}");
    assert_eq!(addresses(&server, "static.example.com"), [ip("192.0.2.80")]);
    assert_eq!(addresses(&server, "www.example.com").len(), 1);

    // The same faults from `check`, which does not touch the server.
    let output = run(binary().arg("check").arg(server.main_file()));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("192.0.2.256") && text.contains("wurld"), "the offending lines are shown:\n{text}");

    server.folder.write("zones/example.com.zone", zone.replace("192.0.2.80", "192.0.2.81"));
    server.folder.write("zones/example.com.toml", steering);
    server.reload();
    eventually("the repaired files", PATIENCE * 2, || {
        (addresses(&server, "static.example.com") == [ip("192.0.2.81")]).then_some(())
    });
    server.wait_for_status("a load that was taken", |status| status["load"]["taken"] == true);
    let output = run(binary().arg("check").arg(server.main_file()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_start_with_broken_files_fails_and_says_why() {
    let _turn = turns::shared();
    let folder = Folder::new("broken-start");
    folder.copy("world");
    folder.write("zones/example.com.zone", "@ IN NS ns1\n");
    let server = Server::prepare(folder, Setup::default());
    let output = run(binary().arg("serve").arg(server.main_file()));
    assert!(!output.status.success());
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("zones/example.com.zone") && text.contains("SOA"), "{text}");
}

#[test]
fn other_listeners_say_that_they_take_a_restart() {
    let _turn = turns::shared();
    let server = world("listeners", Setup::default());
    let elsewhere = SocketAddr::new(server.address.ip(), free_port(&[server.address.ip()]));
    server.write_main_file(&[elsewhere]);
    let before = server.log().len();
    server.reload();
    server.wait_for_log(before, &["listen", "restart"]);
    server.wait_for_log(before, &["reloaded"]);
    assert_eq!(addresses(&server, "static.example.com"), [ip("192.0.2.80")]);
    let unheard = try_ask(elsewhere, &Query::new("static.example.com", A), Duration::from_millis(200));
    assert!(unheard.is_none(), "{unheard:?}");
}

#[test]
fn a_vanished_database_is_served_around() {
    let _turn = turns::shared();
    let folder = Folder::new("vanished");
    folder.copy("world");
    let database = folder.write("geoip/country.mmdb", std::fs::read(test_data("dbip-country.mmdb")).unwrap());
    let mut server =
        Server::start(folder, Setup { databases: vec!["geoip/country.mmdb".into()], ..Setup::default() });
    let site_of = |server: &Server, client: &str| {
        ask(server.address, &Query::new("www.example.com", A).with_subnet(ip(client), 24)).addresses()
    };
    let check = |server: &Server, when: &str| {
        for (client, site) in
            [("217.0.0.0", "192.0.2.10"), ("8.8.8.0", "192.0.2.20"), ("133.11.0.0", "192.0.2.30")]
        {
            assert_eq!(site_of(server, client), [ip(site)], "{when}");
        }
    };
    check(&server, "with the database");

    std::fs::remove_file(database).unwrap();
    let before = server.log().len();
    server.reload();
    server.wait_for_log(before, &["country.mmdb"]);
    check(&server, "after the database vanished");
    server.wait_for_status("attention to the database", |status| {
        status["attention"]
            .as_array()
            .is_some_and(|list| list.iter().any(|line| line.to_string().contains("country.mmdb")))
            || status["load"]["taken"] == false
    });

    // A start takes the last good copy and says so; `check` refuses.
    server.kill();
    server.spawn();
    server.wait_until_ready();
    check(&server, "after a start without the database");
    let status = server.status();
    assert!(status["geo"][0]["degraded"].is_string(), "{status}");
    assert!(status["attention"].as_array().is_some_and(|list| !list.is_empty()), "{status}");
    let output = run(binary().arg("check").arg(server.main_file()));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_broken_or_shrunken_database_never_replaces_a_good_one() {
    let _turn = turns::shared();
    let folder = Folder::new("shrunken");
    folder.copy("world");
    let good = std::fs::read(test_data("dbip-country.mmdb")).unwrap();
    folder.write("geoip/country.mmdb", &good);
    let server =
        Server::start(folder, Setup { databases: vec!["geoip/country.mmdb".into()], ..Setup::default() });
    for bad in [&good[..good.len() / 2], b"not a database".as_slice(), b""] {
        server.folder.write("geoip/country.mmdb", bad);
        let before = server.log().len();
        server.reload();
        server.wait_for_log(before, &["country.mmdb"]);
        let answer = ask(server.address, &Query::new("www.example.com", A).with_subnet(ip("133.11.0.0"), 24));
        assert_eq!(answer.addresses(), [ip("192.0.2.30")], "{} octets", bad.len());
    }
}

#[test]
fn members_that_cannot_be_reached_are_served_around() {
    let _turn = turns::shared();
    // Refused at once, and beyond any route.
    let [live, refusing] = [100, 101].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&[live, refusing]);
    let _backend = TcpListener::bind((live, port)).unwrap();
    let folder = Folder::new("unreachable");
    folder.copy("world");
    folder.write(
        "zones/example.com.toml",
        format!(
            "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"500ms\"\ntimeout = \"200ms\"\n\
             [pool.web]\nmonitor = \"web\"\nmembers = [\n\
             {{ name = \"live\", address = \"{live}\" }},\n{{ name = \"refusing\", address = [\"{refusing}\", \"::1\"] }},\n]\n\
             [[steer]]\nname = \"www\"\npools = [\"web\"]\n"
        ),
    );
    let server = Server::start(folder, Setup::default());
    for _ in 0..50 {
        assert_eq!(addresses(&server, "www.example.com"), [live]);
    }
    // Nobody is up in the other family: all of them, as if up, and the status says so.
    let answer = ask(server.address, &Query::new("www.example.com", AAAA));
    assert_eq!((answer.rcode(), answer.addresses()), (NOERROR, vec![ip("::1")]));
    let status = server.wait_for_status("a member that is down", |status| {
        status["pools"][0]["members"].to_string().contains("\"state\":\"down\"")
    });
    assert_eq!(status["pools"][0]["ipv4"], "healthy", "{status}");
    assert_eq!(status["pools"][0]["ipv6"], "dead", "{status}");
    assert_eq!(status["troubled_rules"][0]["rtype"], "AAAA", "{status}");
    let downs = server
        .log()
        .lines()
        .filter(|line| line.contains(&refusing.to_string()) && line.contains("down"))
        .count();
    assert_eq!(downs, 1, "one line for a transition:\n{}", server.log());
}

#[test]
fn few_descriptors_are_shared_out() {
    let _turn = turns::shared();
    const DESCRIPTORS: u32 = 96;
    let live = IpAddr::V4(loopback(110));
    let port = free_port(&[live]);
    let _backend = TcpListener::bind((live, port)).unwrap();
    let folder = Folder::new("descriptors");
    folder.copy("world");
    folder.write(
        "zones/example.com.toml",
        format!(
            "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"200ms\"\ntimeout = \"100ms\"\n\
             [pool.web]\nmonitor = \"web\"\nmembers = [{{ name = \"live\", address = \"{live}\" }}]\n\
             [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\nall_down = \"default\"\n"
        ),
    );
    let setup = Setup {
        descriptors: Some(DESCRIPTORS),
        server_lines: "tcp = { connections = 1000, connections_per_client = 1000 }",
        ..Setup::default()
    };
    let server = Server::start(folder, setup);
    let held: Vec<TcpStream> =
        (0..DESCRIPTORS).filter_map(|_| TcpStream::connect_timeout(&server.address, PATIENCE).ok()).collect();
    // Long enough for ten probes, with as many connections as there are descriptors.
    for _ in 0..40 {
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(
            addresses(&server, "www.example.com"),
            [live],
            "a prober without descriptors judges nobody"
        );
        let answer =
            ask_over_tcp(server.address, &Query::new("static.example.com", A).octets(), PATIENCE / 5);
        assert!(answer.is_some(), "the longest idle makes room");
    }
    drop(held);
    let log = server.log();
    let complaints =
        log.lines().filter(|line| line.contains("descriptors") || line.contains("open files")).count();
    assert!((1..=4).contains(&complaints), "said once each, not once an attempt ({complaints}):\n{log}");
    assert!(log.contains("fewer TCP connections at once than configured"), "{log}");
}
