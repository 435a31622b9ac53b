//! `meridian explain`: what a client would get and why, from the files alone.

mod offline;
mod view;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{DEFAULT_FILE, FAILED, Format, OK, files, json, print};
use crate::config::report;
use crate::explain::{self, Client};
use crate::geo::Prefix;
use crate::wire::{Family, Name, NameError, rtype};
use crate::zone::record_type::{self, Parsed};

use self::offline::{MemberName, Offline};

/// Say what a client would get, and why
///
/// Reads the files and answers one question from them, without a running server: which address decided, what the
/// databases say of it, which pools were looked at, which members are eligible and why, every answer that can be drawn
/// with its exact probability, and where the TTL comes from. All members count as up, but for those named with --down.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The name to ask for
    #[arg(value_parser = parse_name)]
    name: Name,
    /// The type to ask for: A, AAAA, MX, … or TYPEnnn
    #[arg(value_name = "TYPE", default_value = "A", value_parser = parse_type)]
    qtype: u16,
    /// Who asks: an address (asks directly), or ADDRESS/LENGTH (the client subnet that a resolver sends)
    #[arg(long, value_name = "ADDRESS[/LENGTH]")]
    from: From,
    /// The address the query comes from, when --from is a client subnet [default: the address of --from]
    #[arg(long, value_name = "ADDRESS")]
    transport: Option<IpAddr>,
    /// A member that is down; can be repeated
    #[arg(long, value_name = "POOL/MEMBER")]
    down: Vec<MemberName>,
    /// The main file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// `ADDRESS` or `ADDRESS/LENGTH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct From {
    address: IpAddr,
    length: Option<u8>,
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<From, String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().map_err(|_| format!("`{address}` is not an IPv4 or IPv6 address"))?;
        let most = Family::of(address).bits();
        let length = length.map(|length| match length.parse() {
            Ok(length @ 1..) if length <= most => Ok(length),
            _ => Err(format!("a prefix length is a number from 1 to {most}, not `{length}`")),
        });
        Ok(From { address, length: length.transpose()? })
    }
}

fn parse_name(text: &str) -> Result<Name, NameError> {
    Name::parse(text.as_bytes(), Some(&Name::root()))
}

fn parse_type(text: &str) -> Result<u16, String> {
    match record_type::parse(text.as_bytes()) {
        Some(Parsed::Data(number) | Parsed::Meta(number @ rtype::ANY)) => Ok(number),
        Some(Parsed::Meta(_)) => Err("no name has data of this type".to_owned()),
        None => Err("this is no record type".to_owned()),
    }
}

impl Arguments {
    /// With a length, or with a resolver in between, the address is a client subnet.
    fn client(&self) -> Client {
        let From { address, length } = self.from;
        let whole = Family::of(address).bits();
        let length = length.or(self.transport.map(|_| whole));
        Client {
            transport: self.transport.unwrap_or(address),
            subnet: length.map(|length| Prefix::around(address, length)),
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let loaded = match files::load(&arguments.config) {
        Ok(loaded) => loaded,
        Err(faults) => {
            super::print_to_stderr(&report::for_people(&faults, true));
            return Ok(FAILED);
        }
    };
    let offline = Offline::new(loaded.configuration, &arguments.down)?;
    let health = |target| offline.health(target);
    let Arguments { name, qtype, .. } = arguments;
    let explanation = explain::explain(&offline.snapshot, &health, name, *qtype, arguments.client());
    match arguments.format {
        Format::Text => print(&explain::render(&explanation))?,
        Format::Json => print(&json(&view::View::of(&explanation))?)?,
    }
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_is_an_address_or_a_network() {
        let parse = |text: &str| text.parse::<From>();
        assert_eq!(parse("192.0.2.7").unwrap().length, None);
        assert_eq!(parse("192.0.2.7/24").unwrap().length, Some(24));
        assert_eq!(parse("2001:db8::/56").unwrap().length, Some(56));
        for wrong in ["192.0.2", "192.0.2.7/33", "192.0.2.7/0", "192.0.2.7/", "2001:db8::/129", "x/1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
