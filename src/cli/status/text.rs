//! The state of a server as tables for people: what needs attention first.

use std::fmt::Write;

use clap::builder::styling::AnsiColor;

use crate::admin::status::{
    AddressStatus, GeoStatus, InnerPoolStatus, LoadStatus, MemberStatus, PoolStatus, Status, TargetStatus,
    ZoneStatus,
};
use crate::admin::timestamp::span;
use crate::cli::answering::lines;
use crate::cli::painted;
use crate::cli::table::ShownTable;
use crate::explain::words::weight;

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
    let _ = write!(text, "\n{}", lines(&status.answering));
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
        let rules = if status.rules == 1 { "the rule answers" } else { "all rules answer" };
        return format!("\n{good}: {rules} from healthy pools\n");
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
            parts(pool, member).into_iter().for_each(|part| table.row(row(pool, member, &part)));
        }
        pool.inner.iter().for_each(|inner| table.row(inner_row(pool, inner)));
    }
    table
}

/// A row of the table: an address of a member, its data where it has none, or what is probed without a vote.
struct Part<'s> {
    state: &'s str,
    what: String,
    /// Where nothing is probed.
    reason: &'s str,
    targets: Vec<&'s TargetStatus>,
    awaits_resume: bool,
    suspect: bool,
    slow_start_step: Option<u32>,
}

fn parts<'s>(pool: &'s PoolStatus, member: &'s MemberStatus) -> Vec<Part<'s>> {
    let of_address = |address: &'s AddressStatus| {
        let of_family = if address.address.is_ipv4() { &pool.ipv4 } else { &pool.ipv6 };
        Part {
            state: pool.data.as_ref().map_or(of_family, |data| &data.state),
            what: address.address.to_string(),
            reason: &address.reason,
            targets: address.targets.iter().collect(),
            awaits_resume: address.awaits_resume,
            suspect: address.suspect,
            slow_start_step: address.slow_start_step,
        }
    };
    let data = member.data.iter().zip(&pool.data).map(|(data, of_pool)| Part {
        state: &of_pool.state,
        what: format!("{} {}", of_pool.rtype, data.records.join(", ")),
        reason: &data.reason,
        targets: data.targets.iter().collect(),
        awaits_resume: data.awaits_resume,
        suspect: data.suspect,
        slow_start_step: data.slow_start_step,
    });
    let watched = member.watched.iter().map(|target| Part {
        state: "no vote",
        what: target.address.to_string(),
        reason: "",
        targets: vec![target],
        awaits_resume: false,
        suspect: false,
        slow_start_step: None,
    });
    data.chain(member.addresses.iter().map(of_address)).chain(watched).collect()
}

fn row(pool: &PoolStatus, member: &MemberStatus, part: &Part<'_>) -> Vec<String> {
    let each = |column: fn(&TargetStatus) -> String| {
        part.targets.iter().map(|target| column(target)).collect::<Vec<_>>().join("\n")
    };
    let mut health =
        if part.targets.is_empty() { part.reason.to_owned() } else { each(|target| target.state.clone()) };
    health.push_str(if part.awaits_resume { ", awaiting resume" } else { "" });
    health.push_str(if part.suspect { ", suspect" } else { "" });
    let admin = match &member.admin_why {
        Some(why) => format!("{}\n{why}", member.admin),
        None => member.admin.clone(),
    };
    vec![
        format!("{} ({})", pool.name, part.state),
        pool.site.clone().unwrap_or_default(),
        member.name.clone(),
        part.what.clone(),
        weight(member.weight, part.slow_start_step),
        admin,
        health,
        each(|target| span(target.state_seconds)),
        each(verdict),
    ]
}

/// A pool in another one has no health of its own beside its members', which stand in its own rows.
fn inner_row(pool: &PoolStatus, inner: &InnerPoolStatus) -> Vec<String> {
    let state =
        if pool.ipv4 == pool.ipv6 { pool.ipv4.clone() } else { format!("{}, IPv6 {}", pool.ipv4, pool.ipv6) };
    let mut row = vec![String::new(); 9];
    row[0] = format!("{} ({state})", pool.name);
    row[1] = pool.site.clone().unwrap_or_default();
    row[2] = format!("pool {}", inner.pool);
    row[4] = inner.weight.to_string();
    row
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
            note(source),
        ]);
    }
    table
}

