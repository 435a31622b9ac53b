//! §2: what operators want of members, pools and sites.

use meridian::health::{AdminState, State};
use meridian::schedule::parse_moment;
use meridian::wire::Family;

use crate::harness::{Server, World, down};

/// In ascending strength.
const STATES: [(&str, AdminState); 4] = [
    ("auto", AdminState::Auto),
    ("forced up", AdminState::ForcedUp),
    ("drained", AdminState::Drained),
    ("forced down", AdminState::ForcedDown),
];

/// A at site `fra` with one member, and B elsewhere; what is wanted of the member, the pool and the site of A.
fn world(member: &str, pool: &str, site: &str) -> World {
    World::new()
        .maps(&format!("[site.fra]\nadmin = {site}\n[site.iad]\n[map.world]\ndefault = [\"fra\", \"iad\"]"))
        .settings(&format!(
            "[pool.A]\nsite = \"fra\"\nmonitor = \"m\"\nadmin = {pool}\nmembers = [{{ name = \"m0\", \
             address = [\"198.51.200.1\", \"2001:db8:51:200::1\"], admin = {member} }}]"
        ))
        .member_at("A0", ["198.51.200.1", "2001:db8:51:200::1"])
        .pool("B", "site = \"iad\"", "u1")
        .rule("name = \"www\"\nmap = \"world\"\npools = [\"A\", \"B\"]")
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

fn admin(server: &Server) -> AdminState {
    server.explain("www A").steering.unwrap().candidates[0].members[0].admin
}

#[test]
fn section_2_the_strongest_of_member_pool_and_site_holds() {
    for (member, of_member) in STATES {
        for (pool, of_pool) in STATES {
            for (site, of_site) in STATES {
                let world = world(&quoted(member), &quoted(pool), &quoted(site));
                let strongest = of_member.max(of_pool).max(of_site);
                for is_up in [true, false] {
                    let world = world.clone();
                    let server =
                        if is_up { world } else { world.observed("A0", None, None, down(0)) }.serve();
                    assert_eq!(admin(&server), strongest, "{member}, {pool}, {site}");
                    let is_given = match strongest {
                        AdminState::Auto => is_up,
                        AdminState::ForcedUp => true,
                        AdminState::Drained | AdminState::ForcedDown => false,
                    };
                    let expected = if is_given { "A0" } else { "B0" };
                    // It covers both families.
                    for question in ["www A", "www AAAA"] {
                        assert_eq!(server.said(question), expected, "{member}, {pool}, {site}, up: {is_up}");
                    }
                }
            }
        }
    }
}

#[test]
fn section_2_until_a_time_with_who_and_why() {
    let until = parse_moment("2026-11-21T06:00:00Z").unwrap();
    let drained =
        "{ state = \"drained\", until = \"2026-11-21T06:00:00Z\", who = \"ops\", why = \"new switches\" }";
    let auto = "\"auto\"";
    for world in [world(drained, auto, auto), world(auto, drained, auto), world(auto, auto, drained)] {
        for (moment, expected) in [(until - 1, "B0"), (until, "A0")] {
            assert_eq!(world.clone().at(moment).serve().said("www A"), expected);
        }
        let pools = world.load().unwrap().configuration.pools;
        let wills = pools.iter().flat_map(|pool| {
            pool.wills.iter().chain(pool.members.iter().filter_map(|member| member.will.as_ref()))
        });
        let said: Vec<_> = wills.map(|will| (will.until, will.who.as_deref(), will.why.as_deref())).collect();
        assert_eq!(said, [(Some(until), Some("ops"), Some("new switches"))]);
    }
}

#[test]
fn section_2_real_health_goes_on_being_tracked_and_shown() {
    for (word, admin) in STATES {
        let world = world(&quoted(word), "\"auto\"", "\"auto\"");
        let server = world.observed("A0", Some(Family::V4), None, down(1)).serve();
        let steering = server.explain("www A").steering.unwrap();
        let member = &steering.candidates[0].members[0];
        assert_eq!(member.admin, admin);
        let observed = member.targets[0].observed.as_ref().unwrap();
        assert_eq!((member.targets[0].state, observed.passes), (State::Down, 1), "{word}");
    }
}

#[test]
fn section_2_manual_resume_keeps_a_member_out_until_an_operator_resumes_it() {
    use meridian::health::Hold;
    use meridian::steer::Seats;
    let world = World::new()
        .pool("A", "manual_resume = true", "u1 u1")
        .pool("B", "", "u1")
        .rule("name = \"www\"\npools = [\"A\", \"B\"]\nanswers = 2");
    let turnover = world.load().unwrap().configuration.pools[0].turnover;
    let mut seats = Seats::new([Some(State::Up), Some(State::Up)]);
    seats.observe(&turnover, 0, State::Down, 100);
    assert_eq!((seats.hold(0), seats.hold(1)), (Hold::AwaitsResume, Hold::Free));
    assert!(!seats.resume(&turnover, 0, 110), "it is down");
    seats.observe(&turnover, 0, State::Up, 120);
    assert_eq!(seats.hold(0), Hold::AwaitsResume, "up, and still out");
    assert!(seats.resume(&turnover, 0, 130));
    assert_eq!(seats.hold(0), Hold::Free);
    // What the first member is given out for while it awaits it: nothing.
    let awaiting = World::of_pools(&["w1 u1", "u1"], "answers = 2").serve();
    assert_eq!(awaiting.said("www A"), "A1");
    assert_eq!(World::of_pools(&["w1", "u1"], "").serve().said("www A"), "B0");
}
