//! Every verdict of the HTTPS probe: certificates made on the spot, a TLS server on loopback.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fixture::{Member, Step, get, monitor, outcome};
use crate::health::{HttpProbe, Probe, TlsProbe};

const NAME: &str = "www.example.com";

/// A certificate authority of our own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, "Our Own Authority");
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// A member's certificate for `names`.
fn parameters(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    parameters: &CertificateParams,
) -> (CertificateDer<'static>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, authority).unwrap();
    (certificate.into(), key)
}

/// Answers 200 over TLS to each connection, until the process ends.
fn serve(address: IpAddr, (certificate, key): (CertificateDer<'static>, KeyPair)) -> SocketAddr {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let bound = listener.local_addr().unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, connection.unwrap());
            if stream.read(&mut [0; 1024]).is_ok() {
                let name = stream.conn.server_name().unwrap_or("none").to_owned();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    bound
}

fn probe(tls: TlsProbe) -> HttpProbe {
    HttpProbe { tls: Some(tls), host: Some(NAME.to_owned()), ..get() }
}

async fn check(server: SocketAddr, probe: HttpProbe, expected: &str) {
    let monitor = monitor(Probe::Http(probe), server.port());
    assert_eq!(outcome(&monitor, server.ip()).await, expected);
}

fn loopback() -> IpAddr {
    "127.0.0.1".parse().unwrap()
}

#[tokio::test]
async fn a_certificate_of_our_own_authority_is_trusted_and_the_name_is_sent() {
    let authority = authority();
    let server = serve(loopback(), issue(&authority, &parameters(&[NAME])));
    let trusting = || probe(TlsProbe::Roots(authority.pem()));
    check(server, trusting(), "pass").await;
    check(server, HttpProbe { body_contains: Some(NAME.to_owned()), ..trusting() }, "pass").await;
    check(server, probe(TlsProbe::SystemRoots), "fail: certificate: unknown issuer").await;
    check(server, probe(TlsProbe::Unverified), "pass").await;
    let of_the_same_name = probe(TlsProbe::Roots(self::authority().pem()));
    let expected = "fail: certificate: signed with another key than that of the trusted issuer of this name";
    check(server, of_the_same_name, expected).await;
}

#[tokio::test]
async fn a_certificate_is_valid_for_some_time_only() {
    let authority = authority();
    let mut expired = parameters(&[NAME]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let server = serve(loopback(), issue(&authority, &expired));
    let monitor = monitor(Probe::Http(probe(TlsProbe::Roots(authority.pem()))), server.port());
    let outcome = outcome(&monitor, server.ip()).await;
    assert!(
        outcome.starts_with("fail: certificate: expired ") && outcome.ends_with(" days ago"),
        "{outcome}"
    );
    check(server, probe(TlsProbe::Unverified), "pass").await;
}

#[tokio::test]
async fn a_certificate_that_is_valid_later_is_not_valid() {
    let authority = authority();
    let mut early = parameters(&[NAME]);
    early.not_before = date_time_ymd(4000, 1, 1);
    let server = serve(loopback(), issue(&authority, &early));
    let monitor = monitor(Probe::Http(probe(TlsProbe::Roots(authority.pem()))), server.port());
    let outcome = outcome(&monitor, server.ip()).await;
    assert!(outcome.starts_with("fail: certificate: not valid yet, only in "), "{outcome}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_a_failure() {
    let authority = authority();
    let server = serve(loopback(), issue(&authority, &parameters(&["a.example", "b.example"])));
    let expected = "fail: certificate: not valid for name www.example.com, only for a.example, b.example";
    check(server, probe(TlsProbe::Roots(authority.pem())), expected).await;
    check(server, probe(TlsProbe::Unverified), "pass").await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_only_where_it_is_named() {
    let key = KeyPair::generate().unwrap();
    let certificate = parameters(&[NAME]).self_signed(&key).unwrap();
    let pem = certificate.pem();
    let server = serve(loopback(), (certificate.into(), key));
    check(server, probe(TlsProbe::Roots(authority().pem())), "fail: certificate: unknown issuer").await;
    check(server, probe(TlsProbe::Roots(pem)), "pass").await;
    check(server, probe(TlsProbe::Unverified), "pass").await;
}

#[tokio::test]
async fn an_authority_is_not_a_member() {
    let key = KeyPair::generate().unwrap();
    let mut parameters = parameters(&[NAME]);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = parameters.self_signed(&key).unwrap();
    let pem = certificate.pem();
    let server = serve(loopback(), (certificate.into(), key));
    let expected = "fail: certificate: a certificate authority's own, used as the member's";
    check(server, probe(TlsProbe::Roots(pem)), expected).await;
    check(server, probe(TlsProbe::Unverified), "pass").await;
}

#[tokio::test]
async fn without_a_host_the_certificate_must_name_the_address() {
    let authority = authority();
    for (address, other) in [(loopback(), "192.0.2.1"), (IpAddr::V6(Ipv6Addr::LOCALHOST), "2001:db8::1")] {
        let trusting = || HttpProbe { host: None, ..probe(TlsProbe::Roots(authority.pem())) };
        let named = serve(address, issue(&authority, &parameters(&[&address.to_string()])));
        check(named, HttpProbe { body_contains: Some("none".to_owned()), ..trusting() }, "pass").await;
        let unnamed = serve(address, issue(&authority, &parameters(&[other])));
        let monitor = monitor(Probe::Http(trusting()), unnamed.port());
        let outcome = outcome(&monitor, address).await;
        let expected = format!("fail: certificate: not valid for address {address}, only for ");
        assert!(outcome.starts_with(&expected), "{outcome}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_times_out_as_such() {
    for steps in [vec![Step::Stall], vec![Step::Send("\u{16}\u{3}\u{3}".to_owned()), Step::Stall]] {
        let member = Member::start(steps).await;
        let mut monitor = monitor(Probe::Http(probe(TlsProbe::Unverified)), member.address.port());
        monitor.timeout = Duration::from_millis(250);
        let expected = "fail: timed out after 250 ms in the TLS handshake";
        assert_eq!(outcome(&monitor, member.address.ip()).await, expected);
    }
}

#[tokio::test]
async fn a_handshake_that_breaks_says_how() {
    let unverified = || probe(TlsProbe::Unverified);
    let speaks_http = Member::start(vec![Step::Send("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())]).await;
    check(speaks_http.address, unverified(), "fail: the answer is not TLS").await;
    let closing = Member::start(vec![]).await;
    let monitor = monitor(Probe::Http(unverified()), closing.address.port());
    let outcome = outcome(&monitor, closing.address.ip()).await;
    assert!(
        outcome.starts_with("fail: connection ") && outcome.ends_with(" in the TLS handshake"),
        "{outcome}"
    );
    let alerting = Member::start(vec![Step::Send("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}".to_owned())]).await;
    check(alerting.address, unverified(), "fail: TLS refused by the member: alert HandshakeFailure").await;
}

#[tokio::test]
async fn a_refused_connection_is_no_tls_fault() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check(closed, probe(TlsProbe::Unverified), "fail: connection refused").await;
}
