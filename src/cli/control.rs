//! Talking to a running server over its control socket: every command that asks one does it here.
//!
//! HTTP/1.0 on purpose: such a response is never chunked (RFC 9112 §7.1) and ends with the connection, so reading it is
//! reading to the end. A library client would want a TLS provider and a runtime for one local request.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use super::files;
use crate::admin::control::Request;
use crate::config::{self, report};

/// For each read and write; a server that is busy makes one page, and carries out one request, at a time. Longer than
/// the server keeps anybody waiting, so that its words arrive.
const TIMEOUT: Duration = Duration::from_secs(40);
/// The largest response that is read, in octets.
const RESPONSE_MAX: u64 = 256 * 1024 * 1024;

/// Where the running server listens: part of the command line of every command that asks it.
#[derive(Debug, clap::Args)]
pub(super) struct Socket {
    /// The control socket [default: the one that the main file names]
    #[arg(long, value_name = "PATH", conflicts_with = "config")]
    socket: Option<PathBuf>,
    /// The main file, to find the socket [default: meridian.toml, or else /etc/meridian/meridian.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Socket {
    /// Whether a socket was named.
    pub(super) fn is_given(&self) -> bool {
        self.socket.is_some()
    }

    /// The main file, as given or the usual one.
    pub(super) fn main_file(&self) -> &Path {
        files::main_file(self.config.as_deref())
    }

    /// The socket as given, or as the main file names it. Whether the files are in order does not matter: a refused
    /// reload is when the running server has most to tell.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        let main = self.main_file();
        let socket = config::control_socket(&files::on_disk(), main).map_err(|faults| {
            let faults = report::for_people(&faults, true);
            anyhow::anyhow!(
                "cannot find the control socket; --socket PATH needs no files\n\n{}",
                faults.trim_end()
            )
        })?;
        socket.with_context(|| format!("{} names no control socket; use --socket PATH", main.display()))
    }
}

/// What a page of the server says, such as `/status`.
pub(super) fn get(socket: &Path, page: &str) -> anyhow::Result<Vec<u8>> {
    ask(socket, format!("GET {page} HTTP/1.0\r\nHost: meridian\r\n\r\n").as_bytes())
}

/// Sends a control request; the body of the server's reply. A request that the server refuses is an error with its words.
pub(super) fn send(socket: &Path, request: &Request) -> anyhow::Result<Vec<u8>> {
    let body = serde_json::to_vec(request)?;
    let head = format!(
        "POST /control HTTP/1.0\r\nHost: meridian\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    ask(socket, &[head.as_bytes(), &body].concat())
}

/// Sends a control request whose reply is a text for people, and prints that.
pub(super) fn send_and_print(socket: &Socket, request: &Request) -> anyhow::Result<u8> {
    let reply = send(&socket.path()?, request)?;
    super::print(&String::from_utf8_lossy(&reply))?;
    Ok(super::OK)
}

fn ask(socket: &Path, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let stream = UnixStream::connect(socket).with_context(|| {
        format!("no server answers at {}; is it running, and may this user open it?", socket.display())
    })?;
    let response = exchange(stream, request).with_context(|| format!("talking to {}", socket.display()))?;
    body(response)
}

fn exchange(mut stream: UnixStream, request: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(request)?;
    let mut response = Vec::new();
    stream.take(RESPONSE_MAX).read_to_end(&mut response)?;
    Ok(response)
}

/// What follows the head of a response with status 200. With another status the server says there what is wrong.
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
        (_, words) if body.is_empty() => bail!("the server answers: {}", words.unwrap_or_default()),
        _ => bail!("the server refuses: {}", String::from_utf8_lossy(&body).trim_end()),
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

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        let said = |response: &str| body(response.as_bytes().to_vec()).unwrap_err().to_string();
        assert_eq!(
            said("HTTP/1.0 400 Bad Request\r\nA: b\r\n\r\nthere is no pool web\n"),
            "the server refuses: there is no pool web"
        );
        assert_eq!(said("HTTP/1.1 404 Not Found\r\n\r\n"), "the server answers: 404 Not Found");
    }
}
