//! Which files of databases do not hold what is served, and why; and what may hold one back.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::admin::{Untaken, UntakenDatabase};
use crate::config::{Assertions, HeldBack};
use crate::snapshot::Configuration;

/// The files that are not taken as they are, and what may hold one back.
pub(in crate::daemon) struct Gate {
    untaken: Mutex<BTreeMap<String, UntakenDatabase>>,
    /// Those of the files that were taken last.
    pub(super) assertions: Mutex<Assertions>,
    /// Held by whoever loads something: one at a time.
    pub(in crate::daemon) turn: tokio::sync::Mutex<()>,
}

impl Gate {
    /// A gate that has taken all there is.
    pub(in crate::daemon) fn new(assertions: Assertions) -> Gate {
        Gate {
            untaken: Mutex::default(),
            assertions: Mutex::new(assertions),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Other files were taken, with these assertions. Called with the turn.
    pub(in crate::daemon) fn assert(&self, assertions: Assertions) {
        *self.assertions.lock().unwrap_or_else(PoisonError::into_inner) = assertions;
    }

    /// The databases whose files are not taken as they are, by path.
    pub(in crate::daemon) fn untaken(&self) -> Vec<UntakenDatabase> {
        self.lock().values().cloned().collect()
    }

    /// The digests of what the files hold that are held back.
    pub(in crate::daemon) fn digests(&self) -> HeldBack {
        self.lock().values().filter_map(UntakenDatabase::held_digest).collect()
    }

    /// The paths of the files that are held back.
    pub(super) fn held_paths(&self) -> Vec<String> {
        let untaken = self.lock();
        let held = untaken.values().filter(|database| database.held_digest().is_some());
        held.map(|database| database.path.clone()).collect()
    }

    /// Remembers that a file is not taken, `now` in seconds since 1970; says whether that is news. The same that is found
    /// again is so since it was found first.
    pub(super) fn remember(&self, path: &str, why: Untaken, now: u64) -> bool {
        let mut untaken = self.lock();
        if let Some(known) = untaken.get_mut(path).filter(|known| is_same(&known.why, &why)) {
            known.why = why;
            return false;
        }
        untaken.insert(path.to_owned(), UntakenDatabase { path: path.to_owned(), why, since: now });
        true
    }

    /// Remembers that what a file holds is served; says whether that is news.
    pub(super) fn clear(&self, path: &str) -> bool {
        self.lock().remove(path).is_some()
    }

    /// Forgets what is no database of a configuration any more.
    pub(super) fn forget_all_but(&self, configuration: &Configuration) {
        let is_configured =
            |path: &str| configuration.geo.iter().any(|source| source.path.as_deref() == Some(path));
        self.lock().retain(|path, _| is_configured(path));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, UntakenDatabase>> {
        self.untaken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the same octets are held back, or a file is refused in the same words. How much a database that is held back
/// would change depends on the health of the moment.
fn is_same(one: &Untaken, other: &Untaken) -> bool {
    match (one, other) {
        (Untaken::HeldBack { digest: one, .. }, Untaken::HeldBack { digest: other, .. }) => one == other,
        (Untaken::Refused(one), Untaken::Refused(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Objection;

    fn held(digest: u64, share: &str) -> Untaken {
        let why = Objection::Change { share: share.to_owned(), max_change: "1 %".to_owned() };
        Untaken::HeldBack { digest, why }
    }

    #[test]
    fn what_is_found_again_is_so_since_it_was_found_first() {
        let gate = Gate::new(Assertions::default());
        let missing = || Untaken::Refused("the file is missing".to_owned());
        let steps = [
            (missing(), true, 10),
            (missing(), false, 10),
            (Untaken::Refused("it is a hymn".to_owned()), true, 12),
            (held(7, "2 %"), true, 13),
            (held(7, "3 %"), false, 13),
            (held(8, "3 %"), true, 15),
        ];
        for (number, (why, is_news, since)) in (10..).zip(steps) {
            assert_eq!(gate.remember("a", why.clone(), number), is_news, "{why:?}");
            let expected = UntakenDatabase { path: "a".to_owned(), why, since };
            assert_eq!(gate.untaken(), [expected]);
        }
        assert!(gate.clear("a") && !gate.clear("a"));
        assert_eq!(gate.untaken(), []);
    }

    #[test]
    fn an_operator_can_accept_what_is_held_back_and_nothing_else() {
        let gate = Gate::new(Assertions::default());
        gate.remember("a", Untaken::Refused("the file is missing".to_owned()), 1);
        gate.remember("b", held(7, "2 %"), 1);
        assert_eq!((gate.held_paths(), gate.digests()), (vec!["b".to_owned()], HeldBack::from([7])));
        gate.forget_all_but(&Configuration::default());
        assert_eq!(gate.untaken(), []);
    }
}
