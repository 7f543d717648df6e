//! One webhook call in the Standard Webhooks form: `webhook-id`, `webhook-timestamp`, and
//! `webhook-signature: v1,<Base64 of HMAC-SHA256 over "id.timestamp.body">`.
//!
//! Over `https://` the receiver's certificate is always checked; there is no way to go without.

use std::error::Error;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use model::clock::Timestamp;
use model::limits;
use model::secret::Secret;
use serde_json::{Value as Json, json};
use sha2::Sha256;
use store::command::outbox::Task;

use crate::config::Webhook;

/// An HTTP client with its connections.
type Caller = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The receiver and who calls it; nothing where no webhook is configured.
#[derive(Debug)]
pub(crate) struct Sender(Option<(Webhook, Caller)>);

impl Sender {
    pub(crate) fn new(webhook: Option<&Webhook>) -> Self {
        Self(webhook.map(|webhook| {
            let connector = HttpsConnectorBuilder::new().with_tls_config((*webhook.tls.0).clone()).https_or_http().enable_http1().build();
            (webhook.clone(), Client::builder(TokioExecutor::new()).build(connector))
        }))
    }

    /// Posts the task once. Any 2xx is success; redirects are not followed.
    ///
    /// # Errors
    /// How it failed, without anything the receiver said.
    pub(crate) async fn send(&self, task: &Task, now: Timestamp) -> Result<String, String> {
        let Some((webhook, client)) = &self.0 else { return Err("no webhook is configured".to_owned()) };
        let id = format!("frankly_{}", task.outbox_id);
        let timestamp = now.0.div_euclid(1_000).to_string();
        let body = body(task);
        let signature = sign(&webhook.secret, &id, &timestamp, &body)?;
        let request = Request::post(&webhook.url)
            .header("content-type", "application/json")
            .header("user-agent", concat!("frankly/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| "the webhook's URL is not valid".to_owned())?;
        match tokio::time::timeout(Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS), client.request(request)).await {
            Err(_) => Err("timeout".to_owned()),
            Ok(Err(error)) => {
                Err(tls_fault(&error).unwrap_or(if error.is_connect() { "connection refused" } else { "connection broken" }).to_owned())
            }
            Ok(Ok(response)) if response.status().is_success() => Ok(response.status().as_str().to_owned()),
            Ok(Ok(response)) => Err(response.status().as_str().to_owned()),
        }
    }
}

/// What went wrong with TLS, if that was it. It is found inside errors of I/O, which do not give it as their source.
fn tls_fault(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<io::Error>()) {
            next = Some(error);
            continue;
        }
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).or_else(|| error.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(_)) => return Some("certificate not accepted"),
            Some(_) => return Some("no TLS"),
            None => next = error.source(),
        }
    }
    None
}

/// `{"type", "timestamp", "data"}`: the stored payload in the form of the standard.
fn body(task: &Task) -> String {
    let mut data = task.payload.clone();
    let event = data.as_object_mut().and_then(|fields| fields.remove("type")).unwrap_or(Json::Null);
    let created = jiff::Timestamp::from_millisecond(task.created.0).map_or_else(|_| String::new(), |time| time.to_string());
    json!({"type": event, "timestamp": created, "data": data}).to_string()
}

/// The signature header. The key is the Base64 after `whsec_`.
fn sign(secret: &Secret<String>, id: &str, timestamp: &str, body: &str) -> Result<String, String> {
    let text = secret.expose().strip_prefix("whsec_").unwrap_or(secret.expose());
    let key = STANDARD.decode(text).map_err(|_| "the webhook's secret is not whsec_ and Base64".to_owned())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| "the webhook's secret is not a key".to_owned())?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks reference libraries.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_body_has_the_form_of_the_standard() {
        let task = Task { outbox_id: 1, payload: json!({"type": "case.opened", "case_id": 7}), attempt: 1, created: Timestamp(0) };
        let sent: serde_json::Value = serde_json::from_str(&body(&task)).unwrap();
        assert_eq!(sent, json!({"type": "case.opened", "timestamp": "1970-01-01T00:00:00Z", "data": {"case_id": 7}}));
    }
}
