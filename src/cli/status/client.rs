//! HTTP over the status socket (with `probe::http` one of the two doors to `reqwest`).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

/// For the whole exchange; a server that is busy makes one page at a time.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The body of `GET /status`.
pub(super) fn get_status(socket: &Path) -> anyhow::Result<Vec<u8>> {
    // reqwest wants a TLS provider even for plain HTTP; one that is there already serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .unix_socket(socket)
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .context("cannot make an HTTP client")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let asked = client.get("http://meridian/status").send().await;
        let response = asked.with_context(|| {
            format!("no server answers at {}; is it running, and may this user open it?", socket.display())
        })?;
        if !response.status().is_success() {
            bail!("the server answers {}", response.status());
        }
        Ok(response.bytes().await?.to_vec())
    })
}
