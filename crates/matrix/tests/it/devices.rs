//! Devices, the password, and the end of an account.

use http::Method;
use serde_json::{Value, json};

use crate::plain;
use crate::world::{Person, World, encoded};

const PASSWORD: &str = "correct horse";

async fn registers(world: &World, name: &str) -> Person {
    let body = json!({"username": name, "password": PASSWORD, "device_id": "PHONE", "auth": {"type": "m.login.dummy"}});
    world.holder(&world.nobody(Method::POST, "v3/register", Some(body)).await.1)
}

async fn logs_in(world: &World, name: &str, password: &str, device: &str) -> (u16, Value) {
    let body = json!({"type": "m.login.password", "user": name, "password": password, "device_id": device});
    world.nobody(Method::POST, "v3/login", Some(body)).await
}

fn shows(name: &str, password: &str) -> Value {
    json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password})
}

async fn is_alive(person: &Person) -> bool {
    person.request(Method::GET, "v3/account/whoami", None).await.0.is_success()
}

mod list {
    use super::*;

    #[tokio::test]
    async fn one_is_shown_by_its_id_and_all_in_a_list() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        logs_in(&world, "ana", PASSWORD, "LAPTOP").await;
        let one = ana.get("v3/devices/PHONE").await;
        assert_eq!(one["device_id"], "PHONE");
        assert!(one["last_seen_ts"].is_i64());
        let all = ana.get("v3/devices").await;
        let mut ids: Vec<&str> = all["devices"].as_array().unwrap().iter().filter_map(|one| one["device_id"].as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["LAPTOP", "PHONE"]);
        assert_eq!(plain(&ana.refused(Method::GET, "v3/devices/unknown", None).await), (404, "M_NOT_FOUND"));
        assert_eq!(world.nobody(Method::GET, "v3/devices", None).await.0, 401);
    }

    #[tokio::test]
    async fn passwords_are_not_tried_one_after_the_other() {
        let world = World::with(|config| config.dev = false);
        let ana = registers(&world, "ana").await;
        logs_in(&world, "ana", PASSWORD, "LAPTOP").await;
        let tries = async |password: &str| {
            let body = json!({"auth": shows("ana", password)});
            ana.request(Method::DELETE, "v3/devices/LAPTOP", Some(body)).await.0.as_u16()
        };
        for _ in 0..model::limits::PASSWORD_BURST {
            assert_eq!(tries("wrong").await, 401);
        }
        assert_eq!((tries("wrong").await, tries(PASSWORD).await), (429, 429));
    }

    #[tokio::test]
    async fn a_name_is_changed_and_others_cannot() {
        let world = World::new();
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        ana.put("v3/devices/PHONE", json!({"display_name": "new name"})).await;
        assert_eq!(ana.get("v3/devices/PHONE").await["display_name"], "new name");
        assert_eq!(ben.get("v3/devices/PHONE").await["display_name"], Value::Null, "his own device of that ID");
        ana.put("v3/devices/PHONE", json!({"display_name": null})).await;
        let long = Some(json!({"display_name": "x".repeat(257)}));
        assert_eq!(plain(&ana.refused(Method::PUT, "v3/devices/PHONE", long).await), (413, "M_TOO_LARGE"));
        let unknown = ana.refused(Method::PUT, "v3/devices/unknown", Some(json!({"display_name": "x"}))).await;
        assert_eq!(plain(&unknown), (404, "M_NOT_FOUND"));
    }

    #[tokio::test]
    async fn deleting_asks_for_the_owners_password_even_without_a_body() {
        let world = World::new();
        let (ana, _ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        let lost = world.holder(&logs_in(&world, "ana", PASSWORD, "LOST").await.1);
        let (status, asked) = ana.request(Method::DELETE, "v3/devices/LOST", None).await;
        assert_eq!((status.as_u16(), &asked["flows"]), (401, &json!([{"stages": ["m.login.password"]}])));
        for auth in [shows("ben", PASSWORD), shows("ana", "wrong"), json!({"type": "m.login.dummy"})] {
            let (status, answer) = ana.request(Method::DELETE, "v3/devices/LOST", Some(json!({"auth": auth}))).await;
            assert_eq!(status.as_u16(), 401, "{answer}");
            assert!(is_alive(&lost).await);
        }
        ana.ok(Method::DELETE, "v3/devices/LOST", Some(json!({"auth": shows("ana", PASSWORD)}))).await;
        assert!(!is_alive(&lost).await);
        assert_eq!(ana.refused(Method::GET, "v3/devices/LOST", None).await.0, 404);
        assert!(is_alive(&ana).await);
    }

    #[tokio::test]
    async fn a_session_asked_for_is_kept_through_a_wrong_answer() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        logs_in(&world, "ana", PASSWORD, "LOST").await;
        let (_, asked) = ana.request(Method::DELETE, "v3/devices/LOST", None).await;
        let mut auth = shows("ana", "wrong");
        auth["session"] = asked["session"].clone();
        assert_eq!(ana.refused(Method::DELETE, "v3/devices/LOST", Some(json!({"auth": auth}))).await.0, 401);
        auth["password"] = PASSWORD.into();
        ana.ok(Method::DELETE, "v3/devices/LOST", Some(json!({"auth": auth}))).await;
        auth["session"] = "made up".into();
        assert_eq!(ana.refused(Method::DELETE, "v3/devices/PHONE", Some(json!({"auth": auth}))).await.0, 401);
    }

    #[tokio::test]
    async fn anothers_device_of_the_same_id_stays() {
        let world = World::new();
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        ana.post("v3/delete_devices", json!({"devices": ["PHONE", "NONE"], "auth": shows("ana", PASSWORD)})).await;
        assert!(!is_alive(&ana).await && is_alive(&ben).await);
    }
}

