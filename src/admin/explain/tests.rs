use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::config::{self, Files, Mode, report};
use crate::explain::{Basis, DRAWS_MAX};
use crate::health::{LastVerdict, Record, State, TargetKey, Tracker, Verdict};

/// 2026-11-20T05:31:46Z.
const AT: u64 = 1_795_152_706;

const MAIN: &str = "\
[server]\nlisten = [\"127.0.0.1:5300\"]\n[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"maps.toml\"\n";
const MAPS: &str = r#"
[site.fra]
[site.iad]
[map.world]
default = ["fra", "iad"]
[map.world.network]
"203.0.113.0/25" = ["iad"]
"9.9.0.0/16" = []
[map.blunt]
ecs = false
default = ["iad"]
"#;
const ZONE: &str = "\
@ 60 IN SOA ns hostmaster 7 1h 1h 1h 5m\n\
@ 60 IN NS ns\n\
ns 60 IN A 192.0.2.53\n\
www 60 IN A 192.0.2.1\n\
blunt 60 IN A 192.0.2.1\n\
plain 60 IN A 192.0.2.1\n\
silent 60 IN A 192.0.2.1\n\
hashed 60 IN A 192.0.2.1\n\
wide 60 IN A 192.0.2.1\n\
trickled 60 IN A 192.0.2.1\n\
static 90 IN A 192.0.2.7\n\
*.wild 60 IN TXT text\n\
alias 30 IN CNAME other\n\
other 30 IN CNAME www\n\
sub 3600 IN NS ns.example.net.\n";
const POOLS: &str = r#"
[monitor.web]
probe = { tcp = {} }
port = 80
interval = "5s"
[pool.fra]
site = "fra"
monitor = "web"
members = [
  { name = "a", address = "192.0.2.10", weight = 2 },
  { name = "b", address = "192.0.2.11" },
]
[pool.iad]
site = "iad"
members = [{ name = "c", address = "192.0.2.20", admin = "drained" }, { name = "d", address = "192.0.2.21" }]
[[steer]]
name = "www"
map = "world"
pools = ["fra", "iad"]
min_ttl = 5
[[steer]]
name = "blunt"
map = "blunt"
pools = ["fra", "iad"]
[[steer]]
name = "plain"
pools = ["fra"]
all_down = "default"
[[steer]]
name = "silent"
pools = ["fra"]
all_down = "none"
[pool.hashed]
pick = "hash"
members = [{ name = "e", address = "192.0.2.30" }, { name = "f", address = "192.0.2.31" }]
[pool.wide]
pick = "hash"
hash_prefix = { ipv4 = 16 }
members = [{ name = "e", address = "192.0.2.30" }, { name = "f", address = "192.0.2.31" }]
[[steer]]
name = "hashed"
pools = ["hashed"]
[[steer]]
name = "wide"
pools = ["wide"]
[[steer]]
name = "trickled"
pools = ["fra", "iad"]
trickle = "25 %"
"#;

fn configuration() -> Arc<Configuration> {
    let files = [
        ("meridian.toml", MAIN),
        ("maps.toml", MAPS),
        ("zones/example.com.zone", ZONE),
        ("zones/example.com.toml", POOLS),
    ];
    let files = files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    match config::load(&Files::Memory(BTreeMap::from(files)), Path::new("meridian.toml"), Mode::Start, None) {
        Ok(loaded) => Arc::new(loaded.configuration),
        Err(faults) => panic!("{}", report::for_people(&faults, false)),
    }
}

/// `NAME TYPE TRANSPORT [SUBNET] [down WHAT …]`.
fn request(words: &str) -> Request {
    let (question, down) = words.split_once(" down ").unwrap_or((words, ""));
    let words: Vec<&str> = question.split(' ').collect();
    Request {
        name: words[0].to_owned(),
        rtype: words[1].to_owned(),
        transport: words[2].parse().unwrap(),
        subnet: words.get(3).map(|subnet| subnet.parse().unwrap()),
        down: down.split_whitespace().map(str::to_owned).collect(),
        draws: 100,
        seed: 7,
        format: Format::Json,
    }
}

fn json(request: &Request, configuration: &Arc<Configuration>, health: Health<'_>) -> Result<Value, String> {
    let snapshot = health.compile(Arc::clone(configuration));
    let text = request.answer(Ground { snapshot: &snapshot, health })?;
    Ok(serde_json::from_str(&text).expect("it is JSON"))
}

