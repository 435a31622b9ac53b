//! Lists of networks, each taken or not: the longest one that holds an address decides.

use std::net::IpAddr;

use super::Family;

/// One network of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its first address: no bit is set beyond `length`.
    pub address: IpAddr,
    /// 0–32 or 0–128.
    pub length: u8,
    /// What holds for its addresses, unless a longer network of the list says otherwise.
    pub taken: bool,
}

/// Networks compiled to sorted ranges: a look-up is one binary search, whatever lies within what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    entries: Box<[Network]>,
    otherwise: bool,
    ranges: [Box<[Range]>; 2],
}

/// A range of addresses up to the start of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: u128,
    taken: bool,
}

impl Networks {
    /// Compiles a list in which no network stands twice. `otherwise` holds for addresses that no network holds.
    pub fn new(mut entries: Vec<Network>, otherwise: bool) -> Networks {
        // A network stands before those inside it.
        entries.sort_by_key(|network| (bits(network.address), network.length));
        let ranges = Family::BOTH.map(|family| compile(&entries, family, otherwise));
        Networks { entries: entries.into(), otherwise, ranges }
    }

    /// Whether an address is taken.
    pub fn take(&self, address: IpAddr) -> bool {
        let ranges = &self.ranges[Family::of(address).index()];
        let after = ranges.partition_point(|range| range.start <= bits(address));
        after.checked_sub(1).map_or(self.otherwise, |at| ranges[at].taken)
    }

    /// The network that decides on an address; `None` when none holds it. For people: it looks at all of them.
    pub fn deciding(&self, address: IpAddr) -> Option<Network> {
        let holding = self.entries.iter().filter(|network| network.holds(address));
        holding.max_by_key(|network| network.length).copied()
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let family = Family::of(self.address);
        family == Family::of(address) && bits(address) >= bits(self.address) && bits(address) <= self.last()
    }

    /// Its last address, as bits.
    fn last(&self) -> u128 {
        let free = Family::of(self.address).bits() - self.length;
        bits(self.address) | 1u128.checked_shl(free.into()).map_or(u128::MAX, |size| size - 1)
    }
}

/// The ranges of one family. `entries` are in order, a network before those inside it.
fn compile(entries: &[Network], family: Family, otherwise: bool) -> Box<[Range]> {
    let mut ranges: Vec<Range> = Vec::new();
    // The networks that hold the present address, the innermost last.
    let mut around: Vec<Network> = Vec::new();
    for &network in entries.iter().filter(|network| Family::of(network.address) == family) {
        leave(&mut around, Some(bits(network.address)), otherwise, &mut ranges);
        change(&mut ranges, bits(network.address), network.taken);
        around.push(network);
    }
    leave(&mut around, None, otherwise, &mut ranges);
    // Behind the last address of the family there is none that could be looked up.
    ranges.into()
}

/// Leaves the networks that end before `next`, or all: behind each its surroundings go on.
fn leave(around: &mut Vec<Network>, next: Option<u128>, otherwise: bool, ranges: &mut Vec<Range>) {
    while let Some(inner) = around.pop_if(|inner| next.is_none_or(|next| inner.last() < next)) {
        if let Some(behind) = inner.last().checked_add(1) {
            let taken = around.last().map_or(otherwise, |outer| outer.taken);
            change(ranges, behind, taken);
        }
    }
}

/// From `start` on `taken` holds.
fn change(ranges: &mut Vec<Range>, start: u128, taken: bool) {
    ranges.pop_if(|last| last.start == start);
    if ranges.last().is_none_or(|last| last.taken != taken) {
        ranges.push(Range { start, taken });
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str, taken: bool) -> Network {
        let (address, length) = text.split_once('/').unwrap();
        Network { address: address.parse().unwrap(), length: length.parse().unwrap(), taken }
    }

    #[test]
    fn the_longest_network_decides_and_otherwise_the_rest() {
        let networks = Networks::new(
            vec![
                network("10.0.0.0/8", true),
                network("10.1.0.0/16", false),
                network("10.1.2.0/24", true),
                network("255.255.255.0/24", true),
                network("2001:db8::/32", true),
                network("2001:db8::/128", false),
                network("ffff::/16", true),
            ],
            false,
        );
        for (address, taken, deciding) in [
            ("10.0.0.0", true, Some(8)),
            ("10.0.255.255", true, Some(8)),
            ("10.1.0.0", false, Some(16)),
            ("10.1.2.0", true, Some(24)),
            ("10.1.2.255", true, Some(24)),
            ("10.1.3.0", false, Some(16)),
            ("10.2.0.0", true, Some(8)),
            ("10.255.255.255", true, Some(8)),
            ("11.0.0.0", false, None),
            ("9.255.255.255", false, None),
            ("255.255.255.255", true, Some(24)),
            ("2001:db8::", false, Some(128)),
            ("2001:db8::1", true, Some(32)),
            ("2001:db9::", false, None),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, Some(16)),
            ("::a01:200", false, None),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(networks.take(address), taken, "{address}");
            assert_eq!(networks.deciding(address).map(|network| network.length), deciding, "{address}");
        }
    }

    #[test]
    fn an_empty_list_and_the_whole_space_are_lists_too() {
        for otherwise in [true, false] {
            let networks = Networks::new(vec![network("::/0", !otherwise)], otherwise);
            assert_eq!(networks.take(IpAddr::from([192, 0, 2, 1])), otherwise);
            assert_eq!(networks.take("2001:db8::1".parse().unwrap()), !otherwise);
            assert_eq!(networks.take("ffff::".parse().unwrap()), !otherwise);
        }
    }

    proptest! {
        /// Ranges and the list itself agree on every address; small numbers make networks nest and touch.
        #[test]
        fn ranges_say_what_the_list_says(
            entries in prop::collection::btree_map((0u32..16, 28u8..=32), any::<bool>(), 0..12),
            otherwise in any::<bool>(),
        ) {
            let network = |((host, length), taken): ((u32, u8), bool)| {
                let first = host << (32 - length);
                Network { address: IpAddr::V4(first.into()), length, taken }
            };
            let networks = Networks::new(entries.into_iter().map(network).collect(), otherwise);
            for host in 0..300u32 {
                let address = IpAddr::V4(host.into());
                let expected = networks.deciding(address).map_or(otherwise, |network| network.taken);
                prop_assert_eq!(networks.take(address), expected, "{}", address);
            }
        }
    }
}
