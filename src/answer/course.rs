//! Who answers a well-formed query.

use super::{Transport, error};
use crate::wire::query::Query;
use crate::wire::{ExtendedError, Features, class, rtype};

/// Who answers a well-formed query.
pub(super) enum Course {
    /// [`decide`], as a question of this type.
    Decide(u16),
    /// The control handler.
    Control,
    /// Nobody: FORMERR, for this reason.
    Refuse(ExtendedError),
}

impl Course {
    /// Whether the course of a query is to be decided on as it is, which [`Course::of`] would say at more length.
    #[inline(always)]
    pub(super) fn is_ordinary(query: &Query<'_>, transport: Transport) -> bool {
        let is_transfer = matches!(query.qtype, rtype::AXFR | rtype::IXFR);
        transport == Transport::Udp && query.qclass == class::IN && !is_transfer
    }

    /// The course of a query. `asks_for_a_zone` says whether its name is the apex of a zone of ours.
    #[inline(never)]
    pub(super) fn of(
        query: &Query<'_>,
        transport: Transport,
        asks_for_a_zone: impl FnOnce() -> bool,
    ) -> Course {
        // A timeout in a query (RFC 7828 §3.2.1); over UDP the option means nothing.
        let keepalive = query.edns.features.has(Features::KEEPALIVE_WITH_DATA);
        match (query.qclass, query.qtype, transport) {
            (_, _, Transport::Tcp) if keepalive => Course::Refuse(error::KEEPALIVE),
            (class::CHAOS, _, _) | (_, rtype::AXFR | rtype::IXFR, Transport::Tcp) => Course::Control,
            (_, rtype::AXFR, Transport::Udp) => Course::Refuse(error::TRANSFER_OVER_UDP),
            // RFC 1995 §2: over UDP the SOA tells the client to come over TCP; who asks for no zone of ours hears so.
            (_, rtype::IXFR, Transport::Udp) if asks_for_a_zone() => Course::Decide(rtype::SOA),
            (_, rtype::IXFR, Transport::Udp) => Course::Control,
            (_, qtype, _) => Course::Decide(qtype),
        }
    }
}
