use super::catalogue::METRICS;
use super::render;
use crate::admin::testing::sources;
use crate::answer::Counter;

const DOCUMENTATION: &str = include_str!("../../../docs/operations.md");

#[test]
fn every_metric_is_shown() {
    let text = render(&sources()).unwrap();
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
    let sources = sources();
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
