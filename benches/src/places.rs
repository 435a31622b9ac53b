//! Where the benches find what they need, and where they write.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::peer::Material;

/// The same arguments for every bench that starts servers.
#[derive(Args)]
pub struct Places {
    /// The product.
    #[arg(long, default_value = "target/release/meridian")]
    pub meridian: PathBuf,
    /// A country database in the shape of GeoIP2.
    #[arg(long, default_value = "benches/target/country.mmdb")]
    pub database: PathBuf,
    /// Where servers are configured and run.
    #[arg(long, default_value = "benches/target/run")]
    pub folder: PathBuf,
}

impl Places {
    /// What servers are made of; fails with the name of what is missing.
    pub fn material(&self) -> Result<Material> {
        let floor = beside("floor")?;
        Ok(Material { meridian: absolute(&self.meridian)?, floor, database: absolute(&self.database)? })
    }
}

/// Another program of the benches.
pub fn beside(name: &str) -> Result<PathBuf> {
    absolute(&std::env::current_exe()?.with_file_name(name))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("{} is missing", path.display()))
}
