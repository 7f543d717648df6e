//! The safety team's webhook: signed, retried, replayed.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::config::Webhook;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use model::person::Role;
use model::secret::Secret;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::world::World;

const KEY: &[u8] = b"a key for this test alone";

pub(crate) type Received = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A receiver that fails the first `failures` calls; its address, and what it was sent.
pub(crate) async fn receiver(failures: usize) -> (String, Received) {
    receiver_with(failures, None).await
}

/// As [`receiver`], over TLS where there is a certificate.
pub(crate) async fn receiver_with(failures: usize, tls: Option<TlsAcceptor>) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}/hook", listener.local_addr().unwrap());
    let received = Received::default();
    let seen = Arc::clone(&received);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            let answer = service_fn(move |request: Request<Incoming>| {
                let seen = Arc::clone(&seen);
                async move {
                    let (head, body) = request.into_parts();
                    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
                    let mut seen = seen.lock().unwrap();
                    seen.push((head.headers, body));
                    let status = if seen.len() > failures { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE };
                    Ok::<_, Infallible>(Response::builder().status(status).body(Empty::<Bytes>::new()).unwrap())
                }
            });
            let server = hyper::server::conn::http1::Builder::new();
            match tls.clone() {
                None => drop(tokio::spawn(server.serve_connection(TokioIo::new(stream), answer))),
                Some(tls) => drop(tokio::spawn(async move {
                    // a caller that does not trust it hangs up
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let _gone = server.serve_connection(TokioIo::new(stream), answer).await;
                })),
            }
        }
    });
    (url, received)
}

async fn world(url: String) -> World {
    world_that_trusts(&url, None).await
}

pub(crate) async fn world_that_trusts(url: &str, authorities: Option<&str>) -> World {
    let secret = Secret::new(format!("whsec_{}", STANDARD.encode(KEY)));
    World::with_webhook(Some(Webhook::new(url, secret, authorities.map(str::as_bytes)).unwrap())).await
}

/// Lets the server's time pass until there are so many calls.
async fn calls(world: &World, received: &Received, count: usize) {
    for _ in 0..600 {
        if received.lock().unwrap().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        world.clock.advance_ms(500);
    }
    panic!("{} calls instead of {count}", received.lock().unwrap().len());
}

pub(crate) fn signature(headers: &HeaderMap, body: &str) -> String {
    let text = |name: &str| headers[name].to_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(format!("{}.{}.{body}", text("webhook-id"), text("webhook-timestamp")).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_delivery_that_fails_comes_again_with_the_same_id_and_a_true_signature() {
    let (url, received) = receiver(1).await;
    let world = world(url).await;
    let jobs = world.app.spawn_jobs();
    world.says("blockword").await.unwrap_err();
    calls(&world, &received, 2).await;
    let calls = received.lock().unwrap().clone();
    for (headers, body) in &calls {
        assert_eq!(headers["webhook-signature"], signature(headers, body));
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["type"], "case.opened");
        assert_eq!(body["data"]["case_id"], 1);
        assert_eq!(body["data"]["harms"], json!(["violence.threat"]));
        assert!(!body.to_string().contains("blockword"), "a webhook never carries a message");
    }
    assert_eq!(calls[0].0["webhook-id"], calls[1].0["webhook-id"]);
    jobs.stop(Duration::from_secs(5)).await;
    let ted = world.staff("ted", &[Role::TenantAdmin]).await;
    let listed = ted.get("console/webhooks").await.body;
    let delivery = &listed["deliveries"][0];
    assert_eq!((&delivery["state"], &delivery["attempts"], &delivery["last_status"]), (&json!("delivered"), &json!(2), &json!("204")));
}

#[tokio::test]
async fn a_delivery_that_is_given_up_can_be_replayed() {
    let attempts = usize::try_from(model::limits::WEBHOOK_ATTEMPTS).unwrap();
    let (url, received) = receiver(attempts).await;
    let world = world(url).await;
    world.says("flagword").await.unwrap();
    for _ in 0..attempts {
        world.app.deliver_webhooks().await.unwrap();
        world.clock.advance_ms(model::limits::WEBHOOK_BACKOFF_MS_MAX * 2);
    }
    world.app.deliver_webhooks().await.unwrap();
    assert_eq!(received.lock().unwrap().len(), attempts);
    // a session of the staff would have ended while the attempts went on
    let ted = world.staff("ted", &[Role::TenantAdmin]).await;
    assert_eq!(ted.get("console/webhooks?state=failed").await.body["deliveries"][0]["last_status"], "503");
    assert_eq!(ted.post("console/webhooks/1/replay", json!({})).await.status, StatusCode::OK);
    world.app.deliver_webhooks().await.unwrap();
    assert_eq!(received.lock().unwrap().len(), attempts + 1);
    assert_eq!(ted.get("console/webhooks?state=delivered").await.body["deliveries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_no_reason_to_lose_a_message() {
    let world = world("http://127.0.0.1:1/".to_owned()).await;
    world.says("flagword").await.unwrap();
    world.app.deliver_webhooks().await.unwrap();
    let ted = world.staff("ted", &[Role::TenantAdmin]).await;
    assert_eq!(ted.get("console/webhooks?state=pending").await.body["deliveries"][0]["last_status"], "connection refused");
}

#[tokio::test]
async fn an_account_that_is_closed_is_told() {
    let (url, received) = receiver(0).await;
    let world = world(url).await;
    let shown = json!({"type": "m.login.password", "user": "ben", "password": "correct horse"});
    assert!(world.app.deactivate(&world.ben.caller, true, None).await.is_err(), "not before the password was shown");
    world.app.deactivate(&world.ben.caller, true, Some(&shown)).await.unwrap();
    world.app.deliver_webhooks().await.unwrap();
    let calls = received.lock().unwrap().clone();
    let bodies: Vec<Value> = calls.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(bodies[0]["type"], "account.deactivated");
    assert_eq!(bodies[0]["data"], json!({"user_id": "@ben:example.org", "erase_asked": true, "deactivated_ms": crate::world::START.0}));
}
