//! A room with two people, a reviewer, and a message of any standing.

use model::case::{Outcome, Priority};
use model::clock::Timestamp;
use model::conversation::Mode;
use model::event::Draft;
use model::finding::{Findings, Hit};
use model::id::{CaseId, OwnedEventId, OwnedRoomId, OwnedUserId};
use model::json::parse_object;
use model::person::Role;
use model::ruma::RoomVersionId;
use model::verdict::{Action, HoldTerms, OnTimeout, Reason, Verdict};
use serde_json::{Value as Json, json};
use store::command::append_events::{AppendEvents, AppendOutcome, SetMembership, Step};
use store::command::claim_case::{ClaimCase, ClaimOutcome};
use store::command::create_room::CreateRoom;
use store::command::decide_case::{DecideCase, DecideOutcome};
use store::command::fanout::Append;
use store::command::open_flag::NewFlag;
use store::command::refuse_message::{RefuseMessage, RefuseOutcome};
use store::command::reveal::{Reveal, RevealOutcome};
use store::{Command, Query, Row, Store, StoreError, Tx, args};

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp(1_800_000_000_000);

/// A test on SQLite and, where one is configured, on PostgreSQL.
macro_rules! with_world {
    ($(async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run($world: $crate::review::world::World) $body

            #[tokio::test]
            async fn sqlite() {
                run($crate::review::world::World::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                match $crate::review::world::World::postgres().await {
                    Some(world) => run(world).await,
                    None => eprintln!("skipped on PostgreSQL: FRANKLY_TEST_POSTGRES is not set"),
                }
            }
        }
    )*};
}
pub(crate) use with_world;

/// An empty database and the people of the tests.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) ana: OwnedUserId,
    pub(crate) ben: OwnedUserId,
    pub(crate) rita: OwnedUserId,
    pub(crate) service: OwnedUserId,
    pub(crate) room: OwnedRoomId,
    /// Where the database is, if it is SQLite.
    pub(crate) folder: Option<tempfile::TempDir>,
}

