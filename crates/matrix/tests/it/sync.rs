//! `/sync`: what is told, once, in order, and what a gap looks like.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::world::{World, bodies, encoded, joined, kinds, next};

fn filter(definition: &Value) -> String {
    format!("&filter={}", encoded(&definition.to_string()))
}

#[tokio::test]
async fn a_first_sync_tells_the_room_as_it_stands() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("hi", &room).await;
    let sync = ben.syncs("").await;
    let joined = joined(&sync, &room);
    assert_eq!(bodies(&joined["timeline"]["events"]), ["hi"]);
    assert_eq!(joined["timeline"]["limited"], true);
    assert_eq!(joined["summary"], json!({"m.heroes": [ana.user_id], "m.joined_member_count": 2, "m.invited_member_count": 0}));
    assert_eq!(joined["unread_notifications"], json!({"highlight_count": 0, "notification_count": 1}));
    // every piece of state is told exactly once, in the state or in the timeline
    let mut state = kinds(&joined["state"]["events"]);
    state.extend(kinds(&joined["timeline"]["events"]).into_iter().filter(|kind| kind != "m.room.message"));
    state.sort();
    for wanted in ["m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.history_visibility"] {
        assert_eq!(state.iter().filter(|kind| *kind == wanted).count(), 1, "{wanted} in {state:?}");
    }
    assert_eq!(sync["device_one_time_keys_count"], json!({"signed_curve25519": 0}));
    assert_eq!(sync["device_unused_fallback_key_types"], json!([]));
    assert_eq!(kinds(&sync["account_data"]["events"]), ["m.push_rules"]);
}

#[tokio::test]
async fn each_message_is_told_once_and_in_order() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let mut sync = ben.syncs("").await;
    for round in 0..3 {
        for n in 0..3 {
            ana.says(&format!("{round}.{n}"), &room).await;
        }
        sync = ben.syncs_since(&sync).await;
        let timeline = &joined(&sync, &room)["timeline"];
        assert_eq!(bodies(&timeline["events"]), [format!("{round}.0"), format!("{round}.1"), format!("{round}.2")]);
        assert_eq!(timeline["limited"], false);
    }
    let quiet = ben.syncs_since(&sync).await;
    assert_eq!(quiet["rooms"]["join"], json!({}));
    assert_eq!(next(&quiet), next(&sync), "a poll with nothing new gives the same position");
}

#[tokio::test]
async fn an_old_token_is_served_again_the_same() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    ana.says("one", &room).await;
    let once = ben.syncs_since(&first).await;
    let again = ben.syncs_since(&first).await;
    assert_eq!(once, again);
}

#[tokio::test]
async fn a_gap_is_limited_and_messages_fill_it() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    ana.says("m0", &room).await;
    ana.sets(&room, "m.room.topic", "", json!({"topic": "tea"})).await;
    for n in 1..8 {
        ana.says(&format!("m{n}"), &room).await;
    }
    let few = filter(&json!({"room": {"timeline": {"limit": 3}}}));
    let sync = ben.syncs(&format!("{few}&since={}", next(&first))).await;
    let told = joined(&sync, &room);
    assert_eq!(bodies(&told["timeline"]["events"]), ["m5", "m6", "m7"]);
    assert_eq!(told["timeline"]["limited"], true);
    assert_eq!(kinds(&told["state"]["events"]), ["m.room.topic"], "state from the gap is told");
    let prev = told["timeline"]["prev_batch"].as_str().unwrap();
    let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=100&from={prev}&to={}", encoded(&room), next(&first))).await;
    assert_eq!(bodies(&page["chunk"])[..5], ["m4", "m3", "m2", "m1", "m0"]);
}

#[tokio::test]
async fn who_joins_gets_all_the_state_whatever_came_before() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.sets(&room, "m.room.name", "", json!({"name": "tea"})).await;
    let first = ben.syncs("").await;
    ben.leaves(&room).await;
    for n in 0..12 {
        ana.says(&format!("away {n}"), &room).await;
    }
    ana.invites(&ben, &room).await;
    ben.joins(&room).await;
    let sync = ben.syncs_since(&first).await;
    let told = joined(&sync, &room);
    let state = kinds(&told["state"]["events"]);
    for wanted in ["m.room.create", "m.room.name", "m.room.power_levels"] {
        assert!(state.iter().any(|kind| kind == wanted), "{wanted} in {state:?}");
    }
    assert_eq!(told["timeline"]["limited"], true);
    assert!(bodies(&told["timeline"]["events"]).contains(&"away 11"), "shared history");
    assert_eq!(sync["rooms"]["leave"], json!({}));
    assert_eq!(sync["rooms"]["invite"], json!({}));
}

