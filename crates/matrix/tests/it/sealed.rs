//! Sealed conversations: what the server takes, what it refuses, and what it passes on untouched. The ciphertexts are
//! real: the members' library makes them.

use app::rules::Rules;
use http::Method;
use model::event::room_id_of_create;
use model::id::{EventId, RoomId};
use model::json::parse_object;
use model::person::AgeBand;
use serde_json::{Value, json};
use store::query::sealed::{EventSkeleton, SealedFacts, SealedFactsOf};
use store::{Query, StoreError, Tx, args};
use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionConfig, SessionKey};

use crate::modes::{encryption, mode_of, under};
use crate::world::{Person, World, encoded, joined, kinds};

/// A device's session in a room.
pub(crate) struct Pen {
    session: GroupSession,
    key: SessionKey,
}

impl Pen {
    pub(crate) fn new() -> Self {
        let session = GroupSession::new(SessionConfig::version_1());
        Self { key: session.session_key(), session }
    }

    /// The content of an event that says this.
    pub(crate) fn writes(&mut self, text: &str, room: &str) -> Value {
        let plain = json!({"type": "m.room.message", "room_id": room, "content": {"msgtype": "m.text", "body": text}});
        let ciphertext = self.session.encrypt(plain.to_string()).to_base64();
        json!({
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": ciphertext, "session_id": self.session.session_id(),
            "sender_key": "curve", "device_id": "PHONE",
        })
    }

    /// What a recipient of the session's key reads in a content.
    pub(crate) fn reads(&self, content: &Value) -> Value {
        let mut inbound = InboundGroupSession::new(&self.key, SessionConfig::version_1());
        let message = MegolmMessage::from_base64(content["ciphertext"].as_str().unwrap()).unwrap();
        serde_json::from_slice(&inbound.decrypt(&message).unwrap().plaintext).unwrap()
    }
}

/// Ana and Ben in a sealed conversation, made as a stock client makes it.
pub(crate) async fn sealed_friends(world: &World) -> (Person, Person, String) {
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let room = ana.creates(&[&ben], json!({"preset": "trusted_private_chat", "is_direct": true, "initial_state": encryption()})).await;
    ben.joins(&room).await;
    (ana, ben, room)
}

async fn facts(world: &World, event: &str) -> SealedFacts {
    world.reads(SealedFactsOf { event_id: EventId::parse(event).unwrap() }).await.unwrap()
}

/// The refusal of something sent: status, errcode and words.
async fn refusal(who: &Person, room: &str, event_type: &str, content: Value) -> (u16, String, String) {
    let path = format!("v3/rooms/{}/send/{event_type}/refused", encoded(room));
    let (status, answer) = who.request(Method::PUT, &path, Some(content)).await;
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    (status.as_u16(), text("errcode"), text("error"))
}

#[tokio::test]
async fn a_sealed_room_is_encrypted_from_its_first_events() {
    let world = under("choice");
    let ana = world.person("ana").await;
    let before = ana.syncs("").await;
    let room = ana.creates(&[], json!({"name": "Tea", "initial_state": encryption()})).await;
    let filter = encoded(&json!({"room": {"timeline": {"limit": 50}}}).to_string());
    let sync = ana.syncs(&format!("&filter={filter}&since={}", before["next_batch"].as_str().unwrap())).await;
    let timeline = &joined(&sync, &room)["timeline"]["events"];
    assert_eq!(
        kinds(timeline),
        [
            "m.room.create",
            "m.room.member/@ana:example.org",
            "m.room.power_levels",
            "m.room.join_rules",
            "m.room.history_visibility",
            "m.room.guest_access",
            "m.room.encryption",
            "m.room.name",
            "org.frankly.mode",
        ],
        "no message in plain text is among them"
    );
    assert_eq!(ana.state(&room, "m.room.encryption", "").await, json!({"algorithm": "m.megolm.v1.aes-sha2"}));
    let create = ana.state(&room, "m.room.create", "").await;
    assert_eq!(
        create["org.frankly.conversation"],
        json!({"mode": "sealed", "policy": "choice@1", "tenant": "default", "retention": "standard"})
    );
    let stated = ana.state(&room, "org.frankly.mode", "").await;
    assert!(stated["notice"].as_str().unwrap().starts_with("This conversation is sealed. You choose"), "{stated}");
    // the ID is the hash of the create event, so it commits to the mode
    let skeleton = EventSkeleton { room_id: RoomId::parse(&room).unwrap(), event_id: EventId::parse(format!("${}", &room[1..])).unwrap() };
    let skeleton = world.reads(skeleton).await.unwrap();
    assert_eq!(room_id_of_create(&skeleton.event_id).as_str(), room);
    assert!(skeleton.had(&parse_object(&create.to_string()).unwrap()));
    let mut claimed = create;
    claimed["org.frankly.conversation"]["mode"] = json!("readable");
    assert!(!skeleton.had(&parse_object(&claimed.to_string()).unwrap()));
}

