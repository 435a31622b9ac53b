//! The real binary with real peers on loopback: dig, kdig, drill, delv, nginx, unbound, Knot Resolver, Python.
//! `tests/run` prepares what they need.

// Nothing is reachable from outside of a test binary; its functions outside of `#[test]` are tests as well, and print
// what they measured.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::print_stdout)]

#[cfg(feature = "bypass")]
mod bypass;
mod continents;
mod control;
mod edns;
mod explain;
mod failures;
mod flips;
mod gdnsd;
mod generate;
mod geo_gate;
mod geo_oracle;
mod harness;
#[path = "../hex/mod.rs"]
mod hex;
mod nginx_monitor;
mod odd_packets;
mod privileges;
mod proofs;
mod rate_limit;
mod record_types;
mod reloads;
mod resolver;
mod restart;
mod robustness;
mod round_trip;
mod shares;
mod turnover;
