//! The four tools, and what each of them cannot do.

use std::net::SocketAddr;
use std::process::Command;

use crate::harness::master_file::Line;
use crate::harness::server::run;

/// A name and a type to ask for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    pub owner: String,
    /// As a mnemonic.
    pub rtype: String,
}

impl Question {
    pub fn new(owner: &str, rtype: &str) -> Question {
        Question { owner: owner.to_owned(), rtype: rtype.to_owned() }
    }

    /// The type as `TYPEnnn`, which every tool knows.
    fn type_number(&self) -> String {
        let parsed = meridian::zone::record_type::parse(self.rtype.as_bytes());
        match parsed {
            Some(meridian::zone::record_type::Parsed::Data(number)) => format!("TYPE{number}"),
            _ => panic!("{} is no type of data", self.rtype),
        }
    }
}

/// A tool that asks and prints.
pub struct Tool {
    pub name: &'static str,
    /// The arguments for the server and all questions.
    arguments: fn(SocketAddr) -> Vec<String>,
    /// Whether one run takes several questions.
    takes_many: bool,
    /// Whether authority and additional sections are printed.
    pub shows_referrals: bool,
    /// Whether TTLs are printed as they came.
    pub shows_ttls: bool,
    /// What it cannot show: type, part of the data (a line feed ends it) or start of the owner, reason.
    unable: &'static [(&'static str, &'static str, &'static str)],
}

/// The tools as Debian 12 has them.
pub const TOOLS: [Tool; 4] = [
    Tool {
        name: "dig",
        arguments: |server| {
            let mut arguments = at(server);
            arguments
                .extend(words("-r +tcp +norecurse +noall +answer +authority +additional +tries=1 +time=9"));
            arguments
        },
        takes_many: true,
        shows_referrals: true,
        shows_ttls: true,
        unable: &[
            FAR_DATE,
            ("SSHFP", "AABB", "the fingerprint has not the length of SHA-256: a malformed message to dig"),
            ("IPSECKEY", "10 0 0 .", "without a key: a malformed message to dig"),
            (
                "NSEC",
                "next.example.com.\n",
                "an NSEC record without its own type: a malformed message to dig",
            ),
            (
                "NSEC3",
                " 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR",
                "its owner is no hash: a malformed message to dig",
            ),
        ],
    },
    Tool {
        name: "kdig",
        arguments: |server| {
            let mut arguments = at(server);
            arguments.extend(words(
                "+noidn +tcp +norecurse +noall +answer +authority +additional +retry=0 +time=9",
            ));
            arguments
        },
        takes_many: true,
        shows_referrals: true,
        shows_ttls: true,
        unable: &[FAR_DATE, ("KEY", "49152 3 0", "kdig prints no KEY without a key")],
    },
    Tool {
        name: "drill",
        arguments: |server| {
            vec![
                "-t".into(),
                "-o".into(),
                "rd".into(),
                "-p".into(),
                server.port().to_string(),
                format!("@{}", server.ip()),
            ]
        },
        takes_many: false,
        shows_referrals: true,
        shows_ttls: true,
        unable: &[
            FAR_DATE,
            ("TXT", "\\$", "ldns prints $ bare, which begins a directive"),
            ("TXT", "quote\\", "ldns prints a quote in a name bare, which begins a quoted text"),
            ("IPSECKEY", "10 0 0 .", "ldns prints no IPSECKEY without a key"),
            ("ATMA", "", "ldns prints the octet of the format among the digits"),
            ("NSAP-PTR", "", "ldns takes the name for a text"),
            ("NXT", "", "ldns prints the types as octets behind the name"),
            ("SINK", "", "ldns prints the first field only"),
            ("CAA", " \"\"", "ldns prints nothing for an empty value"),
        ],
    },
    // A resolver in itself: it goes on to the child at a cut, and its cache counts TTLs down.
    Tool {
        name: "delv",
        arguments: |server| {
            let mut arguments = at(server);
            arguments.extend(words("-i +noroot +tcp"));
            arguments
        },
        takes_many: false,
        shows_referrals: false,
        shows_ttls: false,
        unable: &[
            ("RRSIG", "", "delv asks for what is signed, not for signatures"),
            ("SIG", "", "delv asks for what is signed, not for signatures"),
            ("SSHFP", "AABB", "the fingerprint has not the length of SHA-256: a malformed message to delv"),
            ("IPSECKEY", "10 0 0 .", "without a key: a malformed message to delv"),
            (
                "NSEC",
                "next.example.com.\n",
                "an NSEC record without its own type: a malformed message to delv",
            ),
            (
                "NSEC3",
                " 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR",
                "its owner is no hash: a malformed message to delv",
            ),
        ],
    },
];

fn at(server: SocketAddr) -> Vec<String> {
    vec![format!("@{}", server.ip()), "-p".into(), server.port().to_string()]
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(' ').map(str::to_owned)
}

/// A moment that is nearer in the past than in the future, in numbers of 32 bits.
const FAR_DATE: (&str, &str, &str) =
    ("RRSIG", "21060207062815", "the tool takes moments for near to now (RFC 4034 §3.1.5) and prints 1969");

/// The most questions of one run.
const QUESTIONS_MAX: usize = 50;

impl Tool {
    /// Why the tool cannot show a record, if it cannot.
    pub fn why_unable(&self, line: &Line) -> Option<&'static str> {
        let is_of = |(rtype, part, _): &&(&str, &str, &str)| {
            let data = format!("{}\n", line.data);
            *rtype == line.rtype && (data.contains(part) || line.owner.starts_with(part))
        };
        self.unable.iter().find(is_of).map(|(_, _, why)| *why)
    }

    /// Asks all questions; the records that were printed, as a master file, or the tool's failure.
    pub fn ask(&self, server: SocketAddr, questions: &[&Question]) -> Result<String, String> {
        let many = if self.takes_many { QUESTIONS_MAX } else { 1 };
        let mut text = String::new();
        for part in questions.chunks(many) {
            let mut command = Command::new(self.name);
            command.args((self.arguments)(server));
            for question in part {
                match self.name {
                    "drill" => command.args([&question.owner, &question.type_number()]),
                    _ => command.args(["-q", &question.owner, "-t", &question.type_number()]),
                };
            }
            let output = run(&mut command);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            if !output.status.success() {
                let complaint = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{command:?}: {printed} {complaint}"));
            }
            printed.lines().filter(|line| !line.starts_with(';')).for_each(|line| {
                text.push_str(line);
                text.push('\n');
            });
        }
        Ok(text)
    }
}
