//! The options of a response, written as they come, within the room that there is for them.

use super::ExtendedError;
use super::cookie::COOKIE;
use super::edns::{OPT_LENGTH, option};

/// The most octets of an OPT record with all its options: whoever reserves room for it reserves that much.
pub const OPT_MAX: usize = 512;
/// The longest client subnet option, which stands apart from the others because its scope is set last.
const CLIENT_SUBNET_MAX: usize = OPTION_HEAD + 4 + 16;
/// The most octets of all other options.
const OPTIONS_MAX: usize = OPT_MAX - OPT_LENGTH - CLIENT_SUBNET_MAX;
/// Octets of an option's code and length.
pub const OPTION_HEAD: usize = 4;

/// Encoded options in a scratch that a worker reuses. What does not fit is left out as a whole.
pub struct Options {
    octets: [u8; OPTIONS_MAX],
    length: usize,
    room: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { octets: [0; OPTIONS_MAX], length: 0, room: OPTIONS_MAX }
    }
}

impl Options {
    /// Starts anew, with room for at most so many octets.
    pub fn start(&mut self, room: usize) {
        self.length = 0;
        self.room = room.min(OPTIONS_MAX);
    }

    /// Adds an option whose data are these parts; whether there was room for it.
    pub fn put(&mut self, code: u16, parts: &[&[u8]]) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.room - self.length < OPTION_HEAD + length {
            return false;
        }
        self.append(&code.to_be_bytes());
        self.append(&(length as u16).to_be_bytes());
        parts.iter().for_each(|part| self.append(part));
        true
    }

    /// Adds a client cookie with its server cookie (RFC 7873 §4.2); whether there was room for it.
    #[inline]
    pub fn put_cookie(&mut self, cookie: &[u8; COOKIE]) -> bool {
        let [code_high, code_low] = option::COOKIE.to_be_bytes();
        let slot = self.octets[self.length..].first_chunk_mut::<{ OPTION_HEAD + COOKIE }>();
        let Some(slot) = slot.filter(|slot| self.room - self.length >= slot.len()) else { return false };
        slot[..OPTION_HEAD].copy_from_slice(&[code_high, code_low, 0, COOKIE as u8]);
        slot[OPTION_HEAD..].copy_from_slice(cookie);
        self.length += slot.len();
        true
    }

    /// Adds an extended error (RFC 8914 §2), its text cut to what is left; nothing where not even the code fits.
    pub fn put_extended_error(&mut self, error: ExtendedError) -> bool {
        let text = error.text.as_bytes();
        let left = (self.room - self.length).saturating_sub(OPTION_HEAD + 2);
        self.put(option::EXTENDED_ERROR, &[&error.code.to_be_bytes(), &text[..text.len().min(left)]])
    }

    /// The options, each with its code and length.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    /// Code and data of each option.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut rest = self.as_octets();
        std::iter::from_fn(move || {
            let [code_high, code_low, length_high, length_low, tail @ ..] = rest else { return None };
            let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
            let (data, tail) = tail.split_at_checked(length)?;
            rest = tail;
            Some((u16::from_be_bytes([*code_high, *code_low]), data))
        })
    }

    fn append(&mut self, octets: &[u8]) {
        let end = self.length + octets.len();
        self.octets[self.length..end].copy_from_slice(octets);
        self.length = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_put_as_a_whole_or_not_at_all() {
        let mut options = Options::default();
        options.start(14);
        assert!(options.put(3, &[b"fra"]));
        assert!(!options.put(9, &[&[0, 20], b"xy"]));
        assert_eq!(options.as_octets(), b"\0\x03\0\x03fra");
        assert!(options.put(9, &[&[0, 20], b"x"]));
        assert_eq!(options.as_octets(), b"\0\x03\0\x03fra\0\x09\0\x03\0\x14x");
        assert_eq!(options.iter().collect::<Vec<_>>(), [(3, b"fra".as_slice()), (9, &[0, 20, b'x'])]);
        // An option without data has the room of a head all the same.
        assert!(!options.put(3, &[]));
    }

    #[test]
    fn a_cookie_is_put_like_any_option() {
        let cookie = std::array::from_fn(|octet| octet as u8);
        let (mut by_parts, mut at_once) = (Options::default(), Options::default());
        for (room, fits) in [(34, false), (35, true), (36, true)] {
            by_parts.start(room);
            at_once.start(room);
            by_parts.put(option::NSID, &[b"fra"]);
            at_once.put(option::NSID, &[b"fra"]);
            assert_eq!(by_parts.put(option::COOKIE, &[&cookie]), fits, "room {room}");
            assert_eq!(at_once.put_cookie(&cookie), fits, "room {room}");
            assert_eq!(by_parts.as_octets(), at_once.as_octets());
        }
    }

    #[test]
    fn the_text_of_an_extended_error_is_cut_to_the_room() {
        let error = ExtendedError { code: 20, text: "not ours" };
        for (room, expected) in [
            (5, b"".as_slice()),
            (6, b"\0\x0f\0\x02\0\x14"),
            (9, b"\0\x0f\0\x05\0\x14not"),
            (99, b"\0\x0f\0\x0a\0\x14not ours"),
        ] {
            let mut options = Options::default();
            options.start(room);
            assert_eq!(options.put_extended_error(error), !expected.is_empty());
            assert_eq!(options.as_octets(), expected, "room {room}");
        }
    }

    #[test]
    fn all_options_together_have_a_bound() {
        let mut options = Options::default();
        options.start(usize::MAX);
        assert!(options.put(3, &[&[7; 255]]));
        assert!(!options.put(18, &[&[7; 255]]));
        assert!(options.put(18, &[&[7; 200]]));
        assert!(OPT_LENGTH + CLIENT_SUBNET_MAX + options.as_octets().len() <= OPT_MAX);
        options.start(0);
        assert!(!options.put(3, &[]));
        assert_eq!(options.as_octets(), b"");
    }
}
