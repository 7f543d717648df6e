//! Sliding sync: what moved, what is known of rooms, how one is read, and how connections are kept.

use std::collections::BTreeSet;

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedRoomId, OwnedUserId};
use model::limits;
use model::room::Membership;
use model::seq::{InboxPos, RoomPos};
use model::sliding::{Pattern, RoomConfig, Wanted};
use store::Store;
use store::command::append_events::{SetMembership, Step};
use store::command::forget_room::ForgetRoom;
use store::command::put_account_data::PutAccountData;
use store::command::put_connection::{ConnectionKey, ForgetConnections, PutConnection, TouchConnection};
use store::command::put_receipt::PutReceipt;
use store::command::restored::BeginEpoch;
use store::query::sliding::{
    Choose, Data, Facts, HeavySliding, How, Marked, Moved, Needs, RoomNews, Sliding, SlidingNews, SlidingOutcome, Standing,
    StoredConnection, Tell,
};

use crate::on_both;
use crate::sync::{append, join, joined_in, leave};
use crate::world::{AddPeople, done, draft, room_of, say, step, user};

/// Tells what it was made with, and gives back what it was shown.
#[derive(Clone)]
struct Tells {
    needs: Needs,
    tells: Vec<Tell>,
}

impl Choose for Tells {
    type Next = (Moved, Option<Facts>);

    fn tells_rooms(&self) -> bool {
        true
    }

    fn needs(&self, _: &Moved) -> Needs {
        self.needs.clone()
    }

    fn choose(&self, moved: &Moved, facts: Option<&Facts>) -> (Vec<Tell>, Self::Next) {
        (self.tells.clone(), (moved.clone(), facts.cloned()))
    }
}

type Shown = SlidingNews<(Moved, Option<Facts>)>;

fn everything(limit: usize) -> RoomConfig {
    RoomConfig::new(limit, Wanted { include: vec![Pattern::default()], ..Wanted::default() })
}

fn lazily(limit: usize) -> RoomConfig {
    RoomConfig::new(limit, Wanted { lazy_members: true, ..Wanted::default() })
}

fn tell(room_id: &OwnedRoomId, how: How, config: RoomConfig) -> Tell {
    let room_id = room_id.clone();
    Tell { room_id, how, config, had: None, live_from: None, counts: false, account_data: Data::Nothing, receipts: false }
}

async fn outcome(store: &Store, who: &OwnedUserId, since: Option<InboxPos>, chooser: Tells) -> Option<Shown> {
    let query = Sliding {
        user_id: who.clone(),
        device_id: OwnedDeviceId::from("PHONE"),
        since,
        queue: InboxPos::ZERO,
        messages: 0,
        e2ee: false,
        account_data: None,
        chooser,
    };
    let looks_at_all = matches!(query.chooser.needs, Needs::All { .. });
    match store.read(query.clone()).await.unwrap() {
        SlidingOutcome::Lost => return None,
        outcome => assert_eq!(matches!(outcome, SlidingOutcome::Much), looks_at_all, "all rooms are no light read"),
    }
    match store.read(HeavySliding(query)).await.unwrap() {
        SlidingOutcome::News(news) => Some(*news),
        SlidingOutcome::Lost | SlidingOutcome::Much => panic!("it was there a moment ago"),
    }
}

/// What moved, with facts about all rooms.
async fn look(store: &Store, who: &OwnedUserId, since: Option<InboxPos>) -> Shown {
    let needs = Needs::All { marks_since: InboxPos::LAST };
    outcome(store, who, since, Tells { needs, tells: Vec::new() }).await.unwrap()
}

async fn read(store: &Store, who: &OwnedUserId, tell: Tell) -> Option<RoomNews> {
    outcome(store, who, None, Tells { needs: Needs::Nothing, tells: vec![tell] }).await.unwrap().rooms.pop()
}

fn bodies(news: &RoomNews) -> Vec<&str> {
    let text = |content: &str| content.split("\"body\":\"").nth(1).map(|rest| rest.split('"').next().unwrap().len());
    news.timeline
        .iter()
        .filter_map(|event| text(&event.content).map(|length| (event, length)))
        .map(|(event, length)| {
            let start = event.content.find("\"body\":\"").unwrap() + 8;
            &event.content[start..start + length]
        })
        .collect()
}

