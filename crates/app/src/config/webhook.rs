//! Who receives events, and by whom their host must be certified.

use std::sync::Arc;

use http::Uri;
use model::secret::Secret;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A receiver of events in the Standard Webhooks form.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub(crate) url: Uri,
    pub(crate) secret: Secret<String>,
    pub(crate) tls: Arc<ClientConfig>,
}

/// Why a receiver cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It has no address.
    #[error("the address must be http:// or https:// and a host")]
    Address,
    /// There are authorities, and nothing that they could certify.
    #[error("authorities are used with an https:// address only")]
    NoTls,
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
    Tls(#[from] rustls::Error),
}

impl Webhook {
    /// A receiver at `url`; what it is sent is signed by `secret`, which is `whsec_` and Base64. An `https://` one must be
    /// certified by an authority of this machine or by one of `authorities`, certificates in PEM form.
    ///
    /// # Errors
    /// When the receiver could never be called like this.
    pub fn new(url: &str, secret: Secret<String>, authorities: Option<&[u8]>) -> Result<Self, WebhookError> {
        let url: Uri = url.parse().map_err(|_| WebhookError::Address)?;
        let roots = match (url.scheme_str(), url.host()) {
            (Some("https"), Some(_)) => trusted(authorities)?,
            (Some("http"), Some(_)) if authorities.is_some() => return Err(WebhookError::NoTls),
            (Some("http"), Some(_)) => RootCertStore::empty(),
            _ => return Err(WebhookError::Address),
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { url, secret, tls: Arc::new(tls) })
    }
}

/// The authorities of this machine and those given.
fn trusted(authorities: Option<&[u8]>) -> Result<RootCertStore, WebhookError> {
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
            let failed = |reason: String| WebhookError::Authority { number, reason };
            roots.add(certificate.map_err(|error| failed(error.to_string()))?).map_err(|error| failed(error.to_string()))?;
        }
        if number == 0 {
            return Err(WebhookError::Authority { number: 1, reason: "there is no PEM certificate in the file".to_owned() });
        }
    }
    if roots.is_empty() { Err(WebhookError::NoAuthority) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, authorities: Option<&str>) -> String {
        let secret = Secret::new("whsec_".to_owned());
        Webhook::new(url, secret, authorities.map(str::as_bytes)).unwrap_err().to_string()
    }

    #[test]
    fn what_could_never_be_called_is_refused_at_once() {
        for url in ["ftp://example.org/", "https:///path", "/hook", "https://exa mple.org/"] {
            assert_eq!(refusal(url, None), "the address must be http:// or https:// and a host", "{url}");
        }
        assert_eq!(refusal("http://example.org/", Some("")), "authorities are used with an https:// address only");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(refusal("https://example.org/", Some(broken)).starts_with("certificate 1 of the authorities is not one: "));
        assert!(refusal("https://example.org/", Some("not PEM")).ends_with("there is no PEM certificate in the file"));
    }
}
