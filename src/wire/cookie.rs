//! Server cookies, version 1 (RFC 9018 §4): how they are made of a secret, the client's cookie and its address, and
//! recognised again by whoever holds the same secret.

use std::fmt;
use std::net::IpAddr;

use super::siphash::{self, SipHash};

/// Octets of a client cookie (RFC 7873 §4.1).
pub const CLIENT_COOKIE: usize = 8;
/// Octets of a client cookie with the server cookie that belongs to it.
pub const COOKIE: usize = 24;
/// Octets of a secret.
pub const SECRET: usize = siphash::KEY;

/// The version, the first octet of the server cookie; the three behind it are reserved.
const VERSION: u8 = 1;
/// Octets in front of the hash: client cookie, version, reserved, timestamp. They are hashed, and the address behind them.
const HASHED: usize = 16;

/// What a server cookie is made with: known to the servers of a set and to nobody else, and never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; SECRET]);

/// A secret and the moment from which it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledSecret {
    /// Seconds since 1970 in UTC, modulo 2³².
    pub from: u32,
    /// The secret.
    pub secret: Secret,
}

impl Secret {
    /// A secret of these octets, which should be random.
    pub fn new(octets: [u8; SECRET]) -> Secret {
        Secret(octets)
    }

    /// Another secret that follows from this one and a number, and that tells nothing about this one.
    pub fn derive(&self, number: u32) -> Secret {
        let half = |which: u8| {
            let [a, b, c, d] = number.to_le_bytes();
            let rest = u64::from_le_bytes([a, b, c, d, which, 0, 0, 0]);
            SipHash::new(&self.0).finish(rest, 5).to_le_bytes()
        };
        let mut octets = [0; SECRET];
        octets[..8].copy_from_slice(&half(0));
        octets[8..].copy_from_slice(&half(1));
        Secret(octets)
    }

    /// The client's cookie with a server cookie of this moment, for this client.
    #[inline]
    pub fn make(&self, client: [u8; CLIENT_COOKIE], address: IpAddr, unix: u32) -> [u8; COOKIE] {
        let mut cookie = [0; COOKIE];
        cookie[..CLIENT_COOKIE].copy_from_slice(&client);
        cookie[CLIENT_COOKIE] = VERSION;
        cookie[12..HASHED].copy_from_slice(&unix.to_be_bytes());
        let hash = self.hash_of(&cookie, address);
        cookie[HASHED..].copy_from_slice(&hash.to_le_bytes());
        cookie
    }

    /// Whether a cookie was made with this secret for this client. When it was made is another matter ([`made_at`]).
    #[inline]
    pub fn has_made(&self, cookie: &[u8; COOKIE], address: IpAddr) -> bool {
        let [_, _, hash] = words(cookie);
        // One comparison of words: its time tells nothing about where two hashes differ.
        cookie[CLIENT_COOKIE] == VERSION && hash == self.hash_of(cookie, address)
    }

    /// The reserved octets are hashed as they are (RFC 9018 §4.4).
    #[inline]
    fn hash_of(&self, cookie: &[u8; COOKIE], address: IpAddr) -> u64 {
        let [client, head, _] = words(cookie);
        let hash = SipHash::new(&self.0).word(client).word(head);
        match address {
            IpAddr::V4(address) => hash.finish(u32::from_le_bytes(address.octets()).into(), HASHED as u8 + 4),
            IpAddr::V6(address) => {
                let address = u128::from_le_bytes(address.octets());
                hash.word(address as u64).word((address >> 64) as u64).finish(0, HASHED as u8 + 16)
            }
        }
    }
}

/// A cookie as SipHash sees it.
#[inline]
fn words(cookie: &[u8; COOKIE]) -> [u64; COOKIE / 8] {
    let (words, _) = cookie.as_chunks::<8>();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1]), u64::from_le_bytes(words[2])]
}

/// Never the octets: what is printed ends up in logs.
impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// When a server cookie says that it was made: seconds since 1970, modulo 2³².
#[inline]
pub fn made_at(cookie: &[u8; COOKIE]) -> u32 {
    u32::from_be_bytes([cookie[12], cookie[13], cookie[14], cookie[15]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets<const N: usize>(hex: &str) -> [u8; N] {
        let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        let octets: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        octets.try_into().unwrap()
    }

    /// Secret, client address, cookie: all of RFC 9018 appendix A.
    const VECTORS: [(&str, &str, &str); 6] = [
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            "198.51.100.100",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
        ),
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            "198.51.100.100",
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
        ),
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            "203.0.113.203",
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
        ),
        (
            "e5e973e5a6b2a43f48e7dc849e37bfcf",
            "203.0.113.203",
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
        ),
        (
            "dd3bdf9344b678b185a6f5cb60fca715",
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
        ),
        (
            "445536bcd2513298075a5d379663c962",
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
        ),
    ];

    #[test]
    fn cookies_are_those_of_rfc9018_appendix_a() {
        for (secret, address, cookie) in VECTORS {
            let secret = Secret::new(octets(secret));
            let address: IpAddr = address.parse().unwrap();
            let cookie: [u8; COOKIE] = octets(cookie);
            assert!(secret.has_made(&cookie, address), "{cookie:02x?}");
            if cookie[9..12] == [0; 3] {
                let [client @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = cookie;
                assert_eq!(secret.make(client, address, made_at(&cookie)), cookie);
            }
        }
    }

    #[test]
    fn no_octet_of_a_cookie_nor_its_client_can_be_changed() {
        let secret = Secret::new([7; SECRET]);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let cookie = secret.make([1; CLIENT_COOKIE], address, 1_000);
        assert!(secret.has_made(&cookie, address));
        assert!(!secret.has_made(&cookie, "192.0.2.2".parse().unwrap()));
        assert!(!secret.has_made(&cookie, "::ffff:192.0.2.1".parse().unwrap()));
        for at in 0..COOKIE {
            let mut changed = cookie;
            changed[at] ^= 1;
            assert!(!secret.has_made(&changed, address), "octet {at}");
        }
    }

    #[test]
    fn derived_secrets_differ_and_none_is_printed() {
        let secret = Secret::new([0xA7; SECRET]);
        assert_eq!(secret.derive(1), secret.derive(1));
        assert_ne!(secret.derive(1), secret.derive(2));
        assert_ne!(secret.derive(0), secret);
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
