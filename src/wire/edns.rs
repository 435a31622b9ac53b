//! The OPT record of a query and its options (RFC 6891; RFC 5001, 7828, 7871, 7873, 9660).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Features;
use super::options::OPTION_HEAD;

/// Option codes (IANA DNS EDNS0 option codes).
pub mod option {
    /// RFC 5001.
    pub const NSID: u16 = 3;
    /// RFC 7871.
    pub const CLIENT_SUBNET: u16 = 8;
    /// RFC 7873.
    pub const COOKIE: u16 = 10;
    /// RFC 7828.
    pub const TCP_KEEPALIVE: u16 = 11;
    /// RFC 8914.
    pub const EXTENDED_ERROR: u16 = 15;
    /// RFC 9567.
    pub const REPORT_CHANNEL: u16 = 18;
    /// RFC 9660.
    pub const ZONE_VERSION: u16 = 19;
}

/// The smallest payload size that counts (RFC 6891 §6.2.3).
pub const PAYLOAD_MIN: u16 = 512;
/// Octets of an OPT record without options.
pub const OPT_LENGTH: usize = 11;

/// What a query says beside its question, nearly all of it in its OPT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns<'p> {
    /// The largest UDP response the client takes, at least [`PAYLOAD_MIN`], which is what it is without an OPT record.
    pub payload: u16,
    /// What there is about the query beside its question.
    pub features: Features,
    /// EDNS Client Subnet.
    pub client_subnet: Option<ClientSubnet<'p>>,
    /// A cookie of a valid length (8 or 16–40 octets).
    pub cookie: Option<&'p [u8]>,
}

/// What a query says that has no OPT record.
impl Default for Edns<'_> {
    fn default() -> Self {
        Edns { payload: PAYLOAD_MIN, features: Features::default(), client_subnet: None, cookie: None }
    }
}

/// EDNS Client Subnet as sent, checked as semantics §7 wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSubnet<'p> {
    /// The option with its code and length, to be echoed.
    pub option: &'p [u8],
    /// The address, filled up with zero bits; `None` for family 0.
    pub address: Option<IpAddr>,
    /// SOURCE PREFIX-LENGTH.
    pub source: u8,
}

/// What is wrong with an OPT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdnsFault {
    /// Version above 0: BADVERS.
    Version,
    /// An option against its RFC: FORMERR. The text says which and how.
    Malformed(&'static str),
}

/// FAMILY of a client subnet (RFC 7871 §6).
mod family {
    pub(super) const IPV4: u16 = 1;
    pub(super) const IPV6: u16 = 2;
}

/// What is malformed, for the extended error.
mod fault {
    pub(super) const LENGTH: &str = "malformed EDNS options";
    pub(super) const CLIENT_SUBNET: &str = "malformed client subnet";
    pub(super) const COOKIE: &str = "malformed cookie";
    pub(super) const ZONE_VERSION: &str = "ZONEVERSION with data";
}

/// DO, in the TTL of an OPT record.
pub fn dnssec_ok(ttl: u32) -> bool {
    ttl & 0x8000 != 0
}

impl<'p> Edns<'p> {
    /// Reads an OPT record: `payload` from its CLASS, `ttl` from its TTL, `options` its RDATA.
    pub fn read(payload: u16, ttl: u32, options: &'p [u8]) -> Result<Edns<'p>, EdnsFault> {
        let mut edns = Edns::without_options(payload, ttl).ok_or(EdnsFault::Version)?;
        edns.take_options(options)?;
        Ok(edns)
    }

    /// The same without what its options say; `None` for a version above 0.
    #[inline(always)]
    pub(super) fn without_options(payload: u16, ttl: u32) -> Option<Edns<'p>> {
        const VERSION: u32 = 0xFF << 16;
        let dnssec_ok = if dnssec_ok(ttl) { Features::DNSSEC_OK } else { Features::default() };
        (ttl & VERSION == 0).then_some(Edns {
            payload: payload.max(PAYLOAD_MIN),
            features: Features::EDNS.with(dnssec_ok),
            client_subnet: None,
            cookie: None,
        })
    }

