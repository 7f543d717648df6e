//! Whatever happens and in whichever order a client asks: both syncs end in the same picture of the rooms,
//! and every event is told or lies in a gap that the client knows of.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::client::{all_rooms, slides};
use crate::world::{Person, World, encoded, next};

const ROOMS: usize = 3;
const PEOPLE: [&str; 3] = ["ana", "ben", "cy"];

/// What happens. Ana made the rooms and stays in them.
#[derive(Clone, Debug)]
enum Deed {
    Say { room: usize, who: usize },
    Topic { room: usize },
    Come { room: usize, who: usize },
    Go { room: usize, who: usize },
    Remove { room: usize, who: usize },
    Read { room: usize, who: usize },
    Sync { who: usize },
    Slide { who: usize, last: usize, limit: usize },
    SlideAgain { who: usize, last: usize, limit: usize },
    SlideAnew { who: usize },
    Open { who: usize, room: usize },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let (room, who, guest) = (0..ROOMS, 0..PEOPLE.len(), 1..PEOPLE.len());
    let slide = (who.clone(), 0..ROOMS, 1_usize..4);
    let deed = prop_oneof![
        6 => (room.clone(), who.clone()).prop_map(|(room, who)| Deed::Say { room, who }),
        1 => room.clone().prop_map(|room| Deed::Topic { room }),
        3 => (room.clone(), guest.clone()).prop_map(|(room, who)| Deed::Come { room, who }),
        1 => (room.clone(), guest.clone()).prop_map(|(room, who)| Deed::Go { room, who }),
        1 => (room.clone(), guest).prop_map(|(room, who)| Deed::Remove { room, who }),
        1 => (room.clone(), who.clone()).prop_map(|(room, who)| Deed::Read { room, who }),
        2 => who.clone().prop_map(|who| Deed::Sync { who }),
        4 => slide.clone().prop_map(|(who, last, limit)| Deed::Slide { who, last, limit }),
        2 => slide.prop_map(|(who, last, limit)| Deed::SlideAgain { who, last, limit }),
        1 => who.clone().prop_map(|who| Deed::SlideAnew { who }),
        1 => (who, room).prop_map(|(who, room)| Deed::Open { who, room }),
    ];
    prop::collection::vec(deed, 8..40)
}

/// What a client knows of a room it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Room {
    state: BTreeMap<(String, String), String>,
    events: BTreeSet<String>,
    unread: i64,
}

/// What a client knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Picture {
    rooms: BTreeMap<String, Room>,
    invited: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Client {
    picture: Picture,
    /// The answer gone on from, and the one before it.
    last: Option<Value>,
    before: Option<(Option<Value>, Picture)>,
}

struct Play {
    people: Vec<Person>,
    rooms: Vec<String>,
    said: usize,
    v3: Vec<Client>,
    sliding: Vec<Client>,
    _world: World,
}

impl Play {
    async fn new() -> Self {
        let world = World::new();
        let (mut people, mut rooms) = (Vec::new(), Vec::new());
        for name in PEOPLE {
            people.push(world.person(name).await);
        }
        for n in 0..ROOMS {
            rooms.push(people[0].creates(&[], json!({"name": n.to_string()})).await);
        }
        let clients = vec![Client::default(); PEOPLE.len()];
        Self { people, rooms, said: 0, v3: clients.clone(), sliding: clients, _world: world }
    }

    /// What somebody may find when they ask for something that is not theirs now is not looked at.
    async fn tries(&self, who: usize, path: &str, body: Value) -> bool {
        self.people[who].request(http::Method::POST, path, Some(body)).await.0.is_success()
    }

