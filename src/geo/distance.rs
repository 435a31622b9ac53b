//! Great-circle distances, with the same bits on every platform: `libm` instead of the machine's own functions.

use super::rules::{Location, SiteId};

/// The Earth's mean radius in metres (IUGG 1980, R1).
const EARTH_RADIUS: f64 = 6_371_008.8;

/// Distance in whole metres (haversine formula).
pub(super) fn metres(from: Location, to: Location) -> u64 {
    let half_chord = square(libm::sin((to.latitude - from.latitude).to_radians() / 2.0))
        + libm::cos(from.latitude.to_radians())
            * libm::cos(to.latitude.to_radians())
            * square(libm::sin((to.longitude - from.longitude).to_radians() / 2.0));
    let angle = 2.0 * libm::asin(libm::sqrt(half_chord).min(1.0));
    libm::round(EARTH_RADIUS * angle) as u64
}

fn square(value: f64) -> f64 {
    value * value
}

/// All the sites with their distances in metres, nearest first, ties in the order given. `bias` belongs here: it
/// scales a site's distance before they are compared.
pub(super) fn nearest(from: Location, sites: &[(SiteId, Location)]) -> Vec<(SiteId, u64)> {
    let mut distances: Vec<(SiteId, u64)> =
        sites.iter().map(|&(site, location)| (site, metres(from, location))).collect();
    distances.sort_by_key(|&(_, distance)| distance);
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(latitude: f64, longitude: f64) -> Location {
        Location { latitude, longitude }
    }

    const SITES: [(SiteId, Location); 3] =
        [(SiteId(0), at(38.9, -77.0)), (SiteId(1), at(50.1, 8.7)), (SiteId(2), at(1.3, 103.9))];
    const NAMES: [&str; 3] = ["us", "de", "sg"];

    fn check(from: Location, expected: &str) {
        let order: Vec<&str> =
            nearest(from, &SITES).iter().map(|(site, _)| NAMES[usize::from(site.0)]).collect();
        assert_eq!(order.join(" "), expected, "{from:?}");
    }

    #[test]
    fn semantics_6_vectors() {
        check(at(40.4168, -3.7038), "de us sg");
        check(at(21.3069, -157.8583), "us sg de");
        check(at(-18.1, 178.4), "sg us de");
        check(at(64.1466, -21.9426), "de us sg");
        check(at(-1.2921, 36.8219), "de sg us");
    }

    #[test]
    fn distances_are_known_to_the_metre() {
        assert_eq!(metres(at(50.11, 8.68), at(50.11, 8.68)), 0);
        assert_eq!(metres(at(0.0, 0.0), at(0.0, 1.0)), 111_195);
        assert_eq!(metres(at(0.0, 0.0), at(0.0, 180.0)), 20_015_114);
        assert_eq!(metres(at(90.0, 0.0), at(-90.0, 55.0)), 20_015_114);
        assert_eq!(metres(at(50.11, 8.68), at(38.95, -77.45)), 6_553_324);
    }

    #[test]
    fn equal_distances_stay_in_written_order() {
        let twice = [(SiteId(4), at(10.0, 10.0)), (SiteId(2), at(10.0, 10.0)), (SiteId(9), at(10.0, 9.0))];
        let order: Vec<u16> = nearest(at(10.0, 9.5), &twice).iter().map(|(site, _)| site.0).collect();
        assert_eq!(order, [4, 2, 9]);
    }

    proptest! {
        #[test]
        fn a_distance_is_the_same_both_ways_and_at_most_half_around(
            a in -90.0_f64..=90.0, b in -180.0_f64..=180.0, c in -90.0_f64..=90.0, d in -180.0_f64..=180.0,
        ) {
            let there = metres(at(a, b), at(c, d));
            prop_assert_eq!(there, metres(at(c, d), at(a, b)));
            prop_assert!(there <= 20_015_114);
        }
    }
}