pub(crate) fn user(name: &str) -> OwnedUserId {
    OwnedUserId::try_from(format!("@{name}:example.org")).unwrap()
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
        Self::with(store, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let store = crate::backend::fresh_postgres().await?;
        Some(Self::with(store, None).await)
    }

    async fn with(store: Store, folder: Option<tempfile::TempDir>) -> Self {
        for (name, age_band) in
            [("ana", "adult"), ("ben", "adult"), ("kim", "13-15"), ("rita", "adult"), ("sam", "adult"), ("frankly", "adult")]
        {
            store.run(AddPerson { user: user(name), age_band }).await.unwrap();
        }
        let room = make_room(&store, &user("ana"), &user("ben"), Mode::Readable).await;
        Self { store, ana: user("ana"), ben: user("ben"), rita: user("rita"), service: user("frankly"), room, folder }
    }

    /// Ana says something that the scanner lets through, annotates or withholds.
    pub(crate) async fn says(&self, text: &str, verdict: Option<Verdict>, now: Timestamp) -> (OwnedEventId, Option<CaseId>) {
        let withheld = verdict.as_ref().is_some_and(|verdict| verdict.action == Action::Hold);
        let recipients = if withheld { vec![self.ana.clone()] } else { vec![self.ana.clone(), self.ben.clone()] };
        let flag = verdict.map(|verdict| self.flag(verdict, None, now));
        let draft = draft(&self.ana, "m.room.message", None, &json!({"msgtype": "m.text", "body": text}), now);
        let append = Append { draft, recipients, notifies: true, mentions: vec![], withheld, origin: None };
        let state_version = self.int("select state_version from rooms where room_id = $1", self.room.as_str()).await;
        let command = AppendEvents {
            room_id: self.room.clone(),
            version: RoomVersionId::V12,
            state_version,
            auth: std::collections::BTreeMap::new(),
            steps: vec![Step { append, membership: None, redacts: None, sealed: None }],
            txn: None,
            flag,
        };
        match self.store.run(command).await.unwrap() {
            AppendOutcome::Done(appended, case) => (appended[0].event_id.clone(), case),
            AppendOutcome::Replayed(_) => panic!("nothing was sent before"),
        }
    }

    /// Ana takes a message back.
    pub(crate) async fn redacts(&self, event_id: &OwnedEventId) {
        let draft = draft(&self.ana, "m.room.redaction", None, &json!({"redacts": event_id}), START);
        let recipients = vec![self.ana.clone(), self.ben.clone()];
        let append = Append { draft, recipients, notifies: false, mentions: vec![], withheld: false, origin: None };
        let state_version = self.int("select state_version from rooms where room_id = $1", self.room.as_str()).await;
        let command = AppendEvents {
            room_id: self.room.clone(),
            version: RoomVersionId::V12,
            state_version,
            auth: std::collections::BTreeMap::new(),
            steps: vec![Step { append, membership: None, redacts: Some(event_id.clone()), sealed: None }],
            txn: None,
            flag: None,
        };
        self.store.run(command).await.unwrap();
    }

    /// Ana says something that is refused at once.
    pub(crate) async fn is_refused(&self, text: &str, now: Timestamp) -> CaseId {
        let content = json!({"msgtype": "m.text", "body": text}).to_string();
        let flag = self.flag(verdict(Action::Block), Some(content), now);
        match self.store.run(RefuseMessage { flag, refusal: json!({}), txn: None }).await.unwrap() {
            RefuseOutcome::Opened(case) => case,
            RefuseOutcome::Replayed(_) => panic!("nothing was sent before"),
        }
    }

    fn flag(&self, verdict: Verdict, blocked_content: Option<String>, now: Timestamp) -> NewFlag {
        let hit = Hit { term: "threats".to_owned(), key: "hurt".to_owned(), field: "body".to_owned(), start: 0, end: 4 };
        NewFlag {
            room_id: self.room.clone(),
            sender: self.ana.clone(),
            event_type: "m.room.message".to_owned(),
            verdict,
            facts: model::facts::Facts::default(),
            findings: Findings { hits: vec![hit], ..Findings::default() },
            blocked_content,
            now,
            tell_webhook: true,
        }
    }

    pub(crate) async fn claims(&self, case_id: CaseId, staff: &OwnedUserId, now: Timestamp) -> ClaimOutcome {
        self.store.run(ClaimCase { case_id, staff: staff.clone(), now }).await.unwrap()
    }

    pub(crate) fn reveal(&self, case_id: CaseId, now: Timestamp) -> Reveal {
        Reveal { case_id, staff: self.rita.clone(), role: Role::Reviewer, reason: "to judge the flag".to_owned(), window: 5, now }
    }

    pub(crate) async fn reveals(&self, case_id: CaseId, now: Timestamp) -> RevealOutcome {
        self.store.run(self.reveal(case_id, now)).await.unwrap()
    }

    pub(crate) fn decision(&self, case_id: CaseId, outcome: Outcome, now: Timestamp) -> DecideCase {
        DecideCase {
            case_id,
            decider: self.rita.clone(),
            outcome,
            note: "as the rules say".to_owned(),
            tell_sender: String::new(),
            service: self.service.clone(),
            now,
            tell_webhook: true,
        }
    }

    /// Rita claims the case and decides it.
    pub(crate) async fn decides(&self, case_id: CaseId, outcome: Outcome, now: Timestamp) -> DecideOutcome {
        assert_eq!(self.claims(case_id, &self.rita, now).await, ClaimOutcome::Claimed);
        self.store.run(self.decision(case_id, outcome, now)).await.unwrap()
    }

    /// What a person's inbox holds of the room, in their order: the text of messages, the type of the rest.
    pub(crate) async fn inbox(&self, who: &OwnedUserId) -> Vec<String> {
        let sql = "select e.type, e.content from inbox i join events e on e.room_id = i.room_id and e.room_pos = i.room_pos \
                   where i.user_id = $1 and e.state_key is null order by i.pos";
        let rows = self.rows(sql, who.as_str()).await;
        let shown = |row: &Row| {
            let content: Json = row.json(1).unwrap();
            content["body"].as_str().map_or_else(|| row.text(0).unwrap().to_owned(), str::to_owned)
        };
        rows.iter().map(shown).collect()
    }

    /// The timeline of the room by place: the text of messages that were delivered.
    pub(crate) async fn timeline(&self) -> Vec<String> {
        let sql = "select type, content from events where room_id = $1 and state_key is null and withheld = 0 order by room_pos";
        let rows = self.rows(sql, self.room.as_str()).await;
        let shown = |row: &Row| {
            let content: Json = row.json(1).unwrap();
            content["body"].as_str().map_or_else(|| row.text(0).unwrap().to_owned(), str::to_owned)
        };
        rows.iter().map(shown).collect()
    }

    /// Notices in the outbox: to whom, as what, and where the message stands.
    pub(crate) async fn notices(&self) -> Vec<(String, String, String)> {
        let rows = self.rows("select payload from outbox where kind = $1 order by outbox_id", "notice").await;
        let read = |row: &Row| {
            let payload: Json = row.json(0).unwrap();
            let text = |key: &str| payload[key].as_str().unwrap_or("-").to_owned();
            (text("to"), text("part"), text("after"))
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn rows(&self, sql: &'static str, arg: &str) -> Vec<Row> {
        self.store.read(Ask { sql, arg: arg.to_owned() }).await.unwrap()
    }

    pub(crate) async fn int(&self, sql: &'static str, arg: &str) -> i64 {
        self.rows(sql, arg).await[0].int(0).unwrap()
    }

    pub(crate) async fn text(&self, sql: &'static str, arg: &str) -> String {
        self.rows(sql, arg).await[0].text(0).unwrap().to_owned()
    }
}

/// A verdict as a rule about threats would give it.
pub(crate) fn verdict(action: Action) -> Verdict {
    let reason = Reason {
        rule: "test/th-1".to_owned(),
        harm: "violence.threat".to_owned(),
        severity: 3,
        action,
        shadow: false,
        queue: "safety".to_owned(),
        explain: "a threat".to_owned(),
        score: 0.9,
        ..Reason::default()
    };
    let hold = (action == Action::Hold).then_some(HoldTerms { ttl_ms: 60_000, on_timeout: OnTimeout::Block });
    Verdict { action, hold, reasons: vec![reason], pack_version: "test".to_owned() }
}

/// A verdict that withholds and is open after a minute.
pub(crate) fn opening() -> Verdict {
    Verdict { hold: Some(HoldTerms { ttl_ms: 60_000, on_timeout: OnTimeout::Release }), ..verdict(Action::Hold) }
}

pub(crate) fn priority_of(rank: i64) -> Priority {
    Priority::from_rank(rank).unwrap()
}

fn draft(sender: &OwnedUserId, event_type: &str, state_key: Option<&str>, content: &Json, now: Timestamp) -> Draft {
    Draft {
        sender: sender.clone(),
        event_type: event_type.to_owned(),
        state_key: state_key.map(str::to_owned),
        content: parse_object(&content.to_string()).unwrap(),
        origin_ts: now,
    }
}

/// A room in which both people are.
pub(crate) async fn make_room(store: &Store, ana: &OwnedUserId, ben: &OwnedUserId, mode: Mode) -> OwnedRoomId {
    let both = vec![ana.clone(), ben.clone()];
    let step = |draft: Draft, join: Option<&OwnedUserId>| Step {
        append: Append { draft, recipients: both.clone(), notifies: false, mentions: vec![], withheld: false, origin: None },
        membership: join.map(|user| SetMembership { user: user.clone(), membership: "join", stripped: None, profile_only: false }),
        redacts: None,
        sealed: None,
    };
    let join =
        |user: &OwnedUserId| step(draft(user, "m.room.member", Some(user.as_str()), &json!({"membership": "join"}), START), Some(user));
    let create = json!({"room_version": "12", "org.frankly.conversation": {"mode": mode.as_str()}});
    let steps = vec![
        step(draft(ana, "m.room.create", Some(""), &create, START), None),
        join(ana),
        step(draft(ana, "m.room.power_levels", Some(""), &json!({"users": {}}), START), None),
        join(ben),
    ];
    let command = CreateRoom { version: RoomVersionId::V12, mode, tenant: "default".to_owned(), steps };
    store.run(command).await.unwrap().room_id
}

struct AddPerson {
    user: OwnedUserId,
    age_band: &'static str,
}

impl Command for AddPerson {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let sql = "insert into users (user_id, localpart, age_band, jurisdiction, tenant, state, created_ms) values ($1, $2, $3, '', 'default', 'active', 0)";
        tx.exec(sql, args![&self.user, self.user.localpart(), self.age_band]).await?;
        tx.exec("insert into user_seq (user_id, pos) values ($1, 0)", args![&self.user]).await?;
        Ok(())
    }
}

/// One statement with one argument.
pub(crate) struct Sql(pub(crate) &'static str, pub(crate) String);

impl Command for Sql {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.exec(self.0, args![self.1.as_str()]).await.map(|_| ())
    }
}

struct Ask {
    sql: &'static str,
    arg: String,
}

impl Query for Ask {
    type Out = Vec<Row>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Row>, StoreError> {
        tx.rows(self.sql, args![self.arg.as_str()]).await
    }
}
