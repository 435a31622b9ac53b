//! Memory that the kernel and we both see: mappings, and the frames of a queue (its "UMEM").

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::NonNull;

/// Frames of a queue: half wait for queries, half carry answers. 8 MiB, what a process may lock that has no right to
/// more (`RLIMIT_MEMLOCK`).
pub(super) const FRAMES: usize = 2 * FRAMES_EACH_WAY;
/// Frames for each direction; a power of two, because it is also the length of the rings.
pub(super) const FRAMES_EACH_WAY: usize = 2048;
/// Octets of a frame: the least that the kernel takes, and more than an Ethernet frame has.
pub(super) const FRAME_SIZE: usize = 2048;
/// Octets at the start of each frame that the kernel keeps for itself (XDP_PACKET_HEADROOM).
const HEADROOM: usize = 256;
/// The longest frame that the kernel can put into ours.
pub(in crate::server) const FRAME_MAX: usize = FRAME_SIZE - HEADROOM;

/// A mapping of our own, unmapped when dropped.
pub(super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping belongs to whoever has this value; nothing about it belongs to a thread.
unsafe impl Send for Mapping {}
// SAFETY: by reference it tells places and nothing more; who reads or writes there answers for that.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Zeroed memory that is there already, so that no page has to be fetched later.
    pub(super) fn anonymous(length: usize) -> io::Result<Mapping> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        Mapping::map(length, flags, -1, 0)
    }

    /// The ring of a socket that stands at `offset` (`XDP_PGOFF_RX_RING` and its like).
    pub(super) fn of_ring(socket: &OwnedFd, length: usize, offset: libc::off_t) -> io::Result<Mapping> {
        Mapping::map(length, libc::MAP_SHARED | libc::MAP_POPULATE, socket.as_raw_fd(), offset)
    }

    fn map(length: usize, flags: libc::c_int, descriptor: i32, offset: libc::off_t) -> io::Result<Mapping> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, at a place that the kernel chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, descriptor, offset) };
        match NonNull::new(start) {
            Some(place) if start != libc::MAP_FAILED => Ok(Mapping { start: place.cast(), length }),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The place of a `T` at `offset`, with `count` of them in a row inside of the mapping.
    pub(super) fn place<T>(&self, offset: usize, count: usize) -> NonNull<T> {
        let end = count.checked_mul(size_of::<T>()).and_then(|length| offset.checked_add(length));
        assert!(end.is_some_and(|end| end <= self.length), "the kernel's offsets lie inside of its ring");
        assert!(offset.is_multiple_of(align_of::<T>()), "the kernel's offsets are aligned");
        // SAFETY: inside of the mapping, as just checked.
        unsafe { self.start.add(offset) }.cast()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by us with this length, and nobody has a reference into it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// A frame of a [`Frames`] that is ours: the kernel does not touch it until it is given back through a ring. There is
/// one value for each frame at most, so that nothing else refers to its octets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame(u64);

/// The frames of a queue.
pub(super) struct Frames {
    mapping: Mapping,
}

impl Frames {
    /// [`FRAMES`] of them, and the values that stand for them.
    pub(super) fn new() -> io::Result<(Frames, Vec<Frame>)> {
        let mapping = Mapping::anonymous(FRAMES * FRAME_SIZE)?;
        let all = (0..FRAMES).map(|number| Frame((number * FRAME_SIZE) as u64));
        Ok((Frames { mapping }, all.collect()))
    }

    /// How the kernel is told of them.
    pub(super) fn registration(&self) -> libc::xdp_umem_reg {
        // SAFETY: all zeros are valid: no options.
        let mut registration: libc::xdp_umem_reg = unsafe { std::mem::zeroed() };
        registration.addr = self.mapping.start.as_ptr() as u64;
        registration.len = self.mapping.length as u64;
        registration.chunk_size = FRAME_SIZE as u32;
        registration
    }

    /// The received octets of a frame; none where the kernel names octets outside of it.
    pub(super) fn octets<'f>(&'f self, frame: &'f Frame, descriptor: &libc::xdp_desc) -> &'f [u8] {
        let (start, length) = (descriptor.addr - frame.0, descriptor.len as usize);
        if start as usize + length > FRAME_SIZE {
            return &[];
        }
        let place = self.mapping.place::<u8>(descriptor.addr as usize, length);
        // SAFETY: inside of the mapping, initialised, and of a frame that is ours, which `frame` stands for.
        unsafe { std::slice::from_raw_parts(place.as_ptr(), length) }
    }

    /// A whole frame to write to.
    pub(super) fn octets_mut<'f>(&'f self, frame: &'f mut Frame) -> &'f mut [u8] {
        let place = self.mapping.place::<u8>(frame.0 as usize, FRAME_SIZE);
        // SAFETY: inside of the mapping, initialised, and of a frame that is ours, which `frame` exclusively stands for.
        unsafe { std::slice::from_raw_parts_mut(place.as_ptr(), FRAME_SIZE) }
    }
}

impl Frame {
    /// The frame that an address of the kernel's lies in, now ours. `None` for an address that is in none.
    ///
    /// # Safety
    ///
    /// The kernel has just given this address back by a ring.
    pub(super) unsafe fn from_kernel(address: u64) -> Option<Frame> {
        let number = address / FRAME_SIZE as u64;
        (number < FRAMES as u64).then_some(Frame(number * FRAME_SIZE as u64))
    }

    /// The address that gives the frame to the kernel; whoever gives it drops this value.
    pub(super) fn address(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(address: u64) -> Option<Frame> {
        // SAFETY: no other value stands for a frame in these tests.
        unsafe { Frame::from_kernel(address) }
    }

    #[test]
    fn an_address_inside_of_a_frame_is_that_frames() {
        assert_eq!(frame(0).map(|frame| frame.address()), Some(0));
        assert_eq!(frame(FRAME_SIZE as u64 + 300).map(|frame| frame.address()), Some(FRAME_SIZE as u64));
        assert_eq!(frame((FRAMES * FRAME_SIZE) as u64), None);
        assert_eq!(frame(u64::MAX), None);
    }

    #[test]
    fn octets_are_those_of_one_frame() {
        let (frames, mut all) = Frames::new().unwrap();
        assert_eq!(all.len(), FRAMES);
        let (first, last) = (0, FRAMES - 1);
        frames.octets_mut(&mut all[first]).fill(1);
        frames.octets_mut(&mut all[last]).fill(2);
        for (start, length, expected) in
            [(0, 5, 5), (0, FRAME_SIZE, FRAME_SIZE), (256, FRAME_MAX, FRAME_MAX), (256, FRAME_MAX + 1, 0)]
        {
            for (number, value) in [(first, 1), (last, 2)] {
                let frame = &all[number];
                let descriptor =
                    libc::xdp_desc { addr: frame.address() + start, len: length as u32, options: 0 };
                let octets = frames.octets(frame, &descriptor);
                assert!(octets.len() == expected && octets.iter().all(|&octet| octet == value));
            }
        }
    }
}
