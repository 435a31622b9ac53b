//! `meridian prove`: whether what the files assert holds.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::styling::AnsiColor;
use serde::Serialize;

use super::explain::parse_time;
use super::{FAILED, Format, OK, files, json, painted, print};
use crate::config::{Mode, Proof, ProofOutcome, Refutation, report};
use crate::explain::prove::words::ASSUMED;
use crate::explain::words::counted;
use crate::fault::any_error;

/// Prove what the files assert, or show for whom and when it does not hold
///
/// Reads the main file and everything it names, and proves each `[[assert]]`: for all clients of both families, at all
/// hours of the schedules, and for all states with up to the given failures, with what they leave behind: members that
/// await to be resumed or are suspect, and starts that have not heard of all members. What does not hold is shown with a
/// network of clients, with that state, and with the commands that show it. What every proof takes for granted stands at
/// the end. `meridian check` and a reload refuse files with an assertion that does not hold.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The main file [default: meridian.toml, or else /etc/meridian/meridian.toml]
    file: Option<PathBuf>,
    /// The moment from which on schedules are played, in RFC 3339: 2026-11-20T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<u64>,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// The result as JSON.
#[derive(Serialize)]
struct Report {
    /// Whether the files are in order and every assertion holds.
    ok: bool,
    /// Errors and warnings.
    faults: serde_json::Value,
    /// The assertions without a fault; null where others were found.
    assertions: Option<Vec<ProofView>>,
    /// What every proof takes for granted.
    assumed: [&'static str; ASSUMED.len()],
}

#[derive(Serialize)]
struct ProofView {
    file: String,
    line: usize,
    column: usize,
    that: String,
    outcome: &'static str,
    /// What was gone through, where it holds.
    extent: Option<String>,
    /// What was left out of that beside what every proof takes for granted.
    left_out: Option<&'static str>,
    counterexample: Option<RefutationView>,
}

#[derive(Serialize)]
struct RefutationView {
    words: String,
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    network: Option<String>,
    sites_lost: Vec<String>,
    members_down: Vec<String>,
    at: Option<String>,
    members_awaiting_resume: Vec<String>,
    suspect_pools: Vec<String>,
    pools_starting: Vec<String>,
    commands: Vec<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let main = files::main_file(arguments.file.as_deref());
    let (loaded, faults) = files::look_at(main, Mode::Prove { from: arguments.at });
    let proofs = loaded.map(|loaded| loaded.proofs);
    let ok = !any_error(&faults) && proofs.as_ref().is_some_and(|proofs| proofs.iter().all(Proof::holds));
    match arguments.format {
        Format::Text => {
            let refused = painted("is refused", AnsiColor::Red.on_default().bold());
            let shown = proofs.as_ref().map_or_else(String::new, |proofs| text(proofs));
            let verdict = match any_error(&faults) {
                true => format!("{} {refused}\n", main.display()),
                false => String::new(),
            };
            print(&format!("{}{shown}{verdict}", report::for_people(&faults, true)))?;
        }
        Format::Json => {
            let assertions = proofs.map(|proofs| proofs.iter().map(view).collect());
            print(&json(&Report { ok, faults: report::as_json(&faults), assertions, assumed: ASSUMED })?)?;
        }
    }
    Ok(if ok { OK } else { FAILED })
}

fn text(proofs: &[Proof]) -> String {
    if proofs.is_empty() {
        return "the files assert nothing: add `[[assert]]` tables\n".to_owned();
    }
    let mut text = String::new();
    for proof in proofs {
        // Writing to a String cannot fail.
        let _ = one(&mut text, proof);
    }
    let failed = proofs.iter().filter(|proof| !proof.holds()).count();
    let held = counted(proofs.len() - failed, "assertion");
    let _ = match failed {
        0 => writeln!(text, "{held} proven"),
        _ => writeln!(text, "{held} proven, {failed} not"),
    };
    let _ = writeln!(text, "assumed: {}", ASSUMED.join("; "));
    text
}

fn one(text: &mut String, proof: &Proof) -> std::fmt::Result {
    let (line, column) = proof.place;
    let good = painted("proven", AnsiColor::Green.on_default().bold());
    let bad = |words: &str| painted(words, AnsiColor::Red.on_default().bold());
    let (verdict, rest) = match &proof.outcome {
        ProofOutcome::Proven { extent, left_out } => {
            let left_out = left_out.map_or(String::new(), |left_out| format!("  but for {left_out}\n"));
            (good, format!("  over {extent}\n{left_out}"))
        }
        ProofOutcome::TooLarge => {
            let words = "too many answers to look at: lower `failures`, or name fewer names";
            (bad("not proven"), format!("  {words}\n"))
        }
        ProofOutcome::Refuted(found) => {
            let commands: String = found.commands.iter().map(|command| format!("    {command}\n")).collect();
            let mut rest = format!("  {}\n", found.words);
            if !found.members_down.is_empty() {
                rest.push_str(&format!("  down: {}\n", found.members_down.join(", ")));
            }
            if !found.members_awaiting_resume.is_empty() {
                let members = found.members_awaiting_resume.join(", ");
                rest.push_str(&format!("  awaiting to be resumed: {members}\n"));
            }
            (bad("does not hold"), rest + &commands)
        }
    };
    writeln!(text, "{verdict}: {}", proof.sentence)?;
    write!(text, "{rest}  {}:{line}:{column}\n\n", proof.file)
}

fn view(proof: &Proof) -> ProofView {
    let (line, column) = proof.place;
    let (outcome, extent, left_out, counterexample) = match &proof.outcome {
        ProofOutcome::Proven { extent, left_out } => ("proven", Some(extent.clone()), *left_out, None),
        ProofOutcome::TooLarge => ("too_large", None, None, None),
        ProofOutcome::Refuted(found) => {
            let found = Refutation::clone(found);
            let view = RefutationView {
                words: found.words,
                name: found.name,
                rtype: found.rtype.to_owned(),
                network: found.network,
                sites_lost: found.sites_lost,
                members_down: found.members_down,
                at: found.at,
                members_awaiting_resume: found.members_awaiting_resume,
                suspect_pools: found.suspect_pools,
                pools_starting: found.pools_starting,
                commands: found.commands,
            };
            ("refuted", None, None, Some(view))
        }
    };
    let (file, that) = (proof.file.clone(), proof.sentence.clone());
    ProofView { file, line, column, that, outcome, extent, left_out, counterexample }
}
