//! Queries past the kernel's network stack (AF_XDP): a second front end, beside the UDP workers, to the same answers.
//!
//! ```text
//!  interface ──▶ program ──served address, plain UDP──▶ queue ──▶ worker ──▶ desk ──▶ queue ──▶ interface
//!                   └──────────everything else──────────▶ kernel's stack ──▶ sockets
//! ```
//!
//! [`open`] sets programs and queues up while the process still may; [`spawn`] answers. What cannot be had is a reason
//! in the log, and the sockets answer as if it had not been asked for: they see all that the programs do not take.

mod assembler;
mod checksum;
mod frame;
mod program;
mod served;
mod worker;

pub(super) use worker::{Equipment, spawn};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::socket::xdp::{AttachMode, FRAME_MAX, FrameMap, Interface, Link, Program, Queue};
use super::socket::{InterfaceAddress, interface_addresses};
use crate::config::{BypassMode, BypassSettings};
use program::{ADDRESSES_MAX, Choice, assemble};
use served::Impossible;

/// Receive queues of an interface that are served: each takes 8 MiB.
const QUEUES_MAX: u32 = 64;
/// The smallest MTU that is served, that of every IPv6 link (RFC 8200 §5): answers have the room that UDP guarantees them.
const MTU_MIN: usize = 1280;

/// How long a queue is waited for that is still another's, and the time between two tries.
const RELEASE_PATIENCE: Duration = Duration::from_secs(1);
const RELEASE_PAUSE: Duration = Duration::from_millis(10);

/// Why the queries of an interface stay with the kernel. A sentence for the operator, with the way out.
#[derive(Debug, Error)]
enum Refusal {
    #[error("there is no such interface here ({0}); see `ip link`")]
    NoInterface(io::Error),
    #[error(
        "what the kernel sends to this machine itself does not pass here; name the interface that clients come by"
    )]
    Loopback,
    #[error("its MTU is {0}, and answers need {MTU_MIN}")]
    Mtu(usize),
    #[error("no address of `listen` stands on it or on `lo` (link-local ones do not count)")]
    NoAddress,
    #[error("{0} addresses are served on it, more than {ADDRESSES_MAX}: name those in `listen` that matter")]
    Addresses(usize),
    #[error("it has {0} receive queues, more than {QUEUES_MAX}: `ethtool -L` makes them fewer")]
    Queues(u32),
    #[error("{step}: {error}{}", advice(.error))]
    System { step: &'static str, error: io::Error },
}

/// What to do about an error of the system's; nothing where its own words have to do.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; it takes root at the start (with `user` in `[server]`), or the capabilities CAP_NET_ADMIN, CAP_NET_RAW, \
             CAP_BPF and CAP_IPC_LOCK"
        }
        io::ErrorKind::ResourceBusy | io::ErrorKind::AlreadyExists => {
            "; another program stands there, or another server has its queues (`ip link` shows it; `ip link set dev NAME xdp off` takes away what another \
             server has left)"
        }
        _ => "",
    }
}

/// Interfaces that are set up: their queues, shared out among workers, none of which has none.
pub(super) struct Bypass {
    /// By worker.
    pub(super) ports: Vec<Vec<Port>>,
}

/// A queue and the interface that it belongs to.
pub(super) struct Port {
    queue: Queue,
    attached: Arc<Attached>,
    /// Whether the log has told that the interface is gone.
    is_gone: bool,
}

/// An interface with our program. The program is taken away with the last port.
struct Attached {
    interface: Interface,
    /// Whose packets are not answered.
    impossible: Impossible,
    _link: Link,
}

/// Sets up every interface that can be had, and tells of each one what came of it. The queues go to at most `workers`
/// workers.
pub(super) fn open(settings: &BypassSettings, listen: &[SocketAddr], workers: usize) -> Bypass {
    let machine = interface_addresses().unwrap_or_else(|error| {
        tracing::warn!(%error, "the addresses of this machine are unknown");
        Vec::new()
    });
    let mut ports = Vec::new();
    for name in &settings.interfaces {
        match open_interface(name, settings.mode, listen, &machine) {
            Ok(opened) => ports.extend(opened),
            Err(refusal) => {
                tracing::warn!(interface = name, "no kernel bypass, the sockets answer alone: {refusal}");
            }
        }
    }
    Bypass { ports: share_out(ports, workers) }
}