mod password {
    use super::*;

    async fn changes(person: &Person, body: Value) -> (u16, String) {
        person.sends_bytes(Method::POST, "v3/account/password", body.to_string()).await
    }

    #[tokio::test]
    async fn the_new_one_logs_in_and_the_old_one_no_more() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        assert_eq!(changes(&ana, json!({"new_password": "new", "auth": shows("ana", PASSWORD)})).await.0, 200);
        assert_eq!(logs_in(&world, "ana", PASSWORD, "A").await.0, 403);
        assert_eq!(logs_in(&world, "ana", "new", "B").await.0, 200);
        assert!(is_alive(&ana).await, "who changed it stays logged in");
    }

    #[tokio::test]
    async fn other_sessions_end_unless_they_are_to_stay() {
        for (wanted, stays) in [(None, false), (Some(true), false), (Some(false), true)] {
            let world = World::new();
            let ana = registers(&world, "ana").await;
            let other = world.holder(&logs_in(&world, "ana", PASSWORD, "OTHER").await.1);
            let mut body = json!({"new_password": "new", "auth": shows("ana", PASSWORD)});
            if let Some(wanted) = wanted {
                body["logout_devices"] = wanted.into();
            }
            assert_eq!(changes(&ana, body).await.0, 200);
            assert!(is_alive(&ana).await);
            assert_eq!(is_alive(&other).await, stays, "logout_devices {wanted:?}");
            let devices = ana.get("v3/devices").await["devices"].as_array().unwrap().len();
            assert_eq!(devices, 1 + usize::from(stays), "the devices go with their sessions");
        }
    }

    #[tokio::test]
    async fn is_changed_by_who_knows_it_and_to_something() {
        let world = World::new();
        let (ana, _ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        for auth in [json!(null), shows("ana", "wrong"), shows("ben", PASSWORD), json!({"type": "m.login.dummy"})] {
            assert_eq!(changes(&ana, json!({"new_password": "new", "auth": auth})).await.0, 401);
        }
        for new in [json!(""), json!("x".repeat(513)), json!(7)] {
            assert_eq!(changes(&ana, json!({"new_password": new, "auth": shows("ana", PASSWORD)})).await.0, 400, "{new}");
        }
        let nobody = world.nobody(Method::POST, "v3/account/password", Some(json!({"new_password": "new"}))).await;
        assert_eq!((nobody.0, &nobody.1["errcode"]), (401, &json!("M_MISSING_TOKEN")));
        assert_eq!(logs_in(&world, "ana", PASSWORD, "A").await.0, 200, "nothing changed");
    }
}

