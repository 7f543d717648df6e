//! What can be tried without an account: versions, the well-known file, TLS.

use std::net::IpAddr;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use url::Host;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Found, Probe, Target};
use crate::http::{Client, Question};
use crate::probe::Talk;

/// Days for which a certificate should be good still.
const DAYS_LEFT: i64 = 14;

/// Whether anybody is there, and what they speak.
pub(super) async fn versions(client: &Client, target: &Target, probes: &mut Vec<Probe>) -> bool {
    let mut talk = Talk::with(client, &target.base);
    let answered = talk.ask(Method::GET, "/_matrix/client/versions", "", &Json::Null).await;
    let reached = answered.is_ok();
    let found = match &answered {
        Err(error) => Found::error(error.to_string()),
        Ok(reply) => {
            let versions: Vec<&str> = reply.body["versions"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            match versions.last() {
                Some(last) if reply.status == StatusCode::OK => Found::pass(format!("speaks the documented protocol up to {last}")),
                _ => Found::error(format!("no homeserver: /versions answers {}", reply.status)),
            }
        }
    };
    probes.push(Probe::new("versions", &["ASR-2"], found, &talk));
    reached
}

/// Whether clients are told to encrypt, or not to.
pub(super) async fn well_known(client: &Client, target: &Target, probes: &mut Vec<Probe>) {
    let mut talk = Talk::with(client, &target.base);
    let answered = talk.ask(Method::GET, "/.well-known/matrix/client", "", &Json::Null).await;
    let (by_default, backup) = match answered {
        Err(error) => (Found::error(error.to_string()), Found::error(error.to_string())),
        Ok(reply) if reply.status == StatusCode::NOT_FOUND => {
            let nothing = "the server has no well-known file, so what clients do on their own decides";
            (Found::none(nothing), Found::none(nothing))
        }
        Ok(reply) if reply.status != StatusCode::OK || !reply.body.is_object() => {
            let odd = format!("the well-known file is not one: {}", reply.status);
            (Found::error(odd.clone()), Found::error(odd))
        }
        Ok(reply) => (encrypts(&reply.body["io.element.e2ee"]), backs_up(&reply.body["io.element.e2ee"])),
    };
    probes.push(Probe::new("encryption-default", &["ENC-2"], by_default, &talk));
    probes.push(Probe::new("secure-backup", &["ENC-5"], backup, &talk));
}

fn encrypts(said: &Json) -> Found {
    match (&said["force_disable"], &said["default"]) {
        (Json::Bool(true), _) => Found::fail("force_disable is true: the server switches encryption off in its clients"),
        (Json::Null | Json::Bool(false), Json::Bool(false)) => {
            Found::fail("default is false: direct conversations begin without encryption")
        }
        (Json::Null | Json::Bool(false), Json::Bool(true)) => Found::pass("default is true, and encryption is not switched off"),
        (Json::Null | Json::Bool(false), Json::Null) => {
            Found::pass("nothing switches encryption off, so the default of clients holds, which is on")
        }
        (disable, default) => Found::error(format!("force_disable is {disable}, default is {default}: neither true nor false")),
    }
}

fn backs_up(said: &Json) -> Found {
    match &said["secure_backup_required"] {
        Json::Bool(true) => Found::pass("clients must set up a backup that the server cannot read"),
        Json::Null | Json::Bool(false) => Found::none("an encrypted backup is not required; whether there is one is the member's choice"),
        other => Found::error(format!("secure_backup_required is {other}: neither true nor false")),
    }
}

/// How connections are secured, and for how long.
pub(super) async fn tls(client: &Client, target: &Target, probes: &mut Vec<Probe>) {
    let mut talk = Talk::with(client, &target.base);
    let found = if target.base.scheme() == "http" {
        if is_loopback(target) {
            Found::none("plain HTTP on the machine itself: nothing goes over a wire")
        } else {
            Found::fail("plain HTTP: whoever is on the way can read and change everything")
        }
    } else {
        match client.ask(&Question::get(target.base.clone())).await {
            Err(error) => Found::error(error.to_string()),
            Ok(answer) => answer.tls.map_or_else(
                || Found::error("no TLS"),
                |facts| {
                    let judged = chain(&facts.chain, target);
                    let names: Vec<Json> = judged.as_ref().map(|chain| chain.shown.clone()).unwrap_or_default();
                    let shown = json!({"version": facts.version, "cipher": facts.cipher, "chain": names});
                    talk.note("TLS", "connected".to_owned(), shown);
                    match judged {
                        Err(reason) => Found::error(reason),
                        Ok(chain) if chain.days_left < DAYS_LEFT => {
                            Found::fail(format!("{}, but the certificate ends in {} days", facts.version, chain.days_left))
                        }
                        Ok(chain) => Found::pass(format!("{}, the certificate is good for {} days", facts.version, chain.days_left)),
                    }
                },
            ),
        }
    };
    probes.push(Probe::new("tls", &[], found, &talk));
}

fn is_loopback(target: &Target) -> bool {
    match target.base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

struct Chain {
    shown: Vec<Json>,
    /// Of the certificate that ends first.
    days_left: i64,
}

fn chain(certificates: &[Vec<u8>], target: &Target) -> Result<Chain, String> {
    let mut chain = Chain { shown: Vec::new(), days_left: i64::MAX };
    for der in certificates {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("a certificate cannot be read: {error}"))?;
        let ends = certificate.validity().not_after.timestamp();
        chain.days_left = chain.days_left.min((ends - target.now.as_second()).div_euclid(86_400));
        chain.shown.push(json!({
            "subject": certificate.subject().to_string(),
            "issuer": certificate.issuer().to_string(),
            "not_after": jiff::Timestamp::from_second(ends).map(|ends| ends.to_string()).unwrap_or_default(),
        }));
    }
    if chain.shown.is_empty() { Err("the server shows no certificate".to_owned()) } else { Ok(chain) }
}
