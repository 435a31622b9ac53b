//! The data of SVCB and HTTPS records (RFC 9460 §2.1): priority, target and parameters.
//!
//! Ours, because `domain` refuses keys with a 9 or a z and the escapes of RFC 9460 appendix A.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::cursor::{Cursor, RdataError, append_unescaped, decimal};
use super::rdata::decode_base64;

/// A parameter's key (IANA "Service Parameter Keys").
mod key {
    pub(super) const MANDATORY: u16 = 0;
    pub(super) const ALPN: u16 = 1;
    pub(super) const NO_DEFAULT_ALPN: u16 = 2;
    pub(super) const PORT: u16 = 3;
    pub(super) const IPV4HINT: u16 = 4;
    pub(super) const ECH: u16 = 5;
    pub(super) const IPV6HINT: u16 = 6;
    pub(super) const DOHPATH: u16 = 7;
    pub(super) const OHTTP: u16 = 8;
}

const KEYS: [(&str, u16); 9] = [
    ("mandatory", key::MANDATORY),
    ("alpn", key::ALPN),
    ("no-default-alpn", key::NO_DEFAULT_ALPN),
    ("port", key::PORT),
    ("ipv4hint", key::IPV4HINT),
    ("ech", key::ECH),
    ("ipv6hint", key::IPV6HINT),
    ("dohpath", key::DOHPATH),
    ("ohttp", key::OHTTP),
];

/// A parameter: its key, and its value as it stands on the wire.
struct Parameter {
    key: u16,
    value: Vec<u8>,
}

/// Reads the data and appends its octets, the parameters in ascending order of their keys.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let priority = cursor.number("a priority up to 65535", u32::from(u16::MAX))? as u16;
    into.extend_from_slice(&priority.to_be_bytes());
    cursor.name(into)?;
    let mut parameters: Vec<Parameter> = Vec::new();
    while cursor.peek().is_some() {
        let parameter = parse_parameter(cursor)?;
        if parameters.iter().any(|other| other.key == parameter.key) {
            return Err(refuse(format!("{} stands here twice", name(parameter.key))));
        }
        parameters.push(parameter);
    }
    parameters.sort_by_key(|parameter| parameter.key);
    check_mandatory(&parameters)?;
    for Parameter { key, value } in parameters {
        let length = u16::try_from(value.len()).map_err(|_| RdataError::TooLong(value.len()))?;
        into.extend_from_slice(&key.to_be_bytes());
        into.extend_from_slice(&length.to_be_bytes());
        into.extend_from_slice(&value);
    }
    Ok(())
}

