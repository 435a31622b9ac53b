//! Rings: how frames pass from us to the kernel and back without a call.
//!
//! Each has a producer and a consumer with a counter each, which run on and wrap at 2³². One of the two is the kernel.

use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::memory::Mapping;

/// A ring in the kernel's memory.
struct Ring<T> {
    produced: NonNull<AtomicU32>,
    consumed: NonNull<AtomicU32>,
    flags: NonNull<AtomicU32>,
    entries: NonNull<T>,
    /// A power of two.
    length: u32,
    // Keeps what the pointers lead to.
    _mapping: Arc<Mapping>,
}

// SAFETY: the pointers lead into the mapping, which goes with them.
unsafe impl<T: Send> Send for Ring<T> {}

impl<T: Copy> Ring<T> {
    /// Maps a ring of `length` entries, a power of two, that `socket` was asked for.
    fn map(
        socket: &OwnedFd,
        page: libc::off_t,
        offsets: &libc::xdp_ring_offset,
        length: usize,
    ) -> io::Result<Ring<T>> {
        let octets = offsets.desc as usize + length * size_of::<T>();
        let mapping = Mapping::of_ring(socket, octets, page)?;
        Ok(Ring::within(Arc::new(mapping), offsets, length))
    }

    fn within(mapping: Arc<Mapping>, offsets: &libc::xdp_ring_offset, length: usize) -> Ring<T> {
        assert!(length.is_power_of_two(), "counters wrap at the end of the ring and at 2³² alike");
        Ring {
            produced: mapping.place(offsets.producer as usize, 1),
            consumed: mapping.place(offsets.consumer as usize, 1),
            flags: mapping.place(offsets.flags as usize, 1),
            entries: mapping.place(offsets.desc as usize, length),
            length: length as u32,
            _mapping: mapping,
        }
    }

    fn produced(&self) -> &AtomicU32 {
        // SAFETY: in the mapping, aligned, and only ever used as an atomic word by both sides.
        unsafe { self.produced.as_ref() }
    }

    fn consumed(&self) -> &AtomicU32 {
        // SAFETY: as above.
        unsafe { self.consumed.as_ref() }
    }

    /// The entry of a counter's value.
    fn entry(&self, count: u32) -> NonNull<T> {
        // SAFETY: the remainder is below the length, which is the number of entries.
        unsafe { self.entries.add((count & (self.length - 1)) as usize) }
    }

    /// Whether the kernel wants to be called: it does not look at the ring by itself.
    fn wants_a_call(&self) -> bool {
        // SAFETY: as above.
        let flags = unsafe { self.flags.as_ref() };
        flags.load(Ordering::Relaxed) & libc::XDP_RING_NEED_WAKEUP != 0
    }
}

/// A ring that we fill: queries to come, answers to go.
pub(super) struct Producer<T> {
    ring: Ring<T>,
    /// What we have written, published or not.
    written: u32,
    /// What the kernel had consumed when we last looked.
    consumed: u32,
}

impl<T: Copy> From<Ring<T>> for Producer<T> {
    /// Goes on where the ring stands.
    fn from(ring: Ring<T>) -> Producer<T> {
        let written = ring.produced().load(Ordering::Relaxed);
        let consumed = ring.consumed().load(Ordering::Acquire);
        Producer { ring, written, consumed }
    }
}

impl<T: Copy> Producer<T> {
    pub(super) fn map(
        socket: &OwnedFd,
        page: libc::off_t,
        offsets: &libc::xdp_ring_offset,
        length: usize,
    ) -> io::Result<Producer<T>> {
        Ok(Producer::from(Ring::map(socket, page, offsets, length)?))
    }

    /// Writes an entry, which the kernel sees once it is published. Without room nothing happens: the kernel shows what it
    /// has put into one ring before it shows that it has taken from another.
    pub(super) fn push(&mut self, entry: T) -> bool {
        if self.written.wrapping_sub(self.consumed) == self.ring.length && self.waiting() == self.ring.length
        {
            return false;
        }
        // SAFETY: the entry is ours: the kernel has consumed what stood there, and this is not published.
        unsafe { self.ring.entry(self.written).write(entry) };
        self.written = self.written.wrapping_add(1);
        true
    }

    /// Shows the kernel what was written.
    pub(super) fn publish(&mut self) {
        self.ring.produced().store(self.written, Ordering::Release);
    }

