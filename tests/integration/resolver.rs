//! Resolvers that people run, in front of the server: unbound, which keeps one answer for each scope of EDNS Client
//! Subnet, and Knot Resolver, which sends none. They are told where the server is, or find it from a root of its own
//! with minimised names (RFC 9156).

mod agreement;
mod client_subnet;
mod every_name;
mod minimisation;
mod other_types;
mod process;
