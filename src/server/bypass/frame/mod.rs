//! Ethernet frames with a UDP datagram over IPv4 or IPv6: reading a query's, writing its answer's. Octets in, octets out.
//!
//! ```text
//!  0 destination, source, EtherType   14 IPv4 (20) or IPv6 (40)   34 or 54 UDP (8)   42 or 62 message
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::checksum::Sum;

/// Octets in front of a message over IPv4.
pub(super) const IPV4_HEADERS: usize = IP_AT + 20 + UDP_HEADER;
/// Octets in front of a message over IPv6.
pub(super) const IPV6_HEADERS: usize = IP_AT + 40 + UDP_HEADER;
pub(super) const ETHERTYPE_IPV4: u16 = 0x0800;
pub(super) const ETHERTYPE_IPV6: u16 = 0x86DD;
/// The first octet of an IPv4 header without options.
pub(super) const VERSION_4: u8 = 0x45;
/// The upper half of the first octet of an IPv6 header.
pub(super) const VERSION_6: u8 = 0x60;
/// The protocol's number.
pub(super) const UDP: u8 = 17;

const IP_AT: usize = 14;
const UDP_HEADER: usize = 8;
/// What answers leave with, as from the kernel's own sockets (`net.ipv4.ip_default_ttl`).
const HOP_LIMIT: u8 = 64;
/// A checksum field that says nothing is summed (RFC 768); over IPv6 that is forbidden (RFC 8200 §8.1).
const NOT_SUMMED: u16 = 0;

/// A query, and all that its answer's headers need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query<'f> {
    /// The hardware address that it came from: the neighbour that its answer goes to.
    neighbour: [u8; 6],
    /// The hardware address that it went to.
    own: [u8; 6],
    /// The sum of both addresses: the same in either direction.
    addresses: Sum,
    /// Who asks.
    pub(super) source: SocketAddr,
    /// Which of our addresses was asked; of the same family as `source`.
    pub(super) asked: SocketAddr,
    /// The message.
    pub(super) message: &'f [u8],
}

/// What is wrong with a frame. The kernel would drop it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not what the program hands over.
    Kind,
    /// Lengths contradict each other or the frame's.
    Length,
    /// The checksum of the IPv4 header.
    HeaderChecksum,
    /// The checksum of the datagram.
    Checksum,
}

/// Reads a frame. Octets behind the packet (short frames are filled up) and behind the datagram are ignored.
#[inline]
pub(super) fn read(frame: &[u8]) -> Result<Query<'_>, Fault> {
    match (number_at(frame, 12)?, octet_at(frame, IP_AT)?) {
        (ETHERTYPE_IPV4, VERSION_4) => read_ipv4(frame),
        (ETHERTYPE_IPV6, version) if version & 0xF0 == VERSION_6 => read_ipv6(frame),
        _ => Err(Fault::Kind),
    }
}

#[inline]
fn read_ipv4(frame: &[u8]) -> Result<Query<'_>, Fault> {
    let header = frame.get(IP_AT..IPV4_HEADERS - UDP_HEADER).ok_or(Fault::Length)?;
    let packet_length = usize::from(number_at(header, 2)?);
    let datagram = frame.get(IPV4_HEADERS - UDP_HEADER..IP_AT + packet_length).ok_or(Fault::Length)?;
    if Sum::default().add(header).folded() != 0xFFFF {
        return Err(Fault::HeaderChecksum);
    }
    if header[9] != UDP || number_at(header, 6)? & 0x3FFF != 0 {
        return Err(Fault::Kind);
    }
    let addresses = [address_at::<4>(header, 12)?, address_at(header, 16)?];
    read_datagram(frame, &header[12..], addresses.map(|octets| Ipv4Addr::from(octets).into()), datagram)
}

#[inline]
fn read_ipv6(frame: &[u8]) -> Result<Query<'_>, Fault> {
    let header = frame.get(IP_AT..IPV6_HEADERS - UDP_HEADER).ok_or(Fault::Length)?;
    let length = usize::from(number_at(header, 4)?);
    let datagram = frame[IPV6_HEADERS - UDP_HEADER..].get(..length).ok_or(Fault::Length)?;
    if header[6] != UDP {
        return Err(Fault::Kind);
    }
    let addresses = [address_at::<16>(header, 8)?, address_at(header, 24)?];
    read_datagram(frame, &header[8..], addresses.map(|octets| Ipv6Addr::from(octets).into()), datagram)
}

/// Reads the datagram; `pair` are the octets of both addresses, which its checksum covers (RFC 768, RFC 8200 §8.1).
#[inline]
fn read_datagram<'f>(
    frame: &'f [u8],
    pair: &[u8],
    [source, asked]: [IpAddr; 2],
    datagram: &'f [u8],
) -> Result<Query<'f>, Fault> {
    let length = usize::from(number_at(datagram, 4)?);
    let datagram =
        datagram.get(..length).filter(|datagram| datagram.len() >= UDP_HEADER).ok_or(Fault::Length)?;
    let checksum = number_at(datagram, 6)?;
    let addresses = Sum::default().add(pair);
    let pseudo_header = addresses.add_number(length as u16).add_number(UDP.into());
    let is_right = match checksum {
        NOT_SUMMED => source.is_ipv4(),
        // A sender on this machine leaves the rest to hardware that it does not have to pass (CHECKSUM_PARTIAL): the
        // field holds the sum of the pseudo header. Nothing has touched such a packet that could have spoilt it.
        checksum => pseudo_header.add(datagram).folded() == 0xFFFF || pseudo_header.folded() == checksum,
    };
    if !is_right {
        return Err(Fault::Checksum);
    }
    Ok(Query {
        own: address_at(frame, 0)?,
        neighbour: address_at(frame, 6)?,
        addresses,
        source: SocketAddr::new(source, number_at(datagram, 0)?),
        asked: SocketAddr::new(asked, number_at(datagram, 2)?),
        message: &datagram[UDP_HEADER..],
    })
}

