//! Loading as a whole: what reloads share, what a bad database means, the shipped example.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Files, Loaded, Mode, Swap, control_socket, load, swap_databases};
use crate::fault::Fault;
use crate::health::AdminState;
use crate::snapshot::Configuration;
use crate::steer::{AllDown, Content, MinHealthy, PoolId, Require};

const MAIN: &str = "[server]\nlisten = \"127.0.0.1:5300\"\nstate_dir = \"state\"\n[zones]\nfolder = \"zones\"\n\
                    [geo]\nmaps = \"maps.toml\"\ndatabases = [\"geo/a.mmdb\"]\n";
const MAPS: &str = "[site.fra]\nadmin = \"drained\"\n[site.iad]\n[map.world]\ndefault = [\"fra\", \"iad\"]\n\
                    [map.world.country]\nDE = [\"iad\"]\n";
const ZONE: &str = "$TTL 301\n@ IN SOA ns1.example.net. h 1 2h 30m 2w 5m\n  IN NS ns1.example.net.\n\
                    www IN A 192.0.2.1\nall IN A 192.0.2.1\n  IN AAAA 2001:db8::1\n";
const STEERING: &str = "[monitor.web]\nprobe = { http = {} }\n[monitor.same]\nprobe = { http = { path = \"/\" } }\n\
    [monitor.smtp]\nprobe = { tcp = {} }\nport = 25\n\
    [pool.fra]\nsite = \"fra\"\nmonitor = [\"web\", \"smtp\"]\nrequire = \"any\"\nmin_healthy = \"2/3\"\n\
    members = [{ name = \"a\", address = [\"192.0.2.1\", \"2001:db8::1\"], admin = \"forced up\" }]\n\
    [pool.iad]\nsite = \"iad\"\nmonitor = \"same\"\npick = \"all\"\n\
    members = [{ name = \"a\", address = \"192.0.2.1\", admin = \"forced up\" }]\n\
    [[steer]]\nname = \"www\"\nmap = \"world\"\npools = [\"fra\", \"iad\"]\n\
    [[steer]]\nname = \"all\"\npools = [\"iad\", \"fra\"]\nanswers = 3\nmin_ttl = 7\nall_down = { pool = \"fra\" }\n";

/// The files of a small configuration with a good database.
fn files() -> BTreeMap<PathBuf, Vec<u8>> {
    let texts = [
        ("meridian.toml", MAIN),
        ("maps.toml", MAPS),
        ("zones/example.com.zone", ZONE),
        ("zones/example.com.toml", STEERING),
        (
            "zones/other.example.zone",
            "$TTL 60\n@ IN SOA ns1.example.net. h 1 2h 30m 2w 5m\n IN NS ns1.example.net.\n",
        ),
    ];
    let mut files: BTreeMap<_, _> =
        texts.into_iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect();
    files.insert("geo/a.mmdb".into(), database("country.mmdb"));
    files
}

fn database(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files").join(name)).unwrap()
}

fn run(
    files: &BTreeMap<PathBuf, Vec<u8>>,
    mode: Mode,
    previous: Option<&Configuration>,
) -> Result<Loaded, Vec<Fault>> {
    load(&Files::Memory(files.clone()), Path::new("meridian.toml"), mode, previous)
}

#[test]
fn names_become_ids_and_defaults_are_those_of_semantics_section_8() {
    let Loaded { configuration, .. } = run(&files(), Mode::Start, None).unwrap();
    let [fra, iad] = &configuration.pools[..] else { panic!("two pools") };
    assert_eq!((fra.name.as_str(), fra.members[0].require), ("fra", Require::AtLeast(1)));
    assert_eq!(fra.min_healthy, MinHealthy::Fraction { numerator: 2, denominator: 3 });
    assert_eq!(fra.members[0].admin, AdminState::Drained, "the site's is stronger than the member's");
    assert_eq!(iad.members[0].admin, AdminState::ForcedUp);
    assert_eq!((&fra.answers[..], &iad.answers[..]), (&[1, 3][..], &[3, 8][..]));

    let names: Vec<_> = configuration.monitors.iter().map(|monitor| monitor.names.join(" ")).collect();
    assert_eq!(names, ["web same", "smtp"], "equal monitors are one");
    assert_eq!(configuration.targets.len(), 4, "one for each address and monitor");
    let users = &configuration.targets[fra.members[0].targets[0][0].0 as usize].users;
    assert_eq!(users[..], [(PoolId(0), Content::V4), (PoolId(1), Content::V4)]);

    let labels: Vec<_> =
        configuration.rule_labels.iter().map(|label| format!("{} {}", label.owner, label.rtype)).collect();
    assert_eq!(labels, ["www.example.com. 1", "all.example.com. 1", "all.example.com. 28"]);
    let [www, all, all6] = &configuration.rules[..] else { panic!("three rules") };
    assert_eq!((www.min_ttl, www.max_ttl, www.map), (150, 301, Some(0)));
    assert_eq!((all.min_ttl, all.max_ttl, all.map), (7, 301, None));
    let AllDown::Pool(sorry) = all.all_down else { panic!("a pool") };
    assert_eq!((sorry.pool, sorry.set), (PoolId(0), 1));
    assert!(Arc::ptr_eq(&all.candidates, &all6.candidates), "equal candidates are compiled once");
}

