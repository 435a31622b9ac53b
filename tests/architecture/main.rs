//! Reads `src/` and holds true what ARCHITECTURE.md promises: which module uses which, and which names which library.

// Nothing is reachable from outside of a test binary.
#![allow(unreachable_pub)]

mod rules;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scan::{Names, scan};

#[test]
fn layers_and_doors_hold() {
    let modules = modules();
    assert!(modules.len() > 20, "only {} modules found in src/", modules.len());
    let found: Vec<String> =
        modules.iter().flat_map(|(module, names)| rules::violations(module, names)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_door_is_used() {
    let unused = rules::unused_doors(&modules());
    assert!(unused.is_empty(), "\n{}", unused.join("\n"));
}

#[test]
fn the_door_table_of_the_documentation_is_this_one() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md can be read");
    assert_eq!(documented_doors(&document), doors(), "ARCHITECTURE.md on the left");
}

#[test]
fn every_top_level_module_has_a_layer() {
    let known: BTreeSet<String> = layers().into_keys().collect();
    assert_eq!(top_level_modules(), known, "src/ on the left, the table of tests/architecture on the right");
}

#[test]
fn the_layer_table_of_the_documentation_is_this_one() {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md can be read");
    assert_eq!(documented_layers(&document), layers(), "ARCHITECTURE.md on the left");
    let lines = document.lines().count();
    assert!(lines < 200, "ARCHITECTURE.md has {lines} lines; people read fewer than 200");
}

#[test]
fn every_dependency_has_its_door() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml can be read");
    let dependencies = dependencies(&manifest);
    assert!(dependencies.len() > 10, "only {dependencies:?} found in Cargo.toml");
    for dependency in dependencies {
        assert!(rules::has_door(&dependency), "{dependency} has no line in the table of doors");
    }
}

#[test]
fn tables_of_a_document_are_read() {
    let document =
        "| crate | door |\n|---|---|\n| `a-b`, `c` | `x::y`, `z` |\n\n| layer | module |\n| 0 | `fault` |";
    let expected = ["a_b", "c"].map(|name| (name.to_string(), vec!["x::y".to_string(), "z".to_string()]));
    assert_eq!(documented_doors(document), expected.into());

    let document =
        "| layer | module |\n|---|---|\n| 0 | `fault`, `wire` | x `other` |\n| 5 | `probe` | y |\n\n`text`";
    let expected = [("fault", 0), ("probe", 5), ("wire", 0)];
    assert_eq!(documented_layers(document), expected.map(|(name, layer)| (name.to_string(), layer)).into());
}

fn layers() -> BTreeMap<String, u8> {
    rules::LAYERS.iter().map(|(layer, name)| (name.to_string(), *layer)).collect()
}

/// Rows whose first cell is a number: the names in backquotes in the second cell have that layer.
fn documented_layers(document: &str) -> BTreeMap<String, u8> {
    let rows = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse::<u8>().ok()?, cells.next()?))
    });
    rows.flat_map(|(layer, cell)| {
        cell.split('`').skip(1).step_by(2).map(move |name| (name.to_string(), layer))
    })
    .collect()
}

/// The table of doors without what every module may name, each in the order of the alphabet.
fn doors() -> BTreeMap<String, Vec<String>> {
    let closed = rules::DOORS.iter().filter(|(_, doors)| !doors.contains(&""));
    closed
        .map(|(name, doors)| {
            let mut doors: Vec<String> = doors.iter().map(|door| door.to_string()).collect();
            doors.sort();
            (name.to_string(), doors)
        })
        .collect()
}

/// The table under `| crate | door |`: for each crate in the first cell the doors in the second.
fn documented_doors(document: &str) -> BTreeMap<String, Vec<String>> {
    let in_backquotes =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(String::from).collect() };
    let rows = document.lines().skip_while(|line| *line != "| crate | door |").skip(2);
    let rows = rows.map_while(|line| line.strip_prefix('|')?.split_once('|'));
    rows.flat_map(|(names, doors)| {
        let mut doors = in_backquotes(doors);
        doors.sort();
        in_backquotes(names).into_iter().map(move |name| (name.replace('-', "_"), doors.clone()))
    })
    .collect()
}

/// The names under `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    section
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_string()))
        .collect()
}

fn top_level_modules() -> BTreeSet<String> {
    modules()
        .keys()
        .filter_map(|module| module.split("::").next())
        .filter(|top| *top != "main" && *top != "lib")
        .map(String::from)
        .collect()
}

/// Every module outside of tests by its path (`zone::node`; the roots are `lib` and `main`), with what it names.
fn modules() -> BTreeMap<String, Names> {
    let source = root().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut modules: BTreeMap<String, Names> = files
        .iter()
        .map(|file| {
            let path = module_path(file.strip_prefix(&source).expect("the file was found below src/"));
            let segments: Vec<String> = match path.as_str() {
                "lib" | "main" => Vec::new(),
                path => path.split("::").map(String::from).collect(),
            };
            let text = fs::read_to_string(file).expect("a source file is UTF-8");
            (path, scan(&segments, &text))
        })
        .collect();
    let of_tests: Vec<String> = modules
        .iter()
        .flat_map(|(module, names)| names.test_modules.iter().map(move |test| format!("{module}::{test}")))
        .collect();
    modules.retain(|module, _| {
        !of_tests.iter().any(|test| module == test || module.starts_with(&format!("{test}::")))
    });
    modules
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src/ can be listed") {
        let path = entry.expect("an entry of src/ can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `zone/mod.rs` → `zone`, `zone/node.rs` → `zone::node`.
fn module_path(file: &Path) -> String {
    let file = file.with_extension("");
    let mut segments: Vec<_> = file.iter().map(|segment| segment.to_string_lossy().into_owned()).collect();
    if segments.last().is_some_and(|last| last == "mod") {
        segments.pop();
    }
    segments.join("::")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