fn note(source: &GeoStatus) -> String {
    let refused = source
        .refused
        .as_ref()
        .map(|refused| format!("the file is not taken for {}: {}", span(refused.age_seconds), refused.why));
    let held =
        source.held_back.as_ref().map(|held| format!("a newer file is held back: {}", held.objection()));
    source.degraded.clone().into_iter().chain(refused).chain(held).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One pool with a member up and a member down, in the form that the server sends.
    fn status(attention: &[&str]) -> Status {
        let target = |state: &str, result: &str, detail: &str, address: &str| {
            json!({
                "monitor": "web", "address": address, "state": state, "since": "2026-11-20T05:31:46Z",
                "state_seconds": 125, "verdict": { "result": result, "detail": detail, "age_seconds": 3 }
            })
        };
        let member = |name: &str, address: &str, eligible: bool, target: serde_json::Value| {
            json!({
                "name": name, "weight": 1, "admin": "auto",
                "addresses": [{ "address": address, "eligible": eligible, "reason": "",
                    "suspect": !eligible, "awaits_resume": false, "targets": [target] }]
            })
        };
        let (up, down) = ("192.0.2.1", "2001:db8::2");
        let status = json!({
            "version": "0.1.0", "process": 7, "started": "2026-11-20T05:31:46Z", "uptime_seconds": 3700,
            "ready": true, "generation": 4, "attention": attention, "rules": 1, "troubled_rules": [], "maps": [],
            "load": { "at": "2026-11-20T05:31:46Z", "age_seconds": 60, "taken": true, "faults": ["f:1:1: warning: w"] },
            "limiting": null, "answering": {
                "rate_limit": null, "access_lists": ["example.com."],
                "cookies": { "require": "never", "secrets": null },
                "extended_errors": "errors", "report_channel": null
            },
            "zones": [{ "name": "example.com.", "serial": 9, "records": 12 }],
            "geo": [{
                "name": "built-in", "path": null, "built": "2026-09-23T04:35:31Z", "age_seconds": 864_000,
                "networks": 3, "countries": 2, "degraded": null
            }],
            "pools": [{
                "name": "web-fra", "site": "fra", "ipv4": "healthy", "ipv6": "dead", "suspects": 1, "inner": [], "members": [
                    member("a", up, true, target("up", "pass", "0.4 ms", up)),
                    member("b", down, false, target("down", "fail", "connection refused", down)),
                ]
            }]
        });
        serde_json::from_value(status).unwrap()
    }

    fn plain(attention: &[&str]) -> String {
        anstream::adapter::strip_str(&render(&status(attention))).to_string()
    }

    #[test]
    fn what_an_operator_asks_first_is_on_one_page() {
        assert_eq!(
            plain(&["pool web-fra is dead for IPv6"]),
            "\
meridian 0.1.0, process 7, up 1h 1m, generation 4, ready
last load 1m ago: taken
  f:1:1: warning: w

needs attention
  pool web-fra is dead for IPv6

 pool                site   member   address       weight   admin   health          since   last verdict
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 web-fra (healthy)   fra    a        192.0.2.1     1        auto    up              2m 5s   pass 3s ago (web): 0.4 ms
 web-fra (dead)      fra    b        2001:db8::2   1        auto    down, suspect   2m 5s   fail 3s ago (web): connection refused

 zone           serial   records
─────────────────────────────────
 example.com.   9        12

 geo data   file       age   networks   countries   note
─────────────────────────────────────────────────────────
 built-in   built in   10d   3          2

rate limit: off
access lists: 1 zone: example.com.
cookies: secrets of the process, require never
extended errors: errors, report channel: none
"
        );
    }

    #[test]
    fn a_database_whose_file_is_not_taken_has_a_note() {
        let mut status = status(&[]);
        let refused =
            json!({ "since": "2026-11-20T05:31:46Z", "age_seconds": 125, "why": "the file is missing" });
        status.geo[0].refused = serde_json::from_value(refused).unwrap();
        let text = anstream::adapter::strip_str(&render(&status)).to_string();
        assert!(text.contains("  the file is not taken for 2m 5s: the file is missing"), "{text}");
    }

    #[test]
    fn a_good_day_says_so() {
        let text = plain(&[]);
        assert!(text.contains("\nnothing needs attention: the rule answers from healthy pools\n"), "{text}");
    }
}
