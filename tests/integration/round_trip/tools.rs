//! The four tools, and what each of them cannot do.

use std::net::SocketAddr;
use std::process::Command;

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
    /// Types that it cannot show, each with the reason.
    unable: &'static [(&'static str, &'static str)],
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
        unable: &[],
    },
    Tool {
        name: "kdig",
        arguments: |server| {
            let mut arguments = at(server);
            arguments.extend(words("+tcp +norecurse +noall +answer +authority +additional +retry=0 +time=9"));
            arguments
        },
        takes_many: true,
        shows_referrals: true,
        shows_ttls: true,
        unable: &[],
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
        unable: &[],
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
        unable: &[],
    },
];

fn at(server: SocketAddr) -> Vec<String> {
    vec![format!("@{}", server.ip()), "-p".into(), server.port().to_string()]
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(' ').map(str::to_owned)
}

/// The most questions of one run.
const QUESTIONS_MAX: usize = 50;

impl Tool {
    /// Whether the tool can show what a question is about.
    pub fn asks(&self, question: &Question) -> bool {
        self.unable.iter().all(|(rtype, _)| *rtype != question.rtype)
    }

    /// Asks all questions; the records that were printed, as a master file.
    pub fn ask(&self, server: SocketAddr, questions: &[&Question]) -> String {
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
            assert!(
                output.status.success(),
                "{command:?}: {printed} {}",
                String::from_utf8_lossy(&output.stderr)
            );
            printed.lines().filter(|line| !line.starts_with(';')).for_each(|line| {
                text.push_str(line);
                text.push('\n');
            });
        }
        text
    }
}
