//! Accounts that are closed with `erase`: what those who were there keep, and what nobody else is given any more.

use app::accounts::admin::UserChange;
use http::Method;
use model::secret::Secret;
use serde_json::{Value, json};

use crate::sealed::Pen;
use crate::world::{Person, World, bodies, encoded, joined, kinds};

const PASSWORD: &str = "correct horse";

/// Closes somebody's account from their own device.
async fn closes(world: &World, who: &Person, erase: bool) {
    let hash = world.app.hash_password(&Secret::new(PASSWORD.to_owned())).await.unwrap();
    world.is_told(who, UserChange::Password(hash)).await;
    let auth = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": who.user_id}, "password": PASSWORD});
    who.post("v3/account/deactivate", json!({"erase": erase, "auth": auth})).await;
}

async fn edits(who: &Person, room: &str, event: &str, text: &str) {
    let content = json!({"msgtype": "m.text", "body": format!("* {text}"), "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": event}});
    who.sends(room, "m.room.message", &encoded(text), content).await;
}

/// The messages of a page of history, oldest first: their texts, `-` for what is redacted.
async fn reads(who: &Person, room: &str) -> Vec<String> {
    let page = who.get(&format!("v3/rooms/{}/messages?dir=f&limit=100", encoded(room))).await;
    texts(&page["chunk"])
}

fn texts(events: &Value) -> Vec<String> {
    let messages =
        events.as_array().unwrap().iter().filter(|event| event["type"] == "m.room.message" && event["sender"] != "@frankly:example.org");
    messages.map(|event| event["content"]["body"].as_str().unwrap_or("-").to_owned()).collect()
}

/// A group whose members came one after another: ana spoke when ben was there, and when carl had come too.
struct Group {
    world: World,
    ana: Person,
    ben: Person,
    carl: Person,
    dora: Person,
    room: String,
    early: String,
    late: String,
}

impl Group {
    async fn new() -> Self {
        let world = World::new();
        world.app.ensure_service_account().await.unwrap();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let (carl, dora) = (world.person("carl").await, world.person("dora").await);
        ana.put("v3/profile/@ana:example.org/displayname", json!({"displayname": "Ana"})).await;
        let room = ben
            .creates(
                &[&ana, &carl],
                json!({"preset": "private_chat", "name": "Tea", "power_level_content_override": {"events": {"m.room.topic": 0}}}),
            )
            .await;
        ana.joins(&room).await;
        let early = ana.says("secret kettle", &room).await;
        edits(&ana, &room, &early, "secret pot").await;
        ben.says("ben on the kettle", &room).await;
        carl.joins(&room).await;
        let late = ana.says("public kettle", &room).await;
        Self { world, ana, ben, carl, dora, room, early, late }
    }

    /// Somebody who comes now.
    async fn dora_comes(&self) {
        self.ben.invites(&self.dora, &self.room).await;
        self.dora.joins(&self.room).await;
    }

    fn path(&self, rest: &str) -> String {
        format!("v3/rooms/{}/{rest}", encoded(&self.room))
    }
}

#[tokio::test]
async fn who_was_there_keeps_it_and_who_was_not_gets_redacted_copies() {
    let group = Group::new().await;
    let all = ["secret kettle", "* secret pot", "ben on the kettle", "public kettle"];
    assert_eq!(reads(&group.carl, &group.room).await, all, "before, the history is shared");
    closes(&group.world, &group.ana, true).await;
    group.dora_comes().await;
    assert_eq!(reads(&group.ben, &group.room).await, all);
    assert_eq!(reads(&group.carl, &group.room).await, ["-", "-", "ben on the kettle", "public kettle"]);
    assert_eq!(reads(&group.dora, &group.room).await, ["-", "-", "ben on the kettle", "-"]);
    // the event is there, with nothing in it, and nobody is said to have redacted it
    let copy = group.carl.event(&group.room, &group.early).await;
    assert_eq!((&copy["content"], &copy["sender"], &copy["event_id"]), (&json!({}), &json!("@ana:example.org"), &json!(group.early)));
    assert_eq!(copy["unsigned"].get("redacted_because"), None);
    assert_eq!(group.ben.event(&group.room, &group.early).await["content"]["body"], "secret kettle");
}

