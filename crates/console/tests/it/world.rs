//! A server with a few rules, two people in a conversation, and staff.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::accounts::login::NewDevice;
use app::accounts::register::StaffMadeAccount;
use app::config::{ModeRules, OnEncryptionRequest, Registration, Webhook};
use app::rooms::create::{NewRoom, Preset};
use app::rooms::send::Message;
use app::rules::Rules;
use app::{App, Caller, Config, Error};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use model::clock::{ManualClock, SeededEntropy, Timestamp};
use model::id::{OwnedEventId, OwnedRoomId, OwnedServerName, OwnedUserId, TenantId};
use model::person::{AgeBand, Role};
use model::secret::Secret;
use serde_json::{Value, json};
use store::command::update_user::UserChange;
use store::{Command, Query, Store, StoreError, Tx, args};
use tower::ServiceExt;

/// Words that earn each verdict.
const PACK: &str = r#"
pack: test
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: "test"}
terms:
  flagged: {keys: [flagword]}
  held: {keys: [holdword]}
  blocked: {keys: [blockword]}
  child: {keys: [childword]}
rules:
  - {id: f, title: flagged, status: live, reads: [content], harm: harassment, when: "terms.flagged > 0", verdict: annotate, severity: 2, queue: safety, explain: "a word that is looked at", owner: tests, review_by: "2030-01-01", tests: [{text: flagword, expect: annotate}, {text: fine, expect: allow}]}
  - {id: h, title: held, status: live, reads: [content], harm: spam.fraud, when: "terms.held > 0", verdict: hold, hold: {ttl: 1h, on_timeout: release}, severity: 2, queue: safety, explain: "a word that waits", owner: tests, review_by: "2030-01-01", tests: [{text: holdword, expect: hold}, {text: fine, expect: allow}]}
  - {id: b, title: blocked, status: live, reads: [content], harm: violence.threat, when: "terms.blocked > 0", verdict: block, severity: 3, queue: safety, explain: "a word that stops", owner: tests, review_by: "2030-01-01", tests: [{text: blockword, expect: block}, {text: fine, expect: allow}]}
  - {id: c, title: child, status: live, reads: [content], harm: child_safety.grooming, when: "terms.child > 0", verdict: annotate, severity: 4, queue: child-safety, explain: "a word about a child", owner: tests, review_by: "2030-01-01", tests: [{text: childword, expect: annotate}, {text: fine, expect: allow}]}
"#;

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000);

/// A server over a fresh database.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) router: Router,
    pub(crate) ana: Person,
    pub(crate) ben: Person,
    pub(crate) room: OwnedRoomId,
    _folder: tempfile::TempDir,
}

/// A member with a device.
pub(crate) struct Person {
    pub(crate) user_id: OwnedUserId,
    pub(crate) token: String,
    pub(crate) caller: Arc<Caller>,
}

