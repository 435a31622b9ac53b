//! Programs and frames of the product, and what the benches do with them.

#[path = "../../../src/server/bypass/assembler.rs"]
mod assembler;
#[path = "../../../src/server/bypass/checksum.rs"]
mod checksum;
#[path = "../../../src/server/bypass/frame/mod.rs"]
mod frame;
#[path = "../../../src/server/bypass/program/mod.rs"]
mod program;

pub(crate) mod floor;
pub(crate) mod load;

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::socket::xdp::{AttachMode, FRAME_MAX, FrameMap, Interface, Link, Program, Queue};
use program::{Choice, assemble};

/// The first queue of an interface, with a program that gives it the datagrams to an address.
struct Tap {
    queue: Queue,
    _link: Link,
}

impl Tap {
    fn open(interface: &str, address: SocketAddr) -> Result<Tap> {
        let interface = Interface::find(interface).context("there is no such interface")?;
        let map = FrameMap::new(interface.queues()).context("no map of sockets")?;
        let choice = Choice {
            hardware_address: interface.hardware_address(),
            frame_max: FRAME_MAX,
            served: &[address],
        };
        let program =
            Program::load(&assemble(&choice, map.descriptor())).context("the program is refused")?;
        let link = Link::attach(&program, &interface, AttachMode::Native).context("it cannot be attached")?;
        let queue = Queue::open(&interface, 0, AttachMode::Native).context("no queue")?;
        map.lead(0, &queue)?;
        Ok(Tap { queue, _link: link })
    }
}
