//! What an additional section may hold and must hold beside an answer, told from the three and from the answer itself.

use std::collections::BTreeSet;

use crate::compare::Seen;
use crate::message::{Answer, Record};
use crate::peers::Who;
use crate::query::Transport;

/// A, AAAA, SVCB, HTTPS.
const ADDITIONAL_TYPES: [u16; 4] = [1, 28, 64, 65];
/// What a server sends over UDP at most, here.
const PAYLOAD_MAX: u16 = 1232;
/// What a client takes without EDNS (RFC 1035 §4.2.1).
const PAYLOAD_MIN: u16 = 512;
/// No address record is longer when its owner is compressed to a label of 12 octets.
const ROOM_OF_A_RECORD: usize = 41;

/// Whether Meridian adds each record once and only such as the answer names, and leaves out nothing that both Knot and
/// BIND have, unless it does not fit.
pub(super) fn is_right(seen: &Seen<'_>) -> bool {
    let Some(own) = seen.answer(Who::Meridian) else { return false };
    let added: BTreeSet<&Record> = own.additionals.iter().collect();
    is_named_once(own) && (is_full(seen, Who::Meridian) || common(seen).is_subset(&added))
}

/// Whether what was added is of a type that is, is there once, and has its name somewhere else in the message.
pub(super) fn is_named_once(answer: &Answer) -> bool {
    let added: BTreeSet<&Record> = answer.additionals.iter().collect();
    added.len() == answer.additionals.len()
        && added.iter().all(|record| ADDITIONAL_TYPES.contains(&record.rtype) && is_named(answer, record))
}

/// Whether an answer has no room for another address.
pub(super) fn is_full(seen: &Seen<'_>, who: Who) -> bool {
    seen.answer(who).is_some_and(|answer| answer.length + ROOM_OF_A_RECORD > room(seen))
}

/// What Knot and BIND both add.
fn common<'t>(seen: &Seen<'t>) -> BTreeSet<&'t Record> {
    let of = |who| seen.answer(who).map_or(&[][..], |answer| &answer.additionals);
    let bind: BTreeSet<&Record> = of(Who::Bind).iter().collect();
    of(Who::Knot).iter().filter(|record| bind.contains(record)).collect()
}

/// Whether another record of the message names the owner of this one, or has it (RFC 9460 §2.5.2).
fn is_named(message: &Answer, added: &Record) -> bool {
    let name = added.owner.octets();
    let names = |record: &Record| {
        record.owner == added.owner
            || record.data.windows(name.len()).any(|octets| octets.eq_ignore_ascii_case(&name))
    };
    let others = message.answers.iter().chain(&message.authorities).chain(&message.additionals);
    let is_other = |other: &Record| (&other.owner, other.rtype) != (&added.owner, added.rtype);
    others.filter(|other| is_other(other)).any(names)
}

/// How long an answer may be.
fn room(seen: &Seen<'_>) -> usize {
    if seen.query.transport == Transport::Tcp {
        return usize::from(u16::MAX);
    }
    let payload = seen.query.edns.as_ref().map_or(PAYLOAD_MIN, |edns| edns.payload);
    usize::from(payload.clamp(PAYLOAD_MIN, PAYLOAD_MAX))
}