#[tokio::test]
async fn an_invitation_is_told_once_with_what_the_room_is() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = ben.syncs("").await;
    let room = ana.creates(&[&ben], json!({"name": "tea", "preset": "private_chat", "is_direct": true})).await;
    let sync = ben.syncs_since(&first).await;
    let events = &sync["rooms"]["invite"][&room]["invite_state"]["events"];
    let told = kinds(events);
    for wanted in ["m.room.create", "m.room.name", "m.room.join_rules", "m.room.member/@ana:example.org", "m.room.member/@ben:example.org"]
    {
        assert!(told.iter().any(|kind| kind == wanted), "{wanted} in {told:?}");
    }
    assert_eq!(events.as_array().unwrap().last().unwrap()["content"]["is_direct"], true);
    ana.says("are you there", &room).await;
    let later = ben.syncs_since(&sync).await;
    assert_eq!(later["rooms"]["invite"], json!({}));
    assert_eq!(later["rooms"]["join"], json!({}), "the room is not theirs to read yet");
    let anew = ben.syncs("").await;
    assert!(anew["rooms"]["invite"][&room].is_object());
    ben.leaves(&room).await;
    let declined = ben.syncs_since(&later).await;
    assert_eq!(kinds(&declined["rooms"]["leave"][&room]["timeline"]["events"]), ["m.room.member/@ben:example.org"]);
}

#[tokio::test]
async fn a_leave_is_the_last_thing_told_of_a_room() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    ana.says("before", &room).await;
    ben.leaves(&room).await;
    ana.says("after", &room).await;
    let sync = ben.syncs_since(&first).await;
    let left = &sync["rooms"]["leave"][&room];
    assert_eq!(bodies(&left["timeline"]["events"]), ["before"]);
    assert_eq!(kinds(&left["timeline"]["events"]).last().unwrap(), "m.room.member/@ben:example.org");
    assert_eq!(ben.syncs_since(&sync).await["rooms"]["leave"], json!({}));
    // a first sync tells left rooms only when asked to
    assert_eq!(ben.syncs("").await["rooms"]["leave"], json!({}));
    let with_left = ben.syncs(&filter(&json!({"room": {"include_leave": true}}))).await;
    let left = &with_left["rooms"]["leave"][&room];
    assert_eq!(bodies(&left["timeline"]["events"]), ["before"]);
    assert!(kinds(&left["state"]["events"]).iter().any(|kind| kind == "m.room.create"));
}

#[tokio::test]
async fn a_room_joined_and_left_between_two_syncs_is_told_with_its_state() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let first = ben.syncs("").await;
    let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ben.joins(&room).await;
    for n in 0..12 {
        ana.says(&format!("m{n}"), &room).await;
    }
    ben.leaves(&room).await;
    let sync = ben.syncs_since(&first).await;
    let left = &sync["rooms"]["leave"][&room];
    assert!(kinds(&left["state"]["events"]).iter().any(|kind| kind == "m.room.create"));
    assert_eq!(kinds(&left["timeline"]["events"]).last().unwrap(), "m.room.member/@ben:example.org");
}

#[tokio::test]
async fn a_forgotten_room_is_told_no_more() {
    let world = World::new();
    let (_, ben, room) = world.friends().await;
    ben.leaves(&room).await;
    ben.post(&format!("v3/rooms/{}/forget", encoded(&room)), json!({})).await;
    let sync = ben.syncs(&filter(&json!({"room": {"include_leave": true}}))).await;
    assert_eq!(sync["rooms"]["leave"], json!({}));
    let (status, errcode) = ben.refused(Method::GET, &format!("v3/rooms/{}/messages?dir=b", encoded(&room)), None).await;
    assert_eq!((status, errcode.as_str()), (403, "M_FORBIDDEN"));
}

#[tokio::test]
async fn full_state_tells_every_room_again() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    ana.says("one", &room).await;
    let sync = ben.syncs(&format!("&full_state=true&since={}", next(&first))).await;
    let told = joined(&sync, &room);
    assert_eq!(bodies(&told["timeline"]["events"]), ["one"]);
    assert!(kinds(&told["state"]["events"]).iter().any(|kind| kind == "m.room.create"));
}

#[tokio::test]
async fn a_redaction_prunes_and_says_by_what() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    let event = ana.says("oops", &room).await;
    ana.put(&format!("v3/rooms/{}/redact/{}/t1", encoded(&room), encoded(&event)), json!({"reason": "typo"})).await;
    let sync = ben.syncs_since(&first).await;
    let events = joined(&sync, &room)["timeline"]["events"].as_array().unwrap();
    assert_eq!(events[0]["content"], json!({}));
    assert_eq!(events[0]["unsigned"]["redacted_because"]["content"]["reason"], "typo");
    assert_eq!(events[1]["type"], "m.room.redaction");
    assert_eq!((&events[1]["redacts"], &events[1]["content"]["redacts"]), (&json!(event), &json!(event)));
}

#[tokio::test]
async fn the_transaction_is_echoed_to_its_device_alone() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let laptop = world.device("ana", "LAPTOP").await;
    ana.says("mine", &room).await;
    for (who, wanted) in [(&ana, json!("mine")), (&laptop, Value::Null), (&ben, Value::Null)] {
        let sync = who.syncs("").await;
        let events = joined(&sync, &room)["timeline"]["events"].as_array().unwrap();
        assert_eq!(events.last().unwrap()["unsigned"]["transaction_id"], wanted);
    }
}

