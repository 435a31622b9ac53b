//! `dig` of BIND as the first peer that any operator will use.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;

use super::server::run;

/// What dig printed, read.
#[derive(Debug, PartialEq, Eq)]
pub struct Dug {
    /// `NOERROR`, `REFUSED` …
    pub status: String,
    /// `qr aa rd` …
    pub flags: Vec<String>,
    /// Lines of the answer section: owner, TTL, class, type, data.
    pub answers: Vec<[String; 5]>,
    /// Address, source and scope prefix length of the client subnet.
    pub subnet: Option<(IpAddr, u8, u8)>,
    /// All of it, for messages.
    pub text: String,
}

impl Dug {
    /// The addresses in the answer section.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.answers.iter().filter_map(|[.., data]| data.parse().ok()).collect()
    }
}

/// Asks `server` with further arguments such as `+tcp` or `+subnet=8.8.8.0/24`.
pub fn dig(server: SocketAddr, name: &str, rtype: &str, arguments: &[&str]) -> Dug {
    dig_by(Command::new("dig"), server, name, rtype, &[&["-r", "+tries=2"], arguments].concat())
}

/// The same by a command that starts `dig`, or `kdig`, which prints alike.
pub fn dig_by(mut command: Command, server: SocketAddr, name: &str, rtype: &str, arguments: &[&str]) -> Dug {
    command.args([&format!("@{}", server.ip()), "-p", &server.port().to_string(), name, rtype]);
    command.args(["+time=5"]).args(arguments);
    let output = run(&mut command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    parse(&text)
}

/// Asks `server` all of these questions, a name and a type each, by few processes. In their order.
pub fn dig_all(server: SocketAddr, questions: &[(String, String)], arguments: &[&str]) -> Vec<Dug> {
    /// The most questions of one process.
    const QUESTIONS_MAX: usize = 100;
    let mut all = Vec::with_capacity(questions.len());
    for part in questions.chunks(QUESTIONS_MAX) {
        let mut command = Command::new("dig");
        command.args(["-r", &format!("@{}", server.ip()), "-p", &server.port().to_string()]);
        command.args(["+tries=2", "+time=5"]).args(arguments);
        for (name, rtype) in part {
            command.args(["-q", name, "-t", rtype]);
        }
        let text = String::from_utf8_lossy(&run(&mut command).stdout).into_owned();
        let answers: Vec<Dug> = text.split(";; Got answer:").skip(1).map(parse).collect();
        assert_eq!(answers.len(), part.len(), "one answer to each question of {command:?}:\n{text}");
        all.extend(answers);
    }
    all
}

fn parse(text: &str) -> Dug {
    let after = |mark: &str| text.lines().find_map(|line| Some(line.split_once(mark)?.1));
    let status = after("status: ").and_then(|rest| rest.split([',', ';']).next()).unwrap_or_default();
    let flags = after(";; flags: ").and_then(|rest| rest.split(';').next()).unwrap_or_default();
    let section = text.lines().skip_while(|line| !line.starts_with(";; ANSWER SECTION")).skip(1);
    Dug {
        status: status.to_string(),
        flags: flags.split_whitespace().map(String::from).collect(),
        answers: section.take_while(|line| !line.is_empty()).filter_map(answer).collect(),
        subnet: after("CLIENT-SUBNET: ").and_then(subnet),
        text: text.to_string(),
    }
}

fn answer(line: &str) -> Option<[String; 5]> {
    let mut rest = line;
    let mut field = || {
        let (field, after) = rest.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        Some(field.to_string())
    };
    let [owner, ttl, class, rtype] = [field()?, field()?, field()?, field()?];
    Some([owner, ttl, class, rtype, rest.to_string()])
}

/// `8.8.8.0/24/17`.
fn subnet(text: &str) -> Option<(IpAddr, u8, u8)> {
    let mut parts = text.trim().split('/');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dig_prints_is_read() {
        let dug = parse(
            "\n; <<>> DiG 9.18 <<>> www.example.com\n;; Got answer:\n\
             ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711\n\
             ;; flags: qr aa rd; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1\n\n\
             ;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n; CLIENT-SUBNET: 8.8.8.0/24/17\n\
             ;; QUESTION SECTION:\n;www.example.com.\tIN\tA\n\n\
             ;; ANSWER SECTION:\nwww.example.com.\t30\tIN\tA\t192.0.2.10\nwww.example.com. 30 IN TXT \"two words\"\n\n\
             ;; Query time: 0 msec\n",
        );
        assert_eq!(dug.status, "NOERROR");
        assert_eq!(dug.flags, ["qr", "aa", "rd"]);
        assert_eq!(dug.subnet, Some(("8.8.8.0".parse().unwrap(), 24, 17)));
        assert_eq!(dug.addresses(), ["192.0.2.10".parse::<IpAddr>().unwrap()]);
        assert_eq!(dug.answers[1][4], "\"two words\"");
    }

    #[test]
    fn a_refusal_has_no_answers() {
        let dug = parse(";; ->>HEADER<<- opcode: QUERY, status: REFUSED, id: 1\n;; flags: qr; QUERY: 1\n");
        assert_eq!((dug.status.as_str(), dug.answers.len(), dug.subnet), ("REFUSED", 0, None));
    }
}
