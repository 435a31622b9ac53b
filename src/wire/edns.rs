//! The OPT record of a query and its options (RFC 6891, RFC 7871, RFC 7873, RFC 5001).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Option codes (IANA DNS EDNS0 option codes).
pub mod option {
    /// RFC 5001.
    pub const NSID: u16 = 3;
    /// RFC 7871.
    pub const CLIENT_SUBNET: u16 = 8;
    /// RFC 7873.
    pub const COOKIE: u16 = 10;
}

/// The smallest payload size that counts (RFC 6891 §6.2.3).
pub const PAYLOAD_MIN: u16 = 512;
/// Octets of an OPT record without options.
pub const OPT_LENGTH: usize = 11;

/// What a query's OPT record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns<'p> {
    /// The largest UDP response the client takes, at least [`PAYLOAD_MIN`].
    pub payload: u16,
    /// DNSSEC OK.
    pub dnssec_ok: bool,
    /// NSID was asked for.
    pub nsid: bool,
    /// EDNS Client Subnet.
    pub client_subnet: Option<ClientSubnet<'p>>,
    /// A cookie of a valid length (8 or 16–40 octets).
    pub cookie: Option<&'p [u8]>,
}

/// EDNS Client Subnet as sent, checked as semantics §7 wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSubnet<'p> {
    /// The option's data, to be echoed.
    pub octets: &'p [u8],
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
    /// Options that do not parse, a malformed client subnet, a cookie of a wrong length: FORMERR.
    Malformed,
}

impl<'p> Edns<'p> {
    /// Reads an OPT record: `payload` from its CLASS, `ttl` from its TTL, `options` its RDATA.
    pub fn read(payload: u16, ttl: u32, options: &'p [u8]) -> Result<Edns<'p>, EdnsFault> {
        if (ttl >> 16) & 0xFF != 0 {
            return Err(EdnsFault::Version);
        }
        let mut edns = Edns {
            payload: payload.max(PAYLOAD_MIN),
            dnssec_ok: ttl & 0x8000 != 0,
            nsid: false,
            client_subnet: None,
            cookie: None,
        };
        let mut rest = options;
        while !rest.is_empty() {
            let [code_high, code_low, length_high, length_low, tail @ ..] = rest else {
                return Err(EdnsFault::Malformed);
            };
            let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
            let data = tail.get(..length).ok_or(EdnsFault::Malformed)?;
            edns.take_option(u16::from_be_bytes([*code_high, *code_low]), data)?;
            rest = &tail[length..];
        }
        Ok(edns)
    }

    fn take_option(&mut self, code: u16, data: &'p [u8]) -> Result<(), EdnsFault> {
        match code {
            option::CLIENT_SUBNET => {
                let subnet = ClientSubnet::read(data).ok_or(EdnsFault::Malformed)?;
                // The first one counts; a second one must be well-formed all the same.
                self.client_subnet.get_or_insert(subnet);
            }
            option::COOKIE => match data.len() {
                8 | 16..=40 => self.cookie = Some(data),
                _ => return Err(EdnsFault::Malformed),
            },
            option::NSID => self.nsid = true,
            _ => {}
        }
        Ok(())
    }
}

impl<'p> ClientSubnet<'p> {
    /// Reads the data of the option; `None` for anything that semantics §7 calls malformed.
    pub fn read(octets: &'p [u8]) -> Option<ClientSubnet<'p>> {
        let [family_high, family_low, source, scope, address @ ..] = octets else { return None };
        let source = *source;
        if *scope != 0 || address.len() != usize::from(source).div_ceil(8) {
            return None;
        }
        if source % 8 != 0 && address[address.len() - 1] & (0xFF >> (source % 8)) != 0 {
            return None;
        }
        let address = match (u16::from_be_bytes([*family_high, *family_low]), source) {
            (0, 0) => None,
            (1, 0..=32) => Some(IpAddr::V4(Ipv4Addr::from(fill::<4>(address)))),
            (2, 0..=128) => Some(IpAddr::V6(Ipv6Addr::from(fill::<16>(address)))),
            _ => return None,
        };
        Some(ClientSubnet { octets, address, source })
    }

    /// The address to decide on: `None` when the client asked for the transport address (source prefix 0).
    pub fn decisive(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.source != 0)
    }
}

fn fill<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut filled = [0; N];
    filled[..octets.len()].copy_from_slice(octets);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(octets: &[u8]) -> Option<(Option<IpAddr>, u8)> {
        ClientSubnet::read(octets).map(|subnet| (subnet.address, subnet.source))
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
        assert!(edns.dnssec_ok && edns.nsid);
        assert_eq!((edns.payload, edns.cookie), (512, Some(&options[13..])));
        assert_eq!(Edns::read(1232, 0x0001_0000, &[]), Err(EdnsFault::Version));
        for length in 1..4 {
            assert_eq!(Edns::read(1232, 0, &options[..length]), Err(EdnsFault::Malformed));
        }
        assert_eq!(Edns::read(1232, 0, &[0, 99, 0, 2, 7]), Err(EdnsFault::Malformed));
        for length in (0..8).chain(9..16).chain(41..50) {
            let cookie = [[0, 10, 0, length].as_slice(), &vec![1; usize::from(length)]].concat();
            assert_eq!(Edns::read(1232, 0, &cookie), Err(EdnsFault::Malformed), "{length}");
        }
    }
}