/// Takes `key`, `key=value` or `key="value"`.
fn parse_parameter(cursor: &mut Cursor<'_>) -> Result<Parameter, RdataError> {
    let what = "a parameter as in alpn=h2";
    let token = cursor.token(what)?;
    if token.quoted {
        return Err(RdataError::Quoted(what));
    }
    let text = cursor.text(token);
    let (key_text, mut written) = match text.iter().position(|&octet| octet == b'=') {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if written == Some(b"")
        && let Some(next) = cursor.peek().filter(|next| next.quoted && token.touches(next))
    {
        cursor.token(what)?;
        written = Some(cursor.text(next));
    }
    let key = parse_key(key_text)?;
    let mut value = Vec::new();
    append_unescaped(written.unwrap_or_default(), &mut value)?;
    if !key_text.starts_with(b"key") {
        value = encode(key, &value)?;
    }
    check_value(key, &value)?;
    Ok(Parameter { key, value })
}

/// A key's number from its name or the form `keyNNNNN` (RFC 9460 §2.1), which has no leading zeros.
fn parse_key(text: &[u8]) -> Result<u16, RdataError> {
    if let Some((_, number)) = KEYS.iter().find(|(known, _)| known.as_bytes() == text) {
        return Ok(*number);
    }
    let digits = text.strip_prefix(b"key").unwrap_or_default();
    let number = decimal(digits).and_then(|number| u16::try_from(number).ok());
    match number {
        Some(number) if digits == b"0" || digits[0] != b'0' => Ok(number),
        _ => {
            let text = String::from_utf8_lossy(text);
            let close = KEYS.iter().find(|(known, _)| strsim::damerau_levenshtein(known, &text) <= 2);
            let hint = close.map_or_else(String::new, |(known, _)| format!("; did you mean {known}?"));
            Err(refuse(format!("{text:?} is not the name of a parameter nor of the form key12345{hint}")))
        }
    }
}

/// The value of a known key from text (already unescaped once) to octets.
fn encode(key: u16, text: &[u8]) -> Result<Vec<u8>, RdataError> {
    match key {
        key::MANDATORY => encode_mandatory(text),
        key::ALPN => encode_alpn(text),
        key::PORT => decimal(text)
            .and_then(|port| u16::try_from(port).ok())
            .map(|port| port.to_be_bytes().to_vec())
            .ok_or_else(|| refuse("port must be a number up to 65535".to_owned())),
        key::IPV4HINT => encode_addresses(text, key, |address: Ipv4Addr| address.octets()),
        key::IPV6HINT => encode_addresses(text, key, |address: Ipv6Addr| address.octets()),
        key::ECH => {
            decode_base64(text).ok_or_else(|| refuse("the value of ech must be in base 64".to_owned()))
        }
        _ => Ok(text.to_vec()),
    }
}

/// The keys that a client must understand, ascending (RFC 9460 §8).
fn encode_mandatory(text: &[u8]) -> Result<Vec<u8>, RdataError> {
    let mut keys = text.split(|&octet| octet == b',').map(parse_key).collect::<Result<Vec<u16>, _>>()?;
    keys.sort_unstable();
    Ok(keys.iter().flat_map(|key| key.to_be_bytes()).collect())
}

/// Protocol names with their lengths in front; `\,` and `\\` stand for a comma and a backslash in a name
/// (RFC 9460 appendix A.1).
fn encode_alpn(text: &[u8]) -> Result<Vec<u8>, RdataError> {
    let mut octets = vec![0];
    let mut length_at = 0;
    let mut rest = text.iter().copied();
    while let Some(octet) = rest.next() {
        match octet {
            b',' => {
                close_protocol(&mut octets, length_at)?;
                length_at = octets.len();
                octets.push(0);
            }
            b'\\' => octets.push(rest.next().ok_or(RdataError::BadEscape)?),
            octet => octets.push(octet),
        }
    }
    close_protocol(&mut octets, length_at)?;
    Ok(octets)
}

fn close_protocol(octets: &mut [u8], length_at: usize) -> Result<(), RdataError> {
    match u8::try_from(octets.len() - length_at - 1) {
        Ok(length @ 1..) => {
            octets[length_at] = length;
            Ok(())
        }
        _ => Err(refuse("a protocol in alpn has 1 to 255 octets".to_owned())),
    }
}

fn encode_addresses<A: FromStr, const N: usize>(
    text: &[u8],
    key: u16,
    octets: impl Fn(A) -> [u8; N],
) -> Result<Vec<u8>, RdataError> {
    let mut all = Vec::new();
    for part in text.split(|&octet| octet == b',') {
        let address = std::str::from_utf8(part).ok().and_then(|part| part.parse().ok());
        let address = address.ok_or_else(|| refuse(format!("{} must be a list of addresses", name(key))))?;
        all.extend_from_slice(&octets(address));
    }
    Ok(all)
}

/// Whether a value can be that of its key, also where it was written as `keyNNNNN`.
fn check_value(key: u16, value: &[u8]) -> Result<(), RdataError> {
    let is_right = match key {
        key::MANDATORY => !value.is_empty() && value.len().is_multiple_of(2),
        key::ALPN => is_alpn(value),
        key::NO_DEFAULT_ALPN | key::OHTTP => value.is_empty(),
        key::PORT => value.len() == 2,
        key::IPV4HINT => !value.is_empty() && value.len().is_multiple_of(4),
        key::IPV6HINT => !value.is_empty() && value.len().is_multiple_of(16),
        key::ECH => !value.is_empty(),
        key::DOHPATH => value.starts_with(b"/") && names_dns_variable(value),
        _ => true,
    };
    match (is_right, key) {
        (true, _) => Ok(()),
        (false, key::NO_DEFAULT_ALPN | key::OHTTP) => Err(refuse(format!("{} has no value", name(key)))),
        (false, _) if value.is_empty() => Err(refuse(format!("{} must have a value", name(key)))),
        (false, _) => Err(refuse(format!("these octets are no value of {}", name(key)))),
    }
}

/// Whether a URI template has an expression with the variable `dns` (RFC 9461 §5).
fn names_dns_variable(template: &[u8]) -> bool {
    let mut expressions = template.split(|&octet| octet == b'{').skip(1);
    expressions.any(|rest| {
        let variables = rest.split(|&octet| octet == b'}').next().unwrap_or_default();
        let variables = variables.strip_prefix(b"?").or(variables.strip_prefix(b"&")).unwrap_or(variables);
        variables.split(|&octet| octet == b',').any(|variable| variable == b"dns")
    })
}

/// Whether octets are a row of protocol names with their lengths in front.
fn is_alpn(value: &[u8]) -> bool {
    let mut rest = value;
    while let Some((&length @ 1.., tail)) = rest.split_first() {
        let Some(after) = tail.get(usize::from(length)..) else { return false };
        rest = after;
    }
    rest.is_empty() && !value.is_empty()
}

/// What RFC 9460 §8 asks of `mandatory`, and §7.1.1 of `no-default-alpn`; `parameters` ascend by key.
fn check_mandatory(parameters: &[Parameter]) -> Result<(), RdataError> {
    let has = |key| parameters.iter().any(|parameter| parameter.key == key);
    if has(key::NO_DEFAULT_ALPN) && !has(key::ALPN) {
        return Err(refuse("no-default-alpn needs alpn beside it".to_owned()));
    }
    let Some(mandatory) = parameters.first().filter(|first| first.key == key::MANDATORY) else {
        return Ok(());
    };
    let keys: Vec<u16> =
        mandatory.value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    for (index, &key) in keys.iter().enumerate() {
        if key == key::MANDATORY {
            return Err(refuse("mandatory cannot list itself".to_owned()));
        }
        if keys[..index].contains(&key) {
            return Err(refuse(format!("mandatory lists {} twice", name(key))));
        }
        if !has(key) {
            return Err(refuse(format!("mandatory lists {}, which is not there", name(key))));
        }
    }
    Ok(())
}

fn name(key: u16) -> String {
    let known = KEYS.iter().find(|(_, number)| *number == key);
    known.map_or_else(|| format!("key{key}"), |(name, _)| (*name).to_owned())
}

fn refuse(message: String) -> RdataError {
    RdataError::Parameter(message)
}