    /// Whether there is an OPT record at all.
    #[inline(always)]
    pub fn is_there(&self) -> bool {
        self.features.has(Features::EDNS)
    }

    /// Reads a client subnet or a cookie that is the only option, as nearly always. Returns whether it was one, and well-formed.
    #[inline(always)]
    pub(super) fn take_alone(&mut self, options: &'p [u8]) -> bool {
        /// A client cookie, and one with a server cookie of ours: option code and length.
        const CLIENT: u32 = (option::COOKIE as u32) << 16 | 8;
        const SERVER: u32 = (option::COOKIE as u32) << 16 | 24;
        let Some((head, data)) = options.split_first_chunk() else { return false };
        match (u32::from_be_bytes(*head), data.len()) {
            (CLIENT, 8) | (SERVER, 24) => {
                self.cookie = Some(data);
                self.features = self.features.with(Features::COOKIE);
            }
            (head, length) if head == u32::from(option::CLIENT_SUBNET) << 16 | length as u32 => {
                self.client_subnet = ClientSubnet::of_network(options);
                self.features = self.features.with(Features::CLIENT_SUBNET);
                return self.client_subnet.is_some();
            }
            _ => return false,
        }
        true
    }

    /// Reads options, in the order in which they stand.
    pub(super) fn take_options(&mut self, options: &'p [u8]) -> Result<(), EdnsFault> {
        let mut rest = options;
        while !rest.is_empty() {
            let Some(&[code_high, code_low, length_high, length_low]) = rest.first_chunk() else {
                return Err(EdnsFault::Malformed(fault::LENGTH));
            };
            let length = usize::from(u16::from_be_bytes([length_high, length_low]));
            let Some((option, others)) = rest.split_at_checked(OPTION_HEAD + length) else {
                return Err(EdnsFault::Malformed(fault::LENGTH));
            };
            self.take_option(u16::from_be_bytes([code_high, code_low]), option)?;
            rest = others;
        }
        Ok(())
    }

    /// Takes in an option of this code, which with its length stands in front of its data.
    #[inline]
    fn take_option(&mut self, code: u16, option: &'p [u8]) -> Result<(), EdnsFault> {
        let data = option.get(OPTION_HEAD..).unwrap_or_default();
        let feature = match code {
            option::CLIENT_SUBNET => {
                let subnet = ClientSubnet::read(option).ok_or(EdnsFault::Malformed(fault::CLIENT_SUBNET))?;
                // The first one counts; a second one must be well-formed all the same.
                self.client_subnet.get_or_insert(subnet);
                Features::CLIENT_SUBNET
            }
            option::COOKIE if matches!(data.len(), 8 | 16..=40) => {
                // RFC 7873 §5.2: of several cookies the first counts.
                self.cookie.get_or_insert(data);
                Features::COOKIE
            }
            option::COOKIE => return Err(EdnsFault::Malformed(fault::COOKIE)),
            // RFC 5001 §2.1 wants it empty; what is in it has no meaning.
            option::NSID => Features::NSID,
            option::TCP_KEEPALIVE => {
                // The last one counts.
                self.features =
                    self.features.without(Features::KEEPALIVE.with(Features::KEEPALIVE_WITH_DATA));
                if data.is_empty() { Features::KEEPALIVE } else { Features::KEEPALIVE_WITH_DATA }
            }
            option::ZONE_VERSION if data.is_empty() => Features::ZONE_VERSION,
            option::ZONE_VERSION => return Err(EdnsFault::Malformed(fault::ZONE_VERSION)),
            _ => return Ok(()),
        };
        self.features = self.features.with(feature);
        Ok(())
    }
}

