//! What is told of a room: as it stands, what came after, and how it ends.

use serde_json::json;

use super::client::{all_rooms, room, rooms, slides, slides_on};
use crate::world::{World, bodies, encoded, kinds};

#[tokio::test]
async fn a_room_is_told_as_it_stands_and_then_what_comes() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    ana.sets(&room_id, "m.room.name", "", json!({"name": "Tea"})).await;
    for text in ["one", "two", "three"] {
        ana.says(text, &room_id).await;
    }
    let asked = all_rooms(19, 2);
    let first = slides(&ben, None, &asked).await;
    let told = room(&first, &room_id);
    assert_eq!(first["lists"], json!({"all": {"count": 1}}));
    assert_eq!((&told["initial"], &told["limited"], &told["num_live"]), (&json!(true), &json!(true), &json!(0)));
    assert_eq!(bodies(&told["timeline"]), ["two", "three"]);
    assert_eq!(told["name"], "Tea");
    assert_eq!((&told["joined_count"], &told["invited_count"]), (&json!(2), &json!(0)));
    assert_eq!(told["heroes"], json!(null), "a room with a name is called by it");
    assert_eq!((&told["notification_count"], &told["highlight_count"]), (&json!(3), &json!(0)));
    let mut state = kinds(&told["required_state"]);
    state.sort();
    assert_eq!(state, ["m.room.create", "m.room.member/@ben:example.org", "m.room.name"]);
    assert!(rooms(&slides_on(&ben, &first, &asked).await).is_empty());

    let four = ana.says("four", &room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    let told = room(&second, &room_id);
    assert_eq!((&told["initial"], &told["limited"], &told["num_live"]), (&json!(false), &json!(false), &json!(1)));
    assert_eq!(bodies(&told["timeline"]), ["four"]);
    assert_eq!(told["timeline"][0]["event_id"], four);
    assert_eq!(told["timeline"][0]["unsigned"]["membership"], "join");
    assert_eq!(told["required_state"], json!([]));
    assert_eq!(told["notification_count"], 4);
    assert_eq!(told["name"], json!(null), "it has not changed");
    assert!(rooms(&slides_on(&ben, &second, &asked).await).is_empty());
}

#[tokio::test]
async fn a_gap_is_limited_and_history_fills_it() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(19, 2);
    let first = slides(&ben, None, &asked).await;
    for n in 0..6 {
        ana.says(&n.to_string(), &room_id).await;
    }
    ana.sets(&room_id, "m.room.name", "", json!({"name": "Tea"})).await;
    ana.says("last", &room_id).await;
    ana.says("very last", &room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    let told = room(&second, &room_id);
    assert_eq!(bodies(&told["timeline"]), ["last", "very last"]);
    assert_eq!((&told["limited"], &told["num_live"], &told["name"]), (&json!(true), &json!(2), &json!("Tea")));
    assert_eq!(kinds(&told["required_state"]), ["m.room.name"], "state that changed in the gap is told");
    let from = told["prev_batch"].as_str().unwrap();
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=7&from={from}", encoded(&room_id))).await;
    assert_eq!(bodies(&page["chunk"]), ["5", "4", "3", "2", "1", "0"]);
    // the position itself is a place in every room's history
    let from = encoded(second["pos"].as_str().unwrap());
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=2&from={from}", encoded(&room_id))).await;
    assert_eq!(bodies(&page["chunk"]), ["very last", "last"]);
}

#[tokio::test]
async fn a_room_without_a_name_is_called_by_its_people() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    ana.put("v3/profile/@ana:example.org/displayname", json!({"displayname": "Ana"})).await;
    let asked = all_rooms(19, 1);
    let first = slides(&ben, None, &asked).await;
    let told = room(&first, &room_id);
    assert_eq!(told["heroes"], json!([{"user_id": "@ana:example.org", "displayname": "Ana"}]));
    let cy = world.person("cy").await;
    ana.invites(&cy, &room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    let told = room(&second, &room_id);
    assert_eq!((&told["joined_count"], &told["invited_count"]), (&json!(2), &json!(1)));
    assert_eq!(told["heroes"].as_array().unwrap().len(), 2);
    ana.sets(&room_id, "m.room.name", "", json!({"name": "Tea"})).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!(room(&third, &room_id)["name"], "Tea");
    ana.sets(&room_id, "m.room.avatar", "", json!({"url": "mxc://example.org/a"})).await;
    let fourth = slides_on(&ben, &third, &asked).await;
    assert_eq!(room(&fourth, &room_id)["avatar"], "mxc://example.org/a");
    ana.sets(&room_id, "m.room.avatar", "", json!({})).await;
    let fifth = slides_on(&ben, &fourth, &asked).await;
    assert!(room(&fifth, &room_id).as_object().unwrap().get("avatar").unwrap().is_null());
}

#[tokio::test]
async fn an_invitation_is_told_with_what_the_room_is_and_becomes_a_room() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let asked = all_rooms(19, 5);
    let first = slides(&ben, None, &asked).await;
    assert_eq!(first["lists"]["all"]["count"], 0);
    let room_id = ana.creates(&[&ben], json!({"name": "Tea", "is_direct": true})).await;
    let second = slides_on(&ben, &first, &asked).await;
    let told = room(&second, &room_id);
    let stripped = kinds(&told["invite_state"]);
    assert!(
        stripped.contains(&"m.room.name".to_owned()) && stripped.contains(&"m.room.member/@ben:example.org".to_owned()),
        "{stripped:?}"
    );
    for absent in ["timeline", "required_state", "joined_count", "prev_batch", "name", "heroes"] {
        assert!(told[absent].is_null(), "{absent} in {told}");
    }
    assert!(rooms(&slides_on(&ben, &second, &asked).await).is_empty(), "told once");
    ben.joins(&room_id).await;
    let third = slides_on(&ben, &second, &asked).await;
    let told = room(&third, &room_id);
    assert_eq!((&told["initial"], &told["name"]), (&json!(true), &json!("Tea")));
    assert!(told["invite_state"].is_null());
    assert!(told["num_live"].as_i64().unwrap() >= 1);
}