fn members(news: &RoomNews) -> Vec<&str> {
    let keys = news.state.iter().filter(|event| event.event_type == "m.room.member").map(|event| event.state_key.as_deref().unwrap());
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    keys
}

async fn invite(store: &Store, room_id: &OwnedRoomId, by: &OwnedUserId, who: &OwnedUserId) {
    let mut recipients = joined_in(store, room_id).await;
    recipients.push(who.clone());
    recipients.sort();
    let draft = draft(by, "m.room.member", Some(who.as_str()), r#"{"membership":"invite"}"#);
    let stripped = Some(format!(r#"[{{"type":"m.room.member","sender":"{by}","state_key":"{who}","content":{{}}}}]"#));
    let set = SetMembership { user: who.clone(), membership: "invite", stripped, profile_only: false };
    append(store, room_id, vec![Step { membership: Some(set), ..step(draft, recipients) }]).await;
}

async fn remove(store: &Store, room_id: &OwnedRoomId, by: &OwnedUserId, who: &OwnedUserId) {
    let mut recipients = joined_in(store, room_id).await;
    recipients.push(who.clone());
    recipients.sort();
    recipients.dedup();
    let draft = draft(by, "m.room.member", Some(who.as_str()), r#"{"membership":"leave"}"#);
    let set = SetMembership { user: who.clone(), membership: "leave", stripped: None, profile_only: false };
    append(store, room_id, vec![Step { membership: Some(set), ..step(draft, recipients) }]).await;
}

fn key(device: &str, conn_id: &str) -> ConnectionKey {
    ConnectionKey { user_id: user("ana"), device_id: OwnedDeviceId::from(device), conn_id: conn_id.to_owned() }
}

async fn put(store: &Store, key: ConnectionKey, shown: Option<&str>, given: &str, now: i64) -> bool {
    let state = format!("state of {given}");
    store.run(PutConnection { key, shown: shown.map(str::to_owned), given: given.to_owned(), state, now: Timestamp(now) }).await.unwrap()
}

/// The versions that are kept of a connection: shown and given.
async fn kept(store: &Store, key: ConnectionKey) -> Option<(String, String)> {
    let stored = store.read(StoredConnection(key)).await.unwrap()?;
    for (name, state) in [&stored.shown, &stored.given] {
        assert!(name.is_empty() || *state == format!("state of {name}"), "{name} has the state of another: {state}");
    }
    Some((stored.shown.0, stored.given.0))
}

fn versions(shown: &str, given: &str) -> (String, String) {
    (shown.to_owned(), given.to_owned())
}

on_both! {
    async fn two_versions_are_kept_and_a_third_is_let_go(store: Store) {
        let of = || key("PHONE", "");
        assert!(put(&store, of(), None, "a", 1).await);
        assert_eq!(kept(&store, of()).await.unwrap(), versions("", "a"));
        assert!(put(&store, of(), Some("a"), "b", 2).await);
        assert_eq!(kept(&store, of()).await.unwrap(), versions("a", "b"));
        // the answer was lost, the request came again
        assert!(put(&store, of(), Some("a"), "c", 3).await);
        assert_eq!(kept(&store, of()).await.unwrap(), versions("a", "c"));
        assert!(put(&store, of(), Some("c"), "d", 4).await);
        assert_eq!(kept(&store, of()).await.unwrap(), versions("c", "d"));
        for gone in ["a", "b", "none", ""] {
            assert!(!put(&store, of(), Some(gone), "e", 5).await, "{gone}");
        }
        assert_eq!(kept(&store, of()).await.unwrap(), versions("c", "d"));
        assert!(put(&store, of(), None, "anew", 6).await);
        assert_eq!(kept(&store, of()).await.unwrap(), versions("", "anew"));
        assert_eq!(kept(&store, key("LAPTOP", "")).await, None);
    }

    async fn connections_are_few_and_end_when_unused(store: Store) {
        for n in 0..limits::SLIDING_CONNECTIONS + 3 {
            assert!(put(&store, key("PHONE", &n.to_string()), None, "v", n).await);
        }
        assert!(put(&store, key("LAPTOP", "0"), None, "v", 0).await);
        for n in 0..limits::SLIDING_CONNECTIONS + 3 {
            assert_eq!(kept(&store, key("PHONE", &n.to_string())).await.is_some(), n >= 3, "{n}");
        }
        let now = Timestamp(limits::SLIDING_KEEP_MS + 5);
        store.run(TouchConnection { key: key("LAPTOP", "0"), now }).await.unwrap();
        assert_eq!(store.run(ForgetConnections { now }).await.unwrap(), 2);
        assert_eq!(kept(&store, key("PHONE", "4")).await, None);
        assert!(kept(&store, key("PHONE", "5")).await.is_some() && kept(&store, key("LAPTOP", "0")).await.is_some());
        store.run(BeginEpoch).await.unwrap();
        assert_eq!(kept(&store, key("PHONE", "5")).await, None, "a restored database knows nothing of what was told since");
    }

    async fn connections_of_all_devices_together_are_bounded(store: Store) {
        let devices = limits::SLIDING_CONNECTIONS_PER_USER / 2 + 3;
        let name = |n: i64| format!("D{n:03}");
        for n in 0..devices {
            for conn_id in ["rooms", "keys"] {
                assert!(put(&store, key(&name(n), conn_id), None, "v", n).await);
            }
        }
        for n in 0..devices {
            for conn_id in ["rooms", "keys"] {
                assert_eq!(kept(&store, key(&name(n), conn_id)).await.is_some(), n >= 3, "{n} {conn_id}");
            }
        }
    }

    async fn what_moved_is_named_and_no_more(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let mut rooms = Vec::new();
        for _ in 0..3 {
            rooms.push(room_of(&store, &[ana.clone(), ben.clone()]).await);
        }
        let first = look(&store, &ben, None).await;
        assert_eq!(first.next.0, Moved { since: first.pos, ..Moved::default() });
        let said = done(say(&store, &rooms[0], &ana, "one", None).await.unwrap());
        say(&store, &rooms[0], &ana, "two", None).await.unwrap();
        let receipt = PutReceipt {
            room_id: rooms[1].clone(),
            user_id: ben.clone(),
            receipt_type: "m.read",
            thread_id: String::new(),
            event_id: said[0].event_id.clone(),
            room_pos: RoomPos::new(1).unwrap(),
            now: Timestamp(0),
            told: vec![ana.clone(), ben.clone()],
        };
        assert!(store.run(receipt).await.unwrap());
        for (room_id, data_type) in [(String::new(), "m.direct"), (rooms[2].to_string(), "m.tag")] {
            let content = "{}".to_owned();
            store.run(PutAccountData { user_id: ben.clone(), room_id, data_type: data_type.to_owned(), content }).await.unwrap();
        }
        leave(&store, &rooms[2], &ben).await;
        let (moved, _) = look(&store, &ben, Some(first.pos)).await.next;
        assert_eq!(moved.rooms.keys().collect::<BTreeSet<_>>(), BTreeSet::from([&rooms[0], &rooms[2]]));
        let (room, last) = (moved.rooms[&rooms[0]], moved.rooms[&rooms[2]]);
        assert_eq!((room.first, room.count), (said[0].room_pos, 2));
        assert!(last.last > room.last);
        assert_eq!(moved.edges, BTreeSet::from([rooms[2].clone()]));
        assert_eq!(moved.account_data, ["m.direct"]);
        let marks: Vec<Marked> = moved.marks[&rooms[1]].iter().map(|mark| mark.what.clone()).collect();
        assert_eq!(marks, [Marked::Receipts, Marked::Unread]);
        assert_eq!(moved.marks[&rooms[2]][0].what, Marked::AccountData("m.tag".to_owned()));
        assert!(!moved.device_lists && !moved.key_counts, "Ana and Ben have other rooms");
    }

    async fn rooms_are_in_the_order_of_what_their_person_sees(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let mut rooms = Vec::new();
        for _ in 0..5 {
            rooms.push(room_of(&store, &[ana.clone(), ben.clone()]).await);
        }
        let since = look(&store, &ben, None).await.pos;
        say(&store, &rooms[1], &ana, "hi", None).await.unwrap();
        let mut withheld = step(draft(&ana, "m.room.message", None, r#"{"body":"held"}"#), vec![ana.clone()]);
        withheld.append.withheld = true;
        append(&store, &rooms[2], vec![withheld]).await;
        leave(&store, &rooms[3], &ben).await;
        remove(&store, &rooms[4], &ana, &ben).await;
        let order = async |who: &OwnedUserId, since| {
            let facts = look(&store, who, since).await.next.1.unwrap();
            assert!(facts.all);
            let number = |room: &store::query::sliding::RoomFacts| (rooms.iter().position(|one| *one == room.room_id).unwrap(), room.listed);
            facts.rooms.iter().map(number).collect::<Vec<_>>()
        };
        assert_eq!(order(&ben, None).await, [(4, true), (1, true), (2, true), (0, true)]);
        assert_eq!(order(&ben, Some(since)).await, [(4, true), (3, false), (1, true), (2, true), (0, true)]);
        assert_eq!(order(&ana, None).await, [(4, true), (3, true), (2, true), (1, true), (0, true)]);
        assert!(store.run(ForgetRoom { user_id: ben.clone(), room_id: rooms[4].clone() }).await.unwrap());
        assert_eq!(order(&ben, None).await, [(1, true), (2, true), (0, true)]);
    }

    async fn facts_are_what_filters_ask_about(store: Store) {
        let (ana, ben, cy) = (user("ana"), user("ben"), user("cy"));
        store.run(AddPeople(vec![ana.clone(), ben.clone(), cy.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let encryption = draft(&ana, "m.room.encryption", Some(""), r#"{"algorithm":"m.megolm.v1.aes-sha2"}"#);
        append(&store, &room, vec![step(encryption, vec![ana.clone(), ben.clone()])]).await;
        let invited = room_of(&store, std::slice::from_ref(&ana)).await;
        invite(&store, &invited, &ana, &ben).await;
        let taken_back = room_of(&store, std::slice::from_ref(&ana)).await;
        invite(&store, &taken_back, &ana, &ben).await;
        remove(&store, &taken_back, &ana, &ben).await;
        let data = [
            ("", "m.direct", format!(r#"{{"@ana:example.org":["{invited}"],"@cy:example.org":"odd"}}"#)),
            (room.as_str(), "m.tag", r#"{"tags":{"m.favourite":{"order":0.5},"u.x":{}}}"#.to_owned()),
        ];
        for (room_id, data_type, content) in data {
            let (room_id, data_type) = (room_id.to_owned(), data_type.to_owned());
            store.run(PutAccountData { user_id: ben.clone(), room_id, data_type, content }).await.unwrap();
        }
        let facts = look(&store, &ben, None).await.next.1.unwrap();
        let of = |room_id: &OwnedRoomId| facts.rooms.iter().find(|one| one.room_id == *room_id).cloned();
        let (one, two) = (of(&room).unwrap(), of(&invited).unwrap());
        assert_eq!((one.membership, one.encrypted, one.direct), (Membership::Join, true, false));
        assert_eq!(one.tags, BTreeSet::from(["m.favourite".to_owned(), "u.x".to_owned()]));
        assert_eq!((two.membership, two.encrypted, two.direct, two.room_type), (Membership::Invite, false, true, None));
        assert!(of(&taken_back).is_none_or(|room| !room.listed), "they never were in it");
        // a few rooms, by name
        let wanted = BTreeSet::from([room.clone(), OwnedRoomId::try_from("!none:example.org").unwrap()]);
        let chooser = Tells { needs: Needs::These(wanted), tells: Vec::new() };
        let some = outcome(&store, &ben, None, chooser.clone()).await.unwrap().next.1.unwrap();
        assert_eq!((some.rooms, some.all), (vec![one], false));
        assert!(outcome(&store, &cy, None, chooser).await.unwrap().next.1.unwrap().rooms.is_empty());
    }

    async fn a_room_is_read_from_a_place_or_whole(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let one = done(say(&store, &room, &ana, "one", None).await.unwrap());
        for text in ["two", "three"] {
            say(&store, &room, &ana, text, None).await.unwrap();
        }
        let whole = read(&store, &ben, tell(&room, How::Whole, everything(2))).await.unwrap();
        assert_eq!((whole.initial, whole.limited, bodies(&whole)), (true, true, vec!["two", "three"]));
        assert_eq!((whole.standing.clone(), whole.unread), (Standing::Join, Some((3, 0))));
        assert_eq!(members(&whole), ["@ana:example.org", "@ben:example.org"]);
        assert_eq!(whole.members.as_ref().map(|members| (members.joined, members.heroes.len())), Some((2, 1)));
        let after = How::After { place: Some(one[0].room_pos), expanded: false };
        let since = read(&store, &ben, tell(&room, after, everything(9))).await.unwrap();
        assert_eq!((since.initial, since.limited, bodies(&since)), (false, false, vec!["two", "three"]));
        assert!(since.state.is_empty() && since.members.is_none());
        let expanded = How::After { place: None, expanded: true };
        let more = Tell { had: Some(everything(1)), ..tell(&room, expanded, everything(3)) };
        let more = read(&store, &ben, more).await.unwrap();
        assert_eq!((more.expanded, bodies(&more), more.state.len()), (true, vec!["one", "two", "three"], 0));
        let nothing = How::After { place: Some(RoomPos::LAST), expanded: false };
        assert_eq!(read(&store, &ben, tell(&room, nothing, everything(9))).await, None);
        // nobody is told of a room that they are not in, whatever is asked
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        for how in [How::Whole, How::Invite, How::Left(None), How::After { place: None, expanded: true }] {
            assert_eq!(read(&store, &user("eve"), tell(&room, how, everything(9))).await, None);
        }
        leave(&store, &room, &ben).await;
        say(&store, &room, &ana, "behind his back", None).await.unwrap();
        for how in [How::Whole, How::Invite, How::After { place: None, expanded: true }] {
            assert_eq!(read(&store, &ben, tell(&room, how, everything(9))).await, None);
        }
        let left = read(&store, &ben, tell(&room, How::Left(None), everything(9))).await.unwrap();
        assert_eq!((left.standing.clone(), bodies(&left)), (Standing::Out(Membership::Leave), vec!["one", "two", "three"]));
    }

    async fn what_is_withheld_is_told_to_its_sender_alone(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        let mut withheld = step(draft(&ana, "m.room.message", None, r#"{"body":"held"}"#), vec![ana.clone()]);
        withheld.append.withheld = true;
        append(&store, &room, vec![withheld]).await;
        say(&store, &room, &ana, "said", None).await.unwrap();
        let after = How::After { place: RoomPos::new(1), expanded: false };
        for how in [How::Whole, after] {
            let sees = read(&store, &ana, tell(&room, how.clone(), everything(9))).await.unwrap();
            assert_eq!(bodies(&sees), ["held", "said"]);
            let sees = read(&store, &ben, tell(&room, how, everything(9))).await.unwrap();
            assert_eq!(bodies(&sees), ["said"]);
        }
    }

    async fn members_of_large_rooms_are_told_as_they_speak(store: Store) {
        let people: Vec<OwnedUserId> = (0..=limits::LAZY_MEMBERS_ABOVE).map(|n| user(&format!("u{n:03}"))).collect();
        store.run(AddPeople(people.clone())).await.unwrap();
        let (small, large) = (room_of(&store, &people[..3]).await, room_of(&store, &people).await);
        for room in [&small, &large] {
            say(&store, room, &people[1], "one", None).await.unwrap();
        }
        let whole = |room| read(&store, &people[0], tell(room, How::Whole, lazily(1)));
        assert_eq!(members(&whole(&small).await.unwrap()).len(), 3, "all of a small room");
        assert_eq!(members(&whole(&large).await.unwrap()), ["@u001:example.org"]);
        let place = done(say(&store, &large, &people[2], "two", None).await.unwrap())[0].room_pos;
        let place = RoomPos::new(place.get() - 1);
        leave(&store, &large, &people[3]).await;
        let after = How::After { place, expanded: false };
        let told = read(&store, &people[0], tell(&large, after.clone(), lazily(9))).await.unwrap();
        assert_eq!(members(&told), ["@u002:example.org", "@u003:example.org"]);
        join(&store, &large, &people[3]).await;
        say(&store, &large, &people[4], "three", None).await.unwrap();
        let told = read(&store, &people[0], tell(&large, after, lazily(1))).await.unwrap();
        assert_eq!((told.limited, members(&told)), (true, vec!["@u004:example.org"]), "a gap lets go of who came and went");
    }

    async fn a_position_that_cannot_be_gone_on_from_is_lost(store: Store) {
        let ana = user("ana");
        store.run(AddPeople(vec![ana.clone()])).await.unwrap();
        let ask = |since| outcome(&store, &ana, since, Tells { needs: Needs::Nothing, tells: Vec::new() });
        let first = ask(None).await.unwrap();
        assert!(ask(Some(first.pos)).await.is_some());
        assert!(ask(InboxPos::new(first.pos.get() + 1)).await.is_none(), "ahead of the database");
        store.run(BeginEpoch).await.unwrap();
        assert!(ask(Some(first.pos)).await.is_none(), "from before the database was brought back");
    }
}
