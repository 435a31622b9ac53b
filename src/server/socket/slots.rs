//! The memory of a batch as the kernel sees it: message headers that are built once, and what they point to.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::address::Name;
use super::packet_info::PacketInfo;

/// Datagrams a system call; any number between 8 and 64 is as fast, because the kernel's own work dominates.
pub(in crate::server) const BATCH: usize = 32;
/// The largest query taken over UDP; what is longer loses its end and is a malformed message.
pub(super) const REQUEST_MAX: usize = 4096;
/// The largest answer given over UDP; the configured limit is far below it.
pub(super) const RESPONSE_MAX: usize = 4096;
/// A datagram and its answer: what the header number i of [`Memory::headers`] leads to.
///
/// A line or two more than two pages: if all datagrams began at the same place of a page, their first lines, which are all
/// that most have, would push each other out of the nearest cache, which has few seats for each such place.
#[repr(C, align(64))]
pub(super) struct Slot {
    pub(super) name: Name,
    pub(super) info: PacketInfo,
    request_part: libc::iovec,
    answer_part: libc::iovec,
    pub(super) request: [u8; REQUEST_MAX],
    pub(super) answer: [u8; RESPONSE_MAX],
}

/// All that the kernel reads and writes. It belongs to one worker, and nothing else stands on its cache lines.
///
/// A header with which a query came goes out with its answer: it names the client already, and our address. Only the octets
/// that it leads to are others.
#[repr(C, align(128))]
pub(super) struct Memory {
    pub(super) headers: [libc::mmsghdr; BATCH],
    pub(super) slots: [Slot; BATCH],
}

/// The owner of a batch's memory. It does not move: it points into itself.
///
/// The kernel goes by the pointers in the headers, everybody else borrows; all come from the one pointer here, so that no
/// borrowing makes the others invalid.
pub(super) struct Slots {
    memory: NonNull<Memory>,
    /// Whether some header leads to the slot of another number.
    is_mixed: bool,
}

impl Slots {
    /// Slots that are ready to receive.
    pub(super) fn new() -> Slots {
        // SAFETY: all zeros are valid in every field: plain numbers, and pointers that may be null.
        let memory = unsafe { Box::<Memory>::new_zeroed().assume_init() };
        let mut slots = Slots { memory: NonNull::from(Box::leak(memory)), is_mixed: true };
        slots.make_room(BATCH);
        slots
    }

    /// Undoes what receiving into the first `count` slots, and answering from them, has changed in their headers.
    #[inline]
    pub(super) fn make_room(&mut self, count: usize) {
        if std::mem::take(&mut self.is_mixed) {
            (0..BATCH).for_each(|index| self.link(index));
        }
        for index in 0..count.min(BATCH) {
            let memory = self.memory.as_ptr();
            // SAFETY: the memory is alive and borrowed by nobody else; the places lie within it.
            unsafe {
                let header = &mut (*memory).headers[index].msg_hdr;
                header.msg_iov = &raw mut (*memory).slots[index].request_part;
                header.msg_namelen = Name::CAPACITY;
                header.msg_controllen = PacketInfo::CAPACITY as _;
            }
        }
    }

    /// Has the header of that number lead to the slot of the same number.
    fn link(&mut self, index: usize) {
        let memory = self.memory.as_ptr();
        // SAFETY: as above.
        unsafe {
            let (slot, header) = (&raw mut (*memory).slots[index], &mut (*memory).headers[index].msg_hdr);
            (*slot).request_part.iov_base = (&raw mut (*slot).request).cast();
            (*slot).request_part.iov_len = REQUEST_MAX;
            (*slot).answer_part.iov_base = (&raw mut (*slot).answer).cast();
            header.msg_name = (&raw mut (*slot).name).cast();
            header.msg_control = (&raw mut (*slot).info).cast();
            header.msg_iovlen = 1;
        }
    }

    /// Has so many octets of the answer in the slot of that number go back to where its query came from. If the kernel
    /// named no sender, it will not take the answer.
    #[inline(always)]
    pub(super) fn send_back(&mut self, index: usize, length: usize) {
        // Every index is below the length of a batch, so this changes none.
        let (index, memory) = (index % BATCH, self.memory.as_ptr());
        // SAFETY: the memory is alive and borrowed by nobody else; the places lie within it, and do not overlap.
        unsafe {
            let (slot, header) = (&raw mut (*memory).slots[index], &mut (*memory).headers[index].msg_hdr);
            header.msg_iov = &raw mut (*slot).answer_part;
            (*slot).answer_part.iov_len = length.min(RESPONSE_MAX);
            // Most sockets are not told which address was asked: they have but one.
            if header.msg_controllen != 0 {
                header.msg_controllen = (*slot).info.turn_round(header.msg_controllen as _) as _;
            }
        }
    }

    /// The same where queries in front had no answer: answers stand side by side, so it goes with the header number `place`.
    #[cold]
    pub(super) fn send_back_at(&mut self, place: usize, index: usize, length: usize) {
        self.send_back(index, length);
        self.headers[place].msg_hdr = self.headers[index].msg_hdr;
        self.is_mixed = true;
    }

    /// The headers to receive and to send with: [`BATCH`] of them, whose every pointer is good for the length beside it.
    pub(super) fn headers(&mut self) -> *mut libc::mmsghdr {
        // SAFETY: the memory is alive; no reference is made.
        unsafe { (&raw mut (*self.memory.as_ptr()).headers).cast() }
    }
}

impl Deref for Slots {
    type Target = Memory;

    fn deref(&self) -> &Memory {
        // SAFETY: the memory is alive, and nobody but `self` reaches it.
        unsafe { self.memory.as_ref() }
    }
}

impl DerefMut for Slots {
    fn deref_mut(&mut self) -> &mut Memory {
        // SAFETY: as above.
        unsafe { self.memory.as_mut() }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody has it after this.
        drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_else_stands_on_the_cache_lines_of_a_batch() {
        const LINES: usize = 128;
        assert_eq!((align_of::<Memory>() % LINES, size_of::<Memory>() % LINES), (0, 0));
    }

    #[test]
    fn no_two_first_lines_of_messages_share_a_place_with_many() {
        const LINE: usize = 64;
        const PLACES: usize = 4096 / LINE;
        let slots = Slots::new();
        let mut messages = [0; PLACES];
        let starts = |messages: &mut [usize; PLACES], address: usize| messages[address / LINE % PLACES] += 1;
        for slot in &slots.slots {
            starts(&mut messages, slot.request.as_ptr().addr());
            starts(&mut messages, slot.answer.as_ptr().addr());
        }
        assert!(messages.iter().all(|&count| count <= 2), "{messages:?}");
    }
}
