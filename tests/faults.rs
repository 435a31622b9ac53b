//! Every fault that a configuration can have, with its exact words: the cases in `tests/data/bad`, and in
//! `tests/data/good` what is taken, with its warnings.
//!
//! A case is one text: what it shows, then `=== PATH` before the text of each file that differs from
//! `tests/data/base` (`=== PATH < FILE` takes octets from `tests/data/files`, `=== PATH none` removes a file),
//! `=== reload` before the changes of a second load that sees the first, and `=== expect` before the faults. After a
//! change of the words `BLESS=1 cargo test --test faults` writes them anew; read the difference before you commit it.

// A test that cannot read its own data has failed. Nothing is reachable from outside of a test binary.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod cases;

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

/// What comes of a case: whether it is taken, and the lines below `=== expect`.
fn outcome(case: &str) -> (bool, String) {
    let mut result: Result<Loaded, Vec<Fault>> = Err(Vec::new());
    for (number, files) in stages(case).into_iter().enumerate() {
        result = match (number, &result) {
            (0, _) => load(files, Mode::Check, None),
            (_, Ok(previous)) => load(files, Mode::Reload, Some(previous)),
            (_, Err(faults)) => panic!("a reload follows on {faults:?}"),
        };
    }
    let (taken, faults) = match &result {
        Ok(loaded) => (true, &loaded.warnings),
        Err(faults) => (false, faults),
    };
    (taken, faults.iter().map(|fault| format!("{fault}\n")).collect())
}

/// Runs every case of a folder; all are taken, or none is.
fn check(folder: &str, taken: bool) {
    cases::check(&data().join(folder), 6, |text| {
        let (case, _) = text.split_once(EXPECT).unwrap_or((text, ""));
        let (was_taken, found) = outcome(case);
        match was_taken == taken {
            true => Ok(format!("{case}{EXPECT}{found}")),
            false => Err(format!("taken: {was_taken}, with\n{found}")),
        }
    });
}

#[test]
fn every_bad_configuration_is_refused_with_the_expected_words() {
    check("bad", false);
}

#[test]
fn every_good_configuration_is_taken_with_the_expected_warnings() {
    check("good", true);
}

/// A change of one file, as an operator's slip or a broken disk makes it.
#[derive(Debug, Clone)]
enum Slip {
    Delete(usize, usize),
    Insert(usize, String),
    Repeat(usize, usize, usize),
    Flip(usize, u8),
}

impl Slip {
    fn apply(&self, octets: &mut Vec<u8>) {
        let place = |at: usize, octets: &[u8]| at % (octets.len() + 1);
        match self {
            Slip::Delete(at, length) => {
                let at = place(*at, octets);
                let end = (at + length).min(octets.len());
                octets.drain(at..end);
            }
            Slip::Insert(at, text) => {
                let at = place(*at, octets);
                octets.splice(at..at, text.bytes());
            }
            Slip::Repeat(from, length, to) => {
                let from = place(*from, octets);
                let part = octets[from..(from + length).min(octets.len())].to_vec();
                let to = place(*to, octets);
                octets.splice(to..to, part);
            }
            Slip::Flip(at, bits) if !octets.is_empty() => {
                let at = at % octets.len();
                octets[at] ^= bits;
            }
            Slip::Flip(..) => {}
        }
    }
}

/// What slips put in: pieces of the two syntaxes.
const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    "\"",
    "\"\"\"",
    ",",
    ".",
    "\n",
    "#",
    "0",
    "-1",
    "99999999999",
    "true",
    "\\",
    "*",
    "[pool.fra]\n",
    "[[steer]]\n",
    "steer",
    "members = []\n",
    "$INCLUDE x\n",
    "CNAME",
    "(",
    ")",
    ";",
    "@",
    "\u{e9}",
    "\0",
    "a.a.a.a.a",
    "weight = 0",
    "1.5",
    "inf",
    "1979-05-27",
    "2/3",
    "0 %",
];

fn slips() -> impl Strategy<Value = Slip> {
    prop_oneof![
        (any::<usize>(), 1..40_usize).prop_map(|(at, length)| Slip::Delete(at, length)),
        (any::<usize>(), proptest::sample::select(WORDS))
            .prop_map(|(at, word)| Slip::Insert(at, word.into())),
        (any::<usize>(), 1..80_usize, any::<usize>())
            .prop_map(|(from, length, to)| Slip::Repeat(from, length, to)),
        (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Slip::Flip(at, bits)),
    ]
}

fn seed(case: &str) -> Tree {
    stages(&fs::read_to_string(data().join("good").join(case)).unwrap()).remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_slip_makes_the_loader_panic_and_every_fault_has_a_place(
        case in proptest::sample::select(&["spellings.case", "base.case", "zone_with_a_part.case"][..]),
        file in any::<prop::sample::Index>(),
        slips in prop::collection::vec(slips(), 1..4),
    ) {
        let mut files = seed(case);
        let path = file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
        let octets = files.get_mut(&path).unwrap();
        slips.iter().for_each(|slip| slip.apply(octets));
        let result = load(files, Mode::Check, None);
        let refused = result.is_err();
        let faults = result.map_or_else(|faults| faults, |loaded| loaded.warnings);
        prop_assert_eq!(meridian::fault::any_error(&faults), refused);
        for fault in &faults {
            let span = fault.span.clone().unwrap_or(0..0);
            prop_assert!(span.start <= span.end && span.end <= fault.source.octets.len(), "{fault}");
            prop_assert!(!fault.message.is_empty(), "{fault}");
        }
        config::report::for_people(&faults, true);
        config::report::as_json(&faults);
    }
}
