//! Great-circle distances, with the same bits on every platform: `libm` instead of the machine's own functions.

use std::cmp::Ordering;

use super::rules::{Location, SiteId};

/// The Earth's mean radius in metres (IUGG 1980, R1).
const EARTH_RADIUS: f64 = 6_371_008.8;

/// How much larger one squared chord of the unit sphere must be than another, that the arc is longer by a metre at least:
/// three metres, where a chord changes least with its arc, so that rounding to metres and the error of the numbers cannot
/// make up for it.
const SURELY_FARTHER: f64 = 1e-6;

/// Distance in whole metres.
#[cfg(test)]
pub(super) fn metres(from: Location, to: Location) -> u64 {
    Point::new(from).metres(&Point::new(to))
}

/// A location with what all its distances need.
#[derive(Debug, Clone, Copy)]
struct Point {
    location: Location,
    /// Cosine of the latitude.
    cosine: f64,
    /// On the unit sphere.
    place: [f64; 3],
}

impl Point {
    fn new(location: Location) -> Point {
        let (latitude, longitude) = (location.latitude.to_radians(), location.longitude.to_radians());
        let cosine = libm::cos(latitude);
        let place = [cosine * libm::cos(longitude), cosine * libm::sin(longitude), libm::sin(latitude)];
        Point { location, cosine, place }
    }

    /// Distance in whole metres (haversine formula).
    fn metres(&self, to: &Point) -> u64 {
        let half_chord =
            square(libm::sin((to.location.latitude - self.location.latitude).to_radians() / 2.0))
                + self.cosine
                    * to.cosine
                    * square(libm::sin((to.location.longitude - self.location.longitude).to_radians() / 2.0));
        let angle = 2.0 * libm::asin(libm::sqrt(half_chord).min(1.0));
        libm::round(EARTH_RADIUS * angle) as u64
    }

    /// The square of the chord, as good as numbers give it: it grows with the distance.
    fn square_of_chord(&self, to: &Point) -> f64 {
        self.place.iter().zip(&to.place).map(|(from, to)| square(from - to)).sum()
    }
}

fn square(value: f64) -> f64 {
    value * value
}

/// A site that `nearest` may choose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    site: SiteId,
    point: Point,
    /// Draws clients nearer (above 0) or pushes them away (below 0), −99…99.
    bias: i8,
}

impl Located {
    /// A site with its location and bias.
    pub(super) fn new(site: SiteId, location: Location, bias: i8) -> Located {
        Located { site, point: Point::new(location), bias }
    }
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
    sorted(&Point::new(from), sites.iter())
}

/// The first `count` of them. A database has half a million places to be measured from, and exact distances take long:
/// only the sites that the chords leave in question are measured.
pub(super) fn first_nearest(from: Location, sites: &[Located], count: usize) -> Vec<Distance> {
    let from = Point::new(from);
    let last = count.checked_sub(1).filter(|&last| last < sites.len());
    let mut found = match last {
        Some(last) if sites.iter().all(|site| site.bias == 0) => {
            let chords: Vec<f64> = sites.iter().map(|site| from.square_of_chord(&site.point)).collect();
            let farthest = nth_smallest(chords.clone(), last) + SURELY_FARTHER;
            let in_question = sites.iter().zip(&chords).filter(|&(_, &chord)| chord <= farthest);
            sorted(&from, in_question.map(|(site, _)| site))
        }
        _ => sorted(&from, sites.iter()),
    };
    found.truncate(count);
    found
}

fn nth_smallest(mut numbers: Vec<f64>, index: usize) -> f64 {
    *numbers.select_nth_unstable_by(index, f64::total_cmp).1
}

fn sorted<'s>(from: &Point, sites: impl Iterator<Item = &'s Located>) -> Vec<Distance> {
    let mut distances: Vec<Distance> = sites
        .map(|&Located { site, ref point, bias }| Distance { site, metres: from.metres(point), bias })
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

    const SITES: [Location; 3] = [at(38.9, -77.0), at(50.1, 8.7), at(1.3, 103.9)];
    const NAMES: [&str; 3] = ["us", "de", "sg"];

    fn check(from: Location, biases: [i8; 3], expected: &str) {
        let sites: Vec<Located> = (0..)
            .zip(SITES.iter().zip(biases))
            .map(|(id, (&location, bias))| Located::new(SiteId(id), location, bias))
            .collect();
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
        let check = |bias, expected: [u16; 3]| {
            let twice = [(4, at(10.0, 10.0)), (2, at(10.0, 10.0)), (9, at(10.0, 9.0))]
                .map(|(id, location)| Located::new(SiteId(id), location, bias));
            let order: Vec<u16> = nearest(at(10.0, 9.5), &twice).iter().map(|found| found.site.0).collect();
            assert_eq!(order, expected, "{bias}");
            for count in 0..=4 {
                let first = first_nearest(at(10.0, 9.5), &twice, count);
                let first: Vec<u16> = first.iter().map(|found| found.site.0).collect();
                assert_eq!(first, expected[..count.min(3)], "{count} at {bias}");
            }
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
        fn the_first_of_the_nearest_are_the_first_of_all(
            from in (-90.0_f64..=90.0, -180.0_f64..=180.0),
            near in prop::collection::vec((-1e-4_f64..=1e-4, -1e-4_f64..=1e-4, prop::bool::ANY), 1..12),
            count in 0_usize..14, bias in prop::option::weighted(0.2, -99_i8..=99),
        ) {
            let sites: Vec<Located> = (0..).zip(&near).map(|(id, &(north, east, opposite))| {
                let at = at((from.0 + north).clamp(-90.0, 90.0), (from.1 + east).clamp(-180.0, 180.0));
                let location = if opposite {
                    Location { latitude: -at.latitude, longitude: at.longitude - 180.0_f64.copysign(at.longitude) }
                } else { at };
                Located::new(SiteId(id), location, bias.unwrap_or(0))
            }).collect();
            let from = at(from.0, from.1);
            let mut all = nearest(from, &sites);
            all.truncate(count);
            prop_assert_eq!(first_nearest(from, &sites, count), all);
        }

        #[test]
        fn a_chord_that_is_surely_longer_is_longer_by_a_metre(
            a in -90.0_f64..=90.0, b in -180.0_f64..=180.0, c in -90.0_f64..=90.0, d in -180.0_f64..=180.0,
            north in -1e-4_f64..=1e-4, east in -1e-4_f64..=1e-4,
        ) {
            let [from, to] = [at(a, b), at(c, d)].map(Point::new);
            let beside = Point::new(at((c + north).clamp(-90.0, 90.0), (d + east).clamp(-180.0, 180.0)));
            if from.square_of_chord(&beside) > from.square_of_chord(&to) + SURELY_FARTHER {
                prop_assert!(from.metres(&beside) > from.metres(&to));
            }
        }

        #[test]
        fn a_higher_bias_never_makes_a_site_farther(metres in 0_u64..=20_015_114, low in -99_i8..=98, up in 1_i8..=20) {
            let at = |bias| Distance { site: SiteId(0), metres, bias };
            let high = low.saturating_add(up).min(99);
            prop_assert_ne!(at(high).compare(at(low)), Ordering::Greater);
        }
    }
}
