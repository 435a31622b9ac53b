//! Queries past the kernel: a server and who asks it, each in a network namespace of its own, with a wire between them.
//! Only root can make such.

use std::ffi::OsString;
use std::net::SocketAddr;

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::dig::{Dug, dig_by};
use crate::harness::place::Folder;
use crate::harness::root::{give, ids, is_root, pass_as_root};
use crate::harness::server::{Server, Setup, binary, send_signal};
use crate::harness::turns;
use crate::harness::wire::{INTERFACE, MTU, SERVER_ANYCAST, SERVER_V4, SERVER_V6, Wire};

/// More than the driver of the wire takes a program with.
const MTU_WITHOUT_PROGRAM: u16 = 9000;
const BYPASS: &str = "[server.bypass]\ninterfaces = [\"served\"]\n";
const REFUSED: &str = "no kernel bypass, the sockets answer alone";

/// A host that serves tests/data/world on all addresses, and one that asks it.
struct Pair {
    server: Server,
    wire: Wire,
}

impl Pair {
    fn start(name: &str, mtu: u16, server_lines: &'static str) -> Pair {
        let wire = Wire::new(mtu);
        let launcher = wire.serving();
        Pair::prepare(wire, name, launcher, server_lines).spawn()
    }

    /// Everything but the server's process, which the words of `launcher` start, with the program added to them.
    fn prepare(wire: Wire, name: &str, mut launcher: Vec<OsString>, server_lines: &'static str) -> Pair {
        let folder = Folder::new(name);
        folder.copy("world");
        launcher.push(binary().get_program().into());
        let server = Server::prepare(folder, Setup { launcher, server_lines, ..Setup::default() });
        server.write_main_file(&["0.0.0.0:53".parse().unwrap(), "[::]:53".parse().unwrap()]);
        Pair { server, wire }
    }

    fn spawn(mut self) -> Pair {
        self.server.spawn();
        self.server.wait_until_ready();
        self
    }

    /// Ends the server; what is left is the wire.
    fn stop(self) -> Wire {
        let Pair { server, wire } = self;
        drop(server);
        wire
    }

    /// Asks an address of the server from the other host.
    fn ask(&self, address: &str, name: &str, rtype: &str, arguments: &[&str]) -> Dug {
        let address = SocketAddr::new(address.parse().unwrap(), 53);
        dig_by(self.wire.asking("dig"), address, name, rtype, arguments)
    }

    fn assert_answers(&self, address: &str, arguments: &[&str]) {
        let dug = self.ask(address, "static.example.com", "A", arguments);
        assert_eq!(dug.addresses(), ["192.0.2.80".parse::<std::net::IpAddr>().unwrap()], "{}", dug.text);
    }

    fn event(&self, event: &str) -> u64 {
        self.server.metric(&format!("bypass_total{{event=\"{event}\"}}"))
    }

    fn has_program(&self) -> bool {
        self.wire.interface().contains("prog/xdp")
    }

    /// That the sockets answer and the log says why nothing else does.
    fn assert_fell_back(&self, reasons: &[&str]) {
        self.server.wait_for_log(0, &[&[REFUSED], reasons].concat());
        for address in [SERVER_V4, SERVER_V6] {
            self.assert_answers(address, &[]);
            self.assert_answers(address, &["+tcp"]);
        }
        assert_eq!(self.event("received"), 0);
    }
}

