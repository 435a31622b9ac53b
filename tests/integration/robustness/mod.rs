//! What nobody should send, and much of it. Short here, in full with `MERIDIAN_SOAK=1` (`tests/run soak`).

mod idle_connections;
mod mutations;
mod random_names;
mod tcp_faults;
