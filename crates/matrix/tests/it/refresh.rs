//! Sessions that end: refresh tokens, and what is left of a device whose token ran out.

use app::accounts::admin::UserChange;
use http::Method;
use model::limits;
use model::person::AccountState;
use serde_json::{Value, json};

use crate::e2ee::client::{identifies, uploads};
use crate::world::{Person, World};

const PASSWORD: &str = "correct horse";

/// Registers ana with her phone, with a session that ends.
async fn registers(world: &World) -> (Person, Value) {
    let body = json!({"username": "ana", "password": PASSWORD, "device_id": "PHONE", "refresh_token": true,
        "auth": {"type": "m.login.dummy"}});
    let (status, session) = world.nobody(Method::POST, "v3/register", Some(body)).await;
    assert_eq!(status, 200, "{session}");
    (world.holder(&session), session)
}

async fn logs_in(world: &World, more: Value) -> Value {
    let mut body = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "ana"}, "password": PASSWORD});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, session) = world.nobody(Method::POST, "v3/login", Some(body)).await;
    assert_eq!(status, 200, "{session}");
    session
}

/// Shows a refresh token.
async fn shows(world: &World, session: &Value) -> (u16, Value) {
    world.nobody(Method::POST, "v3/refresh", Some(json!({"refresh_token": session["refresh_token"]}))).await
}

/// Trades a refresh token, which must work; gives the whole session that goes on.
async fn refreshes(world: &World, session: &Value) -> Value {
    let (status, mut answer) = shows(world, session).await;
    assert_eq!((status, &answer["expires_in_ms"]), (200, &json!(limits::ACCESS_TOKEN_MS)), "{answer}");
    answer["user_id"] = json!("@ana:example.org");
    answer
}

fn errcode(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errcode"].as_str().unwrap_or_default())
}

/// What a request gets: its status, and whether it is a soft log-out.
async fn asks(person: &Person) -> (u16, Value) {
    let (status, answer) = person.request(Method::GET, "v3/account/whoami", None).await;
    (status.as_u16(), answer["soft_logout"].clone())
}

#[tokio::test]
async fn only_who_asks_for_it_gets_a_session_that_ends() {
    let world = World::new();
    let (_, session) = registers(&world).await;
    assert_eq!(session["expires_in_ms"], json!(limits::ACCESS_TOKEN_MS));
    assert_ne!(session["refresh_token"], session["access_token"]);
    for more in [json!({}), json!({"refresh_token": false})] {
        let plain = logs_in(&world, more).await;
        assert_eq!((plain.get("refresh_token"), plain.get("expires_in_ms")), (None, None));
        world.clock.advance_ms(365 * 86_400_000);
        assert_eq!(asks(&world.holder(&plain)).await.0, 200);
    }
    assert!(logs_in(&world, json!({"refresh_token": true})).await["refresh_token"].is_string());
}

#[tokio::test]
async fn a_token_ends_in_time_also_where_it_was_just_used() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    world.clock.advance_ms(limits::ACCESS_TOKEN_MS - 1);
    assert_eq!(asks(&ana).await, (200, Value::Null));
    world.clock.advance_ms(1);
    let (status, answer) = ana.request(Method::GET, "v3/sync?timeout=0", None).await;
    assert_eq!((status.as_u16(), &answer["errcode"], &answer["soft_logout"]), (401, &json!("M_UNKNOWN_TOKEN"), &json!(true)));
    // also where no token is needed: the client learns that it is to refresh
    assert_eq!(ana.refused(Method::GET, "v3/profile/@ana:example.org", None).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
    let on = world.holder(&refreshes(&world, &session).await);
    assert_eq!(asks(&on).await, (200, Value::Null));
    assert_eq!(on.get("v3/account/whoami").await["device_id"], "PHONE");
}

#[tokio::test]
async fn the_old_refresh_token_is_good_until_the_new_access_token_is_used() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    asks(&ana).await;
    let lost = refreshes(&world, &session).await;
    let again = refreshes(&world, &session).await;
    assert_ne!(lost["access_token"], again["access_token"]);
    assert_eq!(asks(&world.holder(&lost)).await, (401, json!(false)), "what was lost is good for nobody");
    assert_eq!(asks(&ana).await.0, 200, "the old access token is, until the new one is used");
    assert_eq!(asks(&world.holder(&again)).await.0, 200);
    assert_eq!(asks(&ana).await, (401, json!(false)));
    for spent in [&session, &lost] {
        let refused = shows(&world, spent).await;
        assert_eq!((errcode(&refused), &refused.1["soft_logout"]), ((401, "M_UNKNOWN_TOKEN"), &json!(false)));
    }
    assert_eq!(asks(&world.holder(&again)).await.0, 200, "who shows a spent token ends nothing");
}

