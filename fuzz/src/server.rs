//! A whole server in process, over a database of its own, asked by whoever sends any bytes.

use std::cell::RefCell;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use app::config::{OnEncryptionRequest, Registration};
use app::{App, Config};
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use model::clock::{ManualClock, SeededEntropy, Timestamp};
use model::id::{OwnedServerName, TenantId};
use model::person::AgeBand;
use serde_json::{Value, json};
use store::Store;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::rules;

/// A server answers so many inputs before a fresh one takes its place: what one input changes does not pile up.
const INPUTS_EACH: u32 = 500;

/// A long poll that nobody wakes is given up after this; it has been understood by then.
const PATIENCE: Duration = Duration::from_millis(300);

const ANA: &str = "@ana:example.org";
const BEN: &str = "@ben:example.org";

/// A server, two people and the conversation between them.
struct World {
    runtime: Runtime,
    router: Router,
    /// Access tokens of Ana and Ben.
    tokens: [String; 2],
    /// Where each of the two stands: `next_batch` of a sync.
    places: [String; 2],
    room: String,
    event: String,
    inputs: u32,
    _folder: tempfile::TempDir,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fn with_world<T>(ask: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| {
        if world.as_ref().is_some_and(|world| world.inputs >= INPUTS_EACH) {
            *world = None;
        }
        let world = world.get_or_insert_with(World::new);
        world.inputs += 1;
        ask(world)
    })
}

/// Any request: no panic, no 5xx, and every refusal is a Matrix error.
///
/// The first line is `METHOD path`, with `-` before it for a request without a token. The rest is the body. In both,
/// `ROOM`, `EVENT`, `ANA`, `BEN` and `PLACE` stand for what the server gave out.
pub fn request(bytes: &[u8]) -> bool {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let Some(head) = lines.next().and_then(|head| std::str::from_utf8(head).ok()) else { return false };
    let body = lines.next().unwrap_or_default();
    with_world(|world| {
        let Some(request) = world.understand(head, body) else { return false };
        let Some((status, answer)) = world.answer(request) else { return true };
        assert!(!status.is_server_error(), "{status}: {}", answer.escape_ascii());
        if status.is_client_error() {
            let answer: Value = serde_json::from_slice(&answer).expect("a refusal is JSON");
            assert!(
                answer["errcode"].as_str().is_some_and(|code| code.starts_with("M_") || code.contains('.')) || answer["flows"].is_array()
            );
        }
        if !world.is_open() {
            world.inputs = INPUTS_EACH;
        }
        status.is_success()
    })
}

