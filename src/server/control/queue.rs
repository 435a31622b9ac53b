//! The way of a control message from a UDP worker, which must not wait, to the task that answers it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::Control;
use crate::answer::{Counter, Transport};
use crate::server::socket::{Origin, UdpSocket};

/// Control messages that wait for an answer; more are dropped and counted. At most 1 MiB of requests.
const QUEUE_MAX: usize = 256;

/// A control message that came over UDP, with what its answer needs.
pub(in crate::server) struct ControlRequest {
    socket: Arc<UdpSocket>,
    origin: Origin,
    packet: Vec<u8>,
}

impl ControlRequest {
    /// A message that `socket` received from `origin`; the answer leaves by the same way.
    pub(in crate::server) fn new(socket: &Arc<UdpSocket>, origin: Origin, packet: &[u8]) -> ControlRequest {
        ControlRequest { socket: Arc::clone(socket), origin, packet: packet.to_vec() }
    }
}

/// The workers' end of the queue.
#[derive(Clone)]
pub(in crate::server) struct ControlQueue {
    sender: mpsc::Sender<ControlRequest>,
}

impl ControlQueue {
    /// Queues a message; whether there was room.
    pub(in crate::server) fn offer(&self, request: ControlRequest) -> bool {
        self.sender.try_send(request).is_ok()
    }
}

/// A queue and the task that answers what is put into it, one after the other, until the last worker has gone.
pub(in crate::server) fn queue(control: Arc<Control>, runtime: &Handle) -> ControlQueue {
    let (sender, mut receiver) = mpsc::channel::<ControlRequest>(QUEUE_MAX);
    runtime.spawn(async move {
        while let Some(request) = receiver.recv().await {
            let ControlRequest { socket, origin, packet } = request;
            let answer = control.answer(packet, origin.source(), Transport::Udp).await;
            if !answer.is_empty() && socket.reply(&origin, &answer).is_err() {
                control.tally.count_shared(Counter::DropSend);
            }
        }
    });
    ControlQueue { sender }
}
