//! dnstap: messages in the form of Protocol Buffers, in Frame Streams (dnstap.info, farsightsec/fstrm).
//!
//! Of the schema the few fields are read that a query needs; a decoder of all of Protocol Buffers would be a compiler and
//! a tree of crates for them.
//!
//! | message | field | what |
//! |---|---|---|
//! | Dnstap | 14 message, 15 type | type 1 is MESSAGE |
//! | Message | 1 type | 1 AUTH_QUERY and 5 CLIENT_QUERY are queries that a server got, 11 TOOL_QUERY one that a tool sent |
//! | | 3 socket_protocol | 1 is UDP, everything else has streams |
//! | | 4 query_address, 8 query_time_sec, 9 query_time_nsec, 10 query_message | |

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{CaptureError, Captured, RECORD_OCTETS_MAX, Skipped};
use crate::answer::Transport;

/// Control frames: the stream begins, and ends.
const START: u32 = 2;
const STOP: u32 = 3;
const CONTENT_TYPE: &[u8] = b"protobuf:dnstap.Dnstap";
/// Octets of a control frame (fstrm).
const CONTROL_OCTETS_MAX: usize = 512;

const AUTH_QUERY: u64 = 1;
const CLIENT_QUERY: u64 = 5;
const TOOL_QUERY: u64 = 11;
/// AUTH_RESPONSE to UPDATE_RESPONSE: each follows the number of its query.
const RESPONSES: [u64; 7] = [2, 4, 6, 8, 10, 12, 14];
const UDP: u64 = 1;

/// Reads all messages.
pub(super) fn read(
    capture: impl Read,
    skipped: &mut Skipped,
    visit: &mut dyn FnMut(Captured<'_>),
) -> Result<(), CaptureError> {
    let mut frames = Frames { capture, at: 0, frame: Vec::new() };
    let mut started = false;
    loop {
        let at = frames.at;
        match frames.next()? {
            Frame::End => return Ok(()),
            Frame::Control => {
                let kind = frames.frame.first_chunk().map(|octets| u32::from_be_bytes(*octets));
                match kind {
                    Some(START) if is_dnstap(&frames.frame) => started = true,
                    Some(START) => {
                        return Err(CaptureError::Malformed(at, "frames that are not of dnstap begin"));
                    }
                    Some(STOP) => return Ok(()),
                    _ => {}
                }
            }
            Frame::Data if !started => {
                return Err(CaptureError::Malformed(at, "data stand before the start"));
            }
            Frame::Data => match message(&frames.frame) {
                Some(Message::Query(captured)) => visit(captured),
                Some(Message::Response) => skipped.responses += 1,
                Some(Message::Other) => skipped.other += 1,
                None => return Err(CaptureError::Malformed(at, "there is no message of dnstap")),
            },
        }
    }
}

/// A START frame has fields: type (1 is the content type), length, value.
fn is_dnstap(control: &[u8]) -> bool {
    control.get(4..).is_some_and(|fields| {
        // Without a content type anything may follow.
        fields.is_empty() || fields.windows(CONTENT_TYPE.len()).any(|part| part == CONTENT_TYPE)
    })
}

/// The frames of a stream; the last one read stands in `frame`.
struct Frames<R> {
    capture: R,
    /// Where the next one begins.
    at: u64,
    frame: Vec<u8>,
}

enum Frame {
    Data,
    Control,
    End,
}

impl<R: Read> Frames<R> {
    fn next(&mut self) -> Result<Frame, CaptureError> {
        let begin = self.at;
        let Some(length) = self.length(begin)? else { return Ok(Frame::End) };
        if length > 0 {
            self.take(length, RECORD_OCTETS_MAX, begin)?;
            return Ok(Frame::Data);
        }
        let Some(length) = self.length(begin)? else { return Err(CaptureError::BreaksOff(begin)) };
        self.take(length, CONTROL_OCTETS_MAX, begin)?;
        Ok(Frame::Control)
    }

    /// The next length; `None` where the stream ends.
    fn length(&mut self, begin: u64) -> Result<Option<usize>, CaptureError> {
        let mut octets = [0; 4];
        let mut filled = 0;
        while filled < octets.len() {
            match self.capture.read(&mut octets[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(CaptureError::BreaksOff(begin)),
                Ok(length) => filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.at += 4;
        Ok(Some(u32::from_be_bytes(octets) as usize))
    }

    fn take(&mut self, length: usize, most: usize, begin: u64) -> Result<(), CaptureError> {
        if length > most {
            return Err(CaptureError::TooLarge(begin));
        }
        self.frame.resize(length, 0);
        self.capture.read_exact(&mut self.frame).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => CaptureError::BreaksOff(begin),
            _ => error.into(),
        })?;
        self.at += length as u64;
        Ok(())
    }
}

/// What a frame is about.
enum Message<'f> {
    Query(Captured<'f>),
    Response,
    Other,
}

/// What a frame is about; `None` where it is malformed.
fn message(frame: &[u8]) -> Option<Message<'_>> {
    let mut message = None;
    let mut fields = Fields(frame);
    while let Some(field) = fields.next()? {
        if let (14, Value::Octets(octets)) = field {
            message = Some(octets);
        }
    }
    let Some(message) = message else { return Some(Message::Other) };
    let (mut kind, mut protocol, mut source, mut query) = (0, 0, None, None);
    let (mut seconds, mut nanoseconds): (u64, u64) = (0, 0);
    let mut fields = Fields(message);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(number)) => kind = number,
            (3, Value::Number(number)) => protocol = number,
            (4, Value::Octets(octets)) => source = address(octets),
            (8, Value::Number(number)) => seconds = number,
            (9, Value::Number(number)) => nanoseconds = number,
            (10, Value::Octets(octets)) => query = Some(octets),
            _ => {}
        }
    }
    let (AUTH_QUERY | CLIENT_QUERY | TOOL_QUERY, Some(source), Some(message)) = (kind, source, query) else {
        let is_response = RESPONSES.contains(&kind);
        return Some(if is_response { Message::Response } else { Message::Other });
    };
    let transport = if protocol == UDP { Transport::Udp } else { Transport::Tcp };
    let time_ms = seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000);
    Some(Message::Query(Captured { time_ms, source, transport, message }))
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    let v6 = <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into());
    v4.or(v6).ok()
}

/// The fields of a message of Protocol Buffers, in their order.
struct Fields<'f>(&'f [u8]);

/// The value of a field.
enum Value<'f> {
    Number(u64),
    Octets(&'f [u8]),
}

impl<'f> Fields<'f> {
    /// The next field, by its number; `Some(None)` at the end, `None` where there is no field.
    fn next(&mut self) -> Option<Option<(u64, Value<'f>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Octets(self.take(length)?)
            }
            5 => Value::Number(u32::from_le_bytes(self.take(4)?.try_into().ok()?).into()),
            // Groups are no part of the schema.
            _ => return None,
        };
        Some(Some((tag >> 3, value)))
    }

    fn varint(&mut self) -> Option<u64> {
        /// Octets of the longest number.
        const OCTETS_MAX: u32 = 10;
        let mut number = 0;
        for index in 0..OCTETS_MAX {
            let [octet] = *self.take(1)?.first_chunk()?;
            number |= u64::from(octet & 0x7f).checked_shl(index * 7).unwrap_or(0);
            if octet & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'f [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