fn share_out(ports: Vec<Port>, workers: usize) -> Vec<Vec<Port>> {
    let count = ports.len().min(workers);
    let mut shares: Vec<Vec<Port>> = Vec::new();
    shares.resize_with(count, Vec::new);
    for (number, port) in ports.into_iter().enumerate() {
        shares[number % count].push(port);
    }
    shares
}

fn open_interface(
    name: &str,
    mode: BypassMode,
    listen: &[SocketAddr],
    machine: &[InterfaceAddress],
) -> Result<Vec<Port>, Refusal> {
    let failed = |step| move |error| Refusal::System { step, error };
    let interface = Interface::find(name).map_err(Refusal::NoInterface)?;
    let served = served::at_interface(name, listen, machine);
    check(&interface, &served)?;
    let map = FrameMap::new(interface.queues()).map_err(failed("cannot make a map of sockets"))?;
    let (program, served) = (assemble(&choice(&interface, &served), map.descriptor()), shown(&served));
    let program = Program::load(&program).map_err(failed("cannot load the program"))?;
    let (link, mode) =
        attach(&program, &interface, mode).map_err(failed("the program cannot be attached"))?;
    let queues = open_queues(&interface, mode, &map).map_err(failed("cannot open its queues"))?;
    tracing::info!(interface = name, %mode, queues = queues.len(), served, "kernel bypass");
    let attached = Arc::new(Attached { interface, impossible: Impossible::new(machine), _link: link });
    let port = |queue| Port { queue, attached: Arc::clone(&attached), is_gone: false };
    Ok(queues.into_iter().map(port).collect())
}

fn choice<'c>(interface: &Interface, served: &'c [SocketAddr]) -> Choice<'c> {
    Choice { hardware_address: interface.hardware_address(), frame_max: FRAME_MAX, served }
}

fn shown(served: &[SocketAddr]) -> String {
    served.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Opens every queue and has its frames led there.
fn open_queues(interface: &Interface, mode: AttachMode, map: &FrameMap) -> io::Result<Vec<Queue>> {
    let open = |number| {
        let queue = open_queue(interface, number, mode)?;
        map.lead(number, &queue)?;
        Ok(queue)
    };
    (0..interface.queues()).map(open).collect()
}

/// Waits for a queue that another process has just closed, as at a restart: the kernel lets go of it a little later.
fn open_queue(interface: &Interface, number: u32, mode: AttachMode) -> io::Result<Queue> {
    let deadline = Instant::now() + RELEASE_PATIENCE;
    loop {
        match Queue::open(interface, number, mode) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                thread::sleep(RELEASE_PAUSE);
            }
            opened => return opened,
        }
    }
}

fn check(interface: &Interface, served: &[SocketAddr]) -> Result<(), Refusal> {
    if interface.is_loopback() {
        return Err(Refusal::Loopback);
    }
    if interface.mtu() < MTU_MIN {
        return Err(Refusal::Mtu(interface.mtu()));
    }
    match served.len() {
        0 => return Err(Refusal::NoAddress),
        1..=ADDRESSES_MAX => {}
        count => return Err(Refusal::Addresses(count)),
    }
    if interface.queues() > QUEUES_MAX {
        return Err(Refusal::Queues(interface.queues()));
    }
    Ok(())
}

/// Attaches the program in the wanted mode, or in the first that the driver takes. Where it takes none, the error is that
/// of the better one.
fn attach(program: &Program, interface: &Interface, mode: BypassMode) -> io::Result<(Link, AttachMode)> {
    let attach = |mode| Ok((Link::attach(program, interface, mode)?, mode));
    let error = match mode {
        BypassMode::Generic => return attach(AttachMode::Generic),
        BypassMode::Native => return attach(AttachMode::Native),
        BypassMode::Auto => match attach(AttachMode::Native) {
            Err(error) => error,
            attached => return attached,
        },
    };
    let attached = attach(AttachMode::Generic);
    if attached.is_ok() {
        let interface = interface.name();
        tracing::info!(interface, %error, "the driver takes no program: generic mode, which is slower");
    }
    attached.map_err(|_: io::Error| error)
}