#[tokio::test]
async fn the_old_refresh_token_is_spent_once_the_new_one_is_used() {
    let world = World::new();
    let (_, session) = registers(&world).await;
    let second = refreshes(&world, &session).await;
    let third = refreshes(&world, &second).await;
    assert_eq!(errcode(&shows(&world, &session).await), (401, "M_UNKNOWN_TOKEN"));
    assert_eq!(asks(&world.holder(&third)).await.0, 200);
    assert_eq!(errcode(&shows(&world, &second).await), (401, "M_UNKNOWN_TOKEN"));
}

#[tokio::test]
async fn what_was_sent_once_is_one_event_over_a_refresh() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    let ben = world.person("ben").await;
    let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    let said = ana.says("hello", &room).await;
    let on = world.holder(&refreshes(&world, &session).await);
    assert_eq!(on.says("hello", &room).await, said);
}

#[tokio::test]
async fn who_logs_in_again_after_a_soft_log_out_has_their_device_and_its_keys() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    let ben = world.person("ben").await;
    ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    identifies(&ana, "PHONE").await;
    uploads(&ana, &[("AAAA", "a"), ("AAAB", "b")]).await;
    let keys = async || ben.post("v3/keys/query", json!({"device_keys": {"@ana:example.org": []}})).await["device_keys"].clone();
    let before = keys().await;
    assert!(before["@ana:example.org"]["PHONE"].is_object(), "{before}");
    world.clock.advance_ms(limits::ACCESS_TOKEN_MS);
    assert_eq!(asks(&ana).await, (401, json!(true)));
    let again = world.holder(&logs_in(&world, json!({"device_id": "PHONE", "refresh_token": true})).await);
    assert_eq!(keys().await, before);
    assert_eq!(again.post("v3/keys/upload", json!({})).await["one_time_key_counts"], json!({"signed_curve25519": 2}));
    assert_eq!(errcode(&shows(&world, &session).await), (401, "M_UNKNOWN_TOKEN"), "the session before is over");
}

#[tokio::test]
async fn a_log_out_ends_the_refresh_token_and_a_lock_stops_it() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    world.is_told(&ana, UserChange::State(AccountState::Locked)).await;
    let locked = shows(&world, &session).await;
    assert_eq!((errcode(&locked), &locked.1["soft_logout"]), ((401, "M_USER_LOCKED"), &json!(true)));
    world.is_told(&ana, UserChange::State(AccountState::Suspended)).await;
    let on = refreshes(&world, &session).await;
    world.holder(&on).post("v3/logout", json!({})).await;
    assert_eq!(errcode(&shows(&world, &on).await), (401, "M_UNKNOWN_TOKEN"));
}

#[tokio::test]
async fn a_password_change_ends_the_sessions_of_the_others() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    let other = logs_in(&world, json!({"refresh_token": true})).await;
    let auth = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "ana"}, "password": PASSWORD});
    ana.post("v3/account/password", json!({"new_password": "battery staple", "auth": auth})).await;
    assert_eq!(errcode(&shows(&world, &other).await), (401, "M_UNKNOWN_TOKEN"));
    refreshes(&world, &session).await;
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let world = World::new();
    let (ana, session) = registers(&world).await;
    let show = |token: Value| world.nobody(Method::POST, "v3/refresh", Some(json!({"refresh_token": token})));
    assert_eq!(errcode(&show(json!("made up")).await), (401, "M_UNKNOWN_TOKEN"));
    assert_eq!(errcode(&show(session["access_token"].clone()).await), (401, "M_UNKNOWN_TOKEN"));
    assert_eq!(errcode(&show(json!(7)).await), (400, "M_BAD_JSON"));
    assert_eq!(errcode(&world.nobody(Method::POST, "v3/refresh", Some(json!({}))).await).0, 400);
    // a refresh token opens nothing else
    let mut wrong = session.clone();
    wrong["access_token"] = session["refresh_token"].clone();
    assert_eq!(asks(&world.holder(&wrong)).await, (401, json!(false)));
    assert_eq!(asks(&ana).await.0, 200);
}

#[tokio::test]
async fn refreshes_without_end_are_slowed_down() {
    let world = World::with(|config| config.dev = false);
    world.person("ana").await;
    let hash = world.app.hash_password(&model::secret::Secret::new(PASSWORD.to_owned())).await.unwrap();
    world.is_told(&world.device("ana", "OTHER").await, UserChange::Password(hash)).await;
    let session = logs_in(&world, json!({"refresh_token": true})).await;
    for _ in 0..limits::REFRESH_BURST {
        assert_eq!(shows(&world, &session).await.0, 200);
    }
    let refused = shows(&world, &session).await;
    assert_eq!(errcode(&refused), (429, "M_LIMIT_EXCEEDED"));
    assert!(refused.1["retry_after_ms"].as_i64().unwrap() > 0);
}
