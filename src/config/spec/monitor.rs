//! `[monitor.NAME]`: what to check, how, how often.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::document::{Kind, Table, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Later, Parsed, Reader, Written, address, boolean, duration, number, quote, unplaced,
};

use super::http_probe::{self, HttpSpec, TlsSpec};

/// `[monitor.NAME]`. Each key stands alone, so that a fault in one does not hide those of the others.
#[derive(Debug)]
pub(crate) struct MonitorSpec {
    /// The probe.
    pub(crate) probe: Parsed<ProbeSpec>,
    /// The port.
    pub(crate) port: Parsed<Option<u16>>,
    /// Start to start.
    pub(crate) interval: Parsed<Option<Duration>>,
    /// For a whole probe.
    pub(crate) timeout: Parsed<Option<Written<Duration>>>,
    /// How many verdicts change the state.
    pub(crate) verdicts: Parsed<VerdictsSpec>,
    /// Where it looks, if not at the members' own addresses.
    pub(crate) target: Parsed<Option<Written<IpAddr>>>,
    /// Whether it counts.
    pub(crate) voting: Option<Written<bool>>,
}

/// `rise`, `fall` and `forgive`.
#[derive(Debug)]
pub(crate) struct VerdictsSpec {
    /// Passes that bring up.
    pub(crate) rise: Option<u32>,
    /// Failures that take down.
    pub(crate) fall: Option<u32>,
    /// Passes that clear isolated failures.
    pub(crate) forgive: Option<u32>,
}

/// `probe = { … }`.
#[derive(Debug)]
pub(crate) enum ProbeSpec {
    /// `{ tcp = {} }`.
    Tcp,
    /// `{ http = { … } }`.
    Http(Parsed<HttpSpec>),
    /// `{ https = { … } }`.
    Https(Parsed<HttpSpec>, Parsed<TlsSpec>),
}

const LATER: &[Later] = &[
    ("http", "the kind of probe stands in `probe = { http = { … } }`"),
    ("https", "the kind of probe stands in `probe = { https = { … } }`"),
    ("tcp", "the kind of probe is said by `probe = { tcp = {} }`"),
    ("path", "it belongs into `probe = { http = { path = … } }`"),
    ("host", "it belongs into `probe = { http = { host = … } }`"),
];

/// Reads `[monitor.NAME]`.
pub(super) fn read(table: &Table, subject: &str, faults: &Faults) -> Parsed<MonitorSpec> {
    let mut reader = Reader::new(table, subject, faults);
    let probe = reader.required("probe", "probe = { http = {} }", read_probe);
    let port = reader.optional("port", number(1..=u16::MAX));
    let interval = reader.optional("interval", duration(limits::INTERVAL));
    let timeout = reader.optional("timeout", duration(limits::PROBE_TIMEOUT));
    let verdicts = read_verdicts(&mut reader);
    let target = reader.optional("target", address);
    let voting = reader.lenient("voting", boolean);
    reader.finish(LATER);
    Ok(MonitorSpec {
        probe: probe.map(|probe| probe.value),
        port: port.map(unplaced),
        interval: interval.map(unplaced),
        timeout,
        verdicts,
        target,
        voting,
    })
}

fn read_verdicts(reader: &mut Reader<'_>) -> Parsed<VerdictsSpec> {
    let rise = reader.optional("rise", number(limits::VERDICTS));
    let fall = reader.optional("fall", number(limits::VERDICTS));
    let forgive = reader.optional("forgive", number(limits::VERDICTS));
    Ok(VerdictsSpec { rise: unplaced(rise?), fall: unplaced(fall?), forgive: unplaced(forgive?) })
}

fn read_probe(value: &Value, faults: &Faults) -> Parsed<ProbeSpec> {
    if let Kind::Text(word) = &value.kind {
        let fault = value.place.error("this must be a table, not a text").label("a text");
        faults.add(fault.help(format!("write {}", quote(&format!("{{ {word} = {{}} }}")))));
        return Err(Broken);
    }
    let table = text::table(value, faults)?;
    let mut reader = Reader::new(table, "`probe`", faults);
    let tcp = reader.optional("tcp", read_tcp);
    let http =
        reader.optional("http", |value, faults| Ok(ProbeSpec::Http(http_probe::read_http(value, faults))));
    let https = reader.optional("https", |value, faults| {
        let (http, tls) = http_probe::read_https(value, faults)?;
        Ok(ProbeSpec::Https(http, tls))
    });
    let written = ["tcp", "http", "https"].map(|key| reader.is_written(key));
    reader.finish(&[("icmp", "not in this version: use `tcp`"), ("ping", "not in this version: use `tcp`")]);
    let kinds = [tcp, http, https].into_iter().zip(written).filter(|&(_, is_written)| is_written);
    let mut kinds: Vec<Parsed<ProbeSpec>> =
        kinds.filter_map(|(kind, _)| kind.map(unplaced).transpose()).collect();
    match (kinds.pop(), kinds.len()) {
        (Some(kind), 0) => kind,
        // An unknown kind was reported as an unknown key.
        (None, _) if !table.entries.is_empty() => Err(Broken),
        (last, others) => {
            let found = others + usize::from(last.is_some());
            let message = format!("a monitor has one kind of probe, this one has {found}");
            let help = "write one of `{ tcp = {} }`, `{ http = {} }` and `{ https = {} }`";
            faults.add(value.place.error(message).help(help));
            Err(Broken)
        }
    }
}

fn read_tcp(value: &Value, faults: &Faults) -> Parsed<ProbeSpec> {
    Reader::new(text::table(value, faults)?, "a TCP probe", faults).finish(LATER);
    Ok(ProbeSpec::Tcp)
}
