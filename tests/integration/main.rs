//! The real binary with real peers on loopback: dig, nginx, unbound, Python. `tests/run` prepares what they need.

mod harness;
