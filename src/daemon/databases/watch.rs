//! When a file is to be examined: once it looks different, and twice the same.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::snapshot::Configuration;

use super::examine;
use crate::daemon::Running;

/// How often the files are looked at. One that looks the same twice is not being written.
const LOOK: Duration = Duration::from_secs(2);

/// What a file looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looks {
    size: u64,
    /// When its octets were changed: seconds, nanoseconds.
    modified: (i64, i64),
    /// When anything about it was changed, in seconds; nobody can set this one back.
    changed: i64,
    inode: u64,
}

/// Watches the files of the served databases for as long as the server runs.
pub(in crate::daemon) async fn watch(running: Arc<Running>) {
    let mut watched = Watched::from_the_start(&running).await;
    loop {
        tokio::time::sleep(LOOK).await;
        let served = Arc::clone(&running.keeper.store().load_full().configuration);
        if !served.geo_gate.watch {
            watched = Watched::default();
            continue;
        }
        let looks = looks_of_all(&running, served).await;
        let due = watched.due(looks);
        if due.is_empty() {
            continue;
        }
        let _turn = running.gate.turn.lock().await;
        let examining = Arc::clone(&running);
        // One that panics has told so in the log; what is served goes on.
        let _ = tokio::task::spawn_blocking(move || examine(&examining, &due)).await;
    }
}

/// What the files looked like.
#[derive(Default)]
struct Watched {
    /// At the last look; `None` where there was none.
    last: HashMap<String, Option<Looks>>,
    /// When they were examined.
    examined: HashMap<String, Option<Looks>>,
}

impl Watched {
    /// What the files look like that were loaded at the start: they need not be examined, unless they were changed meanwhile, or
    /// a gate keeps what was served before until they are.
    async fn from_the_start(running: &Arc<Running>) -> Watched {
        let served = Arc::clone(&running.keeper.store().load_full().configuration);
        let is_gated = served.geo_gate.max_change.is_some();
        let mut examined = looks_of_all(running, Arc::clone(&served)).await;
        examined.retain(|path, looks| {
            let is_told = is_stood_in_for(&served, path);
            is_older_than(looks.as_ref(), running.began) && (is_told || (looks.is_some() && !is_gated))
        });
        Watched { last: HashMap::new(), examined }
    }

    /// The paths of files that have changed since they were examined and not since the last look. A file that is gone has
    /// changed, too.
    fn due(&mut self, looks: HashMap<String, Option<Looks>>) -> Vec<String> {
        let is_due = |(path, looks): &(&String, &Option<Looks>)| {
            self.last.get(*path) == Some(looks) && self.examined.get(*path) != Some(looks)
        };
        let due: Vec<String> = looks.iter().filter(is_due).map(|(path, _)| path.clone()).collect();
        self.examined.retain(|path, _| looks.contains_key(path));
        self.examined.extend(due.iter().map(|path| (path.clone(), looks[path])));
        self.last = looks;
        due
    }
}

/// Whether the file of a path was refused when it was loaded, and told so.
fn is_stood_in_for(served: &Configuration, path: &str) -> bool {
    served.geo.iter().any(|source| source.path.as_deref() == Some(path) && source.degraded.is_some())
}

/// Whether nothing about a file was changed from a moment on, in seconds since 1970; one that is not there counts as old.
fn is_older_than(looks: Option<&Looks>, moment: u64) -> bool {
    looks.is_none_or(|looks| looks.changed < moment.cast_signed())
}

async fn looks_of_all(running: &Arc<Running>, served: Arc<Configuration>) -> HashMap<String, Option<Looks>> {
    let running = Arc::clone(running);
    tokio::task::spawn_blocking(move || look_at_all(&running, &served)).await.unwrap_or_default()
}

fn look_at_all(running: &Running, served: &Configuration) -> HashMap<String, Option<Looks>> {
    let folder = running.service.main.parent().unwrap_or(Path::new(""));
    let looks = |path: &str| {
        let metadata = std::fs::metadata(running.service.files.resolve(&folder.join(path))).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Some(Looks { size: metadata.size(), modified, changed: metadata.ctime(), inode: metadata.ino() })
    };
    let paths = served.geo.iter().filter_map(|source| source.path.as_ref());
    paths.map(|path| (path.clone(), looks(path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a file of this size looks; none for 0.
    fn looks(size: u64) -> HashMap<String, Option<Looks>> {
        let looks = Looks { size, modified: (0, 0), changed: 0, inode: 7 };
        HashMap::from([("a".to_owned(), (size > 0).then_some(looks))])
    }

    #[test]
    fn a_file_is_due_once_it_looks_the_same_twice_and_only_once() {
        let mut watched = Watched::default();
        let mut due = |size| !watched.due(looks(size)).is_empty();
        // At the beginning it is examined, too: it may have changed while the server started.
        assert_eq!([1, 1, 1].map(&mut due), [false, true, false]);
        // It is being written.
        assert_eq!([2, 3, 3, 3].map(&mut due), [false, false, true, false]);
    }

    #[test]
    fn a_file_that_is_gone_is_due_and_once_more_when_it_is_back() {
        let mut watched = Watched::default();
        let mut due = |size| !watched.due(looks(size)).is_empty();
        assert_eq!([3, 3].map(&mut due), [false, true]);
        // Another one takes its place.
        assert_eq!([0, 3, 3].map(&mut due), [false; 3]);
        assert_eq!([0, 0, 0].map(&mut due), [false, true, false]);
        assert_eq!([3, 3, 3].map(&mut due), [false, true, false]);
    }

    #[test]
    fn a_path_that_is_configured_anew_is_due() {
        let mut watched = Watched::default();
        assert_eq!([1, 1, 1].map(|size| watched.due(looks(size)).len()), [0, 1, 0]);
        assert_eq!(watched.due(HashMap::new()), [""; 0]);
        assert_eq!([1, 1, 1].map(|size| watched.due(looks(size)).len()), [0, 1, 0]);
    }
}