#[test]
fn a_reload_shares_what_did_not_change() {
    let first = run(&files(), Mode::Start, None).unwrap().configuration;
    let again = run(&files(), Mode::Reload, Some(&first)).unwrap();
    assert!(again.database_copies.is_empty());
    let again = again.configuration;
    let shared = |one: &Configuration, other: &Configuration| {
        let zones =
            one.zones.iter().zip(&other.zones).map(|(one, other)| Arc::ptr_eq(&one.zone, &other.zone));
        let map = Arc::ptr_eq(&one.maps[0].table, &other.maps[0].table);
        let geo = Arc::ptr_eq(&one.geo[0].database, &other.geo[0].database);
        (zones.collect::<Vec<_>>(), map, geo)
    };
    assert_eq!(shared(&first, &again), (vec![true, true], true, true));

    let mut changed = files();
    changed.insert("zones/example.com.zone".into(), ZONE.replace(" h 1 ", " h 2 ").into());
    let zone = run(&changed, Mode::Reload, Some(&again)).unwrap().configuration;
    assert_eq!(shared(&again, &zone), (vec![false, true], true, true));
    assert_eq!(zone.zones[0].zone.serial(), 2);

    changed.insert(
        "zones/example.com.toml".into(),
        STEERING
            .replace("name = \"all\"", "name = \"www\"\nmap=\"world\"\ntypes=\"A\"")
            .replace("name = \"www\"\nmap = \"world\"", "name = \"all\"")
            .into(),
    );
    let rules = run(&changed, Mode::Reload, Some(&zone)).unwrap().configuration;
    assert_eq!(shared(&zone, &rules), (vec![false, true], true, true));

    changed.insert("maps.toml".into(), MAPS.replace("DE", "FR").into());
    let map = run(&changed, Mode::Reload, Some(&rules)).unwrap().configuration;
    assert_eq!(shared(&rules, &map), (vec![true, true], false, true));
}

#[test]
fn a_changed_part_changes_the_zone_that_includes_it() {
    let mut files = files();
    files.insert("zones/example.com.zone".into(), format!("{ZONE}$INCLUDE parts/a\n").into());
    files.insert("zones/parts/a".into(), b"a IN A 192.0.2.9\n".to_vec());
    let first = run(&files, Mode::Start, None).unwrap().configuration;
    files.insert("zones/parts/a".into(), b"a IN A 192.0.2.8\n".to_vec());
    let second = run(&files, Mode::Reload, Some(&first)).unwrap().configuration;
    assert!(!Arc::ptr_eq(&first.zones[0].zone, &second.zones[0].zone));
    let third = run(&files, Mode::Reload, Some(&second)).unwrap().configuration;
    assert!(Arc::ptr_eq(&second.zones[0].zone, &third.zones[0].zone));
}

