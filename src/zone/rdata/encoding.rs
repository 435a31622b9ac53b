//! Octets as text: hexadecimal, base 32 and base 64 (RFC 4648).

use std::fmt::Write;

use domain::utils::{base32, base64};

/// The octets of a text in base 64; `None` when it is none.
pub(in crate::zone) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    base64::decode(std::str::from_utf8(text).ok()?).ok()
}

/// Octets in base 64.
pub(in crate::zone) fn encode_base64(octets: &[u8]) -> String {
    base64::encode_string(octets)
}

/// The octets of a text in base 32 with the extended hexadecimal alphabet, without padding; `None` when it is none.
pub(in crate::zone) fn decode_base32(text: &[u8]) -> Option<Vec<u8>> {
    base32::decode_hex(std::str::from_utf8(text).ok()?).ok()
}

/// Octets in base 32 with the extended hexadecimal alphabet, without padding.
pub(in crate::zone) fn encode_base32(octets: &[u8]) -> String {
    base32::encode_string_hex(octets)
}

/// The octets of hexadecimal digits, two for each and at least one pair; `None` when they are not that.
pub(in crate::zone) fn hex_octets(digits: &[u8]) -> Option<Vec<u8>> {
    let is_whole = digits.len() >= 2 && digits.len().is_multiple_of(2);
    if !is_whole || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

/// The value of a hexadecimal digit.
fn digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        digit => (digit | 0x20) - b'a' + 10,
    }
}

/// Octets in hexadecimal.
pub(in crate::zone) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        write!(text, "{octet:02X}").expect("a String takes all text");
        text
    })
}
