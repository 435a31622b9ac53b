//! Members that behave and misbehave, for the tests: real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::check::Check;
use super::miss::Miss;
use super::tls::Trust;
use crate::health::{HttpProbe, Hysteresis, Monitor, Probe};

/// Between the octets of a member that drips.
const DRIP: Duration = Duration::from_millis(20);

/// What a member does with a connection, step by step; at the end it closes it.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Reads up to the end of the request's headers.
    Read,
    /// Sends these octets.
    Send(String),
    /// Sends one octet after the other, for ever.
    Drip(u8),
    /// Does nothing, for ever.
    Stall,
    /// Resets the connection.
    Reset,
}

/// Reads the request and sends `answer`.
pub(super) fn answer(answer: &str) -> Vec<Step> {
    vec![Step::Read, Step::Send(answer.to_owned())]
}

/// A listening member; it goes when it is dropped.
pub(super) struct Member {
    pub(super) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Member {
    /// A member on 127.0.0.1 that plays `steps` for each connection.
    pub(super) async fn start(steps: Vec<Step>) -> Member {
        Member::start_on(Ipv4Addr::LOCALHOST.into(), steps).await
    }

    /// The same on another loopback address.
    pub(super) async fn start_on(address: IpAddr, steps: Vec<Step>) -> Member {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(play(connection, steps.clone(), Arc::clone(&heard)));
            }
        });
        Member { address, requests, task }
    }

    /// The heads of the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn play(mut connection: TcpStream, steps: Vec<Step>, heard: Arc<Mutex<Vec<String>>>) {
    for step in steps {
        match step {
            Step::Read => {
                let head = read_head(&mut connection).await;
                heard.lock().unwrap().push(head);
            }
            Step::Send(text) => drop(connection.write_all(text.as_bytes()).await),
            Step::Drip(octet) => {
                while connection.write_all(&[octet]).await.is_ok() {
                    tokio::time::sleep(DRIP).await;
                }
            }
            Step::Stall => std::future::pending().await,
            Step::Reset => return connection.set_zero_linger().unwrap(),
        }
    }
}

async fn read_head(connection: &mut TcpStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        match connection.read_u8().await {
            Ok(octet) => head.push(char::from(octet)),
            Err(_) => break,
        }
    }
    head
}

/// A monitor with the given probe, an interval of 1 s and a timeout that no good answer needs.
pub(super) fn monitor(probe: Probe, port: u16) -> Monitor {
    Monitor {
        probe,
        port,
        interval: Duration::from_secs(1),
        timeout: Duration::from_secs(20),
        hysteresis: Hysteresis { rise: 1, fall: 1, forgive: None },
    }
}

/// GET / with a status of 200 to 299.
pub(super) fn get() -> HttpProbe {
    HttpProbe {
        tls: None,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        host: None,
        headers: Vec::new(),
        status: vec![(200, 299)],
        body_contains: None,
        body_limit: 1024,
    }
}

/// One probe's outcome in words: `pass`, `fail: …`, `abstain: …`, `refused: …`.
pub(super) async fn outcome(monitor: &Monitor, address: IpAddr) -> String {
    let check = match Check::new(address, monitor, &Trust::new()) {
        Ok(check) => check,
        Err(refusal) => return format!("refused: {refusal}"),
    };
    match check.run().await {
        Ok(()) => "pass".to_owned(),
        Err(Miss::Failure(reason)) => format!("fail: {reason}"),
        Err(Miss::Abstention(cause)) => format!("abstain: {cause}"),
    }
}
