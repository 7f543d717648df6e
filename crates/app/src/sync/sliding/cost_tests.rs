//! What a poll reads, counted.

use std::sync::Arc;

use model::clock::Timestamp;
use model::conversation::Mode;
use model::event::Draft;
use model::id::{OwnedDeviceId, OwnedRoomId, OwnedUserId, UserId};
use model::json::parse_object;
use model::person::AgeBand;
use model::ruma::RoomVersionId;
use model::sliding::{RoomConfig, Wanted};
use store::command::append_events::{AppendEvents, AuthState, SetMembership, Step};
use store::command::create_room::CreateRoom;
use store::command::create_user::CreateUser;
use store::command::fanout::Append;
use store::query::room_snapshot::RoomSnapshot;
use store::query::sliding::{HeavySliding, Sliding, SlidingOutcome};
use store::{Query, Row, Store, StoreError, Tx, Value};

use super::connection::Connection;
use super::engine::{Engine, Next};
use super::{List, SlidingRequest};

/// A transaction that counts its statements and the rows they give.
struct Counting<'a, T> {
    tx: &'a mut T,
    statements: usize,
    rows: usize,
}

impl<T: Tx> Tx for Counting<'_, T> {
    async fn rows(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let rows = self.tx.rows(sql, args).await?;
        self.statements += 1;
        self.rows += rows.len();
        Ok(rows)
    }

    async fn exec(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        self.tx.exec(sql, args).await
    }
}

/// A query with what it cost: statements and rows.
struct Counted<Q>(Q);

impl<Q: Query> Query for Counted<Q> {
    type Out = (Q::Out, (usize, usize));

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let mut counting = Counting { tx, statements: 0, rows: 0 };
        let out = self.0.run(&mut counting).await?;
        Ok((out, (counting.statements, counting.rows)))
    }
}

fn person(user_id: &OwnedUserId) -> CreateUser {
    CreateUser {
        user_id: user_id.clone(),
        password_hash: None,
        display_name: None,
        age_band: AgeBand::default(),
        jurisdiction: String::new(),
        tenant: "default".to_owned(),
        service: false,
        now: Timestamp(0),
    }
}

fn step(sender: &OwnedUserId, event_type: &str, state_key: Option<&str>, content: &str, recipients: &[&OwnedUserId]) -> Step {
    let draft = Draft {
        sender: sender.clone(),
        event_type: event_type.to_owned(),
        state_key: state_key.map(str::to_owned),
        content: parse_object(content).unwrap(),
        origin_ts: Timestamp(0),
    };
    let recipients = recipients.iter().map(|user| (*user).clone()).collect();
    let append = Append { draft, recipients, notifies: true, mentions: Vec::new(), withheld: false, origin: None };
    let join = |user: &str| SetMembership { user: UserId::parse(user).unwrap(), membership: "join", stripped: None, profile_only: false };
    Step { append, membership: state_key.filter(|_| event_type == "m.room.member").map(join), redacts: None, sealed: None }
}

