//! TLS of the probes: whom to trust, and one client configuration for each target.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls12Resumption, Tls13ClientSessionValue,
    WebPkiServerVerifier,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};

use super::refusal::Refusal;
use crate::health::TlsProbe;

/// TLS 1.3 and 1.2 (RFC 9325).
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

/// The probes speak HTTP/1.1 and say so (RFC 7301).
const APPLICATION_PROTOCOL: &[u8] = b"http/1.1";

type Verifier = Arc<dyn ServerCertVerifier>;

/// The cryptography and the trusted certificates that all probes share. Certificates are parsed once for each set
/// of roots that is in use, not once for each target: the system's take milliseconds and megabytes.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    known: Mutex<Vec<(TlsProbe, Weak<dyn ServerCertVerifier>)>>,
}

impl Trust {
    /// Nothing is loaded before it is needed.
    pub(super) fn new() -> Trust {
        Trust { provider: Arc::new(aws_lc_rs::default_provider()), known: Mutex::default() }
    }

    /// The configuration of one target's client; `begun` is told when a handshake begins.
    pub(super) fn client(
        &self,
        tls: &TlsProbe,
        begun: &Arc<HandshakeBegun>,
    ) -> Result<ClientConfig, Refusal> {
        let verifier = self.verifier(tls)?;
        let mut client = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&VERSIONS)
            .map_err(|error| Refusal::Client(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let begun: Arc<dyn ClientSessionStore> = Arc::<HandshakeBegun>::clone(begun);
        client.resumption = Resumption::store(begun).tls12_resumption(Tls12Resumption::Disabled);
        client.alpn_protocols = vec![APPLICATION_PROTOCOL.to_vec()];
        Ok(client)
    }

    fn verifier(&self, tls: &TlsProbe) -> Result<Verifier, Refusal> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, verifier)| verifier.strong_count() > 0);
        let found = known.iter().find(|(of, _)| of == tls).and_then(|(_, verifier)| verifier.upgrade());
        if let Some(verifier) = found {
            return Ok(verifier);
        }
        let verifier = self.load(tls)?;
        known.push((tls.clone(), Arc::downgrade(&verifier)));
        Ok(verifier)
    }

    fn load(&self, tls: &TlsProbe) -> Result<Verifier, Refusal> {
        match tls {
            TlsProbe::SystemRoots => self.web_pki(system_roots()?),
            TlsProbe::Roots(pem) => self.web_pki(roots_in(pem)?),
            TlsProbe::Unverified => {
                let schemes = self.provider.signature_verification_algorithms.supported_schemes();
                Ok(Arc::new(Anyone { schemes }))
            }
        }
    }

    fn web_pki(&self, roots: RootCertStore) -> Result<Verifier, Refusal> {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider)).build();
        Ok(verifier.map_err(|error| Refusal::Trust(error.to_string()))?)
    }
}

/// The machine's certificates. Single ones that cannot be read or parsed are passed over, as everywhere.
fn system_roots() -> Result<RootCertStore, Refusal> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        let first = loaded.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
        return Err(Refusal::Trust(format!("this machine's own certificates: {first}")));
    }
    Ok(roots)
}

/// Every certificate in a PEM text; each must be usable, since an operator named them.
fn roots_in(pem: &str) -> Result<RootCertStore, Refusal> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| Refusal::Trust(error.to_string()))?;
        roots.add(certificate).map_err(|error| Refusal::Trust(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(Refusal::Trust("the file holds no certificate in PEM form".to_owned()));
    }
    Ok(roots)
}

/// Takes every certificate: the operator said so. Signatures of the handshake are not verified either: against a key
/// that nobody vouches for that would prove nothing, and certificates that cannot even be parsed would fail.
#[derive(Debug)]
struct Anyone {
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Whether the handshake of the probe under way has begun: the difference between a member that takes no connection
/// and one that takes it and says nothing. The HTTP client tells nobody how far it is, but TLS asks its session
/// store at the start of each handshake; this one notes the question and keeps nothing, so that no session is ever
/// resumed (in a resumed one no certificate is sent and none verified).
#[derive(Debug, Default)]
pub(super) struct HandshakeBegun(AtomicBool);

impl HandshakeBegun {
    /// Forgets what the previous probe did.
    pub(super) fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether a handshake has begun since.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ClientSessionStore for HandshakeBegun {
    fn set_kx_hint(&self, _server_name: ServerName<'static>, _group: NamedGroup) {}

    fn kx_hint(&self, _server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn set_tls12_session(&self, _server_name: ServerName<'static>, _session: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, _ticket: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for pem in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let refused = Trust::new().verifier(&TlsProbe::Roots(pem.to_owned()));
            assert!(matches!(refused, Err(Refusal::Trust(_))), "{pem:?}");
        }
    }

    #[test]
    fn one_set_of_roots_is_parsed_once_and_forgotten_with_its_last_user() {
        let trust = Trust::new();
        let first = trust.verifier(&TlsProbe::Unverified).unwrap();
        let second = trust.verifier(&TlsProbe::Unverified).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        drop((first, second));
        let _other = trust.verifier(&TlsProbe::Unverified).unwrap();
        assert_eq!(trust.known.lock().unwrap().len(), 1);
    }
}
