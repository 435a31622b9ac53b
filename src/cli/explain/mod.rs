//! `meridian explain`: what a client would get and why, from the files or from the running server.

mod offline;

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::control::{Socket, send_and_print};
use super::{FAILED, Format, OK, files, print};
use crate::admin::control;
use crate::admin::explain::{self, Ground, Request, Subnet};
use crate::config::report;
use crate::explain::{DRAWS_MAX, parse_name, parse_type};
use crate::schedule::parse_moment;
use crate::wire::{Family, Name};
use crate::zone::record_type;

use self::offline::Offline;

/// Say what a client would get, and why
///
/// Answers one question and says which address decided, what the databases say of it, which levels of the map match,
/// which pools were looked at, which members are eligible and why, every answer that can be drawn with its exact
/// probability, and where TTL and scope come from. Without --online it reads the files and needs no server: monitored
/// members are assumed up, but for those named with --down. With --online the running server answers, on the generation
/// that it serves and the health that it sees.
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
    /// What is down: a member (POOL/MEMBER), a pool, or a site (site:SITE); several with commas, or repeated
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = trimmed)]
    down: Vec<String>,
    /// The moment that is asked about, in RFC 3339: 2026-11-20T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with_all = ["online", "socket"])]
    at: Option<u64>,
    /// Draw so many answers and count them beside the exact shares
    #[arg(long, value_name = "COUNT", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(..=i64::from(DRAWS_MAX)))]
    n: u32,
    /// What the draws begin with: the same seed draws the same answers
    #[arg(long, default_value_t = 1, requires = "n")]
    seed: u64,
    /// The saved health table of a server (`health` in its state_dir) instead of members assumed up
    #[arg(long, value_name = "FILE", conflicts_with_all = ["online", "socket"])]
    state: Option<PathBuf>,
    /// Ask the running server, not the files; --socket says the same
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    socket: Socket,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// `ADDRESS` or `ADDRESS/LENGTH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Address(IpAddr),
    Subnet(Subnet),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<From, String> {
        if text.contains('/') {
            return text.parse().map(From::Subnet);
        }
        let address = text.parse().map_err(|_| format!("`{text}` is not an IPv4 or IPv6 address"))?;
        Ok(From::Address(address))
    }
}

/// A word of a list that may have blanks behind its commas.
fn trimmed(word: &str) -> Result<String, std::convert::Infallible> {
    Ok(word.trim().to_owned())
}

/// A moment on the command line.
pub(super) fn parse_time(text: &str) -> Result<u64, &'static str> {
    parse_moment(text).ok_or("write a time as 2026-11-20T18:00:00Z or 2026-11-20T19:00:00+01:00")
}

impl Arguments {
    fn request(&self) -> Request {
        let (transport, subnet) = self.client();
        Request {
            name: self.name.to_string(),
            rtype: record_type::name(self.qtype),
            transport,
            subnet,
            down: self.down.clone(),
            draws: self.n,
            seed: self.seed,
            format: match self.format {
                Format::Text => explain::Format::Text,
                Format::Json => explain::Format::Json,
            },
        }
    }

    /// With a length, or with a resolver in between, the address is a client subnet.
    fn client(&self) -> (IpAddr, Option<Subnet>) {
        match (self.from, self.transport) {
            (From::Subnet(subnet), transport) => (transport.unwrap_or(subnet.address), Some(subnet)),
            (From::Address(address), None) => (address, None),
            (From::Address(address), Some(transport)) => {
                (transport, Some(Subnet { address, length: Family::of(address).bits() }))
            }
        }
    }
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    if arguments.online || arguments.socket.is_given() {
        return send_and_print(&arguments.socket, &control::Request::Explain(arguments.request()));
    }
    let loaded = match files::load_whatever_is_asserted(arguments.socket.main_file()) {
        Ok(loaded) => loaded,
        Err(faults) => {
            super::print_to_stderr(&report::for_people(&faults, true));
            return Ok(FAILED);
        }
    };
    let offline = Offline::new(loaded.configuration, arguments.state.as_deref(), arguments.at)?;
    let health = offline.health();
    let snapshot = health.compile(offline.configuration());
    let answer = arguments.request().answer(Ground { snapshot: &snapshot, health });
    print(&answer.map_err(anyhow::Error::msg)?)?;
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_is_an_address_or_a_network() {
        let parse = |text: &str| text.parse::<From>();
        assert_eq!(parse("192.0.2.7").unwrap(), From::Address("192.0.2.7".parse().unwrap()));
        assert_eq!(parse("192.0.2.7/24").unwrap(), From::Subnet("192.0.2.7/24".parse().unwrap()));
        assert_eq!(parse("2001:db8::/56").unwrap(), From::Subnet("2001:db8::/56".parse().unwrap()));
        for wrong in ["192.0.2", "192.0.2.7/33", "192.0.2.7/0", "192.0.2.7/", "2001:db8::/129", "x/1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
