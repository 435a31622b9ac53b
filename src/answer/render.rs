//! From the answer as a value to octets.

use super::chain::{self, CHAIN_MAX, Chain, Link, LinkKind};
use super::outcome::{Answer, Body, Steered, Why};
use crate::steer::Drawn;
use crate::wire::header::HEADER_LENGTH;
use crate::wire::name::NAME_MAX;
use crate::wire::response::{POINTER_REACH, QUESTION_AT, Records, Response, Section, Whole};
use crate::wire::rtype;
use crate::zone::{RRSET_START_MAX, Referral, Rrset};

const BEFORE_RDATA: u16 = chain::BEFORE_RDATA as u16;
/// Where an RRset begins at the latest: behind the question and a chain of DNAMEs, each with its CNAME, of the longest
/// names. Pointers within it reach what they name.
const START_MAX: usize = HEADER_LENGTH + NAME_MAX + 4 + CHAIN_MAX * 2 * (BEFORE_RDATA as usize + NAME_MAX);
const _: () = assert!(START_MAX <= RRSET_START_MAX);

/// Where names stand in the message: the name that the records belong to, and the apex of its zone.
#[derive(Clone, Copy)]
struct Places {
    owner: u16,
    apex: u16,
}

/// Goes on with the records of an answer that is no more than those of one RRset. `None` where it is more, or longer. The shapes
/// that nearly every answer has stand by themselves: what is known of them needs no look.
#[inline(always)]
pub(super) fn put_only<'b>(answer: &Answer<'_>, whole: Whole<'b>) -> Option<Whole<'b>> {
    if !answer.chain.is_empty() {
        return None;
    }
    match &answer.body {
        Body::Rrset(rrset, None) if rrset.is_plain() => {
            let records = Records { octets: rrset.octets(), count: 1, pointers: &[], ttl: None };
            whole.put(Section::Answer, QUESTION_AT, QUESTION_AT, records)
        }
        Body::Steered(steered) => {
            let records = steered_record(steered, steered.drawn.only_record()?);
            whole.put(Section::Answer, QUESTION_AT, QUESTION_AT, records)
        }
        Body::Negative(soa, ttl) => {
            let apex = apex_of(answer);
            whole.put(Section::Authority, apex, apex, records(*soa, *ttl))
        }
        Body::Rrset(rrset, ttl) if !rrset.has_additional() => {
            whole.put(Section::Answer, QUESTION_AT, apex_of(answer), records(*rrset, *ttl))
        }
        _ => None,
    }
}

/// Where the apex of the first zone stands in the message.
#[inline(always)]
fn apex_of(answer: &Answer<'_>) -> u16 {
    // Within a name, which has less than 256 octets: said so, nothing is checked.
    QUESTION_AT + u16::from(answer.apex_offset as u8)
}

/// Writes an answer's sections into a response. Where answer or authority do not fit, both are dropped, with TC.
#[inline(always)]
pub(super) fn render(answer: &Answer<'_>, response: &mut Response<'_>) {
    if write(answer, response).is_none() {
        response.truncate();
    }
}

/// `None` when answer or authority do not fit.
#[inline(always)]
fn write(answer: &Answer<'_>, response: &mut Response<'_>) -> Option<()> {
    let mut places = Places { owner: QUESTION_AT, apex: apex_of(answer) };
    if !answer.chain.is_empty() {
        let chain = answer.chain;
        places = response.aside(|response| put_chain(response, places, &chain))?;
    }
    match &answer.body {
        Body::Nothing => Some(()),
        Body::Rrset(rrset, ttl) => {
            let start = response.position();
            put(response, Section::Answer, places.owner, places.apex, *rrset, *ttl)?;
            // ANY gets as little as may be (RFC 8482 §4.1).
            if rrset.has_additional() && answer.why != Why::OneOfAny {
                response.aside(|response| put_additional(response, places, *rrset, start));
            }
            Some(())
        }
        Body::Steered(steered) => put_steered(response, places, steered),
        Body::Negative(soa, ttl) => put(response, Section::Authority, places.apex, places.apex, *soa, *ttl),
        Body::Referral(referral, cut) => {
            response.aside(|response| put_referral(response, places, referral, *cut))
        }
    }
}

/// Writes the links of a chain; where the name that it leads to stands, and the apex of the zone that holds that.
#[inline(never)]
fn put_chain(response: &mut Response<'_>, places: Places, chain: &Chain<'_>) -> Option<Places> {
    chain.links().try_fold(places, |places, link| put_link(response, places, link))
}

