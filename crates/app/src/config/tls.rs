//! By whom the hosts that this server calls must be certified.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Whom to trust over `https://`. There is no way to go without a certificate.
#[derive(Debug, Clone)]
pub struct Tls(pub(crate) Arc<ClientConfig>);

/// Why nobody can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The authorities are not what they should be.
    #[error("certificate {number} of the authorities is not one: {reason}")]
    Authority {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// There are no authorities, neither on this machine nor by configuration.
    #[error("no certificate authority is known, so that no https:// receiver can be trusted")]
    NoAuthority,
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

impl Tls {
    /// Trusts whom the authorities of this machine certify, and those of `authorities`, certificates in PEM form.
    ///
    /// # Errors
    /// When there are none, or one of those given is none.
    pub fn trusting(authorities: Option<&[u8]>) -> Result<Self, TlsError> {
        Self::with(trusted(authorities)?)
    }

    /// Trusts nobody: for those who are called over plain `http://` only.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn trusting_nobody() -> Result<Self, TlsError> {
        Self::with(RootCertStore::empty())
    }

    fn with(roots: RootCertStore) -> Result<Self, TlsError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(tls)))
    }
}

/// The authorities of this machine and those given.
fn trusted(authorities: Option<&[u8]>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificate authorities of this machine could not be read");
    }
    // a machine's store may hold odd ones, which certify nothing then
    roots.add_parsable_certificates(found.certs);
    if let Some(pem) = authorities {
        let mut number = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            number += 1;
            let failed = |reason: String| TlsError::Authority { number, reason };
            roots.add(certificate.map_err(|error| failed(error.to_string()))?).map_err(|error| failed(error.to_string()))?;
        }
        if number == 0 {
            return Err(TlsError::Authority { number: 1, reason: "there is no PEM certificate in the file".to_owned() });
        }
    }
    if roots.is_empty() { Err(TlsError::NoAuthority) } else { Ok(roots) }
}
