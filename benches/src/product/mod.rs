//! The product's own way past the kernel, its source by path: the floor of the bypass and what drives it stand on the same
//! rings, program and frames. The product is not linked: of what it decides and answers, nothing is here.
//!
//! A program that includes this names it `server`, as the product does.

// Neither program needs all of it, and lints on the product's source are the product's business.
#![allow(dead_code, missing_docs, unreachable_pub, unsafe_code)]

pub(crate) mod bypass;
mod socket;
