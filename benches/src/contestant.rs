//! Who is measured at the wire: servers past the kernel, and on sockets.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::peer::{Peer, Setup};
use crate::query::Expected;
use crate::wire::{Family, SERVING};
use crate::work::Work;

/// A server in one of its ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Contestant {
    /// A responder past the kernel that sets the QR bit: the product's rings and program, and nothing else of it.
    BypassFloor,
    /// Ours past the kernel.
    MeridianBypass,
    /// Knot DNS past the kernel.
    KnotXdp,
    /// A responder on a socket that sets the QR bit.
    Floor,
    /// Ours on sockets.
    Meridian,
    /// gdnsd, which has sockets only.
    Gdnsd,
    /// Knot DNS on sockets.
    Knot,
}

impl Contestant {
    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Contestant::BypassFloor => "floor, past the kernel",
            Contestant::MeridianBypass => "Meridian, past the kernel",
            Contestant::KnotXdp => "Knot, XDP",
            Contestant::Floor => "floor, sockets",
            Contestant::Meridian => "Meridian, sockets",
            Contestant::Gdnsd => "gdnsd, sockets",
            Contestant::Knot => "Knot, sockets",
        }
    }

    /// Whether it can do this.
    pub fn can(self, work: Work, family: Family) -> bool {
        match self {
            // Its batches are for IPv4.
            Contestant::Floor => family == Family::Ipv4,
            Contestant::BypassFloor => true,
            _ => self.peer().can(work),
        }
    }

    /// Whether an answer of it is right: a floor's always is.
    pub fn expected(self, work: Work) -> Option<Expected> {
        self.peer().expected(work)
    }

    /// Writes its configuration, and returns the command that runs it in the foreground. `floor` is the binary of the
    /// bypass's floor.
    pub fn prepare(self, setup: &Setup<'_>, floor: &Path) -> Result<Vec<String>> {
        if self == Contestant::BypassFloor {
            let program = floor.to_str().context("a path of UTF-8")?;
            return Ok(vec![program.to_owned(), SERVING.to_owned(), setup.address.to_string()]);
        }
        let command = self.peer().prepare(setup)?;
        match self {
            Contestant::MeridianBypass => {
                add(setup, "meridian.toml", &format!("\n[server.bypass]\ninterfaces = \"{SERVING}\"\n"))?;
            }
            Contestant::KnotXdp => {
                let port = setup.address.port();
                add(setup, "knot.conf", &format!("xdp:\n    listen: {SERVING}@{port}\n"))?;
            }
            _ => {}
        }
        Ok(command)
    }

    fn peer(self) -> Peer {
        match self {
            Contestant::BypassFloor | Contestant::Floor => Peer::Floor,
            Contestant::MeridianBypass | Contestant::Meridian => Peer::Meridian,
            Contestant::KnotXdp | Contestant::Knot => Peer::Knot,
            Contestant::Gdnsd => Peer::Gdnsd,
        }
    }
}

/// Adds to the end of a file that a peer has written.
fn add(setup: &Setup<'_>, name: &str, text: &str) -> Result<()> {
    let mut file = File::options().append(true).open(setup.folder.join(name))?;
    Ok(file.write_all(text.as_bytes())?)
}
