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
        for path in watched.vanished(&looks) {
            tracing::warn!("the geo database {path} cannot be found any more; what was served goes on");
        }
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
    /// At the last look.
    last: HashMap<String, Looks>,
    /// When they were examined.
    examined: HashMap<String, Looks>,
}

impl Watched {
    /// What the files look like that were loaded at the start: they need not be examined, unless they were changed meanwhile, or
    /// a gate keeps what was served before until they are.
    async fn from_the_start(running: &Arc<Running>) -> Watched {
        let served = Arc::clone(&running.keeper.store().load_full().configuration);
        let is_gated = served.geo_gate.max_change.is_some();
        let mut examined = looks_of_all(running, served).await;
        examined.retain(|_, looks| !is_gated && looks.changed < running.began.cast_signed());
        Watched { last: HashMap::new(), examined }
    }

    /// The paths of files that were there at the last look and are not now.
    fn vanished(&self, looks: &HashMap<String, Looks>) -> Vec<String> {
        self.last.keys().filter(|path| !looks.contains_key(*path)).cloned().collect()
    }

    /// The paths of files that have changed since they were examined and not since the last look.
    fn due(&mut self, looks: HashMap<String, Looks>) -> Vec<String> {
        let is_due = |(path, looks): &(&String, &Looks)| {
            self.last.get(*path) == Some(looks) && self.examined.get(*path) != Some(looks)
        };
        let due: Vec<String> = looks.iter().filter(is_due).map(|(path, _)| path.clone()).collect();
        self.examined.extend(due.iter().map(|path| (path.clone(), looks[path])));
        self.last = looks;
        due
    }
}

async fn looks_of_all(running: &Arc<Running>, served: Arc<Configuration>) -> HashMap<String, Looks> {
    let running = Arc::clone(running);
    tokio::task::spawn_blocking(move || look_at_all(&running, &served)).await.unwrap_or_default()
}

fn look_at_all(running: &Running, served: &Configuration) -> HashMap<String, Looks> {
    let folder = running.service.main.parent().unwrap_or(Path::new(""));
    let looks = |path: &String| {
        let metadata = std::fs::metadata(running.service.files.resolve(&folder.join(path))).ok()?;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let looks =
            Looks { size: metadata.size(), modified, changed: metadata.ctime(), inode: metadata.ino() };
        Some((path.clone(), looks))
    };
    served.geo.iter().filter_map(|source| looks(source.path.as_ref()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_due_once_it_looks_the_same_twice_and_only_once() {
        let mut watched = Watched::default();
        let looks =
            |size| HashMap::from([("a".to_owned(), Looks { size, modified: (0, 0), changed: 0, inode: 7 })]);
        let mut due = |looks| {
            let gone = watched.vanished(&looks);
            assert_eq!(gone.len(), usize::from(!watched.last.is_empty() && looks.is_empty()));
            !watched.due(looks).is_empty()
        };
        // At the beginning it is examined, too: it may have changed while the server started.
        assert!(!due(looks(1)));
        assert!(due(looks(1)));
        assert!(!due(looks(1)));
        // It is being written.
        assert!(!due(looks(2)));
        assert!(!due(looks(3)));
        assert!(due(looks(3)));
        assert!(!due(looks(3)));
        // It is gone, and comes back as it was.
        assert!(!due(HashMap::new()));
        assert!(!due(looks(3)));
        assert!(!due(looks(3)));
    }
}
