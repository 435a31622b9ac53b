//! The hinge between hickory-server and us: a request handler that carries out a ruling, and a response handler that keeps
//! the octets.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::{self, HeaderCounts, Metadata, ResponseCode};
use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::serialize::binary::BinEncoder;
use hickory_server::net::NetError;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::{MessageResponse, MessageResponseBuilder};

use super::Surroundings;
use super::ruling::{Ruling, decide};
use crate::answer::{
    Arrival, Context, ERROR_EXTRA, ProcessSecrets, Remarks, TCP_MAX, Transport, UDP_WITHOUT_EDNS, put_options,
};
use crate::snapshot::Snapshot;
use crate::wire::edns::{OPT_LENGTH, option};
use crate::wire::header::HEADER_LENGTH;
use crate::wire::options::Options;
use crate::wire::query::read_opt;
use crate::wire::{Edns, QuestionName};

/// Room for all options of an answer of class CHAOS: what the smallest UDP response has beside header, question, OPT
/// and one TXT record of one string.
const CHAOS_OPTIONS_MAX: usize = 170;

/// A future as hickory's traits want it. They are made by the `async-trait` macro; two signatures written out cost less than
/// one more dependency.
type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers requests on one generation.
pub(super) struct Handler {
    snapshot: Arc<Snapshot>,
    surroundings: Surroundings,
}

impl Handler {
    /// A handler for one request.
    pub(super) fn new(snapshot: Arc<Snapshot>, surroundings: Surroundings) -> Handler {
        Handler { snapshot, surroundings }
    }

    async fn answer<R: ResponseHandler>(&self, request: &Request, mut reply: R) -> ResponseInfo {
        let ruling = decide(&self.snapshot, request);
        let edns = self.edns(request, &ruling);
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let metadata = metadata(request, &ruling);
        let mut response = builder.build(metadata, &ruling.answers, [], [], []);
        if let Some(signature) = ruling.signature {
            response.set_signature(signature);
        }
        reply.send_response(response).await.unwrap_or_else(|_| serve_failed(metadata))
    }

    /// RFC 6891 §6.1.1: an answer has an OPT exactly if the query had one. Version 0, our payload, DO as asked, and the
    /// options that every answer has.
    fn edns(&self, request: &Request, ruling: &Ruling) -> Option<op::Edns> {
        let (seen, asked) = read_opt(request.as_slice());
        let seen = seen?;
        let mut edns = op::Edns::new();
        edns.set_max_payload(self.snapshot.configuration.udp_payload_max);
        edns.set_dnssec_ok(seen.dnssec_ok);
        let mut options = Options::default();
        if let Some(asked) = asked {
            self.put_options(&mut options, request, &asked, ruling);
        }
        for (code, data) in options.iter() {
            edns.options_mut().insert(EdnsOption::Unknown(code, data.to_vec()));
        }
        Some(edns)
    }

    fn put_options(&self, options: &mut Options, request: &Request, asked: &Edns<'_>, ruling: &Ruling) {
        let Surroundings { clock, process_secret, keepalive } = self.surroundings;
        let context = Context { snapshot: &self.snapshot, now: clock.now(), limits: None, keepalive };
        let transport = match request.protocol() {
            Protocol::Udp => Transport::Udp,
            _ => Transport::Tcp,
        };
        let mut process = ProcessSecrets::new(process_secret);
        let source = request.src().ip();
        let length = request.as_slice().len();
        let arrival = Arrival::new(&context, &mut process, (&source, transport), Some(asked), length);
        let remarks = Remarks { error: ruling.error, ..Remarks::default() };
        options.start(room_for_options(request, ruling));
        if let Some(subnet) = asked.client_subnet {
            // As sent, which is with scope 0: nothing here is for some networks only (RFC 7871 §7.2.1).
            options.put(option::CLIENT_SUBNET, &[subnet.data()]);
        }
        put_options(options, &context, &mut process, &arrival, asked, &remarks);
    }
}

impl RequestHandler for Handler {
    fn handle_request<'s, 'r, 'f, R, T>(&'s self, request: &'r Request, reply: R) -> Task<'f, ResponseInfo>
    where
        's: 'f,
        'r: 'f,
        R: ResponseHandler + 'f,
        T: Time + 'f,
    {
        Box::pin(self.answer(request, reply))
    }
}

/// An error is at most so much longer than its request (the request's own options leave room for those of the answer); a
/// signature, which nobody has measured, has to find its place within that, too.
fn room_for_options(request: &Request, ruling: &Ruling) -> usize {
    if ruling.error.is_none() {
        return CHAOS_OPTIONS_MAX;
    }
    if ruling.signature.is_some() {
        return ERROR_EXTRA;
    }
    let octets = request.as_slice();
    let question = QuestionName::default().read(&octets[HEADER_LENGTH..]).map_or(0, |name| name + 4);
    let fixed = HEADER_LENGTH + question + OPT_LENGTH;
    (octets.len() + ERROR_EXTRA).saturating_sub(fixed).min(CHAOS_OPTIONS_MAX)
}

fn metadata(request: &Request, ruling: &Ruling) -> Metadata {
    let mut metadata = Metadata::response_from_request(&request.metadata);
    metadata.authoritative = ruling.authoritative;
    metadata.response_code = ruling.rcode;
    metadata
}

fn serve_failed(mut metadata: Metadata) -> ResponseInfo {
    metadata.response_code = ResponseCode::ServFail;
    hickory_proto::op::Header { metadata, counts: HeaderCounts::default() }.into()
}

/// Keeps the octets of a response.
#[derive(Clone)]
pub(super) struct Reply {
    octets: Arc<Mutex<Option<Vec<u8>>>>,
    limit: u16,
}

impl Reply {
    /// For the answer to `request`, which over UDP is no longer than its client and `udp_payload_max` allow.
    pub(super) fn new(request: &Request, udp_payload_max: u16) -> Reply {
        let limit = match (request.protocol(), &request.edns) {
            (Protocol::Udp, Some(_)) => request.max_payload().min(udp_payload_max),
            (Protocol::Udp, None) => UDP_WITHOUT_EDNS as u16,
            _ => TCP_MAX as u16,
        };
        Reply { octets: Arc::default(), limit }
    }

    /// What was kept; `None` when the response could not be rendered.
    pub(super) fn into_octets(self) -> Option<Vec<u8>> {
        self.octets.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ResponseHandler for Reply {
    fn send_response<'a, 's, 'q, 'f>(
        &'s mut self,
        response: MessageResponse<
            'q,
            'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
        >,
    ) -> Task<'f, Result<ResponseInfo, NetError>>
    where
        'a: 'f,
        's: 'f,
        'q: 'f,
    {
        Box::pin(async move {
            let mut octets = Vec::with_capacity(UDP_WITHOUT_EDNS);
            let mut encoder = BinEncoder::new(&mut octets);
            encoder.set_max_size(self.limit);
            let sent = response.destructive_emit(&mut encoder)?;
            // A record that did not fit is taken back from the counts; its first octets stay unless they are cut off.
            encoder.trim();
            *self.octets.lock().unwrap_or_else(PoisonError::into_inner) = Some(octets);
            Ok(sent)
        })
    }
}
