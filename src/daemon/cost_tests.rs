//! What the keeper does not do for a verdict, so that ten thousand pools with the same backend stay cheap.

use std::sync::atomic::Ordering;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use crate::health::Verdict;
use crate::steer::{Content, PoolId, PoolState};

use super::keeper::Keeper;
use super::model::{Change, Event, Model, Report};
use super::standings_tests::{configuration_of, model, verdict};

const MEMBER: &str = "{ name = \"a\", address = \"192.0.2.1\" }";

/// A log that does not get on holds up no answer.
#[test]
fn an_event_is_told_once_answers_show_it() {
    let configuration = configuration_of(1, "", MEMBER);
    let key = configuration.targets[0].key;
    let (telling, told) = sync_channel(0);
    let observe = move |event: &Event, generation| {
        let _ = telling.send((event.clone(), generation));
    };
    let keeper = Keeper::start(model(&configuration, 100), || Duration::from_secs(100), observe).unwrap();
    // Dropped before the keeper, so that a test that fails ends.
    let told = told;
    let state = || keeper.store().load_full().pool(PoolId(0), Content::V4).state;
    assert_eq!(state(), PoolState::Healthy);
    let before = keeper.store().load_full().generation;
    let handle = keeper.handle();
    let verdict = Verdict::Fail("refused".to_owned());
    handle.send(Change::Verdict(Report { key, verdict, at: 100 })).unwrap();
    let waiting = std::thread::spawn(move || handle.published());
    // Whoever tells the event waits until it is received here.
    let shown = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        state() == PoolState::Dead
    });
    assert!(shown);
    assert!(!waiting.is_finished(), "what is waited for stands in the log, too");
    assert!(matches!(told.recv(), Ok((Event::Transition(..), generation)) if generation == before));
    assert_eq!(waiting.join().unwrap(), Ok(before + 1));
}

#[test]
fn a_verdict_that_brings_no_flip_nearer_touches_no_pool() {
    const TOUCHED_BY_NOBODY: u32 = 77_777;
    let configuration = configuration_of(2, "", MEMBER);
    let mut model = model(&configuration, 100);
    let soonest_flip = |model: &Model| {
        let snapshot = model.published();
        snapshot.pool(PoolId(0), Content::V4).soonest_flip.swap(TOUCHED_BY_NOBODY, Ordering::Relaxed)
    };
    assert_eq!(soonest_flip(&model), 20);
    for (passes, expected) in [
        (true, TOUCHED_BY_NOBODY),
        (true, TOUCHED_BY_NOBODY),
        (false, 10),
        (true, 20),
        (true, TOUCHED_BY_NOBODY),
    ] {
        verdict(&mut model, &configuration, 0, passes, 110);
        assert!(model.next().is_none(), "`fall` is 2");
        assert_eq!(soonest_flip(&model), expected);
    }
}