#[tokio::test]
async fn a_sealed_room_can_be_asked_for_by_name_with_shorter_lived_keys() {
    let world = under("choice");
    let ana = world.person("ana").await;
    for named in ["sealed", "default"] {
        let room = ana.creates(&[], json!({"creation_content": {"org.frankly.mode": named}})).await;
        assert_eq!(
            (mode_of(&ana, &room).await, ana.state(&room, "m.room.encryption", "").await["algorithm"].clone()),
            (json!("sealed"), json!("m.megolm.v1.aes-sha2"))
        );
    }
    let with = |content: Value| json!({"initial_state": [{"type": "m.room.encryption", "content": content}]});
    let room = ana.creates(&[], with(json!({"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 10}))).await;
    assert_eq!(ana.state(&room, "m.room.encryption", "").await["rotation_period_msgs"], 10);
    for weak in [json!({"algorithm": "none"}), json!({"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 1_000_000})] {
        assert_eq!(ana.refused(Method::POST, "v3/createRoom", Some(with(weak))).await, (400, "M_BAD_JSON".to_owned()));
    }
}

#[tokio::test]
async fn ciphertext_reaches_members_as_it_was_sent() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let before = ben.syncs("").await;
    let mut pen = Pen::new();
    let mut content = pen.writes("the parcel is under the third step", &room);
    content["org.example.kept"] = json!({"b": [1, "two", null], "a": true});
    let event = ana.sends(&room, "m.room.encrypted", "1", content.clone()).await;
    let sync = ben.syncs_since(&before).await;
    let told = &joined(&sync, &room)["timeline"]["events"][0];
    assert_eq!((&told["type"], &told["content"], &told["event_id"]), (&json!("m.room.encrypted"), &content, &json!(event)));
    assert_eq!(pen.reads(&told["content"])["content"]["body"], "the parcel is under the third step");
    assert_eq!(joined(&sync, &room)["unread_notifications"]["notification_count"], 1);
    let path = format!("v3/rooms/{}", encoded(&room));
    let page = ben.get(&format!("{path}/messages?dir=b&limit=1")).await;
    assert_eq!(page["chunk"][0]["content"], content);
    let around = ben.get(&format!("{path}/context/{}?limit=2", encoded(&event))).await;
    assert_eq!(around["event"]["content"], content);
    assert_eq!(ben.event(&room, &event).await["content"], content);
    let known = facts(&world, &event).await;
    assert_eq!((known.message_index, known.device_id.as_deref(), known.elsewhere, known.repeated), (0, Some("PHONE"), false, false));
    assert_eq!(known.session_id, content["session_id"]);
}

#[tokio::test]
async fn plain_text_is_not_taken_and_reaches_nobody() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let before = ben.syncs("").await;
    for event_type in [
        "m.room.message",
        "m.sticker",
        "m.poll.start",
        "m.poll.response",
        "org.matrix.msc3381.poll.start",
        "m.image",
        "m.beacon",
        "org.example.words",
    ] {
        let (status, code, words) = refusal(&ana, &room, event_type, json!({"msgtype": "m.text", "body": "hello"})).await;
        assert_eq!((status, code.as_str()), (403, "M_FORBIDDEN"), "{event_type}");
        assert!(words.contains("sealed") && words.contains(event_type), "{words}");
    }
    // nor as state, where nothing is encrypted
    for event_type in ["m.room.message", "m.sticker", "m.poll.start", "m.room.encrypted"] {
        let path = format!("v3/rooms/{}/state/{event_type}/x", encoded(&room));
        let answer = ana.refused(Method::PUT, &path, Some(json!({"msgtype": "m.text", "body": "hello"}))).await;
        assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()), "{event_type}");
        let mut state = encryption();
        state.as_array_mut().unwrap().push(json!({"type": event_type, "state_key": "x", "content": {"body": "hello"}}));
        assert_eq!(ana.refused(Method::POST, "v3/createRoom", Some(json!({"initial_state": state}))).await, answer, "{event_type}");
    }
    let mut beside = Pen::new().writes("hello", &room);
    beside["body"] = json!("hello");
    assert_eq!(refusal(&ana, &room, "m.room.encrypted", beside).await.0, 403);
    let long = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "words ".repeat(100)}});
    assert_eq!(refusal(&ana, &room, "m.reaction", long).await.1, "M_TOO_LARGE");
    let sync = ben.syncs_since(&before).await;
    assert_eq!(joined(&sync, &room), &Value::Null);
    // reactions and the signalling of calls are sent in the clear by every client
    let reaction = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "👍"}});
    ana.sends(&room, "m.reaction", "r", reaction).await;
    ana.sends(&room, "m.call.hangup", "c", json!({"call_id": "1", "party_id": "a", "version": "1", "reason": "user_hangup"})).await;
}

