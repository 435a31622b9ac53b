//! What a running server shows of itself: its memory, its counters. And whether the long forms of the tests are wanted.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::server::Server;

/// The short form of a number, or with `MERIDIAN_SOAK=1` (`tests/run soak`) the long one.
pub fn short_or_long<T>(short: T, long: T) -> T {
    if is_soak() { long } else { short }
}

/// Whether the long forms are wanted.
pub fn is_soak() -> bool {
    std::env::var_os("MERIDIAN_SOAK").is_some()
}

/// Makes room for many connections of this process.
pub fn raise_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit can be read");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the limit can be raised");
}

impl Server {
    /// The memory that is resident, in octets.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("proc(5)");
        let kibibytes = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        kibibytes.expect("a number of kB") * 1024
    }

    /// The value of a metric, as `name{label="value"}` without the prefix of all.
    pub fn metric(&self, sample: &str) -> u64 {
        let mut stream = UnixStream::connect(self.socket()).expect("the control socket answers");
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: meridian\r\nConnection: close\r\n\r\n")
            .expect("it takes a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("meridian_{sample} ")));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no metric {sample} in:\n{text}"))
    }
}
