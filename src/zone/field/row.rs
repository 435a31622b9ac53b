//! Which fields the data of each type has.

use super::Field::{self, *};
use super::number::{ALGORITHM, CERTIFICATE, DIGEST, PROTOCOL, SCHEME};
use crate::wire::rtype;

pub(in crate::zone) const NAPTR: u16 = 35;
const MD: u16 = 3;
const MF: u16 = 4;
const MB: u16 = 7;
const MG: u16 = 8;
const MR: u16 = 9;
const MINFO: u16 = 14;

/// The fields of a type's data; `None` for a type whose data has no presentation form but the generic one: unknown
/// ones, NULL (RFC 1035 §3.3.10), UINFO, UID, GID and UNSPEC (no specification), UNECE and ISO (registered in 2026,
/// their form still in discussion).
pub(in crate::zone) fn row(number: u16) -> Option<&'static [Field]> {
    Some(match number {
        rtype::A => &[Ipv4],
        rtype::AAAA => &[Ipv6],
        rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME | MD | MF | MB | MG | MR => &[Name],
        rtype::SOA => &[Name, Name, U32, Seconds, Seconds, Seconds, Seconds],
        rtype::MX => &[U16, Name],
        rtype::TXT => &[Texts],
        rtype::SRV => &[U16, U16, U16, Name],
        NAPTR => &[U16, U16, Text, Text, Text, Name],
        rtype::SVCB | rtype::HTTPS => &[U16, Name, Parameters],
        _ => return dnssec_row(number).or_else(|| rare_row(number)),
    })
}

/// DNSSEC, and what has the same form.
fn dnssec_row(number: u16) -> Option<&'static [Field]> {
    Some(match number {
        // DS, CDS, TA, DLV: RFC 4034 §5.3, 8078, 4431.
        rtype::DS | 59 | 32768 | 32769 => &[U16, Named(&ALGORITHM), Named(&DIGEST), Hex],
        // DNSKEY, CDNSKEY, RKEY: RFC 4034 §2.2, RFC 7344, draft-reid-dnsext-rkey.
        rtype::DNSKEY | 57 | 60 => &[U16, U8, Named(&ALGORITHM), Base64],
        // KEY, which may be without a key: RFC 2535 §7.1.
        25 => &[KeyFlags, Named(&PROTOCOL), Named(&ALGORITHM), OptionalBase64],
        // RRSIG, SIG: RFC 4034 §3.2, RFC 2535 §7.2.
        rtype::RRSIG | 24 => &[Type, Named(&ALGORITHM), U8, Seconds, Moment, Moment, U16, Name, Base64],
        rtype::NSEC => &[Name, Types],
        // NXT: RFC 2535 §5.3.
        30 => &[Name, OldTypes],
        rtype::NSEC3 => &[U8, U8, U16, Salt, Base32, Types],
        // NSEC3PARAM: RFC 5155 §4.3.
        51 => &[U8, U8, U16, Salt],
        // CSYNC: RFC 7477 §2.1.2.
        62 => &[U32, U16, Types],
        // ZONEMD: RFC 8976 §2.3.
        63 => &[U32, U8, U8, Hex],
        // DSYNC: RFC 9859 §2.
        66 => &[Type, Named(&SCHEME), U16, Name],
        _ => return None,
    })
}

/// The rest, by number.
fn rare_row(number: u16) -> Option<&'static [Field]> {
    Some(match number {
        11 => &[Ipv4, Services],                                      // WKS: RFC 1035 §3.4.2
        13 => &[Text, Text],                                          // HINFO
        MINFO | 17 | 58 => &[Name, Name],                             // MINFO, RP, TALINK
        18 | 21 | 36 => &[U16, Name],                                 // AFSDB, RT: RFC 1183; KX: RFC 2230
        19 => &[Digits],                                              // X25: RFC 1183 §3.1
        20 => &[Text, OptionalText],                                  // ISDN: RFC 1183 §3.2
        22 => &[Nsap],                                                // NSAP: RFC 1706 §5
        23 => &[Name],                                                // NSAP-PTR: RFC 1348
        26 => &[U16, Name, Name],                                     // PX: RFC 2163 §4
        27 => &[Degrees(180), Degrees(180), Degrees(u32::MAX)],       // GPOS: RFC 1712 §3
        29 => &[Location],                                            // LOC: RFC 1876
        31 | 32 => &[Hex],                                            // EID, NIMLOC: draft-ietf-nimrod-dns
        34 => &[AtmAddress],                                          // ATMA: AF-DANS-0152
        37 => &[Named(&CERTIFICATE), U16, Named(&ALGORITHM), Base64], // CERT: RFC 4398 §2.2
        38 => &[Ipv6Suffix],                                          // A6: RFC 2874 §3.1
        40 => &[U8, U8, U8, Base64],                                  // SINK: draft-eastlake-kitchen-sink
        42 => &[Prefixes],                                            // APL: RFC 3123 §5
        44 => &[U8, U8, Hex],                                         // SSHFP: RFC 4255 §3.2
        45 => &[U8, Gateway, OptionalBase64],                         // IPSECKEY: RFC 4025 §3
        49 | 61 | 67 | 68 => &[Base64],                               // DHCID, OPENPGPKEY, HHIT, BRID
        52 | 53 => &[U8, U8, U8, Hex],                                // TLSA: RFC 6698 §2.2; SMIMEA: RFC 8162
        55 => &[HostIdentity],                                        // HIP: RFC 8005 §6
        56 | 99 | 258 | 261 | 262 | 263 => &[Texts],                  // NINFO, SPF, AVC, RESINFO, WALLET, CLA
        104 | 106 => &[U16, Locator],                                 // NID, L64: RFC 6742
        105 => &[U16, Ipv4],                                          // L32
        107 => &[U16, Name],                                          // LP
        108 => &[Eui48],                                              // RFC 7043
        109 => &[Eui64],
        256 => &[U16, U16, LongText],               // URI: RFC 7553 §4.5
        257 => &[U8, Tag, LongText],                // CAA: RFC 8659 §4.1.1
        259 => &[U32, U32, U8, Text, Base64OrDash], // DOA: draft-durand-doa-over-dns
        260 => &[U8, Relay],                        // AMTRELAY: RFC 8777 §4.3
        264 => &[U64],                              // IPN: draft-johnson-dns-ipn-cla
        _ => return None,
    })
}

/// Whether names in a type's data may end in a pointer: the types of RFC 1035 only (RFC 3597 §4).
pub(in crate::zone) fn may_compress(number: u16) -> bool {
    matches!(
        number,
        rtype::NS | rtype::CNAME | rtype::SOA | rtype::PTR | rtype::MX | MD | MF | MB | MG | MR | MINFO
    )
}
