//! The format of geo databases, as the unit tests of its reader write it.

/// What stands before the metadata of a file.
const METADATA_MARK: &[u8] = b"\xAB\xCD\xEFMaxMind.com";

// It is written for the unit tests, which use more of it.
#[allow(dead_code)]
#[path = "../../../src/geo/mmdb/writer.rs"]
pub mod writer;
