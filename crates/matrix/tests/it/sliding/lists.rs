//! Lists: order, places, filters, and how much of a room is told.

use serde_json::{Value, json};

use super::client::{all_rooms, room, rooms, slides, slides_on};
use crate::world::{Person, World, bodies, encoded, kinds};

/// Rooms of Ana with Ben, a second apart, each named by its number.
async fn several(world: &World, count: usize) -> (Person, Person, Vec<String>) {
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let mut made = Vec::new();
    for n in 0..count {
        world.clock.advance_ms(1_000);
        let room_id = ana.creates(&[&ben], json!({"preset": "private_chat", "name": n.to_string()})).await;
        ben.joins(&room_id).await;
        made.push(room_id);
    }
    (ana, ben, made)
}

fn sorted<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = ids.into_iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_list_shows_the_rooms_with_the_latest_events_and_grows() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 5).await;
    ana.says("up", &made[0]).await;
    let first = slides(&ben, None, &all_rooms(1, 1)).await;
    assert_eq!(first["lists"]["all"]["count"], 5);
    assert_eq!(rooms(&first), sorted([&made[0], &made[4]]));
    let second = slides_on(&ben, &first, &all_rooms(3, 1)).await;
    assert_eq!(rooms(&second), sorted([&made[3], &made[2]]), "only those not told before");
    ana.says("from below", &made[1]).await;
    let third = slides_on(&ben, &second, &all_rooms(3, 1)).await;
    assert_eq!(rooms(&third), [&made[1]]);
    assert_eq!((&room(&third, &made[1])["initial"], &room(&third, &made[1])["num_live"]), (&json!(true), &json!(1)));
}

#[tokio::test]
async fn stamps_order_rooms_by_what_is_a_sign_of_life() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 3).await;
    let asked = all_rooms(9, 1);
    world.clock.advance_ms(1_000);
    ana.says("hi", &made[0]).await;
    world.clock.advance_ms(1_000);
    ana.sets(&made[1], "m.room.topic", "", json!({"topic": "no sign of life"})).await;
    let first = slides(&ben, None, &asked).await;
    let stamp = |answer: &Value, room_id: &str| room(answer, room_id)["bump_stamp"].as_i64().unwrap();
    assert!(stamp(&first, &made[0]) > stamp(&first, &made[2]) && stamp(&first, &made[2]) > stamp(&first, &made[1]));
    world.clock.advance_ms(1_000);
    ana.says("now", &made[1]).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert!(stamp(&second, &made[1]) > stamp(&first, &made[0]));
}

#[tokio::test]
async fn a_room_that_fell_behind_is_gone_on_with_where_it_was() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 3).await;
    let first = slides(&ben, None, &all_rooms(2, 10)).await;
    // the window shrinks to one room, and something is said in another
    let second = slides_on(&ben, &first, &all_rooms(0, 10)).await;
    assert!(rooms(&second).is_empty());
    ana.says("one", &made[0]).await;
    ana.says("two", &made[1]).await;
    let third = slides_on(&ben, &second, &all_rooms(0, 10)).await;
    assert_eq!(rooms(&third), [&made[1]], "the list has one place");
    let fourth = slides_on(&ben, &third, &all_rooms(2, 10)).await;
    assert_eq!(rooms(&fourth), [&made[0]]);
    let told = room(&fourth, &made[0]);
    assert_eq!((&told["initial"], bodies(&told["timeline"])), (&json!(false), vec!["one"]));
    assert!(rooms(&slides_on(&ben, &fourth, &all_rooms(2, 10)).await).is_empty());
}

#[tokio::test]
async fn places_in_the_middle_of_a_list_are_kept_filled() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 4).await;
    let asked = json!({"lists": {"middle": {"ranges": [[1, 2]], "timeline_limit": 1, "required_state": []}}});
    let first = slides(&ben, None, &asked).await;
    assert_eq!(rooms(&first), sorted([&made[2], &made[1]]));
    ana.says("up", &made[0]).await;
    // now 0, 3, 2, 1
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!(rooms(&second), [&made[3]]);
}

/// The rooms that a filter shows.
async fn filtered(who: &Person, filters: Value) -> Vec<String> {
    let asked = json!({"lists": {"l": {"ranges": [[0, 99]], "timeline_limit": 0, "required_state": [], "filters": filters}}});
    let answer = slides(who, None, &asked).await;
    let mut told: Vec<String> = rooms(&answer).into_iter().map(str::to_owned).collect();
    told.sort();
    assert_eq!(answer["lists"]["l"]["count"], told.len());
    told
}

