//! A monitor made ready for one address: everything that can be prepared is, so that a probe only connects and asks.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::http::HttpCheck;
use super::miss::Miss;
use super::refusal::Refusal;
use super::tcp;
use super::tls::Trust;
use crate::health::{Monitor, Probe, is_metadata_address};

/// What to do for each probe of one target.
pub(super) struct Check {
    target: SocketAddr,
    timeout: Duration,
    http: Option<Box<HttpCheck>>,
}

impl Check {
    /// Prepares `monitor` for `address`. Reads the machine's trusted certificates if this is the first to need
    /// them.
    pub(super) fn new(address: IpAddr, monitor: &Monitor, trust: &Trust) -> Result<Check, Refusal> {
        if is_metadata_address(address) {
            return Err(Refusal::MetadataAddress(address));
        }
        let target = SocketAddr::new(address, monitor.port);
        let http = match &monitor.probe {
            Probe::Tcp => None,
            Probe::Http(probe) => Some(Box::new(HttpCheck::new(probe, target, monitor.timeout, trust)?)),
        };
        Ok(Check { target, timeout: monitor.timeout, http })
    }

    /// One probe. Ends within the monitor's timeout, whatever the member does.
    pub(super) async fn run(&self) -> Result<(), Miss> {
        match &self.http {
            None => tcp::run(self.target, self.timeout).await,
            Some(http) => http.run().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::monitor;
    use super::*;

    #[test]
    fn a_metadata_address_is_never_probed() {
        let check = |address: &str| {
            Check::new(address.parse().unwrap(), &monitor(Probe::Tcp, 80), &Trust::new()).err()
        };
        for address in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"] {
            assert_eq!(check(address), Some(Refusal::MetadataAddress(address.parse().unwrap())));
        }
        assert_eq!(check("127.0.0.1"), None);
    }
}
