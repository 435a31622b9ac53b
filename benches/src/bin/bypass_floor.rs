//! The floor of the bypass: what a query past the kernel takes when user space does nothing.
//!
//!     bypass_floor INTERFACE ADDRESS:PORT

use anyhow::{Context, Result};

#[path = "../product/mod.rs"]
mod server;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("usage: bypass_floor INTERFACE ADDRESS:PORT");
    let (interface, address) = (argument()?, argument()?);
    server::bypass::floor::serve(&interface, address.parse()?)
}