#[tokio::test]
async fn a_request_to_compare_keys_is_taken_in_the_clear() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let asks = json!({
        "msgtype": "m.key.verification.request",
        "body": "@ana:example.org asks to compare keys, which your app cannot do",
        "from_device": "PHONE", "methods": ["m.sas.v1", "m.reciprocate.v1"], "to": ben.user_id,
    });
    let event = ana.sends(&room, "m.room.message", "1", asks.clone()).await;
    assert_eq!(ben.event(&room, &event).await["content"], asks);
    let accepts = json!({"from_device": "TABLET", "methods": ["m.sas.v1"], "m.relates_to": {"rel_type": "m.reference", "event_id": event}});
    ben.sends(&room, "m.key.verification.ready", "2", accepts).await;
    // what only calls itself one is a message in plain text
    for (key, value, code) in [
        ("msgtype", json!("m.text"), "M_FORBIDDEN"),
        ("to", Value::Null, "M_FORBIDDEN"),
        ("from_device", json!(1), "M_FORBIDDEN"),
        ("methods", json!("m.sas.v1"), "M_FORBIDDEN"),
        ("m.new_content", json!({"body": "hello"}), "M_FORBIDDEN"),
        ("m.relates_to", json!({"rel_type": "m.replace", "event_id": event}), "M_FORBIDDEN"),
        ("body", json!("words ".repeat(200)), "M_TOO_LARGE"),
    ] {
        let mut content = asks.clone();
        content[key] = value;
        assert_eq!(refusal(&ana, &room, "m.room.message", content).await.1, code, "{key}");
    }
    // and as an encrypted message it would lie open beside its ciphertext
    let mut beside = Pen::new().writes("hello", &room);
    beside["msgtype"] = json!("m.key.verification.request");
    assert_eq!(refusal(&ana, &room, "m.room.encrypted", beside).await.0, 403);
}

#[tokio::test]
async fn a_forged_ciphertext_is_refused() {
    let world = under("choice");
    let (ana, _, room) = sealed_friends(&world).await;
    let mut content = Pen::new().writes("hello", &room);
    let other = Pen::new().writes("hello", &room);
    content["session_id"] = other["session_id"].clone();
    assert_eq!(refusal(&ana, &room, "m.room.encrypted", content).await.1, "M_INVALID_SIGNATURE");
    for (key, value) in [
        ("ciphertext", json!("AwgAEg")),
        ("ciphertext", json!("no base64!")),
        ("ciphertext", json!({})),
        ("session_id", json!("no key")),
        ("session_id", Value::Null),
        ("algorithm", json!("m.olm.v1.curve25519-aes-sha2")),
    ] {
        let mut content = other.clone();
        content[key] = value.clone();
        let (status, code, _) = refusal(&ana, &room, "m.room.encrypted", content).await;
        assert_eq!((status, code.as_str()), (400, "M_BAD_JSON"), "{key}: {value}");
    }
    assert_eq!(refusal(&ana, &room, "m.room.encrypted", json!({})).await.1, "M_BAD_JSON");
    ana.sends(&room, "m.room.encrypted", "good", other).await;
}

