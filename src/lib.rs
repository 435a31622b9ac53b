//! Meridian: an authoritative DNS server that steers traffic by place, weight and health.
//!
//! The modules in reading order; each uses only those above it (ARCHITECTURE.md).

pub mod fault;
pub mod wire;

pub mod geo;
pub mod health;
pub mod schedule;
pub mod zone;

pub mod steer;

pub mod snapshot;

pub mod answer;

pub mod explain;

pub mod config;

pub mod admin;
pub mod probe;
pub mod server;

pub mod daemon;

pub mod cli;
