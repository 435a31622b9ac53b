//! The same zones in Knot, NSD, BIND and Meridian, the same questions to all four. Where the three agree, Meridian
//! agrees; where they do not, `disagreements.md` says who answers how, which side Meridian takes and why.
//!
//! `tests/run prepare` installs the peers. `MERIDIAN_INTEROP_SEED` and `MERIDIAN_INTEROP_QUERIES` make another or a
//! longer run; a failure prints each query so that it can be asked again with dig.

// Nothing is reachable from outside of a test binary; its functions outside of `#[test]` are tests as well, and print
// what they measured.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::print_stdout)]

mod compare;
mod disagreements;
mod exchange;
mod generator;
mod kinds;
mod message;
mod name;
mod options;
mod packets;
mod peers;
mod query;
mod questions;
mod random;
mod report;
mod world;
mod zones;

/// Reads tests/data/packets.txt. What must come back is for tests/integration; here the four are compared.
#[allow(dead_code)]
#[path = "../integration/odd_packets/case.rs"]
mod case;

/// What this test shares with tests/integration, which uses more of it.
#[allow(dead_code)]
#[path = "../integration/harness"]
mod harness {
    pub mod client;
    pub mod message;
    pub mod place;
    pub mod server;
}
