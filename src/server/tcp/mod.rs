//! TCP: our own loop over tokio's sockets (RFC 7766), with a limit on everything that a client can hold.

mod admission;
mod alarm;
mod buffers;
mod connection;
mod regulars;
mod seats;
mod service;
mod signals;

#[cfg(test)]
mod tests;

pub(super) use regulars::{Closing, Regulars};
pub(super) use service::Service;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::log_limit::LogLimit;
use super::socket::is_shortage;
use connection::Connection;

/// How long nothing is accepted after accepting has failed, so that the loop does not spin.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stopping`, then lets those that are open finish what they are at. Dropping the future
/// closes them all, but for those that are served in loops: [`Closing`] does that.
pub(super) async fn listen(
    listener: TcpListener,
    service: Arc<Service>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let errors = LogLimit::default();
    loop {
        tokio::select! {
            () = told_to_stop(&mut stopping) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => admit(stream, peer, &service, &mut connections),
                Err(error) => rest_after(&error, &errors, &service).await,
            }
        }
    }
    drop(listener);
    service.admission.stop();
    while connections.join_next().await.is_some() {}
}

/// Serves a connection in a task of its own.
fn admit(stream: TcpStream, peer: SocketAddr, service: &Arc<Service>, connections: &mut JoinSet<()>) {
    let seat = service.admission.admit(peer.ip());
    let connection = Connection::new(stream, peer, seat, Arc::clone(service));
    connections.spawn(connection.serve());
}

/// After a failed accept: a client that has gone again is nothing; otherwise the loop rests, and where descriptors or
/// memory are missing a connection gives its own back.
async fn rest_after(error: &io::Error, errors: &LogLimit, service: &Service) {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    if let Some(held_back) = errors.due(Instant::now()) {
        tracing::error!(%error, held_back, "cannot accept TCP connections");
    }
    if is_shortage(error) {
        service.admission.make_room();
    }
    tokio::time::sleep(ERROR_PAUSE).await;
}

/// Waits until the server is to stop.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error is a server that is gone.
    let _ = stopping.wait_for(|&stopping| stopping).await;
}
