//! Great-circle distances, with the same bits on every platform: `libm` instead of the machine's own functions.

use std::cmp::Ordering;

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

/// A site that `nearest` may choose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    pub(super) site: SiteId,
    pub(super) location: Location,
    /// Draws clients nearer (above 0) or pushes them away (below 0), −99…99.
    pub(super) bias: i8,
}

/// How far a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    pub(super) site: SiteId,
    /// Whole metres.
    pub(super) metres: u64,
    pub(super) bias: i8,
}

impl Distance {
    /// The distance that counts, exactly, as a fraction of metres: a bias b > 0 multiplies by (1 − b/100), b < 0
    /// divides by (1 + b/100) (semantics §6).
    fn counted(self) -> (u64, u64) {
        let left = 100 - u64::from(self.bias.unsigned_abs());
        if self.bias >= 0 { (self.metres * left, 100) } else { (self.metres * 100, left) }
    }

    /// The same in whole metres, rounded to the nearest, half upwards.
    pub(super) fn counted_metres(self) -> u64 {
        let (numerator, denominator) = self.counted();
        (2 * numerator + denominator) / (2 * denominator)
    }

    /// Fractions are compared crosswise: nothing is rounded again, and 2^25 metres by 100 by 100 are far below 2^64.
    fn compare(self, other: Distance) -> Ordering {
        let ((left, below_left), (right, below_right)) = (self.counted(), other.counted());
        (left * below_right).cmp(&(right * below_left))
    }
}

/// All the sites with their distances, nearest first by the distance that counts, ties in the order given.
pub(super) fn nearest(from: Location, sites: &[Located]) -> Vec<Distance> {
    let mut distances: Vec<Distance> = sites
        .iter()
        .map(|&Located { site, location, bias }| Distance { site, metres: metres(from, location), bias })
        .collect();
    distances.sort_by(|left, right| left.compare(*right));
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(latitude: f64, longitude: f64) -> Location {
        Location { latitude, longitude }
    }

    const fn located(id: u16, location: Location) -> Located {
        Located { site: SiteId(id), location, bias: 0 }
    }

    const SITES: [Located; 3] =
        [located(0, at(38.9, -77.0)), located(1, at(50.1, 8.7)), located(2, at(1.3, 103.9))];
    const NAMES: [&str; 3] = ["us", "de", "sg"];

    fn check(from: Location, biases: [i8; 3], expected: &str) {
        let mut sites = SITES;
        for (site, bias) in sites.iter_mut().zip(biases) {
            site.bias = bias;
        }
        let order: Vec<&str> =
            nearest(from, &sites).iter().map(|found| NAMES[usize::from(found.site.0)]).collect();
        assert_eq!(order.join(" "), expected, "{from:?} {biases:?}");
    }

    const MADRID: Location = at(40.4168, -3.7038);
    const HONOLULU: Location = at(21.3069, -157.8583);
    const FIJI: Location = at(-18.1, 178.4);
    const REYKJAVIK: Location = at(64.1466, -21.9426);
    const NAIROBI: Location = at(-1.2921, 36.8219);

    #[test]
    fn semantics_6_vectors_of_nearest() {
        check(MADRID, [0; 3], "de us sg");
        check(HONOLULU, [0; 3], "us sg de");
        check(FIJI, [0; 3], "sg us de");
        check(REYKJAVIK, [0; 3], "de us sg");
        check(NAIROBI, [0; 3], "de sg us");
    }

    #[test]
    fn semantics_6_vectors_with_a_bias() {
        check(MADRID, [99, 0, 0], "us de sg");
        check(HONOLULU, [0, 60, 0], "de us sg");
        check(HONOLULU, [-99, 0, 0], "sg de us");
        check(FIJI, [50, 0, 0], "us sg de");
        check(REYKJAVIK, [0, -99, -99], "us de sg");
        check(NAIROBI, [0, 0, 20], "sg de us");
        check(NAIROBI, [0, -20, 0], "sg de us");
    }

    #[test]
    fn semantics_6_vectors_of_the_distance_that_counts() {
        let check = |metres, bias, expected| {
            let found = Distance { site: SiteId(0), metres, bias }.counted_metres();
            assert_eq!(found, expected, "{metres} m at {bias}");
        };
        check(150_000, 50, 75_000);
        check(100_000, -50, 200_000);
        check(100_000, 0, 100_000);
        check(100_000, 99, 1_000);
        check(100_000, -99, 10_000_000);
        check(20_015_114, -99, 2_001_511_400);
        check(1, 50, 1);
        check(1, 51, 0);
        check(0, -99, 0);
    }

    #[test]
    fn what_counts_is_compared_as_a_fraction() {
        let far = |metres, bias| Distance { site: SiteId(0), metres, bias };
        // 100 · 0.67 = 67 = 45 / (1 − 0.328…): 67 against 66.99 m and against exactly 67 m.
        assert_eq!(far(100, 33).compare(far(67, 0)), Ordering::Equal);
        assert_eq!(far(101, 33).compare(far(68, 0)), Ordering::Less);
        assert_eq!(far(3, -50).compare(far(6, 0)), Ordering::Equal);
        assert_eq!(far(2, -40).compare(far(10, 67)), Ordering::Greater);
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
        let check = |bias, expected| {
            let twice = [located(4, at(10.0, 10.0)), located(2, at(10.0, 10.0)), located(9, at(10.0, 9.0))];
            let order: Vec<u16> = nearest(at(10.0, 9.5), &twice.map(|site| Located { bias, ..site }))
                .iter()
                .map(|found| found.site.0)
                .collect();
            assert_eq!(order, expected, "{bias}");
        };
        for bias in [0, 20, -20] {
            check(bias, [4, 2, 9]);
        }
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

        #[test]
        fn a_higher_bias_never_makes_a_site_farther(metres in 0_u64..=20_015_114, low in -99_i8..=98, up in 1_i8..=20) {
            let at = |bias| Distance { site: SiteId(0), metres, bias };
            let high = low.saturating_add(up).min(99);
            prop_assert_ne!(at(high).compare(at(low)), Ordering::Greater);
        }
    }
}
