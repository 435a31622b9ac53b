//! Counter-examples of `meridian prove`, shown to be true by `dig` at a running server in that state of health.

use std::net::{IpAddr, TcpListener};
use std::process::Command;

use serde_json::Value;

use crate::harness::client::{PATIENCE, eventually};
use crate::harness::dig::{Dug, dig};
use crate::harness::place::{Folder, free_port, loopback};
use crate::harness::server::{Server, Setup, binary, run};
use crate::harness::turns;

/// The members: two at fra, one at iad, one at sin, which only the clients of one network prefer.
const FRA: [u8; 2] = [10, 11];
const IAD: u8 = 20;
const SIN: u8 = 30;

const MAPS: &str = "[site.fra]\ncapacity = 60\n[site.iad]\ncapacity = 60\n[site.sin]\ncapacity = 60\n\
    [map.world]\ndefault = [\"fra\", \"iad\"]\n\
    [map.world.network]\n\"193.0.0.0/8\" = [\"sin\", \"iad\"]\n\"44.0.0.0/8\" = [\"iad\"]\n\"192.88.99.0/24\" = []\n";

/// A server whose members are listeners of this test.
struct Scene {
    server: Server,
    listeners: Vec<(IpAddr, TcpListener)>,
}

fn member(last: u8) -> IpAddr {
    IpAddr::V4(loopback(last))
}

/// Starts the server of a rule with these further lines.
fn scene(name: &str, rule: &str) -> Scene {
    let folder = Folder::new(name);
    folder.copy("world");
    folder.write("geoip/maps.toml", MAPS);
    let members: Vec<IpAddr> = FRA.into_iter().chain([IAD, SIN]).map(member).collect();
    let port = free_port(&members);
    let listen = |&address: &IpAddr| (address, TcpListener::bind((address, port)).unwrap());
    let listeners = members.iter().map(listen).collect();
    let pool = |site: &str, members: &[u8]| {
        let one = |last: &u8| format!("{{ name = \"m{last}\", address = \"{}\" }}", member(*last));
        let members: Vec<String> = members.iter().map(one).collect();
        format!("[pool.{site}]\nsite = \"{site}\"\nmonitor = \"open\"\nmembers = [{}]\n", members.join(", "))
    };
    let text = format!(
        "[monitor.open]\nprobe = {{ tcp = {{}} }}\nport = {port}\ninterval = \"200ms\"\nfall = 1\nrise = 1\n{}{}{}\
         [[steer]]\nname = \"www\"\ntypes = [\"A\"]\nmap = \"world\"\npools = [\"fra\", \"iad\", \"sin\"]\n{rule}\n",
        pool("fra", &FRA),
        pool("iad", &[IAD]),
        pool("sin", &[SIN])
    );
    folder.write("zones/example.com.toml", text);
    Scene { server: Server::start(folder, Setup::default()), listeners }
}

impl Scene {
    /// What `meridian prove` says of one assertion over these files.
    fn prove(&self, assertion: &str) -> Value {
        let main = self.server.folder.read("meridian.toml");
        let share = "[share]\nsketch = \"sketch.csv\"\n";
        self.server.folder.write("sketch.csv", "193.0.0.0/8,30\n44.0.0.0/8,50\n45.0.0.0/8,20\n");
        self.server.folder.write("proven.toml", format!("{main}\n{share}[[assert]]\n{assertion}\n"));
        let file = self.server.folder.path().join("proven.toml");
        let output = run(binary().args(["prove", "--format", "json"]).arg(file));
        let report: Value = serde_json::from_slice(&output.stdout).expect("prove writes JSON");
        assert_eq!(report["ok"], output.status.success(), "{report}");
        report["assertions"][0].clone()
    }

    /// Closes the members that a counter-example names, and asks as it says once the server knows.
    fn ask(&mut self, found: &Value) -> Dug {
        let down: Vec<String> = strings(&found["members_down"]);
        let addresses: Vec<IpAddr> =
            down.iter().map(|name| member(name.split_once("/m").unwrap().1.parse().unwrap())).collect();
        self.listeners.retain(|(address, _)| !addresses.contains(address));
        self.server.wait_for_status("the members of the counter-example down", |status| {
            let members = status["pools"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|pool| pool["members"].as_array().unwrap());
            let is_down = |member: &Value| member.to_string().contains("\"down\"");
            members.filter(|member| is_down(member)).count() == addresses.len()
        });
        let commands = strings(&found["commands"]);
        let words: Vec<&str> = commands.last().unwrap().split(' ').collect();
        let [_, subnet, name, rtype] = words[..] else { panic!("{commands:?} ends with a command of dig") };
        assert!(subnet.starts_with("+subnet="), "{subnet}");
        dig(self.server.address, name, rtype, &[subnet])
    }

