//! Probes against small servers that are what they should not be.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use audit::value::Value;
use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use url::Url;
use watch::http::{Bounds, Client};
use watch::probe::{Account, Kind, Label, Mode, Outcome, People, Platform, Probe, Report, Target, probe};
use watch::tls::Trust;

use crate::server::{Asked, Server, nothing, said};

fn client(authorities: Option<&[u8]>) -> Client {
    Client::new(Trust::new(authorities).unwrap(), Bounds { answer_ms: 5_000, body_bytes: 1_000_000 })
}

fn target(base: Url, kind: Kind) -> Target {
    Target {
        base,
        kind,
        people: People::default(),
        expired: None,
        verify_label: |_, create| if create.contains("sealed") { Label::Verified("sealed".to_owned()) } else { Label::None },
        now: Timestamp::now(),
        nonce: "n".to_owned(),
    }
}

fn of<'a>(report: &'a Report, id: &str) -> &'a Probe {
    report.probes.iter().find(|probe| probe.id == id).unwrap()
}

fn any(id: &str) -> Platform {
    Platform { id: id.to_owned(), mode: Mode::Any }
}

fn json(status: u16, body: &str) -> Vec<u8> {
    said(status, &[("content-type", "application/json")], body.as_bytes())
}

/// A server with this well-known file.
fn with_well_known(file: &'static str) -> Server {
    Server::new(move |asked, _| match asked.line.split(' ').nth(1).unwrap() {
        "/_matrix/client/versions" => json(200, r#"{"versions":["v1.1","v1.11"]}"#),
        "/.well-known/matrix/client" if !file.is_empty() => json(200, file),
        _ => nothing(),
    })
}

#[tokio::test]
async fn forced_off_encryption_fails_and_the_same_server_without_it_passes() {
    let judged = async |file| {
        let server = with_well_known(file);
        let report = probe(&client(None), &target(server.url("/"), Kind::Matrix)).await;
        let claims = report.evidence("test", &[any("matrix")]).claims;
        (of(&report, "encryption-default").outcome, claims.iter().find(|claim| claim.control == "ENC-2").map(|claim| claim.value))
    };
    let base = r#"{"m.homeserver":{"base_url":"https://x"},"io.element.e2ee":{"force_disable":true}}"#;
    assert_eq!(judged(base).await, (Outcome::Fail, Some(Value::No)));
    assert_eq!(judged(r#"{"m.homeserver":{"base_url":"https://x"},"io.element.e2ee":{}}"#).await, (Outcome::Pass, Some(Value::Yes)));
    assert_eq!(judged(r#"{"m.homeserver":{"base_url":"https://x"}}"#).await, (Outcome::Pass, Some(Value::Yes)));
    assert_eq!(judged(r#"{"io.element.e2ee":{"default":false}}"#).await, (Outcome::Fail, Some(Value::No)));
    assert_eq!(judged(r#"{"io.element.e2ee":{"default":true,"force_disable":true}}"#).await, (Outcome::Fail, Some(Value::No)));
    assert_eq!(judged(r#"{"io.element.e2ee":{"force_disable":"no"}}"#).await, (Outcome::Error, Some(Value::Unknown)));
    assert_eq!(judged("no json").await, (Outcome::Error, Some(Value::Unknown)));
    assert_eq!(judged("").await, (Outcome::NotApplicable, None));
}

#[tokio::test]
async fn whoever_does_not_answer_is_not_reached() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = probe(&client(None), &target(Url::parse(&format!("http://{free}")).unwrap(), Kind::Matrix)).await;
    assert!(!report.reachable && report.probes.iter().all(|probe| probe.outcome == Outcome::Error));
    let server = Server::new(|_, _| nothing());
    let report = probe(&client(None), &target(server.url("/"), Kind::Matrix)).await;
    assert!(report.reachable);
    assert_eq!(of(&report, "versions").outcome, Outcome::Error, "there is no homeserver");
}

/// A server that takes everything, and encrypts nothing.
fn careless(asked: &Asked) -> Vec<u8> {
    let path = asked.line.split(' ').nth(1).unwrap();
    match path {
        "/_matrix/client/versions" => json(200, r#"{"versions":["v1.11"]}"#),
        "/_matrix/client/v3/login" => json(200, r#"{"user_id":"@a:x","access_token":"secret-token","device_id":"D"}"#),
        "/_matrix/client/v3/createRoom" => json(200, r#"{"room_id":"!r:x"}"#),
        "/_frankly/v1/access" => json(200, r#"{"records":[]}"#),
        path if path.ends_with("/state") => json(200, r#"[{"type":"m.room.create","state_key":"","content":{}}]"#),
        path if path.contains("/send/") => json(200, r#"{"event_id":"$e"}"#),
        path if path.contains("/m.room.member/") => json(200, r#"{"membership":"invite"}"#),
        path if path.contains("/event/") => json(200, r#"{"content":{"body":"still here"}}"#),
        path if path.starts_with("/_matrix/client/v3/") => json(200, "{}"),
        _ => nothing(),
    }
}

#[tokio::test]
async fn a_careless_server_fails_what_can_be_failed() {
    let server = Server::new(|asked, _| careless(asked));
    let account = || Some(Account { user: "a".to_owned(), password: "secret-password".to_owned() });
    let mut target = target(server.url("/"), Kind::Frankly);
    target.people = People { member: account(), other: account(), minor: Some("@m:x".to_owned()), register: false };
    target.expired = Some(("!r:x".to_owned(), "$e".to_owned()));
    let report = probe(&client(None), &target).await;
    for id in ["direct-encrypted", "label", "cross-signing", "report", "stranger-to-minor", "access-shown", "retention"] {
        assert_eq!(of(&report, id).outcome, Outcome::Fail, "{id}: {:#?}", of(&report, id));
    }
    assert_eq!(of(&report, "plain-in-sealed").outcome, Outcome::NotApplicable);
    for probe in &report.probes {
        assert!(!probe.transcript.contains("secret-"), "{}", probe.transcript);
        assert_eq!(probe.sha256.len(), 64);
    }
    let evidence = report.evidence("test", &[any("frankly")]);
    assert!(evidence.claims.iter().all(|claim| claim.value != Value::Yes || claim.control == "ASR-2"), "{:#?}", evidence.claims);
}

/// A server over TLS for one name, good for so many days, and the authority that vouches for it.
fn over_tls(days: i64) -> (Url, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let ends = Timestamp::now().checked_add(SignedDuration::from_hours(24 * days + 1)).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
    params.not_after = rcgen::date_time_ymd(i32::from(ends.year()), ends.month().unsigned_abs(), ends.day().unsigned_abs());
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut head = [0; 4_096];
            if stream.read(&mut head).is_ok() {
                let _gone = stream.write_all(&json(200, r#"{"versions":["v1.11"]}"#)).and_then(|()| stream.flush());
            }
        }
    });
    (Url::parse(&format!("https://localhost:{port}")).unwrap(), authority.pem())
}

#[tokio::test]
async fn certificates_are_looked_at() {
    let (url, authority) = over_tls(90);
    let report = probe(&client(Some(authority.as_bytes())), &target(url.clone(), Kind::Matrix)).await;
    let found = of(&report, "tls");
    assert_eq!(found.outcome, Outcome::Pass, "{found:?}");
    assert!(found.detail.starts_with("TLSv1_3") && found.transcript.contains("not_after"), "{found:?}");
    // nobody vouches for it
    let report = probe(&client(None), &target(url, Kind::Matrix)).await;
    assert!(!report.reachable);
    let (url, authority) = over_tls(5);
    let report = probe(&client(Some(authority.as_bytes())), &target(url, Kind::Matrix)).await;
    assert_eq!(of(&report, "tls").outcome, Outcome::Fail, "{report:?}");
}
