//! One receive queue of an interface: an AF_XDP socket with its frames and rings.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::super::{Sent, check, check_length};
use super::Interface;
use super::bpf::AttachMode;
use super::memory::{FRAMES_EACH_WAY, Frame, Frames};
use super::ring::{Consumer, Producer};

/// Frames that are answered on one generation and one reading of the clock, and sent by one call: what the kernel sends
/// in a call (`TX_BATCH_SIZE`).
const BATCH: usize = 32;
/// How often the kernel is asked in a row to go on sending; what is left then goes with the next batch.
const CALLS_MAX: usize = 4;

/// A bound AF_XDP socket. Its user takes one frame after the other ([`Queue::take`]) and gives each the answer that it gets
/// ([`Queue::answer`]).
pub(in crate::server) struct Queue {
    rings: Rings,
    frames: Frames,
    /// Frames of queries that are done with.
    returning: Vec<Frame>,
    /// Frames for answers, ours at the moment: the last one in is the first one out, its cache lines are warm.
    spare: Vec<Frame>,
    /// Received queries: their frames, and where in them they stand.
    batch: Vec<(Frame, libc::xdp_desc)>,
    /// How many of them were taken; the last one of these is the present one.
    taken: usize,
    /// For the answer of the present one; none once it is given.
    room: Option<Frame>,
    /// Queries of the batch that were left out because there was no room for an answer, or none to put it.
    left_out: usize,
    /// Frames that the kernel has lost for want of room.
    lost: u64,
    socket: OwnedFd,
}

/// The rings of a socket.
struct Rings {
    /// Frames for the kernel to put queries into.
    fill: Producer<u64>,
    /// Queries that have come.
    queries: Consumer<libc::xdp_desc>,
    /// Answers that are to go.
    answers: Producer<libc::xdp_desc>,
    /// Frames of answers that have gone.
    gone: Consumer<u64>,
}

impl Rings {
    fn new(socket: &OwnedFd) -> io::Result<Rings> {
        for ring in
            [libc::XDP_UMEM_FILL_RING, libc::XDP_UMEM_COMPLETION_RING, libc::XDP_RX_RING, libc::XDP_TX_RING]
        {
            set(socket, ring, &(FRAMES_EACH_WAY as libc::c_int))?;
        }
        let offsets: libc::xdp_mmap_offsets = get(socket, libc::XDP_MMAP_OFFSETS)?;
        let (fill, gone) = (libc::XDP_UMEM_PGOFF_FILL_RING, libc::XDP_UMEM_PGOFF_COMPLETION_RING);
        let length = FRAMES_EACH_WAY;
        Ok(Rings {
            fill: Producer::map(socket, fill as _, &offsets.fr, length)?,
            queries: Consumer::map(socket, libc::XDP_PGOFF_RX_RING, &offsets.rx, length)?,
            answers: Producer::map(socket, libc::XDP_PGOFF_TX_RING, &offsets.tx, length)?,
            gone: Consumer::map(socket, gone as _, &offsets.cr, length)?,
        })
    }
}

/// A received frame and room for the frame that answers it.
pub(in crate::server) struct Received<'q> {
    /// Its octets.
    pub(in crate::server) frame: &'q [u8],
    /// Where the answer goes.
    pub(in crate::server) out: &'q mut [u8],
}

impl Queue {
    /// Opens the queue of that number. With a program in generic mode frames are copied; else it is the driver's choice.
    pub(in crate::server) fn open(interface: &Interface, number: u32, mode: AttachMode) -> io::Result<Queue> {
        let socket = open()?;
        let (frames, mut spare) = Frames::new()?;
        set(&socket, libc::XDP_UMEM_REG, &frames.registration())?;
        let rings = Rings::new(&socket)?;
        let returning = spare.split_off(FRAMES_EACH_WAY);
        let batch = Vec::with_capacity(BATCH);
        let (taken, room, left_out, lost) = (0, None, 0, 0);
        let mut queue = Queue { rings, frames, returning, spare, batch, taken, room, left_out, lost, socket };
        queue.give_back();
        queue.bind(interface.index(), number, mode)?;
        Ok(queue)
    }

