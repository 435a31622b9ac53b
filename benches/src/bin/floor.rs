//! The floor: what the kernel takes for a query and an answer when user space does nothing. It answers every datagram
//! with itself, the QR bit set, by `recvmmsg` and `sendmmsg` in batches of 32 and with the buffers that the product
//! asks for.
//!
//!     floor ADDRESS:PORT

use std::net::UdpSocket;

use anyhow::{Context, Result};
use meridian_bench::kernel::{Batch, enlarge_buffers};

/// The first octet of the flags, and QR in it.
const FLAGS_AT: usize = 2;
const QR: u8 = 0x80;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("usage: floor ADDRESS:PORT")?;
    let socket = UdpSocket::bind(&address).with_context(|| format!("cannot bind {address}"))?;
    enlarge_buffers(&socket)?;
    let mut batch = Batch::default();
    loop {
        batch.receive(&socket, true)?;
        for datagram in batch.datagrams_mut() {
            if let Some(flags) = datagram.get_mut(FLAGS_AT) {
                *flags |= QR;
            }
        }
        batch.send_back(&socket)?;
    }
}
