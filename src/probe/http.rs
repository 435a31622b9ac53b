//! The HTTP and HTTPS probe: one request, and what its answer must be. The only door to `reqwest` here.
//!
//! One client for each target, so that `host` can stand for the target's address in the URL (for the Host header,
//! SNI and the verification of the certificate) without any name being resolved. Each probe opens a connection of
//! its own and closes it: nothing is pooled, resumed, retried, redirected or sent through a proxy.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, StatusCode, Url, redirect, retry};
use rustls::pki_types::DnsName;
use tokio::time::{Instant, timeout_at};

use super::foreign_text::foreign;
use super::miss::{Miss, Stage};
use super::refusal::Refusal;
use super::tls::{HandshakeBegun, Trust};
use crate::health::{HttpProbe, TlsProbe};

/// How a member's log shows who asked.
const USER_AGENT: &str = concat!("Meridian/", env!("CARGO_PKG_VERSION"));

/// How much earlier than the whole probe its connecting times out: enough for the timer (1 ms fine) to tell a
/// connection that does not open from headers that do not come, too little to matter.
const CONNECT_MARGIN: Duration = Duration::from_millis(2);

/// A request made ready for one target.
pub(super) struct HttpCheck {
    client: Client,
    request: Request,
    handshake: Arc<HandshakeBegun>,
    timeout: Duration,
    wanted: Wanted,
}

/// What the answer must be.
struct Wanted {
    status: Vec<(u16, u16)>,
    body_contains: Option<String>,
    body_limit: usize,
}

impl HttpCheck {
    /// Prepares `probe` for `target`; `timeout` covers the connection, TLS, headers and body together.
    pub(super) fn new(
        probe: &HttpProbe,
        target: SocketAddr,
        timeout: Duration,
        trust: &Trust,
    ) -> Result<HttpCheck, Refusal> {
        let handshake = Arc::new(HandshakeBegun::default());
        let url = url(probe, target)?;
        let client = client(probe, &url, target, timeout, trust, &handshake)?;
        let method =
            Method::from_bytes(probe.method.as_bytes()).map_err(|_| Refusal::Method(probe.method.clone()))?;
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers(probe)?;
        let wanted = Wanted {
            status: probe.status.clone(),
            body_contains: probe.body_contains.clone(),
            body_limit: probe.body_limit,
        };
        Ok(HttpCheck { client, request, handshake, timeout, wanted })
    }

    /// One probe. The body is read only as far as the wanted text needs; then the connection is closed.
    pub(super) async fn run(&self) -> Result<(), Miss> {
        self.handshake.reset();
        let deadline = Instant::now() + self.timeout;
        let request = self.request.try_clone().expect("a request without a body can be copied");
        let response = match timeout_at(deadline, self.client.execute(request)).await {
            Ok(answered) => answered.map_err(|error| self.no_answer(error))?,
            Err(_elapsed) => return Err(Miss::timed_out(self.timeout, Stage::Headers)),
        };
        self.wanted.check_status(response.status())?;
        match timeout_at(deadline, self.wanted.check_body(response)).await {
            Ok(checked) => checked,
            Err(_elapsed) => Err(Miss::timed_out(self.timeout, Stage::Body)),
        }
    }

    fn no_answer(&self, error: reqwest::Error) -> Miss {
        let stage = match (error.is_connect(), self.handshake.get()) {
            (true, false) => Stage::Connecting,
            (true, true) => Stage::Handshake,
            (false, _) => Stage::Headers,
        };
        if error.is_connect() && error.is_timeout() {
            return Miss::timed_out(self.timeout, stage);
        }
        Miss::from_error(&error, stage)
    }
}

impl Wanted {
    fn check_status(&self, status: StatusCode) -> Result<(), Miss> {
        let code = status.as_u16();
        if self.status.iter().any(|&(first, last)| (first..=last).contains(&code)) {
            return Ok(());
        }
        Err(Miss::Failure(format!("status {code}, wanted {}", ranges_in_words(&self.status))))
    }

