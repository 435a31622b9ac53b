//! One packet of a capture: link, IP and UDP headers (RFC 791, RFC 8200, RFC 768).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Skipped;

/// Link types (tcpdump.org/linktypes.html).
const NULL: i32 = 0;
const ETHERNET: i32 = 1;
const RAW_BSD: i32 = 12;
const RAW: i32 = 101;
const LOOP: i32 = 108;
const LINUX_COOKED: i32 = 113;
const IPV4: i32 = 228;
const IPV6: i32 = 229;
const LINUX_COOKED_2: i32 = 276;

/// Protocol numbers of IP.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Tags of VLANs (IEEE 802.1Q, 802.1ad).
const TAGS: [u16; 2] = [0x8100, 0x88a8];
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Extension headers of IPv6 that are looked past; a packet has a handful.
const EXTENSIONS_MAX: usize = 8;
const DNS_HEADER_OCTETS: usize = 12;

/// The source and the payload of a query over UDP to `port`; `None`, counted, for anything else. `length` is what the
/// packet had on the link, which the capture may have cut.
pub(super) fn query<'p>(
    link: i32,
    packet: &'p [u8],
    port: u16,
    skipped: &mut Skipped,
) -> Option<(IpAddr, &'p [u8])> {
    let counter: fn(&mut Skipped) -> &mut u64 = match parse(link, packet, port) {
        Some(Parsed::Query(source, message)) => return Some((source, message)),
        Some(Parsed::Tcp) => |skipped| &mut skipped.tcp,
        Some(Parsed::Fragment) => |skipped| &mut skipped.fragments,
        Some(Parsed::Cut) => |skipped| &mut skipped.cut,
        Some(Parsed::Response) => |skipped| &mut skipped.responses,
        Some(Parsed::Other) | None => |skipped| &mut skipped.other,
    };
    *counter(skipped) += 1;
    None
}

/// What a packet is.
enum Parsed<'p> {
    Query(IpAddr, &'p [u8]),
    Tcp,
    Fragment,
    Cut,
    Response,
    Other,
}

/// `None` where the packet is too short for its headers.
fn parse(link: i32, packet: &[u8], port: u16) -> Option<Parsed<'_>> {
    let ip = network_layer(link, packet)?;
    match ip.first()? >> 4 {
        4 => ipv4(ip, port),
        6 => ipv6(ip, port),
        _ => Some(Parsed::Other),
    }
}

/// What stands behind the header of the link; whatever is no IP shows by its first octet or gives `None`.
fn network_layer(link: i32, packet: &[u8]) -> Option<&[u8]> {
    match link {
        ETHERNET => {
            let mut at = 12;
            while TAGS.contains(&number(packet, at)?) {
                at += 4;
            }
            ip_of_type(packet, at)
        }
        LINUX_COOKED => packet.get(16..).filter(|_| is_ip(number(packet, 14))),
        LINUX_COOKED_2 => packet.get(20..).filter(|_| is_ip(number(packet, 0))),
        // The family in the host's order: the first octet behind it tells as well.
        NULL | LOOP => packet.get(4..),
        RAW | RAW_BSD | IPV4 | IPV6 => Some(packet),
        _ => None,
    }
}

fn ip_of_type(packet: &[u8], at: usize) -> Option<&[u8]> {
    packet.get(at + 2..).filter(|_| is_ip(number(packet, at)))
}

fn is_ip(ethertype: Option<u16>) -> bool {
    matches!(ethertype, Some(ETHERTYPE_IPV4 | ETHERTYPE_IPV6))
}

fn ipv4(ip: &[u8], port: u16) -> Option<Parsed<'_>> {
    let header = usize::from(ip[0] & 0x0f) * 4;
    let total = usize::from(number(ip, 2)?);
    if number(ip, 6)? & 0x3fff != 0 {
        // More fragments, or not the first.
        return Some(Parsed::Fragment);
    }
    let source = <[u8; 4]>::try_from(ip.get(12..16)?).ok()?;
    transport(*ip.get(9)?, ip.get(header..)?, total.checked_sub(header)?, Ipv4Addr::from(source).into(), port)
}

fn ipv6(ip: &[u8], port: u16) -> Option<Parsed<'_>> {
    /// Hop-by-hop options, routing, destination options.
    const EXTENSIONS: [u8; 3] = [0, 43, 60];
    const FRAGMENT: u8 = 44;
    let source = <[u8; 16]>::try_from(ip.get(8..24)?).ok()?;
    let (mut protocol, mut rest, mut length) = (ip[6], ip.get(40..)?, usize::from(number(ip, 4)?));
    for _ in 0..EXTENSIONS_MAX {
        if !EXTENSIONS.contains(&protocol) {
            break;
        }
        let extension = (usize::from(*rest.get(1)?) + 1) * 8;
        protocol = rest[0];
        (rest, length) = (rest.get(extension..)?, length.checked_sub(extension)?);
    }
    if protocol == FRAGMENT {
        return Some(Parsed::Fragment);
    }
    transport(protocol, rest, length, Ipv6Addr::from(source).into(), port)
}

/// `length` octets of it belong to the packet; behind them there may be padding.
fn transport(protocol: u8, octets: &[u8], length: usize, source: IpAddr, port: u16) -> Option<Parsed<'_>> {
    let (from, to) = (number(octets, 0)?, number(octets, 2)?);
    match protocol {
        TCP if from == port || to == port => return Some(Parsed::Tcp),
        // QR. Somebody may send one from here, too.
        UDP if (from == port || to == port) && octets.get(10).is_some_and(|flags| flags & 0x80 != 0) => {
            return Some(Parsed::Response);
        }
        UDP if to == port => {}
        _ => return Some(Parsed::Other),
    }
    let udp = usize::from(number(octets, 4)?).min(length);
    let Some(message) = octets.get(8..udp) else {
        return Some(if octets.len() < udp { Parsed::Cut } else { Parsed::Other });
    };
    Some(if message.len() >= DNS_HEADER_OCTETS { Parsed::Query(source, message) } else { Parsed::Other })
}

fn number(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}
