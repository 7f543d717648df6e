//! A server in process, and people who use it over its HTTP surface.

use std::sync::Arc;

use app::accounts::admin::UserChange;
use app::accounts::relations::Relate;
use app::caller::hash_token;
use app::config::{ModeRules, OnEncryptionRequest, Registration};
use app::rules::Rules;
use app::{App, Config};
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use model::clock::{ManualClock, SeededEntropy, Timestamp};
use model::id::{OwnedServerName, OwnedUserId, TenantId, UserId};
use model::person::AgeBand;
use serde_json::{Value, json};
use store::{Command, Query, Store, StoreError, Tx, args};
use tower::ServiceExt;

/// A server over a fresh database.
pub(crate) struct World {
    router: Router,
    store: Store,
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

/// Somebody with one device.
#[derive(Clone)]
pub(crate) struct Person {
    router: Router,
    pub(crate) user_id: OwnedUserId,
    token: String,
}

/// An account with a device and its token.
struct AddPerson {
    user: OwnedUserId,
    device: String,
    token: String,
}

impl Command for AddPerson {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let sql = "insert into users (user_id, localpart, age_band, jurisdiction, tenant, state, created_ms) \
                   values ($1, $2, 'adult', '', 'default', 'active', 0) on conflict do nothing";
        tx.exec(sql, args![&self.user, self.user.localpart()]).await?;
        tx.exec("insert into user_seq (user_id, pos) values ($1, 0) on conflict do nothing", args![&self.user]).await?;
        let device = self.device.as_str();
        let sql = "insert into devices (user_id, device_id, created_ms, last_seen_ms) values ($1, $2, 0, 0)";
        tx.exec(sql, args![&self.user, device]).await?;
        let sql = "insert into access_tokens (token_hash, user_id, device_id, created_ms) values ($1, $2, $3, 0)";
        tx.exec(sql, args![hash_token(&self.token).as_slice(), &self.user, device]).await?;
        Ok(())
    }
}

/// The names of somebody's connections.
struct ConnectionsOf(OwnedUserId);

impl Query for ConnectionsOf {
    type Out = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let rows = tx.rows("select conn_id from sliding_connections where user_id = $1 order by conn_id", args![&self.0]).await?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }
}

struct Attempts;

impl Query for Attempts {
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.row("select count(*) from contact_attempts", args![]).await?.map_or(Ok(0), |row| row.int(0))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A server whose operator decided otherwise.
    pub(crate) fn with(decide: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
        let mut config = Config {
            server_name: OwnedServerName::try_from("example.org").unwrap(),
            base_url: "https://chat.example.org".to_owned(),
            dev: true,
            registration: Registration::Open,
            registered_age: AgeBand::Adult,
            jwt: None,
            on_encryption_request: OnEncryptionRequest::Strip,
            modes: ModeRules::shipped("choice").unwrap(),
            media: app::media::MediaBounds::default(),
            push: app::config::PushGateways::default(),
            webhook: None,
            keep_evidence_ms: Some(180 * 86_400_000),
            appeal_contact: "safety@example.org".to_owned(),
            tenant: TenantId::default(),
        };
        decide(&mut config);
        let clock = Arc::new(ManualClock::at(Timestamp(1_700_000_000_000)));
        let app = App::new(
            config,
            store.clone(),
            app::media::Blobs::in_memory(),
            Arc::clone(&clock) as _,
            Arc::new(SeededEntropy::new(7)),
            Rules::default(),
        );
        let app = Arc::new(app);
        Self { router: matrix::router(Arc::clone(&app)), store, app, clock, folder }
    }

    /// The same database under a server that has just started.
    pub(crate) fn restarted(self) -> Self {
        let (clock, folder) = (self.clock, self.folder);
        let entropy = Arc::new(SeededEntropy::new(8));
        let blobs = app::media::Blobs::in_memory();
        let app = App::new(self.app.config.clone(), self.store.clone(), blobs, Arc::clone(&clock) as _, entropy, Rules::default());
        let app = Arc::new(app);
        Self { router: matrix::router(Arc::clone(&app)), store: self.store, app, clock, folder }
    }

    /// The same server with its media in a folder, beside the database.
    pub(crate) fn on_disk(self) -> Self {
        let blobs = app::media::Blobs::in_folder(&self.folder.path().join("media")).unwrap();
        let entropy = Arc::new(SeededEntropy::new(9));
        let app = App::new(self.app.config.clone(), self.store.clone(), blobs, Arc::clone(&self.clock) as _, entropy, Rules::default());
        let app = Arc::new(app);
        Self { router: matrix::router(Arc::clone(&app)), app, ..self }
    }