/// Sync tokens: only the one that was given out to this person is taken.
///
/// The first byte chooses Ana's token, Ben's or none; then come pairs of place and byte that change it, or, with none,
/// the token itself.
pub fn token(bytes: &[u8]) -> bool {
    let Some((choice, rest)) = bytes.split_first() else { return false };
    with_world(|world| {
        let mut token = match choice % 3 {
            2 => rest.to_vec(),
            owner => world.places[usize::from(owner)].clone().into_bytes(),
        };
        if choice % 3 != 2 {
            for change in rest.chunks_exact(2) {
                let at = usize::from(change[0]) % (token.len() + 1);
                token.splice(at..(at + 1).min(token.len()), [change[1]]);
            }
        }
        let uri = format!("/_matrix/client/v3/sync?timeout=0&since={}", encoded(&token));
        let (status, answer) = world.answer(world.ask(Method::GET, &uri, Body::empty())).expect("a sync without a wait is answered");
        // an empty one is a sync from the beginning
        let is_anas = token.is_empty() || token == world.places[0].as_bytes();
        let expected = if is_anas { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        assert_eq!(status, expected, "{}: {}", token.escape_ascii(), answer.escape_ascii());
        status.is_success()
    })
}

impl World {
    fn new() -> Self {
        // in memory where the system offers it: nothing here outlives the process
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
        let store = Store::open_sqlite(&folder.path().join("frankly.db")).expect("a database");
        let config = Config {
            server_name: OwnedServerName::try_from("example.org").expect("a server name"),
            base_url: "https://chat.example.org".to_owned(),
            dev: true,
            registration: Registration::Open,
            registered_age: AgeBand::Adult,
            jwt: None,
            on_encryption_request: OnEncryptionRequest::Strip,
            modes: app::config::ModeRules::shipped("choice").expect("it is shipped"),
            media: app::media::MediaBounds::default(),
            push: app::config::PushGateways::default(),
            webhook: None,
            keep_evidence_ms: None,
            appeal_contact: "safety@example.org".to_owned(),
            tenant: TenantId::default(),
        };
        let clock = Arc::new(ManualClock::at(Timestamp(1_700_000_000_000)));
        let app =
            Arc::new(App::new(config, store, app::media::Blobs::in_memory(), clock, Arc::new(SeededEntropy::new(7)), rules::shipped()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let router = matrix::router(app);
        let none = || [String::new(), String::new()];
        let mut world =
            Self { runtime, router, tokens: none(), places: none(), room: String::new(), event: String::new(), inputs: 0, _folder: folder };
        world.people_talk();
        world
    }

    fn people_talk(&mut self) {
        for (index, name) in ["ana", "ben"].into_iter().enumerate() {
            let new = json!({"username": name, "password": "correct horse", "auth": {"type": "m.login.dummy"}});
            let session = self.must(0, Method::POST, "register", &new);
            self.tokens[index] = text(&session, "access_token");
        }
        let new = json!({"preset": "private_chat", "is_direct": true, "invite": ["@ben:example.org"]});
        self.room = text(&self.must(0, Method::POST, "createRoom", &new), "room_id");
        let room = encoded(&self.room);
        self.must(1, Method::POST, &format!("join/{room}"), &json!({}));
        let said = json!({"msgtype": "m.text", "body": "hello"});
        self.event = text(&self.must(0, Method::PUT, &format!("rooms/{room}/send/m.room.message/1"), &said), "event_id");
        self.places = [0, 1].map(|who| text(&self.must(who, Method::GET, "sync", &Value::Null), "next_batch"));
    }

    /// A request that is part of the scene, and must succeed.
    fn must(&self, who: usize, method: Method, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let mut request = self.ask(method, &format!("/_matrix/client/v3/{path}"), body);
        if !self.tokens[who].is_empty() {
            let token = format!("Bearer {}", self.tokens[who]).parse().expect("a token fits a header");
            request.headers_mut().insert(http::header::AUTHORIZATION, token);
        }
        let (status, answer) = self.answer(request).expect("the scene does not wait");
        assert!(status.is_success(), "{path}: {status} {}", answer.escape_ascii());
        serde_json::from_slice(&answer).expect("answers are JSON")
    }

    /// Ana's request.
    fn ask(&self, method: Method, uri: &str, body: Body) -> Request<Body> {
        let request = Request::builder().method(method).uri(uri);
        request.header("authorization", format!("Bearer {}", self.tokens[0])).body(body).expect("a request")
    }

    /// A request of the bytes of an input; `None` when HTTP itself would not carry it.
    fn understand(&self, head: &str, body: &[u8]) -> Option<Request<Body>> {
        let (head, named) = head.strip_prefix('-').map_or((head, true), |head| (head, false));
        let (method, uri) = head.split_once(' ')?;
        let mut uri = uri.to_owned();
        let stands_for = [("ROOM", self.room.as_str()), ("EVENT", &self.event), ("PLACE", &self.places[0]), ("ANA", ANA), ("BEN", BEN)];
        for (word, meaning) in stands_for {
            uri = uri.replace(word, &encoded(meaning));
        }
        // what is not UTF-8 goes out as it came
        let body = match std::str::from_utf8(body) {
            Ok(text) => stands_for.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning)).into_bytes(),
            Err(_) => body.to_vec(),
        };
        // long polls are asked for and not waited for
        let uri = uri.replace("timeout=", "timeout=0&was=");
        let mut request = Request::builder().method(method).uri(uri);
        if named {
            request = request.header("authorization", format!("Bearer {}", self.tokens[0]));
        }
        request.body(Body::from(body)).ok()
    }

    /// Status and body; `None` for a long poll that nobody woke.
    fn answer(&self, request: Request<Body>) -> Option<(StatusCode, Vec<u8>)> {
        self.runtime.block_on(async {
            let answer = async {
                let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                let status = response.status();
                (status, response.into_body().collect().await.expect("a body in memory").to_bytes().to_vec())
            };
            tokio::time::timeout(PATIENCE, answer).await.ok()
        })
    }

    /// Whether Ana is still logged in and in the room.
    fn is_open(&self) -> bool {
        let uri = format!("/_matrix/client/v3/rooms/{}/event/{}", encoded(&self.room), encoded(&self.event));
        self.answer(self.ask(Method::GET, &uri, Body::empty())).is_some_and(|(status, _)| status.is_success())
    }
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap_or_else(|| panic!("no {key} in {answer}")).to_owned()
}

/// Percent-encodes a part of a path or query.
fn encoded(part: impl AsRef<[u8]>) -> String {
    let mut encoded = String::new();
    for byte in part.as_ref() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("text takes text");
        }
    }
    encoded
}
