//! Connections: what happens to their positions, how long they last, and how they wait.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{all_rooms, path, pos_of, refused, room, rooms, slides, slides_on};
use crate::plain;
use crate::world::{Person, World, bodies};

const UNKNOWN: (u16, &str) = (400, "M_UNKNOWN_POS");

/// An answer apart from its position.
fn told(answer: &Value) -> Value {
    json!([answer["rooms"], answer["lists"], answer["extensions"]])
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_from_the_older_state() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    let other = ana.creates(&[&ben], json!({"name": "Coffee"})).await;
    ben.joins(&other).await;
    ana.says("hi", &room_id).await;
    let lost = slides_on(&ben, &first, &asked).await;
    assert_eq!((rooms(&lost).len(), &room(&lost, &other)["initial"]), (2, &json!(true)));
    let again = slides_on(&ben, &first, &asked).await;
    assert_eq!(told(&again), told(&lost));
    ana.says("more", &room_id).await;
    let later = slides_on(&ben, &first, &asked).await;
    assert_eq!(bodies(&room(&later, &room_id)["timeline"]), ["hi", "more"]);
    assert_eq!(room(&later, &other)["initial"], true);
    // what is gone on from is kept, and what came before it is let go
    let next = slides_on(&ben, &later, &asked).await;
    assert!(rooms(&next).is_empty());
    assert_eq!(told(&slides_on(&ben, &later, &asked).await), told(&next));
}

#[tokio::test]
async fn a_position_that_is_not_kept_is_unknown() {
    let world = World::new();
    let (ana, ben, _) = world.friends().await;
    let asked = all_rooms(9, 5);
    let mut answers = vec![slides(&ben, None, &asked).await];
    for n in 0..3 {
        let room_id = ana.creates(&[&ben], json!({"name": n.to_string()})).await;
        ben.joins(&room_id).await;
        let from = answers.last().unwrap().clone();
        answers.push(slides_on(&ben, &from, &asked).await);
    }
    for old in &answers[..2] {
        assert_eq!(plain(&refused(&ben, Some(old), &asked).await), UNKNOWN);
    }
    let last = answers.last().unwrap();
    slides_on(&ben, last, &asked).await;
    // of somebody else, of another device, of another connection, of none
    assert_eq!(plain(&refused(&ana, Some(last), &asked).await), UNKNOWN);
    let laptop = world.device("ben", "LAPTOP").await;
    assert_eq!(plain(&refused(&laptop, Some(last), &asked).await), UNKNOWN);
    let mut elsewhere = asked.clone();
    elsewhere["conn_id"] = "elsewhere".into();
    assert_eq!(plain(&refused(&ben, Some(last), &elsewhere).await), UNKNOWN);
    for made_up in ["x", "~", "abc~s1_0_0_x", "a~b~c", "t5", "%00", "s0_0_0_0000000000"] {
        let answer = refused(&ben, Some(&json!({"pos": made_up})), &asked).await;
        assert_eq!(plain(&answer), UNKNOWN, "{made_up}");
    }
    slides_on(&ben, last, &asked).await;
    // a position further than the person's own was given by another database
    let (version, _) = pos_of(last).split_once('~').unwrap();
    assert_eq!(plain(&refused(&ben, Some(&json!({"pos": format!("{version}~s99999_0_0_0_0")})), &asked).await), UNKNOWN);
    // who asks again from the one before has lost the last
    slides_on(&ben, &answers[2], &asked).await;
    assert_eq!(plain(&refused(&ben, Some(last), &asked).await), UNKNOWN);
}

#[tokio::test]
async fn a_request_without_a_position_begins_anew() {
    let world = World::new();
    let (_, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    let anew = slides(&ben, None, &asked).await;
    assert_eq!(told(&anew), told(&first));
    assert_eq!(rooms(&anew), [&room_id]);
    assert_eq!(plain(&refused(&ben, Some(&first), &asked).await), UNKNOWN);
    assert!(rooms(&slides_on(&ben, &anew, &asked).await).is_empty());
}

#[tokio::test]
async fn connections_of_a_device_do_not_know_of_each_other_and_are_few() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let named = |name: &str| {
        let mut asked = all_rooms(9, 5);
        asked["conn_id"] = name.into();
        asked
    };
    let (one, two) = (slides(&ben, None, &named("one")).await, slides(&ben, None, &named("two")).await);
    ana.says("hi", &room_id).await;
    for (from, name) in [(&one, "one"), (&two, "two")] {
        assert_eq!(bodies(&room(&slides_on(&ben, from, &named(name)).await, &room_id)["timeline"]), ["hi"]);
    }
    // the ones that rested longest make room
    let mut last = Value::Null;
    for n in 0..10 {
        world.clock.advance_ms(1_000);
        last = slides(&ben, None, &named(&n.to_string())).await;
    }
    slides_on(&ben, &last, &named("9")).await;
    let stored = world.connections_of(&ben).await;
    assert_eq!(stored.len(), 8, "{stored:?}");
    assert!(stored.contains(&"9".to_owned()) && !stored.contains(&"one".to_owned()));
}

