//! Frames past the kernel's network stack: AF_XDP sockets, the memory and the rings that they share with the kernel, and
//! the program that chooses the frames (bpf(2)).
//!
//! Written here, not taken from a crate, for reasons that were looked up on 2026-11-20. `xdp` 0.8 has no C in it, but its
//! ring counters are plain additions: with the overflow checks of the release profile they would panic after 2³² frames,
//! two hours of a flood; and all of its calls are `unsafe` to their caller. `xsk-rs` and `libbpf-sys` build libbpf and
//! libxdp from C. `aya` loads objects that clang has made, which no user should need.
//!
//! `unsafe` stands for system calls, as everywhere in `socket`, and for the shared memory: `memory` says which octets are
//! whose at what time, `ring` moves them from one side to the other.

mod bpf;
mod interface;
mod memory;
mod queue;
mod ring;

pub(in crate::server) use bpf::{AttachMode, FrameMap, Link, Program};
pub(in crate::server) use interface::Interface;
pub(in crate::server) use memory::FRAME_MAX;
pub(in crate::server) use queue::{Queue, Received, Watch};
