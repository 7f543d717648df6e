//! Who receives events, and by whom their host must be certified.

use http::Uri;
use model::secret::Secret;

use super::tls::{Tls, TlsError};

/// A receiver of events in the Standard Webhooks form.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub(crate) url: Uri,
    pub(crate) secret: Secret<String>,
    pub(crate) tls: Tls,
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
    /// Nobody can be trusted.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Webhook {
    /// A receiver at `url`; what it is sent is signed by `secret`, which is `whsec_` and Base64. An `https://` one must be
    /// certified by an authority of this machine or by one of `authorities`, certificates in PEM form.
    ///
    /// # Errors
    /// When the receiver could never be called like this.
    pub fn new(url: &str, secret: Secret<String>, authorities: Option<&[u8]>) -> Result<Self, WebhookError> {
        let url: Uri = url.parse().map_err(|_| WebhookError::Address)?;
        let tls = match (url.scheme_str(), url.host()) {
            (Some("https"), Some(_)) => Tls::trusting(authorities)?,
            (Some("http"), Some(_)) if authorities.is_some() => return Err(WebhookError::NoTls),
            (Some("http"), Some(_)) => Tls::trusting_nobody()?,
            _ => return Err(WebhookError::Address),
        };
        Ok(Self { url, secret, tls })
    }
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