    /// Where the files of the server are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Somebody from before a restart.
    pub(crate) fn same(&self, person: &Person) -> Person {
        Person { router: self.router.clone(), ..person.clone() }
    }

    /// The names of the connections of sliding sync that are kept of somebody's devices.
    pub(crate) async fn connections_of(&self, person: &Person) -> Vec<String> {
        self.store.read(ConnectionsOf(person.user_id.clone())).await.unwrap()
    }

    /// A request of somebody who shows no token; `path` comes after `/_matrix/client/`.
    pub(crate) async fn nobody(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.anywhere(method, &format!("/_matrix/client/{path}"), body).await
    }

    /// A request of somebody who shows no token, to any path.
    pub(crate) async fn anywhere(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.without_token(method, path, body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).await
    }

    /// A POST of somebody who shows no token, with a body that need not be JSON.
    pub(crate) async fn nobody_sends(&self, path: &str, body: &'static str) -> (u16, Value) {
        self.without_token(Method::POST, &format!("/_matrix/client/{path}"), Body::from(body)).await
    }

    async fn without_token(&self, method: Method, path: &str, body: Body) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Whoever holds the token of a log-in or registration.
    pub(crate) fn holder(&self, session: &Value) -> Person {
        let text = |key: &str| session[key].as_str().unwrap_or_else(|| panic!("no {key} in {session}")).to_owned();
        Person { router: self.router.clone(), user_id: UserId::parse(text("user_id")).unwrap(), token: text("access_token") }
    }

    /// A person of this name with one device.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.device(name, "PHONE").await
    }

    /// A device of a person.
    pub(crate) async fn device(&self, name: &str, device: &str) -> Person {
        let user_id = UserId::parse(format!("@{name}:example.org")).unwrap();
        let token = format!("token-of-{name}-{device}");
        self.store.run(AddPerson { user: user_id.clone(), device: device.to_owned(), token: token.clone() }).await.unwrap();
        Person { router: self.router.clone(), user_id, token }
    }

    /// What the operator or the host platform does.
    pub(crate) async fn runs<C: Command>(&self, command: C) -> C::Out {
        self.store.run(command).await.unwrap()
    }

    /// A person of this age with one device.
    pub(crate) async fn aged(&self, name: &str, age_band: AgeBand) -> Person {
        let person = self.person(name).await;
        self.is_told(&person, UserChange::AgeBand(age_band)).await;
        person
    }

    /// The operator or the host platform tells something of a person.
    pub(crate) async fn is_told(&self, person: &Person, change: UserChange) {
        self.app.change_account(&person.user_id, change).await.unwrap();
    }

    /// The first follows the second, or blocks them, or both.
    pub(crate) async fn relates(&self, one: &Person, other: &Person, follows: bool, blocks: bool) {
        let (user_id, other) = (one.user_id.clone(), other.user_id.clone());
        let relation = Relate { user_id, other, follows: Some(follows), blocks: Some(blocks) };
        self.app.tell_relations("default", vec![relation]).await.unwrap();
    }

    /// The two follow each other.
    pub(crate) async fn befriends(&self, one: &Person, other: &Person) {
        self.relates(one, other, true, false).await;
        self.relates(other, one, true, false).await;
    }

    /// What a query of the store answers.
    pub(crate) async fn reads<Q: Query>(&self, query: Q) -> Q::Out {
        self.store.read(query).await.unwrap()
    }

    /// How many attempts to reach strangers are kept.
    pub(crate) async fn attempts(&self) -> i64 {
        self.reads(Attempts).await
    }

    /// Two people in a direct conversation.
    pub(crate) async fn friends(&self) -> (Person, Person, String) {
        let (ana, ben) = (self.person("ana").await, self.person("ben").await);
        let room = ana.creates(&[&ben], json!({"preset": "private_chat", "is_direct": true})).await;
        ben.joins(&room).await;
        (ana, ben, room)
    }
}

/// Percent-encodes a path or query part.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}

