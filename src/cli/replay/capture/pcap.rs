//! pcap and pcapng (the door to `pcap-parser`).

use std::io::{self, Read};

use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

use super::{CaptureError, Captured, RECORD_OCTETS_MAX, Skipped, packet};
use crate::answer::Transport;

/// Interfaces of one section of a pcapng file; every host has a few.
const INTERFACES_MAX: usize = 4_096;

/// Reads all packets.
pub(super) fn read(
    capture: impl Read + Send,
    port: u16,
    skipped: &mut Skipped,
    visit: &mut dyn FnMut(Captured<'_>),
) -> Result<(), CaptureError> {
    let whole = Whole(capture);
    let mut reader = create_reader(RECORD_OCTETS_MAX, whole).map_err(|error| refusal(&error, 0))?;
    let mut section = Section::default();
    loop {
        let at = reader.consumed() as u64;
        match reader.next() {
            Ok((length, block)) => {
                if let Some((link, time_ms, octets)) = section.packet(block, at)?
                    && let Some((source, message)) = packet::query(link, octets, port, skipped)
                {
                    visit(Captured { time_ms, source, transport: Transport::Udp, message });
                }
                reader.consume(length);
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                let before = reader.data().len();
                reader.refill().map_err(|error| refusal(&error, at))?;
                // Nothing more came, and what is there makes no record.
                if reader.data().len() == before && reader.reader_exhausted() && before > 0 {
                    return Err(CaptureError::BreaksOff(at));
                }
            }
            Err(error) => return Err(refusal(&error, at)),
        }
    }
}

fn refusal<I>(error: &PcapError<I>, at: u64) -> CaptureError {
    match error {
        PcapError::HeaderNotRecognized => CaptureError::Unknown,
        PcapError::Eof => CaptureError::Empty,
        PcapError::UnexpectedEof | PcapError::Incomplete(_) => CaptureError::BreaksOff(at),
        PcapError::BufferTooSmall => CaptureError::TooLarge(at),
        PcapError::ReadError => CaptureError::Io(io::Error::other("it cannot be read on")),
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => {
            CaptureError::Malformed(at, "there is no record of pcap or pcapng")
        }
    }
}

/// Fills whole buffers: the crate takes an empty read for the end, and a short one for all there is.
struct Whole<R>(R);

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// What the packets of a section have in common.
#[derive(Default)]
struct Section {
    /// Of pcap: the link, and whether times are in nanoseconds.
    legacy: Option<(i32, bool)>,
    /// Of pcapng.
    interfaces: Vec<Interface>,
}

/// An interface of a pcapng section.
#[derive(Clone, Copy)]
struct Interface {
    link: i32,
    /// Units of time in a second.
    resolution: u64,
    /// Seconds that are added.
    offset: i64,
    snap_length: u32,
}

/// A packet: link type, milliseconds since 1970, octets.
type Packet<'b> = (i32, u64, &'b [u8]);

impl Section {
    /// The packet of a block. `None` for blocks of another kind.
    fn packet<'b>(&mut self, block: PcapBlockOwned<'b>, at: u64) -> Result<Option<Packet<'b>>, CaptureError> {
        Ok(match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.legacy = Some((header.network.0, header.is_nanosecond_precision()));
                None
            }
            PcapBlockOwned::Legacy(packet) => {
                let (link, nanoseconds) = self.legacy.unwrap_or_default();
                let part = u64::from(packet.ts_usec) / if nanoseconds { 1_000_000 } else { 1_000 };
                let captured = packet.data.get(..packet.caplen as usize).unwrap_or(packet.data);
                Some((link, u64::from(packet.ts_sec) * 1000 + part, captured))
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                self.interfaces.clear();
                None
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                if self.interfaces.len() == INTERFACES_MAX {
                    return Err(CaptureError::Malformed(at, "there are too many interfaces"));
                }
                let resolution = interface.ts_resolution();
                self.interfaces.push(Interface {
                    link: interface.linktype.0,
                    resolution: resolution.filter(|&resolution| resolution > 0).unwrap_or(1_000_000),
                    offset: interface.ts_offset(),
                    snap_length: interface.snaplen,
                });
                None
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = self.interface(packet.if_id, at)?;
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                Some((interface.link, interface.time_ms(units), captured(packet.data, packet.caplen)))
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let interface = self.interface(0, at)?;
                let length = match interface.snap_length {
                    0 => packet.origlen,
                    most => packet.origlen.min(most),
                };
                // It says nothing of its time.
                Some((interface.link, 0, captured(packet.data, length)))
            }
            PcapBlockOwned::NG(_) => None,
        })
    }

    fn interface(&self, number: u32, at: u64) -> Result<Interface, CaptureError> {
        let found = self.interfaces.get(number as usize).copied();
        found.ok_or(CaptureError::Malformed(at, "a packet names an interface that is not described"))
    }
}

/// Behind a packet there is padding.
fn captured(data: &[u8], length: u32) -> &[u8] {
    data.get(..length as usize).unwrap_or(data)
}

impl Interface {
    fn time_ms(&self, units: u64) -> u64 {
        let milliseconds = u128::from(units) * 1000 / u128::from(self.resolution);
        let offset = i128::from(self.offset) * 1000;
        u64::try_from(i128::try_from(milliseconds).unwrap_or(i128::MAX).saturating_add(offset)).unwrap_or(0)
    }
}
