//! The nodes of a compiled zone: names, where each stands towards zone cuts, wildcards and glue.

use super::compiled::{APEX, Link, NodeEntry, RrsetEntry, Standing, Zone, apex_end};
use super::records::Records;
use crate::wire::{QuestionName, rtype};

/// The owners' names as nodes have them, and where each starts; one more start at the end.
pub(super) fn names(records: &Records) -> (Vec<u8>, Vec<u32>) {
    let mut names = Vec::new();
    let mut starts = Vec::with_capacity(records.owners().len() + 1);
    let end = apex_end(records.apex().label_count());
    for owner in 0..records.owners().len() as u32 {
        starts.push(names.len() as u32);
        names.extend_from_slice(records.labels(owner));
        names.extend_from_slice(end);
    }
    starts.push(names.len() as u32);
    (names, starts)
}

/// One node for each owner, and the one that ends the table.
pub(super) fn nodes(
    records: &Records,
    rrsets: &[RrsetEntry],
    first_rrsets: &[u32],
    names: &[u32],
) -> Vec<NodeEntry> {
    let mut nodes: Vec<NodeEntry> = Vec::with_capacity(names.len());
    for (number, (&name, &first)) in names.iter().zip(first_rrsets).enumerate() {
        let mut node = NodeEntry { name, rrsets: first, link: Link::new(Standing::Authoritative) };
        if let (Some(owner), true) = (records.owners().get(number), number as u32 != APEX) {
            let own = &rrsets[first as usize..first_rrsets[number + 1] as usize];
            let parent = &mut nodes[owner.parent as usize].link;
            node.link = Link::new(match parent.standing() {
                Standing::Authoritative if own.iter().any(|entry| entry.rtype == rtype::NS) => Standing::Cut,
                Standing::Authoritative => Standing::Authoritative,
                Standing::Cut | Standing::BelowCut => Standing::BelowCut,
            });
            let is_wildcard = records.labels(number as u32).starts_with(b"\x01*");
            if is_wildcard && parent.standing() == Standing::Authoritative {
                *parent = parent.to(number as u32);
            }
        }
        nodes.push(node);
    }
    nodes
}

/// Links each cut to the nodes that hold addresses of its nameservers: those at or below the cut first, then those at
/// or below other cuts, then the zone's own.
pub(super) fn link_glue(zone: &mut Zone) {
    let mut glue = Vec::new();
    let mut links = Vec::new();
    let mut found: Vec<(u8, u32)> = Vec::new();
    let mut target = QuestionName::default();
    for number in zone.node_numbers().filter(|&number| zone.standing(number) == Standing::Cut) {
        let Some(ns) = zone.node(number).rrset(rtype::NS) else { continue };
        found.clear();
        ns.visit_targets(&mut target, |_, target| {
            if let Some(node) = zone.exact(target).filter(|&node| zone.has_addresses(node)) {
                found.push((closeness(zone, number, node), node));
            }
        });
        found.sort_by_key(|&(closeness, _)| closeness);
        if !found.is_empty() {
            links.push((number, glue.len() as u32));
            glue.push(found.len() as u32);
            glue.extend(found.iter().map(|&(_, node)| node));
        }
    }
    for (number, link) in links {
        let node = &mut zone.nodes[number as usize].link;
        *node = node.to(link);
    }
    zone.glue = glue.into();
}

/// 0 for a node at or below the cut, 1 at or below another one, 2 above all.
fn closeness(zone: &Zone, cut: u32, node: u32) -> u8 {
    let labels = zone.labels(node);
    if labels_end_with(labels, zone.labels(cut)) {
        0
    } else if zone.standing(node) == Standing::Authoritative {
        2
    } else {
        1
    }
}

/// Whether a row of labels ends with another one, at a label's start.
fn labels_end_with(labels: &[u8], end: &[u8]) -> bool {
    let mut rest = labels;
    while rest.len() > end.len() {
        rest = &rest[1 + usize::from(rest[0])..];
    }
    rest == end
}
