//! What `explain` is asked: the same on the command line and on the control socket.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::explain::{Asked, Client, DRAWS_MAX, parse_name, parse_type};
use crate::geo::Prefix;
use crate::wire::Family;

/// A question to be explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The name asked for.
    pub name: String,
    /// The type asked for.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The address that the query comes from.
    pub transport: IpAddr,
    /// The client subnet that it carries.
    pub subnet: Option<Subnet>,
    /// What is supposed to be down: `POOL/MEMBER`, `POOL`, `site:SITE`.
    pub down: Vec<String>,
    /// How many answers are drawn, at most [`DRAWS_MAX`].
    pub draws: u32,
    /// What the random words of the draws begin with.
    pub seed: u64,
    /// How the explanation is written.
    pub format: Format,
}

/// How an explanation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A network, as EDNS Client Subnet tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// An address of it.
    pub address: IpAddr,
    /// Its prefix length, 1 or more.
    pub length: u8,
}

impl Request {
    /// What is asked, checked.
    pub(super) fn asked(&self) -> Result<Asked, String> {
        if self.draws > DRAWS_MAX {
            return Err(format!("{DRAWS_MAX} is the most draws"));
        }
        let name = parse_name(&self.name).map_err(|error| format!("the name {}: {error}", self.name))?;
        let rtype = parse_type(&self.rtype).map_err(|error| format!("the type {}: {error}", self.rtype))?;
        let subnet = self.subnet.map(Subnet::prefix).transpose()?;
        Ok(Asked { name, rtype, client: Client { transport: self.transport, subnet } })
    }
}

impl Subnet {
    fn prefix(self) -> Result<Prefix, String> {
        check_length(self.address, self.length)?;
        Ok(Prefix::around(self.address, self.length))
    }
}

fn check_length(address: IpAddr, length: u8) -> Result<(), String> {
    let most = Family::of(address).bits();
    match (1..=most).contains(&length) {
        true => Ok(()),
        false => Err(format!("a prefix length is a number from 1 to {most}, not `{length}`")),
    }
}

/// `ADDRESS/LENGTH`.
impl FromStr for Subnet {
    type Err = String;

    fn from_str(text: &str) -> Result<Subnet, String> {
        let (address, length) = text.split_once('/').ok_or("write ADDRESS/LENGTH")?;
        let address: IpAddr =
            address.parse().map_err(|_| format!("`{address}` is not an IPv4 or IPv6 address"))?;
        let most = Family::of(address).bits();
        let wrong = || format!("a prefix length is a number from 1 to {most}, not `{length}`");
        let length = length.parse().map_err(|_| wrong())?;
        check_length(address, length)?;
        Ok(Subnet { address, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_an_address_and_a_length_of_its_family() {
        let parse =
            |text: &str| text.parse::<Subnet>().map(|subnet| (subnet.address.to_string(), subnet.length));
        assert_eq!(parse("192.0.2.7/24"), Ok(("192.0.2.7".to_owned(), 24)));
        assert_eq!(parse("2001:db8::/128"), Ok(("2001:db8::".to_owned(), 128)));
        for wrong in ["192.0.2.7", "192.0.2/24", "192.0.2.7/33", "192.0.2.7/0", "192.0.2.7/", "x/1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
