//! Addresses, socket addresses and networks.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::geo::Prefix;

use super::faults::{Faults, quote};
use super::reader::{Broken, Parsed};
use super::scalar;
use super::written::Written;
use crate::config::document::Value;
use crate::wire::Family;

/// An address with a port other than 0: `127.0.0.1:53`, `[::1]:53`.
pub(crate) fn socket_address(value: &Value, faults: &Faults) -> Parsed<SocketAddr> {
    let text = scalar::text(value, faults)?;
    let fault = match text.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => return Ok(address),
        Ok(_) => value.place.error("port 0 is none that a client could ask at").label("no port"),
        Err(_) => {
            let fault = value.place.error(format!("{} is no address with a port", quote(&text)));
            fault.label("not understood").help(help_for_socket_address(&text))
        }
    };
    faults.add(fault);
    Err(Broken)
}

fn help_for_socket_address(text: &str) -> String {
    if let Some((host, port)) = text.rsplit_once(':')
        && host.parse::<Ipv6Addr>().is_ok()
    {
        return format!("write `\"[{host}]:{port}\"`");
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return format!("say the port too: `\"{}\"`", SocketAddr::new(address, 53));
    }
    match text.rsplit_once(':') {
        Some(("*" | "", port)) => format!("write `\"0.0.0.0:{port}\", \"[::]:{port}\"`"),
        _ => "write it like `\"192.0.2.1:53\"` or `\"[2001:db8::1]:53\"`; names are not looked up".into(),
    }
}

/// An IPv4 or IPv6 address.
pub(crate) fn address(value: &Value, faults: &Faults) -> Parsed<IpAddr> {
    let text = scalar::text(value, faults)?;
    text.parse().map_err(|_| {
        let help = if let Ok(with_port) = text.parse::<SocketAddr>() {
            format!("write `\"{}\"`; the port stands in the monitor", with_port.ip())
        } else if text.contains('/') {
            "write one address, not a network".into()
        } else {
            "write an IPv4 or IPv6 address; names are not looked up".into()
        };
        let fault = value.place.error(format!("{} is no address", quote(&text)));
        faults.add(fault.label("not understood").help(help));
        Broken
    })
}

/// A network without host bits, for example `192.0.2.0/24`.
pub(crate) fn network(text: &Written<String>, faults: &Faults) -> Parsed<Prefix> {
    let fault = match parse_network(text) {
        Ok(prefix) => match Prefix::around(prefix.address, prefix.length) {
            right if right == prefix => return Ok(prefix),
            right => {
                let fault = text.place.error(format!("{} has bits set beyond its length", quote(text)));
                fault.label("host bits").help(format!("the network is {}", quote(&right.to_string())))
            }
        },
        Err(help) => {
            let fault = text.place.error(format!("{} is no network", quote(text)));
            fault.label("not understood").help(help)
        }
    };
    faults.add(fault);
    Err(Broken)
}

/// The prefix as written, or what to do about a text that is none.
fn parse_network(text: &str) -> Result<Prefix, String> {
    let example = "write it like `192.0.2.0/24` or `2001:db8::/32`";
    let Some((address, length)) = text.split_once('/') else {
        return Err(match text.parse::<IpAddr>() {
            Ok(address) => format!("say its length: `{address}/{}`", Family::of(address).bits()),
            Err(_) => example.into(),
        });
    };
    let address: IpAddr = address.parse().map_err(|_| example)?;
    let decimal = !length.is_empty() && length.bytes().all(|octet| octet.is_ascii_digit());
    match length.parse::<u8>() {
        Ok(length) if decimal && length <= Family::of(address).bits() => Ok(Prefix { address, length }),
        _ => Err(format!("the length is from 0 to {}", Family::of(address).bits())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::text::Place;
    use crate::fault::Source;

    fn network_of(text: &str) -> Result<String, String> {
        let source = Source::new("f", text);
        let faults = Faults::default();
        let place = Place { source: source.clone(), span: 0..text.len() };
        match network(&Written { value: text.into(), place }, &faults) {
            Ok(prefix) => Ok(format!("{}/{}", prefix.address, prefix.length)),
            Err(Broken) => Err(faults.into_sorted(&source)[0].help.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn networks_have_no_host_bits_and_the_right_one_is_named() {
        for text in ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.1/32", "::/0", "2001:db8::/32", "::1/128"] {
            assert_eq!(network_of(text).as_deref(), Ok(text));
        }
        for (text, help) in [
            ("192.0.2.1/24", "the network is `192.0.2.0/24`"),
            ("2001:db8::1/32", "the network is `2001:db8::/32`"),
            ("192.0.2.1", "say its length: `192.0.2.1/32`"),
            ("192.0.2.0/33", "the length is from 0 to 32"),
            ("192.0.2.0/+8", "the length is from 0 to 32"),
            ("::/129", "the length is from 0 to 128"),
            ("192.0.2/24", "write it like `192.0.2.0/24` or `2001:db8::/32`"),
        ] {
            assert_eq!(network_of(text), Err(help.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_socket_address_is_helped_along() {
        assert_eq!(help_for_socket_address("192.0.2.1"), "say the port too: `\"192.0.2.1:53\"`");
        assert_eq!(help_for_socket_address("[::1]"), "say the port too: `\"[::1]:53\"`");
        assert_eq!(help_for_socket_address("::1:53"), "write `\"[::1]:53\"`");
        assert_eq!(help_for_socket_address("2001:db8::53"), "say the port too: `\"[2001:db8::53]:53\"`");
        assert_eq!(help_for_socket_address("*:53"), "write `\"0.0.0.0:53\", \"[::]:53\"`");
        assert!(help_for_socket_address("localhost:53").ends_with("names are not looked up"));
    }
}
