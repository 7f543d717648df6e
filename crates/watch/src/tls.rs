//! Who is trusted over TLS, and what a connection says of itself.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Whom to trust over `https://`.
#[derive(Debug, Clone)]
pub struct Trust(pub(crate) Arc<ClientConfig>);

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file holds something that is no certificate.
    #[error("certificate {number} of the authorities is not one: {reason}")]
    Authority {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

impl Trust {
    /// Trusts whom the authorities of this machine certify, and those of `authorities`, certificates in PEM form.
    pub fn new(authorities: Option<&[u8]>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        // a machine's store may hold odd ones, which certify nothing then; with none every https:// fails, and says so
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let mut number = 0;
        for certificate in CertificateDer::pem_slice_iter(authorities.unwrap_or_default()) {
            number += 1;
            let failed = |reason: String| TrustError::Authority { number, reason };
            roots.add(certificate.map_err(|error| failed(error.to_string()))?).map_err(|error| failed(error.to_string()))?;
        }
        if authorities.is_some() && number == 0 {
            return Err(TrustError::Authority { number: 1, reason: "there is no PEM certificate in the file".to_owned() });
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// How a connection was secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// Such as `TLSv1_3`.
    pub version: String,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// The certificates that the server showed, its own first, in DER form.
    pub chain: Vec<Vec<u8>>,
}

impl TlsFacts {
    pub(crate) fn of(connection: &ClientConnection) -> Self {
        let version = connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("unknown").to_owned();
        let cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown").to_owned();
        let chain = connection.peer_certificates().unwrap_or_default().iter().map(|certificate| certificate.as_ref().to_vec()).collect();
        Self { version, cipher, chain }
    }
}
