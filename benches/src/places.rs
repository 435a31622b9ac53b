//! Where the benches find what they need, and where they write.

use std::path::PathBuf;

use clap::Args;

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