mod end {
    use super::*;

    async fn closes(person: &Person, body: Value) -> (u16, String) {
        person.sends_bytes(Method::POST, "v3/account/deactivate", body.to_string()).await
    }

    #[tokio::test]
    async fn needs_the_password() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        let (status, asked) = ana.request(Method::POST, "v3/account/deactivate", Some(json!({}))).await;
        assert_eq!((status.as_u16(), &asked["flows"]), (401, &json!([{"stages": ["m.login.password"]}])));
        assert_eq!(closes(&ana, json!({"auth": shows("ana", "wrong")})).await.0, 401);
        assert!(is_alive(&ana).await);
    }

    #[tokio::test]
    async fn ends_every_session_and_the_profile_and_keeps_the_name_taken() {
        let world = World::new();
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        let other = world.holder(&logs_in(&world, "ana", PASSWORD, "OTHER").await.1);
        ana.put("v3/profile/@ana:example.org/displayname", json!({"displayname": "Ana"})).await;
        assert_eq!(closes(&ana, json!({"auth": shows("ana", PASSWORD)})).await.0, 200);
        assert!(!is_alive(&ana).await && !is_alive(&other).await);
        assert_eq!(logs_in(&world, "ana", PASSWORD, "A").await.0, 403);
        assert_eq!(ben.refused(Method::GET, "v3/profile/@ana:example.org", None).await.0, 404);
        assert_eq!(ben.post("v3/user_directory/search", json!({"search_term": "ana"})).await["results"], json!([]));
        let again = json!({"username": "ana", "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        assert_eq!(world.nobody(Method::POST, "v3/register", Some(again)).await.1["errcode"], "M_USER_IN_USE");
        let invite = Some(json!({"invite": ["@ana:example.org"]}));
        assert_eq!(ben.refused(Method::POST, "v3/createRoom", invite).await.0, 403, "nobody invites who is gone");
    }

    #[tokio::test]
    async fn what_was_said_stays_and_a_wish_for_erasure_is_on_record() {
        for (wish, asked) in [(json!(true), true), (json!(false), false), (Value::Null, false)] {
            let world = World::new();
            let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
            let room = ana.creates(&[&ben], json!({})).await;
            ben.joins(&room).await;
            let said = ana.says("remember me", &room).await;
            let mut body = json!({"auth": shows("ana", PASSWORD)});
            if !wish.is_null() {
                body["erase"] = wish;
            }
            assert_eq!(closes(&ana, body).await.0, 200);
            assert_eq!(ben.event(&room, &said).await["content"]["body"], "remember me");
            let members = ben.get(&format!("v3/rooms/{}/joined_members", encoded(&room))).await;
            assert_eq!(members["joined"].as_object().unwrap().len(), 1);
            let account = world.app.account(&ana.user_id).await.unwrap();
            assert_eq!(account.erase_asked_ms, asked.then_some(1_700_000_000_000));
        }
    }

    #[tokio::test]
    async fn takes_account_data_along() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        ana.put("v3/user/@ana:example.org/account_data/org.example.x", json!({"private": true})).await;
        assert_eq!(closes(&ana, json!({"auth": shows("ana", PASSWORD)})).await.0, 200);
        assert_eq!(ana.refused(Method::GET, "v3/user/@ana:example.org/account_data/org.example.x", None).await.0, 401);
        let caller = app::Caller {
            user_id: ana.user_id.clone(),
            device_id: model::id::OwnedDeviceId::from("PHONE"),
            state: model::person::AccountState::Deactivated,
        };
        let left = world.app.account_data(&caller, &ana.user_id, None, "org.example.x").await;
        assert!(matches!(left, Err(app::Error::NotFound(_))), "{left:?}");
    }
}