impl Person {
    /// Any request; `path` comes after `/_matrix/client/`.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_matrix/client/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&bytes)));
        (status, body)
    }

    /// A request with a body that need not be JSON: status and errcode.
    pub(crate) async fn sends_bytes(&self, method: Method, path: &str, body: impl Into<Body>) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_matrix/client/{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .body(body.into())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        (status, answer["errcode"].as_str().unwrap_or_default().to_owned())
    }

    /// Any request to any path: status, headers and the body as it came.
    pub(crate) async fn asks(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        Answer { status: head.status.as_u16(), headers: head.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
    }

    /// A request that must succeed.
    pub(crate) async fn ok(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.request(method.clone(), path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.ok(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.ok(Method::POST, path, Some(body)).await
    }

    /// A request that must fail: status and errcode.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
        let (status, answer) = self.request(method, path, body).await;
        assert!(status.is_client_error(), "{path}: {status} {answer}");
        (status.as_u16(), answer["errcode"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) async fn creates(&self, invited: &[&Person], mut options: Value) -> String {
        options["invite"] = invited.iter().map(|one| one.user_id.to_string()).collect();
        self.post("v3/createRoom", options).await["room_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn joins(&self, room: &str) {
        self.post(&format!("v3/join/{}", encoded(room)), json!({})).await;
    }

    pub(crate) async fn leaves(&self, room: &str) {
        self.post(&format!("v3/rooms/{}/leave", encoded(room)), json!({})).await;
    }

    pub(crate) async fn invites(&self, other: &Person, room: &str) {
        self.post(&format!("v3/rooms/{}/invite", encoded(room)), json!({"user_id": other.user_id})).await;
    }

    /// Kicks, bans or unbans somebody: `action` is the endpoint's name. Status and errcode.
    pub(crate) async fn acts_on(&self, action: &str, other: &Person, room: &str) -> (u16, String) {
        let body = json!({"user_id": other.user_id, "reason": action}).to_string();
        self.sends_bytes(Method::POST, &format!("v3/rooms/{}/{action}", encoded(room)), body).await
    }

    /// The content of a piece of state.
    pub(crate) async fn state(&self, room: &str, event_type: &str, state_key: &str) -> Value {
        self.get(&format!("v3/rooms/{}/state/{event_type}/{}", encoded(room), encoded(state_key))).await
    }

    /// Sends an event and gives its ID.
    pub(crate) async fn sends(&self, room: &str, event_type: &str, txn_id: &str, content: Value) -> String {
        let path = format!("v3/rooms/{}/send/{event_type}/{txn_id}", encoded(room));
        self.put(&path, content).await["event_id"].as_str().unwrap().to_owned()
    }

    /// An event that one may read.
    pub(crate) async fn event(&self, room: &str, event_id: &str) -> Value {
        self.get(&format!("v3/rooms/{}/event/{}", encoded(room), encoded(event_id))).await
    }

    /// Says something and gives the event's ID. The text is the transaction ID too: say different things.
    pub(crate) async fn says(&self, text: &str, room: &str) -> String {
        let path = format!("v3/rooms/{}/send/m.room.message/{}", encoded(room), encoded(text));
        let answer = self.put(&path, json!({"msgtype": "m.text", "body": text})).await;
        answer["event_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sets(&self, room: &str, event_type: &str, state_key: &str, content: Value) -> String {
        let path = format!("v3/rooms/{}/state/{event_type}/{}", encoded(room), encoded(state_key));
        self.put(&path, content).await["event_id"].as_str().unwrap().to_owned()
    }

    /// A sync that does not wait; `query` is appended.
    pub(crate) async fn syncs(&self, query: &str) -> Value {
        self.get(&format!("v3/sync?timeout=0{query}")).await
    }

    pub(crate) async fn syncs_since(&self, since: &Value) -> Value {
        self.syncs(&format!("&since={}", next(since))).await
    }
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and errcode; no errcode for what is no refusal.
    pub(crate) fn plain(&self) -> (u16, String) {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        (self.status, body["errcode"].as_str().unwrap_or_default().to_owned())
    }
}

/// The `next_batch` of a sync.
pub(crate) fn next(sync: &Value) -> &str {
    sync["next_batch"].as_str().unwrap()
}

/// What was said, in order: the bodies of the messages in a list of events.
pub(crate) fn bodies(events: &Value) -> Vec<&str> {
    let messages = events
        .as_array()
        .into_iter()
        .flatten()
        .filter(|event| event["type"] == "m.room.message" && event["content"]["msgtype"] == "m.text");
    messages.filter_map(|event| event["content"]["body"].as_str()).collect()
}

/// `type` or `type/state_key` of each event of a list.
pub(crate) fn kinds(events: &Value) -> Vec<String> {
    let kind = |event: &Value| match event["state_key"].as_str() {
        Some(key) if !key.is_empty() => format!("{}/{key}", event["type"].as_str().unwrap()),
        _ => event["type"].as_str().unwrap().to_owned(),
    };
    events.as_array().into_iter().flatten().map(kind).collect()
}

/// What a sync says about a joined room.
pub(crate) fn joined<'a>(sync: &'a Value, room: &str) -> &'a Value {
    &sync["rooms"]["join"][room]
}