#[tokio::test]
async fn filters_choose_by_what_a_room_is() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let plain = ana.creates(&[&ben], json!({})).await;
    let space = ana.creates(&[&ben], json!({"creation_content": {"type": "m.space"}})).await;
    for room_id in [&plain, &space] {
        ben.joins(room_id).await;
    }
    let sealed = ana.creates(&[&ben], json!({"creation_content": {"org.frankly.mode": "sealed"}})).await;
    ben.joins(&sealed).await;
    let invited = ana.creates(&[&ben], json!({"is_direct": true})).await;
    let direct = json!({"@ana:example.org": [&plain]});
    ben.put("v3/user/@ben:example.org/account_data/m.direct", direct).await;
    ben.put(&format!("v3/user/@ben:example.org/rooms/{}/tags/m.favourite", encoded(&plain)), json!({})).await;
    for (filters, expected) in [
        (json!({}), vec![&plain, &space, &sealed, &invited]),
        (json!({"is_dm": true}), vec![&plain]),
        (json!({"is_dm": false}), vec![&space, &sealed, &invited]),
        (json!({"is_invite": true}), vec![&invited]),
        (json!({"is_invite": false}), vec![&plain, &space, &sealed]),
        (json!({"is_encrypted": true}), vec![&sealed]),
        (json!({"is_encrypted": false}), vec![&plain, &space, &invited]),
        (json!({"room_types": ["m.space"]}), vec![&space]),
        (json!({"room_types": [null]}), vec![&plain, &sealed, &invited]),
        (json!({"not_room_types": ["m.space"], "is_invite": false}), vec![&plain, &sealed]),
        (json!({"room_types": ["m.space"], "not_room_types": ["m.space"]}), vec![]),
        (json!({"tags": ["m.favourite", "m.other"]}), vec![&plain]),
        (json!({"not_tags": ["m.favourite"]}), vec![&space, &sealed, &invited]),
    ] {
        assert_eq!(filtered(&ben, filters.clone()).await, sorted(expected), "{filters}");
    }
}

#[tokio::test]
async fn lists_follow_what_people_call_direct_and_their_tags() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 2).await;
    let list = |filters: Value| json!({"ranges": [[0, 9]], "timeline_limit": 1, "required_state": [], "filters": filters});
    let asked = json!({"lists": {"dms": list(json!({"is_dm": true})), "best": list(json!({"tags": ["m.favourite"]}))}});
    let first = slides(&ben, None, &asked).await;
    assert_eq!(first["lists"], json!({"dms": {"count": 0}, "best": {"count": 0}}));
    ben.put("v3/user/@ben:example.org/account_data/m.direct", json!({"@ana:example.org": [&made[0]]})).await;
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!((rooms(&second), &second["lists"]["dms"]["count"]), (vec![made[0].as_str()], &json!(1)));
    assert_eq!(room(&second, &made[0])["is_dm"], true);
    ben.put(&format!("v3/user/@ben:example.org/rooms/{}/tags/m.favourite", encoded(&made[1])), json!({})).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!((rooms(&third), &third["lists"]["best"]["count"]), (vec![made[1].as_str()], &json!(1)));
    ben.put("v3/user/@ben:example.org/account_data/m.direct", json!({})).await;
    let fourth = slides_on(&ben, &third, &asked).await;
    assert_eq!(fourth["lists"]["dms"]["count"], 0);
    ana.says("not in any list", &made[0]).await;
    assert!(rooms(&slides_on(&ben, &fourth, &asked).await).is_empty());
}

#[tokio::test]
async fn a_room_is_said_to_be_direct_when_that_changes() {
    let world = World::new();
    let (_, ben, made) = several(&world, 1).await;
    let asked = all_rooms(9, 1);
    let first = slides(&ben, None, &asked).await;
    assert_eq!(room(&first, &made[0])["is_dm"], json!(null), "it is not");
    for (content, is) in [(json!({"@ana:example.org": [&made[0]]}), true), (json!({}), false)] {
        ben.put("v3/user/@ben:example.org/account_data/m.direct", content).await;
        let then = slides_on(&ben, &first, &asked).await;
        if is {
            assert_eq!(room(&then, &made[0])["is_dm"], true);
            assert!(rooms(&slides_on(&ben, &then, &asked).await).is_empty());
        } else {
            assert!(rooms(&then).is_empty(), "as the first answer said");
        }
    }
}

