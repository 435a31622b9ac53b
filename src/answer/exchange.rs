//! A question on its way to its answer: what was asked, by whom, on which generation.

use super::{
    Arrival, Client, Context, ERROR_EXTRA, Question, Standing, TCP_MAX, Transport, UDP_WITHOUT_EDNS,
};
use crate::geo::Prefix;
use crate::snapshot::RequireCookies;
use crate::wire::query::Query;
use crate::wire::response::Opt;
use crate::wire::{ClientSubnet, Features, QuestionName};

/// A well-formed question and what is known of it before it is answered.
pub(super) struct Exchange<'e, 'p> {
    pub(super) context: &'e Context<'e>,
    pub(super) query: &'e Query<'p>,
    pub(super) arrival: Arrival<'p>,
}

impl<'p> Exchange<'_, 'p> {
    /// The client subnet option of the query.
    #[inline]
    pub(super) fn subnet(&self) -> Option<&ClientSubnet<'p>> {
        self.query.edns.client_subnet.as_ref()
    }

    /// Who asks.
    #[inline]
    pub(super) fn client(&self) -> Client<'_> {
        Client { transport: self.arrival.source, subnet: self.subnet().and_then(ClientSubnet::decisive) }
    }

    /// The OPT record of an answer of this scope, with these options beside the client subnet; `None` where the query had
    /// none.
    #[inline(always)]
    pub(super) fn opt<'o>(&self, scope: u8, options: &'o [u8]) -> Option<Opt<'o>>
    where
        'p: 'o,
    {
        let edns = &self.query.edns;
        edns.is_there().then(|| Opt {
            payload: self.context.snapshot.configuration.udp_payload_max,
            dnssec_ok: edns.features.has(Features::DNSSEC_OK),
            client_subnet: edns.client_subnet.map(|subnet| (subnet.option, scope)),
            options,
        })
    }

    /// The question, of type `qtype`.
    pub(super) fn question<'n>(&self, name: &'n QuestionName, qtype: u16) -> Question<'n> {
        Question { name, qtype, qclass: self.query.qclass }
    }

    /// Whether the query is answered with BADCOOKIE instead of data: it knows cookies and shows no valid one where one
    /// is required. `over_limit` says that its client exceeds a rate limit. Over TCP the address is proven.
    #[inline(always)]
    pub(super) fn requires_cookie(&self, over_limit: bool) -> bool {
        let lacks_one = matches!(self.arrival.cookie.standing, Standing::ClientOnly | Standing::Invalid);
        lacks_one && self.requires_cookies(over_limit)
    }

    /// Whether it would be, if it has no valid one.
    #[inline(never)]
    fn requires_cookies(&self, over_limit: bool) -> bool {
        let cookies = self.context.snapshot.configuration.cookies.as_ref();
        let required = cookies.is_some_and(|cookies| match cookies.require {
            RequireCookies::Never => false,
            RequireCookies::UnderLoad => over_limit,
            RequireCookies::Always => true,
        });
        required && self.arrival.transport == Transport::Udp
    }

    /// The largest response, in octets, that this client takes over this transport.
    pub(super) fn limit(&self) -> usize {
        match self.arrival.transport {
            Transport::Tcp => TCP_MAX,
            Transport::Udp => {
                let configuration = &self.context.snapshot.configuration;
                let unproven = configuration.udp_payload_max_without_cookie;
                let unproven = unproven.filter(|_| self.arrival.cookie.standing != Standing::Valid);
                let most = unproven.unwrap_or(configuration.udp_payload_max);
                usize::from(self.query.edns.payload.min(most))
            }
        }
    }

    /// The largest answer, in octets, that has no data: it must not amplify.
    pub(super) fn limit_without_data(&self) -> usize {
        UDP_WITHOUT_EDNS.min(self.arrival.length + ERROR_EXTRA)
    }

    /// The network that a resolver has asked for, as far as an answer of this scope is for it alone (RFC 7871 §7.2.1).
    pub(super) fn network(&self, scope: u8) -> Option<Prefix> {
        let subnet = self.subnet().filter(|_| scope > 0)?;
        Some(Prefix::around(*subnet.decisive()?, subnet.source.min(scope)))
    }
}