    async fn act(&mut self, deed: &Deed) {
        let at = |room: usize| encoded(&self.rooms[room]);
        match *deed {
            Deed::Say { room, who } => {
                self.said += 1;
                let path = format!("v3/rooms/{}/send/m.room.message/{}", at(room), self.said);
                let body = json!({"msgtype": "m.text", "body": self.said.to_string()});
                self.people[who].request(http::Method::PUT, &path, Some(body)).await;
            }
            Deed::Topic { room } => {
                self.said += 1;
                self.people[0].sets(&self.rooms[room], "m.room.topic", "", json!({"topic": self.said.to_string()})).await;
            }
            Deed::Come { room, who } => {
                let invite = json!({"user_id": self.people[who].user_id});
                if !self.tries(0, &format!("v3/rooms/{}/invite", at(room)), invite).await || self.said.is_multiple_of(2) {
                    self.tries(who, &format!("v3/join/{}", at(room)), json!({})).await;
                }
            }
            Deed::Go { room, who } => {
                self.tries(who, &format!("v3/rooms/{}/leave", at(room)), json!({})).await;
            }
            Deed::Remove { room, who } => {
                let body = json!({"user_id": self.people[who].user_id});
                self.tries(0, &format!("v3/rooms/{}/kick", at(room)), body).await;
            }
            Deed::Read { room, who } => {
                let page = format!("v3/rooms/{}/messages?dir=b&limit=1", at(room));
                let (_, page) = self.people[who].request(http::Method::GET, &page, None).await;
                if let Some(event_id) = page["chunk"][0]["event_id"].as_str() {
                    self.tries(who, &format!("v3/rooms/{}/receipt/m.read/{}", at(room), encoded(event_id)), json!({})).await;
                }
            }
            Deed::Sync { who } => self.sync(who).await,
            Deed::Slide { who, last, limit } => self.slide(who, &wide(last, limit)).await,
            Deed::SlideAgain { who, last, limit } => {
                if let Some((from, picture)) = self.sliding[who].before.take() {
                    self.sliding[who] = Client { picture, last: from, before: None };
                }
                self.slide(who, &wide(last, limit)).await;
            }
            Deed::SlideAnew { who } => {
                self.sliding[who] = Client::default();
                self.slide(who, &wide(ROOMS, 2)).await;
            }
            Deed::Open { who, room } => {
                let mut asked = wide(0, 1);
                asked["room_subscriptions"] = json!({&self.rooms[room]: {"timeline_limit": 4, "required_state": [["*", "*"]]}});
                self.slide(who, &asked).await;
            }
        }
    }

    async fn sync(&mut self, who: usize) {
        let since = self.v3[who].last.as_ref().map_or_else(String::new, |last| format!("&since={}", next(last)));
        let filter = encoded(&json!({"room": {"timeline": {"limit": 3}}}).to_string());
        let answer = self.people[who].syncs(&format!("{since}&filter={filter}")).await;
        let mut picture = std::mem::take(&mut self.v3[who].picture);
        for (room_id, told) in answer["rooms"]["join"].as_object().unwrap() {
            picture.invited.remove(room_id);
            let room = picture.rooms.entry(room_id.clone()).or_default();
            if let Some(unread) = told["unread_notifications"]["notification_count"].as_i64() {
                room.unread = unread;
            }
            room.learn(&told["state"]["events"], &Value::Null);
            room.learn(&Value::Null, &told["timeline"]["events"]);
            self.fill(who, room_id, room, &told["timeline"]["limited"], &told["timeline"]["prev_batch"]).await;
        }
        for (room_id, _) in answer["rooms"]["invite"].as_object().unwrap() {
            picture.rooms.remove(room_id);
            picture.invited.insert(room_id.clone());
        }
        for (room_id, _) in answer["rooms"]["leave"].as_object().unwrap() {
            picture.rooms.remove(room_id);
            picture.invited.remove(room_id);
        }
        self.v3[who] = Client { picture, last: Some(answer), before: None };
    }

    async fn slide(&mut self, who: usize, asked: &Value) {
        let from = self.sliding[who].last.clone();
        let answer = slides(&self.people[who], from.as_ref(), asked).await;
        let before = self.sliding[who].picture.clone();
        let mut picture = before.clone();
        for (room_id, told) in answer["rooms"].as_object().unwrap() {
            let is_own = |event: &&Value| event["type"] == "m.room.member" && event["state_key"] == self.people[who].user_id.as_str();
            let own = told["required_state"].as_array().into_iter().flatten().rfind(is_own);
            if own.is_some_and(|own| own["content"]["membership"] != "join") {
                picture.rooms.remove(room_id);
                picture.invited.remove(room_id);
                continue;
            }
            if told["invite_state"].is_array() {
                picture.rooms.remove(room_id);
                picture.invited.insert(room_id.clone());
                continue;
            }
            picture.invited.remove(room_id);
            let room = picture.rooms.entry(room_id.clone()).or_default();
            if told["initial"] == true {
                *room = Room::default();
            }
            room.unread = told["notification_count"].as_i64().unwrap();
            room.learn(&told["required_state"], &told["timeline"]);
            self.fill(who, room_id, room, &told["limited"], &told["prev_batch"]).await;
        }
        self.sliding[who] = Client { picture, last: Some(answer), before: Some((from, before)) };
    }

