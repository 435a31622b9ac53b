//! Control requests to a running server: what the commands say, and that only the control socket takes them.

use std::process::Output;

use crate::harness::place::Folder;
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

const ZONE: &str = "\
@ 60 SOA ns hostmaster 1 1h 1h 1h 1h
@ 60 NS ns
ns 60 A 192.0.2.53
www 60 A 127.0.0.1
";
const STEERING: &str = r#"
[pool.web]
members = [{ name = "a", address = "127.0.0.1" }]
[[steer]]
name = "www"
pools = ["web"]
"#;

fn command(server: &Server, words: &[&str]) -> Output {
    run(binary().args(words).arg("--socket").arg(server.socket()))
}

#[test]
fn a_request_that_cannot_be_carried_out_is_refused_with_the_servers_words() {
    let _turn = turns::shared();
    let folder = Folder::new("control");
    folder.write("zones/example.com.zone", ZONE);
    folder.write("zones/example.com.toml", STEERING);
    let server = Server::start(folder, Setup::default());
    for (member, words) in [
        ("nowhere/a", "there is no pool nowhere"),
        ("web/b", "the pool web has no member b"),
        ("web/a", "web/a does not await to be resumed"),
    ] {
        let output = command(&server, &["resume", member]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert_eq!(error, format!("error: the server refuses: {words}\n"));
    }
}
