//! Members come and go as the table says, one letter a member.

use proptest::prelude::*;

use super::State::{Down, Up};
use super::*;

const LIMIT: PanicLimit = PanicLimit { numerator: 30, denominator: 100, within: 60 };

fn turnover(panic: Option<PanicLimit>, manual_resume: bool, slow_start: u32) -> Turnover {
    Turnover { panic, manual_resume, slow_start: NonZeroU32::new(slow_start) }
}

/// All up.
fn seats(members: usize) -> Seats {
    Seats::new(vec![Some(Up); members])
}

/// One letter a member: `u` up, `d` down, `s` suspect, `a` awaits while down, `A` awaits while up, `?` unknown.
fn letters(seats: &Seats) -> String {
    let letter = |seat: &Seat| match (seat.state, seat.hold) {
        (Up, Hold::Free) => 'u',
        (Down, Hold::Free) => 'd',
        (Down, Hold::Suspect) => 's',
        (Down, Hold::AwaitsResume) => 'a',
        (Up, Hold::AwaitsResume) => 'A',
        (State::Unknown, Hold::Free) => '?',
        other => panic!("{other:?}"),
    };
    seats.0.iter().map(letter).collect()
}

/// What stands after each of these: a moment, a member, its state then.
fn check(turnover: &Turnover, seats: &mut Seats, steps: &[(u64, usize, State, &str)]) {
    for &(at, member, state, expected) in steps {
        seats.observe(turnover, member, state, at);
        assert_eq!(letters(seats), expected, "member {member} {state} at {at}");
    }
}

#[test]
fn members_beyond_the_panic_limit_become_suspect_in_the_order_of_failing() {
    let turnover = turnover(Some(LIMIT), false, 0);
    let mut seats = seats(12);
    // Three of twelve are 25 %, four would be 33 %; and while one is suspect, nobody overtakes it.
    let steps = [
        (100, 5, Down, "uuuuuduuuuuu"),
        (101, 0, Down, "duuuuduuuuuu"),
        (101, 7, Down, "duuuududuuuu"),
        (102, 1, Down, "dsuuududuuuu"),
        (400, 2, Down, "dssuududuuuu"),
        (401, 1, Up, "dusuududuuuu"),
    ];
    check(&turnover, &mut seats, &steps);
    assert_eq!((seats.suspects(), seats.accept(&turnover)), (1, 1));
    assert_eq!(letters(&seats), "duduududuuuu");
    assert_eq!((seats.suspects(), seats.accept(&turnover)), (0, 0));
}

#[test]
fn the_limit_counts_who_left_within_the_time_and_is_still_gone() {
    let steps = [
        (100, 0, Down, "duuuuuuuuu"),
        (110, 1, Down, "dduuuuuuuu"),
        (120, 2, Down, "ddduuuuuuu"),
        (130, 0, Up, "udduuuuuuu"),
        (131, 3, Down, "uddduuuuuu"),
        (132, 4, Down, "udddsuuuuu"),
        (133, 4, Up, "uddduuuuuu"),
        (169, 4, Down, "udddsuuuuu"),
        (169, 4, Up, "uddduuuuuu"),
        (170, 4, Down, "udddduuuuu"),
    ];
    check(&turnover(Some(LIMIT), false, 0), &mut seats(10), &steps);
}

#[test]
fn what_an_operator_accepted_does_not_count_any_more() {
    let turnover = turnover(Some(LIMIT), false, 0);
    let mut seats = seats(10);
    for member in 0..6 {
        seats.observe(&turnover, member, Down, 100);
    }
    assert_eq!(letters(&seats), "dddsssuuuu");
    assert_eq!(seats.accept(&turnover), 3);
    check(&turnover, &mut seats, &[(161, 6, Down, "ddddddduuu")]);
}

#[test]
fn fewer_than_ten_members_know_no_panic() {
    let mut nine = seats(9);
    for member in 0..9 {
        nine.observe(&turnover(Some(LIMIT), false, 0), member, Down, 100);
    }
    assert_eq!(letters(&nine), "ddddddddd");
    let unwatched = (0..12).map(|member| (member < 9).then_some(Up));
    let mut seats = Seats::new(unwatched);
    for member in 0..9 {
        seats.observe(&turnover(Some(LIMIT), false, 0), member, Down, 100);
    }
    assert_eq!(seats.suspects(), 0);
}

#[test]
fn a_first_verdict_is_no_transition() {
    let turnover = turnover(Some(LIMIT), true, 60);
    let mut seats = Seats::new(vec![Some(State::Unknown); 10]);
    for member in 0..9 {
        seats.observe(&turnover, member, Down, 100);
    }
    seats.observe(&turnover, 9, Up, 100);
    assert_eq!(letters(&seats), "dddddddddu");
    assert_eq!((0..10).find_map(|member| seats.slow_start(&turnover, member, 100)), None);
}

#[test]
fn a_member_that_went_down_awaits_to_be_resumed() {
    let turnover = turnover(None, true, 60);
    let mut seats = seats(2);
    check(&turnover, &mut seats, &[(100, 0, Down, "au")]);
    assert!(!seats.resume(&turnover, 0, 101), "it is down");
    check(&turnover, &mut seats, &[(102, 0, Up, "Au"), (103, 0, Down, "au"), (104, 0, Up, "Au")]);
    assert_eq!(seats.slow_start(&turnover, 0, 104), None, "it is not given out yet");
    assert!(seats.resume(&turnover, 0, 110));
    assert_eq!(letters(&seats), "uu");
    assert_eq!(seats.slow_start(&turnover, 0, 110), Some(1));
    assert!(!seats.resume(&turnover, 0, 111), "it awaits nothing");
}