/// Compares what stands at JSON pointers with JSON texts.
fn check(question: &str, expected: &[(&str, &str)]) {
    let found = json(&request(question), &configuration(), Health::assumed(AT)).unwrap();
    for (pointer, value) in [("/schema", "1"), ("/at", "\"2026-11-20T05:31:46Z\"")].iter().chain(expected) {
        let there = found.pointer(pointer).unwrap_or_else(|| panic!("{question}: no {pointer} in {found:#}"));
        assert_eq!(there.to_string(), *value, "{question}: {pointer} in {found:#}");
    }
}

#[test]
fn a_steered_answer_tells_everything_from_the_address_to_the_scope() {
    check(
        "www.example.com A 192.0.2.99 8.8.8.0/24",
        &[
            ("/name", "\"www.example.com.\""),
            ("/client/subnet", "\"8.8.8.0/24\""),
            ("/health/basis", "\"assumed\""),
            ("/why", "\"steered\""),
            ("/steering/written_at", "\"zones/example.com.toml:17\""),
            ("/steering/source/address", "\"8.8.8.0\""),
            ("/steering/source/origin", "\"client_subnet\""),
            ("/steering/place/map", "\"world\""),
            ("/steering/place/sites", "[\"fra\",\"iad\"]"),
            ("/steering/candidates/0/pool", "\"fra\""),
            ("/steering/candidates/0/written_at", "\"zones/example.com.toml:6\""),
            ("/steering/candidates/0/members/0/written_at", "\"zones/example.com.toml:10\""),
            ("/steering/candidates/0/members/0/targets/0/monitor", "\"web\""),
            ("/steering/candidates/0/members/0/targets/0/origin", "\"assumed\""),
            ("/steering/candidates/1/members/0/admin", "\"drained\""),
            ("/steering/given/pool", "\"fra\""),
            ("/steering/given/site", "\"fra\""),
            (
                "/steering/given/variants/1/probability",
                r#"{"denominator":3,"numerator":2,"percent":"66.67 %"}"#,
            ),
            ("/ttl/seconds", "15"),
            ("/ttl/reason", "\"soonest_flip\""),
            ("/ttl/min_ttl", "5"),
            ("/ttl/default_ttl", "60"),
            ("/scope/reason", "\"minimal\""),
            ("/draws/count", "100"),
        ],
    );
}

#[test]
fn every_way_to_a_decisive_address_has_its_word() {
    for (question, origin, scope) in [
        ("www.example.com A 192.0.2.99", "transport", "no_client_subnet"),
        (
            "www.example.com A 8.8.8.8 10.1.0.0/16",
            "transport_special_purpose_subnet",
            "special_purpose_block",
        ),
        ("www.example.com A 8.8.8.8 203.0.113.0/24", "client_subnet", "longer_than_source"),
        ("blunt.example.com A 8.8.8.8 9.9.9.0/24", "transport_ecs_off", "ecs_off"),
        ("plain.example.com A 8.8.8.8 9.9.9.0/24", "no_map", "no_map"),
        ("hashed.example.com A 8.8.8.8", "transport", "no_client_subnet"),
        ("hashed.example.com A 8.8.8.8 9.9.9.0/24", "client_subnet", "network"),
        ("wide.example.com A 8.8.8.8 9.9.9.0/24", "client_subnet", "network"),
        ("wide.example.com A 8.8.8.8 192.0.1.0/24", "client_subnet", "clear_of_special_blocks"),
        (
            "hashed.example.com A 8.8.8.8 10.1.0.0/16",
            "transport_special_purpose_subnet",
            "special_purpose_block",
        ),
        ("trickled.example.com A 8.8.8.8", "transport", "no_client_subnet"),
        ("trickled.example.com A 8.8.8.8 9.9.9.0/24", "client_subnet", "network"),
        ("trickled.example.com A 8.8.8.8 9.9.9.0/24 down fra", "no_map", "no_map"),
    ] {
        let (origin, scope) = (format!("{origin:?}"), format!("{scope:?}"));
        check(question, &[("/steering/source/origin", origin.as_str()), ("/scope/reason", scope.as_str())]);
    }
    for name in ["www", "hashed"] {
        check(
            &format!("{name}.example.com A 8.8.8.8 10.1.0.0/16"),
            &[("/steering/source/special_purpose_block", "\"10.0.0.0/8\""), ("/scope/length", "8")],
        );
    }
}

#[test]
fn the_text_says_whose_network_decides_without_a_map() {
    for (question, expected) in [
        ("plain.example.com A 8.8.8.8", "nothing: the rule has no map"),
        ("hashed.example.com A 8.8.8.8", "8.8.8.8, the transport address: the query has no client subnet\n"),
        ("hashed.example.com A 8.8.8.8 9.9.9.0/24", "9.9.9.0, the query's client subnet\n"),
    ] {
        let request = Request { format: Format::Text, ..request(question) };
        let (health, configuration) = (Health::assumed(AT), configuration());
        let snapshot = health.compile(Arc::clone(&configuration));
        let text = request.answer(Ground { snapshot: &snapshot, health }).unwrap();
        assert!(text.contains(&format!("  decided on  {expected}")), "{text}");
        assert_eq!(text.contains("only its network counts"), question.starts_with("hashed"), "{text}");
    }
}