#[tokio::test]
async fn a_connection_outlives_the_server_and_ends_a_week_after_its_last_use() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    ana.says("hi", &room_id).await;
    let world = world.restarted();
    let ben = world.same(&ben);
    let second = slides_on(&ben, &first, &asked).await;
    assert_eq!((&room(&second, &room_id)["initial"], bodies(&room(&second, &room_id)["timeline"])), (&json!(false), vec!["hi"]));
    // used every few days it stays
    for _ in 0..3 {
        world.clock.advance_ms(4 * 86_400_000);
        slides_on(&ben, &second, &asked).await;
        world.app.compact_inboxes().await.unwrap();
    }
    assert_eq!(world.connections_of(&ben).await.len(), 1);
    world.clock.advance_ms(8 * 86_400_000);
    world.app.compact_inboxes().await.unwrap();
    assert!(world.connections_of(&ben).await.is_empty());
    let world = world.restarted();
    assert_eq!(plain(&refused(&world.same(&ben), Some(&second), &asked).await), UNKNOWN);
}

#[tokio::test]
async fn a_connection_ends_with_its_device() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    slides(&ben, None, &all_rooms(9, 5)).await;
    assert_eq!(world.connections_of(&ben).await, [""]);
    ben.post("v3/logout", json!({})).await;
    assert!(world.connections_of(&ben).await.is_empty());
}

#[tokio::test]
async fn a_position_that_its_inbox_no_longer_lists_is_unknown() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    ana.says("long ago", &room_id).await;
    world.clock.advance_ms(31 * 86_400_000);
    ana.says("now", &room_id).await;
    assert!(world.app.compact_inboxes().await.unwrap() > 0);
    assert_eq!(plain(&refused(&ben, Some(&first), &asked).await), UNKNOWN);
}

#[tokio::test]
async fn quiet_answers_write_nothing() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let mut answer = slides(&ben, None, &asked).await;
    let version = |answer: &Value| pos_of(answer).split_once('~').unwrap().0.to_owned();
    let first = version(&answer);
    for n in 0..5 {
        ana.says(&n.to_string(), &room_id).await;
        answer = slides_on(&ben, &answer, &asked).await;
        assert_eq!(version(&answer), first, "the connection is as it was");
    }
}

async fn waits(who: &Person, from: &Value, body: &Value) -> tokio::task::JoinHandle<Value> {
    let (who, path, body) = (who.clone(), path(Some(from), 30_000), body.clone());
    let waiting = tokio::spawn(async move { who.post(&path, body).await });
    tokio::task::yield_now().await;
    waiting
}

#[tokio::test]
async fn a_waiting_request_is_woken_by_what_it_asked_for() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    let waiting = waits(&ben, &first, &asked).await;
    ana.says("wake", &room_id).await;
    let answer = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("woken").unwrap();
    assert_eq!(bodies(&room(&answer, &room_id)["timeline"]), ["wake"]);
    // a new subscription does not wait for the next event
    let mut more = asked.clone();
    more["room_subscriptions"] = json!({&room_id: {"timeline_limit": 20, "required_state": []}});
    let waiting = waits(&ben, &answer, &more).await;
    let answer = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("at once").unwrap();
    assert_eq!(room(&answer, &room_id)["unstable_expanded_timeline"], true);
    // nor do lists that are others than before
    let waiting = waits(&ben, &answer, &all_rooms(99, 5)).await;
    let answer = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("at once").unwrap();
    assert_eq!(answer["lists"]["all"]["count"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_as_long_as_it_says_and_goes_on_from_where_it_was() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    let asked = all_rooms(9, 5);
    let first = slides(&ben, None, &asked).await;
    let begun = tokio::time::Instant::now();
    let second = ben.post(&path(Some(&first), 5_000), asked.clone()).await;
    assert!(rooms(&second).is_empty() && begun.elapsed() >= Duration::from_secs(5));
    ana.says("hi", &room_id).await;
    assert_eq!(bodies(&room(&slides_on(&ben, &second, &asked).await, &room_id)["timeline"]), ["hi"]);
}
