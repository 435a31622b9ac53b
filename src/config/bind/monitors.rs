//! Monitors: defaults filled in, certificates read, one for each content.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::config::limits;
use crate::config::spec::{HttpSpec, MonitorSpec, Named, ProbeSpec, TlsSpec, VerdictsSpec};
use crate::config::text::{Broken, Faults, Parsed, Written, duration_in_words, part_of};
use crate::config::workspace::Workspace;
use crate::health::{HttpProbe, Hysteresis, Monitor, Probe, TlsProbe};
use crate::snapshot::Monitored;

use super::addresses;
use super::names::{Names, Scope};

/// Defaults of semantics §8.
const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT_MAX: Duration = Duration::from_secs(5);
const RISE: u32 = 2;
const FALL: u32 = 3;
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;
/// Successful answers; redirections are not followed and do not count.
const STATUS: (u16, u16) = (200, 299);
const BODY_LIMIT: usize = 64 << 10;

/// A monitor as its name stands for it. What is not the content of its probes is not in the list of these.
#[derive(Debug, Clone)]
pub(super) struct NamedMonitor {
    /// Index into [`Monitors::list`].
    pub(super) index: usize,
    /// Where it looks, if not at the members' own addresses.
    pub(super) target: Option<Written<IpAddr>>,
    /// Whether it counts.
    pub(super) is_voting: bool,
}

impl NamedMonitor {
    /// Whether both look at the same.
    pub(super) fn repeats(&self, other: &NamedMonitor) -> bool {
        let address = |one: &NamedMonitor| one.target.as_ref().map(|target| target.value);
        self.index == other.index && address(self) == address(other)
    }
}

/// The monitors by name, and each content once.
pub(super) struct Monitors {
    /// What each name stands for.
    pub(super) names: Names<NamedMonitor>,
    /// What goes into the configuration.
    pub(super) list: Vec<Monitored>,
    by_content: HashMap<u64, usize>,
}

impl Monitors {
    /// None yet.
    pub(super) fn new() -> Monitors {
        Monitors {
            names: Names::new("monitor", "write `[monitor.NAME]` here or in a file that `include` names"),
            list: Vec::new(),
            by_content: HashMap::new(),
        }
    }

    /// Binds and defines a monitor.
    pub(super) fn add(
        &mut self,
        spec: &Named<MonitorSpec>,
        scope: Scope,
        workspace: &Workspace<'_>,
        faults: &Faults,
    ) {
        let bound = match &spec.content {
            Ok(content) => bind(&spec.name, content, workspace, faults),
            Err(broken) => Err(*broken),
        };
        let target = part_of(&spec.content).and_then(|content| bind_target(content, faults));
        let index = bound.and_then(|monitor| self.intern(&spec.name, monitor, faults));
        let voting = part_of(&spec.content).ok().and_then(|content| content.voting.as_ref());
        let is_voting = voting.is_none_or(|voting| voting.value);
        let named = index.and_then(|index| Ok(NamedMonitor { index, target: target?, is_voting }));
        self.names.define(&spec.name, scope, named, faults);
    }

    /// Equal monitors share their targets, however many names they have.
    fn intern(&mut self, name: &Written<String>, monitor: Monitor, faults: &Faults) -> Parsed<usize> {
        if self.list.len() == limits::MONITORS {
            faults.add(name.place.error(format!("there are more than {} monitors", limits::MONITORS)));
            return Err(Broken);
        }
        let index = match self.by_content.entry(monitor.digest()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                self.list.push(Monitored { names: Vec::new(), monitor: Arc::new(monitor) });
                *vacant.insert(self.list.len() - 1)
            }
        };
        self.list[index].names.push(name.value.clone());
        Ok(index)
    }
}