#[test]
fn what_no_rule_steers_has_its_records_its_ttl_and_its_scope_too() {
    let no_steering = ("/steering", "null");
    let scope = ("/scope/reason", "\"not_steered\"");
    check(
        "static.example.com A 8.8.8.8 8.8.8.0/24",
        &[
            no_steering,
            scope,
            ("/finding/kind", "\"rrset\""),
            ("/finding/records", "[\"192.0.2.7\"]"),
            ("/finding/wildcard", "false"),
            ("/ttl/seconds", "90"),
            ("/ttl/reason", "\"written\""),
        ],
    );
    check(
        "x.wild.example.com TXT 8.8.8.8 8.8.8.0/24",
        &[no_steering, scope, ("/finding/wildcard", "true"), ("/finding/records", "[\"\\\"text\\\"\"]")],
    );
    check(
        "nothing.example.com A 8.8.8.8 8.8.8.0/24",
        &[
            no_steering,
            scope,
            ("/rcode", "\"NXDOMAIN\""),
            ("/finding/kind", "\"no_name\""),
            ("/ttl/seconds", "60"),
            ("/ttl/reason", "\"negative\""),
        ],
    );
    check(
        "x.sub.example.com A 8.8.8.8 8.8.8.0/24",
        &[
            no_steering,
            scope,
            ("/authoritative", "false"),
            ("/finding/kind", "\"referral\""),
            ("/finding/cut", "\"sub.example.com.\""),
            ("/ttl/seconds", "3600"),
        ],
    );
    check(
        "www.example.org A 8.8.8.8",
        &[no_steering, ("/rcode", "\"REFUSED\""), ("/finding/kind", "\"not_our_zone\""), ("/ttl", "null")],
    );
}

#[test]
fn a_chain_ends_in_the_steered_name_with_its_ttl_and_scope() {
    check(
        "alias.example.com A 8.8.8.8 203.0.113.0/25",
        &[
            ("/chain/0/owner", "\"alias.example.com.\""),
            ("/chain/1/target", "\"www.example.com.\""),
            ("/chain/1/ttl", "30"),
            ("/steering/owner", "\"www.example.com.\""),
            ("/steering/place/sites", "[\"iad\"]"),
            ("/steering/given/variants/0/members/0/name", "\"d\""),
            ("/scope/length", "25"),
        ],
    );
}

#[test]
fn when_all_are_down_the_named_state_says_what_answers() {
    let reason = "/steering/reason";
    let kind = "/steering/given/kind";
    check(
        "www.example.com A 8.8.8.8 down fra",
        &[(reason, "\"healthy\""), ("/steering/given/pool", "\"iad\""), ("/ttl/seconds", "10")],
    );
    check(
        "plain.example.com A 8.8.8.8 down fra",
        &[
            (reason, "\"all_down_default\""),
            (kind, "\"default_rrset\""),
            ("/steering/candidates/0/members/0/targets/0/origin", "\"supposed\""),
        ],
    );
    check(
        "silent.example.com A 8.8.8.8 down site:fra",
        &[(reason, "\"all_down_none\""), (kind, "\"no_data\""), ("/steering/candidates/0/state", "\"dead\"")],
    );
    check("www.example.com A 9.9.9.9", &[(reason, "\"empty_default\""), ("/steering/place/sites", "[]")]);
}

#[test]
fn what_nobody_can_ask_is_refused_with_the_way_out() {
    let refused = |words: &str| json(&request(words), &configuration(), Health::assumed(AT)).unwrap_err();
    assert_eq!(
        refused("www.example.com A 8.8.8.8 down far"),
        "--down far: there is no pool `far`; did you mean `fra`?"
    );
    assert_eq!(
        refused("www.example.com A 8.8.8.8 down iad/c"),
        "--down iad/c: no monitor watches it, so it always counts as up"
    );
    assert!(refused("www..example.com A 8.8.8.8").starts_with("the name www..example.com: "));
    assert!(refused("www.example.com AXFR 8.8.8.8").starts_with("the type AXFR: "));
    let many = Request { draws: DRAWS_MAX + 1, ..request("www.example.com A 8.8.8.8") };
    assert!(json(&many, &configuration(), Health::assumed(AT)).is_err());
}

