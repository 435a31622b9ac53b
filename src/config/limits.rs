//! Every bound of the configuration in one place. Beyond a bound is a fault, never a crash or an endless load.

use std::time::Duration;

/// Octets of `meridian.toml`, of each included file and of each zone's `.toml`.
pub(crate) const SETTINGS_FILE_OCTETS: u64 = 16 << 20;
/// Octets of the file of sites and maps; a million networks fit.
pub(crate) const MAPS_FILE_OCTETS: u64 = 64 << 20;
/// Octets of one master file or of one file that it includes.
pub(crate) const MASTER_FILE_OCTETS: u64 = crate::zone::FILE_OCTETS_MAX as u64;
/// Octets of one geo database; the largest published ones are below 200 MB.
pub(crate) const DATABASE_OCTETS: u64 = crate::geo::FILE_OCTETS_MAXIMUM as u64;
/// Octets of one file of trusted certificates; the whole Mozilla list is 0.2 MB.
pub(crate) const CERTIFICATES_OCTETS: u64 = 1 << 20;

/// Files that `include` names altogether.
pub(crate) const INCLUDED_FILES: usize = 1_000;
/// Patterns in `include`.
pub(crate) const INCLUDE_PATTERNS: usize = 100;
/// Entries of a folder that are looked at.
pub(crate) const FOLDER_ENTRIES: usize = 400_000;
/// Zones, each a `.zone` file.
pub(crate) const ZONES: usize = 100_000;
/// Geo databases.
pub(crate) const DATABASES: usize = 16;

/// Listen addresses.
pub(crate) const LISTEN_ADDRESSES: usize = 64;
/// UDP workers.
pub(crate) const WORKERS: usize = 256;
/// Interfaces whose queries come past the kernel.
pub(crate) const BYPASS_INTERFACES: usize = 16;
/// Octets of the name of an interface: `IFNAMSIZ` less its final zero.
pub(crate) const INTERFACE_NAME_OCTETS: usize = 15;
/// TCP connections at once.
pub(crate) const CONNECTIONS: usize = 1_000_000;
/// Octets of the identity: one character-string (RFC 1035 §3.3).
pub(crate) const IDENTITY_OCTETS: usize = 255;
/// Octets of a file of cookie secrets.
pub(crate) const COOKIE_SECRETS_OCTETS: u64 = 64 << 10;
/// Secrets in it: each of them is looked at when a cookie is judged.
pub(crate) const COOKIE_SECRETS: usize = 64;
/// Octets of the path of a Unix socket: `sun_path` less its final zero.
pub(crate) const SOCKET_PATH_OCTETS: usize = 107;
/// Bounds of the largest UDP response: every resolver takes the first (RFC 1035 §4.2.1), none asks for more than the
/// second by default.
pub(crate) const UDP_PAYLOAD: std::ops::RangeInclusive<u16> = 512..=4096;
/// Bounds of the responses a second of one network and class.
pub(crate) const RESPONSES_PER_SECOND: std::ops::RangeInclusive<u32> = 1..=100_000;
/// Bounds of the time whose responses may go out at once.
pub(crate) const RATE_WINDOW: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60);
/// Bounds of the prefix that makes IPv4 clients one.
pub(crate) const RATE_IPV4_PREFIX: std::ops::RangeInclusive<u8> = 1..=32;
/// Bounds of the prefix that makes IPv6 clients one: nobody is given less than the second.
pub(crate) const RATE_IPV6_PREFIX: std::ops::RangeInclusive<u8> = 1..=64;
/// Bounds of the slip.
pub(crate) const RATE_SLIP: std::ops::RangeInclusive<u8> = 1..=10;
/// Networks in one list of who may or may not.
pub(crate) const NETWORKS_IN_LIST: usize = 10_000;
/// Bounds of the three deadlines of TCP.
pub(crate) const TCP_TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(3600);
/// Bounds of the age of a saved health table.
pub(crate) const STATE_MAX_AGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(7 * 86_400);

/// Characters of the name of a site, map, region, monitor, pool or member.
pub(crate) const NAME_CHARACTERS: usize = 64;
/// Sites.
pub(crate) const SITES: usize = 1_000;
/// Maps.
pub(crate) const MAPS: usize = 250;
/// Regions (named groups of countries).
pub(crate) const REGIONS: usize = 1_000;
/// Countries in one region; there are about 250.
pub(crate) const REGION_COUNTRIES: usize = 300;
/// Sites in one list of a map.
pub(crate) const SITES_IN_LIST: usize = 64;
/// Entries of one table of a map (networks are the many ones, those out of lists among them).
pub(crate) const MAP_ENTRIES: usize = 1_000_000;
/// Lists of networks of one map.
pub(crate) const NETWORK_FILES: usize = 64;
/// Octets of one list of networks; a million of them fit.
pub(crate) const NETWORK_FILE_OCTETS: u64 = 64 << 20;
/// Bounds of the bias of a site.
pub(crate) const BIAS: std::ops::RangeInclusive<i8> = -99..=99;
/// Values inside one another in a JSON file.
pub(crate) const JSON_DEPTH: usize = 16;