    /// Reads the history where the client was told of a gap, and nowhere else.
    async fn fill(&self, who: usize, room_id: &str, room: &mut Room, limited: &Value, prev_batch: &Value) {
        if limited != true {
            return;
        }
        let mut from = prev_batch.as_str().expect("a gap has its place").to_owned();
        loop {
            let path = format!("v3/rooms/{}/messages?dir=b&limit=50&from={}", encoded(room_id), encoded(&from));
            // somebody who has left since reads up to there, which is all they are to know
            let (status, page) = self.people[who].request(http::Method::GET, &path, None).await;
            if !status.is_success() {
                return;
            }
            room.events.extend(ids(&page["chunk"]));
            match page["end"].as_str() {
                Some(end) => end.clone_into(&mut from),
                None => return,
            }
        }
    }

    /// What a client does not know is nothing that it may read.
    async fn nothing_is_missed(&self, who: usize) {
        for (room_id, room) in &self.sliding[who].picture.rooms {
            let all = self.people[who].get(&format!("v3/rooms/{}/messages?dir=b&limit=500", encoded(room_id))).await;
            let all: BTreeSet<String> = ids(&all["chunk"]).collect();
            let missed: Vec<_> = all.difference(&room.events).collect();
            assert!(missed.is_empty(), "{} was not told {missed:?} of {room_id}", PEOPLE[who]);
        }
    }

    async fn compare(&mut self) {
        for (who, name) in PEOPLE.into_iter().enumerate() {
            self.sync(who).await;
            self.slide(who, &wide(99, 2)).await;
            let (v3, sliding) = (&self.v3[who].picture, &self.sliding[who].picture);
            let names = |picture: &Picture| picture.rooms.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(v3), names(sliding), "{name} is in other rooms");
            assert_eq!(v3.invited, sliding.invited, "{name} is invited to other rooms");
            for (room_id, one) in &v3.rooms {
                let other = &sliding.rooms[room_id];
                assert_eq!((&one.state, one.unread), (&other.state, other.unread), "{name} sees another {room_id}");
            }
            self.nothing_is_missed(who).await;
            let quiet = slides(&self.people[who], self.sliding[who].last.as_ref(), &wide(99, 2)).await;
            assert_eq!(quiet["rooms"], json!({}), "all is told");
        }
    }
}

/// The first rooms with all their state.
fn wide(last: usize, limit: usize) -> Value {
    let mut asked = all_rooms(last, limit);
    asked["lists"]["all"]["required_state"] = json!([["*", "*"]]);
    asked
}

fn ids(events: &Value) -> impl Iterator<Item = String> {
    events.as_array().into_iter().flatten().map(|event| event["event_id"].as_str().unwrap().to_owned())
}

impl Room {
    fn learn(&mut self, state: &Value, timeline: &Value) {
        self.events.extend(ids(timeline));
        for event in [timeline, state].into_iter().filter_map(Value::as_array).flatten() {
            if let Some(state_key) = event["state_key"].as_str() {
                let key = (event["type"].as_str().unwrap().to_owned(), state_key.to_owned());
                self.state.insert(key, event["event_id"].as_str().unwrap().to_owned());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn both_syncs_end_in_the_same_picture(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new().await;
            for deed in &deeds {
                play.act(deed).await;
            }
            play.compare().await;
        });
    }

    #[test]
    fn every_event_is_told_or_lies_in_a_known_gap(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new().await;
            for deed in &deeds {
                play.act(deed).await;
                if let Deed::Slide { who, limit, .. } | Deed::SlideAgain { who, limit, .. } = *deed {
                    play.slide(who, &wide(ROOMS, limit)).await;
                    play.nothing_is_missed(who).await;
                }
            }
        });
    }
}