    /// How many entries the kernel has not consumed.
    pub(super) fn waiting(&mut self) -> u32 {
        self.consumed = self.ring.consumed().load(Ordering::Acquire);
        self.written.wrapping_sub(self.consumed)
    }

    /// Whether the kernel wants to be called.
    pub(super) fn wants_a_call(&self) -> bool {
        self.ring.wants_a_call()
    }
}

/// A ring that the kernel fills: queries that have come, answers that have gone.
pub(super) struct Consumer<T> {
    ring: Ring<T>,
    /// What we have read, released or not.
    read: u32,
    /// What the kernel had produced when we last looked.
    produced: u32,
}

impl<T: Copy> From<Ring<T>> for Consumer<T> {
    /// Goes on where the ring stands.
    fn from(ring: Ring<T>) -> Consumer<T> {
        let read = ring.consumed().load(Ordering::Relaxed);
        let produced = ring.produced().load(Ordering::Acquire);
        Consumer { ring, read, produced }
    }
}

impl<T: Copy> Consumer<T> {
    pub(super) fn map(
        socket: &OwnedFd,
        page: libc::off_t,
        offsets: &libc::xdp_ring_offset,
        length: usize,
    ) -> io::Result<Consumer<T>> {
        Ok(Consumer::from(Ring::map(socket, page, offsets, length)?))
    }

    /// The next entry.
    pub(super) fn pop(&mut self) -> Option<T> {
        if self.read == self.produced {
            self.produced = self.ring.produced().load(Ordering::Acquire);
            if self.read == self.produced {
                return None;
            }
        }
        // SAFETY: published by the kernel and not yet released by us.
        let entry = unsafe { self.ring.entry(self.read).read() };
        self.read = self.read.wrapping_add(1);
        Some(entry)
    }

    /// Lets the kernel reuse the entries that were read.
    pub(super) fn release(&mut self) {
        self.ring.consumed().store(self.read, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 4;

    /// Both ends of a ring whose counters stand at `start`.
    fn ends(start: u32) -> (Producer<u64>, Consumer<u64>) {
        let offsets = libc::xdp_ring_offset { producer: 0, consumer: 64, flags: 128, desc: 192 };
        let mapping = Arc::new(Mapping::anonymous(4096).unwrap());
        let ring = || Ring::within(Arc::clone(&mapping), &offsets, LENGTH);
        ring().produced().store(start, Ordering::Relaxed);
        ring().consumed().store(start, Ordering::Relaxed);
        (Producer::from(ring()), Consumer::from(ring()))
    }

    #[test]
    fn entries_come_out_in_order_over_the_end_of_the_ring_and_of_the_counters() {
        for start in [0, 3, u32::MAX - 5] {
            let (mut producer, mut consumer) = ends(start);
            for round in 0..10 {
                for entry in 0..3 {
                    assert!(producer.push(round * 3 + entry));
                }
                assert_eq!(consumer.pop(), None, "not published");
                producer.publish();
                assert_eq!(producer.waiting(), 3);
                for entry in 0..3 {
                    assert_eq!(consumer.pop(), Some(round * 3 + entry));
                }
                assert_eq!(consumer.pop(), None);
                consumer.release();
                assert_eq!(producer.waiting(), 0);
            }
        }
    }

    #[test]
    fn a_full_ring_takes_nothing_until_entries_are_released() {
        for start in [0, u32::MAX - 1] {
            let (mut producer, mut consumer) = ends(start);
            assert!((0..LENGTH as u64).all(|entry| producer.push(entry)));
            assert!(!producer.push(9));
            producer.publish();
            assert_eq!(consumer.pop(), Some(0));
            assert!(!producer.push(9), "read, but not released");
            consumer.release();
            assert!(producer.push(9));
            assert!(!producer.push(10));
            producer.publish();
            let rest: Vec<u64> = std::iter::from_fn(|| consumer.pop()).collect();
            assert_eq!(rest, [1, 2, 3, 9]);
        }
    }

    #[test]
    fn the_kernel_says_whether_it_wants_a_call() {
        let (producer, _) = ends(0);
        assert!(!producer.wants_a_call());
        // SAFETY: in the mapping, as an atomic word.
        unsafe { producer.ring.flags.as_ref() }.store(libc::XDP_RING_NEED_WAKEUP, Ordering::Relaxed);
        assert!(producer.wants_a_call());
    }
}
