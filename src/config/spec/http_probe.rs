//! `{ http = { … } }` and `{ https = { … } }`: a request, and what its answer must be.

use std::ops::RangeInclusive;

use crate::config::document::{Entry, Kind, Value};
use crate::config::limits;
use crate::config::text::{
    self, Broken, Faults, Items, Later, Parsed, Reader, Written, boolean, choice, number, one_or_more, quote,
    unplaced,
};

/// The keys that `http` and `https` share.
#[derive(Debug)]
pub(crate) struct HttpSpec {
    /// GET, HEAD, POST or OPTIONS.
    pub(crate) method: Option<&'static str>,
    /// Path with query.
    pub(crate) path: Option<String>,
    /// Host header and, with TLS, the server's name.
    pub(crate) host: Option<String>,
    /// Further headers in written order.
    pub(crate) headers: Vec<(String, String)>,
    /// Accepted status codes.
    pub(crate) status: Option<Vec<(u16, u16)>>,
    /// Text that the body must hold.
    pub(crate) contains: Option<String>,
    /// How much of the body is read.
    pub(crate) body_limit: Option<usize>,
}

/// The keys that `https` has besides.
#[derive(Debug)]
pub(crate) struct TlsSpec {
    /// Whether the certificate is verified.
    pub(crate) verify: bool,
    /// A file of certificates to trust instead of the machine's.
    pub(crate) ca_file: Option<Written<String>>,
}

const METHODS: &[(&str, &str)] =
    &[("GET", "GET"), ("HEAD", "HEAD"), ("POST", "POST"), ("OPTIONS", "OPTIONS")];

const HTTP_LATER: &[Later] = &[
    ("body", "say the text with `contains` and how much is read with `body_limit`"),
    ("server_name", "`host` sets the server's name of TLS, too"),
    ("sni", "`host` sets the server's name of TLS, too"),
    ("port", "it belongs into the monitor itself"),
    ("timeout", "it belongs into the monitor itself"),
];

const HTTPS_ONLY: &[Later] = &[
    ("verify", "it belongs into a probe with `https`"),
    ("ca_file", "it belongs into a probe with `https`"),
];

/// Headers that the prober sets itself, lower case, with the way to set them.
const OWN_HEADERS: [(&str, &str); 4] = [
    ("host", "use the key `host`"),
    ("connection", "each probe has a connection of its own"),
    ("content-length", "a probe has no body"),
    ("transfer-encoding", "a probe has no body"),
];

/// Reads `{ http = … }`.
pub(super) fn read_http(value: &Value, faults: &Faults) -> Parsed<HttpSpec> {
    let mut reader = Reader::new(text::table(value, faults)?, "an HTTP probe", faults);
    let http = read_request(&mut reader, faults);
    reader.finish(&[HTTP_LATER, HTTPS_ONLY].concat());
    http
}

/// Reads `{ https = … }`; broken as a whole only when it is no table.
pub(super) fn read_https(value: &Value, faults: &Faults) -> Parsed<(Parsed<HttpSpec>, Parsed<TlsSpec>)> {
    let mut reader = Reader::new(text::table(value, faults)?, "an HTTPS probe", faults);
    let (http, tls) = (read_request(&mut reader, faults), read_tls(&mut reader, faults));
    reader.finish(HTTP_LATER);
    Ok((http, tls))
}

fn read_request(reader: &mut Reader<'_>, faults: &Faults) -> Parsed<HttpSpec> {
    let method = reader.optional("method", choice(METHODS));
    let path = reader.optional("path", path);
    let host = reader.optional("host", host);
    let headers = reader.optional("headers", headers);
    let status = reader.optional("status", one_or_more(limits::HTTP_STATUS_RANGES, status_range));
    let contains = reader.optional("contains", contained_text);
    let body_limit = reader.optional("body_limit", number(limits::HTTP_BODY_OCTETS));
    if let Ok(Some(contains)) = &contains {
        check_contains(contains, value_of(&method), value_of(&body_limit), faults)?;
    }
    Ok(HttpSpec {
        method: unplaced(method?),
        path: unplaced(path?),
        host: unplaced(host?),
        headers: unplaced(headers?).unwrap_or_default(),
        status: unplaced(status?).map(all_values).transpose()?,
        contains: unplaced(contains?),
        body_limit: unplaced(body_limit?),
    })
}

/// A text that can never be found is a fault of the file, not of the member.
fn check_contains(
    contains: &Written<String>,
    method: Option<&str>,
    body_limit: Option<usize>,
    faults: &Faults,
) -> Parsed<()> {
    let fault = if method == Some("HEAD") {
        contains.place.error("the answer to HEAD has no body").label("never found").help("use GET")
    } else if body_limit.is_some_and(|limit| limit < contains.len()) {
        let fault = contains.place.error("this text is longer than `body_limit`").label("never found");
        fault.help("raise `body_limit`")
    } else {
        return Ok(());
    };
    faults.add(fault);
    Err(Broken)
}

