//! A server that is started as root and serves as somebody else.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use crate::harness::client::{PATIENCE, ask, eventually, exchange_tcp};
use crate::harness::message::{A, NOERROR, Query};
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

/// Every system has this user.
const USER: &str = "nobody";

#[test]
fn a_server_started_as_root_becomes_an_ordinary_user() {
    let _turn = turns::shared();
    let folder = Folder::new("privileges");
    folder.copy("world");
    let mut server = Server::prepare(folder, Setup { server_lines: "user = \"nobody\"", ..Setup::default() });
    if !is_root() {
        // What remains to be shown: nothing is bound or written, and the way out is told.
        let output = run(binary().arg("serve").arg(server.main_file()));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("only root can"), "{text}");
        println!("not root: shown is only that the start is refused");
        return;
    }
    let (uid, gid) = ids(USER);
    give(server.folder.path(), uid, gid);
    server.spawn();
    server.wait_until_ready();

    assert_eq!(threads_that_differ(server.process_id(), uid, gid), BTreeMap::new());
    let query = Query::new("static.example.com", A);
    assert_eq!(ask(server.address, &query).rcode(), NOERROR);
    assert!(exchange_tcp(server.address, &query.octets(), PATIENCE).is_some());

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
        println!("not root: every file that was loaded can be loaded again, there is nothing to show");
        return;
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

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The numbers of a user and its group.
fn ids(user: &str) -> (u32, u32) {
    let number = |option: &str| {
        let output = run(std::process::Command::new("id").args([option, user]));
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("id prints a number")
    };
    (number("-u"), number("-g"))
}

/// Gives a folder and everything in it to a user.
fn give(path: &Path, uid: u32, gid: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), uid, gid);
        }
    }
}