#[tokio::test]
async fn a_session_used_elsewhere_or_twice_is_noted_and_delivered() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let mut pen = Pen::new();
    let first = pen.writes("one", &room);
    let one = ana.sends(&room, "m.room.encrypted", "1", first.clone()).await;
    // the same transaction is the same event, and no repetition
    assert_eq!(ana.sends(&room, "m.room.encrypted", "1", first.clone()).await, one);
    let again = ana.sends(&room, "m.room.encrypted", "2", first.clone()).await;
    let third = ana.sends(&room, "m.room.encrypted", "3", first.clone()).await;
    let taken = ben.sends(&room, "m.room.encrypted", "1", first).await;
    let next = ana.sends(&room, "m.room.encrypted", "4", pen.writes("two", &room)).await;
    let mut found = Vec::new();
    for event in [&one, &again, &third, &taken, &next] {
        let known = facts(&world, event).await;
        found.push((known.message_index, known.elsewhere, known.repeated));
    }
    assert_eq!(found, [(0, false, false), (0, false, true), (0, false, true), (0, true, true), (1, false, false)]);
    // another room of the same device
    let other = ana.creates(&[], json!({"initial_state": encryption()})).await;
    let moved = ana.sends(&other, "m.room.encrypted", "1", pen.writes("three", &other)).await;
    assert!(facts(&world, &moved).await.elsewhere);
    assert_eq!(ben.event(&room, &taken).await["type"], "m.room.encrypted", "it is noted, not stopped");
}

#[tokio::test]
async fn how_it_is_encrypted_does_not_change() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let path = format!("v3/rooms/{}", encoded(&room));
    for (who, key, content) in [
        (&ana, "", json!({})),
        (&ana, "", json!({"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 1_000_000})),
        (&ana, "other", json!({"algorithm": "m.megolm.v1.aes-sha2"})),
        (&ben, "", json!({"algorithm": "none"})),
    ] {
        let answer = who.refused(Method::PUT, &format!("{path}/state/m.room.encryption/{key}"), Some(content)).await;
        assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
    }
    // who sets what is set already changes nothing
    let first = ana.sets(&room, "m.room.encryption", "", json!({"algorithm": "m.megolm.v1.aes-sha2"})).await;
    let state = ana.get(&format!("{path}/state")).await;
    let protected = ["m.room.encryption", "m.room.create", "org.frankly.mode"];
    for event in state.as_array().unwrap().iter().filter(|event| protected.contains(&event["type"].as_str().unwrap())) {
        let target = encoded(event["event_id"].as_str().unwrap());
        let answer =
            ana.refused(Method::PUT, &format!("{path}/redact/{target}/{}", event["type"].as_str().unwrap()), Some(json!({}))).await;
        assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()), "{event}");
    }
    let encryption = state.as_array().unwrap().iter().find(|event| event["type"] == "m.room.encryption").unwrap();
    assert_eq!((&encryption["event_id"], &encryption["content"]["algorithm"]), (&json!(first), &json!("m.megolm.v1.aes-sha2")));
}

