//! The parameters of SVCB and HTTPS records (RFC 9460 §2.1).
//!
//! Ours, because `domain` refuses keys with a 9 or a z and the escapes of RFC 9460 appendix A.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::cursor::{Cursor, RdataError, append_unescaped, decimal};
use super::faults::excerpt;
use super::field::{Octets, Quoted, Words};
use super::rdata::encoding;

/// A parameter's key (IANA "Service Parameter Keys").
pub(super) mod key {
    pub(in crate::zone) const MANDATORY: u16 = 0;
    pub(in crate::zone) const ALPN: u16 = 1;
    pub(in crate::zone) const NO_DEFAULT_ALPN: u16 = 2;
    pub(in crate::zone) const PORT: u16 = 3;
    pub(in crate::zone) const IPV4HINT: u16 = 4;
    pub(in crate::zone) const ECH: u16 = 5;
    pub(in crate::zone) const IPV6HINT: u16 = 6;
    pub(in crate::zone) const DOHPATH: u16 = 7;
    pub(in crate::zone) const OHTTP: u16 = 8;
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

/// Parameters by key, in the order in which the wire has them; values as the wire has them.
type Parameters = BTreeMap<u16, Vec<u8>>;

/// Reads the parameters and appends their octets, in ascending order of their keys.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let mut parameters = Parameters::new();
    while cursor.peek().is_some() {
        let (key, value) = parse_parameter(cursor)?;
        if parameters.insert(key, value).is_some() {
            return Err(refuse(format!("{} stands here twice", name(key))));
        }
    }
    check_together(&parameters)?;
    for (key, value) in parameters {
        let length = u16::try_from(value.len()).map_err(|_| RdataError::TooLong(value.len()))?;
        into.extend_from_slice(&key.to_be_bytes());
        into.extend_from_slice(&length.to_be_bytes());
        into.extend_from_slice(&value);
    }
    Ok(())
}

/// Takes `key`, `key=value` or `key="value"`.
fn parse_parameter(cursor: &mut Cursor<'_>) -> Result<(u16, Vec<u8>), RdataError> {
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
    if !value.is_empty() && !key_text.starts_with(b"key") {
        value = encode(key, &value)?;
    }
    check_value(key, &value)?;
    Ok((key, value))
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
            let text = excerpt(text);
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
        key::ECH => encoding::decode_base64(text)
            .ok_or_else(|| refuse("the value of ech must be in base 64".to_owned())),
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

/// Prints the parameters.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    while !octets.is_empty() {
        let (key, length) = (octets.u16()?, octets.u16()?);
        let value = octets.take(usize::from(length))?;
        match print_value(key, value)? {
            Some(value) => words.push(format_args!("{}={value}", name(key))),
            None => words.push(name(key)),
        }
    }
    Some(())
}

/// A value as [`encode`] reads it; nothing where there is none, `None` when the octets are no value of the key.
fn print_value(key: u16, value: &[u8]) -> Option<Option<String>> {
    check_value(key, value).ok()?;
    Some(match key {
        _ if value.is_empty() => None,
        key::MANDATORY => {
            Some(listed(value.chunks_exact(2).map(|key| name(u16::from_be_bytes([key[0], key[1]])))))
        }
        key::ALPN => Some(Quoted(&alpn_list(value)).to_string()),
        key::PORT => Some(u16::from_be_bytes(value.try_into().ok()?).to_string()),
        key::IPV4HINT => Some(listed(value.as_chunks::<4>().0.iter().map(|octets| Ipv4Addr::from(*octets)))),
        key::IPV6HINT => Some(listed(value.as_chunks::<16>().0.iter().map(|octets| Ipv6Addr::from(*octets)))),
        key::ECH => Some(encoding::encode_base64(value)),
        _ => Some(Quoted(value).to_string()),
    })
}

