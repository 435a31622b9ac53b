//! Queries out of a capture: pcap, pcapng and dnstap files, read as a stream with bounded memory.

mod dnstap;
mod packet;
mod pcap;

use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;

use thiserror::Error;

use crate::answer::Transport;

/// Octets of one record of a capture, its head included: larger ones are no packets.
const RECORD_OCTETS_MAX: usize = 1 << 20;

/// A query as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Captured<'c> {
    /// When, in milliseconds since 1970.
    pub(super) time_ms: u64,
    /// Who asked.
    pub(super) source: IpAddr,
    /// How.
    pub(super) transport: Transport,
    /// The message.
    pub(super) message: &'c [u8],
}

/// What of a capture is no query that can be replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    /// Packets over TCP to or from the port: streams are not put together.
    pub(super) tcp: u64,
    /// Fragments.
    pub(super) fragments: u64,
    /// Packets that the capture holds only the beginning of.
    pub(super) cut: u64,
    /// Responses.
    pub(super) responses: u64,
    /// Of links, protocols or ports that were not asked for; other messages.
    pub(super) other: u64,
}

/// How a capture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// pcap or pcapng.
    Packets,
    /// Frame Streams of dnstap.
    Dnstap,
}

/// Why a capture cannot be read on.
#[derive(Debug, Error)]
pub(super) enum CaptureError {
    /// The system says so.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not a form that is known.
    #[error("it is neither pcap, pcapng nor dnstap")]
    Unknown,
    /// It ends within a record.
    #[error("it breaks off: the record at octet {0} is not whole")]
    BreaksOff(u64),
    /// What stands there is not what the form asks for.
    #[error("{1} at octet {0}")]
    Malformed(u64, &'static str),
    /// A record that no packet is as large as.
    #[error("the record at octet {0} is larger than {RECORD_OCTETS_MAX} octets")]
    TooLarge(u64),
}

/// Reads all queries to `port` of a capture, in the order of the file, and hands each to `visit`.
pub(super) fn read(
    capture: impl Read + Send,
    port: u16,
    visit: &mut dyn FnMut(Captured<'_>),
) -> (Option<Kind>, Skipped, Result<(), CaptureError>) {
    let mut skipped = Skipped::default();
    let mut capture = BufReader::new(capture);
    let kind = match kind(&mut capture) {
        Ok(kind) => kind,
        Err(error) => return (None, skipped, Err(error)),
    };
    let read = match kind {
        Kind::Packets => pcap::read(capture, port, &mut skipped, visit),
        Kind::Dnstap => dnstap::read(capture, &mut skipped, visit),
    };
    (Some(kind), skipped, read)
}

/// Frame Streams begin with a control frame, whose mark is a length of 0; no pcap begins so.
fn kind(capture: &mut impl BufRead) -> Result<Kind, CaptureError> {
    let beginning = capture.fill_buf()?;
    match beginning.get(..4) {
        _ if beginning.is_empty() => Err(CaptureError::Empty),
        Some([0, 0, 0, 0]) => Ok(Kind::Dnstap),
        Some(_) => Ok(Kind::Packets),
        None => Err(CaptureError::Unknown),
    }
}

#[cfg(test)]
mod tests;
