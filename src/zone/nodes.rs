//! The nodes of a compiled zone: names, where each stands towards zone cuts and DNAMEs, and wildcards.

use super::compiled::{APEX, Link, NodeEntry, RrsetEntry, Standing};
use super::records::Records;
use crate::wire::name::LABELS_MAX;
use crate::wire::rtype;

/// How many labels the most owners have below the apex, at least one and the more of two; and how many the deepest one has.
pub(super) fn depths(records: &Records) -> (usize, usize) {
    let mut counts = [0u32; LABELS_MAX + 1];
    records.owners().iter().for_each(|owner| counts[usize::from(owner.depth)] += 1);
    let usual = (1..=LABELS_MAX).max_by_key(|&depth| counts[depth]).unwrap_or(1);
    let deepest = counts.iter().rposition(|&count| count > 0).unwrap_or(0);
    (usual.min(deepest.max(1)), deepest)
}

/// One node for each owner, and the one that ends the table.
pub(super) fn nodes(records: &Records, rrsets: &[RrsetEntry], first_rrsets: &[u32]) -> Vec<NodeEntry> {
    let mut nodes: Vec<NodeEntry> = Vec::with_capacity(first_rrsets.len());
    let names = records.owners().iter().map(|owner| owner.start);
    let names = names.chain([records.labels_length() as u32]);
    for (number, (name, &first)) in names.zip(first_rrsets).enumerate() {
        let mut standing = Standing::Authoritative;
        if let Some(owner) = records.owners().get(number) {
            let own = &rrsets[first as usize..first_rrsets[number + 1] as usize];
            standing = own_standing(number as u32, own);
            if let Some(parent) = nodes.get_mut(owner.parent as usize) {
                let is_wildcard = records.labels(number as u32).starts_with(b"\x01*");
                match parent.link.standing() {
                    Standing::Authoritative if is_wildcard => {
                        parent.link = parent.link.with_wildcard(number as u32);
                    }
                    Standing::Authoritative => {}
                    Standing::Cut | Standing::Dname | Standing::Occluded => standing = Standing::Occluded,
                }
            }
        }
        nodes.push(NodeEntry { name, rrsets: first, link: Link::new(standing) });
    }
    nodes
}

/// Where a node stands by its own records alone. Below the apex a delegation goes before a DNAME, which the servers of
/// the delegated zone may have (RFC 6672 §2.3).
fn own_standing(node: u32, own: &[RrsetEntry]) -> Standing {
    let has = |rtype| own.iter().any(|entry| entry.rtype == rtype);
    if node != APEX && has(rtype::NS) {
        Standing::Cut
    } else if has(rtype::DNAME) {
        Standing::Dname
    } else {
        Standing::Authoritative
    }
}
