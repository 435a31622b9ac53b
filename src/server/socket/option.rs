//! Socket options.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use super::check;

/// Sets an option.
pub(super) fn set(
    descriptor: &OwnedFd,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    let value = &raw const value;
    // SAFETY: the value pointer is good for `length` octets during the call.
    check(unsafe { libc::setsockopt(descriptor.as_raw_fd(), level, name, value.cast(), length) })?;
    Ok(())
}

/// Reads an option.
pub(super) fn get(descriptor: &OwnedFd, level: libc::c_int, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    let place = &raw mut value;
    // SAFETY: the value pointer is good for `length` octets during the call.
    check(unsafe { libc::getsockopt(descriptor.as_raw_fd(), level, name, place.cast(), &raw mut length) })?;
    Ok(value)
}

/// Sets a time limit such as `SO_RCVTIMEO`.
pub(super) fn set_timeout(descriptor: &OwnedFd, name: libc::c_int, timeout: Duration) -> io::Result<()> {
    let value = libc::timeval {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_usec: libc::suseconds_t::from(timeout.subsec_micros() as i32),
    };
    let length = size_of::<libc::timeval>() as libc::socklen_t;
    let value = &raw const value;
    // SAFETY: the value pointer is good for `length` octets during the call.
    check(unsafe { libc::setsockopt(descriptor.as_raw_fd(), libc::SOL_SOCKET, name, value.cast(), length) })?;
    Ok(())
}
