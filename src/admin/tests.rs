//! The admin listeners on real sockets: what they say, and that junk, dawdlers and crowds do them no harm.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::status::Status;
use super::testing::{STARTED, empty};
use super::*;

/// A folder of its own for each test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("meridian-admin-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("status")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Limits that let a test see their end: whoever does nothing is cut off after a second.
const TIGHT: Limits = Limits {
    connections: 2,
    head: Duration::from_secs(1),
    lifetime: Duration::from_secs(60),
    request_octets: 512,
};

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn start_metrics(limits: Limits) -> (Admin, SocketAddr) {
    let admin = Admin::start_with(empty(), None, Some(loopback()), limits).unwrap();
    let address = admin.metrics_address().unwrap();
    (admin, address)
}

/// Everything a server says to some octets until it closes; an error of the connection ends it too.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, octets: &[u8]) -> String {
    let _ = stream.write_all(octets).await;
    read_all(stream).await
}

async fn read_all(mut stream: impl AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask_metrics(address: SocketAddr, octets: &[u8]) -> String {
    exchange(TcpStream::connect(address).await.unwrap(), octets).await
}

async fn ask_socket(path: &Path, octets: &[u8]) -> String {
    exchange(UnixStream::connect(path).await.unwrap(), octets).await
}

const GET_METRICS: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn the_control_socket_has_the_status_and_the_metrics() {
    let folder = Folder::new("status");
    let _admin = Admin::start(empty(), Some(&folder.socket()), None).unwrap();
    let mode = std::fs::metadata(folder.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let answer = ask_socket(&folder.socket(), b"GET /status HTTP/1.0\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
    let status: Status = serde_json::from_str(body).unwrap();
    assert_eq!((status.generation, status.started.as_str()), (7, "2026-11-20T05:31:46Z"));
    assert_eq!(status.process, std::process::id());
    assert!(status.load.taken && status.attention.is_empty(), "{status:?}");
    assert!(ask_socket(&folder.socket(), GET_METRICS).await.contains("meridian_generation 7\n"));
}

/// A POST to a path of the control socket: the first line of the answer, and its body.
async fn post(path: &Path, request: &str, body: &[u8]) -> (String, String) {
    let head = format!("POST {request} HTTP/1.0\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = ask_socket(path, &[head.as_bytes(), body].concat()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[tokio::test]
async fn control_requests_are_carried_out_or_refused_with_a_reason() {
    let folder = Folder::new("control");
    let _admin = Admin::start(empty(), Some(&folder.socket()), None).unwrap();
    let resume = |pool: &str| format!(r#"{{"command":"resume","pool":"{pool}","member":"a"}}"#).into_bytes();
    let cases = [
        (resume("web"), "200", "web/a\n"),
        (resume("unknown"), "400", "there is no pool unknown"),
        (b"\0\xff".to_vec(), "400", "this is no request that this version knows: "),
        (br#"{"command":"reboot"}"#.to_vec(), "400", "unknown variant `reboot`"),
        (vec![b' '; control::REQUEST_MAX + 1], "413", ""),
    ];
    for (body, status, words) in cases {
        let (line, answer) = post(&folder.socket(), "/control", &body).await;
        assert!(line.starts_with(&format!("HTTP/1.0 {status} ")), "{line}: {answer}");
        assert!(answer.contains(words), "{answer}");
    }
    assert!(ask_socket(&folder.socket(), b"GET /control HTTP/1.0\r\n\r\n").await.contains(" 405 "));
}

#[tokio::test]
async fn the_socket_goes_with_its_server() {
    let folder = Folder::new("gone");
    drop(Admin::start(empty(), Some(&folder.socket()), None).unwrap());
    assert!(!folder.socket().exists());
}

#[tokio::test]
async fn the_metrics_listener_has_metrics_and_nothing_else() {
    let (_admin, address) = start_metrics(Limits::METRICS);
    let answer = ask_metrics(address, GET_METRICS).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("application/openmetrics-text"), "{answer}");
    assert!(answer.contains("connection: close"), "one request a connection: {answer}");
    assert!(answer.contains(&format!("meridian_start_time_seconds {STARTED}\n")), "{answer}");
    for (request, status) in
        [("GET /status", "404"), ("GET /", "404"), ("POST /metrics", "405"), ("POST /control", "404")]
    {
        let answer = ask_metrics(address, format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn metrics_are_for_loopback() {
    let refused = Admin::start(empty(), None, Some("192.0.2.1:9153".parse().unwrap()));
    assert!(matches!(refused, Err(AdminError::NotLoopback(_))));
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let (_admin, address) = start_metrics(Limits::METRICS);
    let error = Admin::start(empty(), None, Some(address)).err().unwrap();
    assert!(error.to_string().starts_with(&format!("cannot listen for metrics on {address}: ")), "{error}");
}

#[tokio::test]
async fn junk_is_closed_and_the_next_client_served() {
    let (_admin, address) = start_metrics(Limits::METRICS);
    for junk in [&b"\0\xff\xfe\r\n\r\n"[..], b"GET\r\n\r\n", b"\r\n\r\n\r\n\r\nnothing HTTP\r\n\r\n", b""] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(junk).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_all(stream).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{junk:?}: {answer}");
    }
    assert!(ask_metrics(address, GET_METRICS).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_cut_off() {
    let (_admin, address) = start_metrics(TIGHT);
    let mut request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ".to_vec();
    request.extend(std::iter::repeat_n(b'x', TIGHT.request_octets));
    request.extend_from_slice(b"\r\n\r\n");
    let answer = ask_metrics(address, &request).await;
    assert!(!answer.contains("meridian_"), "{answer}");
}

#[tokio::test]
async fn whoever_sends_nothing_is_cut_off_and_makes_room() {
    let (_admin, address) = start_metrics(TIGHT);
    let mut silent = Vec::new();
    for _ in 0..TIGHT.connections {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // All slots are taken; the answer comes once the silent ones have been closed.
    assert!(ask_metrics(address, GET_METRICS).await.starts_with("HTTP/1.1 200 "));
    for stream in silent {
        assert_eq!(read_all(stream).await, "");
    }
}

#[tokio::test]
async fn dripping_octets_does_not_buy_time() {
    let (_admin, address) = start_metrics(TIGHT);
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let drip = tokio::spawn(async move {
        for octet in GET_METRICS.iter().cycle().take(100) {
            if writer.write_all(&[*octet]).await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    });
    let mut answer = Vec::new();
    let _ = reader.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    drop(reader);
    assert!(drip.await.unwrap(), "100 octets at 50 ms are 5 s; a head has 1 s");
}
