//! A receiver behind `https://`: called when an authority that is trusted vouches for its name, and never else.

use std::sync::Arc;

use model::person::Role;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::webhook::{Received, receiver, receiver_with, signature, world_that_trusts};
use crate::world::World;

/// An authority that nobody knows yet.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a server needs that goes by this name.
    fn vouches_for(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// How the one delivery of a case stands after an attempt.
async fn attempted(world: &World) -> (String, String) {
    world.says("flagword").await.unwrap();
    world.app.deliver_webhooks().await.unwrap();
    let ted = world.staff("ted", &[Role::TenantAdmin]).await;
    let listed = ted.get("console/webhooks").await.body;
    assert_eq!(listed["deliveries"].as_array().unwrap().len(), 1);
    let text = |field: &str| listed["deliveries"][0][field].as_str().unwrap().to_owned();
    (text("state"), text("last_status"))
}

fn nothing_came(received: &Received) -> bool {
    received.lock().unwrap().is_empty()
}

fn waits(status: &str) -> (String, String) {
    ("pending".to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_receiver_certified_by_a_configured_authority_is_called() {
    let authority = Authority::new();
    let (url, received) = receiver_with(0, Some(authority.vouches_for("127.0.0.1"))).await;
    let others = Authority::new().pem();
    let world = world_that_trusts(&url, Some(&format!("{others}{}", authority.pem()))).await;
    assert_eq!(attempted(&world).await, ("delivered".to_owned(), "204".to_owned()));
    let calls = received.lock().unwrap().clone();
    let [(headers, body)] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(headers["webhook-signature"], signature(headers, body));
    assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["data"]["case_id"], json!(1));
}

#[tokio::test]
async fn a_receiver_of_an_unknown_authority_gets_nothing() {
    let (url, received) = receiver_with(0, Some(Authority::new().vouches_for("127.0.0.1"))).await;
    let world = world_that_trusts(&url, Some(&Authority::new().pem())).await;
    assert_eq!(attempted(&world).await, waits("certificate not accepted"));
    assert!(nothing_came(&received));
}

#[tokio::test]
async fn a_receiver_certified_under_another_name_gets_nothing() {
    let authority = Authority::new();
    let (url, received) = receiver_with(0, Some(authority.vouches_for("elsewhere.example.org"))).await;
    let world = world_that_trusts(&url, Some(&authority.pem())).await;
    assert_eq!(attempted(&world).await, waits("certificate not accepted"));
    assert!(nothing_came(&received));
}

#[tokio::test]
async fn a_receiver_without_tls_gets_nothing_when_it_should_have_it() {
    let (url, received) = receiver(0).await;
    let world = world_that_trusts(&url.replace("http://", "https://"), Some(&Authority::new().pem())).await;
    assert_eq!(attempted(&world).await, waits("no TLS"));
    assert!(nothing_came(&received));
}
