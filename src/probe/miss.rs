//! Why a probe did not pass, in words fit for operators.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::abstention::Abstention;
use super::foreign_text::foreign;
use super::tls_fault;

/// No descriptor left in this process, in the system, no buffer, no memory (errno(3), Linux numbers; the standard
/// library has no kinds for the first three).
const OUT_OF_DESCRIPTORS: [i32; 4] = [24, 23, 105, 12];

/// How far errors are followed to their causes; chains in practice have six links.
const MAX_CAUSES: usize = 16;

/// How far a probe has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Until the TCP connection is there.
    Connecting,
    /// Until TLS is agreed.
    Handshake,
    /// Until status and headers are there.
    Headers,
    /// Until enough of the body is there.
    Body,
}

impl Stage {
    /// For what took too long.
    fn during(self) -> &'static str {
        match self {
            Stage::Connecting => "while connecting",
            Stage::Handshake => "in the TLS handshake",
            Stage::Headers => "while waiting for headers",
            Stage::Body => "while reading the body",
        }
    }

    /// For what came to an end.
    fn before(self) -> &'static str {
        match self {
            Stage::Headers => "before the answer",
            other => other.during(),
        }
    }
}

/// The end of a probe that is not a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// The member is not as wanted, and why.
    Failure(String),
    /// The prober cannot tell, and why.
    Abstention(Abstention),
}

impl Miss {
    /// A failure for `reason`.
    pub(super) fn failure(reason: impl Into<String>) -> Miss {
        Miss::Failure(reason.into())
    }

    /// The time for the whole probe is over.
    pub(super) fn timed_out(timeout: Duration, stage: Stage) -> Miss {
        Miss::Failure(format!("timed out after {} {}", in_words(timeout), stage.during()))
    }

    /// What an error of any library means that came up in `stage`: the first of its causes that is known decides,
    /// else the innermost one speaks for itself.
    pub(super) fn from_error(error: &(dyn Error + 'static), stage: Stage) -> Miss {
        causes(error).find_map(|cause| known(cause, stage)).unwrap_or_else(|| {
            let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
            Miss::Failure(format!("{} {}", foreign(&innermost), stage.during()))
        })
    }
}

/// `error` and what it came from, outermost first.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause_of(*error)).take(MAX_CAUSES)
}

/// An `io::Error` hides the error it carries from `source()`.
fn cause_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}

fn known(cause: &(dyn Error + 'static), stage: Stage) -> Option<Miss> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return of_io(error, stage);
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(Miss::Failure(tls_fault::reason(error)));
    }
    of_http(&cause.to_string(), stage)
}

fn of_io(error: &io::Error, stage: Stage) -> Option<Miss> {
    if error.raw_os_error().is_some_and(|number| OUT_OF_DESCRIPTORS.contains(&number)) {
        return Some(Miss::Abstention(Abstention::Descriptors));
    }
    let miss = match error.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Miss::Abstention(Abstention::NoRoute)
        }
        io::ErrorKind::AddrNotAvailable => Miss::Abstention(Abstention::LocalAddress),
        io::ErrorKind::ConnectionRefused => Miss::failure("connection refused"),
        io::ErrorKind::HostUnreachable => Miss::failure("host unreachable"),
        io::ErrorKind::TimedOut => Miss::failure("connection timed out"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            Miss::Failure(format!("connection reset {}", stage.before()))
        }
        io::ErrorKind::UnexpectedEof => Miss::Failure(format!("connection closed {}", stage.before())),
        _ => return None,
    };
    Some(miss)
}

/// What the HTTP library says: its error types have no name outside it, so their texts must do. A text that changes
/// costs a plain sentence, not the verdict; the tests notice.
fn of_http(text: &str, stage: Stage) -> Option<Miss> {
    if text.contains("connection closed") || text.contains("end of file before message") {
        return Some(Miss::Failure(format!("connection closed {}", stage.before())));
    }
    if text.starts_with("received unexpected message from connection") {
        return Some(Miss::failure("it answered before it was asked"));
    }
    let not_http = text.starts_with("invalid HTTP") || text.starts_with("message head is too large");
    not_http.then(|| Miss::Failure(format!("the answer is not HTTP: {text}")))
}

/// `2 s`, `1500 ms`.
fn in_words(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: io::Error, expected: Miss) {
        assert_eq!(Miss::from_error(&error, Stage::Headers), expected, "{error:?}");
        let wrapped = io::Error::other(io::Error::other(error));
        assert_eq!(Miss::from_error(&wrapped, Stage::Headers), expected, "{wrapped:?}");
    }

    #[test]
    fn errors_of_the_system_become_failures_or_abstentions() {
        for number in OUT_OF_DESCRIPTORS {
            check(io::Error::from_raw_os_error(number), Miss::Abstention(Abstention::Descriptors));
        }
        let linux = [
            (99, Miss::Abstention(Abstention::LocalAddress)),
            (100, Miss::Abstention(Abstention::NoRoute)),
            (101, Miss::Abstention(Abstention::NoRoute)),
            (111, Miss::failure("connection refused")),
            (113, Miss::failure("host unreachable")),
            (104, Miss::failure("connection reset before the answer")),
            (110, Miss::failure("connection timed out")),
        ];
        for (number, expected) in linux {
            check(io::Error::from_raw_os_error(number), expected);
        }
    }

    #[test]
    fn an_unknown_error_speaks_for_itself_on_one_line() {
        let error = io::Error::other("odd\nthing");
        assert_eq!(
            Miss::from_error(&error, Stage::Body),
            Miss::failure("odd\\nthing while reading the body")
        );
    }

    #[test]
    fn what_the_http_library_says_is_put_in_our_words() {
        for (text, expected) in [
            ("connection closed before message completed", "connection closed before the answer"),
            ("received unexpected message from connection", "it answered before it was asked"),
            ("invalid HTTP version parsed", "the answer is not HTTP: invalid HTTP version parsed"),
        ] {
            let error = io::Error::other(io::Error::other(text));
            assert_eq!(Miss::from_error(&error, Stage::Headers), Miss::failure(expected));
        }
    }

    #[test]
    fn timeouts_name_their_length_and_the_stage() {
        for (milliseconds, stage, expected) in [
            (2000, Stage::Connecting, "timed out after 2 s while connecting"),
            (1500, Stage::Handshake, "timed out after 1500 ms in the TLS handshake"),
            (2000, Stage::Headers, "timed out after 2 s while waiting for headers"),
            (2000, Stage::Body, "timed out after 2 s while reading the body"),
        ] {
            let timeout = Duration::from_millis(milliseconds);
            assert_eq!(Miss::timed_out(timeout, stage), Miss::failure(expected));
        }
    }
}
