use super::catalogue::METRICS;
use super::render;
use crate::admin::testing::{empty, with_a_database, with_members_down, without_its_databases};
use crate::admin::{Objection, Untaken};
use crate::answer::Counter;

const DOCUMENTATION: &str = include_str!("../../../docs/operations.md");

#[test]
fn every_metric_is_shown() {
    let text = render(&empty()).unwrap();
    for metric in METRICS {
        let help = format!("# HELP meridian_{} {}\n", metric.name, metric.help);
        assert!(text.contains(&help), "{help}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let documented: Vec<&str> = DOCUMENTATION
        .split('`')
        .filter(|words| words.starts_with("meridian_") && !words.contains(' '))
        .collect();
    for metric in METRICS {
        let name = metric.full_name();
        let row = DOCUMENTATION.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operations.md has no row for {name}"));
        for label in metric.labels {
            assert!(row.contains(&format!("`{label}`")), "the row of {name} does not name its label {label}");
        }
    }
    for name in documented {
        assert!(
            METRICS.iter().any(|metric| metric.full_name() == name),
            "{name} is documented but not there"
        );
    }
}

#[test]
fn every_counter_of_the_packet_path_is_in_the_catalogue() {
    for &counter in Counter::ALL {
        let (name, (label, _)) = counter.metric();
        let metric = METRICS.iter().find(|metric| metric.name == name);
        assert_eq!(metric.map(|metric| metric.labels), Some(&[label][..]), "{counter:?}");
    }
}

#[test]
fn the_workers_tallies_are_summed() {
    let sources = empty();
    for tally in &sources.tallies {
        tally.count(Counter::Udp);
        tally.count(Counter::SteerDegraded);
    }
    let text = render(&sources).unwrap();
    assert!(text.contains("meridian_queries_total{transport=\"udp\"} 2\n"), "{text}");
    assert!(text.contains("meridian_steered_total{reason=\"degraded\"} 2\n"), "{text}");
    assert!(text.contains("meridian_queries_total{transport=\"tcp\"} 0\n"), "{text}");
}

#[test]
fn names_follow_the_conventions() {
    for metric in METRICS {
        let plain = metric.name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_');
        assert!(plain && !metric.name.ends_with("_total") && !metric.help.ends_with('.'), "{}", metric.name);
    }
}

#[test]
fn members_pools_and_rules_are_told_apart() {
    let text = render(&with_members_down(&["a"])).unwrap();
    for line in [
        "meridian_targets{state=\"up\"} 1",
        "meridian_targets{state=\"down\"} 1",
        "meridian_member_up{pool=\"near\",member=\"a\",family=\"ipv4\",monitor=\"web\"} 0",
        "meridian_member_up{pool=\"near\",member=\"b\",family=\"ipv4\",monitor=\"web\"} 1",
        "meridian_member_eligible{pool=\"near\",member=\"b\",family=\"ipv4\"} 1",
        "meridian_member_eligible{pool=\"far\",member=\"c\",family=\"ipv6\"} 0",
        "meridian_pool_state{pool=\"near\",family=\"ipv4\",state=\"degraded\"} 1",
        "meridian_pool_state{pool=\"near\",family=\"ipv4\",state=\"healthy\"} 0",
        "meridian_pool_state{pool=\"near\",family=\"ipv6\",state=\"absent\"} 1",
        "meridian_troubled_rules 2",
        "meridian_zone_serial{zone=\"example.com.\"} 7",
    ] {
        assert!(text.lines().any(|each| each == line), "{line}\n{text}");
    }
    assert!(!text.contains("member=\"a\",family=\"ipv6\""), "a has no IPv6 address: {text}");
}

#[test]
#[cfg(feature = "builtin-geo")]
fn databases_are_told_apart_by_their_paths() {
    let text = render(&without_its_databases()).unwrap();
    for path in ["a.mmdb", "b.mmdb"] {
        let series = format!("meridian_geo_database_degraded{{database=\"{path}\"}} 1\n");
        assert_eq!(text.matches(&series).count(), 1, "{path}\n{text}");
    }
    assert_eq!(text.matches("meridian_geo_database_degraded{").count(), 2, "{text}");
}

#[test]
fn a_database_whose_file_does_not_hold_what_serves_is_told() {
    let refused = Untaken::Refused("the file is missing".to_owned());
    let why = Objection::Assertion("does not hold".to_owned());
    let held = Untaken::HeldBack { digest: 7, why };
    for (untaken, taken, held_back) in [(None, 1, 0), (Some(refused), 0, 0), (Some(held), 0, 1)] {
        let text = render(&with_a_database(untaken.clone())).unwrap();
        for line in [
            format!("meridian_geo_database_file_taken{{database=\"a.mmdb\"}} {taken}"),
            format!("meridian_geo_database_held_back{{database=\"a.mmdb\"}} {held_back}"),
            "meridian_geo_database_degraded{database=\"a.mmdb\"} 0".to_owned(),
        ] {
            assert!(text.lines().any(|each| each == line), "{untaken:?}: {line}\n{text}");
        }
    }
}

#[test]
#[cfg(feature = "builtin-geo")]
fn a_database_that_something_else_stands_in_for_is_not_taken() {
    let text = render(&without_its_databases()).unwrap();
    assert!(text.contains("meridian_geo_database_file_taken{database=\"a.mmdb\"} 0\n"), "{text}");
}
