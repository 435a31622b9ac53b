//! Real processes on loopback: the server under test and the peers that it is tested with.

pub mod client;
pub mod crowd;
pub mod daemon;
pub mod database;
pub mod dig;
pub mod gdnsd;
pub mod load;
pub mod master_file;
pub mod message;
pub mod mmdb;
pub mod mutation;
pub mod nginx;
pub mod place;
pub mod reader;
pub mod root;
pub mod server;
pub mod shown;
pub mod turns;
pub mod wire;