struct Scene {
    store: Store,
    ana: OwnedUserId,
    ben: OwnedUserId,
    rooms: Vec<OwnedRoomId>,
    request: Arc<SlidingRequest>,
    connection: Arc<Connection>,
    since: Option<model::seq::InboxPos>,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// Ana and Ben in so many rooms, of which Ben's client shows the first `shown`.
    async fn of(count: usize, shown: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
        let (ana, ben) = (UserId::parse("@ana:x").unwrap(), UserId::parse("@ben:x").unwrap());
        for one in [&ana, &ben] {
            assert!(store.run(person(one)).await.unwrap());
        }
        let mut rooms = Vec::new();
        for n in 0..count {
            let steps = vec![
                step(&ana, "m.room.create", Some(""), &format!(r#"{{"room_version":"12","n":"{n}"}}"#), &[&ana]),
                step(&ana, "m.room.member", Some("@ana:x"), r#"{"membership":"join"}"#, &[&ana]),
                step(&ben, "m.room.member", Some("@ben:x"), r#"{"membership":"join"}"#, &[&ana, &ben]),
            ];
            let command = CreateRoom { version: RoomVersionId::V12, mode: Mode::Readable, tenant: "default".to_owned(), steps };
            rooms.push(store.run(command).await.unwrap().room_id);
        }
        let list = List { ranges: vec![(0, shown - 1)], config: RoomConfig::new(5, Wanted::default()), ..List::default() };
        let request = SlidingRequest { lists: [("all".to_owned(), list)].into(), ..SlidingRequest::default() };
        let (request, connection) = (Arc::new(request), Arc::default());
        Self { store, ana, ben, rooms, request, connection, since: None, _folder: folder }
    }

    async fn says(&self, room: usize) {
        let room_id = self.rooms[room].clone();
        let room = self.store.read(RoomSnapshot { room_id: room_id.clone() }).await.unwrap().unwrap();
        let command = AppendEvents {
            room_id,
            version: RoomVersionId::V12,
            state_version: room.state_version,
            auth: AuthState::new(),
            steps: vec![step(&self.ana, "m.room.message", None, r#"{"body":"hi"}"#, &[&self.ana, &self.ben])],
            txn: None,
            flag: None,
        };
        self.store.run(command).await.unwrap();
    }

    fn query(&self) -> Sliding<Engine> {
        let chooser = Engine {
            request: Arc::clone(&self.request),
            connection: Arc::clone(&self.connection),
            lists: self.request.lists_digest(),
            first: self.since.is_none(),
        };
        Sliding {
            user_id: self.ben.clone(),
            device_id: OwnedDeviceId::from("PHONE"),
            since: self.since,
            queue: model::seq::InboxPos::ZERO,
            messages: 0,
            e2ee: false,
            account_data: None,
            chooser,
        }
    }

    /// Polls until there is no more; gives the rooms told and the cost of the last, `None` for one that looked at all rooms.
    async fn polls(&mut self) -> (usize, Option<(usize, usize)>) {
        let mut told = 0;
        loop {
            let (mut outcome, cost) = self.store.read(Counted(self.query())).await.unwrap();
            let light = !matches!(outcome, SlidingOutcome::Much);
            if !light {
                outcome = self.store.read(HeavySliding(self.query())).await.unwrap();
            }
            let SlidingOutcome::News(news) = outcome else { panic!("lost") };
            told += news.rooms.len();
            self.since = Some(news.pos);
            let Next { shape, rooms } = news.next;
            let more = shape.more;
            let mut now = self.connection.rooms.clone();
            now.extend(rooms.into_iter().filter_map(|(room_id, told)| Some((room_id, told?))));
            self.connection = Arc::new(Connection::new(shape, now));
            if !more {
                return (told, light.then_some(cost));
            }
        }
    }
}

/// What polls cost: with nothing new, with a message in the room on top, with one in the last room.
async fn costs(rooms: usize, shown: usize) -> [(usize, Option<(usize, usize)>); 3] {
    let mut scene = Scene::of(rooms, shown).await;
    assert_eq!(scene.polls().await.0, shown.min(rooms));
    let nothing = scene.polls().await;
    scene.says(rooms - 1).await;
    let on_top = scene.polls().await;
    scene.says(0).await;
    [nothing, on_top, scene.polls().await]
}

#[tokio::test]
async fn a_poll_costs_the_same_with_ten_rooms_and_with_a_thousand() {
    for shown in [5, 2_000] {
        let (few, many) = (costs(10, shown).await, costs(1_000, shown).await);
        assert_eq!(few, many, "{shown} places");
        let [nothing, on_top, below] = few;
        assert_eq!(nothing, (0, Some((1, 1))), "one statement, one row");
        assert_eq!((on_top.0, below.0), (1, 1));
        for (_, cost) in [on_top, below] {
            let (statements, rows) = cost.expect("not all rooms are looked at");
            assert!(statements <= 16 && rows <= 16, "{statements} statements, {rows} rows");
        }
    }
}

#[tokio::test]
async fn an_answer_is_bounded_and_the_next_goes_on() {
    let mut scene = Scene::of(model::limits::SLIDING_ROOMS + 20, 2_000).await;
    assert_eq!(scene.polls().await.0, model::limits::SLIDING_ROOMS + 20);
    for room in 0..scene.rooms.len() {
        scene.says(room).await;
    }
    assert_eq!(scene.polls().await.0, model::limits::SLIDING_ROOMS + 20, "each once, over two answers");
    assert_eq!(scene.polls().await, (0, Some((1, 1))));
}