impl Query<'_> {
    /// Octets in front of the message of the answer.
    pub(super) fn headers(&self) -> usize {
        if self.source.is_ipv4() { IPV4_HEADERS } else { IPV6_HEADERS }
    }

    /// Where in a frame the message of an answer goes: as much as a packet of at most `mtu` octets has room for.
    pub(super) fn room<'o>(&self, frame: &'o mut [u8], mtu: usize) -> &'o mut [u8] {
        let end = frame.len().min(IP_AT + mtu);
        frame.get_mut(self.headers()..end).unwrap_or_default()
    }

    /// Whether the frame came from one station: a group can be sent to, but asks nothing.
    pub(super) fn is_from_a_station(&self) -> bool {
        self.neighbour[0] & 1 == 0
    }

    /// Writes the headers of the answer in front of its message, which stands at [`Query::headers`] of `frame` and has
    /// `length` octets. Returns the length of the frame. `identification` should not be guessed: a router may cut the
    /// packet (RFC 791; answers leave without DF, as those of the sockets do).
    pub(super) fn write_answer(&self, frame: &mut [u8], length: usize, identification: u16) -> usize {
        let frame_length = self.headers() + length;
        let frame = &mut frame[..frame_length];
        frame[..6].copy_from_slice(&self.neighbour);
        frame[6..12].copy_from_slice(&self.own);
        match (self.asked.ip(), self.source.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                self.write_ipv4(frame, from.octets(), to.octets(), identification);
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => write_ipv6(frame, from.octets(), to.octets()),
            _ => unreachable!("both addresses of a packet are of one family"),
        }
        self.write_udp(frame);
        frame_length
    }

    /// The octets up to the UDP header; no DSCP, no ECN: what answers has nothing to slow down. The checksum is made from
    /// what is written, not from where: reading back what was just written in smaller parts stalls the processor.
    fn write_ipv4(&self, frame: &mut [u8], from: [u8; 4], to: [u8; 4], identification: u16) {
        let (version, length) = (u16::from_be_bytes([VERSION_4, 0]), (frame.len() - IP_AT) as u16);
        let (fragment, hops) = (0, u16::from_be_bytes([HOP_LIMIT, UDP]));
        let numbers = [version, length, identification, fragment, hops];
        let checksum = numbers.into_iter().fold(self.addresses, Sum::add_number).checksum();
        frame[12..14].copy_from_slice(&ETHERTYPE_IPV4.to_be_bytes());
        let header = &mut frame[IP_AT..IPV4_HEADERS - UDP_HEADER];
        header[..10].copy_from_slice(numbers.map(u16::to_be_bytes).as_flattened());
        header[10..12].copy_from_slice(&checksum.to_be_bytes());
        header[12..16].copy_from_slice(&from);
        header[16..20].copy_from_slice(&to);
    }

    fn write_udp(&self, frame: &mut [u8]) {
        let headers = self.headers();
        let (header, message) = frame[headers - UDP_HEADER..].split_at_mut(UDP_HEADER);
        let length = (UDP_HEADER + message.len()) as u16;
        let numbers = [self.asked.port(), self.source.port(), length];
        let pseudo_header = self.addresses.add_number(length).add_number(UDP.into());
        let sum = numbers.into_iter().fold(pseudo_header, Sum::add_number).add(message);
        // 0 would say that nothing is summed; its other form in ones' complement says the same sum.
        let checksum = match sum.checksum() {
            NOT_SUMMED => 0xFFFF,
            checksum => checksum,
        };
        let [from, to, length] = numbers;
        header.copy_from_slice([from, to, length, checksum].map(u16::to_be_bytes).as_flattened());
    }
}

fn write_ipv6(frame: &mut [u8], from: [u8; 16], to: [u8; 16]) {
    let length = (frame.len() - (IPV6_HEADERS - UDP_HEADER)) as u16;
    frame[12..14].copy_from_slice(&ETHERTYPE_IPV6.to_be_bytes());
    let header = &mut frame[IP_AT..IPV6_HEADERS - UDP_HEADER];
    header[..4].copy_from_slice(&[VERSION_6, 0, 0, 0]);
    header[4..6].copy_from_slice(&length.to_be_bytes());
    header[6..8].copy_from_slice(&[UDP, HOP_LIMIT]);
    header[8..24].copy_from_slice(&from);
    header[24..40].copy_from_slice(&to);
}

fn octet_at(octets: &[u8], offset: usize) -> Result<u8, Fault> {
    octets.get(offset).copied().ok_or(Fault::Length)
}

fn number_at(octets: &[u8], offset: usize) -> Result<u16, Fault> {
    address_at(octets, offset).map(u16::from_be_bytes)
}

fn address_at<const LENGTH: usize>(octets: &[u8], offset: usize) -> Result<[u8; LENGTH], Fault> {
    octets.get(offset..).and_then(|octets| octets.first_chunk()).copied().ok_or(Fault::Length)
}

#[cfg(test)]
mod tests;
