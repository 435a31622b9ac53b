//! EDNS options as dig of BIND and kdig of Knot ask for them and read them.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::dig::dig;
use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup, run};
use crate::harness::turns;

/// Secrets of two sets of servers, used since long ago.
const SECRETS: &str = "2020-01-01T00:00:00Z e5e973e5a6b2a43f48e7dc849e37bfcf\n";
const OTHER_SECRETS: &str = "2020-01-01T00:00:00Z 445536bcd2513298075a5d379663c962\n";

const LINES: &str = "extended_errors = \"all\"\nreport_channel = \"agent.example.com\"\n\
                     [server.cookies]\nrequire = \"always\"\nsecrets = \"cookies.txt\"";

fn server(name: &str) -> Server {
    let folder = Folder::new(name);
    folder.copy("world");
    folder.write("cookies.txt", SECRETS);
    Server::start(folder, Setup { server_lines: LINES, ..Setup::default() })
}

/// What kdig prints.
fn kdig(server: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("kdig");
    command.args([&format!("@{}", server.ip()), "-p", &server.port().to_string(), "+retry=1"]);
    command.args(arguments);
    let output = run(&mut command);
    assert!(output.status.success(), "{command:?}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "{expected:?} is missing in:\n{text}");
    }
}

#[test]
fn dig_learns_a_cookie_where_one_is_required_and_asks_again() {
    let _turn = turns::shared();
    let server = server("edns-cookies");
    let refused = dig(server.address, "static.example.com", "A", &["+nobadcookie"]);
    assert_eq!((refused.status.as_str(), refused.answers.len()), ("BADCOOKIE", 0), "{}", refused.text);
    for address in [server.address, server.address_v6] {
        let dug = dig(address, "static.example.com", "A", &[]);
        says(&dug.text, &["BADCOOKIE, retrying", "status: NOERROR", "(good)"]);
        assert_eq!(dug.addresses().len(), 1);
    }
    for plain in ["+nocookie", "+noedns", "+tcp"] {
        let dug = dig(server.address, "static.example.com", "A", &[plain]);
        assert_eq!((dug.status.as_str(), dug.addresses().len()), ("NOERROR", 1), "{plain}: {}", dug.text);
        assert!(!dug.text.contains("BADCOOKIE"), "{plain}: {}", dug.text);
    }
    let text = kdig(server.address, &["static.example.com", "A", "+cookie", "+badcookie"]);
    says(&text, &["bad cookie", "status: NOERROR", "192.0.2.80"]);
    let text = kdig(server.address, &["version.bind", "TXT", "CH", "+cookie"]);
    says(&text, &["status: NOERROR", ";; COOKIE: "]);
}

#[test]
fn a_reload_takes_new_secrets_and_refuses_a_file_with_faults_without_showing_it() {
    let _turn = turns::shared();
    let server = server("edns-secrets");
    let ask = || kdig(server.address, &["static.example.com", "A", "+cookie=6162636465666768", "+tcp"]);
    let cookie = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(";; COOKIE: "));
        line.unwrap_or_else(|| panic!("no cookie in {text}")).to_ascii_lowercase()
    };
    let first = cookie(&ask());
    server.folder.write("cookies.txt", "2020-01-01T00:00:00Z 445536bcd2513298075a5d379663c96x\n");
    server.reload();
    server.wait_for_log(0, &["reload refused"]);
    assert!(!server.log().contains("445536bc"), "{}", server.log());
    let still = ["static.example.com", "A", &format!("+cookie={first}"), "+badcookie"];
    says(&kdig(server.address, &still), &["status: NOERROR"]);
    assert!(!kdig(server.address, &still).contains("bad cookie"));
    server.folder.write("cookies.txt", OTHER_SECRETS);
    server.reload();
    server.wait_for_log(0, &["reloaded"]);
    says(&kdig(server.address, &still), &["bad cookie"]);
}

#[test]
fn dig_and_kdig_read_every_option() {
    let _turn = turns::shared();
    let server = server("edns-options");
    let dug = dig(server.address, "static.example.com", "A", &["+nsid", "+tcp", "+keepalive", "+ednsopt=19"]);
    let agent = "05 61 67 65 6e 74 07 65 78 61 6d 70 6c 65 03 63 6f 6d 00";
    says(
        &dug.text,
        &["(\"test-1\")", "TCP KEEPALIVE: 10.0 secs", "OPT=19: 02 00 00 00 00 01", agent, "(good)"],
    );
    let dug =
        dig(server.address, "static.example.com", "A", &["+notcp", "+nocookie", "+keepalive", "+padding=64"]);
    assert!(!dug.text.contains("KEEPALIVE") && !dug.text.contains("PAD"), "{}", dug.text);
    let dug = dig(server.address, "www.example.org", "A", &["+nocookie", "+ednsopt=19"]);
    says(&dug.text, &["status: REFUSED", "EDE: 20 (Not Authoritative): (not in a zone served here)"]);
    assert!(!dug.text.contains("OPT="), "{}", dug.text);
    let dug = dig(server.address, "static.example.com", "A", &["+nocookie", "+edns=1", "+noednsneg"]);
    says(&dug.text, &["status: BADVERS", "EDNS: version: 0", "EDE: 21 (Not Supported)"]);
    let dug = dig(server.address, "static.example.com", "A", &["+nocookie", "+ednsopt=8:000120"]);
    says(&dug.text, &["status: FORMERR", "(malformed client subnet)"]);
    let dug = dig(server.address, "static.example.com", "A", &["+nocookie", "+opcode=2"]);
    says(&dug.text, &["status: NOTIMP", "EDNS: version: 0", "(opcode not supported)"]);
    let dug = dig(server.address, "example.com", "ANY", &["+nocookie", "+notcp"]);
    says(&dug.text, &["status: NOERROR", "(ANY gets one RRset (RFC 8482))"]);
    let dug = dig(server.address, "example.com", "SOA", &["+nocookie", "+nsid", "+opcode=NOTIFY"]);
    says(&dug.text, &["status: REFUSED", "(\"test-1\")", "EDE: 18 (Prohibited): (not permitted)"]);
    let text = kdig(server.address, &["www.example.org", "A", "+edns", "+nsid"]);
    says(&text, &["status: REFUSED", "NSID: 746573742D31 \"test-1\"", "EDE: 20 (Not Authoritative)"]);
}