#[test]
fn a_start_with_a_bad_database_uses_the_last_good_copy_else_the_built_in_data() {
    let mut files = files();
    let first = run(&files, Mode::Start, None).unwrap();
    let [copy] = &first.database_copies[..] else { panic!("one copy") };
    assert_eq!(copy.path, Path::new("state/databases/geo%2Fa.mmdb"));
    files.insert("geo/a.mmdb".into(), b"<html>".to_vec());
    assert!(run(&files, Mode::Check, None).is_err(), "check tells it as an error");
    assert!(run(&files, Mode::Reload, Some(&first.configuration)).is_err(), "and a reload changes nothing");

    let builtin = run(&files, Mode::Start, None).unwrap();
    let source = &builtin.configuration.geo[0];
    assert!(
        source.builtin && source.degraded.as_deref().unwrap().ends_with("the built-in country data serves")
    );
    assert_eq!(builtin.warnings.len(), 1);
    let reloaded = run(&files, Mode::Reload, Some(&builtin.configuration)).unwrap();
    assert!(reloaded.configuration.geo[0].degraded.is_some(), "what stood in goes on serving");
    assert!(Arc::ptr_eq(&reloaded.configuration.geo[0].database, &source.database));

    files.insert(copy.path.clone(), copy.octets.clone());
    let kept = run(&files, Mode::Start, None).unwrap();
    let source = &kept.configuration.geo[0];
    assert!(!source.builtin && source.degraded.as_deref().unwrap().ends_with("its last good copy serves"));

    let untouched = swap(&files, &kept.configuration);
    assert_eq!(untouched.refused.len(), 1, "the file is as bad as it was");
    files.insert("geo/a.mmdb".into(), copy.octets.clone());
    let swapped = swap(&files, &kept.configuration);
    assert_eq!(swapped.changed, [("geo/a.mmdb".to_owned(), source.database.digest())]);
    assert_eq!(swapped.configuration.unwrap().geo[0].degraded, None, "the file itself serves");
    let healed = run(&files, Mode::Reload, Some(&kept.configuration)).unwrap().configuration;
    assert_eq!(healed.geo[0].degraded, None);
    assert!(
        Arc::ptr_eq(&healed.geo[0].database, &kept.configuration.geo[0].database),
        "equal octets, not walked"
    );
}

/// What the file of the database holds by now.
fn swap(files: &BTreeMap<PathBuf, Vec<u8>>, served: &Configuration) -> Swap {
    let files = Files::Memory(files.clone());
    swap_databases(&files, Path::new("meridian.toml"), None, served, &["geo/a.mmdb".to_owned()])
}

#[test]
fn a_database_that_is_missing_or_bad_under_a_server_is_refused_in_words() {
    let mut files = files();
    let served = run(&files, Mode::Start, None).unwrap().configuration;
    let good = swap(&files, &served);
    assert_eq!((good.unchanged, good.refused), (vec!["geo/a.mmdb".to_owned()], vec![]));
    for (octets, words) in [(None, "the file is missing"), (Some(b"<html>"), "not an .mmdb file")] {
        match octets {
            Some(octets) => drop(files.insert("geo/a.mmdb".into(), octets.to_vec())),
            None => drop(files.remove(Path::new("geo/a.mmdb"))),
        }
        let swap = swap(&files, &served);
        let [(path, why)] = &swap.refused[..] else { panic!("{:?}", swap.refused) };
        assert!(path == "geo/a.mmdb" && why.contains(words), "{path}: {why}");
        assert!(swap.configuration.is_none() && swap.unchanged.is_empty(), "{words}");
    }
}

#[test]
fn the_shipped_examples_are_without_a_warning() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let demo = load(&Files::Disk(root.clone()), Path::new("deploy/demo/meridian.toml"), Mode::Check, None);
    let demo = demo.unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(demo.warnings, []);
    assert_eq!(demo.configuration.zones[0].source.path, "zones/example.com.zone");
    assert_eq!(demo.configuration.rules.len(), 6);

    let production = std::fs::read(root.join("deploy/meridian.toml")).unwrap();
    let mut files = files();
    files.insert("meridian.toml".into(), production.clone());
    files.insert("geoip/maps.toml".into(), MAPS.into());
    let production = run(&files, Mode::Check, None).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(production.settings.state_dir.as_deref(), Some(Path::new("/var/lib/meridian")));
}

#[test]
fn beyond_a_bound_is_a_fault() {
    let numbered = |count: usize, text: &str| -> String {
        (0..count).map(|number| text.replace('N', &number.to_string())).collect()
    };
    let members = numbered(257, "{ name = \"mN\", address = \"::1:N\" },");
    let names = numbered(1_001, "\"nN\",");
    let steering = format!(
        "[pool.fra]\nmembers = [{members}]\n[pool.iad]\nmembers = [{{ name = \"a\", address = \"192.0.2.1\" }}]\n\
         [[steer]]\nname = [{names}]\npools = \"iad\"\n"
    );
    let mut files = files();
    files.insert("zones/example.com.toml".into(), steering.into());
    files.insert(
        "zones/other.example.toml".into(),
        vec![b' '; super::limits::SETTINGS_FILE_OCTETS as usize + 1],
    );
    let Err(faults) = run(&files, Mode::Check, None) else { panic!("refused") };
    let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "this list has 257 items; 256 is the most",
            "this list has 1001 items; 1000 is the most",
            "cannot be read: it is larger than 16777216 octets",
        ]
    );
}