/// a is down for a minute, b passed ten seconds ago after a failure.
fn records(configuration: &Configuration) -> HashMap<TargetKey, Record> {
    let record = |(state, failures, verdict, ago): (State, u32, Verdict, u64)| Record {
        tracker: Tracker { state, passes: 0, failures },
        since: AT - 60,
        last: Some(LastVerdict { verdict, at: AT - ago }),
    };
    let of = |member: usize| configuration.pools[0].members[member].targets[0][0];
    let key = |member| configuration.targets[of(member).0 as usize].key;
    HashMap::from([
        (key(0), record((State::Down, 0, Verdict::Fail("connection refused".to_owned()), 3))),
        (key(1), record((State::Up, 1, Verdict::Pass { microseconds: 1_234 }, 10))),
    ])
}

#[test]
fn a_running_server_and_its_saved_table_explain_alike() {
    let configuration = configuration();
    let records = records(&configuration);
    let request = request("www.example.com A 192.0.2.99 8.8.8.0/24");
    let explained = |basis| {
        let mut found = json(&request, &configuration, Health::recorded(basis, &records, AT)).unwrap();
        let health = found.as_object_mut().unwrap().remove("health").unwrap();
        (health.to_string(), found)
    };
    let (online, running) = explained(Basis::Observed { generation: 7 });
    let (offline, saved) = explained(Basis::Saved { at: AT - 8 });
    assert_eq!(running, saved);
    assert_eq!(online, r#"{"basis":"observed","generation":7,"saved_at":null}"#);
    assert_eq!(offline, r#"{"basis":"saved","generation":null,"saved_at":"2026-11-20T05:31:38Z"}"#);
    let members = running.pointer("/steering/candidates/0/members").unwrap();
    for (pointer, expected) in [
        ("/0/eligible", "false"),
        ("/0/targets/0/observed/state_seconds", "60"),
        ("/0/targets/0/observed/verdict/detail", "\"connection refused\""),
        ("/0/targets/0/observed/verdict/age_seconds", "3"),
        ("/0/targets/0/soonest_flip_seconds", "10"),
        ("/1/eligible", "true"),
        ("/1/targets/0/observed/failures", "1"),
        ("/1/targets/0/observed/verdict/result", "\"pass\""),
        ("/1/targets/0/soonest_flip_seconds", "10"),
    ] {
        assert_eq!(members.pointer(pointer).unwrap().to_string(), expected, "{pointer} in {members:#}");
    }
    assert_eq!(running.pointer("/ttl/seconds").unwrap(), 10);
}

#[test]
fn text_says_the_same_of_what_was_observed() {
    let configuration = configuration();
    let records = records(&configuration);
    let health = Health::recorded(Basis::Observed { generation: 7 }, &records, AT);
    let snapshot = health.compile(Arc::clone(&configuration));
    let request = Request { format: Format::Text, ..request("www.example.com A 8.8.8.8 down fra/b") };
    let text = request.answer(Ground { snapshot: &snapshot, health }).unwrap();
    for line in [
        "at 2026-11-20T05:31:46Z, with the health that the server sees; generation 7",
        "web: down for 1m, 0 of 2 passes; last verdict 3s ago: fail: connection refused; can flip in 10 s",
        "not eligible: down, as supposed (zones/example.com.toml:11)",
        "web: up for 1m, 1 of 3 failures; last verdict 10s ago: pass in 1.234 ms; can flip in 10 s",
        "1/1       100.00 %  drawn 100 (100.00 %)  192.0.2.21 (d)",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
}

/// The names of all fields of a value, those inside it too.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, inner)| {
            found.insert(name.clone());
            fields(inner, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_stands_in_the_documentation() {
    let documented = include_str!("../../../docs/explain.md");
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let documented: BTreeSet<&str> = documented.split(|character| !is_word(character)).collect();
    let configuration = configuration();
    let records = records(&configuration);
    let mut found = BTreeSet::new();
    for question in [
        "www.example.com A 192.0.2.99 8.8.8.0/24",
        "alias.example.com A 8.8.8.8",
        "nothing.example.com A 8.8.8.8",
        "x.sub.example.com A 8.8.8.8",
        "www.example.com MX 8.8.8.8",
        "plain.example.com A 8.8.8.8 down fra",
    ] {
        let health = Health::recorded(Basis::Observed { generation: 7 }, &records, AT);
        fields(&json(&request(question), &configuration, health).unwrap(), &mut found);
    }
    let missing: Vec<&String> = found.iter().filter(|name| !documented.contains(name.as_str())).collect();
    assert!(missing.is_empty() && found.len() > 80, "{} fields, without {missing:?}", found.len());
}