/// Writes a link of the chain; where the name that it leads to stands, and the apex of the zone that holds that.
fn put_link(response: &mut Response<'_>, places: Places, link: &Link<'_>) -> Option<Places> {
    let mut owner = response.position() as u16 + BEFORE_RDATA;
    match link.kind {
        LinkKind::Cname => put_cname(response, places, link)?,
        LinkKind::Dname { kept } => {
            let target = put_dname(response, places, link, usize::from(kept))?;
            owner = response.position() as u16 + BEFORE_RDATA;
            response
                .put_redirection(places.owner, usize::from(kept), target, link.rrset.ttl())
                .then_some(())?;
        }
        LinkKind::DnameTooLong { kept } => {
            put_dname(response, places, link, usize::from(kept))?;
        }
    }
    let apex = link.next_apex.map_or(places.apex, |offset| response.within_name(owner, usize::from(offset)));
    Some(Places { owner, apex })
}

/// Writes the CNAME of a link: that of the zone, or the one that a rule chose.
fn put_cname(response: &mut Response<'_>, places: Places, link: &Link<'_>) -> Option<()> {
    let ttl = link.steered.map(|steered| steered.ttl);
    match link.steered.and_then(|steered| steered.drawn) {
        Some(drawn) => put_data(response, places, drawn, ttl),
        None => put(response, Section::Answer, places.owner, places.apex, link.rrset, ttl),
    }
}

/// Writes the DNAME of a link, unless it stands there already; where its target stands.
fn put_dname(response: &mut Response<'_>, places: Places, link: &Link<'_>, kept: usize) -> Option<u16> {
    if link.is_met_again {
        return response.find(rtype::DNAME, link.rrset.rdata().next()?);
    }
    let owner = response.within_name(places.owner, kept);
    let target = response.position() as u16 + BEFORE_RDATA;
    put(response, Section::Answer, owner, places.apex, link.rrset, None)?;
    Some(target)
}

#[inline(always)]
fn put(
    response: &mut Response<'_>,
    section: Section,
    owner: u16,
    apex: u16,
    rrset: Rrset<'_>,
    ttl: Option<u32>,
) -> Option<()> {
    response.put(section, owner, apex, records(rrset, ttl)).then_some(())
}

#[inline(always)]
fn records(rrset: Rrset<'_>, ttl: Option<u32>) -> Records<'_> {
    let count = rrset.record_count() as u16;
    Records { octets: rrset.octets(), count, pointers: rrset.pointer_offsets(), ttl }
}

#[inline(always)]
fn put_steered(response: &mut Response<'_>, places: Places, steered: &Steered<'_>) -> Option<()> {
    if steered.drawn.has_data() {
        return response.aside(|response| put_data(response, places, steered.drawn, Some(steered.ttl)));
    }
    for octets in steered.drawn.records() {
        let record = steered_record(steered, octets);
        response.put(Section::Answer, places.owner, places.apex, record).then_some(())?;
    }
    Some(())
}

/// Writes records that steering chose and that are no addresses.
#[inline(never)]
fn put_data(response: &mut Response<'_>, places: Places, drawn: Drawn<'_>, ttl: Option<u32>) -> Option<()> {
    for (octets, count) in drawn.data()? {
        let records = Records { octets, count, pointers: &[], ttl };
        response.put(Section::Answer, places.owner, places.apex, records).then_some(())?;
    }
    Some(())
}

/// A record that steering chose.
#[inline(always)]
fn steered_record<'r>(steered: &Steered<'_>, octets: &'r [u8]) -> Records<'r> {
    Records { octets, count: 1, pointers: &[], ttl: Some(steered.ttl) }
}

/// NS in the authority section, then glue.
#[inline(never)]
fn put_referral(
    response: &mut Response<'_>,
    places: Places,
    referral: &Referral<'_>,
    cut: usize,
) -> Option<()> {
    let owner = response.within_name(places.owner, cut);
    let start = response.position();
    put(response, Section::Authority, owner, places.apex, referral.ns, None)?;
    put_additional(response, Places { owner, ..places }, referral.ns, start);
    Some(())
}

/// What goes along with an RRset that was written at `start`: each owner is a pointer to where the RRset names it. What
/// does not fit is left out, RRset by RRset; TC says so where it is needed (RFC 9471 §3.1).
#[inline(never)]
fn put_additional(response: &mut Response<'_>, places: Places, rrset: Rrset<'_>, start: usize) {
    for additional in rrset.additional() {
        let owner = additional.owner.map_or(usize::from(places.owner), |offset| start + offset);
        let records = records(additional.rrset, None);
        let fits =
            owner <= POINTER_REACH && response.put(Section::Additional, owner as u16, places.apex, records);
        if !fits && additional.required {
            response.set_truncated();
        }
    }
}
