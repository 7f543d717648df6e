//! Registering, logging in and out, one behaviour after another.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World};

const PASSWORD: &str = "correct horse";

async fn registers(world: &World, body: Value) -> (u16, Value) {
    let mut body = body;
    body["auth"] = json!({"type": "m.login.dummy"});
    if body.get("password").is_none() {
        body["password"] = PASSWORD.into();
    }
    world.nobody(Method::POST, "v3/register", Some(body)).await
}

async fn logs_in(world: &World, body: Value) -> (u16, Value) {
    let mut body = body;
    body["type"] = "m.login.password".into();
    world.nobody(Method::POST, "v3/login", Some(body)).await
}

async fn whoami(person: &Person) -> Value {
    person.get("v3/account/whoami").await
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errcode"].as_str().unwrap_or_default())
}

mod register {
    use super::*;

    #[tokio::test]
    async fn an_empty_request_is_told_the_stages() {
        let world = World::new();
        for body in [json!({}), json!({"username": "ana"}), json!({"username": "ana", "password": PASSWORD})] {
            let (status, answer) = world.nobody(Method::POST, "v3/register", Some(body)).await;
            assert_eq!((status, &answer["flows"]), (401, &json!([{"stages": ["m.login.dummy"]}])));
            assert!(answer["session"].is_string() && answer["params"].is_object());
        }
    }

    #[tokio::test]
    async fn gives_a_session_that_works() {
        let world = World::new();
        let (status, answer) = registers(&world, json!({"username": "ana"})).await;
        assert_eq!((status, &answer["user_id"], &answer["home_server"]), (200, &json!("@ana:example.org"), &json!("example.org")));
        let who = whoami(&world.holder(&answer)).await;
        assert_eq!((&who["user_id"], &who["device_id"]), (&answer["user_id"], &answer["device_id"]));
    }

