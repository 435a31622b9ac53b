//! `meridian explain --online` against the running binary: what it serves, and the health that it sees.

use std::net::{IpAddr, TcpListener};

use serde_json::Value;

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup, binary, run};

/// What `meridian explain` prints, in full or as JSON; it must succeed.
fn explain(words: &str, further: &[&str]) -> String {
    let output = run(binary().arg("explain").args(words.split_whitespace()).args(further));
    assert!(output.status.success(), "explain failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

fn explained(words: &str, further: &[&str]) -> Value {
    let json = explain(words, &[further, &["--format", "json"]].concat());
    serde_json::from_str(&json).expect("it prints JSON")
}

#[test]
fn the_running_server_and_the_files_explain_alike() {
    let folder = Folder::new("explain-alike");
    folder.copy("world");
    let server = Server::start(folder, Setup::default());
    let (main, socket) = (server.main_file(), server.socket());
    let (main, socket) = (main.to_str().unwrap(), socket.to_str().unwrap());
    for question in [
        "www.example.com A --from 193.0.6.0/24 --transport 192.0.2.1",
        "www.example.com AAAA --from 8.8.8.8 --n 100 --seed 3",
        "www.example.com A --from 10.0.0.0/8 --transport 193.0.6.139",
        "static.example.com A --from 8.8.8.0/24",
        "nothing.example.com A --from 8.8.8.8",
        "www.example.org A --from 8.8.8.8",
    ] {
        let mut online = explained(question, &["--socket", socket]);
        let at = online["at"].as_str().expect("a moment").to_owned();
        let mut offline = explained(question, &["--config", main, "--at", &at]);
        assert_eq!(online["health"]["basis"], "observed", "{question}");
        assert_eq!(offline["health"]["basis"], "assumed", "{question}");
        for view in [&mut online, &mut offline] {
            view.as_object_mut().expect("an object").remove("health");
        }
        assert_eq!(online, offline, "{question}");
    }
}

#[test]
fn online_the_health_is_what_probes_found() {
    let [dead, live] = [82, 83].map(|host| IpAddr::V4(loopback(host)));
    let port = free_port(&[dead, live]);
    let _backend = TcpListener::bind((live, port)).expect("a backend");
    let folder = Folder::new("explain-online");
    folder.copy("world");
    folder.write(
        "zones/example.com.toml",
        format!(
            "[monitor.web]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"1s\"\nfall = 1\n\
             [pool.web]\nmonitor = \"web\"\nmembers = [\n\
             {{ name = \"dead\", address = \"{dead}\" }},\n{{ name = \"live\", address = \"{live}\" }},\n]\n\
             [[steer]]\nname = \"www\"\ntypes = [\"A\"]\npools = [\"web\"]\n"
        ),
    );
    let server = Server::start(folder, Setup::default());
    let socket = server.socket();
    let main = server.main_file();
    let online = ["--online", "--config", main.to_str().unwrap()];
    let found = explained("www.example.com A --from 8.8.8.8", &online);
    let members = &found["steering"]["candidates"][0]["members"];
    assert_eq!(members[0]["targets"][0]["observed"]["verdict"]["result"], "fail", "{found:#}");
    assert_eq!(members[1]["targets"][0]["observed"]["verdict"]["result"], "pass", "{found:#}");
    assert_eq!(found["steering"]["given"]["variants"][0]["members"][0]["name"], "live", "{found:#}");
    // What is supposed is supposed for this answer alone.
    let socket = socket.to_str().unwrap();
    let supposed = explained("www.example.com A --from 8.8.8.8 --down web/live", &["--socket", socket]);
    assert_eq!(supposed["steering"]["reason"], "all_down", "{supposed:#}");
    assert_eq!(found["steering"]["reason"], "healthy");
    let text = explain("www.example.com A --from 8.8.8.8", &["--socket", socket]);
    assert!(text.contains("with the health that the server sees"), "{text}");
    eventually("a saved health table with verdicts", PATIENCE * 2, || {
        let state = server.folder.path().join("state/health");
        let arguments = ["--config", main.to_str()?, "--state", state.to_str()?];
        let saved = state.exists().then(|| explained("www.example.com A --from 8.8.8.8", &arguments))?;
        let dead = &saved["steering"]["candidates"][0]["members"][0];
        let is_told = dead["targets"][0]["observed"]["verdict"]["result"] == "fail";
        (is_told && saved["health"]["basis"] == "saved").then_some(())
    });
    let refused = run(binary()
        .args(["explain", "www.example.com", "--from", "8.8.8.8", "--down", "wab"])
        .args(["--socket", socket]));
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("there is no pool `wab`; did you mean `web`?"), "{words}");
}
