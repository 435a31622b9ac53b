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
/// A received datagram: what the header number i of [`Memory::incoming`] leads to.
///
/// A line or two more than a page: if all datagrams began at the same place of a page, their first lines, which are all that
/// most have, would push each other out of the nearest cache, which has few seats for each such place.
#[repr(C, align(64))]
pub(super) struct Request {
    pub(super) name: Name,
    pub(super) info: PacketInfo,
    part: libc::iovec,
    pub(super) octets: [u8; REQUEST_MAX],
}

/// An answer: what the header number i of [`Memory::outgoing`] leads to, beside the name of some request.
#[repr(C, align(64))]
pub(super) struct Response {
    part: libc::iovec,
    pub(super) octets: [u8; RESPONSE_MAX],
}

/// All that the kernel reads and writes. It belongs to one worker, and nothing else stands on its cache lines.
#[repr(C, align(128))]
pub(super) struct Memory {
    pub(super) incoming: [libc::mmsghdr; BATCH],
    pub(super) outgoing: [libc::mmsghdr; BATCH],
    pub(super) requests: [Request; BATCH],
    pub(super) responses: [Response; BATCH],
}

/// The owner of a batch's memory. It does not move: it points into itself.
///
/// The kernel goes by the pointers in the headers, everybody else borrows; all come from the one pointer here, so that no
/// borrowing makes the others invalid.
pub(super) struct Slots {
    memory: NonNull<Memory>,
}

impl Slots {
    /// Slots that are ready to receive.
    pub(super) fn new() -> Slots {
        // SAFETY: all zeros are valid in every field: plain numbers, and pointers that may be null.
        let memory = unsafe { Box::<Memory>::new_zeroed().assume_init() };
        let mut slots = Slots { memory: NonNull::from(Box::leak(memory)) };
        for index in 0..BATCH {
            slots.link(index);
            slots.make_room(index);
        }
        slots
    }

    /// Has the headers of that number lead to where they always do.
    fn link(&mut self, index: usize) {
        let memory = self.memory.as_ptr();
        // SAFETY: the memory is alive and borrowed by nobody else; the places lie within it.
        unsafe {
            let (request, header) =
                (&raw mut (*memory).requests[index], &mut (*memory).incoming[index].msg_hdr);
            (*request).part.iov_base = (&raw mut (*request).octets).cast();
            (*request).part.iov_len = REQUEST_MAX;
            header.msg_name = (&raw mut (*request).name).cast();
            header.msg_control = (&raw mut (*request).info).cast();
            header.msg_iov = &raw mut (*request).part;
            header.msg_iovlen = 1;

            let (response, header) =
                (&raw mut (*memory).responses[index], &mut (*memory).outgoing[index].msg_hdr);
            (*response).part.iov_base = (&raw mut (*response).octets).cast();
            header.msg_iov = &raw mut (*response).part;
            header.msg_iovlen = 1;
        }
    }

    /// Undoes what receiving into the slot of that number has changed in its header.
    #[inline]
    pub(super) fn make_room(&mut self, index: usize) {
        let header = &mut self.incoming[index].msg_hdr;
        header.msg_namelen = Name::CAPACITY;
        header.msg_controllen = PacketInfo::CAPACITY as _;
    }

    /// Has the answer number `answer`, of so many octets, go back to where the request number `request` came from. If the
    /// kernel named no sender, it will not take the answer.
    #[inline(always)]
    pub(super) fn send_back(&mut self, answer: usize, request: usize, length: usize) {
        let memory = &mut **self;
        let from = &memory.incoming[request].msg_hdr;
        let header = &mut memory.outgoing[answer].msg_hdr;
        header.msg_name = from.msg_name;
        header.msg_namelen = from.msg_namelen;
        header.msg_control = from.msg_control;
        header.msg_controllen = memory.requests[request].info.turn_round(from.msg_controllen as _) as _;
        memory.responses[answer].part.iov_len = length.min(RESPONSE_MAX);
    }

    /// The headers to receive with: [`BATCH`] of them, whose every pointer is good for the length beside it.
    pub(super) fn incoming(&mut self) -> *mut libc::mmsghdr {
        // SAFETY: the memory is alive; no reference is made.
        unsafe { (&raw mut (*self.memory.as_ptr()).incoming).cast() }
    }

    /// The headers to send with: of those that lead to an answer every pointer is good for the length beside it.
    pub(super) fn outgoing(&mut self) -> *mut libc::mmsghdr {
        // SAFETY: as above.
        unsafe { (&raw mut (*self.memory.as_ptr()).outgoing).cast() }
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
        slots.requests.iter().for_each(|request| starts(&mut messages, request.octets.as_ptr().addr()));
        slots.responses.iter().for_each(|response| starts(&mut messages, response.octets.as_ptr().addr()));
        assert!(messages.iter().all(|&count| count <= 2), "{messages:?}");
    }
}