#[test]
fn suspects_that_are_accepted_await_to_be_resumed() {
    let turnover = turnover(Some(LIMIT), true, 0);
    let mut seats = seats(10);
    for member in 0..5 {
        seats.observe(&turnover, member, Down, 100);
    }
    assert_eq!(letters(&seats), "aaassuuuuu");
    check(&turnover, &mut seats, &[(101, 3, Up, "aaausuuuuu")]);
    assert_eq!(seats.accept(&turnover), 1);
    assert_eq!(letters(&seats), "aaauauuuuu");
}

#[test]
fn what_is_held_stays_over_reloads_and_restarts_while_it_is_still_known() {
    let before = turnover(Some(LIMIT), true, 60);
    let mut old = seats(10);
    for member in 0..5 {
        old.observe(&before, member, Down, 100);
    }
    old.observe(&before, 0, Up, 101);
    assert_eq!(letters(&old), "Aaassuuuuu");
    let carried = |turnover: &Turnover, states: [Option<State>; 3]| {
        let mut new = Seats::new(states);
        for (member, number) in [(0, 0), (1, 3), (2, 1)] {
            new.carry_over(turnover, member, &old, number);
        }
        letters(&new)
    };
    assert_eq!(carried(&before, [Some(Up), Some(Down), Some(Down)]), "Asa");
    assert_eq!(carried(&before, [Some(Down), Some(Up), Some(Up)]), "auA", "health is that of the moment");
    assert_eq!(carried(&turnover(None, true, 0), [Some(Up), Some(Down), Some(Down)]), "Ada");
    assert_eq!(carried(&turnover(Some(LIMIT), false, 0), [Some(Up), Some(Down), Some(Down)]), "usd");
    assert_eq!(carried(&before, [None, None, None]), "???", "nobody watches any more");
    let held: Vec<_> = old.held().collect();
    let mut restored = Seats::new([Up, Down, Down, Down, Down].map(Some));
    held.iter().for_each(|&(member, hold)| restored.restore(&before, member, hold));
    assert_eq!(letters(&restored), "Aaass");
}

/// 100 s in 16 steps: the first one is there at once, the last one is the whole weight.
#[test]
fn a_slow_start_goes_in_steps_from_the_moment_of_coming_back() {
    let turnover = turnover(None, false, 100);
    let mut seats = seats(1);
    seats.observe(&turnover, 0, Down, 900);
    assert_eq!(seats.next_step(&turnover, 900), None);
    seats.observe(&turnover, 0, Up, 1000);
    let mut moment = 1000;
    let mut seen = vec![(moment, seats.slow_start(&turnover, 0, moment))];
    while let Some(next) = seats.next_step(&turnover, moment) {
        assert_eq!(seats.slow_start(&turnover, 0, next - 1), seats.slow_start(&turnover, 0, moment));
        moment = next;
        seen.push((moment, seats.slow_start(&turnover, 0, moment)));
    }
    let offsets = [0, 13, 19, 25, 32, 38, 44, 50, 57, 63, 69, 75, 82, 88, 94, 100];
    let expected = (1u32..).zip(offsets).map(|(step, offset)| (1000 + offset, (step < 16).then_some(step)));
    assert_eq!(seen, expected.collect::<Vec<_>>());
    seats.observe(&turnover, 0, Down, 1200);
    assert_eq!(seats.slow_start(&turnover, 0, 1200), None);
}

#[test]
fn a_short_slow_start_skips_steps() {
    let turnover = turnover(None, false, 3);
    let mut seats = seats(1);
    seats.observe(&turnover, 0, Down, 10);
    seats.observe(&turnover, 0, Up, 20);
    assert_eq!(
        [20, 21, 22, 23].map(|moment| seats.slow_start(&turnover, 0, moment)),
        [Some(1), Some(5), Some(10), None]
    );
    assert_eq!(
        [20, 21, 22, 23].map(|moment| seats.next_step(&turnover, moment)),
        [Some(21), Some(22), Some(23), None]
    );
}

proptest! {
    /// Whatever comes: never do more than the limit leave within its time without an operator, suspects are down, and
    /// nobody leaves while somebody is suspect.
    #[test]
    fn no_more_than_the_limit_leave_within_its_time(
        steps in prop::collection::vec((0usize..14, any::<bool>(), 0u64..20), 1..200),
        manual_resume: bool,
        percent in 8u32..100,
    ) {
        let limit = PanicLimit { numerator: percent, ..LIMIT };
        let turnover = turnover(Some(limit), manual_resume, 30);
        let mut seats = seats(14);
        let mut at = 1000;
        for (member, up, later) in steps {
            at += later;
            let suspects = seats.suspects();
            let was_up = seats.0[member].state == Up;
            seats.observe(&turnover, member, if up { Up } else { Down }, at);
            let gone = seats.0.iter().filter(|seat| seat.left.is_some_and(|left| left + 60 > at)).count();
            prop_assert!(limit.allows(gone, 14));
            prop_assert!(seats.0.iter().all(|seat| seat.hold != Hold::Suspect || seat.state == Down));
            if was_up && !up && suspects > 0 {
                prop_assert_eq!(seats.0[member].hold, Hold::Suspect);
            }
        }
    }
}
