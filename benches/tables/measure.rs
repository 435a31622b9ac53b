//! What is measured of a map.

/// One figure of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// From the octets of the file to the ranges of places.
    Walk,
    /// From the ranges of places to the tables.
    Compile,
    /// Both, from the octets of the file to the tables: what a start or a new file waits for.
    WalkAndCompile,
    /// The table of IPv4.
    OctetsIpv4,
    /// The table of IPv6.
    OctetsIpv6,
    /// One look-up after the other, none begun before the last one's result is known.
    LookUpIpv4,
    /// The same.
    LookUpIpv6,
}

impl Measure {
    /// In the order of the table.
    pub(crate) const ALL: [Measure; 7] = [
        Measure::Walk,
        Measure::Compile,
        Measure::WalkAndCompile,
        Measure::OctetsIpv4,
        Measure::OctetsIpv6,
        Measure::LookUpIpv4,
        Measure::LookUpIpv6,
    ];

    /// For people, with the unit.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Measure::Walk => "walk over the database, s",
            Measure::Compile => "map compile, s",
            Measure::WalkAndCompile => "walk and compile, s",
            Measure::OctetsIpv4 => "octets of IPv4, MB",
            Measure::OctetsIpv6 => "octets of IPv6, MB",
            Measure::LookUpIpv4 => "look-up of IPv4, ns",
            Measure::LookUpIpv6 => "look-up of IPv6, ns",
        }
    }

    /// Digits behind the point.
    pub(crate) fn digits(self) -> usize {
        match self {
            Measure::Walk | Measure::Compile | Measure::WalkAndCompile => 3,
            Measure::OctetsIpv4 | Measure::OctetsIpv6 => 2,
            Measure::LookUpIpv4 | Measure::LookUpIpv6 => 1,
        }
    }
}

/// The values of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    values: [Vec<f64>; Measure::ALL.len()],
}

impl Samples {
    /// Adds a value.
    pub(crate) fn add(&mut self, measure: Measure, value: f64) {
        self.values[measure as usize].push(value);
    }

    /// The values of a measure.
    pub(crate) fn of(&self, measure: Measure) -> &[f64] {
        &self.values[measure as usize]
    }
}
