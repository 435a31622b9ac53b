//! The fixed order of a pool's members, the same on every server of a fleet (semantics §3).

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use super::pool::Pool;

/// The members of a pool by index, ascending by SipHash-2-4 (zero key) of pool ‖ 0 ‖ member, ties to the lower name.
/// Not the written order, so that a file whose lines are sorted differently draws the same.
pub(super) fn fixed_order(pool: &Pool) -> Vec<u16> {
    let mut prefix = SipHasher24::new();
    prefix.write(pool.name.as_bytes());
    prefix.write(&[0]);
    let hash = |name: &str| {
        let mut hasher = prefix;
        hasher.write(name.as_bytes());
        hasher.finish()
    };
    let mut order: Vec<(u64, u16)> =
        (0u16..).zip(&pool.members).map(|(index, member)| (hash(&member.name), index)).collect();
    let name = |index: u16| &pool.members[usize::from(index)].name;
    order.sort_unstable_by(|one, other| one.0.cmp(&other.0).then_with(|| name(one.1).cmp(name(other.1))));
    order.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::pool::{MinHealthy, Pick};
    use crate::steer::testing::{member, pool};

    fn order(pool_name: &str, members: &[&str]) -> Vec<String> {
        let (mut pool, _) = pool("u1", Pick::Weighted, MinHealthy::Count(1));
        pool.name = pool_name.to_owned();
        pool.members = members.iter().map(|name| member(name, 1)).collect();
        fixed_order(&pool).iter().map(|&index| pool.members[usize::from(index)].name.clone()).collect()
    }

    /// Every version must keep it. The hashes, by another implementation: 267c354d51df0b34, 2a98c5d88acc5d2c,
    /// 6ca5bcbee5b1880c, 732ccc71794b9fe8, abd080ea59a33463, e5997329fa406404.
    #[test]
    fn vector_of_the_fixed_order() {
        assert_eq!(
            order("web-fra", &["fra-1", "fra-2", "fra-3", "fra-4", "fra-5", "fra-6"]),
            ["fra-1", "fra-6", "fra-4", "fra-5", "fra-3", "fra-2"]
        );
    }

    #[test]
    fn the_written_order_does_not_matter() {
        assert_eq!(order("web", &["a", "b", "c", "d"]), order("web", &["d", "b", "a", "c"]));
    }
}
