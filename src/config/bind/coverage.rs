//! How much of the Internet a class of a map covers: for warnings.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use crate::geo::{ClassId, Map};

/// The share of all IPv4 addresses that lie in one of the classes, in per cent. Exact: it walks the map from scope to
/// scope, so it takes as long as the map has ranges.
pub(super) fn ipv4_percent(map: &Map, classes: &BTreeSet<ClassId>) -> f64 {
    let mut covered: u64 = 0;
    let mut next: u64 = 0;
    while let Ok(first) = u32::try_from(next) {
        let placement = map.place(&IpAddr::V4(Ipv4Addr::from_bits(first)));
        let size = 1_u64 << (32 - u32::from(placement.scope.min(32)));
        // Scopes are aligned: the next one starts at the next multiple of the size.
        let end = (next / size + 1) * size;
        if classes.contains(&placement.class) {
            covered += end - next;
        }
        next = end;
    }
    covered as f64 * 100.0 / (1_u64 << 32) as f64
}

/// "3.2 %", "less than 0.1 %".
pub(super) fn in_words(percent: f64) -> String {
    if percent > 0.0 && percent < 0.1 { "less than 0.1 %".into() } else { format!("{percent:.1} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{MapRules, Prefix, Site, SiteId};

    #[test]
    fn every_address_counts_once() {
        let sites = ["a", "b"].map(|name| Site { name: name.into(), location: None });
        let network = |text: &str, length| Prefix { address: text.parse().unwrap(), length };
        let rules = MapRules {
            network: vec![
                (network("64.0.0.0", 2), vec![SiteId(1)]),
                (network("65.0.0.0", 8), vec![SiteId(0)]),
                (network("8.0.0.0", 8), vec![SiteId(1)]),
            ],
            default: vec![SiteId(0)],
            ..MapRules::default()
        };
        let map = Map::compile("m", &rules, &sites, &[]).unwrap();
        let of = |site| {
            let classes = map.classes().iter().enumerate();
            let found = classes.filter(|(_, list)| list[..] == [SiteId(site)]);
            ipv4_percent(&map, &found.map(|(index, _)| ClassId(index as u16)).collect())
        };
        assert_eq!(of(1), 25.0);
        assert_eq!(of(0), 75.0);
        assert_eq!(in_words(0.0), "0.0 %");
        assert_eq!(in_words(0.01), "less than 0.1 %");
    }
}
