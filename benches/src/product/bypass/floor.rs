//! The floor: what a query past the kernel takes when user space does nothing but send it back.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;

use super::Tap;
use crate::server::socket::xdp::{Received, Watch};

/// Between two looks at whether it shall end; it is ended by a signal.
const PATIENCE: Duration = Duration::from_secs(1);
/// QR, and where the flags begin in the message.
const QR: u8 = 0x80;
const FLAGS_AT: usize = 2;

/// Answers every datagram to `address` with itself, the QR bit set. Addresses and ports change places, which leaves the
/// checksums as they are but for that bit.
pub(crate) fn serve(interface: &str, address: SocketAddr) -> Result<()> {
    let mut tap = Tap::open(interface, address)?;
    let mut watch = Watch::new(std::iter::once(&tap.queue));
    loop {
        if tap.queue.receive() == 0 {
            watch.wait(PATIENCE)?;
            continue;
        }
        while let Some(Received { frame, out }) = tap.queue.take() {
            if let Some(length) = turn_round(frame, &mut out[..frame.len()]) {
                tap.queue.answer(length);
            }
        }
        tap.queue.send().error.map_or(Ok(()), Err)?;
    }
}

/// The program hands over nothing shorter than the headers; without flags there is nothing to set.
fn turn_round(query: &[u8], out: &mut [u8]) -> Option<usize> {
    let (ip, addresses, udp) = match query.get(12..14) {
        Some([0x08, 0x00]) => (26, 4, 34),
        _ => (22, 16, 54),
    };
    if query.len() <= udp + 8 + FLAGS_AT {
        return None;
    }
    out.copy_from_slice(query);
    for (at, length) in [(0, 6), (ip, addresses), (udp, 2)] {
        let (first, second) = (at..at + length, at + length..at + 2 * length);
        out[first.clone()].copy_from_slice(&query[second.clone()]);
        out[second].copy_from_slice(&query[first]);
    }
    let flags = udp + 8 + FLAGS_AT;
    out[flags] |= QR;
    // One bit more in the sum is one less in its complement (RFC 1624).
    let checksum = u16::from_be_bytes([out[udp + 6], out[udp + 7]]);
    let (difference, borrowed) = checksum.overflowing_sub(u16::from(QR) << 8);
    let mended = difference - u16::from(borrowed);
    out[udp + 6..udp + 8].copy_from_slice(&mended.to_be_bytes());
    Some(out.len())
}