/// Monitors.
pub(crate) const MONITORS: usize = 10_000;
/// Monitors of one pool.
pub(crate) const POOL_MONITORS: usize = 8;
/// Bounds of the interval of a monitor.
pub(crate) const INTERVAL: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(86_400);
/// Bounds of the timeout of a probe; it is never longer than the interval either.
pub(crate) const PROBE_TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(86_400);
/// Bounds of `rise`, `fall` and `forgive`.
pub(crate) const VERDICTS: std::ops::RangeInclusive<u32> = 1..=1_000;
/// Octets of the path, of the host and of a header of an HTTP probe, and of the text it looks for.
pub(crate) const HTTP_TEXT_OCTETS: usize = 2_048;
/// Headers of an HTTP probe.
pub(crate) const HTTP_HEADERS: usize = 32;
/// Ranges of accepted status codes.
pub(crate) const HTTP_STATUS_RANGES: usize = 32;
/// Bounds of the octets of a body that are read.
pub(crate) const HTTP_BODY_OCTETS: std::ops::RangeInclusive<usize> = 1..=1 << 20;

/// Pools.
pub(crate) const POOLS: usize = 100_000;
/// Members of one pool.
pub(crate) const MEMBERS: usize = crate::steer::MEMBERS_MAX;
/// Records of one member of a pool of data.
pub(crate) const MEMBER_RECORDS: usize = 64;
/// Pools that one pool lists.
pub(crate) const INNER_POOLS: usize = 256;
/// Ways from a pool through those that it lists to pools of members: `explain` tells them all.
pub(crate) const POOL_WAYS: usize = 4_096;
/// Pools with `pick = "hash"`. Each has a table for each family and number of answers, of 8 KiB for one answer, and
/// another one while some of its members are down.
pub(crate) const HASH_POOLS: usize = 1_000;
/// Bounds of the prefix that makes IPv4 clients one network.
pub(crate) const HASH_IPV4_PREFIX: std::ops::RangeInclusive<u8> = 1..=32;
/// Bounds of the prefix that makes IPv6 clients one network.
pub(crate) const HASH_IPV6_PREFIX: std::ops::RangeInclusive<u8> = 1..=128;
/// Lines of one schedule.
pub(crate) const SCHEDULE_LINES: usize = 32;
/// Characters of who wanted something and why.
pub(crate) const WORDS_CHARACTERS: usize = 200;
/// Bounds of the time in which a panic limit counts.
pub(crate) const PANIC_WITHIN: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);
/// Bounds of a slow start.
pub(crate) const SLOW_START: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);
/// Targets: distinct (address, monitor).
pub(crate) const TARGETS: usize = 100_000;
/// Rules, one per (owner name, type).
pub(crate) const RULES: usize = 400_000;
/// `[[steer]]` tables in one file.
pub(crate) const STEER_TABLES: usize = 100_000;
/// Owner names in one `[[steer]]` table.
pub(crate) const RULE_NAMES: usize = 1_000;
/// Types of one rule.
pub(crate) const RULE_TYPES: usize = 16;
/// SVCB and HTTPS RRsets that are steered and differ by more than their hints.
pub(crate) const HINTED_RRSETS: usize = 10_000;
/// Pools of one rule.
pub(crate) const RULE_POOLS: usize = 256;
/// `[[expect]]` tables of all files: each is explained by `check`, which takes about a millisecond.
pub(crate) const EXPECTATIONS: usize = 10_000;
/// Items of one list in an `[[expect]]` table.
pub(crate) const EXPECTED_ITEMS: usize = 1_000;
/// Bounds of the number of answers: more than all members is never meant.
pub(crate) const ANSWERS: std::ops::RangeInclusive<u16> = 1..=MEMBERS as u16;
/// Bounds of a TTL in seconds (RFC 2181 §8).
pub(crate) const TTL_SECONDS: std::ops::RangeInclusive<u32> = 1..=0x7fff_ffff;

/// `[[assert]]` tables in one file.
pub(crate) const ASSERTIONS: usize = 1_000;

/// Faults that are reported; the rest is counted.
pub(crate) const FAULTS: usize = 1_000;
/// Octets of a part of a file that could not be understood in which names and keys are looked for; in a longer one any may
/// stand.
pub(crate) const LOST_OCTETS: usize = 1 << 20;
/// Words that a misspelt one is compared with.
pub(crate) const SUGGESTION_CANDIDATES: usize = 20_000;
/// Words that all misspelt ones of a run are compared with, together: a second or two.
pub(crate) const SUGGESTION_COMPARISONS: usize = 1_000_000;
/// Characters of a word that suggestions are made for.
pub(crate) const SUGGESTION_CHARACTERS: usize = 80;