    fn bind(&self, interface: u32, number: u32, mode: AttachMode) -> io::Result<()> {
        // A driver that copies nothing must not be asked to while its frames come by the generic way.
        let copy = if mode == AttachMode::Generic { libc::XDP_COPY } else { 0 };
        let name = libc::sockaddr_xdp {
            sxdp_family: libc::AF_XDP as _,
            sxdp_flags: libc::XDP_USE_NEED_WAKEUP | copy,
            sxdp_ifindex: interface,
            sxdp_queue_id: number,
            sxdp_shared_umem_fd: 0,
        };
        let length = size_of::<libc::sockaddr_xdp>() as libc::socklen_t;
        // SAFETY: `name` holds a socket address of the length that is given with it.
        check(unsafe { libc::bind(self.socket.as_raw_fd(), (&raw const name).cast(), length) })?;
        Ok(())
    }

    /// Receives what is there, up to a batch, without waiting; returns the number of frames.
    pub(in crate::server) fn receive(&mut self) -> usize {
        self.let_go();
        while self.batch.len() < BATCH {
            let Some(descriptor) = self.rings.queries.pop() else { break };
            // SAFETY: the ring of received frames has just given it.
            if let Some(frame) = unsafe { Frame::from_kernel(descriptor.addr) } {
                self.batch.push((frame, descriptor));
            }
        }
        self.rings.queries.release();
        self.take_back();
        self.batch.len()
    }