#[test]
fn the_control_socket_is_found_whatever_else_is_wrong() {
    let find = |main: &str| {
        let files = Files::Memory(BTreeMap::from([("etc/m.toml".into(), main.as_bytes().to_vec())]));
        control_socket(&files, Path::new("etc/m.toml")).map_err(|faults| faults[0].message.clone())
    };
    let found = Ok(Some(PathBuf::from("etc/m.sock")));
    assert_eq!(find("[admin]\nsocket = \"m.sock\""), found);
    assert_eq!(find("lisen = 5\n[admin]\nmetrics = 7\nsocket = \"m.sock\"\nsoket = 1\n[zones]"), found);
    assert_eq!(find("x = 192.0.2.1\n[admin]\nsocket = \"m.sock\""), found);
    assert_eq!(find("[server]"), Ok(None));
    assert_eq!(find("[admin]\nsocket = "), Err("the value is missing".to_owned()));
    assert_eq!(find("[admin]\nsocket = 5"), Err("this must be a text, not an integer".to_owned()));
    let long = find(&format!("[admin]\nsocket = \"{}\"", "m".repeat(200)));
    assert_eq!(long, Err("the path of a socket has at most 107 octets".to_owned()));
}

/// The map of a configuration with these lines in it, and with these lists beside the file of maps.
fn map_with(lines: &str, lists: &[(&str, &str)], previous: Option<&Configuration>) -> Configuration {
    let mut files = files();
    let maps = format!("[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"fra\", \"iad\"]\n{lines}");
    files.insert("maps.toml".into(), maps.into());
    files.extend(lists.iter().map(|&(path, text)| (PathBuf::from(path), text.into())));
    let loaded = run(&files, if previous.is_some() { Mode::Reload } else { Mode::Check }, previous);
    loaded.unwrap_or_else(|faults| panic!("{faults:?}")).configuration
}

/// Where a map's networks stand.
fn network_lines(configuration: &Configuration) -> Vec<String> {
    let lines = &configuration.maps[0].lines;
    lines
        .network
        .iter()
        .map(|line| format!("{}:{}", lines.files[usize::from(line.file)], line.line))
        .collect()
}

#[test]
fn networks_of_lists_are_those_of_a_table() {
    let table = map_with(
        "[map.world.network]\n\"192.0.2.0/24\" = [\"iad\"]\n\"2001:db8::/32\" = [\"iad\", \"fra\"]\n",
        &[],
        None,
    );
    let text = map_with(
        "network_files = [{ path = \"lists/a.txt\", sites = [\"iad\"] }]\n",
        &[("lists/a.txt", "# remark\n192.0.2.0/24\n\n2001:db8::/32 iad fra\n")],
        None,
    );
    let json = map_with(
        "network_files = [{ path = \"lists/a.json\", sites = [\"iad\"] }]\n",
        &[(
            "lists/a.json",
            "[{\"targets\": [\"192.0.2.0/24\"]},\n {\"targets\": [\"2001:db8::/32\"], \"labels\": {\"sites\": \"iad,fra\"}}]",
        )],
        None,
    );
    let rules = table.maps[0].table.rules();
    assert_eq!(rules, text.maps[0].table.rules());
    assert_eq!(rules, json.maps[0].table.rules());
    assert_eq!(network_lines(&table), ["maps.toml:6", "maps.toml:7"]);
    assert_eq!(network_lines(&text), ["lists/a.txt:2", "lists/a.txt:4"]);
    assert_eq!(network_lines(&json), ["lists/a.json:1", "lists/a.json:2"]);
}

#[test]
fn a_reload_compiles_a_map_anew_when_a_list_changed_and_not_when_only_lines_moved() {
    let lines = "network_files = [{ path = \"a.txt\", sites = [\"iad\"] }]\n";
    let first = map_with(lines, &[("a.txt", "192.0.2.0/24\n")], None);
    let moved = map_with(lines, &[("a.txt", "# remark\n192.0.2.0/24\n")], Some(&first));
    assert!(Arc::ptr_eq(&first.maps[0].table, &moved.maps[0].table));
    assert_eq!(network_lines(&moved), ["a.txt:2"]);
    let changed = map_with(lines, &[("a.txt", "192.0.2.0/25\n")], Some(&moved));
    assert_eq!(changed.maps[0].table.rules().network[0].0.to_string(), "192.0.2.0/25");
}
