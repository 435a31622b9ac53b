//! From the answer as a value to octets.

use super::decide::{Answer, Body, NextApex, Steered};
use crate::wire::response::{QUESTION_AT, Records, Response, Section};
use crate::zone::{Referral, Rrset};

/// Octets of a record in front of its RDATA when its owner is a pointer.
const BEFORE_RDATA: u16 = 12;

/// Where names stand in the message: the name that the records belong to, and the apex of its zone.
#[derive(Clone, Copy)]
struct Places {
    owner: u16,
    apex: u16,
}

/// Writes an answer's sections into a response. What does not fit is dropped section by section, with TC.
pub(super) fn render(answer: &Answer<'_>, response: &mut Response<'_, '_>) {
    if write(answer, response).is_none() {
        response.truncate();
    }
}

/// `None` when answer or authority do not fit.
fn write(answer: &Answer<'_>, response: &mut Response<'_, '_>) -> Option<()> {
    let mut places = Places { owner: QUESTION_AT, apex: QUESTION_AT + answer.apex_offset as u16 };
    for link in answer.chain.links() {
        let target = response.position() as u16 + BEFORE_RDATA;
        put(response, Section::Answer, places.owner, places.apex, link.rrset, None)?;
        places.owner = target;
        match link.next_apex {
            Some(NextApex::InTarget(offset)) => places.apex = target + offset as u16,
            Some(NextApex::InApex(offset)) => places.apex += offset as u16,
            None => {}
        }
    }
    match &answer.body {
        Body::Nothing => Some(()),
        Body::Rrset(rrset, ttl) => put(response, Section::Answer, places.owner, places.apex, *rrset, *ttl),
        Body::Steered(steered) => put_steered(response, places, steered),
        Body::Negative(soa, ttl) => put(response, Section::Authority, places.apex, places.apex, *soa, *ttl),
        Body::Referral(referral, cut) => put_referral(response, places, referral, *cut),
    }
}

fn put(
    response: &mut Response<'_, '_>,
    section: Section,
    owner: u16,
    apex: u16,
    rrset: Rrset<'_>,
    ttl: Option<u32>,
) -> Option<()> {
    response.put(section, owner, apex, records(rrset, ttl)).then_some(())
}

fn records(rrset: Rrset<'_>, ttl: Option<u32>) -> Records<'_, impl Iterator<Item = usize>> {
    let count = rrset.record_count() as u16;
    Records { octets: rrset.octets(), count, pointers: rrset.apex_pointers(), ttl }
}

fn put_steered(response: &mut Response<'_, '_>, places: Places, steered: &Steered<'_>) -> Option<()> {
    for octets in steered.drawn.records() {
        let record = Records { octets, count: 1, pointers: std::iter::empty(), ttl: Some(steered.ttl) };
        response.put(Section::Answer, places.owner, places.apex, record).then_some(())?;
    }
    Some(())
}

/// NS in the authority section; glue as far as it fits, all of it or TC (RFC 9471 §3).
fn put_referral(
    response: &mut Response<'_, '_>,
    places: Places,
    referral: &Referral<'_>,
    cut: usize,
) -> Option<()> {
    let cut = places.owner + cut as u16;
    put(response, Section::Authority, cut, places.apex, referral.ns, None)?;
    let additional = response.position();
    for glue in referral.glue() {
        if !response.put_named(Section::Additional, glue.owner, places.apex, records(glue.rrset, None)) {
            response.drop_additional(additional, true);
            break;
        }
    }
    Some(())
}