    #[tokio::test]
    async fn old_and_new_paths_lead_there() {
        let world = World::new();
        for (name, path) in [("ana", "r0/register"), ("ben", "v3/register")] {
            let body = json!({"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
            assert_eq!(world.nobody(Method::POST, path, Some(body)).await.0, 200);
        }
    }

    #[tokio::test]
    async fn every_allowed_sign_stands_in_a_name() {
        let world = World::new();
        for sign in ["q", "3", ".", "_", "=", "-", "/", "+"] {
            let name = format!("user{sign}x");
            let (status, answer) = registers(&world, json!({"username": name})).await;
            assert_eq!((status, &answer["user_id"]), (200, &json!(format!("@{name}:example.org"))));
        }
        let (_, answer) = registers(&world, json!({"username": "User-UPPER"})).await;
        assert_eq!(answer["user_id"], "@user-upper:example.org");
    }

    #[tokio::test]
    async fn no_other_sign_does() {
        let world = World::new();
        for sign in ["!", "\"", ":", "?", "\\", "@", "[", "]", "{", "|", "}", "£", "é", "\n", "'", " ", "\u{0}", "🫖"] {
            let answer = registers(&world, json!({"username": format!("user{sign}x")})).await;
            assert_eq!(code(&answer), (400, "M_INVALID_USERNAME"), "{sign:?}");
        }
        assert_eq!(code(&registers(&world, json!({"username": "a".repeat(256)})).await), (400, "M_INVALID_USERNAME"));
    }

    #[tokio::test]
    async fn what_is_taken_is_said_before_any_stage() {
        let world = World::new();
        registers(&world, json!({"username": "ana"})).await;
        let bare = world.nobody(Method::POST, "v3/register", Some(json!({"username": "ana", "password": PASSWORD}))).await;
        assert_eq!(code(&bare), (400, "M_USER_IN_USE"));
        let wrong = world.nobody(Method::POST, "v3/register", Some(json!({"username": "a b", "password": PASSWORD}))).await;
        assert_eq!(code(&wrong), (400, "M_INVALID_USERNAME"));
    }

    #[tokio::test]
    async fn availability_is_told_without_registering() {
        let world = World::new();
        registers(&world, json!({"username": "ana"})).await;
        let asks = async |name: &str| world.nobody(Method::GET, &format!("v3/register/available?username={name}"), None).await;
        assert_eq!(asks("ben").await, (200, json!({"available": true})));
        for taken in ["ana", "ANA"] {
            assert_eq!(code(&asks(taken).await), (400, "M_USER_IN_USE"));
        }
        assert_eq!(code(&asks("a%2Cb").await), (400, "M_INVALID_USERNAME"));
        assert_eq!(world.nobody(Method::GET, "v3/register/available", None).await.0, 400);
    }

    #[tokio::test]
    async fn passwords_are_of_any_letters_within_bounds() {
        let world = World::new();
        let password = "пароль 🫖 \u{200b}";
        assert_eq!(registers(&world, json!({"username": "ana", "password": password})).await.0, 200);
        assert_eq!(logs_in(&world, json!({"user": "ana", "password": password})).await.0, 200);
        assert_eq!(logs_in(&world, json!({"user": "ana", "password": "пароль"})).await.0, 403);
        for wrong in [json!(""), json!("x".repeat(513))] {
            assert_eq!(registers(&world, json!({"username": "ben", "password": wrong})).await.0, 400);
        }
        let none = json!({"username": "ben", "auth": {"type": "m.login.dummy"}});
        assert_eq!(code(&world.nobody(Method::POST, "v3/register", Some(none)).await), (400, "M_MISSING_PARAM"));
    }

    #[tokio::test]
    async fn the_device_is_named_as_asked() {
        let world = World::new();
        let body = json!({"username": "ana", "device_id": "MYPHONE", "initial_device_display_name": "my phone"});
        let (_, answer) = registers(&world, body).await;
        assert_eq!(answer["device_id"], "MYPHONE");
        let devices = world.holder(&answer).get("v3/devices").await;
        assert_eq!((&devices["devices"][0]["device_id"], &devices["devices"][0]["display_name"]), (&json!("MYPHONE"), &json!("my phone")));
    }

    #[tokio::test]
    async fn inhibited_makes_the_account_alone() {
        let world = World::new();
        let (status, answer) = registers(&world, json!({"username": "ana", "inhibit_login": true})).await;
        assert_eq!((status, answer.get("access_token"), answer.get("device_id")), (200, None, None));
        let session = logs_in(&world, json!({"user": "ana", "password": PASSWORD})).await.1;
        assert_eq!(world.holder(&session).get("v3/devices").await["devices"].as_array().unwrap().len(), 1);
    }
}

mod login {
    use super::*;

    #[tokio::test]
    async fn in_any_case_of_letters() {
        let world = World::new();
        registers(&world, json!({"username": "login_user"})).await;
        for name in ["login_user", "Login_User", "@login_user:example.org", "@LOGIN_USER:example.org"] {
            let (status, answer) = logs_in(&world, json!({"identifier": {"type": "m.id.user", "user": name}, "password": PASSWORD})).await;
            assert_eq!(status, 200, "{name}: {answer}");
            assert_eq!(whoami(&world.holder(&answer)).await["user_id"], "@login_user:example.org");
        }
    }

    #[tokio::test]
    async fn by_a_device_of_ones_own_naming() {
        let world = World::new();
        registers(&world, json!({"username": "ana"})).await;
        let body = json!({"user": "ana", "password": PASSWORD, "device_id": "TABLET", "initial_device_display_name": "tablet"});
        let (_, answer) = logs_in(&world, body).await;
        assert_eq!((&answer["device_id"], answer["access_token"].is_string()), (&json!("TABLET"), true));
        let ana = world.holder(&answer);
        assert_eq!(ana.get("v3/devices/TABLET").await["display_name"], "tablet");
        // a name given at a later log-in does not rename the device
        let body = json!({"user": "ana", "password": PASSWORD, "device_id": "TABLET", "initial_device_display_name": "other"});
        let ana = world.holder(&logs_in(&world, body).await.1);
        assert_eq!(ana.get("v3/devices/TABLET").await["display_name"], "tablet");
    }

    #[tokio::test]
    async fn tells_where_the_server_is_and_not_that_somebody_exists() {
        let world = World::new();
        registers(&world, json!({"username": "ana"})).await;
        let (_, answer) = logs_in(&world, json!({"user": "ana", "password": PASSWORD})).await;
        assert_eq!(answer["well_known"], json!({"m.homeserver": {"base_url": "https://chat.example.org"}}));
        let wrong = logs_in(&world, json!({"user": "ana", "password": "wrong"})).await;
        let nobody = logs_in(&world, json!({"user": "nobody", "password": PASSWORD})).await;
        assert_eq!((code(&wrong), &wrong), ((403, "M_FORBIDDEN"), &nobody));
    }

    #[tokio::test]
    async fn needs_an_identifier_that_is_offered() {
        let world = World::new();
        registers(&world, json!({"username": "ana"})).await;
        for body in [
            json!({"password": PASSWORD}),
            json!({"identifier": {"type": "m.id.user"}, "password": PASSWORD}),
            json!({"identifier": {"type": "m.id.thirdparty", "medium": "email", "address": "ana@example.org"}, "password": PASSWORD}),
            json!({"identifier": {"type": "m.id.phone", "country": "DE", "phone": "1"}, "password": PASSWORD}),
            json!({"user": "ana"}),
            json!({"user": "ana", "password": 1}),
        ] {
            assert_eq!(logs_in(&world, body.clone()).await.0, 400, "{body}");
        }
        assert_eq!(code(&world.nobody(Method::POST, "v3/login", Some(json!({"user": "ana"}))).await).0, 400);
    }

    #[tokio::test]
    async fn flows_are_told_and_other_paths_are_not_there() {
        let world = World::new();
        assert_eq!(world.nobody(Method::GET, "v3/login", None).await, (200, json!({"flows": [{"type": "m.login.password"}]})));
        assert_eq!(world.nobody(Method::GET, "r0/login", None).await.0, 200);
        assert_eq!(code(&world.nobody(Method::GET, "v3/login/sso/redirect", None).await).0, 404);
    }
}

mod logout {
    use super::*;

    async fn session(world: &World) -> Person {
        world.holder(&logs_in(world, json!({"user": "ana", "password": PASSWORD})).await.1)
    }

    #[tokio::test]
    async fn takes_the_device_along() {
        let world = World::new();
        registers(&world, json!({"username": "ana", "inhibit_login": true})).await;
        let (phone, laptop) = (session(&world).await, session(&world).await);
        let id = whoami(&phone).await["device_id"].as_str().unwrap().to_owned();
        phone.post("v3/logout", json!({})).await;
        assert_eq!(phone.refused(Method::GET, "v3/sync", None).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
        assert_eq!(laptop.refused(Method::GET, &format!("v3/devices/{id}"), None).await.0, 404);
        laptop.syncs("").await;
        assert_eq!(phone.refused(Method::POST, "v3/logout", Some(json!({}))).await, (401, "M_UNKNOWN_TOKEN".to_owned()), "twice");
    }

    #[tokio::test]
    async fn everywhere_leaves_no_device() {
        let world = World::new();
        registers(&world, json!({"username": "ana", "inhibit_login": true})).await;
        let (phone, laptop) = (session(&world).await, session(&world).await);
        laptop.post("v3/logout/all", json!({})).await;
        for device in [&phone, &laptop] {
            assert_eq!(device.refused(Method::GET, "v3/devices", None).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
        }
        let anew = session(&world).await;
        assert_eq!(anew.get("v3/devices").await["devices"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn needs_a_token_that_is_known() {
        let world = World::new();
        for path in ["v3/logout", "v3/logout/all"] {
            assert_eq!(code(&world.nobody(Method::POST, path, Some(json!({}))).await), (401, "M_MISSING_TOKEN"));
            let stranger = world.holder(&json!({"user_id": "@x:example.org", "access_token": "made up"}));
            assert_eq!(stranger.refused(Method::POST, path, Some(json!({}))).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
        }
    }
}
