//! The options of a response, written as they come, within the room that there is for them.

use super::edns::OPT_LENGTH;

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

    /// The octets that the data of one more option may have.
    pub fn left(&self) -> usize {
        (self.room - self.length).saturating_sub(OPTION_HEAD)
    }

    /// The options, each with its code and length.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets[..self.length]
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
        assert_eq!(options.left(), 3);
        assert!(!options.put(15, &[&[0, 20], b"xy"]));
        assert_eq!(options.as_octets(), b"\0\x03\0\x03fra");
        assert!(options.put(15, &[&[0, 20], b"x"]));
        assert_eq!(options.as_octets(), b"\0\x03\0\x03fra\0\x0f\0\x03\0\x14x");
        assert_eq!(options.left(), 0);
        // An option without data has the room of a head all the same.
        assert!(!options.put(3, &[]));
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
