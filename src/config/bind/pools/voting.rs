//! Which monitors look at the members of a pool, and how many of their votes a member needs.

use super::binder::Binder;
use crate::config::bind::monitors::NamedMonitor;
use crate::config::spec::RequireSpec;
use crate::config::text::{Broken, Parsed, Written, part_of, quote};
use crate::steer::Require;

impl Binder<'_> {
    /// The monitors that it names, each once.
    pub(super) fn monitors(&self) -> Vec<Parsed<NamedMonitor>> {
        let mut found: Vec<Parsed<NamedMonitor>> = Vec::new();
        let Ok(monitors) = &self.spec.monitors else { return vec![Err(Broken)] };
        for item in monitors {
            let index = part_of(item).and_then(|name| self.monitor(name, &found));
            found.push(index);
        }
        found
    }

    /// How many of the monitors that vote must be up.
    pub(super) fn require(&self, known: &[NamedMonitor]) -> Parsed<Require> {
        part_of(&self.spec.monitors)?;
        let monitors = known.iter().filter(|monitor| monitor.is_voting).count();
        let Some(require) = part_of(&self.spec.require)? else { return Ok(Require::All) };
        let fault = match require.value {
            _ if known.is_empty() => require
                .place
                .error("`require` has no effect without a monitor")
                .help("add `monitor`, or remove it"),
            _ if monitors == 0 => require
                .place
                .error("`require` has no effect where no monitor votes")
                .help("remove it, or `voting = false` of a monitor"),
            RequireSpec::All => return Ok(Require::All),
            RequireSpec::AtLeast(count) if usize::from(count) <= monitors => {
                return Ok(Require::AtLeast(count));
            }
            RequireSpec::AtLeast(_) => {
                let message = match monitors {
                    1 if known.len() > 1 => "only 1 monitor of the pool votes".to_owned(),
                    _ if known.len() > monitors => format!("only {monitors} monitors of the pool vote"),
                    1 => "the pool has 1 monitor only".to_owned(),
                    _ => format!("the pool has {monitors} monitors only"),
                };
                let fault = require.place.error(message);
                fault.help("its members would never be up: lower `require`")
            }
        };
        self.faults.add(fault);
        Err(Broken)
    }

    /// Monitors of which none votes.
    pub(super) fn warn_of_no_vote(&self, monitors: &[NamedMonitor]) {
        if !monitors.is_empty() && !monitors.iter().any(|monitor| monitor.is_voting) {
            let message = format!("no monitor of the pool {} votes", quote(self.name));
            let fault = self.name.place.warning(message).label("always up");
            self.faults.add(fault.help("its members count as up; remove `voting = false` from a monitor"));
        }
    }

    fn monitor(&self, name: &Written<String>, before: &[Parsed<NamedMonitor>]) -> Parsed<NamedMonitor> {
        let monitor = self.monitors.names.find(name, self.scope, self.faults)?;
        if !before.iter().flatten().any(|before| before.repeats(monitor)) {
            return Ok(monitor.clone());
        }
        let message = format!("the monitor {} stands in this list already", quote(name));
        let fault = name.place.error(message).label("again");
        self.faults.add(fault.help("monitors of the same content count as one"));
        Err(Broken)
    }
}