    /// Takes the next frame that an answer can be given to.
    pub(in crate::server) fn take(&mut self) -> Option<Received<'_>> {
        while self.taken < self.batch.len() {
            self.taken += 1;
            self.room = self.room.take().or_else(|| self.spare.pop());
            if self.room.is_some() {
                return self.present();
            }
            self.left_out += 1;
        }
        None
    }

    /// The frame that was taken last, if it has no answer.
    pub(in crate::server) fn present(&mut self) -> Option<Received<'_>> {
        let (frame, descriptor) = self.batch.get(self.taken.checked_sub(1)?)?;
        let out = self.frames.octets_mut(self.room.as_mut()?);
        Some(Received { frame: self.frames.octets(frame, descriptor), out })
    }

    /// Has so many octets of its room be sent.
    pub(in crate::server) fn answer(&mut self, length: usize) {
        let Some(frame) = self.room.take() else { return };
        let (addr, len) = (frame.address(), length as u32);
        if !self.rings.answers.push(libc::xdp_desc { addr, len, options: 0 }) {
            self.left_out += 1;
            self.spare.push(frame);
        }
    }

    /// Sends the answers without waiting, and gives the frames of the queries back. Answers that the kernel does not take
    /// now stay in the ring; the error is one that does not pass by itself, such as an interface that is down.
    pub(in crate::server) fn send(&mut self) -> Sent {
        self.let_go();
        self.give_back();
        if self.rings.fill.wants_a_call() {
            // An error would be the same as that of sending, below.
            let _ = self.call_for_queries();
        }
        self.rings.answers.publish();
        let (failed, error) = (std::mem::take(&mut self.left_out), self.call_until_sent().err());
        Sent { failed, error, ..Sent::default() }
    }

    fn call_until_sent(&mut self) -> io::Result<()> {
        for _ in 0..CALLS_MAX {
            if self.rings.answers.waiting() == 0 || !self.rings.answers.wants_a_call() {
                break;
            }
            match self.call_for_answers() {
                Err(error) if !is_passing(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether answers wait that the kernel has not yet taken.
    pub(in crate::server) fn has_unsent(&mut self) -> bool {
        self.rings.answers.waiting() > 0
    }

    /// Frames that were lost since the last call because no room was left for them.
    pub(in crate::server) fn newly_lost(&mut self) -> u64 {
        let Ok(statistics) = get::<libc::xdp_statistics>(&self.socket, libc::XDP_STATISTICS) else {
            return 0;
        };
        let lost = statistics.rx_dropped.saturating_add(statistics.rx_ring_full);
        let newly = lost.saturating_sub(self.lost);
        self.lost = lost;
        newly
    }

    /// Is done with the batch.
    fn let_go(&mut self) {
        self.returning.extend(self.batch.drain(..).map(|(frame, _)| frame));
        self.taken = 0;
    }

    /// Gives the frames of queries back, so that others come in them.
    fn give_back(&mut self) {
        while let Some(frame) = self.returning.pop() {
            if !self.rings.fill.push(frame.address()) {
                self.returning.push(frame);
                break;
            }
        }
        self.rings.fill.publish();
    }

    /// Takes back the frames of answers that have gone.
    fn take_back(&mut self) {
        while let Some(address) = self.rings.gone.pop() {
            // SAFETY: the ring of frames that have gone has just given it.
            self.spare.extend(unsafe { Frame::from_kernel(address) });
        }
        self.rings.gone.release();
    }

    fn call_for_answers(&self) -> io::Result<usize> {
        let (octets, name) = (std::ptr::null(), std::ptr::null());
        // SAFETY: no octets and no name.
        check_length(unsafe { libc::sendto(self.socket.as_raw_fd(), octets, 0, libc::MSG_DONTWAIT, name, 0) })
    }

    fn call_for_queries(&self) -> io::Result<usize> {
        let (octets, name, length) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: no octets and no name.
        check_length(unsafe {
            libc::recvfrom(self.socket.as_raw_fd(), octets, 0, libc::MSG_DONTWAIT, name, length)
        })
    }
}

impl AsRawFd for Queue {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

/// Waits for several queues.
pub(in crate::server) struct Watch {
    entries: Vec<libc::pollfd>,
}

impl Watch {
    /// Watches these queues as long as they are there.
    pub(in crate::server) fn new<'q>(queues: impl Iterator<Item = &'q Queue>) -> Watch {
        let entry = |queue: &Queue| libc::pollfd { fd: queue.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        Watch { entries: queues.map(entry).collect() }
    }

    /// Waits until a frame has come at one of the queues, at most `timeout`.
    pub(in crate::server) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let milliseconds = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let count = self.entries.len() as libc::nfds_t;
        // SAFETY: the pointer leads to `count` entries; a descriptor that was closed meanwhile is told as such.
        match check(unsafe { libc::poll(self.entries.as_mut_ptr(), count, milliseconds) }) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }
}

/// Errors that say "not now": the kernel has sent a part and wants to be called again, or the device's queue is full.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EBUSY | libc::ENOBUFS | libc::EINTR))
}

fn open() -> io::Result<OwnedFd> {
    // SAFETY: no pointers; a descriptor that the kernel has just given is owned by nobody else.
    unsafe {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        Ok(OwnedFd::from_raw_fd(check(libc::socket(libc::AF_XDP, kind, 0))?))
    }
}

fn set<T>(socket: &OwnedFd, name: libc::c_int, value: &T) -> io::Result<()> {
    let (level, length) = (libc::SOL_XDP, size_of::<T>() as libc::socklen_t);
    let value: *const T = value;
    // SAFETY: the value pointer is good for `length` octets during the call.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value.cast(), length) })?;
    Ok(())
}

/// Reads an option that is a row of numbers; what an older kernel leaves out is 0.
fn get<T: Copy>(socket: &OwnedFd, name: libc::c_int) -> io::Result<T> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: all zeros are valid in the structures of numbers that are asked for; the kernel writes at most `length`.
    unsafe {
        let mut value: T = std::mem::zeroed();
        let place = (&raw mut value).cast();
        check(libc::getsockopt(socket.as_raw_fd(), libc::SOL_XDP, name, place, &raw mut length))?;
        Ok(value)
    }
}
