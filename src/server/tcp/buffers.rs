//! Messages with their two octets of length in front (RFC 1035 §4.2.2), coming in and going out.

use std::cell::Cell;
use std::thread::LocalKey;

/// Room made for a read, or for answers, when there is none. What a client claims as a length makes no room.
const STEP: usize = 4096;
/// Once so much waits to be written, it is written before more queries are answered. One answer goes in beyond it, so
/// that the largest goes out too: a client that does not read holds so much and one answer.
const OUTBOX_MARK: usize = 16 << 10;

thread_local! {
    /// The room of a read that holds nothing now, for the next one on this thread, of whatever connection.
    static SPARE_FOR_QUERIES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// The same of answers.
    static SPARE_FOR_ANSWERS: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Makes room that holds nothing the spare one, if it has the usual size; frees it otherwise.
fn keep(spare: &'static LocalKey<Cell<Vec<u8>>>, mut room: Vec<u8>) {
    if room.capacity() == STEP {
        room.clear();
        spare.set(room);
    }
}

/// Room of [`STEP`] octets at least: the spare one, where there is one.
fn take(spare: &'static LocalKey<Cell<Vec<u8>>>) -> Vec<u8> {
    let mut room = spare.take();
    room.reserve_exact(STEP);
    room
}

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

    /// Whether the last read took all room there was: more is waiting, then.
    pub(super) fn is_crammed(&self) -> bool {
        self.octets.len() == self.octets.capacity()
    }

    /// Gives the memory back of a box whose messages are all taken: thousands of connections are idle at once.
    pub(super) fn give_back(&mut self) {
        if self.is_empty() {
            self.forget();
        }
    }

    /// Throws away what has come.
    pub(super) fn forget(&mut self) {
        keep(&SPARE_FOR_QUERIES, std::mem::take(self).octets);
    }

    /// Where the next octets go: behind those that are there, with room for some more. It does not double: thousands of
    /// half messages may wait at once.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        self.octets.drain(..self.taken);
        self.taken = 0;
        if self.octets.capacity() == 0 {
            self.octets = take(&SPARE_FOR_QUERIES);
        } else if self.is_crammed() {
            self.octets.reserve_exact(STEP);
        }
        &mut self.octets
    }
}

/// What is to go out.
#[derive(Default)]
pub(super) struct Outbox {
    octets: Vec<u8>,
    written: usize,
}

impl Outbox {
    /// Appends a message; an empty one is none.
    pub(super) fn push(&mut self, message: &[u8]) {
        if let (1.., Ok(length)) = (message.len(), u16::try_from(message.len())) {
            if self.octets.capacity() == 0 {
                self.octets = take(&SPARE_FOR_ANSWERS);
            }
            self.octets.reserve(2 + message.len());
            self.octets.extend_from_slice(&length.to_be_bytes());
            self.octets.extend_from_slice(message);
        }
    }

    /// Whether it must be written before more goes in.
    pub(super) fn is_full(&self) -> bool {
        self.as_octets().len() >= OUTBOX_MARK
    }

    /// The octets to be written.
    pub(super) fn as_octets(&self) -> &[u8] {
        &self.octets[self.written..]
    }

    /// Forgets octets that have been written, and gives the memory back once all have.
    pub(super) fn advance(&mut self, written: usize) {
        self.written += written;
        if self.written == self.octets.len() {
            keep(&SPARE_FOR_ANSWERS, std::mem::take(self).octets);
        }
    }

    /// Forgets all octets, and keeps the memory for the next ones.
    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.written = 0;
    }

    /// Gives the memory back that the rest does not need: the client may be long in taking it.
    pub(super) fn shrink(&mut self) {
        self.octets.drain(..self.written);
        self.written = 0;
        self.octets.shrink_to_fit();
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
        assert!(inbox.room().capacity() <= STEP);
    }

    #[test]
    fn a_half_message_holds_a_read_more_than_its_octets() {
        let mut inbox = Inbox::default();
        for octet in [b"\xFF\xFF".as_slice(), &[7; 60_000]].concat() {
            inbox.room().push(octet);
        }
        assert!(inbox.room().capacity() <= 60_002 + STEP);
        inbox.give_back();
        assert!(!inbox.is_empty(), "what has come stays");
    }

    #[test]
    fn an_idle_inbox_holds_nothing_and_its_room_is_the_next_ones() {
        let [mut inbox, mut other] = <[Inbox; 2]>::default();
        inbox.room().extend_from_slice(b"\0\x01a");
        assert_eq!(inbox.next_message(), Some(b"a".as_slice()));
        let room = inbox.octets.as_ptr();
        inbox.give_back();
        assert_eq!(inbox.octets.capacity(), 0);
        assert_eq!((other.room().as_ptr(), other.octets.as_slice()), (room, b"".as_slice()));
        assert_ne!(inbox.room().as_ptr(), room);
    }

    #[test]
    fn unread_answers_hold_the_mark_and_one_message_at_most() {
        let mut outbox = Outbox::default();
        while outbox.as_octets().len() + 2 + 100 < OUTBOX_MARK {
            outbox.push(&[7; 100]);
        }
        assert!(!outbox.is_full());
        outbox.push(&[7; 65_535]);
        assert!(outbox.is_full());
        assert!(outbox.octets.capacity() <= OUTBOX_MARK + 2 + 65_535);
    }

    #[test]
    fn what_is_written_is_forgotten_and_its_memory_given_back() {
        let mut outbox = Outbox::default();
        outbox.push(&[7; 60_000]);
        outbox.advance(50_002);
        assert_eq!((outbox.as_octets(), outbox.is_full()), ([7; 10_000].as_slice(), false));
        outbox.shrink();
        assert_eq!(outbox.as_octets(), [7; 10_000]);
        assert!(outbox.octets.capacity() < 2 * 10_000);
        outbox.advance(10_000);
        assert_eq!((outbox.as_octets(), outbox.octets.capacity()), (b"".as_slice(), 0));
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