fn bind(
    name: &Written<String>,
    spec: &MonitorSpec,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Monitor> {
    let kind = part_of(&spec.probe);
    let probe = kind.and_then(|probe| bind_probe(probe, workspace, faults));
    let port = kind.and_then(|probe| bind_port(name, spec.port?, probe, faults));
    let interval = spec.interval.map(|interval| interval.unwrap_or(INTERVAL));
    let timeout = interval.and_then(|interval| bind_timeout(spec, interval, faults));
    let hysteresis = part_of(&spec.verdicts).map(bind_verdicts);
    Ok(Monitor {
        probe: probe?,
        port: port?,
        interval: interval?,
        timeout: timeout?,
        hysteresis: hysteresis?,
    })
}

/// The address that is probed in place of the members' own; what is refused there is refused here.
fn bind_target(spec: &MonitorSpec, faults: &Faults) -> Parsed<Option<Written<IpAddr>>> {
    let target = part_of(&spec.target)?.clone();
    target.as_ref().map_or(Ok(()), |target| addresses::check(target, faults))?;
    Ok(target)
}

fn bind_verdicts(spec: &VerdictsSpec) -> Hysteresis {
    Hysteresis { rise: spec.rise.unwrap_or(RISE), fall: spec.fall.unwrap_or(FALL), forgive: spec.forgive }
}

fn bind_port(name: &Written<String>, port: Option<u16>, probe: &ProbeSpec, faults: &Faults) -> Parsed<u16> {
    match (port, probe) {
        (Some(port), _) => Ok(port),
        (None, ProbeSpec::Http(_)) => Ok(HTTP_PORT),
        (None, ProbeSpec::Https(..)) => Ok(HTTPS_PORT),
        (None, ProbeSpec::Tcp) => {
            faults.add(name.place.error("a TCP monitor needs a port").help("add for example `port = 25`"));
            Err(Broken)
        }
    }
}

/// Probes of one target never overlap: a timeout is at most the interval.
fn bind_timeout(spec: &MonitorSpec, interval: Duration, faults: &Faults) -> Parsed<Duration> {
    match part_of(&spec.timeout)? {
        None => Ok((interval / 2).min(TIMEOUT_MAX)),
        Some(timeout) if timeout.value <= interval => Ok(timeout.value),
        Some(timeout) => {
            let fault = timeout.place.error("the timeout is longer than the interval").label("too long");
            faults.add(fault.help(format!("the interval is {}", duration_in_words(interval))));
            Err(Broken)
        }
    }
}

fn bind_probe(spec: &ProbeSpec, workspace: &Workspace<'_>, faults: &Faults) -> Parsed<Probe> {
    match spec {
        ProbeSpec::Tcp => Ok(Probe::Tcp),
        ProbeSpec::Http(http) => Ok(Probe::Http(bind_http(part_of(http)?, None))),
        ProbeSpec::Https(http, tls) => {
            let tls = bind_tls(part_of(tls)?, workspace, faults)?;
            Ok(Probe::Http(bind_http(part_of(http)?, Some(tls))))
        }
    }
}

fn bind_http(spec: &HttpSpec, tls: Option<TlsProbe>) -> HttpProbe {
    HttpProbe {
        tls,
        method: spec.method.unwrap_or("GET").to_owned(),
        path: spec.path.clone().unwrap_or_else(|| "/".into()),
        host: spec.host.clone(),
        headers: spec.headers.clone(),
        status: spec.status.clone().unwrap_or_else(|| vec![STATUS]),
        body_contains: spec.contains.clone(),
        body_limit: spec.body_limit.unwrap_or(BODY_LIMIT),
    }
}

fn bind_tls(spec: &TlsSpec, workspace: &Workspace<'_>, faults: &Faults) -> Parsed<TlsProbe> {
    match &spec.ca_file {
        _ if !spec.verify => Ok(TlsProbe::Unverified),
        None => Ok(TlsProbe::SystemRoots),
        Some(path) => {
            let source = workspace.named_by(path, limits::CERTIFICATES_OCTETS, faults)?;
            match std::str::from_utf8(&source.octets) {
                Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => {
                    Ok(TlsProbe::Roots(text.to_owned()))
                }
                _ => {
                    let fault = path.place.error("this file holds no certificate").label("named here");
                    faults.add(fault.help("certificates stand there as PEM: `-----BEGIN CERTIFICATE-----`"));
                    Err(Broken)
                }
            }
        }
    }
}
