//! Cases that are kept as texts in a folder: each holds what is done and what comes of it.

use std::fs;
use std::path::{Path, PathBuf};

/// Runs every case of a folder, which has at least `least` of them, and shows all that differ. `run` gives the whole
/// text that a case should be, or says what is wrong with it that no other text would mend. With `BLESS` set the texts
/// are written anew, and the test fails all the same: what was written is to be read before it is committed.
pub fn check(folder: &Path, least: usize, run: impl Fn(&str) -> Result<String, String>) {
    let bless = std::env::var_os("BLESS").is_some();
    let paths = paths(folder);
    assert!(paths.len() >= least, "only {} cases in {}", paths.len(), folder.display());
    let mut wrong = Vec::new();
    for path in &paths {
        let case = fs::read_to_string(path).expect("a case is UTF-8 text");
        match run(&case) {
            Ok(found) if found == case => {}
            Ok(found) => {
                if bless {
                    fs::write(path, &found).expect("a case can be written");
                }
                wrong.push(format!("{}\n--- expected\n{case}--- found\n{found}", path.display()));
            }
            Err(sentence) => wrong.push(format!("{}: {sentence}", path.display())),
        }
    }
    let differ = if bless { "differed and were written anew" } else { "differ" };
    assert!(wrong.is_empty(), "{} of {} cases {differ}\n\n{}", wrong.len(), paths.len(), wrong.join("\n"));
}

fn paths(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of cases can be read");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("its entries can be read").path()).collect();
    paths.sort();
    paths
}
