//! Small worlds as text, served in memory.

pub mod database;
mod server;
pub mod slots;
mod world;

pub use server::Server;
pub use world::{World, down, monitor_named, up};
