//! The options of an answer: what its query asked for, and what is told without being asked.
//!
//! | option         | when                                                                | how important |
//! |----------------|---------------------------------------------------------------------|---------------|
//! | client subnet  | asked, echoed with the scope (it stands apart, room is always kept)  | –             |
//! | cookie         | a cookie came and cookies are on                                    | 1             |
//! | NSID           | asked and an identity is configured                                 | 2             |
//! | tcp-keepalive  | asked over TCP                                                      | 3             |
//! | ZONEVERSION    | asked and a zone of ours holds the name                             | 4             |
//! | extended error | there is something to say and it is wanted (text cut to the room)   | 5             |
//! | Report-Channel | configured and a zone of ours answers                               | 6             |
//!
//! Whatever finds no room is left out. Padding is for encrypted transports (RFC 8467 §4), of which there are none.

use std::net::IpAddr;

use super::cookie::{Judged, ProcessSecrets};
use super::{Context, Transport};
use crate::snapshot::{ExtendedErrors, Snapshot};
use crate::wire::edns::option;
use crate::wire::options::Options;
use crate::wire::{Edns, ExtendedError, Features, QuestionName};

/// Who has sent a query, and how.
#[derive(Clone, Copy)]
pub struct Arrival<'p> {
    /// Where it came from.
    pub source: &'p IpAddr,
    /// By which way.
    pub transport: Transport,
    /// What its cookie says of the source.
    pub cookie: Judged<'p>,
    /// Octets of the message.
    pub length: usize,
}

impl<'p> Arrival<'p> {
    /// A query of `length` octets from `source`; its cookie is judged.
    pub fn new(
        context: &Context<'_>,
        process: &mut ProcessSecrets,
        from: (&'p IpAddr, Transport),
        edns: Option<&Edns<'p>>,
        length: usize,
    ) -> Arrival<'p> {
        let mut arrival = Arrival::bare(from, length);
        if let (Some(sent), Some(secrets)) = (edns.and_then(|edns| edns.cookie), process.at(context)) {
            arrival.cookie = Judged::new(secrets, *arrival.source, sent, context.now);
        }
        arrival
    }

    /// A query of `length` octets from `source`, without a cookie.
    #[inline(always)]
    pub(super) fn bare((source, transport): (&'p IpAddr, Transport), length: usize) -> Arrival<'p> {
        Arrival { source, transport, cookie: Judged::NONE, length }
    }

    /// Judges the cookie that was sent, and puts the one that goes back into `options`, which then hold nothing else: nearly
    /// every answer has just that, and what has more begins anew. There always is room for it: what a client takes is at
    /// least 512 octets, of which the longest question leaves half.
    #[inline(never)]
    pub(super) fn exchange_cookies(
        &mut self,
        context: &Context<'_>,
        process: &mut ProcessSecrets,
        options: &mut Options,
        sent: &'p [u8],
    ) {
        options.start(usize::MAX);
        if let Some(secrets) = process.at(context) {
            self.cookie = Judged::new(secrets, *self.source, sent, context.now);
            if let Some(cookie) = self.cookie.reply(secrets, *self.source, context.now) {
                options.put_cookie(&cookie);
            }
        }
    }
}

/// What an answer says beside the data.
#[derive(Default)]
pub struct Remarks<'a> {
    /// SCOPE PREFIX-LENGTH (RFC 7871 §7.2.1).
    pub scope: u8,
    /// What is wrong, or odd.
    pub error: Option<ExtendedError>,
    /// Of the zone of the question's name: its labels (the root label not counted) and its serial.
    pub zone_version: Option<(u8, u32)>,
    /// Where resolvers report what is wrong with the zone.
    pub report_channel: Option<&'a [u8]>,
}

impl<'a> Remarks<'a> {
    /// What is to be said of an answer about `name` that a zone of ours gives.
    pub fn of_zone(snapshot: &'a Snapshot, edns: &Edns<'_>, name: &QuestionName, qtype: u16) -> Remarks<'a> {
        let zone_version = || {
            let (zone, apex) = snapshot.zones.find(name, qtype)?;
            Some(((name.label_count() - apex) as u8, zone.serial()))
        };
        let agent = snapshot.configuration.report_channel.as_ref();
        Remarks {
            zone_version: if edns.features.has(Features::ZONE_VERSION) { zone_version() } else { None },
            // RFC 9567 §6.2: reports about reports would never end.
            report_channel: agent
                .map(|agent| agent.as_octets())
                .filter(|agent| !is_within(name.as_octets(), agent)),
            ..Remarks::default()
        }
    }

    /// Whether there is anything that the query did not ask for.
    pub fn tell_unasked(&self) -> bool {
        self.error.is_some() || self.report_channel.is_some()
    }

    /// The same without it.
    #[must_use]
    pub fn asked_for(&self) -> Remarks<'a> {
        Remarks { scope: self.scope, zone_version: self.zone_version, error: None, report_channel: None }
    }
}

/// Puts the options into `options`, which has been started with the room that there is.
pub fn put_options(
    options: &mut Options,
    context: &Context<'_>,
    process: &mut ProcessSecrets,
    arrival: &Arrival<'_>,
    edns: &Edns<'_>,
    remarks: &Remarks<'_>,
) {
    let configuration = &context.snapshot.configuration;
    if edns.cookie.is_some() {
        put_cookie(options, context, process, arrival);
    }
    if let (true, Some(identity)) = (edns.features.has(Features::NSID), &configuration.identity) {
        options.put(option::NSID, &[identity.as_bytes()]);
    }
    if edns.features.has(Features::KEEPALIVE) && arrival.transport == Transport::Tcp {
        options.put(option::TCP_KEEPALIVE, &[&context.keepalive.to_be_bytes()]);
    }
    if let Some((labels, serial)) = remarks.zone_version {
        options.put(option::ZONE_VERSION, &[&[labels, SOA_SERIAL], &serial.to_be_bytes()]);
    }
    if let Some(error) = remarks.error.filter(|_| configuration.extended_errors != ExtendedErrors::Off) {
        options.put_extended_error(error);
    }
    if let Some(agent) = remarks.report_channel {
        options.put(option::REPORT_CHANNEL, &[agent]);
    }
}

/// The only type of a version (RFC 9660 §7.2).
const SOA_SERIAL: u8 = 0;

/// Puts the cookie that goes back to the client; nothing where it sent none, or where cookies are off.
#[inline]
pub(super) fn put_cookie(
    options: &mut Options,
    context: &Context<'_>,
    process: &mut ProcessSecrets,
    arrival: &Arrival<'_>,
) {
    if let Some(secrets) = process.at(context)
        && let Some(cookie) = arrival.cookie.reply(secrets, *arrival.source, context.now)
    {
        options.put_cookie(&cookie);
    }
}

/// Whether a name is `ancestor` or below it; both uncompressed and in lower case.
fn is_within(name: &[u8], ancestor: &[u8]) -> bool {
    let mut at = 0;
    while name.len() - at > ancestor.len() {
        at += 1 + usize::from(name[at]);
    }
    name.get(at..) == Some(ancestor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_within_itself_and_its_ancestors_only() {
        let name = b"\x01a\x03er\x00\x03com\0";
        for (ancestor, expected) in [
            (b"\0".as_slice(), true),
            (b"\x03com\0", true),
            (name, true),
            (b"\x02om\0", false),
            (b"\x03org\0", false),
            (b"\x01b\x01a\x03er\x00\x03com\0", false),
        ] {
            assert_eq!(is_within(name, ancestor), expected, "{ancestor:?}");
        }
    }
}
