//! The built-in country data: IPFire Location, as The Tor Project packs it (CC BY-SA 4.0, a notice is owed).

use super::database::Database;

/// The notice that the built-in data asks for, to be shown wherever the data is; `None` in a build without it.
pub const DATA_NOTICE: Option<&str> = if cfg!(all(feature = "builtin-geo", target_endian = "little")) {
    Some(
        "Built-in geo data: IPFire Location (https://location.ipfire.org), CC BY-SA 4.0, packed by The Tor Project",
    )
} else {
    None
};

/// What `status` and `explain` call it.
#[cfg(all(feature = "builtin-geo", target_endian = "little"))]
const NAME: &str = "built-in";

/// "Generated: Wed, 23 Sep 2026 04:35:31 GMT" in the crate's README; goes with its version in Cargo.lock.
#[cfg(all(feature = "builtin-geo", target_endian = "little"))]
const BUILT_AT: u64 = 1_790_138_131;

impl Database {
    /// The built-in country data; `None` in a build without the feature `builtin-geo`.
    pub fn builtin() -> Option<Database> {
        load()
    }
}

/// The data, where it was compiled in (the crate has it for little-endian machines only).
#[cfg(all(feature = "builtin-geo", target_endian = "little"))]
fn load() -> Option<Database> {
    use super::database_builder::DatabaseBuilder;

    let mut builder = DatabaseBuilder::default();
    for (first, last, code) in ranges(tor_geoip_db::ipv4s(), tor_geoip_db::ipv4c()) {
        builder.add_ipv4_country(first, last, code);
    }
    for (first, last, code) in ranges(tor_geoip_db::ipv6s(), tor_geoip_db::ipv6c()) {
        builder.add_ipv6_country(first, last, code);
    }
    Some(builder.finish(NAME, "IPFire Location", BUILT_AT, BUILT_AT))
}

/// First and last address and code of each range that has one; a range ends where the next one starts.
#[cfg(all(feature = "builtin-geo", target_endian = "little"))]
fn ranges<A: super::space::Space>(
    starts: &'static [A],
    codes: &'static [Option<std::num::NonZeroU16>],
) -> impl Iterator<Item = (A, A, [u8; 2])> {
    let lasts = starts[1..].iter().map(|next| next.previous().unwrap_or(A::FIRST)).chain([A::LAST]);
    starts
        .iter()
        .zip(lasts)
        .zip(codes)
        .filter_map(|((&first, last), code)| code.map(|code| (first, last, code.get().to_le_bytes())))
}

/// There is no built-in data in this build.
#[cfg(not(all(feature = "builtin-geo", target_endian = "little")))]
fn load() -> Option<Database> {
    None
}

#[cfg(all(test, feature = "builtin-geo"))]
mod tests {
    use super::*;

    #[test]
    fn well_known_addresses_are_where_they_are() {
        let database = load().unwrap();
        let check = |address: &str, expected: &str| {
            let found = database.record(address.parse().unwrap()).map(|(_, place)| database.in_words(&place));
            assert_eq!(found.as_deref(), Some(expected), "{address}");
        };
        check("1.0.16.0", "country JP, continent AS");
        check("1.1.1.1", "country AU, continent OC");
        check("2001:200::1", "country JP, continent AS");
        assert_eq!(database.record("10.0.0.1".parse().unwrap()), None);
        assert_eq!(database.name(), "built-in");
        assert!(database.coverage().0 > 600_000 && database.coverage().1 > 200);
    }
}
