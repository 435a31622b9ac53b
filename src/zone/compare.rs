//! What is different between two versions of a zone.

use std::collections::HashMap;

use super::compiled::Zone;
use super::rrset::{Node, Rrset};

impl Zone {
    /// How many names there are.
    pub fn name_count(&self) -> usize {
        self.node_numbers().len()
    }

    /// How many names have other records in another version of the zone: RRsets that are not steered, with their data
    /// and TTL, whatever the order of their records. A name that only one version has counts; one without records of
    /// its own does not, and neither does the SOA, which every new version has.
    pub fn names_unlike(&self, other: &Zone) -> usize {
        let mut missing: HashMap<&[u8], u32> =
            other.node_numbers().map(|number| (other.labels(number), number)).collect();
        let unlike = |number: &u32| match missing.remove(self.labels(*number)) {
            Some(counterpart) => !are_alike(&self.node(*number), &other.node(counterpart)),
            None => has_static_records(&self.node(*number)),
        };
        let unlike = self.node_numbers().filter(unlike).count();
        unlike + missing.values().filter(|&&number| has_static_records(&other.node(number))).count()
    }
}

/// The RRsets that no rule steers, without the SOA.
fn static_rrsets<'z>(node: &Node<'z>) -> impl Iterator<Item = Rrset<'z>> + use<'z> {
    node.rrsets().filter(|rrset| rrset.rule().is_none() && rrset.rtype() != crate::wire::rtype::SOA)
}

fn has_static_records(node: &Node<'_>) -> bool {
    static_rrsets(node).next().is_some()
}

fn are_alike(one: &Node<'_>, other: &Node<'_>) -> bool {
    let (mut one, mut other) = (static_rrsets(one), static_rrsets(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if rrsets_are_alike(&one, &other) => {}
            _ => return false,
        }
    }
}

fn rrsets_are_alike(one: &Rrset<'_>, other: &Rrset<'_>) -> bool {
    if one.rtype() != other.rtype() || one.ttl() != other.ttl() {
        return false;
    }
    // Names in the data end in pointers, which stand at the same places where the octets are the same.
    let sorted = |rrset: &Rrset<'_>| {
        let mut data = rrset.full_rdata();
        data.sort_unstable();
        data
    };
    one.octets() == other.octets() || sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, load};

    fn check(old: &str, new: &str, expected: usize) {
        let [old, new] = [old, new].map(|text| load(&format!("{HEAD}{text}")).0.unwrap().compile());
        assert_eq!(old.names_unlike(&new), expected);
        assert_eq!(new.names_unlike(&old), expected);
    }

    #[test]
    fn names_with_other_records_are_counted() {
        let base = "a A 192.0.2.1\nb MX 10 a\nb.c.d TXT x\n";
        check(base, base, 0);
        check(base, "a A 192.0.2.1\nb MX 20 a\nb.c.d TXT x\n", 1);
        check(base, "a A 192.0.2.1\nb 7 MX 10 a\nb.c.d TXT x\n", 1);
        check(base, "a A 192.0.2.1\na AAAA 2001:db8::1\nb MX 10 a\nb.c.d TXT x\n", 1);
        check(base, "a A 192.0.2.1\nb MX 10 a\nc TXT x\nb.c.d TXT x\n", 1);
        check(base, "b MX 10 a\nc A 192.0.2.1\n", 3);
    }

    #[test]
    fn the_order_of_records_is_no_difference() {
        check("a A 192.0.2.1\na A 192.0.2.2\n", "a A 192.0.2.2\na A 192.0.2.1\n", 0);
        check("a MX 10 b\na MX 20 c.b\n", "a MX 20 c.b\na MX 10 b\n", 0);
    }
}
