//! Ports and users: a server that is started as root and serves as somebody else, and one that has the single capability
//! for low ports. Only root can show it: who is not root must have sudo without a password.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{MetadataExt, chown};

use crate::harness::client::{PATIENCE, ask, ask_over_tcp, eventually};
use crate::harness::message::{A, NOERROR, Query};
use crate::harness::place::{Folder, loopback};
use crate::harness::root::{give, ids, is_root, pass_as_root};
use crate::harness::server::{Server, Setup, binary};
use crate::harness::turns;

/// Every system has this user.
const USER: &str = "nobody";

#[test]
fn a_server_started_as_root_becomes_an_ordinary_user() {
    if !is_root() {
        return pass_as_root("privileges::a_server_started_as_root_becomes_an_ordinary_user");
    }
    let _turn = turns::shared();
    let folder = Folder::new("privileges");
    folder.copy("world");
    let mut server = Server::prepare(folder, Setup { server_lines: "user = \"nobody\"", ..Setup::default() });
    let (uid, gid) = ids(USER);
    give(server.folder.path(), uid, gid);
    server.spawn();
    server.wait_until_ready();

    assert_eq!(threads_that_differ(server.process_id(), uid, gid), BTreeMap::new());
    let query = Query::new("static.example.com", A);
    assert_eq!(ask(server.address, &query).rcode(), NOERROR);
    assert!(ask_over_tcp(server.address, &query.octets(), PATIENCE).is_some());

    let zone = server.folder.read("zones/example.com.zone");
    server.folder.write("zones/example.com.zone", zone.replace("192.0.2.80", "192.0.2.81"));
    server.reload();
    eventually("the new file", PATIENCE * 2, || {
        (ask(server.address, &query).addresses() == ["192.0.2.81".parse::<std::net::IpAddr>().unwrap()])
            .then_some(())
    });
    let state = server.folder.path().join("state");
    assert_eq!(fs::metadata(&state).unwrap().uid(), uid);
    let health = eventually("saved health", PATIENCE * 3, || fs::metadata(state.join("health")).ok());
    assert_eq!(health.uid(), uid);
    assert_eq!(threads_that_differ(server.process_id(), uid, gid), BTreeMap::new());
    assert!(!server.log().contains("would be refused"), "{}", server.log());
}

#[test]
fn files_that_the_user_cannot_read_are_told_at_the_start() {
    if !is_root() {
        return pass_as_root("privileges::files_that_the_user_cannot_read_are_told_at_the_start");
    }
    let _turn = turns::shared();
    let folder = Folder::new("unreadable");
    folder.copy("world");
    let mut server = Server::prepare(folder, Setup { server_lines: "user = \"nobody\"", ..Setup::default() });
    let (uid, gid) = ids(USER);
    give(server.folder.path(), uid, gid);
    let secret = server.folder.path().join("zones/example.com.zone");
    chown(&secret, Some(0), Some(0)).unwrap();
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    server.spawn();
    server.wait_until_ready();
    server.wait_for_log(
        0,
        &["a reload would be refused", "example.com.zone", "permission denied", "this runs as nobody"],
    );
    assert_eq!(ask(server.address, &Query::new("static.example.com", A)).rcode(), NOERROR);
}

#[test]
fn only_root_can_become_another_user() {
    if !is_root() {
        return pass_as_root("privileges::only_root_can_become_another_user");
    }
    let _turn = turns::shared();
    let mut server = unprivileged("user-without-root", &[], "user = \"daemon\"");
    assert_refused(&mut server, "only root can");
}

#[test]
fn a_low_port_needs_one_capability_and_no_root() {
    if !is_root() {
        return pass_as_root("privileges::a_low_port_needs_one_capability_and_no_root");
    }
    let _turn = turns::shared();
    let capability = "+net_bind_service";
    let mut server = unprivileged("low-port", &["--inh-caps", capability, "--ambient-caps", capability], "");
    server.address = low_address();
    server.write_main_file(&[server.address]);
    give(server.folder.path(), ids(USER).0, ids(USER).1);
    server.spawn();
    server.wait_until_ready();
    let query = Query::new("static.example.com", A);
    assert_eq!(ask(server.address, &query).rcode(), NOERROR);
    assert!(ask_over_tcp(server.address, &query.octets(), PATIENCE).is_some());

    let mut without = unprivileged("low-port-refused", &[], "");
    without.address = low_address();
    without.write_main_file(&[without.address]);
    if without.address.port() < first_port_of_everybody() {
        assert_refused(&mut without, "ports below 1024 need the capability CAP_NET_BIND_SERVICE");
    } else {
        // Many containers are so: there is nothing to refuse.
        without.spawn();
        without.wait_until_ready();
        assert_eq!(ask(without.address, &query).rcode(), NOERROR);
    }
}

/// From which port on this machine asks for no privilege: 1024, unless somebody changed it.
fn first_port_of_everybody() -> u16 {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").expect("ip(7)");
    text.trim().parse().expect("a port")
}

/// A server that the ordinary user starts, with a copy of the binary: the original may stand where that user cannot go.
fn unprivileged(name: &str, capabilities: &[&str], server_lines: &'static str) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    let program = folder.path().join("meridian");
    fs::copy(binary().get_program(), &program).expect("the binary can be copied");
    let (uid, gid) = ids(USER);
    let identity = [format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()];
    let mut launcher = vec![OsString::from("setpriv")];
    launcher.extend(identity.map(OsString::from));
    launcher.extend(capabilities.iter().map(OsString::from));
    launcher.push(program.into());
    let server = Server::prepare(folder, Setup { launcher, server_lines, ..Setup::default() });
    give(server.folder.path(), uid, gid);
    server
}

/// The server does not start, and says this.
fn assert_refused(server: &mut Server, sentence: &str) {
    server.spawn();
    eventually("the end of the server", PATIENCE * 2, || (!server.is_running()).then_some(()));
    assert!(server.log().contains(sentence), "{}", server.log());
}

/// An address whose port only the privileged can have: 53, unless somebody listens there on all addresses.
fn low_address() -> SocketAddr {
    let host = IpAddr::V4(loopback(53));
    let mut addresses = std::iter::once(53).chain(600..1024).map(|port| SocketAddr::new(host, port));
    let is_free =
        |address: &SocketAddr| UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok();
    addresses.find(is_free).expect("a port below 1024 is free")
}

/// What `/proc` says of each thread, where it is not that user without any rights.
fn threads_that_differ(process: u32, uid: u32, gid: u32) -> BTreeMap<String, Vec<String>> {
    let expected = [
        ("Uid", format!("{uid} {uid} {uid} {uid}")),
        ("Gid", format!("{gid} {gid} {gid} {gid}")),
        ("Groups", gid.to_string()),
        ("CapEff", "0".repeat(16)),
        ("CapPrm", "0".repeat(16)),
        ("CapAmb", "0".repeat(16)),
        ("NoNewPrivs", "1".into()),
    ];
    let threads: Vec<_> = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten().collect();
    assert!(threads.len() > 3, "only {} threads", threads.len());
    let differences = threads.iter().map(|thread| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let value = |key: &str| -> Option<String> {
            let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let wrong = expected.iter().filter(|(key, wanted)| value(key).as_ref() != Some(wanted));
        let wrong = wrong.map(|(key, wanted)| format!("{key} is {:?}, not {wanted}", value(key)));
        (value("Name").unwrap_or_default(), wrong.collect::<Vec<_>>())
    });
    differences.filter(|(_, wrong)| !wrong.is_empty()).collect()
}
