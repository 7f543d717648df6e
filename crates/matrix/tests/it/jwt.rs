//! Log-in by a token of the host platform (`org.matrix.login.jwt`, HS256).

use app::accounts::admin::UserChange;
use app::config::JwtLogin;
use app::host::{HostPerson, Told};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use model::person::AccountState;
use model::secret::Secret;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::World;

const KEY: &str = "a key of the host platform, 32 bytes and more";
/// The hour at which the world's clock stands, in seconds.
const NOW: i64 = 1_700_000_000;

/// A token with this header and claims, signed with this key.
fn signed(header: &Value, claims: &Value, key: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn token(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims, KEY)
}

async fn logs_in(world: &World, token: &str) -> (u16, Value) {
    world.nobody(Method::POST, "v3/login", Some(json!({"type": "org.matrix.login.jwt", "token": token}))).await
}

async fn refused(world: &World, token: &str) -> bool {
    let (status, answer) = logs_in(world, token).await;
    assert_eq!(answer.get("access_token"), None);
    (status, answer["errcode"].as_str()) == (403, Some("M_FORBIDDEN"))
}

/// A server that knows the platform's key, and ana.
async fn world(decide: impl FnOnce(&mut JwtLogin)) -> World {
    let mut jwt = JwtLogin { secret: Secret::new(KEY.to_owned()), issuer: None, audience: None };
    decide(&mut jwt);
    let world = World::with(|config| config.jwt = Some(jwt));
    world.person("ana").await;
    world
}

#[tokio::test]
async fn a_valid_token_opens_a_session() {
    let world = world(|_| {}).await;
    let flows = world.nobody(Method::GET, "v3/login", None).await.1;
    assert!(flows["flows"].as_array().unwrap().contains(&json!({"type": "org.matrix.login.jwt"})));
    for sub in ["ana", "@ana:example.org"] {
        let (status, answer) = logs_in(&world, &token(&json!({"sub": sub, "exp": NOW + 60}))).await;
        assert_eq!((status, &answer["user_id"]), (200, &json!("@ana:example.org")), "{answer}");
        assert_eq!(world.holder(&answer).get("v3/account/whoami").await["device_id"], answer["device_id"]);
    }
    let body = json!({"type": "org.matrix.login.jwt", "token": token(&json!({"sub": "ana", "exp": NOW + 60})), "device_id": "SHOP"});
    assert_eq!(world.nobody(Method::POST, "v3/login", Some(body)).await.1["device_id"], "SHOP");
}

#[tokio::test]
async fn a_token_counts_within_its_time_give_or_take_a_minute() {
    let world = world(|_| {}).await;
    assert_eq!(logs_in(&world, &token(&json!({"sub": "ana", "exp": NOW - 59}))).await.0, 200);
    assert!(refused(&world, &token(&json!({"sub": "ana", "exp": NOW - 61}))).await);
    assert_eq!(logs_in(&world, &token(&json!({"sub": "ana", "exp": NOW + 600, "nbf": NOW + 59}))).await.0, 200);
    assert!(refused(&world, &token(&json!({"sub": "ana", "exp": NOW + 600, "nbf": NOW + 61}))).await);
    let short = token(&json!({"sub": "ana", "exp": NOW + 5}));
    assert_eq!(logs_in(&world, &short).await.0, 200);
    world.clock.advance_ms(66_000);
    assert!(refused(&world, &short).await, "the server's clock decides");
}

#[tokio::test]
async fn a_token_without_an_end_or_a_name_is_none() {
    let world = world(|_| {}).await;
    for claims in [
        json!({"sub": "ana"}),
        json!({"exp": NOW + 60}),
        json!({"sub": "ana", "exp": "soon"}),
        json!({"sub": 1, "exp": NOW + 60}),
        json!([]),
    ] {
        assert!(refused(&world, &token(&claims)).await, "{claims}");
    }
}

#[tokio::test]
async fn another_key_or_algorithm_opens_nothing() {
    let world = world(|_| {}).await;
    let claims = json!({"sub": "ana", "exp": NOW + 60});
    assert!(refused(&world, &signed(&json!({"alg": "HS256"}), &claims, "another key of 32 bytes and more, too")).await);
    for header in [json!({"alg": "none"}), json!({"alg": "HS384"}), json!({"alg": "RS256"}), json!({})] {
        assert!(refused(&world, &signed(&header, &claims, KEY)).await, "{header}");
    }
    let valid = token(&claims);
    let (body, _) = valid.rsplit_once('.').unwrap();
    for broken in [format!("{body}."), body.to_owned(), format!("{valid}x"), String::new(), "a.b.c".to_owned(), "é".to_owned()] {
        assert!(refused(&world, &broken).await, "{broken}");
    }
    let (_, signature) = valid.rsplit_once('.').unwrap();
    let other = token(&json!({"sub": "ben", "exp": NOW + 60}));
    assert!(refused(&world, &format!("{}.{signature}", other.rsplit_once('.').unwrap().0)).await, "a signature is of its text");
}

