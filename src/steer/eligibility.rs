//! Who may be given out, and why not (semantics §1, §2, §3).
//!
//! The first line that fits holds:
//!
//! | member | eligibility |
//! |---|---|
//! | no address of the family, or no data | no address |
//! | forced down, drained, forced up | just that; forced up is eligible by will |
//! | no monitor | eligible: counts as up |
//! | down, suspect | not eligible, but given out where no candidate has an eligible member |
//! | down | not eligible |
//! | up or unknown, and awaits to be resumed; for hints also with each of its addresses that is not down | not eligible |
//! | up | eligible |
//! | unknown, while some member of the pool is eligible and known to be up | not eligible |
//! | unknown otherwise | eligible |
//!
//! "Known to be up" are the members that are eligible as up, without a monitor, or forced up: forced up because the
//! operator's word weighs as much as a probe's, weight 0 included because a reserve that works is better than a guess.
//! After that, an eligible member of weight 0 is held back in reserve while one of another weight is eligible.

use std::fmt;

use super::pool::{Member, Pool, Require};
use super::ttl::NEVER;
use crate::health::{AdminState, Hold, Monitor, State, TargetId, Tracker};
use crate::wire::Content;
use crate::wire::Family;

/// What health says of a target at compile time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetHealth {
    /// Its state.
    pub state: State,
    /// Seconds until it can flip at the soonest.
    pub soonest_flip: u32,
}

impl TargetHealth {
    /// What the state machine of a target says, under its monitor.
    pub fn of(tracker: &Tracker, monitor: &Monitor) -> TargetHealth {
        TargetHealth { state: tracker.state, soonest_flip: tracker.soonest_flip_seconds(monitor) }
    }
}

/// Whether a member may be given out with one content, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eligibility {
    /// Not with this content: it has no address of the family, or no data.
    NoAddress,
    /// Eligible: up.
    Up,
    /// Eligible: nothing probes it, so it counts as up.
    Unmonitored,
    /// Eligible: the operator says so.
    ForcedUp,
    /// Eligible: unknown, and no eligible member is known to be up.
    UnknownNothingBetter,
    /// Eligible, but of weight 0 and held back while a member of another weight is eligible.
    Reserve,
    /// Not eligible: unknown, while an eligible member is known to be up.
    UnknownOthersUp,
    /// Not eligible: down.
    Down,
    /// Not eligible: down, but more members than may leave at once have; given out where there is nothing better.
    Suspect,
    /// Not eligible: it went down, came back, and nobody has resumed it yet.
    AwaitsResume,
    /// Not eligible: drained.
    Drained,
    /// Not eligible: forced down.
    ForcedDown,
}

impl Eligibility {
    /// Whether the member is given out.
    pub fn is_given(self) -> bool {
        use Eligibility::{ForcedUp, UnknownNothingBetter, Unmonitored, Up};
        matches!(self, Up | Unmonitored | ForcedUp | UnknownNothingBetter)
    }

    /// Whether the member is given out where no candidate has an eligible one (semantics §4.6).
    pub fn is_suspect(self) -> bool {
        self == Eligibility::Suspect
    }

    fn is_known_up(self) -> bool {
        self.is_given() && self != Eligibility::UnknownNothingBetter
    }
}

/// Says of every member of a pool (same index) whether it may be given out with a content.
pub fn eligibility(
    pool: &Pool,
    content: Content,
    health: &dyn Fn(TargetId) -> TargetHealth,
) -> Vec<Eligibility> {
    let mut all: Vec<_> = pool.members.iter().map(|member| alone(pool, member, content, health)).collect();
    if all.iter().any(|one| one.is_known_up()) {
        replace(&mut all, |_, one| one == Eligibility::UnknownNothingBetter, Eligibility::UnknownOthersUp);
    }
    let is_reserve = |index: usize| pool.members[index].weight == 0;
    if (0..all.len()).any(|index| all[index].is_given() && !is_reserve(index)) {
        replace(&mut all, |index, one| one.is_given() && is_reserve(index), Eligibility::Reserve);
    }
    all
}

/// Seconds to the soonest flip of any member that a probe can flip; [`NEVER`] when there is none.
pub(super) fn soonest_flip(pool: &Pool, content: Content, health: &dyn Fn(TargetId) -> TargetHealth) -> u32 {
    let can_flip = |member: &&Member| {
        member.admin == AdminState::Auto
            && member.hold(content) != Hold::AwaitsResume
            && pool.gives(member, content)
    };
    let members = pool.members.iter().filter(can_flip);
    let targets = members.flat_map(|member| target_lists(member, content)).flat_map(|(_, targets)| targets);
    targets.map(|&target| health(target).soonest_flip).min().unwrap_or(NEVER)
}

