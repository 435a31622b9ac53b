//! Reads tests/data/packets.txt; its head says what the words mean.

use std::collections::BTreeSet;

use crate::harness::message::wire_name;
use crate::hex;

/// One packet and the reactions that are right.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// Where it is written that these reactions are right.
    pub source: String,
    pub octets: Vec<u8>,
    pub reactions: Vec<(Transport, Reaction)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reaction {
    /// Silence is right.
    pub drop: bool,
    /// These are right.
    pub rcodes: Vec<u16>,
    /// What must hold of an answer.
    pub musts: Vec<Must>,
}

impl Reaction {
    /// Whether any answer is wrong.
    pub fn only_drop(&self) -> bool {
        self.rcodes.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    Opt,
    NoOpt,
    Version(u8),
    Payload,
    DnssecOk,
    NoZ,
    NoOptions,
    Option(u16),
    NotOption(u16),
    Scope(u8),
    NoSubnet,
    Authoritative,
    Truncated,
    NotTruncated,
    Answers(usize),
    NoQuestion,
    Tsig(u16),
    Serial,
    RecursionDesired,
    CheckingDisabled,
    NoAuthenticData,
}

/// All cases, or what is wrong with the file.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let at = |fault: String| format!("line {}: {fault}", number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (source, octets, reactions) = Default::default();
            cases.push(Case { name: name.to_string(), source, octets, reactions });
            continue;
        }
        let case = cases.last_mut().ok_or_else(|| at("no case before this line".to_string()))?;
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let transports: &[Transport] = match word {
            "from" => {
                case.source = rest.to_string();
                continue;
            }
            "send" => {
                case.octets = octets(rest).map_err(at)?;
                continue;
            }
            "udp" => &[Transport::Udp],
            "tcp" => &[Transport::Tcp],
            "both" => &[Transport::Udp, Transport::Tcp],
            _ => return Err(at(format!("unknown word {word}"))),
        };
        let reaction = reaction(rest).map_err(at)?;
        case.reactions.extend(transports.iter().map(|transport| (*transport, reaction.clone())));
    }
    let name_of = |case: Option<&Case>| case.map(|case| case.name.clone());
    if let Some(name) = name_of(cases.iter().find(|case| case.reactions.len() != 2)) {
        return Err(format!("{name} has not one reaction for each transport"));
    }
    if let Some(name) = name_of(cases.iter().find(|case| case.source.is_empty())) {
        return Err(format!("{name} does not say where its reactions are from"));
    }
    let mut names = BTreeSet::new();
    match cases.iter().find(|case| !names.insert(case.name.as_str())) {
        Some(case) => Err(format!("{} is there twice", case.name)),
        None => Ok(cases),
    }
}

fn octets(text: &str) -> Result<Vec<u8>, String> {
    let mut open: Vec<Vec<u8>> = vec![Vec::new()];
    for word in text.split_whitespace() {
        let made = match word {
            "{" => {
                open.push(Vec::new());
                continue;
            }
            "}" => {
                let content = open.pop().unwrap_or_default();
                [(content.len() as u16).to_be_bytes().as_slice(), &content].concat()
            }
            name if name.starts_with('"') => wire_name(name.trim_matches('"')),
            repeated if repeated.contains('*') => {
                let (octet, count) = repeated.split_once('*').unwrap_or_default();
                let count = count.parse().map_err(|_| format!("{repeated} has no count"))?;
                hex::read(octet)?.repeat(count)
            }
            plain => hex::read(plain)?,
        };
        open.last_mut().ok_or("a brace is closed that was not opened")?.extend(made);
    }
    match <[Vec<u8>; 1]>::try_from(open) {
        Ok([octets]) => Ok(octets),
        Err(_) => Err("a brace is not closed".to_string()),
    }
}

