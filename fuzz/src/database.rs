//! An .mmdb file: read, compiled into a map with rules of every level, and asked. The scope of every answer must be
//! true at its ends.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use meridian::geo::{Database, Location, Map, MapRules, Site, SiteId};

static SITES: LazyLock<Vec<Site>> = LazyLock::new(|| {
    let site = |name: &str, latitude, longitude| Site {
        name: name.to_string(),
        location: Some(Location { latitude, longitude }),
    };
    vec![site("fra", 50.1, 8.7), site("iad", 38.9, -77.4), site("sin", 1.4, 104.0)]
});

static RULES: LazyLock<MapRules> = LazyLock::new(|| MapRules {
    asn: vec![(64500, vec![SiteId(0)]), (1, vec![SiteId(1)])],
    subdivision: vec![("US-CA".to_string(), vec![SiteId(2)])],
    country: vec![(*b"DE", vec![SiteId(0), SiteId(1)]), (*b"US", vec![SiteId(1)])],
    continent: vec![(*b"EU", vec![SiteId(0)]), (*b"AS", vec![SiteId(2), SiteId(0)])],
    nearest: Some(2),
    default: vec![SiteId(1)],
    ..MapRules::default()
});

fuzz_target!(|octets: &[u8]| {
    let database = match Database::from_mmdb("fuzz.mmdb", octets.to_vec()) {
        Ok(database) => database,
        Err(sentence) => {
            assert!(!sentence.is_empty());
            return;
        }
    };
    let Ok(map) = Map::compile("world", &RULES, &SITES, &[&database]) else { return };
    for word in 0..64u32 {
        let spread = word.wrapping_mul(0x0441_0411) ^ word << 26;
        check_v4(&map, spread);
        check_v6(&map, u128::from(spread) << 96 | u128::from(word));
    }
});

/// Scope, class, and whether it is special.
fn place(map: &Map, address: IpAddr) -> (u8, u16, bool) {
    let found = map.place(&address);
    (found.scope, found.class.0, found.special)
}

fn check_v4(map: &Map, client: u32) {
    let place = |address: u32| place(map, IpAddr::V4(Ipv4Addr::from(address)));
    let (scope, class, special) = place(client);
    assert!(scope <= 32);
    let rest = u32::MAX.checked_shr(u32::from(scope)).unwrap_or(0);
    for end in [client & !rest, client | rest] {
        // The scope 0 of a map with one class reaches over the special blocks, too.
        if scope > 0 || !map.place(&IpAddr::V4(Ipv4Addr::from(end))).special {
            assert_eq!(place(end), (scope, class, special));
        }
    }
}

fn check_v6(map: &Map, client: u128) {
    let place = |address: u128| place(map, IpAddr::V6(Ipv6Addr::from(address)));
    let (scope, class, special) = place(client);
    assert!(scope <= 128);
    let rest = u128::MAX.checked_shr(u32::from(scope)).unwrap_or(0);
    for end in [client & !rest, client | rest] {
        if scope > 0 || !map.place(&IpAddr::V6(Ipv6Addr::from(end))).special {
            assert_eq!(place(end), (scope, class, special));
        }
    }
}