    /// The same, and the files' own answer to the command of `explain`.
    fn explained(&self, found: &Value) -> String {
        let commands = strings(&found["commands"]);
        let mut words = commands[0].split(' ').skip(1);
        let mut command: Command = binary();
        command.args(words.by_ref()).arg("--config").arg(self.server.main_file());
        let output = run(&mut command);
        assert!(output.status.success(), "{commands:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Proves an assertion that does not hold, brings the server into the state of the counter-example, and gives what `dig`
/// got there.
fn refuted(scene: &mut Scene, assertion: &str) -> Dug {
    let report = scene.prove(assertion);
    assert_eq!(report["outcome"], "refuted", "{assertion}: {report}");
    let found = &report["counterexample"];
    let explained = scene.explained(found);
    let dug = scene.ask(found);
    for address in dug.addresses() {
        assert!(explained.contains(&address.to_string()), "{address} is none of\n{explained}");
    }
    dug
}

#[test]
fn clients_that_get_another_site_when_two_members_fail() {
    let _turn = turns::shared();
    let mut scene = scene("prove-only", "");
    let that = "that = \"every client in network 45.0.0.0/8 gets only site fra\"";
    assert_eq!(scene.prove(&format!("{that}\nfailures = 1"))["outcome"], "proven");
    let dug = refuted(&mut scene, &format!("{that}\nfailures = 2"));
    assert_eq!(dug.addresses(), [member(IAD)], "{}", dug.text);
}

#[test]
fn clients_that_reach_a_site_they_must_not() {
    let _turn = turns::shared();
    let mut scene = scene("prove-never", "");
    let that = "that = \"network 193.0.0.0/8 never reaches site iad\"";
    assert_eq!(scene.prove(that)["outcome"], "proven");
    let dug = refuted(&mut scene, &format!("{that}\nfailures = 1"));
    assert_eq!(dug.addresses(), [member(IAD)], "{}", dug.text);
}

#[test]
fn clients_without_an_answer() {
    let _turn = turns::shared();
    let mut scene = scene("prove-answered", "fence = true\nall_down = \"none\"");
    let that = "that = \"no client in network 45.0.0.0/8 is left without an answer\"";
    assert_eq!(scene.prove(&format!("{that}\nfailures = 2"))["outcome"], "proven");
    let dug = refuted(&mut scene, &format!("{that}\nfailures = 3"));
    assert_eq!((dug.status.as_str(), dug.addresses().len()), ("NOERROR", 0), "{}", dug.text);
}

#[test]
fn clients_whose_only_site_is_lost() {
    let _turn = turns::shared();
    let mut scene = scene("prove-survives", "fence = true");
    let that = |network: &str| {
        format!(
            "that = \"the loss of any one site leaves every client in network {network} at least one site\""
        )
    };
    assert_eq!(scene.prove(&that("45.0.0.0/8"))["outcome"], "proven");
    let dug = refuted(&mut scene, &that("44.0.0.0/8"));
    assert_eq!(dug.addresses(), [member(IAD)], "as if up, for want of another: {}", dug.text);
}

#[test]
fn a_site_that_carries_more_than_it_can() {
    let _turn = turns::shared();
    let mut scene = scene("prove-load", "");
    let that = |percent: u32| {
        format!(
            "that = \"with any one site lost no site carries more than {percent} % of its declared capacity\""
        )
    };
    // 30 + 50 of 60 meet at iad when sin is lost.
    assert_eq!(scene.prove(&that(134))["outcome"], "proven");
    let dug = refuted(&mut scene, &that(130));
    assert_eq!(dug.addresses(), [member(IAD)], "{}", dug.text);
}

#[test]
fn scopes_are_proven_and_a_reload_with_a_false_assertion_changes_nothing() {
    let _turn = turns::shared();
    let scene = scene("prove-reload", "");
    assert_eq!(scene.prove("that = \"no scope is wider than its class\"")["outcome"], "proven");
    let dug = dig(scene.server.address, "www.example.com", "A", &["+subnet=193.7.0.0/16"]);
    assert_eq!(dug.subnet.map(|(.., scope)| scope), Some(8), "{}", dug.text);

    let zone = scene.server.folder.read("zones/example.com.toml");
    let maps = scene.server.folder.read("geoip/maps.toml");
    let assertion = "[[assert]]\nthat = \"network 44.0.0.0/8 never reaches site sin\"\n";
    scene.server.folder.write("zones/example.com.toml", format!("{zone}{assertion}"));
    scene
        .server
        .folder
        .write("geoip/maps.toml", maps.replace("\"44.0.0.0/8\" = [\"iad\"]", "\"44.0.0.0/8\" = [\"sin\"]"));
    let before = scene.server.log().len();
    scene.server.reload();
    scene.server.wait_for_log(before, &["reload refused"]);
    assert!(scene.server.log().contains("44.0.0.0/8"), "{}", scene.server.log());
    let served = || dig(scene.server.address, "www.example.com", "A", &["+subnet=44.0.0.0/8"]).addresses();
    assert_eq!(served(), [member(IAD)]);

    scene.server.folder.write("zones/example.com.toml", zone);
    scene.server.reload();
    eventually("the same map without the assertion", PATIENCE * 2, || {
        (served() == [member(SIN)]).then_some(())
    });
}
