//! The steering semantics, section by section: each vector and each table of its text, and each of its sentences that can be
//! tested, as cases of a test named after it. (`semantics §4` in the sources is what the modules `section_4_…` hold here.)
//!
//! Everything is asked from outside: a small world as text goes through the loader, and what counts is what a query gets
//! (`harness::Server::ask`, octets in and octets out) and what `explain` says of it. Where the text gives a formula, the test
//! has a slow one of its own.

// A test that cannot read its own data has failed. Nothing is reachable from outside of a test binary.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod harness;
mod prefix;
mod ratio;

mod section_1_health;
mod section_1_monitors;
mod section_2_admin_state;
mod section_3_data;
mod section_3_groups;
mod section_3_hash;
mod section_3_hints;
mod section_3_pool;
mod section_3_shares;
mod section_4_all_down;
mod section_4_model;
mod section_4_rule;
mod section_4_trickle;
mod section_5_ttl;
mod section_6_databases;
mod section_6_map;
mod section_7_ecs;
mod section_7_scope;
mod section_8_defaults;
