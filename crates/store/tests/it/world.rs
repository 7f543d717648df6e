//! People and rooms for tests of the store.

use model::clock::Timestamp;
use model::conversation::Mode;
use model::event::Draft;
use model::id::{OwnedRoomId, OwnedUserId, UserId};
use model::json::parse_object;
use model::room::Snapshot;
use model::ruma::RoomVersionId;
use store::command::append_events::{AppendEvents, AppendOutcome, AuthState, SetMembership, Step};
use store::command::create_room::CreateRoom;
use store::command::fanout::{Append, Appended};
use store::command::txn::Txn;
use store::query::room_snapshot::RoomSnapshot;
use store::{Command, Store, StoreError, Tx, args};

/// `@name:example.org`.
pub(crate) fn user(name: &str) -> OwnedUserId {
    UserId::parse(format!("@{name}:example.org")).unwrap()
}

/// Adds bare accounts.
pub(crate) struct AddPeople(pub Vec<OwnedUserId>);

impl Command for AddPeople {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        for user in &self.0 {
            let sql = "insert into users (user_id, localpart, age_band, jurisdiction, tenant, state, created_ms) values ($1, $2, 'adult', '', 'default', 'active', 0)";
            tx.exec(sql, args![user, user.localpart()]).await?;
            tx.exec("insert into user_seq (user_id, pos) values ($1, 0)", args![user]).await?;
        }
        Ok(())
    }
}

pub(crate) fn draft(sender: &OwnedUserId, event_type: &str, state_key: Option<&str>, content: &str) -> Draft {
    Draft {
        sender: sender.clone(),
        event_type: event_type.to_owned(),
        state_key: state_key.map(str::to_owned),
        content: parse_object(content).unwrap(),
        origin_ts: Timestamp(1_700_000_000_000),
    }
}

pub(crate) fn step(draft: Draft, recipients: Vec<OwnedUserId>) -> Step {
    let append = Append { draft, recipients, notifies: true, mentions: vec![], withheld: false, origin: None };
    Step { append, membership: None, redacts: None, sealed: None }
}

pub(crate) fn join_step(user: &OwnedUserId, recipients: Vec<OwnedUserId>) -> Step {
    let draft = draft(user, "m.room.member", Some(user.as_str()), r#"{"membership":"join"}"#);
    let set = SetMembership { user: user.clone(), membership: "join", stripped: None, profile_only: false };
    Step { membership: Some(set), ..step(draft, recipients) }
}

/// Makes a room in which these people are, the first as its creator.
pub(crate) async fn room_of(store: &Store, people: &[OwnedUserId]) -> OwnedRoomId {
    let creator = people[0].clone();
    // the creation time tells rooms of one creator apart, since the ID is a hash of the create event
    let nonce: u64 = rand_nonce();
    let create = draft(&creator, "m.room.create", Some(""), &format!(r#"{{"room_version":"12","nonce":"{nonce}"}}"#));
    let mut steps = vec![step(create, vec![creator])];
    for (index, user) in people.iter().enumerate() {
        let mut recipients = people[..=index].to_vec();
        recipients.sort();
        steps.push(join_step(user, recipients));
    }
    let command = CreateRoom { version: RoomVersionId::V12, mode: Mode::Readable, tenant: "default".to_owned(), steps };
    store.run(command).await.unwrap().room_id
}

fn rand_nonce() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Says something to everybody in the room, judged by its present state.
pub(crate) async fn say(
    store: &Store,
    room_id: &OwnedRoomId,
    sender: &OwnedUserId,
    text: &str,
    txn: Option<&str>,
) -> Result<AppendOutcome, StoreError> {
    let room = store.read(RoomSnapshot { room_id: room_id.clone() }).await?.unwrap();
    say_over(store, &room, sender, text, txn).await
}

/// As [`say`], judged by a state read earlier.
pub(crate) async fn say_over(
    store: &Store,
    room: &Snapshot,
    sender: &OwnedUserId,
    text: &str,
    txn: Option<&str>,
) -> Result<AppendOutcome, StoreError> {
    let content = serde_json::json!({"msgtype": "m.text", "body": text}).to_string();
    let steps = vec![step(draft(sender, "m.room.message", None, &content), room.joined())];
    let txn = txn.map(|key| Txn { user: sender.clone(), device_id: "D".to_owned(), key: key.to_owned(), now: Timestamp(0) });
    store.run(over(room, steps, txn)).await
}

/// Appends steps, judged by the room's present state.
pub(crate) async fn append(store: &Store, room_id: &OwnedRoomId, steps: Vec<Step>) -> Result<AppendOutcome, StoreError> {
    let room = store.read(RoomSnapshot { room_id: room_id.clone() }).await?.unwrap();
    store.run(over(&room, steps, None)).await
}

fn over(room: &Snapshot, steps: Vec<Step>, txn: Option<Txn>) -> AppendEvents {
    let mut auth = AuthState::new();
    for (key, event) in room.state.get("m.room.member").into_iter().flatten() {
        auth.insert(("m.room.member".to_owned(), key.clone()), event.event_id.clone());
    }
    AppendEvents {
        room_id: room.room_id.clone(),
        version: RoomVersionId::V12,
        state_version: room.state_version,
        auth,
        steps,
        txn,
        flag: None,
    }
}

/// The events of a successful append.
pub(crate) fn done(outcome: AppendOutcome) -> Vec<Appended> {
    match outcome {
        AppendOutcome::Done(appended, _) => appended,
        AppendOutcome::Replayed(answer) => panic!("replayed: {answer:?}"),
    }
}

/// A person's inbox: position, room, place.
pub(crate) struct Inbox(pub OwnedUserId);

impl store::Query for Inbox {
    type Out = Vec<(i64, String, i64)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let rows = tx.rows("select pos, room_id, room_pos from inbox where user_id = $1 order by pos", args![&self.0]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?))).collect()
    }
}
