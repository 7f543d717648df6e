//! What a person is told: every event they may see, once and in order, or a gap that the history fills.

use std::collections::BTreeSet;

use model::clock::Timestamp;
use model::filter::{EventFilter, RoomFilter};
use model::id::{OwnedDeviceId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::{InboxPos, RoomPos};
use proptest::prelude::*;
use store::Store;
use store::command::append_events::{AppendEvents, AuthState, SetMembership, Step};
use store::command::compact_inbox::{CompactInbox, Compacted};
use store::command::put_account_data::PutAccountData;
use store::command::put_receipt::PutReceipt;
use store::query::history::{EventContext, From, HistoryPage};
use store::query::room_snapshot::RoomSnapshot;
use store::query::stored_event::StoredEvent;
use store::query::sync::{News, Sync, SyncOutcome, Timeline};

use crate::on_both;
use crate::world::{AddPeople, done, draft, join_step, room_of, say, step, user};

pub(crate) fn ask(user: &OwnedUserId, since: Option<InboxPos>, limit: usize) -> Sync {
    Sync {
        user_id: user.clone(),
        device_id: OwnedDeviceId::from("PHONE"),
        since,
        queue: InboxPos::ZERO,
        timeline: EventFilter { limit: Some(limit), ..EventFilter::default() },
        rooms: RoomFilter::default(),
        full_state: false,
        include_leave: false,
        lazy_members: false,
        state_after: false,
        threads: false,
    }
}

pub(crate) async fn news(store: &Store, ask: Sync) -> News {
    match store.read(ask).await.unwrap() {
        SyncOutcome::News(news) => *news,
        SyncOutcome::Ahead => panic!("the position was given by this store"),
    }
}

pub(crate) async fn append(store: &Store, room_id: &OwnedRoomId, steps: Vec<Step>) -> String {
    let room = store.read(RoomSnapshot { room_id: room_id.clone() }).await.unwrap().unwrap();
    let command = AppendEvents {
        room_id: room_id.clone(),
        version: model::ruma::RoomVersionId::V12,
        state_version: room.state_version,
        auth: AuthState::new(),
        steps,
        txn: None,
        flag: None,
    };
    done(store.run(command).await.unwrap())[0].event_id.to_string()
}

pub(crate) async fn joined_in(store: &Store, room_id: &OwnedRoomId) -> Vec<OwnedUserId> {
    store.read(RoomSnapshot { room_id: room_id.clone() }).await.unwrap().unwrap().joined()
}

pub(crate) async fn join(store: &Store, room_id: &OwnedRoomId, who: &OwnedUserId) -> String {
    let mut recipients = joined_in(store, room_id).await;
    recipients.push(who.clone());
    recipients.sort();
    append(store, room_id, vec![join_step(who, recipients)]).await
}

pub(crate) async fn leave(store: &Store, room_id: &OwnedRoomId, who: &OwnedUserId) -> String {
    let recipients = joined_in(store, room_id).await;
    let draft = draft(who, "m.room.member", Some(who.as_str()), r#"{"membership":"leave"}"#);
    let set = SetMembership { user: who.clone(), membership: "leave", stripped: None, profile_only: false };
    append(store, room_id, vec![Step { membership: Some(set), ..step(draft, recipients) }]).await
}

fn ids(events: &[StoredEvent]) -> Vec<String> {
    events.iter().map(|event| event.event_id.clone()).collect()
}

on_both! {
    async fn a_position_ahead_is_named(store: Store) {
        store.run(AddPeople(vec![user("ana")])).await.unwrap();
        let outcome = store.read(ask(&user("ana"), InboxPos::new(7), 10)).await.unwrap();
        assert_eq!(outcome, SyncOutcome::Ahead);
    }

    async fn many_rooms_are_read_together_as_one_by_one(store: Store) {
        let people: Vec<_> = ["ana", "ben", "cy"].map(user).into();
        store.run(AddPeople(people.clone())).await.unwrap();
        for n in 0..6_usize {
            let room = room_of(&store, &[people[n % 3].clone(), people[(n + 1) % 3].clone()]).await;
            for m in 0..n * 3 {
                say(&store, &room, &people[n % 3], &m.to_string(), None).await.unwrap();
            }
            let topic = draft(&people[n % 3], "m.room.topic", Some(""), r#"{"topic":"tea"}"#);
            append(&store, &room, vec![step(topic, joined_in(&store, &room).await)]).await;
        }
        for person in &people {
            for limit in [1, 4, 10] {
                let together = news(&store, ask(person, None, limit)).await;
                // a filter that lets everything pass takes the other way
                let mut each = ask(person, None, limit);
                each.timeline.not_types = vec!["org.example.nothing".to_owned()];
                let each = news(&store, each).await;
                for (one, other) in together.joined.iter().zip(&each.joined) {
                    assert_eq!(ids(&one.timeline.events), ids(&other.timeline.events));
                    assert_eq!(ids(&one.timeline.state), ids(&other.timeline.state), "limit {limit}");
                    assert_eq!((one.timeline.limited, one.timeline.prev), (other.timeline.limited, other.timeline.prev));
                    assert_eq!(one.summary, other.summary);
                    assert_eq!(one.unread, other.unread);
                }
                assert_eq!(together.joined.len(), each.joined.len());
            }
        }
    }

    async fn account_data_and_receipts_are_told_once(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let said = done(say(&store, &room, &ana, "hi", None).await.unwrap());
        let first = news(&store, ask(&ana, None, 10)).await;
        for content in ["{}", r#"{"a":1}"#] {
            let (room_id, data_type) = (String::new(), "org.example.x".to_owned());
            store.run(PutAccountData { user_id: ana.clone(), room_id, data_type, content: content.to_owned() }).await.unwrap();
        }
        let receipt = PutReceipt {
            room_id: room.clone(),
            user_id: ben.clone(),
            receipt_type: "m.read",
            thread_id: String::new(),
            event_id: said[0].event_id.clone(),
            room_pos: said[0].room_pos,
            now: Timestamp(5),
            told: vec![ana.clone(), ben.clone()],
        };
        assert!(store.run(receipt.clone()).await.unwrap());
        assert!(!store.run(receipt).await.unwrap(), "the same place is no news");
        let second = news(&store, ask(&ana, Some(first.pos), 10)).await;
        assert_eq!(second.account_data, [("org.example.x".to_owned(), r#"{"a":1}"#.to_owned())]);
        assert_eq!(second.joined[0].receipts[0].user_id, ben.as_str());
        assert!(news(&store, ask(&ana, Some(second.pos), 10)).await.is_empty());
        assert_eq!(news(&store, ask(&ben, None, 10)).await.joined[0].unread.notify, 0);
    }

    async fn very_much_since_is_told_by_room(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let (busy, quiet) = (room_of(&store, &[ana.clone(), ben.clone()]).await, room_of(&store, &[ana.clone(), ben.clone()]).await);
        let first = news(&store, ask(&ben, None, 10)).await;
        let step_of = |n: usize| step(draft(&ana, "m.room.message", None, &format!(r#"{{"body":"{n}"}}"#)), vec![ana.clone(), ben.clone()]);
        append(&store, &busy, (0..=limits::INBOX_PAGE_ROWS).map(step_of).collect()).await;
        let since = news(&store, ask(&ben, Some(first.pos), 10)).await;
        assert_eq!(since.joined.len(), 1, "{quiet} has nothing new");
        let timeline = &since.joined[0].timeline;
        assert!(timeline.limited && timeline.events.len() == 10 && !timeline.state.is_empty());
        assert_eq!(timeline.events[9].content, format!(r#"{{"body":"{}"}}"#, limits::INBOX_PAGE_ROWS));
    }

    async fn a_filter_over_many_rooms_looks_at_their_last_events(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        for n in 0..52 {
            let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
            say(&store, &room, [&ana, &ben][n % 2], "hi", None).await.unwrap();
        }
        let mut asked = ask(&ben, None, 10);
        asked.timeline.types = Some(vec!["m.room.message".to_owned()]);
        asked.timeline.not_senders = vec![ana.to_string()];
        let told = news(&store, asked).await;
        assert_eq!(told.joined.len(), 52);
        assert_eq!(told.joined.iter().filter(|joined| joined.timeline.events.len() == 1).count(), 26);
        assert!(told.joined.iter().all(|joined| joined.timeline.state.iter().any(|event| event.event_type == "m.room.create")));
    }

    async fn what_is_withheld_its_sender_alone_sees(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let first = [news(&store, ask(&ana, None, 10)).await.pos, news(&store, ask(&ben, None, 10)).await.pos];
        let mut withheld = step(draft(&ana, "m.room.message", None, r#"{"body":"held"}"#), vec![ana.clone()]);
        withheld.append.withheld = true;
        let held = append(&store, &room, vec![withheld]).await;
        for (person, since, sees) in [(&ana, first[0], true), (&ben, first[1], false)] {
            let since = news(&store, ask(person, Some(since), 10)).await;
            assert_eq!(since.joined.iter().any(|joined| ids(&joined.timeline.events).contains(&held)), sees);
            let anew = news(&store, ask(person, None, 10)).await;
            assert_eq!(ids(&anew.joined[0].timeline.events).contains(&held), sees);
            let query = HistoryPage {
                room_id: room.clone(),
                user_id: person.clone(),
                backwards: true,
                from: From::End,
                to: None,
                limit: 50,
                filter: EventFilter::default(),
            };
            assert_eq!(ids(&store.read(query).await.unwrap().unwrap().events).contains(&held), sees);
            let event_id = held.as_str().try_into().unwrap();
            let query = EventContext { room_id: room.clone(), event_id, user_id: person.clone(), limit: 10 };
            assert_eq!(store.read(query).await.unwrap().is_some(), sees);
        }
        assert_eq!(news(&store, ask(&ben, None, 10)).await.joined[0].unread.notify, 0);
    }

    async fn compaction_costs_an_old_token_its_detail_not_its_rooms(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let first = news(&store, ask(&ben, None, 10)).await;
        say(&store, &room, &ana, "hi", None).await.unwrap();
        let sent = Timestamp(1_700_000_000_000);
        let compact = |after: &str, now| store.run(CompactInbox { after: after.to_owned(), now });
        assert_eq!(compact("", sent.plus_ms(limits::INBOX_KEEP_MS)).await.unwrap(), Some(Compacted { user_id: ana.to_string(), rows: 0 }));
        let late = sent.plus_ms(limits::INBOX_KEEP_MS + 1);
        let of_ben = compact(ana.as_str(), late).await.unwrap().unwrap();
        assert!(of_ben.rows >= 2, "{of_ben:?}");
        assert_eq!(compact(ben.as_str(), late).await.unwrap(), None);
        let since = news(&store, ask(&ben, Some(first.pos), 2)).await;
        let timeline = &since.joined[0].timeline;
        assert!(timeline.limited && timeline.events[1].content.contains("hi"));
        assert!(news(&store, ask(&ben, Some(since.pos), 2)).await.is_empty());
    }
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Deed {
    Say { room: usize, who: usize },
    JoinOrLeave { room: usize, who: usize },
    Sync { who: usize, limit: usize },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let one = prop_oneof![
        4 => (0..2_usize, 0..3_usize).prop_map(|(room, who)| Deed::Say { room, who }),
        2 => (0..2_usize, 1..3_usize).prop_map(|(room, who)| Deed::JoinOrLeave { room, who }),
        3 => (0..3_usize, 1..5_usize).prop_map(|(who, limit)| Deed::Sync { who, limit }),
    ];
    proptest::collection::vec(one, 1..40)
}

/// A client that knows what it was told, and the log it should know.
#[derive(Default)]
struct Client {
    since: Option<InboxPos>,
    known: [BTreeSet<String>; 2],
}

struct Play {
    store: Store,
    people: Vec<OwnedUserId>,
    rooms: Vec<OwnedRoomId>,
    /// Every event of each room in order, and for each person how much of it they may see.
    logs: [Vec<String>; 2],
    members: [BTreeSet<usize>; 2],
    may_see: [[usize; 3]; 2],
    clients: [Client; 3],
}

impl Play {
    async fn new(store: Store) -> Self {
        let people: Vec<_> = ["ana", "ben", "cy"].map(user).into();
        store.run(AddPeople(people.clone())).await.unwrap();
        let rooms = vec![room_of(&store, &people[..1]).await, room_of(&store, &people[..1]).await];
        let mut play = Self {
            store,
            people,
            rooms,
            logs: Default::default(),
            members: [BTreeSet::from([0]), BTreeSet::from([0])],
            may_see: Default::default(),
            clients: Default::default(),
        };
        for room in 0..2 {
            let page = play.page(0, room, None).await;
            play.logs[room] = page.into_iter().rev().collect();
            play.seen_by_members(room);
        }
        play
    }

    fn seen_by_members(&mut self, room: usize) {
        for who in &self.members[room] {
            self.may_see[room][*who] = self.logs[room].len();
        }
    }

    /// Everything a person can page back to from a place.
    async fn page(&self, who: usize, room: usize, from: Option<RoomPos>) -> Vec<String> {
        let (mut all, mut from) = (Vec::new(), from.map_or(From::End, From::Place));
        loop {
            let query = HistoryPage {
                room_id: self.rooms[room].clone(),
                user_id: self.people[who].clone(),
                backwards: true,
                from,
                to: None,
                limit: 3,
                filter: EventFilter::default(),
            };
            let page = self.store.read(query).await.unwrap().unwrap();
            all.extend(ids(&page.events));
            let Some(end) = page.end else { return all };
            from = From::Place(end);
        }
    }

    async fn act(&mut self, deed: &Deed) {
        match *deed {
            Deed::Say { room, who } if self.members[room].contains(&who) => {
                let said = done(say(&self.store, &self.rooms[room], &self.people[who], "x", None).await.unwrap());
                self.logs[room].push(said[0].event_id.to_string());
            }
            Deed::JoinOrLeave { room, who } if self.members[room].contains(&who) => {
                self.logs[room].push(leave(&self.store, &self.rooms[room], &self.people[who]).await);
                self.seen_by_members(room);
                self.members[room].remove(&who);
            }
            Deed::JoinOrLeave { room, who } => {
                self.logs[room].push(join(&self.store, &self.rooms[room], &self.people[who]).await);
                self.members[room].insert(who);
            }
            Deed::Sync { who, limit } => return self.sync(who, limit).await,
            Deed::Say { .. } => return,
        }
        for room in 0..2 {
            self.seen_by_members(room);
        }
    }

    async fn sync(&mut self, who: usize, limit: usize) {
        let client = &self.clients[who];
        let news = news(&self.store, ask(&self.people[who], client.since, limit)).await;
        let mut told: Vec<(usize, bool, Timeline)> = Vec::new();
        for joined in news.joined {
            told.push((self.index(&joined.room_id), joined.whole, joined.timeline));
        }
        for left in news.left {
            told.push((self.index(&left.room_id), true, left.timeline));
        }
        for (room, whole, timeline) in told {
            self.take(who, room, whole, &timeline).await;
        }
        self.clients[who].since = Some(news.pos);
        for room in 0..2 {
            // left rooms are not told by a first sync: what they hold was never promised
            let missed: Vec<&String> =
                self.logs[room][..self.may_see[room][who]].iter().filter(|id| !self.clients[who].known[room].contains(*id)).collect();
            let first_and_left = !self.members[room].contains(&who) && self.clients[who].known[room].is_empty();
            assert!(missed.is_empty() || first_and_left, "{who} was not told {missed:?} of room {room}");
        }
    }

    fn index(&self, room_id: &OwnedRoomId) -> usize {
        self.rooms.iter().position(|one| one == room_id).unwrap()
    }

    /// Checks a timeline against the log, and fills its gap from the history.
    async fn take(&mut self, who: usize, room: usize, whole: bool, timeline: &Timeline) {
        let log = &self.logs[room][..self.may_see[room][who]];
        let places: Vec<usize> =
            timeline.events.iter().map(|event| log.iter().position(|id| *id == event.event_id).expect("may be seen")).collect();
        assert!(places.windows(2).all(|pair| pair[0] + 1 == pair[1]), "out of order, or with holes: {places:?}");
        if let Some(last) = places.last() {
            assert_eq!(last + 1, log.len(), "a timeline ends with the last that may be seen");
        }
        let again = timeline.events.iter().any(|event| self.clients[who].known[room].contains(&event.event_id));
        assert!(whole || !again, "told twice");
        let mut known = ids(&timeline.events);
        if timeline.limited {
            known.extend(self.page(who, room, Some(timeline.prev)).await);
        }
        self.clients[who].known[room].extend(known);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_everything_is_told_or_can_be_paged(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut stores = vec![Store::open_sqlite(&folder.path().join("frankly.db")).unwrap()];
            stores.extend(crate::backend::fresh_postgres().await);
            for store in stores {
                let mut play = Play::new(store).await;
                for deed in &deeds {
                    play.act(deed).await;
                }
            }
        });
    }
}
