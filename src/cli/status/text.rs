//! The state of a server as tables for people: what needs attention first.

use std::fmt::Write;

use clap::builder::styling::AnsiColor;

use crate::admin::status::{
    AddressStatus, GeoStatus, LoadStatus, MemberStatus, PoolStatus, Status, TargetStatus, ZoneStatus,
};
use crate::admin::timestamp::span;
use crate::cli::painted;
use crate::cli::table::ShownTable;

/// Zones that are listed; `--format json` has all.
const ZONES_SHOWN: usize = 20;

/// The whole state, ended by a line feed.
pub(super) fn render(status: &Status) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", headline(status));
    let _ = writeln!(text, "{}", load(&status.load));
    text.push_str(&attention(status));
    section(&mut text, &pools(&status.pools));
    section(&mut text, &zones(&status.zones));
    if status.zones.len() > ZONES_SHOWN {
        let _ = writeln!(text, "and {} more zones", status.zones.len() - ZONES_SHOWN);
    }
    section(&mut text, &geo(&status.geo));
    text
}

fn headline(status: &Status) -> String {
    let ready = if status.ready { "ready" } else { "first round of probes under way" };
    format!(
        "meridian {}, process {}, up {}, generation {}, {ready}",
        status.version,
        status.process,
        span(status.uptime_seconds),
        status.generation
    )
}

fn load(load: &LoadStatus) -> String {
    let result = match load.taken {
        true => painted("taken", AnsiColor::Green.on_default()),
        false => painted("refused", AnsiColor::Red.on_default().bold()),
    };
    let mut text = format!("last load {} ago: {result}", span(load.age_seconds));
    for fault in &load.faults {
        let _ = write!(text, "\n  {fault}");
    }
    text
}

fn attention(status: &Status) -> String {
    if status.attention.is_empty() {
        let good = painted("nothing needs attention", AnsiColor::Green.on_default().bold());
        return format!("\n{good}: {} rules answer from healthy pools\n", status.rules);
    }
    let mut text = format!("\n{}\n", painted("needs attention", AnsiColor::Yellow.on_default().bold()));
    for sentence in &status.attention {
        let _ = writeln!(text, "  {sentence}");
    }
    text
}

fn section(text: &mut String, table: &ShownTable) {
    if !table.is_empty() {
        let _ = writeln!(text, "\n{table}");
    }
}

fn pools(pools: &[PoolStatus]) -> ShownTable {
    let mut table = ShownTable::new(&[
        "pool",
        "site",
        "member",
        "address",
        "weight",
        "admin",
        "health",
        "since",
        "last verdict",
    ]);
    for pool in pools {
        for member in &pool.members {
            for address in &member.addresses {
                table.row(row(pool, member, address));
            }
        }
    }
    table
}

fn row(pool: &PoolStatus, member: &MemberStatus, address: &AddressStatus) -> Vec<String> {
    let each = |column: fn(&TargetStatus) -> String| {
        address.targets.iter().map(column).collect::<Vec<_>>().join("\n")
    };
    let health =
        if address.targets.is_empty() { address.reason.clone() } else { each(|target| target.state.clone()) };
    vec![
        format!("{} ({})", pool.name, if address.address.is_ipv4() { &pool.ipv4 } else { &pool.ipv6 }),
        pool.site.clone().unwrap_or_default(),
        member.name.clone(),
        address.address.to_string(),
        member.weight.to_string(),
        member.admin.clone(),
        health,
        each(|target| span(target.state_seconds)),
        each(verdict),
    ]
}

fn verdict(target: &TargetStatus) -> String {
    match &target.verdict {
        Some(verdict) => {
            format!(
                "{} {} ago ({}): {}",
                verdict.result,
                span(verdict.age_seconds),
                target.monitor,
                verdict.detail
            )
        }
        None => format!("none yet ({})", target.monitor),
    }
}

fn zones(zones: &[ZoneStatus]) -> ShownTable {
    let mut table = ShownTable::new(&["zone", "serial", "records"]);
    for zone in zones.iter().take(ZONES_SHOWN) {
        table.row([zone.name.clone(), zone.serial.to_string(), zone.records.to_string()]);
    }
    table
}

fn geo(geo: &[GeoStatus]) -> ShownTable {
    let mut table = ShownTable::new(&["geo data", "file", "age", "networks", "countries", "note"]);
    for source in geo {
        table.row([
            source.name.clone(),
            source.path.clone().unwrap_or_else(|| "built in".to_owned()),
            span(source.age_seconds),
            source.networks.to_string(),
            source.countries.to_string(),
            source.degraded.clone().unwrap_or_default(),
        ]);
    }
    table
}
