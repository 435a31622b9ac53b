//! Base 64 (RFC 4648 §4), as values of several types have it.

/// The octets of a text in base 64; `None` when it is none.
pub(in crate::zone) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    domain::utils::base64::decode(std::str::from_utf8(text).ok()?).ok()
}
