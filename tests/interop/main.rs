//! The same zones in Knot, NSD, BIND and Meridian, the same questions to all four. Where the three agree, Meridian
//! agrees; where they do not, `disagreements.md` says who answers how, which side Meridian takes and why.
//!
//! `tests/run prepare` installs the peers. `MERIDIAN_INTEROP_SEED` and `MERIDIAN_INTEROP_QUERIES` make another or a
//! longer run; a failure prints each query so that it can be asked again with dig.

// Nothing is reachable from outside of a test binary; its functions outside of `#[test]` are tests as well, and print
// what they measured.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::print_stdout)]

mod asking;
mod compare;
mod disagreements;
mod generator;
#[path = "../hex/mod.rs"]
mod hex;
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
#[path = "../integration/odd_packets/case.rs"]
mod case;

/// What this test shares with tests/integration, which uses more of it.
#[path = "../integration/harness"]
mod harness {
    #[expect(dead_code, reason = "here all ask in octets, in many windows")]
    pub mod client;
    pub mod daemon;
    #[expect(
        dead_code,
        reason = "here messages are compared; the server's harness alone reads this form of them"
    )]
    pub mod message;
    #[expect(dead_code, reason = "here no folder of tests/data is copied")]
    pub mod place;
    pub mod reader;
    #[expect(dead_code, reason = "here a server is only started")]
    pub mod server;
}
