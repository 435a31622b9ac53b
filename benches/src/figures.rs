//! The figures kept in the tree: instructions a query, one line a work.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::work::Work;

/// A figure may grow by so much: what compilers and libraries change by themselves.
const GROWTH: f64 = 0.02;

/// Writes figures, with the compiler that they hold for.
pub fn write(path: &Path, counted: &[(Work, f64)]) -> Result<()> {
    let mut text = format!("# User-space instructions a query; see benches/README.md.\n# {}\n", compiler()?);
    for (work, figure) in counted {
        writeln!(text, "{} = {figure:.0}", work.label())?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Fails where a work needs more than the figure that is kept for it, or where one of the two has no counterpart.
pub fn compare(path: &Path, counted: &[(Work, f64)]) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kept = read(&text)?;
    let mut faults: Vec<String> =
        counted.iter().filter_map(|(work, now)| fault(&kept, *work, *now)).collect();
    let is_counted = |label: &str| counted.iter().any(|(work, _)| work.label() == label);
    let left_out = kept.iter().filter(|(label, _)| !is_counted(label));
    faults.extend(left_out.map(|(label, _)| format!("{label} has a figure but was not counted")));
    if faults.is_empty() {
        return Ok(());
    }
    let made_by = text.lines().nth(1).unwrap_or_default().trim_start_matches("# ");
    bail!(
        "{}\n(the figures are of {made_by}, this is {}; benches/instructions/run update writes new ones)",
        faults.join("\n"),
        compiler()?
    )
}

/// What is wrong with a figure. One that has shrunk is only told of.
fn fault(kept: &[(String, f64)], work: Work, now: f64) -> Option<String> {
    let label = work.label();
    let Some((_, before)) = kept.iter().find(|(kept, _)| *kept == label) else {
        return Some(format!("{label} has no figure yet"));
    };
    if now < before * (1.0 - GROWTH) {
        println!("{label} needs less: {before:.0} → {now:.0}; please update the figures");
    }
    let percent = (now / before - 1.0) * 100.0;
    let has_grown = now > before * (1.0 + GROWTH);
    has_grown.then(|| format!("{label} has grown by {percent:.1} %: {before:.0} → {now:.0}"))
}

/// Lines `work = number`.
fn read(text: &str) -> Result<Vec<(String, f64)>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (label, number) = line.split_once('=').with_context(|| format!("no figure: {line}"))?;
            let number = number.trim().parse().with_context(|| format!("no number: {line}"))?;
            Ok((label.trim().to_owned(), number))
        })
        .collect()
}

fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("cannot start rustc")?;
    ensure!(output.status.success(), "rustc does not tell its version");
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(format!("{}, {}", version.trim(), std::env::consts::ARCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(figures: &str, counted: f64, expected: Option<&str>) {
        let path = std::env::temp_dir().join(format!("figures-{}-{counted}", std::process::id()));
        fs::write(&path, figures).unwrap();
        let fault = compare(&path, &[(Work::Static, counted)]).err().map(|error| error.to_string());
        fs::remove_file(path).unwrap();
        match expected {
            None => assert_eq!(fault, None),
            Some(expected) => {
                assert!(fault.as_ref().is_some_and(|fault| fault.contains(expected)), "{fault:?}")
            }
        }
    }

    #[test]
    fn a_figure_may_grow_by_two_in_a_hundred() {
        check("# x\n# y\nstatic = 1000\n", 1020.0, None);
        check("# x\n# y\nstatic = 1000\n", 1021.0, Some("static has grown by 2.1 %: 1000 → 1021"));
        check("# x\n# y\nstatic = 1000\n", 900.0, None);
        check("# x\n# y\n", 901.0, Some("static has no figure yet"));
        check("# x\n# y\nstatic = 1000\ngeo = 5\n", 1000.5, Some("geo has a figure but was not counted"));
        check("static 1000\n", 1001.0, Some("no figure: static 1000"));
    }
}
