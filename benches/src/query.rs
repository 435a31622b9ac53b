//! Queries as packets, made before anything is measured.

use std::net::IpAddr;

/// Type A.
const A: u16 = 1;
/// Type AAAA.
const AAAA: u16 = 28;
/// Type SOA.
const SOA: u16 = 6;
/// Octets of a header.
const HEADER_LENGTH: usize = 12;
/// Class IN.
const IN: u16 = 1;
/// Type OPT (RFC 6891).
const OPT: u16 = 41;
/// The payload that the queries' OPT records promise (RFC 9715).
const PAYLOAD: u16 = 1232;
/// EDNS option codes: client subnet (RFC 7871), cookie (RFC 7873).
const CLIENT_SUBNET: u16 = 8;
const COOKIE: u16 = 10;
/// Source prefixes of the client subnets: what resolvers send.
const SOURCE_PREFIX_IPV4: u8 = 24;
const SOURCE_PREFIX_IPV6: u8 = 56;

/// The option that a query carries in its OPT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdnsOption<'o> {
    /// The network of this address: /24 or /56.
    ClientSubnet(IpAddr),
    /// A client cookie of 8 octets, with a server cookie behind it where one is known.
    Cookie(&'o [u8]),
}

/// A query for the A records of a name without escapes, with OPT; its id is 0.
pub fn query(name: &str, option: Option<EdnsOption<'_>>) -> Vec<u8> {
    query_of(name, false, option)
}

/// The same for the A or the AAAA records.
pub fn query_of(name: &str, is_ipv6: bool, option: Option<EdnsOption<'_>>) -> Vec<u8> {
    let mut packet = question(name, if is_ipv6 { AAAA } else { A }, 1);
    let option = option.map(encode).unwrap_or_default();
    packet.push(0);
    packet.extend([OPT, PAYLOAD, 0, 0, option.len() as u16].map(u16::to_be_bytes).as_flattened());
    packet.extend(option);
    packet
}

/// A query for the SOA record of a name without escapes, without OPT; its id is 0.
pub fn soa_query(name: &str) -> Vec<u8> {
    question(name, SOA, 0)
}

/// A header, which announces so many additional records, and a question.
fn question(name: &str, rtype: u16, additional: u8) -> Vec<u8> {
    let mut packet = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, additional];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        packet.push(label.len() as u8);
        packet.extend_from_slice(label.as_bytes());
    }
    packet.push(0);
    packet.extend([rtype, IN].map(u16::to_be_bytes).as_flattened());
    packet
}

/// The serial in an answer to [`soa_query`], whose first record is the SOA; `None` where there is none.
pub fn serial_of(answer: &[u8]) -> Option<u32> {
    let question_end = name_end(answer, HEADER_LENGTH)? + 4;
    let fixed = name_end(answer, question_end)?;
    let (&[high, low], data) = answer.get(fixed + 8..)?.split_first_chunk::<2>()?;
    let data = data.get(..usize::from(u16::from_be_bytes([high, low])))?;
    // The serial is the first of the five numbers at the end.
    let serial = data.last_chunk::<20>()?.first_chunk::<4>()?;
    let is_soa = answer.get(fixed..fixed + 2)? == SOA.to_be_bytes();
    is_soa.then_some(u32::from_be_bytes(*serial))
}

/// Whether an answer is one to a query for AAAA records.
pub fn is_for_ipv6(answer: &[u8]) -> bool {
    let asked = name_end(answer, HEADER_LENGTH).and_then(|at| answer.get(at..at + 2));
    asked == Some(&AAAA.to_be_bytes())
}

/// Whether one of the answer records holds this address.
pub fn holds_address(answer: &[u8], address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => holds_data(answer, A, &address.octets()),
        IpAddr::V6(address) => holds_data(answer, AAAA, &address.octets()),
    }
    .unwrap_or(false)
}

/// `None` where the answer ends before its records do.
fn holds_data(answer: &[u8], rtype: u16, wanted: &[u8]) -> Option<bool> {
    let mut at = name_end(answer, HEADER_LENGTH)? + 4;
    let count = u16::from_be_bytes([*answer.get(6)?, *answer.get(7)?]);
    for _ in 0..count {
        let fixed = name_end(answer, at)?;
        let (&[high, low], data) = answer.get(fixed + 8..)?.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if answer[fixed..fixed + 2] == rtype.to_be_bytes() && data.get(..length)? == wanted {
            return Some(true);
        }
        at = fixed + 10 + length;
    }
    Some(false)
}