/// The targets that speak of a member with a content, each once.
pub fn targets_of(member: &Member, content: Content) -> Vec<TargetId> {
    let mut targets = Vec::new();
    for &target in target_lists(member, content).flat_map(|(_, targets)| targets) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

/// The eligibility of a member but for what the others of its pool make of it.
fn alone(
    pool: &Pool,
    member: &Member,
    content: Content,
    health: &dyn Fn(TargetId) -> TargetHealth,
) -> Eligibility {
    if !pool.gives(member, content) {
        return Eligibility::NoAddress;
    }
    match member.admin {
        AdminState::ForcedDown => Eligibility::ForcedDown,
        AdminState::Drained => Eligibility::Drained,
        AdminState::ForcedUp => Eligibility::ForcedUp,
        AdminState::Auto => by_health(member, content, health),
    }
}

/// What health says of a member, and what is held against it.
fn by_health(member: &Member, content: Content, health: &dyn Fn(TargetId) -> TargetHealth) -> Eligibility {
    match (member_state(member, content, health), member.hold(content)) {
        (None, _) => Eligibility::Unmonitored,
        (Some(State::Down), Hold::Suspect) => Eligibility::Suspect,
        (Some(State::Down), _) => Eligibility::Down,
        (Some(_), Hold::AwaitsResume) => Eligibility::AwaitsResume,
        // Hints are of addresses that are given by themselves: without one that is, it awaits what they await.
        (Some(_), _) => match best_state(member, content, health, |family| !awaits_resume(member, family)) {
            Some(State::Up) => Eligibility::Up,
            Some(State::Unknown) => Eligibility::UnknownNothingBetter,
            Some(State::Down) | None => Eligibility::AwaitsResume,
        },
    }
}

fn awaits_resume(member: &Member, family: Family) -> bool {
    member.hold(family.into()) == Hold::AwaitsResume
}

/// The state that a member's monitors make together for a content: for data the best of the families in which it has an
/// address. `None` where it has no monitor, or no address of the family.
pub fn member_state(
    member: &Member,
    content: Content,
    health: &dyn Fn(TargetId) -> TargetHealth,
) -> Option<State> {
    best_state(member, content, health, |_| true)
}

/// The same of some families.
fn best_state(
    member: &Member,
    content: Content,
    health: &dyn Fn(TargetId) -> TargetHealth,
    is_wanted: impl Fn(Family) -> bool,
) -> Option<State> {
    let rank = |state: &State| match state {
        State::Up => 2,
        State::Unknown => 1,
        State::Down => 0,
    };
    let lists = target_lists(member, content);
    let monitored = lists.filter(|(family, targets)| is_wanted(*family) && !targets.is_empty());
    monitored.map(|(_, targets)| state(targets, member.require, health)).max_by_key(rank)
}

/// The targets that speak of a member with this content, by family: for data each family in which it has an address; what
/// is known of a member without any stands under IPv4.
fn target_lists(member: &Member, content: Content) -> impl Iterator<Item = (Family, &Vec<TargetId>)> {
    let is_wanted = move |family: &Family| match content.family() {
        Some(wanted) => *family == wanted,
        None if member.ipv4.is_none() && member.ipv6.is_none() => *family == Family::V4,
        None => member.address(*family).is_some(),
    };
    Family::BOTH.into_iter().filter(is_wanted).map(|family| (family, &member.targets[family.index()]))
}

/// One state out of several monitors': up when enough are up, unknown while enough may still be, down otherwise.
fn state(targets: &[TargetId], require: Require, health: &dyn Fn(TargetId) -> TargetHealth) -> State {
    let needed = match require {
        Require::All => targets.len(),
        Require::AtLeast(count) => usize::from(count),
    };
    let (mut up, mut unknown) = (0, 0);
    for &target in targets {
        match health(target).state {
            State::Up => up += 1,
            State::Unknown => unknown += 1,
            State::Down => {}
        }
    }
    if up >= needed {
        State::Up
    } else if up + unknown >= needed {
        State::Unknown
    } else {
        State::Down
    }
}

fn replace(all: &mut [Eligibility], which: impl Fn(usize, Eligibility) -> bool, with: Eligibility) {
    for (index, one) in all.iter_mut().enumerate() {
        if which(index, *one) {
            *one = with;
        }
    }
}

/// What `explain` and `status` print behind a member.
impl fmt::Display for Eligibility {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Eligibility::NoAddress => "no address of this family",
            Eligibility::Up => "up",
            Eligibility::Unmonitored => "up (no monitor)",
            Eligibility::ForcedUp => "forced up",
            Eligibility::UnknownNothingBetter => "unknown, but no member is known to be up",
            Eligibility::Reserve => "weight 0, held back while other members are eligible",
            Eligibility::UnknownOthersUp => "unknown, while other members are known to be up",
            Eligibility::Down => "down",
            Eligibility::Suspect => "suspect: down, but more members than the panic limit allows have failed",
            Eligibility::AwaitsResume => "up, awaiting resume",
            Eligibility::Drained => "drained",
            Eligibility::ForcedDown => "forced down",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::pool::{MinHealthy, Pick, PoolKind};
    use crate::steer::testing::{member, pool};

    /// Compares the eligibilities of a pool written as in [`pool`] with words, one a member.
    fn check(written: &str, expected: &[Eligibility]) {
        let (pool, health) = pool(written, Pick::Weighted, MinHealthy::Count(1));
        assert_eq!(eligibility(&pool, Content::V4, &health), expected, "{written}");
    }

    #[test]
    fn health_and_the_operators_will_decide() {
        use Eligibility::*;
        check("u1 d1 D1 F1 U1 m1 -1", &[Up, Down, Drained, ForcedDown, ForcedUp, Unmonitored, NoAddress]);
    }

    #[test]
    fn what_is_held_against_a_member_counts_while_nobody_else_decides() {
        use Eligibility::*;
        check("s1 a1 A1 u1", &[Suspect, Down, AwaitsResume, Up]);
        let (mut pool, health) = pool("A1 A1 s1 s1", Pick::Weighted, MinHealthy::Count(1));
        let admin = [AdminState::ForcedUp, AdminState::Drained, AdminState::ForcedUp, AdminState::ForcedDown];
        pool.members.iter_mut().zip(admin).for_each(|(member, admin)| member.admin = admin);
        let found = eligibility(&pool, Content::V4, &health);
        assert_eq!(
            found,
            [Eligibility::ForcedUp, Eligibility::Drained, Eligibility::ForcedUp, Eligibility::ForcedDown]
        );
    }

    #[test]
    fn unknown_members_are_eligible_only_while_none_is_known_to_be_up() {
        use Eligibility::*;
        check("?1 ?1", &[UnknownNothingBetter, UnknownNothingBetter]);
        check("?1 d1 D1 F1", &[UnknownNothingBetter, Down, Drained, ForcedDown]);
        check("?1 u1", &[UnknownOthersUp, Up]);
        check("?1 m1", &[UnknownOthersUp, Unmonitored]);
        check("?1 U1", &[UnknownOthersUp, ForcedUp]);
        check("?1 u0", &[UnknownOthersUp, Up]);
    }

    #[test]
    fn weight_0_is_a_reserve() {
        use Eligibility::*;
        check("u1 u0 d0 ?0", &[Up, Reserve, Down, UnknownOthersUp]);
        check("d1 u0 U0", &[Down, Up, ForcedUp]);
        check("?1 ?0", &[UnknownNothingBetter, Reserve]);
    }

    #[test]
    fn for_data_the_better_family_counts() {
        use Eligibility::*;
        let health = |target: TargetId| TargetHealth {
            state: [State::Up, State::Down, State::Unknown][target.0 as usize],
            soonest_flip: 7,
        };
        /// The targets of each family, whether it has an address of each, and what comes of it.
        type Case = ([&'static [u32]; 2], [bool; 2], Eligibility);
        let cases: [Case; 7] = [
            ([&[0], &[1]], [true, true], Up),
            ([&[1], &[0]], [true, true], Up),
            ([&[1], &[2]], [true, true], UnknownNothingBetter),
            ([&[1], &[1]], [true, true], Down),
            ([&[1], &[0]], [true, false], Down),
            ([&[1], &[]], [false, false], Down),
            ([&[], &[]], [false, false], Unmonitored),
        ];
        for (targets, [has_ipv4, has_ipv6], expected) in cases {
            let (mut pool, _) = pool("u1", Pick::Weighted, MinHealthy::Count(1));
            pool.kind = PoolKind::Records(16);
            let one = member("m", 1);
            let targets = targets.map(|ids| ids.iter().map(|&id| TargetId(id)).collect());
            let (ipv4, ipv6) = (one.ipv4.filter(|_| has_ipv4), one.ipv6.filter(|_| has_ipv6));
            pool.members = vec![Member { targets, ipv4, ipv6, ..one }];
            assert_eq!(eligibility(&pool, Content::Data, &health), [expected], "{:?}", pool.members);
            assert_eq!(eligibility(&pool, Content::V4, &health), [NoAddress], "{:?}", pool.members);
        }
    }

    #[test]
    fn for_hints_only_addresses_that_await_nothing_count() {
        use Eligibility::*;
        let (free, held) = (Hold::Free, Hold::AwaitsResume);
        // Target 0 is up, 1 down, 2 unknown: of each family its target, and what is held against it.
        let cases = [
            ([0, 0], [held, free], Up),
            ([0, 2], [held, free], UnknownNothingBetter),
            ([0, 1], [held, free], AwaitsResume),
            ([0, 0], [held, held], AwaitsResume),
            ([1, 2], [free, held], AwaitsResume),
            ([1, 1], [held, held], Down),
        ];
        let health = |target: TargetId| TargetHealth {
            state: [State::Up, State::Down, State::Unknown][target.0 as usize],
            soonest_flip: 7,
        };
        for (targets, [ipv4, ipv6], expected) in cases {
            let (mut pool, _) = pool("u1", Pick::Weighted, MinHealthy::Count(1));
            // A pool with data stands for one with hints, which would need a zone; a family is held in the latter only.
            pool.kind = PoolKind::Records(16);
            let targets = targets.map(|id| vec![TargetId(id)]);
            pool.members = vec![Member { targets, holds: [ipv4, ipv6, free], ..member("m", 1) }];
            assert_eq!(eligibility(&pool, Content::Data, &health), [expected], "{:?}", pool.members);
        }
    }

    #[test]
    fn several_monitors_make_one_state() {
        use State::{Down, Unknown, Up};
        let cases = [
            (Require::All, vec![Up, Up], Up),
            (Require::All, vec![Up, Unknown], Unknown),
            (Require::All, vec![Unknown, Down], Down),
            (Require::AtLeast(1), vec![Down, Up], Up),
            (Require::AtLeast(1), vec![Down, Unknown], Unknown),
            (Require::AtLeast(1), vec![Down, Down], Down),
            (Require::AtLeast(2), vec![Up, Down, Up], Up),
            (Require::AtLeast(2), vec![Up, Down, Unknown], Unknown),
            (Require::AtLeast(2), vec![Up, Down, Down], Down),
        ];
        for (require, states, expected) in cases {
            let targets: Vec<_> = (0..states.len() as u32).map(TargetId).collect();
            let health =
                |target: TargetId| TargetHealth { state: states[target.0 as usize], soonest_flip: 1 };
            assert_eq!(state(&targets, require, &health), expected, "{require:?} of {states:?}");
        }
    }

    #[test]
    fn only_members_that_a_probe_can_flip_have_a_soonest_flip() {
        let flips = [30, 20, 10, 5, 7, 9, 1];
        let health =
            |target: TargetId| TargetHealth { state: State::Up, soonest_flip: flips[target.0 as usize] };
        let with = |targets: [&[u32]; 2], admin| {
            let targets = targets.map(|ids| ids.iter().map(|&id| TargetId(id)).collect());
            Member { targets, admin, ..member("m", 1) }
        };
        let unmonitored = member("m", 1);
        let auto = AdminState::Auto;
        let cases = [
            (vec![unmonitored.clone()], NEVER, NEVER),
            (vec![with([&[0], &[]], auto), with([&[1], &[4]], auto)], 20, 7),
            (vec![with([&[0, 2], &[]], auto), with([&[1], &[]], auto)], 10, NEVER),
            (vec![with([&[0], &[5]], auto), with([&[3], &[6]], AdminState::Drained)], 30, 9),
            (vec![with([&[3], &[]], AdminState::ForcedUp), unmonitored.clone()], NEVER, NEVER),
            (vec![with([&[3], &[]], AdminState::ForcedDown)], NEVER, NEVER),
            (vec![Member { ipv4: None, ..with([&[0], &[1]], auto) }], NEVER, 20),
            (vec![Member { holds: [Hold::AwaitsResume; 3], ..with([&[0], &[1]], auto) }], NEVER, NEVER),
            (vec![Member { holds: [Hold::Suspect; 3], ..with([&[0], &[1]], auto) }], 30, 20),
        ];
        for (members, v4, v6) in cases {
            let (mut pool, _) = pool("u1", Pick::Weighted, MinHealthy::Count(1));
            pool.members = members;
            let flips = [Content::V4, Content::V6].map(|content| soonest_flip(&pool, content, &health));
            assert_eq!(flips, [v4, v6], "{:?}", pool.members);
        }
    }
}
