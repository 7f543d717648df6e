//! Gateways that fail, come back, or do not know a device any more.

use serde_json::json;

use super::{Gateway, events, pusher, rung};

#[tokio::test]
async fn a_gateway_that_was_down_hears_in_order_what_it_missed() {
    let (world, gateway, ana, _, room) = rung().await;
    let address = gateway.stop().await;
    let mut missed = Vec::new();
    for n in 0..7 {
        missed.push(ana.says(&format!("message {n}"), &room).await);
        world.app.deliver_pushes().await.unwrap();
    }
    let gateway = Gateway::at(&address).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), Vec::<&str>::new(), "it is not called before its time");
    world.clock.advance_ms(2_000);
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), missed);
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), Vec::<&str>::new(), "each once");
}

#[tokio::test]
async fn one_that_fails_is_called_ever_more_rarely() {
    let (world, gateway, ana, _, room) = rung().await;
    gateway.answers(502, json!({}));
    let event = ana.says("hello", &room).await;
    let mut calls = Vec::new();
    for second in 0..120 {
        world.app.deliver_pushes().await.unwrap();
        calls.extend(gateway.told().iter().map(|_| second));
        world.clock.advance_ms(1_000);
    }
    let pauses: Vec<i32> = calls.windows(2).map(|two| two[1] - two[0]).collect();
    assert!((5..=9).contains(&calls.len()), "{calls:?}");
    assert!(pauses.last() > Some(&15) && pauses.is_sorted(), "{pauses:?}");
    gateway.answers(200, json!({}));
    world.clock.advance_ms(3_600_000);
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&event]);
}

#[tokio::test]
async fn what_is_old_or_read_meanwhile_is_not_told_any_more() {
    let (world, gateway, ana, ben, room) = rung().await;
    gateway.answers(500, json!({}));
    let old = ana.says("old", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&old]);
    world.clock.advance_ms(24 * 3_600_000 + 1);
    let read = ana.says("read", &room).await;
    ben.reads_up_to(&room, &read).await;
    let fresh = ana.says("fresh", &room).await;
    gateway.answers(200, json!({}));
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&fresh]);
}

#[tokio::test]
async fn one_gateway_that_fails_does_not_hold_another_up() {
    let (world, gateway, ana, ben, room) = rung().await;
    let other = Gateway::start().await;
    ben.sets_pusher(pusher(&other.url(), "another-key")).await;
    gateway.answers(503, json!({}));
    let event = ana.says("hello", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&other.told()), [&event]);
    gateway.answers(200, json!({}));
    world.clock.advance_ms(2_000);
    world.app.deliver_pushes().await.unwrap();
    assert_eq!((gateway.told().len(), other.told().len()), (2, 0), "the first call and its repetition; nothing twice");
}

#[tokio::test]
async fn a_rejected_key_is_taken_away() {
    let (world, gateway, ana, ben, room) = rung().await;
    ben.sets_pusher(pusher(&gateway.url(), "new-key")).await;
    gateway.answers(200, json!({"rejected": ["bens-key"]}));
    ana.says("one", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!((gateway.told().len(), ben.pushkeys().await), (2, vec!["new-key".to_owned()]));
}

#[tokio::test]
async fn what_a_gateway_does_not_understand_is_not_said_again() {
    let (world, gateway, ana, _, room) = rung().await;
    gateway.answers(400, json!({"errcode": "M_UNKNOWN"}));
    ana.says("one", &room).await;
    world.app.deliver_pushes().await.unwrap();
    gateway.answers(200, json!({}));
    let two = ana.says("two", &room).await;
    gateway.told();
    world.clock.advance_ms(3_600_000);
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&two]);
}

#[tokio::test]
async fn whoever_is_locked_out_is_not_rung() {
    let (world, gateway, ana, ben, room) = rung().await;
    let state = |state| store::command::update_user::UserChange::State(state);
    world.is_told(&ben, state(model::person::AccountState::Locked)).await;
    ana.says("one", &room).await;
    world.app.deliver_pushes().await.unwrap();
    world.is_told(&ben, state(model::person::AccountState::Active)).await;
    let two = ana.says("two", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(events(&gateway.told()), [&two]);
}
