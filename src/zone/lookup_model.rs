//! The look-up against a model: RFC 1034 §4.3.2, RFC 4592 §3.3.1 and RFC 6672 §3.2 written down naively over an ordered
//! map of names.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::Lookup;
use super::fixture::{HEAD, load, name, question};
use crate::wire::{Name, rtype};

type Model = BTreeMap<Name, BTreeSet<u16>>;

/// What the model finds: the types at the node that answers, and whether a wildcard stands in; the cut; the owner of
/// the DNAME; or nothing.
#[derive(Debug, PartialEq)]
enum Found {
    Node(BTreeSet<u16>, bool),
    Cut(Name),
    Below(Name),
    None,
}

fn model_find(model: &Model, apex: &Name, wanted: &Name, qtype: u16) -> Found {
    let mut ancestors: Vec<Name> = std::iter::successors(Some(wanted.clone()), Name::parent)
        .take_while(|name| name.is_within(apex))
        .collect();
    ancestors.reverse();
    let exists = |name: &Name| model.keys().any(|owner| owner.is_within(name));
    for ancestor in &ancestors {
        let has = |rtype| model.get(ancestor).is_some_and(|types| types.contains(&rtype));
        let is_cut = ancestor != apex && has(rtype::NS);
        if is_cut && !(ancestor == wanted && qtype == rtype::DS) {
            return Found::Cut(ancestor.clone());
        }
        if is_cut {
            break;
        }
        if ancestor != wanted && has(rtype::DNAME) {
            return Found::Below(ancestor.clone());
        }
    }
    if exists(wanted) {
        return Found::Node(model.get(wanted).cloned().unwrap_or_default(), false);
    }
    let encloser = ancestors.iter().rev().find(|ancestor| exists(ancestor)).unwrap();
    match encloser.child(b"*") {
        Ok(wildcard) if exists(&wildcard) => {
            Found::Node(model.get(&wildcard).cloned().unwrap_or_default(), true)
        }
        _ => Found::None,
    }
}

fn real_find(zone: &super::Zone, wanted: &Name, qtype: u16) -> Found {
    let question = question(&wanted.to_string());
    match zone.find(&question, qtype) {
        Lookup::Found { node, wildcard } => {
            Found::Node(node.rrsets().map(|rrset| rrset.rtype()).collect(), wildcard)
        }
        Lookup::Referral(referral) => {
            assert_eq!(referral.ns.rtype(), rtype::NS);
            Found::Cut(Name::from_wire(question.suffix(referral.cut)).unwrap())
        }
        Lookup::Redirected(redirection) => {
            assert_eq!(redirection.target(), b"\x01T\x04test\0");
            Found::Below(Name::from_wire(question.suffix(redirection.labels)).unwrap())
        }
        Lookup::NoName => Found::None,
    }
}

/// Few labels and few of them, so that names meet.
fn below_apex() -> impl Strategy<Value = String> {
    let label = prop::sample::select(vec!["a", "b", "c", "*", "ns1", "A"]);
    prop::collection::vec(label, 0..5).prop_map(|labels| {
        labels.iter().map(|label| format!("{label}.")).collect::<String>() + "example.com."
    })
}

fn record() -> impl Strategy<Value = (String, &'static str)> {
    let data = [
        "A 192.0.2.7",
        "A 192.0.2.8",
        "TXT x",
        "NS ns1.a.example.com.",
        "DS 1 13 9 aa",
        "MX 1 a",
        "DNAME T.test.",
    ];
    (below_apex(), prop::sample::select(data.to_vec()))
}

proptest! {
    #[test]
    fn rfc1034_and_rfc4592_lookup_equals_the_model(
        lines in prop::collection::vec(record(), 0..14),
        wanted in prop::collection::vec((below_apex(), prop::sample::select(vec![rtype::A, rtype::DS])), 12),
    ) {
        let mut text = HEAD.to_owned();
        let apex = name("example.com.");
        let mut model = Model::from([
            (apex.clone(), BTreeSet::from([rtype::SOA, rtype::NS])),
            (name("ns1.example.com."), BTreeSet::from([rtype::A])),
        ]);
        for (owner, data) in &lines {
            text.push_str(&format!("{owner} {data}\n"));
            let mnemonic = data.split(' ').next().unwrap();
            let Some(super::record_type::Parsed::Data(rtype)) = super::record_type::parse(mnemonic.as_bytes()) else {
                unreachable!()
            };
            model.entry(name(owner).to_lowercase()).or_default().insert(rtype);
        }
        // A wildcard with NS records is an error, but what was read can be looked into all the same.
        let zone = load(&text).0.unwrap().compile();
        for (wanted, qtype) in &wanted {
            let wanted = name(wanted).to_lowercase();
            let expected = model_find(&model, &apex, &wanted, *qtype);
            prop_assert_eq!(real_find(&zone, &wanted, *qtype), expected, "{} in\n{}", wanted, text);
        }
    }
}
