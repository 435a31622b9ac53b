//! The nameserver as a total function: octets in, octets out, whatever the transport.
//!
//! Three steps: `wire::query::read` (a well-formed question or a refusal) → [`decide`] (the answer as a value) →
//! `render` (octets). Nothing here knows a socket, a clock or a log.

mod chain;
mod context;
mod cookie;
mod course;
mod decide;
mod edns;
mod exchange;
mod explanation;
mod limit;
mod outcome;
mod place;
mod random;
mod refusal;
mod render;
mod responder;
mod steered_alias;
mod steered_rrset;
mod tally;

pub use chain::{CHAIN_MAX, Chain, Link, LinkKind, SteeredLink};
pub use context::{Context, Moment};
pub use cookie::{Judged, ProcessSecrets, Standing, secret_in_use};
use decide::decide_into;
pub use decide::{Client, Question, decide};
pub use edns::{Arrival, Remarks, put_options};
pub use explanation::error;
pub use limit::{Limited, Limiter, Limits};
pub use outcome::{Answer, Body, Steered, Why};
pub use place::{Decisive, Told, decisive, place};
pub use random::Random;
pub use refusal::{ERROR_EXTRA, refuse_whole};
pub use responder::Responder;
pub use tally::{Counter, Tally};

/// The largest response over UDP to a client without EDNS (RFC 1035 §4.2.1).
pub const UDP_WITHOUT_EDNS: usize = 512;
/// The largest message over TCP (RFC 1035 §4.2.2).
pub const TCP_MAX: usize = 65_535;

/// How a query arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A datagram.
    Udp,
    /// A message of a stream.
    Tcp,
}

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Send so many octets of the buffer.
    Answer(usize),
    /// Give the packet to the control handler.
    Control,
    /// Send nothing.
    Drop,
}
