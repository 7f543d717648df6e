//! The load generator against its own in-process server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sim::SimError;
use sim::measure::deliver::{DeliverOptions, deliver};
use sim::measure::grow::{GrowOptions, grow};
use sim::measure::mixed::{MixedOptions, mixed};
use sim::measure::selftest::selftest;
use sim::measure::send::{SendOptions, send};
use sim::measure::sync::{SyncOptions, sync};
use sim::null::{Fault, NullOptions, NullServer, Temper};
use sim::pace::Pace;
use sim::report::Report;
use sim::server::{Server, TargetOptions};

async fn server(fault: Fault, data: Option<PathBuf>) -> TargetOptions {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = NullServer::bind(NullOptions { listen, data: data.clone(), fault, temper: Temper::default() }).await.expect("a free port");
    let url = Some(format!("http://{}", server.origin().expect("it is bound").address()));
    tokio::spawn(server.run());
    TargetOptions { url, server_pid: Some(std::process::id()), data, database: None, seed: 5, exe: PathBuf::new() }
}

fn sending(target: TargetOptions, pace: Pace) -> SendOptions {
    SendOptions { target, senders: 3, pace, body_bytes: 100, sealed: false, against_null: false }
}

#[tokio::test]
async fn selftest_finds_every_fault() {
    let report = selftest(11).await.unwrap();
    assert_eq!(report.cases().len(), 6);
    for case in report.cases() {
        assert!(case.is_passed(), "{case:?}");
    }
    assert_eq!(report.faults(), 0);
}

#[tokio::test]
async fn send_counts_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let target = server(Fault::None, Some(folder.path().to_owned())).await;
    let report = send(&sending(target, Pace::ClosedCount(90))).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((report.faults(), &json["messages"], &json["failed"]), (0, &90.into(), &0.into()));
    // Three people said two messages each before, to open their connections.
    assert_eq!(json["verification"]["messages"], 96);
    assert!(json["database_bytes_per_message"].as_f64().unwrap() > 100.0);
    assert!(report.tables()[0].to_string().contains("messages/s"));
}

#[tokio::test]
async fn send_fails_when_a_promise_is_broken() {
    let target = server(Fault::Drop { at: 50 }, None).await;
    let report = send(&sending(target, Pace::ClosedCount(90))).await.unwrap();
    assert_eq!(report.faults(), 1);
}

#[tokio::test]
async fn deliver_records_every_delivery() {
    let target = server(Fault::None, None).await;
    let options = DeliverOptions {
        target,
        senders: 3,
        rate: 150,
        lasting: Duration::from_secs(1),
        body_bytes: 100,
        sealed: false,
        against_null: false,
    };
    let report = deliver(&options).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((report.faults(), &json["delivered"]), (0, &150.into()));
    assert!(json["delivery_ms"]["p50"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn sync_reads_all_rooms_and_one_message() {
    let target = server(Fault::None, None).await;
    let options = SyncOptions {
        target,
        rooms: vec![2, 5],
        messages_per_room: 3,
        others: 2,
        repeats: 3,
        lasting: Duration::ZERO,
        body_bytes: 80,
        sliding: false,
        sealed: false,
    };
    let report = sync(&options).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(report.faults(), 0, "{json}");
    assert!(json["stages"][1]["initial"]["bytes"].as_u64() > json["stages"][0]["initial"]["bytes"].as_u64());
}

#[tokio::test]
async fn mixed_and_grow_verify_too() {
    let target = server(Fault::None, None).await;
    let options = MixedOptions { target: target.clone(), senders: 3, rate: 200, lasting: Duration::from_secs(1), body_bytes: 80 };
    let report = mixed(&options).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let done: u64 = json["deeds"].as_array().unwrap().iter().map(|deed| deed["done"].as_u64().unwrap()).sum();
    assert_eq!((report.faults(), done), (0, 200));

    let report = grow(&GrowOptions { target, senders: 3, messages: 250, probe: 30, body_bytes: 80 }).await.unwrap();
    assert_eq!(report.faults(), 0);
    assert_eq!(serde_json::to_value(&report).unwrap()["stages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_told_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let exe = folder.path().join("broken");
    std::fs::write(&exe, "#!/bin/sh\necho no such option >&2\nexit 3\n").unwrap();
    std::fs::set_permissions(&exe, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let error = Server::serve(&exe, None).await.err().unwrap().to_string();
    assert!(error.contains("no such option"), "{error}");
}

#[tokio::test]
async fn nobody_listening_is_a_usage_error() {
    let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let mut target = server(Fault::None, None).await;
    target.url = Some(format!("http://{closed}"));
    let error = send(&sending(target, Pace::ClosedCount(1))).await.unwrap_err();
    assert!(matches!(error, SimError::Usage(_)), "{error}");
}

#[tokio::test]
async fn a_name_in_use_is_refused() {
    let target = server(Fault::None, None).await;
    let origin = Arc::new(sim::http::Origin::parse(target.url.as_deref().unwrap()).unwrap());
    sim::person::Person::register(Arc::clone(&origin), "ana", "secret-enough").await.unwrap();
    let refused = sim::person::Person::register(origin, "ana", "secret-enough").await.err().unwrap();
    assert!(matches!(refused, SimError::Refused { status: 400, .. }), "{refused}");
}
