//! System calls without the guard that the C library puts around those that may wait.

use std::io;

/// Of POSIX; the same number in every C library for Linux.
const PTHREAD_CANCEL_ASYNCHRONOUS: libc::c_int = 1;

// The `libc` crate does not have it.
unsafe extern "C" {
    fn pthread_setcanceltype(kind: libc::c_int, previous: *mut libc::c_int) -> libc::c_int;
}

/// Makes the calling thread's system calls cheaper: the C library opens a window for `pthread_cancel` around each that may
/// wait, with two atomic operations, unless the window stands open all the time. Nobody comes in: no Rust program
/// cancels threads, nor does a library that this one is linked with. Over TCP, with two calls a query, it can be seen.
pub fn forgo_cancellation_windows() -> io::Result<()> {
    let mut previous = 0;
    // SAFETY: `previous` has room for what is written. A thread that may be cancelled anywhere is sound as long as nobody
    // cancels it.
    match unsafe { pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &raw mut previous) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
