//! The way to a target: TCP, and TLS over it unless the targets file says `plaintext`.

use super::targets::Target;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// TCP, TLS and HTTP/2 stand by then, or the target does not answer.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// What HTTP/2 speaks over.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

#[derive(Clone)]
struct Dial {
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection to the target. An error says why there is none.
pub async fn connect(target: &Target) -> Result<Channel, String> {
    let dial = Dial { address: target.address.clone(), tls: tls(target)? };
    // The connector below speaks TLS itself: HTTP/2 is told the scheme as the origin of its requests.
    let scheme = if target.plaintext { "http" } else { "https" };
    let origin = format!("{scheme}://{}", target.address)
        .parse()
        .map_err(|error| format!("address {:?}: {error}", target.address))?;
    let endpoint = Endpoint::from_shared(format!("http://{}", target.address));
    let endpoint = endpoint.map_err(|error| format!("address {:?}: {error}", target.address))?;
    let connector = tower::service_fn(move |_| {
        let dial = dial.clone();
        async move { dial.wire().await.map(TokioIo::new) }
    });
    let endpoint = endpoint.origin(origin);
    let connecting = endpoint.connect_with_connector(connector);
    match tokio::time::timeout(CONNECTS_WITHIN, connecting).await {
        Ok(connected) => connected.map_err(|error| format!("{}: {}", target.address, chain(&error))),
        Err(_) => Err(format!("{}: no connection within {} s", target.address, CONNECTS_WITHIN.as_secs())),
    }
}

/// An error with its causes: tonic's own words are "transport error".
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let mut words: Vec<String> = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect();
    words.dedup();
    words.join(": ")
}

impl Dial {
    async fn wire(&self) -> io::Result<Box<dyn Wire>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        // A target that lost its power closes nothing: the kernel asks for it, and the watch for silence in `session` hears of it first.
        socket2::SockRef::from(&stream).set_keepalive(true)?;
        Ok(match &self.tls {
            Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
            None => Box::new(stream),
        })
    }
}

fn tls(target: &Target) -> Result<Option<(TlsConnector, ServerName<'static>)>, String> {
    if target.plaintext {
        return Ok(None);
    }
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| format!("TLS: {error}"))?;
    let builder = match target.skip_verify {
        true => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
        false => builder.with_root_certificates(roots(&target.ca_file)?),
    };
    let mut config = match target.cert_file.as_os_str().is_empty() {
        true => builder.with_no_client_auth(),
        false => {
            let key = PrivateKeyDer::from_pem_file(&target.key_file);
            let key = key.map_err(|error| format!("key_file {}: {error}", target.key_file.display()))?;
            let certificates = certificates("cert_file", &target.cert_file)?;
            builder.with_client_auth_cert(certificates, key).map_err(|error| format!("cert_file: {error}"))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let host = target.address.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
    let name = if target.server_name.is_empty() { host } else { &target.server_name };
    let name = ServerName::try_from(name.to_owned()).map_err(|error| format!("server_name {name:?}: {error}"))?;
    Ok(Some((TlsConnector::from(Arc::new(config)), name)))
}

fn certificates(key: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error| format!("{key} {}: {error}", file.display());
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(wrong)?.collect();
    match read.map_err(wrong)? {
        none if none.is_empty() => Err(format!("{key} {} holds no certificate", file.display())),
        certificates => Ok(certificates),
    }
}

fn roots(ca_file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if ca_file.as_os_str().is_empty() {
        // Certificates of the system that cannot be read are left out: the others may do.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    } else {
        let wrong = |error| format!("ca_file {}: {error}", ca_file.display());
        certificates("ca_file", ca_file)?.into_iter().try_for_each(|own| roots.add(own)).map_err(wrong)?;
    }
    Ok(roots)
}

/// `skip_verify`: takes whatever certificate the target shows. The handshake's signatures are still checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
