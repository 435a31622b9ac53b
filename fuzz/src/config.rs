//! A whole configuration, several files in one input. Faults are printed as an operator would see them.

#![no_main]

mod files;

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use meridian::config::{self, Mode};

fuzz_target!(|octets: &[u8]| {
    let files = files::split(octets);
    match config::load(&files, Path::new(files::MAIN), Mode::Check, None) {
        Ok(loaded) => assert!(!meridian::fault::any_error(&loaded.warnings), "{:?}", loaded.warnings),
        Err(faults) => {
            assert!(meridian::fault::any_error(&faults), "refused without an error: {faults:?}");
            for fault in &faults {
                assert!(!fault.to_string().is_empty());
            }
            assert!(!config::report::for_people(&faults, false).is_empty());
        }
    }
});