/// Where what follows a name stands, which ends in the root label or a pointer.
fn name_end(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            0xC0.. => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

fn encode(option: EdnsOption<'_>) -> Vec<u8> {
    let (code, data) = match option {
        EdnsOption::ClientSubnet(IpAddr::V4(address)) => {
            (CLIENT_SUBNET, subnet(1, SOURCE_PREFIX_IPV4, &address.octets()))
        }
        EdnsOption::ClientSubnet(IpAddr::V6(address)) => {
            (CLIENT_SUBNET, subnet(2, SOURCE_PREFIX_IPV6, &address.octets()))
        }
        EdnsOption::Cookie(cookie) => (COOKIE, cookie.to_vec()),
    };
    [code.to_be_bytes().as_slice(), &(data.len() as u16).to_be_bytes(), &data].concat()
}

fn subnet(family: u16, source_prefix: u8, address: &[u8]) -> Vec<u8> {
    let octets = usize::from(source_prefix / 8);
    [family.to_be_bytes().as_slice(), &[source_prefix, 0], &address[..octets]].concat()
}

/// Client and server cookie of an answer; `None` where it has none.
pub fn cookie_of(answer: &[u8]) -> Option<&[u8]> {
    // A search for the option's head is enough here: no zone of the benches holds these octets.
    let head = [0, COOKIE as u8];
    let at =
        answer.windows(4).rposition(|window| window[..2] == head && window[2] == 0 && window[3] >= 16)?;
    answer.get(at + 4..at + 4 + usize::from(answer[at + 3]))
}

/// Queries of one length, one behind the other: so that a burst of them is one segmented send.
pub struct Packets {
    octets: Vec<u8>,
    length: usize,
}

impl Packets {
    /// Takes the packets.
    ///
    /// # Panics
    ///
    /// Where there are none, or not all have one length.
    pub fn new(packets: impl Iterator<Item = Vec<u8>>) -> Packets {
        let mut octets = Vec::new();
        let mut length = None;
        for packet in packets {
            assert_eq!(
                *length.get_or_insert(packet.len()),
                packet.len(),
                "all queries of a work have one length"
            );
            octets.extend(packet);
        }
        Packets { octets, length: length.expect("a work has queries") }
    }

    /// Octets of each packet.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.octets.len() / self.length
    }

    /// Packet number `number`, from the front again after the last one.
    pub fn get(&self, number: u64) -> &[u8] {
        let index = (number % self.count() as u64) as usize;
        &self.octets[index * self.length..][..self.length]
    }
}

/// What the right answers of a work have in common; anything else is counted as wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// RCODE.
    pub rcode: u8,
    /// Whether the answer section holds something.
    pub has_answer: bool,
}

impl Expected {
    /// Whether this answer is right, as far as its header tells. The floor, which echoes, is never asked.
    pub fn is_met_by(self, answer: &[u8]) -> bool {
        let [_, _, first, second, _, _, count_high, count_low, ..] = *answer else { return false };
        let truncated = first & 2 != 0;
        !truncated && second & 0xf == self.rcode && (count_high | count_low != 0) == self.has_answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_a_question_and_an_opt_record() {
        let octets = query("a.bc", None);
        let expected = b"\0\0\0\0\0\x01\0\0\0\0\0\x01\x01a\x02bc\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0";
        assert_eq!(octets, expected);
    }

    #[test]
    fn the_serial_of_an_soa_record_is_found() {
        let query = soa_query("a.bc");
        assert_eq!(query, b"\0\0\0\0\0\x01\0\0\0\0\0\0\x01a\x02bc\0\0\x06\0\x01");
        assert_eq!(serial_of(&query), None);
        let record = b"\xc0\x0c\0\x06\0\x01\0\0\0\0\0\x16\0\0\0\0\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(serial_of(&[&query[..], record, b"more"].concat()), Some(0x102));
        assert_eq!(serial_of(&[&query[..], &record[..33]].concat()), None);
        let other = [&query[..], b"\xc0\x0c\0\x02", &record[4..]].concat();
        assert_eq!(serial_of(&other), None);
    }

    #[test]
    fn addresses_are_found_among_the_answer_records() {
        let [ipv4, ipv6, other] = ["192.0.2.1", "2001:db8::1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let mut answer = query("a.bc", None);
        assert!(!is_for_ipv6(&answer) && is_for_ipv6(&query_of("a.bc", true, None)));
        assert!(!holds_address(&answer, ipv4));
        answer.truncate(answer.len() - 11);
        answer[7] = 2;
        answer.extend(b"\xc0\x0c\0\x1c\0\x01\0\0\0\x3c\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
        answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        assert_eq!([ipv4, ipv6, other].map(|address| holds_address(&answer, address)), [true, true, false]);
        assert!(!holds_address(&answer[..answer.len() - 1], ipv4));
    }

    #[test]
    fn rfc7871_client_subnets_have_the_octets_of_their_prefix() {
        let octets = query("", Some(EdnsOption::ClientSubnet("192.0.2.77".parse().unwrap())));
        assert!(octets.ends_with(b"\0\x0b\0\x08\0\x07\0\x01\x18\0\xc0\0\x02"), "{octets:?}");
        let octets = query("", Some(EdnsOption::ClientSubnet("2001:db8::1".parse().unwrap())));
        assert!(octets.ends_with(b"\0\x0f\0\x08\0\x0b\0\x02\x38\0\x20\x01\x0d\xb8\0\0\0"), "{octets:?}");
    }

    #[test]
    fn rfc7873_the_cookie_of_an_answer_is_found() {
        let cookie = [5; 24];
        let answer = query("a", Some(EdnsOption::Cookie(&cookie)));
        assert_eq!(cookie_of(&answer), Some(cookie.as_slice()));
        assert_eq!(cookie_of(&query("a", Some(EdnsOption::Cookie(&cookie[..8])))), None);
        assert_eq!(cookie_of(&query("a", None)), None);
    }

    #[test]
    fn an_answer_is_right_by_its_header() {
        let right = Expected { rcode: 0, has_answer: true };
        let header = |second: u8, third: u8, count: u8| [0, 0, second, third, 0, 1, 0, count, 0, 0, 0, 0];
        assert!(right.is_met_by(&header(0x84, 0, 1)));
        assert!(!right.is_met_by(&header(0x84, 3, 1)));
        assert!(!right.is_met_by(&header(0x84, 0, 0)));
        assert!(!right.is_met_by(&header(0x86, 0, 1)));
        assert!(!right.is_met_by(&[0; 5]));
    }

    #[test]
    fn packets_start_again_after_the_last_one() {
        let packets = Packets::new([vec![1, 1], vec![2, 2]].into_iter());
        assert_eq!((packets.length(), packets.count()), (2, 2));
        assert_eq!([packets.get(1), packets.get(2)], [&[2, 2], &[1, 1]]);
    }
}
