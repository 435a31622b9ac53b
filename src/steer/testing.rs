//! Pools for the tests of this module, written in one line.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::eligibility::TargetHealth;
use super::pool::{Member, MinHealthy, Pick, Pool, PoolKind, Require};
use super::slot::HashPrefix;
use super::turnover::Turnover;
use crate::health::{AdminState, Hold, State, TargetId};

/// Seconds to the soonest flip that [`pool`] gives to targets that are known.
pub(super) const FLIP: u32 = 30;

/// A member with both addresses, without a monitor.
pub(super) fn member(name: &str, weight: u16) -> Member {
    Member {
        name: name.to_owned(),
        group: None,
        weight,
        admin: AdminState::Auto,
        ipv4: Some(Ipv4Addr::new(192, 0, 2, 1)),
        ipv6: Some(Ipv6Addr::LOCALHOST),
        data: Vec::new(),
        targets: [vec![], vec![]],
        watched: Vec::new(),
        require: Require::All,
        will: None,
        holds: [Hold::Free; 3],
        slow_start: None,
    }
}

/// A pool called `pool` and the health of its targets from words like `u3 d1 D2`: a letter for each member, then its
/// weight. `u` up, `d` down, `?` unknown; `D` drained, `F` forced down, `U` forced up (all three while down);
/// `s` suspect, `a` down and `A` up while awaiting to be resumed; `m` without a monitor; `-` up but without an IPv4 address. Members are called `m0`, `m1` … and have the addresses
/// 192.0.2.0, 192.0.2.1 …; their IPv4 targets are numbered alike, they have no IPv6 targets.
pub(super) fn pool(
    written: &str,
    pick: Pick,
    min_healthy: MinHealthy,
) -> (Pool, impl Fn(TargetId) -> TargetHealth + use<>) {
    let mut states = Vec::new();
    let mut members = Vec::new();
    for (index, word) in written.split_whitespace().enumerate() {
        let (letter, weight) = word.split_at(1);
        let mut member = member(&format!("m{index}"), weight.parse().unwrap());
        member.ipv4 = (letter != "-").then(|| Ipv4Addr::from(0xC000_0200 + index as u32));
        if letter != "m" {
            member.targets[0] = vec![TargetId(index as u32)];
        }
        member.admin = admin(letter);
        member.holds = [hold(letter); 3];
        members.push(member);
        states.push(state(letter));
    }
    let pool = Pool { pick, min_healthy, members, ..empty("pool") };
    let health = move |target: TargetId| {
        let state = states[target.0 as usize];
        TargetHealth { state, soonest_flip: if state == State::Unknown { 0 } else { FLIP } }
    };
    (pool, health)
}

/// A pool without members, at no site.
pub(super) fn empty(name: &str) -> Pool {
    Pool {
        name: name.to_owned(),
        kind: PoolKind::Addresses,
        site: None,
        pick: Pick::Weighted,
        min_healthy: MinHealthy::Count(1),
        hash_prefix: HashPrefix::default(),
        turnover: Turnover::default(),
        wills: vec![],
        weight_unit: 1,
        members: vec![],
        inner: vec![],
        level: 0,
        outer: vec![],
        answers: vec![1],
        hints: Vec::new(),
    }
}

fn admin(letter: &str) -> AdminState {
    match letter {
        "D" => AdminState::Drained,
        "F" => AdminState::ForcedDown,
        "U" => AdminState::ForcedUp,
        _ => AdminState::Auto,
    }
}

fn hold(letter: &str) -> Hold {
    match letter {
        "s" => Hold::Suspect,
        "a" | "A" => Hold::AwaitsResume,
        _ => Hold::Free,
    }
}

fn state(letter: &str) -> State {
    match letter {
        "u" | "A" | "m" | "-" => State::Up,
        "?" => State::Unknown,
        "d" | "s" | "a" | "D" | "F" | "U" => State::Down,
        _ => panic!("no member is written {letter}"),
    }
}
