//! The backends of the demonstration: a few lines of HTTP that can be told to fail.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Octets of a request that are read; more is refused.
const REQUEST_MAX: usize = 4096;
/// From accept to the end of the answer.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// Connections at once to one backend.
const CONNECTIONS_MAX: usize = 64;
/// Wait after a failed accept (out of descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running backend; it stops when this is dropped.
pub struct Backend {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Backend {
    /// Binds `address` and answers there as the backend called `name`:
    ///
    /// - `GET /healthz` → 200, or 503 after `POST /stop` and until `POST /start`;
    /// - `GET /` → its name.
    pub async fn start(address: SocketAddr, name: &str) -> io::Result<Backend> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let site = Arc::new(Site { name: name.to_owned(), stopped: AtomicBool::new(false) });
        Ok(Backend { address, task: tokio::spawn(accept(listener, site)) })
    }

    /// Where it listens, with the port that the system chose where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Site {
    name: String,
    stopped: AtomicBool,
}

async fn accept(listener: TcpListener, site: Arc<Site>) {
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&free).acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                tokio::spawn(async move {
                    let _ = timeout(REQUEST_TIME, serve(stream, &site)).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn serve(mut stream: TcpStream, site: &Site) -> io::Result<()> {
    let (status, body) = match read_request(&mut stream).await? {
        Some((method, path)) => site.answer(&method, &path),
        None => ("400 Bad Request", "not an HTTP request\n".to_owned()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Method and path of a request, once its head has arrived whole.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<(String, String)>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut part = [0; 1024];
        let read = stream.read(&mut part).await?;
        if read == 0 || head.len() + read > REQUEST_MAX {
            return Ok(None);
        }
        head.extend_from_slice(&part[..read]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split(' ');
    Ok(words.next().zip(words.next()).map(|(method, path)| (method.to_owned(), path.to_owned())))
}

impl Site {
    fn answer(&self, method: &str, path: &str) -> (&'static str, String) {
        match (method, path) {
            ("GET" | "HEAD", "/healthz") if self.stopped.load(Ordering::Relaxed) => {
                ("503 Service Unavailable", self.body(method, "stopped"))
            }
            ("GET" | "HEAD", "/healthz") => ("200 OK", self.body(method, "healthy")),
            ("GET" | "HEAD", "/") => ("200 OK", self.body(method, "here")),
            ("POST", "/stop") => self.set_stopped(true),
            ("POST", "/start") => self.set_stopped(false),
            _ => ("404 Not Found", "try GET /healthz, POST /stop, POST /start\n".to_owned()),
        }
    }

    fn body(&self, method: &str, word: &str) -> String {
        if method == "HEAD" { String::new() } else { format!("{}: {word}\n", self.name) }
    }

    fn set_stopped(&self, stopped: bool) -> (&'static str, String) {
        self.stopped.store(stopped, Ordering::Relaxed);
        let word =
            if stopped { "stopped: /healthz answers 503 now" } else { "started: /healthz answers 200 now" };
        ("200 OK", format!("{}: {word}\n", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_backend_fails_when_it_is_told_to() {
        let backend = Backend::start("127.0.0.1:0".parse().unwrap(), "web-fra/fra-1").await.unwrap();
        let health = || ask(backend.address(), "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(health().await.starts_with("HTTP/1.1 200 "));
        assert!(
            ask(backend.address(), "POST /stop HTTP/1.1\r\n\r\n").await.contains("web-fra/fra-1: stopped")
        );
        assert!(health().await.starts_with("HTTP/1.1 503 "));
        ask(backend.address(), "POST /start HTTP/1.1\r\n\r\n").await;
        assert!(health().await.starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn junk_is_answered_and_the_next_request_too() {
        let backend = Backend::start("127.0.0.1:0".parse().unwrap(), "b").await.unwrap();
        assert!(ask(backend.address(), "\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
        assert!(ask(backend.address(), "GET /nothing HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404 "));
        assert!(ask(backend.address(), "GET / HTTP/1.1\r\n\r\n").await.ends_with("b: here\n"));
    }
}