fn read_tls(reader: &mut Reader<'_>, faults: &Faults) -> Parsed<TlsSpec> {
    let verify = reader.optional("verify", boolean);
    let ca_file = reader.optional("ca_file", text::text);
    let (verify, ca_file) = (verify?, ca_file?);
    if let (Some(Written { value: false, .. }), Some(ca_file)) = (&verify, &ca_file) {
        let fault = ca_file.place.error("`ca_file` contradicts `verify = false`").label("never used");
        faults.add(fault.help("remove one of the two"));
        return Err(Broken);
    }
    Ok(TlsSpec { verify: unplaced(verify).unwrap_or(true), ca_file })
}

/// An origin-form request target (RFC 9112 §3.2.1).
fn path(value: &Value, faults: &Faults) -> Parsed<String> {
    let path = bounded_text(value, faults)?;
    let message = if !path.starts_with('/') {
        "a path starts with `/`"
    } else if path.contains('#') || !path.bytes().all(|octet| octet.is_ascii_graphic()) {
        "a path holds printable ASCII characters without blanks and `#`"
    } else {
        return Ok(path);
    };
    faults.add(value.place.error(message).label("not a path").help("write other characters as `%XX`"));
    Err(Broken)
}

/// A host with an optional port, as the Host header has it (RFC 9112 §3.2).
fn host(value: &Value, faults: &Faults) -> Parsed<String> {
    let host = bounded_text(value, faults)?;
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
    if host.bytes().all(allowed) {
        return Ok(host);
    }
    let fault = value.place.error(format!("{} is no host", quote(&host))).label("not a host");
    faults.add(fault.help("write the name alone, for example `\"www.example.com\"`"));
    Err(Broken)
}

fn bounded_text(value: &Value, faults: &Faults) -> Parsed<String> {
    let text = text::text(value, faults)?;
    if text.len() <= limits::HTTP_TEXT_OCTETS {
        return Ok(text);
    }
    let message = format!("this text is longer than {} octets", limits::HTTP_TEXT_OCTETS);
    faults.add(value.place.error(message).label("too long"));
    Err(Broken)
}

/// A text to look for in a body; unlike other texts it may hold line ends.
fn contained_text(value: &Value, faults: &Faults) -> Parsed<String> {
    let text = text::any_text(value, faults)?;
    if (1..=limits::HTTP_TEXT_OCTETS).contains(&text.len()) {
        return Ok(text);
    }
    let message = format!("this text must have 1 to {} octets", limits::HTTP_TEXT_OCTETS);
    faults.add(value.place.error(message));
    Err(Broken)
}

fn headers(value: &Value, faults: &Faults) -> Parsed<Vec<(String, String)>> {
    let table = text::table(value, faults)?;
    if table.entries.len() > limits::HTTP_HEADERS {
        faults.add(value.place.error(format!("a probe has at most {} headers", limits::HTTP_HEADERS)));
        return Err(Broken);
    }
    let headers: Vec<_> = table.entries.iter().map(|entry| header(entry, faults)).collect();
    headers.into_iter().collect()
}

/// A field name (RFC 9110 §5.1) and a value of visible ASCII characters and blanks (§5.5).
fn header(entry: &Entry, faults: &Faults) -> Parsed<(String, String)> {
    let value = bounded_text(&entry.value, faults);
    let name = &entry.key;
    let token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if name.is_empty() || name.len() > limits::HTTP_TEXT_OCTETS || !name.bytes().all(token) {
        faults.add(name.place.error(format!("{} is no name of a header", quote(name))).label("not a header"));
        return Err(Broken);
    }
    if let Some((_, help)) = OWN_HEADERS.iter().find(|(own, _)| name.eq_ignore_ascii_case(own)) {
        let fault = name.place.error(format!("the header {} is set by the prober", quote(name)));
        faults.add(fault.label("not here").help(*help));
        return Err(Broken);
    }
    let value = value?;
    if !value.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()) {
        faults
            .add(entry.value.place.error("the value of a header is printable ASCII").label("not printable"));
        return Err(Broken);
    }
    Ok((name.value.clone(), value))
}

/// `200`, `"200"` or `"200-299"`.
fn status_range(value: &Value, faults: &Faults) -> Parsed<(u16, u16)> {
    /// Status codes (RFC 9110 §15).
    const CODES: RangeInclusive<u16> = 100..=599;
    let code = |text: &str| text.trim().parse::<u16>().ok().filter(|code| CODES.contains(code));
    let range = match &value.kind {
        Kind::Integer(Some(number)) => code(&number.to_string()).map(|code| (code, code)),
        Kind::Text(text) => {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            code(first).zip(code(last)).filter(|(first, last)| first <= last)
        }
        _ => None,
    };
    range.ok_or_else(|| {
        let fault = value.place.error("this is no status code from 100 to 599 and no range of them");
        faults.add(fault.label("not a status").help("write `200`, `\"200-299\"` or a list of these"));
        Broken
    })
}

fn value_of<T: Copy>(parsed: &Parsed<Option<Written<T>>>) -> Option<T> {
    parsed.as_ref().ok()?.as_ref().map(|written| written.value)
}

fn all_values<T>(items: Items<T>) -> Parsed<Vec<T>> {
    items.into_iter().map(|item| item.map(|written| written.value)).collect()
}