#[tokio::test]
async fn required_state_is_what_was_asked_for() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    ana.sets(&room_id, "m.room.topic", "", json!({"topic": "tea"})).await;
    ana.says("hi", &room_id).await;
    for (wanted, expected) in [
        (json!([]), vec![]),
        (json!([["m.room.topic", ""]]), vec!["m.room.topic"]),
        (json!([["m.room.topic", "*"], ["m.room.create", "x"]]), vec!["m.room.topic"]),
        (json!([["m.room.member", "$ME"]]), vec!["m.room.member/@ben:example.org"]),
        (json!([["m.room.member", "$LAZY"]]), vec!["m.room.member/@ana:example.org", "m.room.member/@ben:example.org"]),
        (json!([["m.room.member", "*"]]), vec!["m.room.member/@ana:example.org", "m.room.member/@ben:example.org"]),
        (json!([["*", "@ana:example.org"]]), vec!["m.room.member/@ana:example.org"]),
    ] {
        let asked = json!({"lists": {"l": {"ranges": [[0, 9]], "timeline_limit": 1, "required_state": wanted}}});
        let answer = slides(&ben, None, &asked).await;
        let mut state = kinds(&room(&answer, &room_id)["required_state"]);
        state.sort();
        assert_eq!(state, expected, "{asked}");
    }
    let all = json!({"lists": {"l": {"ranges": [[0, 9]], "timeline_limit": 1, "required_state": [["*", "*"]]}}});
    let state = kinds(&room(&slides(&ben, None, &all).await, &room_id)["required_state"]);
    for kind in ["m.room.create", "m.room.power_levels", "m.room.topic", "m.room.member/@ana:example.org"] {
        assert!(state.contains(&kind.to_owned()), "{kind} in {state:?}");
    }
}

#[tokio::test]
async fn asking_for_more_of_a_room_tells_more_of_it_at_once() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    ana.sets(&room_id, "m.room.topic", "", json!({"topic": "tea"})).await;
    for text in ["one", "two", "three"] {
        ana.says(text, &room_id).await;
    }
    let first = slides(&ben, None, &all_rooms(9, 1)).await;
    let mut more = all_rooms(9, 1);
    more["room_subscriptions"] = json!({&room_id: {"timeline_limit": 3, "required_state": [["m.room.topic", ""]]}});
    let second = slides_on(&ben, &first, &more).await;
    let told = room(&second, &room_id);
    assert_eq!((&told["initial"], &told["unstable_expanded_timeline"]), (&json!(false), &json!(true)));
    assert_eq!((bodies(&told["timeline"]), &told["num_live"]), (vec!["one", "two", "three"], &json!(0)));
    assert_eq!(kinds(&told["required_state"]), ["m.room.topic"]);
    assert!(rooms(&slides_on(&ben, &second, &more).await).is_empty());
    // back to less: what was told stays told
    let third = slides_on(&ben, &second, &all_rooms(9, 1)).await;
    assert!(rooms(&third).is_empty());
    assert!(rooms(&slides_on(&ben, &third, &more).await).is_empty());
    // but what was missed meanwhile is told when more is asked for again
    for text in ["four", "five"] {
        ana.says(text, &room_id).await;
    }
    let fourth = slides_on(&ben, &third, &all_rooms(9, 1)).await;
    assert_eq!(bodies(&room(&fourth, &room_id)["timeline"]), ["five"]);
    assert_eq!(room(&fourth, &room_id)["limited"], true);
    let fifth = slides_on(&ben, &fourth, &more).await;
    assert_eq!(bodies(&room(&fifth, &room_id)["timeline"]), ["three", "four", "five"]);
}

#[tokio::test]
async fn a_subscription_tells_a_room_that_no_list_shows() {
    let world = World::new();
    let (ana, ben, made) = several(&world, 3).await;
    let stranger = world.person("cy").await;
    let closed = stranger.creates(&[], json!({})).await;
    let first = slides(&ben, None, &all_rooms(0, 1)).await;
    assert_eq!(rooms(&first), [&made[2]]);
    let mut asked = all_rooms(0, 1);
    let room_config = json!({"timeline_limit": 2, "required_state": []});
    asked["room_subscriptions"] = json!({&made[0]: room_config, &closed: room_config, "!none:example.org": room_config});
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!(rooms(&second), [&made[0]], "what is not theirs is left out");
    ana.says("c", &made[2]).await;
    let third = slides_on(&ben, &second, &asked).await;
    assert_eq!(rooms(&third), [&made[2]]);
    // without the subscription the room falls behind when another takes the only place
    let fourth = slides_on(&ben, &third, &all_rooms(0, 1)).await;
    ana.says("d", &made[0]).await;
    ana.says("e", &made[1]).await;
    let fifth = slides_on(&ben, &fourth, &all_rooms(0, 1)).await;
    assert_eq!(rooms(&fifth), [&made[1]]);
    let sixth = slides_on(&ben, &fifth, &asked).await;
    assert_eq!(bodies(&room(&sixth, &made[0])["timeline"]), ["d"]);
}