#[tokio::test]
async fn filters_choose_types_senders_rooms() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ana.says("from ana", &room).await;
    ben.says("from ben", &room).await;
    let only_messages = ben.syncs(&filter(&json!({"room": {"timeline": {"types": ["m.room.message"]}}}))).await;
    assert_eq!(bodies(&joined(&only_messages, &room)["timeline"]["events"]), ["from ana", "from ben"]);
    let not_ana = ben.syncs(&filter(&json!({"room": {"timeline": {"not_senders": [ana.user_id]}}}))).await;
    assert_eq!(bodies(&joined(&not_ana, &room)["timeline"]["events"]), ["from ben"]);
    let no_room = ben.syncs(&filter(&json!({"room": {"not_rooms": [room]}}))).await;
    assert_eq!(no_room["rooms"]["join"], json!({}));
    let id = ben.post("v3/user/@ben:example.org/filter", json!({"room": {"rooms": []}})).await["filter_id"].as_str().unwrap().to_owned();
    assert_eq!(ben.syncs(&format!("&filter={id}")).await["rooms"]["join"], json!({}));
    assert_eq!(ben.get(&format!("v3/user/@ben:example.org/filter/{id}")).await, json!({"room": {"rooms": []}}));
    for bad in ["999", "%7Bbad", "abc"] {
        let (status, _) = ben.refused(Method::GET, &format!("v3/sync?filter={bad}"), None).await;
        assert_eq!(status, 400, "filter {bad}");
    }
}

#[tokio::test]
async fn a_token_that_is_none_or_not_theirs_is_refused_clearly() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let of_ana = ana.syncs("").await;
    for token in [next(&of_ana), "s1_0_0_0000000000", "s-1_0_0_x", "x", "t5", "s99999999999999999999_0_0_aa", "%00", "_"] {
        let (status, errcode) = ben.refused(Method::GET, &format!("v3/sync?since={token}"), None).await;
        assert_eq!((status, errcode.as_str()), (400, "M_INVALID_PARAM"), "token {token}");
    }
}

#[tokio::test]
async fn ignored_people_are_not_heard_but_seen() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    let content = json!({"ignored_users": {ana.user_id.as_str(): {}}});
    ben.put("v3/user/@ben:example.org/account_data/m.ignored_user_list", content).await;
    ana.says("hello?", &room).await;
    ana.sets(&room, "m.room.topic", "", json!({"topic": "tea"})).await;
    let sync = ben.syncs_since(&first).await;
    assert_eq!(kinds(&joined(&sync, &room)["timeline"]["events"]), ["m.room.topic"]);
    let other = ana.creates(&[&ben], json!({})).await;
    assert!(ben.syncs_since(&sync).await["rooms"]["invite"][&other].is_null());
}

#[tokio::test]
async fn a_waiting_poll_is_woken_by_a_message() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let first = ben.syncs("").await;
    let waiting = {
        let (ben, path) = (ben.clone(), format!("v3/sync?timeout=30000&since={}", next(&first)));
        tokio::spawn(async move { ben.get(&path).await })
    };
    tokio::task::yield_now().await;
    ana.says("wake", &room).await;
    let sync = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(bodies(&joined(&sync, &room)["timeline"]["events"]), ["wake"]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_news_ends_with_its_time() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    let first = ben.syncs("").await;
    let sync = ben.get(&format!("v3/sync?timeout=20000&since={}", next(&first))).await;
    assert_eq!(next(&sync), next(&first));
}

#[tokio::test]
async fn members_of_large_rooms_come_as_they_speak() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    for n in 0..33 {
        let other = world.person(&format!("u{n}")).await;
        ana.invites(&other, &room).await;
        other.joins(&room).await;
        if n == 32 {
            let lazy = filter(&json!({"room": {"state": {"lazy_load_members": true}, "timeline": {"limit": 1}}}));
            let sync = ben.syncs(&lazy).await;
            let told = kinds(&joined(&sync, &room)["state"]["events"]);
            assert!(told.iter().filter(|kind| kind.starts_with("m.room.member/")).count() <= 3, "{told:?}");
            assert!(told.contains(&"m.room.member/@ben:example.org".to_owned()), "one's own");
            assert_eq!(joined(&sync, &room)["summary"]["m.joined_member_count"], 35);
            ana.says("hi all", &room).await;
            let sync = ben.syncs(&format!("{lazy}&since={}", next(&sync))).await;
            assert_eq!(kinds(&joined(&sync, &room)["state"]["events"]), ["m.room.member/@ana:example.org"]);
        }
    }
}

#[tokio::test]
async fn a_waiting_poll_is_woken_by_an_invitation() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let room = ana.creates(&[], json!({"preset": "private_chat"})).await;
    let since = ben.syncs("").await;
    let poll = {
        let (ben, path) = (ben.clone(), format!("v3/sync?timeout=30000&since={}", next(&since)));
        tokio::spawn(async move { ben.get(&path).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    ana.invites(&ben, &room).await;
    // before the next look that a poll takes by itself
    let woken = tokio::time::timeout(Duration::from_secs(10), poll).await.expect("woken").unwrap();
    assert!(woken["rooms"]["invite"][&room].is_object(), "{woken}");
}