fn reaction(text: &str) -> Result<Reaction, String> {
    let mut reaction = Reaction::default();
    for word in text.split_whitespace().filter(|word| *word != "or") {
        match (word, rcode(word)) {
            ("drop", _) => reaction.drop = true,
            (_, Some(rcode)) => reaction.rcodes.push(rcode),
            _ => reaction.musts.push(must(word).ok_or_else(|| format!("unknown expectation {word}"))?),
        }
    }
    if !reaction.drop && reaction.rcodes.is_empty() {
        return Err("neither drop nor an rcode".to_string());
    }
    Ok(reaction)
}

fn rcode(name: &str) -> Option<u16> {
    let names = [
        ("NOERROR", 0),
        ("FORMERR", 1),
        ("NXDOMAIN", 3),
        ("NOTIMP", 4),
        ("REFUSED", 5),
        ("NOTAUTH", 9),
        ("BADVERS", 16),
        ("BADCOOKIE", 23),
    ];
    names.iter().find(|(known, _)| *known == name).map(|(_, rcode)| *rcode)
}

fn must(word: &str) -> Option<Must> {
    if let Some((key, value)) = word.split_once('=') {
        return match key {
            "version" => value.parse().ok().map(Must::Version),
            "scope" => value.parse().ok().map(Must::Scope),
            "answers" => value.parse().ok().map(Must::Answers),
            "tsig" => value.parse().ok().map(Must::Tsig),
            "option" => value.parse().ok().map(Must::Option),
            "no-option" => value.parse().ok().map(Must::NotOption),
            _ => None,
        };
    }
    Some(match word {
        "opt" => Must::Opt,
        "no-opt" => Must::NoOpt,
        "payload" => Must::Payload,
        "do" => Must::DnssecOk,
        "no-z" => Must::NoZ,
        "no-options" => Must::NoOptions,
        "no-ecs" => Must::NoSubnet,
        "aa" => Must::Authoritative,
        "tc" => Must::Truncated,
        "no-tc" => Must::NotTruncated,
        "no-question" => Must::NoQuestion,
        "serial" => Must::Serial,
        "rd" => Must::RecursionDesired,
        "cd" => Must::CheckingDisabled,
        "no-ad" => Must::NoAuthenticData,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_read() {
        assert_eq!(
            octets("0102 { 03 { } } \"a.\" ff*3").unwrap(),
            [1, 2, 0, 3, 3, 0, 0, 1, b'a', 0, 255, 255, 255]
        );
        assert!(octets("{ 00").unwrap_err().contains("not closed"));
        assert!(octets("}").is_err());
        assert!(octets("0x").is_err() && octets("012").is_err());
    }

    #[test]
    fn cases_are_read() {
        let cases =
            read("# c\n[a]\nfrom b\nsend 12\nudp drop\ntcp FORMERR or NOERROR opt answers=2\n").unwrap();
        assert_eq!((cases[0].name.as_str(), cases[0].octets.as_slice()), ("a", [0x12].as_slice()));
        let [(_, udp), (_, tcp)] = cases[0].reactions.as_slice() else { panic!("{cases:?}") };
        assert!(udp.only_drop() && udp.drop);
        assert_eq!((tcp.rcodes.as_slice(), tcp.drop), ([1, 0].as_slice(), false));
        assert_eq!(tcp.musts, [Must::Opt, Must::Answers(2)]);
    }

    #[test]
    fn a_file_with_faults_is_refused() {
        for (text, fault) in [
            ("[a]\nfrom b\nsend 12\nudp drop\n", "one reaction for each transport"),
            ("[a]\nsend 12\nboth drop\n", "where its reactions are from"),
            ("[a]\nfrom b\nboth drop\n[a]\nfrom b\nboth drop\n", "a is there twice"),
            ("[a]\nboth perhaps\n", "line 2: unknown expectation perhaps"),
            ("[a]\nboth opt\n", "neither drop nor an rcode"),
            ("send 12\n", "no case before"),
        ] {
            assert!(read(text).unwrap_err().contains(fault), "{text}");
        }
    }
}