fn listed(values: impl Iterator<Item = impl ToString>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

/// Protocol names with commas between them; a backslash stands before a comma or a backslash in a name.
fn alpn_list(value: &[u8]) -> Vec<u8> {
    let mut rest = Octets::new(value);
    let mut list = Vec::new();
    while let Some(protocol) = rest.string() {
        if !list.is_empty() {
            list.push(b',');
        }
        for &octet in protocol {
            if matches!(octet, b',' | b'\\') {
                list.push(b'\\');
            }
            list.push(octet);
        }
    }
    list
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

/// What RFC 9460 §8 asks of `mandatory`, and §7.1.1 of `no-default-alpn`.
fn check_together(parameters: &Parameters) -> Result<(), RdataError> {
    if parameters.contains_key(&key::NO_DEFAULT_ALPN) && !parameters.contains_key(&key::ALPN) {
        return Err(refuse("no-default-alpn needs alpn beside it".to_owned()));
    }
    let mut before = None;
    let mandatory = parameters.get(&key::MANDATORY).map_or(&[][..], Vec::as_slice);
    for pair in mandatory.chunks_exact(2) {
        let key = u16::from_be_bytes([pair[0], pair[1]]);
        if key == key::MANDATORY {
            return Err(refuse("mandatory cannot list itself".to_owned()));
        }
        if before >= Some(key) {
            return Err(refuse(format!("mandatory lists {} twice or out of order", name(key))));
        }
        if !parameters.contains_key(&key) {
            return Err(refuse(format!("mandatory lists {}, which is not there", name(key))));
        }
        before = Some(key);
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, lines, load, records, whole};

    /// An SVCB record with these parameters has them as these octets, in hexadecimal.
    fn check(parameters: &str, expected: &str) {
        let all = records(&whole(&format!("x SVCB 1 . {parameters}\n")));
        let expected = format!("x.example.com. 300 64 000100{}", expected.replace(' ', ""));
        assert_eq!(all[3..], [expected], "{parameters}");
    }

    fn check_refused(parameters: &str, expected: &str) {
        let faults = lines(&load(&format!("{HEAD}x HTTPS 1 . {parameters}\n")).1);
        let message = faults.first().map(|line| line.split(" (help").next().unwrap_or_default());
        assert_eq!(message, Some(expected), "{parameters}");
    }

    /// RFC 9460 appendix D.2 and more.
    #[test]
    fn rfc9460_parameters() {
        check("", "");
        check("port=53", "0003 0002 0035");
        check("key667=hello", "029b 0005 68656c6c6f");
        check("key667=\"hello\\210qoo\"", "029b 0009 68656c6c6fd2716f6f");
        check(
            "ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
            "0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001",
        );
        check(
            "(alpn=h2,h3-19 mandatory=ipv4hint,alpn\n ipv4hint=192.0.2.1)",
            "0000 0004 0001 0004 0001 0009 02683205 68332d3139 0004 0004 c0000201",
        );
        check(r#"alpn="f\\\\oo\\,bar,h2""#, "0001 000c 08665c6f6f2c626172 026832");
        check(r"alpn=f\\\092oo\092,bar,h2", "0001 000c 08665c6f6f2c626172 026832");
        check("no-default-alpn alpn=h2 ech=AAAA", "0001 0003 026832 0002 0000 0005 0003 000000");
        check(
            "dohpath=/q{?dns} ohttp key9=zz key65535",
            "0007 0008 2f717b3f646e737d 0008 0000 0009 0002 7a7a ffff 0000",
        );
        check("key1=\\002h2 key3=\\000\\053", "0001 0003 026832 0003 0002 0035");
    }

    /// RFC 9460 appendix D.3 and more.
    #[test]
    fn rfc9460_failures() {
        check_refused("key123=abc key123=def", "5:24: error: HTTPS: key123 stands here twice");
        check_refused("mandatory", "5:13: error: HTTPS: mandatory must have a value");
        check_refused("alpn", "5:13: error: HTTPS: alpn must have a value");
        check_refused("port=65536", "5:13: error: HTTPS: port must be a number up to 65535");
        check_refused("ipv4hint=1.2.3.4,", "5:13: error: HTTPS: ipv4hint must be a list of addresses");
        check_refused("port", "5:13: error: HTTPS: port must have a value");
        check_refused("ech", "5:13: error: HTTPS: ech must have a value");
        check_refused("ipv4hint=\"\"", "5:22: error: HTTPS: ipv4hint must have a value");
        check_refused("no-default-alpn=abc alpn=h2", "5:13: error: HTTPS: no-default-alpn has no value");
        check_refused("no-default-alpn", "5:13: error: HTTPS: no-default-alpn needs alpn beside it");
        check_refused("mandatory=key123", "5:13: error: HTTPS: mandatory lists key123, which is not there");
        check_refused("mandatory=mandatory", "5:13: error: HTTPS: mandatory cannot list itself");
        check_refused(
            "mandatory=port,port port=1",
            "5:33: error: HTTPS: mandatory lists port twice or out of order",
        );
        check_refused("alpn=h2,,h3", "5:13: error: HTTPS: a protocol in alpn has 1 to 255 octets");
        check_refused("key1=\\003h2", "5:13: error: HTTPS: these octets are no value of alpn");
        check_refused("dohpath=/q", "5:13: error: HTTPS: these octets are no value of dohpath");
        check_refused(
            "apln=h2",
            "5:13: error: HTTPS: \"apln\" is not the name of a parameter nor of the form key12345; did you mean alpn?",
        );
        check_refused(
            "key01=x",
            "5:13: error: HTTPS: \"key01\" is not the name of a parameter nor of the form key12345",
        );
    }
}
