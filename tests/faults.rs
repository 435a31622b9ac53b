//! Every fault that a configuration can have, with its exact words: the cases in `tests/data/bad`, and in
//! `tests/data/good` what is taken, with its warnings.
//!
//! A case is one text: what it shows, then `=== PATH` before the text of each file that differs from
//! `tests/data/base` (`=== PATH < FILE` takes octets from `tests/data/files`, `=== PATH none` removes a file),
//! `=== reload` before the changes of a second load that sees the first, and `=== expect` before the faults. After a
//! change of the words `BLESS=1 cargo test --test faults` writes them anew; read the difference before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use meridian::config::{self, Files, Loaded, Mode};
use meridian::fault::Fault;
use proptest::prelude::*;

const EXPECT: &str = "=== expect\n";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

type Tree = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a folder by their paths within it.
fn tree(folder: &Path) -> Tree {
    let mut files = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let octets = fs::read(&path).unwrap();
                    files.insert(path.strip_prefix(folder).unwrap().to_owned(), octets);
                }
            }
        }
    }
    files
}

/// Applies the sections of a case to the files; returns them before and, if there is one, after the reload.
fn stages(case: &str) -> Vec<Tree> {
    let mut stages = vec![tree(&data().join("base"))];
    for section in case.split("\n=== ").skip(1) {
        let (head, text) = section.split_once('\n').unwrap_or((section, ""));
        let files = stages.last_mut().unwrap();
        match head.split(' ').collect::<Vec<_>>()[..] {
            ["reload"] => {
                let files = files.clone();
                stages.push(files);
            }
            ["expect"] => break,
            [path, "none"] => drop(files.remove(Path::new(path))),
            [path, "<", source] => {
                files.insert(path.into(), fs::read(data().join("files").join(source)).unwrap());
            }
            [path] => {
                files.insert(path.into(), format!("{text}\n").into_bytes());
            }
            _ => panic!("{head:?} is no head of a section"),
        }
    }
    stages
}

fn load(files: Tree, mode: Mode, previous: Option<&Loaded>) -> Result<Loaded, Vec<Fault>> {
    let previous = previous.map(|loaded| &loaded.configuration);
    config::load(&Files::Memory(files), Path::new("meridian.toml"), mode, previous)
}

/// What comes of a case, as it stands below `=== expect`.
fn outcome(case: &str) -> (bool, String) {
    let mut loaded = None;
    let mut result = Err(Vec::new());
    for (number, files) in stages(case).into_iter().enumerate() {
        let mode = if number == 0 { Mode::Check } else { Mode::Reload };
        result = load(files, mode, loaded.as_ref());
        if let Ok(taken) = result {
            result = Ok(Loaded { warnings: taken.warnings.clone(), ..taken });
            loaded = result.ok();
            result = Err(Vec::new());
        } else {
            loaded = None;
        }
    }
    let faults = match (&loaded, &result) {
        (Some(loaded), _) => &loaded.warnings,
        (None, Err(faults)) => faults,
        (None, Ok(_)) => unreachable!("what was taken was kept"),
    };
    let lines: Vec<String> = faults.iter().map(|fault| format!("{fault}\n")).collect();
    (loaded.is_some(), lines.concat())
}

/// Runs every case of a folder; prints all differences.
fn check(folder: &str, taken: bool) {
    let bless = std::env::var_os("BLESS").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, octets) in tree(&data().join(folder)) {
        let text = String::from_utf8(octets).unwrap();
        let (case, expected) = text.split_once(EXPECT).unwrap_or((&text, ""));
        let (was_taken, found) = outcome(case);
        count += 1;
        if bless {
            fs::write(data().join(folder).join(&name), format!("{case}{EXPECT}{found}")).unwrap();
        } else if found != expected || was_taken != taken {
            wrong.push(format!(
                "{}: taken: {was_taken}\nexpected:\n{expected}found:\n{found}",
                name.display()
            ));
        }
    }
    assert!(count > 5, "only {count} cases in {folder}");
    assert!(wrong.is_empty(), "{} of {count} cases differ\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_bad_configuration_is_refused_with_the_expected_words() {
    check("bad", false);
}

#[test]
fn every_good_configuration_is_taken_with_the_expected_warnings() {
    check("good", true);
}
