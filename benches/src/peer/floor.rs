//! The floor needs no configuration.

use anyhow::Result;

use super::{Setup, text_of, words};

pub(super) fn prepare(setup: &Setup<'_>) -> Result<Vec<String>> {
    Ok(words([&text_of(&setup.material.floor)?, &setup.address.to_string()]))
}