#[tokio::test]
async fn a_leave_is_told_once_and_the_room_is_gone() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(19, 5);
    let first = slides(&ben, None, &asked).await;
    ana.says("bye", &room_id).await;
    ben.leaves(&room_id).await;
    ana.says("behind his back", &room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    let told = room(&second, &room_id);
    assert_eq!(bodies(&told["timeline"]), ["bye"]);
    let own = &told["required_state"][0];
    assert_eq!((&own["type"], &own["content"]["membership"]), (&json!("m.room.member"), &json!("leave")));
    assert_eq!(second["lists"]["all"]["count"], 0);
    for _ in 0..2 {
        assert!(rooms(&slides_on(&ben, &second, &asked).await)[..] == [] as [&str; 0]);
    }
    let mut elsewhere = asked.clone();
    elsewhere["conn_id"] = "elsewhere".into();
    assert!(rooms(&slides(&ben, None, &elsewhere).await).is_empty(), "another connection was never told of it");
    ana.invites(&ben, &room_id).await;
    ben.joins(&room_id).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!(room(&third, &room_id)["initial"], true);
}

#[tokio::test]
async fn who_is_removed_is_told_even_by_a_new_connection() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(19, 5);
    let first = slides(&ben, None, &asked).await;
    assert_eq!(ana.acts_on("kick", &ben, &room_id).await.0, 200);
    ana.says("behind his back", &room_id).await;
    let mut anew = asked.clone();
    anew["conn_id"] = "anew".into();
    for (from, asked) in [(Some(&first), &asked), (None, &anew)] {
        let answer = slides(&ben, from, asked).await;
        let told = room(&answer, &room_id);
        let own = told["required_state"].as_array().unwrap().last().unwrap();
        assert_eq!((&own["content"]["membership"], &own["sender"]), (&json!("leave"), &json!("@ana:example.org")));
        assert!(!told.to_string().contains("behind his back"));
        assert!(rooms(&slides_on(&ben, &answer, asked).await).is_empty(), "told once");
    }
    // an invitation taken back is nothing to list, but its end is told to whom it was told
    let other = ana.creates(&[&ben], json!({"name": "Coffee"})).await;
    let invited = slides(&ben, None, &asked).await;
    assert!(room(&invited, &other)["invite_state"].is_array());
    assert_eq!(ana.acts_on("kick", &ben, &other).await.0, 200);
    let ended = slides_on(&ben, &invited, &asked).await;
    assert_eq!(room(&ended, &other)["required_state"][0]["content"]["membership"], "leave");
    assert_eq!(rooms(&slides(&ben, None, &asked).await), [&room_id]);
}

#[tokio::test]
async fn a_room_joined_and_left_between_two_polls_is_not_told_twice_or_wrong() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let asked = all_rooms(19, 5);
    let first = slides(&ben, None, &asked).await;
    let room_id = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ben.joins(&room_id).await;
    ben.leaves(&room_id).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert!(rooms(&second).is_empty(), "the client never knew of it");
    ana.invites(&ben, &room_id).await;
    ben.joins(&room_id).await;
    ben.leaves(&room_id).await;
    ana.invites(&ben, &room_id).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert!(room(&third, &room_id)["invite_state"].is_array());
    ben.joins(&room_id).await;
    ben.leaves(&room_id).await;
    ana.invites(&ben, &room_id).await;
    ben.joins(&room_id).await;
    let fourth = slides_on(&ben, &third, &asked).await;
    assert_eq!(room(&fourth, &room_id)["initial"], true);
}

#[tokio::test]
async fn what_ignored_people_say_is_not_told() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let ignored = json!({"ignored_users": {"@ana:example.org": {}}});
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", ignored).await;
    let asked = all_rooms(19, 5);
    ana.says("loud", &room_id).await;
    let first = slides(&ben, None, &asked).await;
    assert!(bodies(&room(&first, &room_id)["timeline"]).is_empty());
    ana.says("louder", &room_id).await;
    let invited = ana.creates(&[&ben], json!({})).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert!(!second.to_string().contains("louder") && second["rooms"][&invited].is_null());
}

#[tokio::test]
async fn edits_redactions_and_transactions_come_with_their_events() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(19, 5);
    let (first, own) = (slides(&ben, None, &asked).await, slides(&ana, None, &asked).await);
    let said = ana.says("one", &room_id).await;
    let edit = json!({"msgtype": "m.text", "body": "* two", "m.new_content": {"msgtype": "m.text", "body": "two"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": said}});
    ana.sends(&room_id, "m.room.message", "edit", edit).await;
    let gone = ana.says("gone", &room_id).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/r", encoded(&room_id), encoded(&gone)), json!({})).await;
    let second = slides_on(&ben, &first, &asked).await;
    let timeline = &room(&second, &room_id)["timeline"];
    assert_eq!(timeline[0]["unsigned"]["m.relations"]["m.replace"]["content"]["body"], "* two");
    assert_eq!(timeline[2]["content"], json!({}));
    assert_eq!(timeline[2]["unsigned"]["redacted_because"]["type"], "m.room.redaction");
    assert!(timeline[0]["unsigned"]["transaction_id"].is_null());
    let own = slides_on(&ana, &own, &asked).await;
    assert_eq!(room(&own, &room_id)["timeline"][0]["unsigned"]["transaction_id"], "one");
}
