//! Messages with their two octets of length in front (RFC 1035 §4.2.2), coming in and going out.

/// Room made for each read. What a client claims as a length makes no room.
const READ_STEP: usize = 4096;
/// Answers that may wait to be written; then they are written before more queries are answered.
const OUTBOX_MAX: usize = 64 << 10;

/// What has come in.
#[derive(Default)]
pub(super) struct Inbox {
    octets: Vec<u8>,
    taken: usize,
}

impl Inbox {
    /// The next whole message, without its length.
    pub(super) fn next_message(&mut self) -> Option<&[u8]> {
        let (length, rest) = self.octets[self.taken..].split_first_chunk::<2>()?;
        let message = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        self.taken += 2 + message.len();
        Some(message)
    }

    /// Whether a whole message was taken since octets last came.
    pub(super) fn has_given_message(&self) -> bool {
        self.taken > 0
    }

    /// Whether no message has begun.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.octets.len()
    }

    /// Gives the memory back of a box whose messages are all taken: thousands of connections are idle at once.
    pub(super) fn give_back(&mut self) {
        *self = Inbox::default();
    }

    /// Where the next octets go: behind those that are there, with room for some more.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.reserve(READ_STEP);
        &mut self.octets
    }
}

/// What is to go out.
#[derive(Default)]
pub(super) struct Outbox {
    octets: Vec<u8>,
}

impl Outbox {
    /// Appends a message; an empty one is none.
    pub(super) fn push(&mut self, message: &[u8]) {
        if let (1.., Ok(length)) = (message.len(), u16::try_from(message.len())) {
            self.octets.extend_from_slice(&length.to_be_bytes());
            self.octets.extend_from_slice(message);
        }
    }

    /// Whether it must be written before more goes in.
    pub(super) fn is_full(&self) -> bool {
        self.octets.len() >= OUTBOX_MAX
    }

    /// The octets to be written.
    pub(super) fn as_octets(&self) -> &[u8] {
        &self.octets
    }

    /// Forgets what has been written, and gives memory back.
    pub(super) fn clear(&mut self) {
        self.octets = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_claimed_length_makes_no_room() {
        let mut inbox = Inbox::default();
        inbox.room().extend_from_slice(b"\xFF\xFF few");
        assert_eq!(inbox.next_message(), None);
        assert!(!inbox.is_empty());
        assert!(inbox.room().capacity() <= 2 * READ_STEP);
    }

    #[test]
    fn a_message_too_long_for_its_length_is_not_sent() {
        let mut outbox = Outbox::default();
        outbox.push(&[0; 65_536]);
        outbox.push(&[]);
        assert_eq!(outbox.as_octets(), b"");
        outbox.push(&[7; 65_535]);
        assert!(outbox.is_full());
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_they_are_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20),
            cuts in prop::collection::vec(1_usize..200, 1..50),
        ) {
            let mut outbox = Outbox::default();
            messages.iter().for_each(|message| outbox.push(message));
            let mut inbox = Inbox::default();
            let mut rest = outbox.as_octets();
            let mut seen = Vec::new();
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*cut));
                inbox.room().extend_from_slice(now);
                while let Some(message) = inbox.next_message() {
                    seen.push(message.to_vec());
                }
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert!(inbox.is_empty());
            prop_assert_eq!(seen, messages);
        }
    }
}
