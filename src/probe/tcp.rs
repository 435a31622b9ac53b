//! The TCP probe: a connection that opens.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::miss::{Miss, Stage};

/// Passes when a connection to `target` opens within `limit`; it is closed at once, in the ordinary way (a reset
/// would save us a port in TIME_WAIT and cost the member's operators a line in their log per probe).
pub(super) async fn run(target: SocketAddr, limit: Duration) -> Result<(), Miss> {
    match timeout(limit, TcpStream::connect(target)).await {
        Ok(Ok(_connection)) => Ok(()),
        Ok(Err(error)) => Err(Miss::from_error(&error, Stage::Connecting)),
        Err(_elapsed) => Err(Miss::timed_out(limit, Stage::Connecting)),
    }
}