impl<'p> ClientSubnet<'p> {
    /// Reads the option, with its code and length; `None` for anything that semantics §7 calls malformed.
    #[inline]
    pub fn read(option: &'p [u8]) -> Option<ClientSubnet<'p>> {
        let (&[family_high, family_low, source, scope], sent) =
            option.get(OPTION_HEAD..)?.split_first_chunk()?;
        if scope != 0 || sent.len() != usize::from(source).div_ceil(8) {
            return None;
        }
        let address = match u16::from_be_bytes([family_high, family_low]) {
            family::IPV4 => IpAddr::V4(Ipv4Addr::from_bits(leading_ipv4(sent, source)?)),
            family::IPV6 => IpAddr::V6(Ipv6Addr::from_bits(leading_ipv6(sent, source)?)),
            0 if source == 0 => return Some(ClientSubnet { option, address: None, source }),
            _ => return None,
        };
        Some(ClientSubnet { option, address: Some(address), source })
    }

    /// Reads the option, with its code and length, as far as it is what nearly all are: a network of IPv4, or of IPv6 with at
    /// most 64 bits. `None` for all others, good or bad.
    #[inline(always)]
    fn of_network(option: &'p [u8]) -> Option<ClientSubnet<'p>> {
        /// FAMILY and SCOPE PREFIX-LENGTH, which is 0, in the word that they make with what stands between them.
        const FIXED: u32 = 0xFFFF_00FF;
        const IPV4: u32 = (family::IPV4 as u32) << 16;
        const IPV6: u32 = (family::IPV6 as u32) << 16;
        let (head, sent) = option.get(OPTION_HEAD..)?.split_first_chunk()?;
        let head = u32::from_be_bytes(*head);
        let source = (head >> 8) as u8;
        // The eight octets that end with the address: it is at most as long, and eight stand in front of it.
        let last = u64::from_be_bytes(*option.last_chunk()?);
        let bits = last.checked_shl(64u32.checked_sub(8 * sent.len() as u32)?)?;
        let is_cut = bits.checked_shl(source.into()).unwrap_or(0) == 0;
        if sent.len() != usize::from(source).div_ceil(8) || !is_cut {
            return None;
        }
        let address = match head & FIXED {
            IPV4 if source <= 32 => IpAddr::V4(Ipv4Addr::from_bits((bits >> 32) as u32)),
            IPV6 => IpAddr::V6(Ipv6Addr::from_bits(u128::from(bits) << 64)),
            _ => return None,
        };
        Some(ClientSubnet { option, address: Some(address), source })
    }

    /// The data of the option.
    pub fn data(&self) -> &'p [u8] {
        self.option.get(OPTION_HEAD..).unwrap_or_default()
    }

    /// The address to decide on: `None` when the client asked for the transport address (source prefix 0).
    #[inline]
    pub fn decisive(&self) -> Option<&IpAddr> {
        if self.source == 0 { None } else { self.address.as_ref() }
    }
}

/// The address whose first octets were sent, filled up with zero bits; `None` where there are bits behind the prefix.
#[inline]
fn leading_ipv4(sent: &[u8], source: u8) -> Option<u32> {
    let octets = match *sent {
        [a, b, c] => [a, b, c, 0],
        [a, b, c, d] => [a, b, c, d],
        [a, b] => [a, b, 0, 0],
        [a] => [a, 0, 0, 0],
        [] => [0; 4],
        _ => return None,
    };
    let bits = u32::from_be_bytes(octets);
    let behind = u32::MAX.checked_shr(source.into()).unwrap_or(0);
    (source <= 32 && bits & behind == 0).then_some(bits)
}

/// The same for IPv6.
#[inline]
fn leading_ipv6(sent: &[u8], source: u8) -> Option<u128> {
    let mut octets = [0; 16];
    octets.get_mut(..sent.len())?.copy_from_slice(sent);
    let bits = u128::from_be_bytes(octets);
    let behind = u128::MAX.checked_shr(source.into()).unwrap_or(0);
    (source <= 128 && bits & behind == 0).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(data: &[u8]) -> Option<(Option<IpAddr>, u8)> {
        let option = [&[0, 8, 0, data.len() as u8], data].concat();
        let read = ClientSubnet::read(&option)?;
        assert_eq!((read.option, read.data()), (&*option, data));
        Some((read.address, read.source))
    }

    #[test]
    fn client_subnet_is_strict() {
        let v4 = |text: &str| Some(IpAddr::V4(text.parse().unwrap()));
        assert_eq!(subnet(&[0, 1, 24, 0, 192, 0, 2]), Some((v4("192.0.2.0"), 24)));
        assert_eq!(subnet(&[0, 1, 20, 0, 192, 0, 0xF0]), Some((v4("192.0.240.0"), 20)));
        assert_eq!(subnet(&[0, 1, 0, 0]), Some((v4("0.0.0.0"), 0)));
        assert_eq!(subnet(&[0, 0, 0, 0]), Some((None, 0)));
        assert_eq!(subnet(&[0, 2, 8, 0, 0x20]), Some((Some("2000::".parse().unwrap()), 8)));
        let malformed: [&[u8]; 11] = [
            b"",
            &[0, 1, 24],
            &[0, 1, 24, 0, 192, 0],
            &[0, 1, 24, 0, 192, 0, 2, 0],
            &[0, 1, 33, 0, 1, 2, 3, 4, 0],
            &[0, 1, 24, 1, 192, 0, 2],
            &[0, 1, 20, 0, 192, 0, 2],
            &[0, 0, 8, 0, 1],
            &[0, 3, 8, 0, 1],
            &[0, 2, 129, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0],
            &[0, 1, 0, 0, 0],
        ];
        for octets in malformed {
            assert_eq!(subnet(octets), None, "{octets:?}");
        }
    }

    #[test]
    fn options_are_walked_and_unknown_ones_ignored() {
        let options = [0, 99, 0, 1, 7, 0, 3, 0, 0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let edns = Edns::read(100, 0x8000, &options).unwrap();
        let expected = [Features::DNSSEC_OK, Features::NSID, Features::COOKIE];
        assert_eq!(edns.features, expected.into_iter().fold(Features::EDNS, Features::with));
        assert_eq!((edns.payload, edns.cookie), (512, Some(&options[13..])));
        assert_eq!(Edns::read(1232, 0x0001_0000, &[]), Err(EdnsFault::Version));
        for length in 1..4 {
            assert_eq!(Edns::read(1232, 0, &options[..length]), Err(EdnsFault::Malformed(fault::LENGTH)));
        }
        assert_eq!(Edns::read(1232, 0, &[0, 99, 0, 2, 7]), Err(EdnsFault::Malformed(fault::LENGTH)));
        for length in (0..8).chain(9..16).chain(41..50) {
            let cookie = [[0, 10, 0, length].as_slice(), &vec![1; usize::from(length)]].concat();
            let malformed = Err(EdnsFault::Malformed(fault::COOKIE));
            assert_eq!(Edns::read(1232, 0, &cookie), malformed, "{length}");
        }
    }

    #[test]
    fn options_with_data_that_they_must_not_have_are_told_apart() {
        let read = |options| Edns::read(1232, 0, options);
        let check = |options, feature| {
            assert_eq!(read(options).unwrap().features, Features::EDNS.with(feature), "{options:?}");
        };
        // Data in NSID are ignored.
        check(&[0, 3, 0, 2, 1, 2], Features::NSID);
        check(&[0, 11, 0, 0], Features::KEEPALIVE);
        check(&[0, 11, 0, 2, 1, 2], Features::KEEPALIVE_WITH_DATA);
        check(&[0, 11, 0, 0, 0, 11, 0, 2, 1, 2], Features::KEEPALIVE_WITH_DATA);
        check(&[0, 11, 0, 2, 1, 2, 0, 11, 0, 0], Features::KEEPALIVE);
        check(&[0, 19, 0, 0], Features::ZONE_VERSION);
        assert_eq!(read(&[0, 19, 0, 1, 0]), Err(EdnsFault::Malformed(fault::ZONE_VERSION)));
        assert_eq!(read(&[0, 8, 0, 0]), Err(EdnsFault::Malformed(fault::CLIENT_SUBNET)));
        // Of two cookies the first counts; padding is nothing to answer without encryption (RFC 8467 §4).
        let two = [[0, 10, 0, 8].as_slice(), &[1; 8], &[0, 10, 0, 8], &[2; 8], &[0, 12, 0, 1, 0]].concat();
        assert_eq!(read(&two).unwrap().cookie, Some([1; 8].as_slice()));
    }
}
