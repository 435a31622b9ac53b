//! What the product's AF_XDP sockets take from the module around them.

#[path = "../../../src/server/socket/xdp/mod.rs"]
pub(in crate::server) mod xdp;

use std::io;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn check_length(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// What became of a batch.
#[derive(Default)]
pub(in crate::server) struct Sent {
    pub(in crate::server) sent: usize,
    pub(in crate::server) failed: usize,
    pub(in crate::server) error: Option<io::Error>,
}