#[tokio::test]
async fn the_first_notice_of_a_readable_room_cannot_be_taken_away() {
    let world = under("readable-only");
    let (ana, _, room) = world.friends().await;
    let path = format!("v3/rooms/{}", encoded(&room));
    let page = ana.get(&format!("{path}/messages?dir=b&limit=50")).await;
    let notice = page["chunk"].as_array().unwrap().iter().find(|event| event["type"] == "m.room.message").unwrap();
    let target = encoded(notice["event_id"].as_str().unwrap());
    assert_eq!(ana.refused(Method::PUT, &format!("{path}/redact/{target}/1"), Some(json!({}))).await, (403, "M_FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn what_goes_with_messages_works_without_reading_them() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let mut pen = Pen::new();
    let event = ana.sends(&room, "m.room.encrypted", "1", pen.writes("canary in a mine", &room)).await;
    let mut edit = pen.writes("canary in a cage", &room);
    edit["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": event});
    edit["m.mentions"] = json!({"user_ids": [ben.user_id]});
    let edit = ana.sends(&room, "m.room.encrypted", "2", edit).await;
    assert_eq!(ben.event(&room, &event).await["unsigned"]["m.relations"]["m.replace"]["event_id"], edit);
    let search = json!({"search_categories": {"room_events": {"search_term": "canary"}}});
    assert_eq!(ben.post("v3/search", search).await["search_categories"]["room_events"]["count"], 0);
    let sync = ben.syncs("").await;
    let counts = &joined(&sync, &room)["unread_notifications"];
    assert_eq!((&counts["notification_count"], &counts["highlight_count"]), (&json!(1), &json!(0)), "whom it mentions is said inside");
    ben.post(&format!("v3/rooms/{}/report/{}", encoded(&room), encoded(&event)), json!({"reason": "rude"})).await;
    let path = format!("v3/rooms/{}/receipt/m.read/{}", encoded(&room), encoded(&edit));
    ben.post(&path, json!({})).await;
    assert_eq!(joined(&ben.syncs("").await, &room)["unread_notifications"]["notification_count"], 0);
}

#[tokio::test]
async fn a_redacted_ciphertext_can_still_be_proven() {
    let world = under("choice");
    let (ana, ben, room) = sealed_friends(&world).await;
    let mut pen = Pen::new();
    let content = pen.writes("you will regret this", &room);
    let event = ana.sends(&room, "m.room.encrypted", "1", content.clone()).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/1", encoded(&room), encoded(&event)), json!({})).await;
    assert_eq!(ben.event(&room, &event).await["content"], json!({}));
    let skeleton = EventSkeleton { room_id: RoomId::parse(&room).unwrap(), event_id: EventId::parse(&event).unwrap() };
    let skeleton = world.reads(skeleton).await.unwrap();
    let kept = |content: &Value| skeleton.had(&parse_object(&content.to_string()).unwrap());
    assert!(kept(&content), "what the recipient kept is what was sent");
    assert!(!kept(&pen.writes("you will regret this", &room)) && !kept(&json!({})));
    let known = facts(&world, &event).await;
    assert_eq!((known.session_id.as_str(), known.device_id.as_deref()), (content["session_id"].as_str().unwrap(), Some("PHONE")));
}

#[tokio::test]
async fn where_all_is_sealed_a_stock_request_is_met() {
    let world = under("sealed-only");
    let (ana, ben, room) = sealed_friends(&world).await;
    ana.sends(&room, "m.room.encrypted", "1", Pen::new().writes("hello", &room)).await;
    assert_eq!(mode_of(&ben, &room).await, "sealed");
}

#[tokio::test]
async fn a_minor_does_not_come_into_a_sealed_conversation_of_adults() {
    let world = under("youth-readable");
    let (ana, ben, room) = sealed_friends(&world).await;
    let mia = world.aged("mia", AgeBand::From16To17).await;
    world.befriends(&ana, &mia).await;
    world.befriends(&ben, &mia).await;
    let invite = format!("v3/rooms/{}/invite", encoded(&room));
    let (status, answer) = ana.request(Method::POST, &invite, Some(json!({"user_id": mia.user_id}))).await;
    assert_eq!((status.as_u16(), &answer["errcode"]), (403, &json!("M_FORBIDDEN")));
    assert!(answer["error"].as_str().unwrap().contains("This conversation is sealed and its mode never changes"), "{answer}");
    assert_eq!(mode_of(&ben, &room).await, "sealed");
    let public = json!({"preset": "public_chat", "initial_state": encryption()});
    let open = ana.creates(&[], public).await;
    let answer = mia.refused(Method::POST, &format!("v3/join/{}", encoded(&open)), Some(json!({}))).await;
    assert_eq!(answer, (403, "M_FORBIDDEN".to_owned()));
}

/// Texts kept for cases.
struct KeptTexts;

impl Query for KeptTexts {
    type Out = (i64, i64);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        let row = tx.row("select count(*), count(blocked_content) from flags", args![]).await?.unwrap();
        Ok((row.int(0)?, row.int(1)?))
    }
}

const BEHAVIOUR: &str = r#"
pack: test
version: 1
jurisdictions: ["*"]
legal_basis: {GDPR: "test"}
terms: {}
rules:
  - {id: first, title: first contact, status: live, reads: [behaviour], harm: spam.fraud, when: "ctx.mode == \"sealed\" && pair.first_contact", verdict: block, severity: 2, queue: safety, explain: "a first message", owner: tests, review_by: "2030-01-01", tests: [{given: {"ctx.mode": "sealed", "pair.first_contact": true}, expect: block}, {given: {"ctx.mode": "readable", "pair.first_contact": true}, expect: allow}]}
"#;

#[tokio::test]
async fn rules_about_behaviour_hold_where_nothing_can_be_read() {
    let world = under("choice");
    let (ana, _, room) = sealed_friends(&world).await;
    world.app.replace_rules(Rules::load(&[("test.yaml", BEHAVIOUR)]).unwrap());
    let mut pen = Pen::new();
    let (status, code, _) = refusal(&ana, &room, "m.room.encrypted", pen.writes("one", &room)).await;
    assert_eq!((status, code.as_str()), (403, "ORG.MATRIX.MSC4387_SAFETY"));
    assert_eq!(world.reads(KeptTexts).await, (1, 0), "there is a case, and no text is kept for it");
    ana.sends(&room, "m.room.encrypted", "2", pen.writes("two", &room)).await;
}