/// Somebody in front of the console.
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_webhook(None).await
    }

    pub(crate) async fn with_webhook(webhook: Option<Webhook>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = match std::env::var("FRANKLY_TEST_ON").as_deref() {
            Ok("postgres") => fresh_postgres().await,
            _ => Store::open_sqlite(&folder.path().join("frankly.db")).unwrap(),
        };
        let config = Config {
            server_name: OwnedServerName::try_from("example.org").unwrap(),
            base_url: "https://chat.example.org".to_owned(),
            dev: true,
            registration: Registration::Closed,
            registered_age: AgeBand::Adult,
            jwt: None,
            on_encryption_request: OnEncryptionRequest::Strip,
            modes: ModeRules::shipped("choice").unwrap(),
            media: app::media::MediaBounds::default(),
            push: app::config::PushGateways::default(),
            webhook,
            keep_evidence_ms: Some(180 * 86_400_000),
            appeal_contact: "safety@example.org".to_owned(),
            tenant: TenantId::default(),
        };
        let clock = Arc::new(ManualClock::at(START));
        let rules = Rules::load(&[("test.yaml", PACK)]).unwrap();
        let app = Arc::new(App::new(
            config,
            store.clone(),
            app::media::Blobs::in_memory(),
            Arc::clone(&clock) as _,
            Arc::new(SeededEntropy::new(7)),
            rules,
        ));
        app.ensure_service_account().await.unwrap();
        let router = console::router(Arc::clone(&app));
        let (ana, ben) = (person(&app, "ana").await, person(&app, "ben").await);
        let wish = NewRoom {
            preset: Preset::Private,
            is_direct: true,
            invite: vec![ben.user_id.clone()],
            name: None,
            topic: None,
            creation_content: None,
            initial_state: vec![],
            power_levels: None,
            version: None,
        };
        let room = app.create_room(&ana.caller, wish).await.unwrap();
        app.join(&ben.caller, room.clone(), None).await.unwrap();
        Self { app, store, clock, router, ana, ben, room, _folder: folder }
    }

    /// Ana says something.
    pub(crate) async fn says(&self, text: &str) -> Result<OwnedEventId, Error> {
        let content = json!({"msgtype": "m.text", "body": text}).to_string();
        let txn_id = format!("{text}-{}", self.count("select count(*) from events where sender <> $1", "").await);
        let message = Message { room_id: self.room.clone(), event_type: "m.room.message".to_owned(), txn_id, content };
        self.app.send(&self.ana.caller, message).await
    }

    /// A browser in which a member of staff with these roles is logged in.
    pub(crate) async fn staff(&self, name: &str, roles: &[Role]) -> Browser {
        let user = account(&self.app, name).await;
        for role in roles {
            self.app.change_account(&user, UserChange::AddRole(*role)).await.unwrap();
        }
        let mut browser = self.browser();
        let answer = browser.post("console/login", json!({"user": name, "password": "correct horse"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    /// A browser in which nobody is logged in.
    pub(crate) fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: String::new() }
    }

    /// What a member is answered who asks with their token.
    pub(crate) async fn asks(&self, who: &Person, path: &str) -> Answer {
        let request = Request::get(format!("/_frankly/v1/{path}")).header(header::AUTHORIZATION, format!("Bearer {}", who.token));
        ask(&self.router, request.body(Body::empty()).unwrap()).await
    }

    /// What a person has in their inbox, in order: the body of each message that is not from `besides`.
    pub(crate) async fn inbox(&self, who: &Person) -> Vec<String> {
        let sql = "select e.content from inbox i join events e on e.room_id = i.room_id and e.room_pos = i.room_pos \
                   where i.user_id = $1 and e.type = 'm.room.message' order by i.pos";
        let rows = self.store.read(Ask { sql, arg: who.user_id.to_string() }).await.unwrap();
        rows.iter().map(|row| row.json::<Value>(0).unwrap()["body"].as_str().unwrap_or("(redacted)").to_owned()).collect()
    }

    /// Changes the database behind the server's back.
    pub(crate) async fn changes(&self, sql: &'static str) {
        self.store.run(Statement(sql)).await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str, arg: &str) -> i64 {
        self.store.read(Ask { sql, arg: arg.to_owned() }).await.unwrap()[0].int(0).unwrap()
    }
}

/// A store in a new schema of the PostgreSQL that `FRANKLY_TEST_POSTGRES` names.
async fn fresh_postgres() -> Store {
    static SCHEMAS: AtomicU64 = AtomicU64::new(0);
    let url = std::env::var("FRANKLY_TEST_POSTGRES").expect("FRANKLY_TEST_ON=postgres needs FRANKLY_TEST_POSTGRES");
    // process numbers come again, and schemas stay
    let moment = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let schema = format!("c{}_{}_{moment}", std::process::id(), SCHEMAS.fetch_add(1, Ordering::Relaxed));
    let outer = Store::open_postgres(&url).await.unwrap();
    outer.run(Statement(format!("create schema {schema}").leak())).await.unwrap();
    outer.close().await;
    let separator = if url.contains('?') { '&' } else { '?' };
    Store::open_postgres(&format!("{url}{separator}options=-csearch_path%3D{schema}")).await.unwrap()
}

struct Statement(&'static str);

impl Command for Statement {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec(self.0, args![]).await.map(|_| ())
    }
}

async fn account(app: &App, name: &str) -> OwnedUserId {
    let new = StaffMadeAccount {
        localpart: name.to_owned(),
        password: Some(Secret::new("correct horse".to_owned())),
        display_name: Some(name.to_uppercase()),
        age_band: AgeBand::Adult,
        jurisdiction: String::new(),
    };
    app.make_account(new).await.unwrap()
}

pub(crate) async fn person(app: &App, name: &str) -> Person {
    let user_id = account(app, name).await;
    let session = app.log_in(name, &Secret::new("correct horse".to_owned()), NewDevice::default()).await.unwrap();
    let token = session.tokens.access.expose().clone();
    let caller = app.authenticate(&token).await.unwrap();
    Person { user_id, token, caller }
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("/_frankly/v1/{path}")).header(header::COOKIE, &self.cookie);
        ask(&self.router, request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let request = Request::post(format!("/_frankly/v1/{path}")).header(header::COOKIE, &self.cookie).header("x-frankly-console", "1");
        ask(&self.router, request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// Claims a case and opens it.
    pub(crate) async fn opens(&self, case: i64) -> Answer {
        self.post(&format!("console/cases/{case}/claim"), json!({})).await;
        self.post(&format!("console/cases/{case}/reveal"), json!({"reason": "to judge the flag"})).await
    }

    /// Claims a case and decides it.
    pub(crate) async fn decides(&self, case: i64, outcome: &str) -> Answer {
        self.post(&format!("console/cases/{case}/claim"), json!({})).await;
        self.post(&format!("console/cases/{case}/decide"), json!({"outcome": outcome, "note": "as the rules say"})).await
    }
}

/// Asks the router and reads the whole answer.
pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status, headers: head.headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

struct Ask {
    sql: &'static str,
    arg: String,
}

impl Query for Ask {
    type Out = Vec<store::Row>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<store::Row>, StoreError> {
        tx.rows(self.sql, args![self.arg.as_str()]).await
    }
}
