//! `GET /status` over the status socket.
//!
//! HTTP/1.0 on purpose: such a response is never chunked (RFC 9112 §7.1) and ends with the connection, so reading it is
//! reading to the end. A library client would want a TLS provider and a runtime for this one local request.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

/// For each read and write; a server that is busy makes one page at a time.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The largest response that is read, in octets.
const RESPONSE_MAX: u64 = 256 * 1024 * 1024;

/// The body of the server's answer.
pub(super) fn get_status(socket: &Path) -> anyhow::Result<Vec<u8>> {
    let stream = UnixStream::connect(socket).with_context(|| {
        format!("no server answers at {}; is it running, and may this user open it?", socket.display())
    })?;
    let response = exchange(stream).with_context(|| format!("talking to {}", socket.display()))?;
    body(response)
}

fn exchange(mut stream: UnixStream) -> std::io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /status HTTP/1.0\r\nHost: meridian\r\n\r\n")?;
    let mut response = Vec::new();
    stream.take(RESPONSE_MAX).read_to_end(&mut response)?;
    Ok(response)
}

/// What follows the head of a response with status 200.
fn body(mut response: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    const END_OF_HEAD: &[u8] = b"\r\n\r\n";
    let Some(end) = response.windows(END_OF_HEAD.len()).position(|four| four == END_OF_HEAD) else {
        bail!("the server's answer is not HTTP");
    };
    let body = response.split_off(end + END_OF_HEAD.len());
    let head = String::from_utf8_lossy(&response);
    let mut status = head.lines().next().unwrap_or_default().splitn(2, ' ');
    match (status.next(), status.next()) {
        (Some(version), Some(words)) if version.starts_with("HTTP/1.") && words.starts_with("200") => {
            Ok(body)
        }
        (_, words) => bail!("the server answers: {}", words.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_200_has_a_body() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}\r\n\r\n".to_vec()).unwrap(), b"{}\r\n\r\n");
        for wrong in ["", "junk", "HTTP/1.1 404 Not Found\r\n\r\n", "\r\n\r\n{}", "HTTP/1.1 200 OK\r\n"] {
            assert!(body(wrong.as_bytes().to_vec()).is_err(), "{wrong:?}");
        }
    }
}