    async fn check_body(&self, mut response: Response) -> Result<(), Miss> {
        let Some(text) = &self.body_contains else { return Ok(()) };
        let mut body = Vec::new();
        while body.len() < self.body_limit {
            let chunk = response.chunk().await.map_err(|error| Miss::from_error(&error, Stage::Body))?;
            let Some(chunk) = chunk else { break };
            let searched = body.len().saturating_sub(text.len());
            body.extend_from_slice(&chunk[..chunk.len().min(self.body_limit - body.len())]);
            if contains(&body[searched..], text) {
                return Ok(());
            }
        }
        if contains(&body, text) {
            return Ok(());
        }
        let limit = self.body_limit;
        Err(Miss::Failure(format!("body does not contain \"{}\" in its first {limit} octets", foreign(text))))
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// `200-299, 301`.
fn ranges_in_words(ranges: &[(u16, u16)]) -> String {
    let range = |&(first, last): &(u16, u16)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// The URL stands for what is asked for; where it is asked is `target` alone, which is verified here: a URL whose
/// host is a name is resolved by our own table (`client`), any other host must be the target's address itself.
fn url(probe: &HttpProbe, target: SocketAddr) -> Result<Url, Refusal> {
    let scheme = if probe.tls.is_some() { "https" } else { "http" };
    let authority = match name_in_url(probe, target.ip())? {
        Some(name) => format!("{name}:{}", target.port()),
        None => target.to_string(),
    };
    if !probe.path.starts_with('/') {
        return Err(Refusal::Path(probe.path.clone()));
    }
    let text = format!("{scheme}://{authority}{}", probe.path);
    Url::parse(&text).map_err(|_| Refusal::Path(probe.path.clone()))
}

/// The host as the URL shall hold it, without its port: `None` is the target's address. A host that is an address
/// is only the Host header; over TLS it would name what the certificate is verified for, and then it must be the
/// address that is probed.
fn name_in_url(probe: &HttpProbe, address: IpAddr) -> Result<Option<&str>, Refusal> {
    let Some(host) = probe.host.as_deref() else { return Ok(None) };
    let refusal = || Refusal::Host(host.to_owned());
    if let Some(written) = address_in(host) {
        let verified = matches!(probe.tls, Some(TlsProbe::SystemRoots | TlsProbe::Roots(_)));
        return if verified && written != address { Err(refusal()) } else { Ok(None) };
    }
    let name = without_port(host);
    DnsName::try_from(name).map_err(|_| refusal())?;
    // A URL takes some names for addresses ("127.1", "0x7f000001"), and those are connected to without our table.
    let read = Url::parse(&format!("http://{name}/")).map_err(|_| refusal())?;
    let same = read.domain().is_some_and(|domain| domain.eq_ignore_ascii_case(name));
    if same { Ok(Some(name)) } else { Err(refusal()) }
}

/// The address that a Host header holds, if it holds one: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, …
fn address_in(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok().or_else(|| host.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    }
}

fn client(
    probe: &HttpProbe,
    url: &Url,
    target: SocketAddr,
    timeout: Duration,
    trust: &Trust,
    handshake: &Arc<HandshakeBegun>,
) -> Result<Client, Refusal> {
    // Without TLS this configuration is never used, but the default one would parse the system's certificates.
    let tls = trust.client(probe.tls.as_ref().unwrap_or(&TlsProbe::Unverified), handshake)?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .pool_max_idle_per_host(0)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(timeout - CONNECT_MARGIN.min(timeout / 10));
    if let Some(name) = url.domain() {
        builder = builder.resolve(name, target);
    }
    builder.build().map_err(|error| Refusal::Client(error.to_string()))
}

/// Ours first; a header that the operator wrote replaces ours of that name, and repeats of it are kept. The Host
/// header is `host` as written, with the port that is written there or none; without it the HTTP library writes the address, in brackets for IPv6, and the port
/// where it is not the scheme's.
fn headers(probe: &HttpProbe) -> Result<HeaderMap, Refusal> {
    let mut written = HeaderMap::new();
    for (name, value) in &probe.headers {
        let refusal = |_| Refusal::Header(name.clone());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refusal(()))?;
        written.append(header, HeaderValue::from_str(value).map_err(|_| refusal(()))?);
    }
    let mut ours = vec![
        (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
        (header::CONNECTION, HeaderValue::from_static("close")),
    ];
    if let Some(host) = &probe.host {
        let host = HeaderValue::from_str(host).map_err(|_| Refusal::Host(host.clone()))?;
        ours.push((header::HOST, host));
    }
    for (name, value) in ours {
        written.entry(name).or_insert(value);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(tls: Option<TlsProbe>, host: Option<&str>, path: &str) -> HttpProbe {
        HttpProbe {
            tls,
            method: "GET".to_owned(),
            path: path.to_owned(),
            host: host.map(str::to_owned),
            headers: Vec::new(),
            status: vec![(200, 299)],
            body_contains: None,
            body_limit: 0,
        }
    }

    fn check(probe: &HttpProbe, target: &str, expected: Result<&str, Refusal>) {
        let url = url(probe, target.parse().unwrap()).map(String::from);
        assert_eq!(url, expected.map(str::to_owned), "{probe:?}");
    }

    #[test]
    fn the_url_leads_to_the_target_or_is_refused() {
        let plain = |host, path| probe(None, host, path);
        check(&plain(None, "/"), "192.0.2.1:80", Ok("http://192.0.2.1/"));
        check(&plain(None, "/a?b"), "[2001:db8::1]:8080", Ok("http://[2001:db8::1]:8080/a?b"));
        check(&plain(Some("www.Example.com"), "/"), "192.0.2.1:80", Ok("http://www.example.com/"));
        check(&plain(Some("192.0.2.99"), "/"), "192.0.2.1:80", Ok("http://192.0.2.1/"));
        check(&plain(Some("[2001:db8::99]"), "/"), "192.0.2.1:80", Ok("http://192.0.2.1/"));
        check(&plain(Some("a.example:81"), "/"), "192.0.2.1:8080", Ok("http://a.example:8080/"));
        check(&plain(Some("[2001:db8::99]:81"), "/"), "192.0.2.1:80", Ok("http://192.0.2.1/"));
        for host in ["127.1", "2130706433:80", "0x7f.1", "a b", "a/b", "user@a", "a:x", "a:1:2", ":80", ""] {
            check(&plain(Some(host), "/"), "192.0.2.1:80", Err(Refusal::Host(host.to_owned())));
        }
        for path in ["", "@192.0.2.99/", "x"] {
            check(&plain(None, path), "192.0.2.1:80", Err(Refusal::Path(path.to_owned())));
        }
    }

    #[test]
    fn a_certificate_is_verified_for_the_name_or_for_the_probed_address() {
        let tls = |host| probe(Some(TlsProbe::SystemRoots), Some(host), "/");
        check(&tls("a.example"), "192.0.2.1:443", Ok("https://a.example/"));
        check(&tls("192.0.2.1"), "192.0.2.1:443", Ok("https://192.0.2.1/"));
        check(&tls("192.0.2.2"), "192.0.2.1:443", Err(Refusal::Host("192.0.2.2".to_owned())));
        let unverified = probe(Some(TlsProbe::Unverified), Some("192.0.2.2"), "/");
        check(&unverified, "192.0.2.1:443", Ok("https://192.0.2.1/"));
    }

    #[test]
    fn ranges_are_told_as_they_are_written() {
        assert_eq!(ranges_in_words(&[(200, 299), (301, 301)]), "200-299, 301");
    }
}