#[tokio::test]
async fn only_accounts_that_are_here_and_open_are_logged_in() {
    let world = world(|_| {}).await;
    world.app.ensure_service_account().await.unwrap();
    for sub in ["nobody", "frankly", "@ana:elsewhere.org", "@", "", "a b"] {
        assert!(refused(&world, &token(&json!({"sub": sub, "exp": NOW + 60}))).await, "{sub}");
    }
    let ana = model::id::UserId::parse("@ana:example.org").unwrap();
    let valid = token(&json!({"sub": "ana", "exp": NOW + 60}));
    world.app.change_account(&ana, UserChange::State(AccountState::Locked)).await.unwrap();
    assert_eq!(logs_in(&world, &valid).await.1["errcode"], "M_USER_LOCKED");
    world.app.change_account(&ana, UserChange::Deactivate { erase: false, tell_webhook: false }).await.unwrap();
    assert_eq!(logs_in(&world, &valid).await.1["errcode"], "M_USER_DEACTIVATED");
}

#[tokio::test]
async fn issuer_and_audience_are_checked_where_the_operator_names_them() {
    let open = world(|_| {}).await;
    let meant_for_others = token(&json!({"sub": "ana", "exp": NOW + 60, "iss": "mail", "aud": "mail"}));
    assert_eq!(logs_in(&open, &meant_for_others).await.0, 200, "nobody named any");
    let world = world(|jwt| {
        jwt.issuer = Some("shop".to_owned());
        jwt.audience = Some("chat".to_owned());
    })
    .await;
    let with = |iss: Value, aud: Value| token(&json!({"sub": "ana", "exp": NOW + 60, "iss": iss, "aud": aud}));
    assert_eq!(logs_in(&world, &with(json!("shop"), json!("chat"))).await.0, 200);
    assert_eq!(logs_in(&world, &with(json!("shop"), json!(["mail", "chat"]))).await.0, 200, "one of several");
    for (iss, aud) in [("mail", "chat"), ("shop", "mail"), ("", ""), ("shop", "")] {
        assert!(refused(&world, &with(json!(iss), json!(aud))).await, "{iss} {aud}");
    }
    assert!(refused(&world, &meant_for_others).await);
    assert!(refused(&world, &token(&json!({"sub": "ana", "exp": NOW + 60, "iss": "shop"}))).await, "no audience");
    assert!(refused(&world, &token(&json!({"sub": "ana", "exp": NOW + 60, "aud": "chat"}))).await, "no issuer");
}

#[tokio::test]
async fn without_a_key_it_is_not_offered() {
    let world = World::new();
    world.person("ana").await;
    let (status, answer) = logs_in(&world, &token(&json!({"sub": "ana", "exp": NOW + 60}))).await;
    assert_eq!((status, &answer["errcode"]), (400, &json!("M_UNKNOWN")));
    let none = world.nobody(Method::POST, "v3/login", Some(json!({"type": "org.matrix.login.jwt"}))).await;
    assert_eq!(none.0, 400);
}

#[tokio::test]
async fn who_was_made_by_the_host_platform_logs_in_by_its_token_alone() {
    let world = world(|_| {}).await;
    world.app.make_host_key("shop").await.unwrap();
    let host = &world.app.host_keys().await.unwrap()[0];
    let mia = HostPerson { id: "mia".to_owned(), age_band: Some("16-17".to_owned()), ..HostPerson::default() };
    let told = world.app.host_tells_people(host, vec![Ok(mia)]).await.unwrap();
    assert!(matches!(told.as_slice(), [Told::Created(_)]), "{told:?}");
    let (status, answer) = logs_in(&world, &token(&json!({"sub": "mia", "exp": NOW + 60}))).await;
    assert_eq!((status, &answer["user_id"]), (200, &json!("@mia:example.org")), "{answer}");
    let mia = world.holder(&answer);
    mia.creates(&[], json!({})).await;
    let by_password = json!({"type": "m.login.password", "user": "mia", "password": ""});
    assert_eq!(world.nobody(Method::POST, "v3/login", Some(by_password)).await.0, 403, "there is no password to guess");
}