#[test]
fn queries_are_answered_past_the_kernel() {
    if !is_root() {
        return pass_as_root("bypass::queries_are_answered_past_the_kernel");
    }
    let _turn = turns::shared();
    let pair = Pair::start("bypass", MTU, BYPASS);
    pair.server.wait_for_log(0, &["kernel bypass", INTERFACE, "mode=native"]);
    assert!(pair.has_program());

    for address in [SERVER_V4, SERVER_V6, SERVER_ANYCAST] {
        pair.assert_answers(address, &[]);
    }
    assert_eq!((pair.event("received"), pair.event("answered")), (3, 3));
    assert_eq!(pair.server.metric("queries_total{transport=\"udp\"}"), 3);
    // The client's own stack has taken the answers: addresses, ports and checksums are right. kdig reads them otherwise.
    let output =
        pair.wire.asking("kdig").args(["@2001:db8::1", "static.example.com", "AAAA"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("status: NOERROR"), "{output:?}");
    assert_eq!(pair.event("answered"), 4);

    // Everything else is the kernel's as before: TCP, other ports, and a query that comes in fragments.
    pair.assert_answers(SERVER_V4, &["+tcp"]);
    pair.assert_answers(SERVER_V6, &["+tcp"]);
    let closed =
        pair.wire.asking("dig").args(["@192.0.2.1", "-p", "54", "+tries=1", "example.com"]).output().unwrap();
    assert!(String::from_utf8_lossy(&closed.stdout).contains("connection refused"), "{closed:?}");
    let padded = pair.wire.asking("kdig");
    let fragments = dig_by(
        padded,
        SocketAddr::new(SERVER_V4.parse().unwrap(), 53),
        "static.example.com",
        "A",
        &["+padding=2500"],
    );
    assert_eq!(fragments.status, "NOERROR", "{}", fragments.text);
    assert_eq!(pair.event("received"), 4);
    assert_eq!(pair.event("lost"), 0);
}

#[test]
fn control_messages_and_long_answers_go_their_ways() {
    if !is_root() {
        return pass_as_root("bypass::control_messages_and_long_answers_go_their_ways");
    }
    let _turn = turns::shared();
    let pair = Pair::start(
        "bypass-control",
        MTU,
        "udp_payload_max = 4096\n[server.bypass]\ninterfaces = [\"served\"]\n",
    );
    for address in [SERVER_V4, SERVER_V6, SERVER_ANYCAST] {
        let identity = pair.ask(address, "id.server", "TXT", &["-c", "CH"]);
        assert_eq!(identity.answers[0][4], "\"test-1\"", "{}", identity.text);
        let notified = pair.ask(address, "example.com", "SOA", &["+opcode=notify"]);
        assert!(["REFUSED", "NOTIMP", "NOTAUTH"].contains(&notified.status.as_str()), "{}", notified.text);
    }
    // They came past the kernel, and their answers went by the sockets.
    assert_eq!((pair.event("received"), pair.event("answered")), (6, 0));
    assert_eq!(pair.server.metric("control_requests_total{kind=\"all\"}"), 6);

    // What fits into no frame is sent on to TCP, and by TCP it comes whole.
    let truncated = pair.ask(SERVER_V6, "big.example.com", "TXT", &["+bufsize=4096", "+ignore"]);
    assert!(truncated.flags.contains(&"tc".to_string()), "{}", truncated.text);
    let whole = pair.ask(SERVER_V6, "big.example.com", "TXT", &["+bufsize=4096"]);
    assert!(!whole.flags.contains(&"tc".to_string()) && whole.answers.len() > 10, "{}", whole.text);
}

#[test]
fn rights_are_dropped_and_a_reload_is_answered_from() {
    if !is_root() {
        return pass_as_root("bypass::rights_are_dropped_and_a_reload_is_answered_from");
    }
    let _turn = turns::shared();
    let lines = "user = \"nobody\"\n[server.bypass]\ninterfaces = [\"served\"]\n";
    let wire = Wire::new(MTU);
    let launcher = wire.serving();
    let pair = Pair::prepare(wire, "bypass-user", launcher, lines);
    let (uid, gid) = ids("nobody");
    give(pair.server.folder.path(), uid, gid);
    let pair = pair.spawn();
    let status = std::fs::read_to_string(format!("/proc/{}/status", pair.server.process_id())).unwrap();
    assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
    assert!(status.contains(&format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}")), "{status}");
    pair.assert_answers(SERVER_V4, &[]);
    assert_eq!(pair.event("answered"), 1);

    let zone = pair.server.folder.read("zones/example.com.zone");
    pair.server.folder.write("zones/example.com.zone", zone.replace("192.0.2.80", "192.0.2.81"));
    let main = pair.server.folder.read("meridian.toml");
    pair.server.folder.write("meridian.toml", main.replace("\"served\"", "\"other\""));
    pair.server.reload();
    pair.server.wait_for_log(0, &["server.bypass has changed", "restart"]);
    eventually("the new file", PATIENCE, || {
        let dug = pair.ask(SERVER_V4, "static.example.com", "A", &[]);
        (dug.addresses() == ["192.0.2.81".parse::<std::net::IpAddr>().unwrap()]).then_some(())
    });
    assert!(pair.event("answered") >= 2);
}

#[test]
fn the_program_goes_with_the_server_however_it_ends() {
    if !is_root() {
        return pass_as_root("bypass::the_program_goes_with_the_server_however_it_ends");
    }
    let _turn = turns::shared();
    let mut pair = Pair::start("bypass-end", MTU, BYPASS);
    assert!(pair.has_program());
    send_signal(pair.server.process_id(), "TERM");
    eventually("the end of the server", PATIENCE * 2, || (!pair.server.is_running()).then_some(()));
    assert!(!pair.has_program(), "{}", pair.wire.interface());

    pair.server.spawn();
    pair.server.wait_until_ready();
    pair.assert_answers(SERVER_V4, &[]);
    assert!(pair.has_program());
    pair.server.kill();
    eventually("the end of the program", PATIENCE, || (!pair.has_program()).then_some(()));
}

#[test]
fn an_interface_that_goes_leaves_its_queries_to_the_sockets() {
    if !is_root() {
        return pass_as_root("bypass::an_interface_that_goes_leaves_its_queries_to_the_sockets");
    }
    let _turn = turns::shared();
    let pair = Pair::start("bypass-gone", MTU, BYPASS);
    pair.assert_answers(SERVER_V6, &[]);
    pair.wire.replace();
    pair.server.wait_for_log(0, &["the interface is gone, the sockets answer alone", INTERFACE]);
    for address in [SERVER_V4, SERVER_V6, SERVER_ANYCAST] {
        pair.assert_answers(address, &[]);
    }
    assert_eq!(pair.event("answered"), 1);
}

#[test]
fn four_capabilities_are_enough() {
    if !is_root() {
        return pass_as_root("bypass::four_capabilities_are_enough");
    }
    let _turn = turns::shared();
    let (uid, gid) = ids("nobody");
    let folder = Folder::new("bypass-capabilities");
    folder.copy("world");
    let program = folder.path().join("meridian");
    std::fs::copy(binary().get_program(), &program).unwrap();
    let capabilities = "+net_bind_service,+net_admin,+net_raw,+bpf,+ipc_lock";
    let identity = [format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".into()];
    let rights = ["--inh-caps", capabilities, "--ambient-caps", capabilities];
    let wire = Wire::new(MTU);
    let mut launcher = wire.serving();
    launcher.push("setpriv".into());
    launcher.extend(identity.map(OsString::from));
    launcher.extend(rights.map(OsString::from));
    launcher.push(program.into());
    let server = Server::prepare(folder, Setup { launcher, server_lines: BYPASS, ..Setup::default() });
    server.write_main_file(&["0.0.0.0:53".parse().unwrap(), "[::]:53".parse().unwrap()]);
    give(server.folder.path(), uid, gid);
    let pair = Pair { server, wire }.spawn();
    pair.assert_answers(SERVER_V4, &[]);
    assert_eq!(pair.event("answered"), 1);
}

#[test]
fn a_driver_that_takes_no_program_is_served_behind_it() {
    if !is_root() {
        return pass_as_root("bypass::a_driver_that_takes_no_program_is_served_behind_it");
    }
    let _turn = turns::shared();
    let pair = Pair::start("bypass-generic", MTU_WITHOUT_PROGRAM, BYPASS);
    pair.server.wait_for_log(0, &["the driver takes no program: generic mode", INTERFACE]);
    pair.server.wait_for_log(0, &["kernel bypass", "mode=generic"]);
    for address in [SERVER_V4, SERVER_V6] {
        pair.assert_answers(address, &[]);
    }
    assert_eq!(pair.event("answered"), 2);
    drop(pair);

    let lines = "[server.bypass]\ninterfaces = [\"served\"]\nmode = \"native\"\n";
    let pair = Pair::start("bypass-native", MTU_WITHOUT_PROGRAM, lines);
    pair.assert_fell_back(&["the program cannot be attached"]);
}

#[test]
fn what_cannot_be_had_is_told_and_the_sockets_answer() {
    if !is_root() {
        return pass_as_root("bypass::what_cannot_be_had_is_told_and_the_sockets_answer");
    }
    let _turn = turns::shared();
    let missing = "[server.bypass]\ninterfaces = [\"missing\", \"lo\"]\n";
    let pair = Pair::start("bypass-missing", MTU, missing);
    pair.assert_fell_back(&["missing", "there is no such interface here"]);
    pair.assert_fell_back(&["lo", "name the interface that clients come by"]);
    let wire = pair.stop();

    // Without the right to load programs, with that to bind the port.
    let mut launcher = wire.serving();
    launcher.extend(["setpriv", "--bounding-set=-bpf,-sys_admin"].map(Into::into));
    let pair = Pair::prepare(wire, "bypass-rights", launcher, BYPASS).spawn();
    pair.assert_fell_back(&[INTERFACE, "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF"]);
    let wire = pair.stop();

    // Where another program stands.
    let launcher = wire.serving();
    let first = Pair::prepare(wire, "bypass-first", launcher, BYPASS).spawn();
    let mut launcher = first.wire.serving();
    launcher.push(binary().get_program().into());
    let folder = Folder::new("bypass-second");
    folder.copy("world");
    let setup = Setup { launcher, server_lines: BYPASS, ..Setup::default() };
    let mut second = Server::prepare(folder, setup);
    second.write_main_file(&["0.0.0.0:5300".parse().unwrap()]);
    second.spawn();
    second.wait_until_ready();
    second.wait_for_log(0, &[REFUSED, INTERFACE, "another program stands there"]);
    let asked = SocketAddr::new(SERVER_V4.parse().unwrap(), 5300);
    assert_eq!(dig_by(first.wire.asking("dig"), asked, "static.example.com", "A", &[]).status, "NOERROR");
    first.assert_answers(SERVER_V4, &[]);
    assert_eq!(first.event("answered"), 1);
}