#[tokio::test]
async fn every_way_to_read_gives_the_same() {
    let group = Group::new().await;
    closes(&group.world, &group.ana, true).await;
    group.dora_comes().await;
    let context = group.carl.get(&group.path(&format!("context/{}?limit=20", encoded(&group.late)))).await;
    assert_eq!(texts(&context["events_before"]), ["ben on the kettle", "-", "-"]);
    assert_eq!(context["event"]["content"]["body"], "public kettle");
    let context = group.carl.get(&group.path(&format!("context/{}?limit=20", encoded(&group.early)))).await;
    assert_eq!(
        (&context["event"]["content"], texts(&context["events_after"])),
        (&json!({}), vec!["-".to_owned(), "ben on the kettle".to_owned(), "public kettle".to_owned()])
    );
    let relations = format!("v1/rooms/{}/relations/{}", encoded(&group.room), encoded(&group.early));
    for (reader, expected) in [(&group.ben, "* secret pot"), (&group.carl, "-")] {
        for query in ["", "?recurse=true"] {
            assert_eq!(texts(&reader.get(&format!("{relations}{query}")).await["chunk"]), [expected], "{query}");
        }
    }
    // a first sync, one that looks through a filter, and sliding sync
    let filtered = format!("&filter={}", encoded(r#"{"room":{"timeline":{"types":["m.room.message"],"limit":50}}}"#));
    let wide = format!("&filter={}", encoded(r#"{"room":{"timeline":{"limit":50}}}"#));
    for query in [&filtered, &wide] {
        let timeline = |sync: &Value| texts(&joined(sync, &group.room)["timeline"]["events"]);
        assert_eq!(timeline(&group.carl.syncs(query).await), ["-", "-", "ben on the kettle", "public kettle"], "{query}");
        assert_eq!(timeline(&group.dora.syncs(query).await), ["-", "-", "ben on the kettle", "-"], "{query}");
        assert_eq!(
            timeline(&group.ben.syncs(query).await),
            ["secret kettle", "* secret pot", "ben on the kettle", "public kettle"],
            "{query}"
        );
    }
    let list = json!({"lists": {"all": {"ranges": [[0, 9]], "timeline_limit": 50, "required_state": []}}});
    let slid = group.dora.post("unstable/org.matrix.simplified_msc3575/sync?timeout=0", list).await;
    assert_eq!(texts(&slid["rooms"][&group.room]["timeline"]), ["-", "-", "ben on the kettle", "-"]);
}

#[tokio::test]
async fn what_is_hidden_is_not_found_by_its_words_either() {
    let group = Group::new().await;
    closes(&group.world, &group.ana, true).await;
    group.dora_comes().await;
    let finds = async |who: &Person, term: &str| {
        let criteria = json!({"search_term": term, "order_by": "recent", "event_context": {"before_limit": 5, "after_limit": 5}});
        let answer = who.post("v3/search", json!({"search_categories": {"room_events": criteria}})).await;
        let found = answer["search_categories"]["room_events"].clone();
        let results = found["results"].as_array().unwrap();
        assert_eq!(found["count"], results.len());
        assert_eq!(who.user_id == "@ben:example.org", found.to_string().contains("secret"), "nor in what surrounds a result: {found}");
        results.iter().map(|one| one["result"]["content"]["body"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(finds(&group.ben, "kettle").await, ["public kettle", "ben on the kettle", "secret kettle"]);
    assert_eq!(finds(&group.carl, "kettle").await, ["public kettle", "ben on the kettle"]);
    assert_eq!(finds(&group.dora, "kettle").await, ["ben on the kettle"]);
    assert!(finds(&group.dora, "pot").await.is_empty());
}

#[tokio::test]
async fn an_edit_made_while_one_was_away_is_not_told_with_the_message() {
    let group = Group::new().await;
    group.carl.leaves(&group.room).await;
    edits(&group.ana, &group.room, &group.late, "afterthought").await;
    group.ben.invites(&group.carl, &group.room).await;
    group.carl.joins(&group.room).await;
    let edit_of = async |who: &Person| who.event(&group.room, &group.late).await["unsigned"]["m.relations"]["m.replace"].clone();
    assert!(edit_of(&group.carl).await.to_string().contains("afterthought"));
    closes(&group.world, &group.ana, true).await;
    assert!(edit_of(&group.ben).await.to_string().contains("afterthought"));
    assert_eq!(edit_of(&group.carl).await, Value::Null);
    assert_eq!(group.carl.event(&group.room, &group.late).await["content"]["body"], "public kettle", "for which carl was there");
}

#[tokio::test]
async fn the_latest_answer_of_a_thread_is_hidden_like_the_answer_itself() {
    let group = Group::new().await;
    let start = group.ben.says("where to meet", &group.room).await;
    let answer = json!({"msgtype": "m.text", "body": "behind the mill", "m.relates_to": {"rel_type": "m.thread", "event_id": start}});
    let answer = group.ana.sends(&group.room, "m.room.message", "thread", answer).await;
    closes(&group.world, &group.ana, true).await;
    group.dora_comes().await;
    let told = async |who: &Person| who.event(&group.room, &start).await["unsigned"]["m.relations"]["m.thread"].clone();
    let list = async |who: &Person| who.get(&format!("v1/rooms/{}/threads", encoded(&group.room))).await["chunk"][0].clone();
    for thread in [told(&group.ben).await, list(&group.ben).await["unsigned"]["m.relations"]["m.thread"].clone()] {
        assert_eq!(thread["latest_event"]["content"]["body"], "behind the mill");
    }
    for thread in [told(&group.dora).await, list(&group.dora).await["unsigned"]["m.relations"]["m.thread"].clone()] {
        assert_eq!((&thread["count"], &thread["latest_event"]["event_id"]), (&json!(1), &json!(answer)));
        assert!(!thread.to_string().contains("mill"), "{thread}");
    }
}

#[tokio::test]
async fn names_go_for_everybody_and_state_stays() {
    let group = Group::new().await;
    group.ana.sets(&group.room, "m.room.topic", "", json!({"topic": "by ana"})).await;
    closes(&group.world, &group.ana, true).await;
    group.dora_comes().await;
    for reader in [&group.ben, &group.dora] {
        let page = reader.get(&group.path("messages?dir=f&limit=100")).await;
        let own = page["chunk"].as_array().unwrap().iter().filter(|event| event["state_key"] == "@ana:example.org");
        let own: Vec<&Value> = own.collect();
        assert_eq!(
            own.iter().map(|event| &event["content"]).collect::<Vec<_>>(),
            [&json!({"membership": "invite"}), &json!({"membership": "join"}), &json!({"membership": "leave"})]
        );
        let everything = reader.syncs("&full_state=true").await.to_string() + &page.to_string();
        assert!(!everything.contains("\"Ana\""), "{everything}");
        assert_eq!(reader.state(&group.room, "m.room.topic", "").await, json!({"topic": "by ana"}));
    }
    assert!(kinds(&group.ben.get(&group.path("members")).await["chunk"]).contains(&"m.room.member/@ana:example.org".to_owned()));
}

#[tokio::test]
async fn without_the_wish_everything_stays() {
    let group = Group::new().await;
    closes(&group.world, &group.ana, false).await;
    group.dora_comes().await;
    assert_eq!(reads(&group.dora, &group.room).await, ["secret kettle", "* secret pot", "ben on the kettle", "public kettle"]);
    let sync = group.ben.syncs("&full_state=true").await;
    assert!(sync.to_string().contains("\"Ana\""), "who was called what is history");
}

#[tokio::test]
async fn ciphertext_is_hidden_like_words() {
    let world = World::new();
    let (ana, ben, dora) = (world.person("ana").await, world.person("ben").await, world.person("dora").await);
    let state = crate::modes::encryption();
    let room = ben.creates(&[&ana], json!({"preset": "private_chat", "initial_state": state})).await;
    ana.joins(&room).await;
    let sent = ana.sends(&room, "m.room.encrypted", "1", Pen::new().writes("x", &room)).await;
    closes(&world, &ana, true).await;
    ben.invites(&dora, &room).await;
    dora.joins(&room).await;
    assert_eq!(dora.event(&room, &sent).await["content"], json!({}));
    assert!(ben.event(&room, &sent).await["content"]["ciphertext"].is_string());
}

#[tokio::test]
async fn a_closed_account_leaves_rooms_and_declines_invitations() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let (inside, asked) =
        (ben.creates(&[&ana], json!({"preset": "private_chat"})).await, ben.creates(&[&ana], json!({"preset": "private_chat"})).await);
    ana.joins(&inside).await;
    closes(&world, &ana, false).await;
    for room in [&inside, &asked] {
        assert_eq!(ben.state(room, "m.room.member", "@ana:example.org").await["membership"], "leave");
        assert!(bodies(&ben.get(&format!("v3/rooms/{}/messages?dir=b", encoded(room))).await["chunk"]).is_empty());
    }
    assert_eq!(ben.refused(Method::GET, "v3/profile/@ana:example.org", None).await, (404, "M_NOT_FOUND".to_owned()));
}
