//! Registering, logging in and out, devices, passwords, closing an account: what clients rely on.

use app::accounts::admin::UserChange;
use app::config::Registration;
use http::Method;
use model::person::AgeBand;
use model::secret::Secret;
use serde_json::{Value, json};

use crate::world::{Person, World};

const PASSWORD: &str = "correct horse";

/// Registers by the dummy stage, without a session, as test suites do.
async fn registers(world: &World, name: &str) -> Person {
    let body = json!({"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
    let (status, answer) = world.nobody(Method::POST, "v3/register", Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    world.holder(&answer)
}

async fn logs_in(world: &World, name: &str, password: &str) -> (u16, Value) {
    let body = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password});
    world.nobody(Method::POST, "v3/login", Some(body)).await
}

fn shows_password(name: &str, password: &str) -> Value {
    json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password})
}

fn errcode(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errcode"].as_str().unwrap_or_default())
}

mod server {
    use super::*;

    #[tokio::test]
    async fn versions_are_told_to_anybody_even_with_a_token_that_means_nothing() {
        let world = World::new();
        let (status, answer) = world.nobody(Method::GET, "versions", None).await;
        assert_eq!(status, 200);
        let versions: Vec<&str> = answer["versions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!((versions.first(), versions.last(), versions.len()), (Some(&"v1.1"), Some(&"v1.12"), 12));
        let stranger = world.holder(&json!({"user_id": "@x:example.org", "access_token": "no such token"}));
        stranger.get("versions").await;
    }

    #[tokio::test]
    async fn what_is_not_served_says_so_in_matrix_words() {
        let world = World::new();
        assert_eq!(errcode(&world.nobody(Method::GET, "v3/nonsense", None).await), (404, "M_UNRECOGNIZED"));
        assert_eq!(errcode(&world.nobody(Method::PATCH, "v3/login", None).await), (405, "M_UNRECOGNIZED"));
        assert_eq!(errcode(&world.nobody(Method::DELETE, "versions", None).await), (405, "M_UNRECOGNIZED"));
    }

    #[tokio::test]
    async fn a_path_that_is_not_text_is_refused_in_matrix_words() {
        let world = World::new();
        let answer = world.nobody(Method::GET, "v3/profile/%ff%fe", None).await;
        assert_eq!(errcode(&answer), (400, "M_INVALID_PARAM"));
    }

    #[tokio::test]
    async fn a_log_in_with_more_after_its_object_is_not_json() {
        let world = World::new();
        for (body, expected) in [("{}{}", "M_NOT_JSON"), ("{} x", "M_NOT_JSON"), ("{}", "M_MISSING_PARAM"), ("[]", "M_BAD_JSON")] {
            let answer = world.nobody_sends("v3/login", body).await;
            assert_eq!(errcode(&answer), (400, expected), "{body}");
        }
    }

    #[tokio::test]
    async fn what_clients_ask_at_start_has_an_answer() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        for path in ["v3/capabilities", "v3/account/3pid", "v3/thirdparty/protocols", "v3/voip/turnServer", "v3/publicRooms", "v3/devices"]
        {
            ana.get(path).await;
        }
        assert_eq!(ana.post("v3/publicRooms", json!({})).await["chunk"], json!([]));
        let counts = ana.post("v3/keys/upload", json!({})).await;
        assert_eq!(counts, json!({"one_time_key_counts": {"signed_curve25519": 0}}));
        assert_eq!(ana.post("v3/keys/query", json!({"device_keys": {}})).await["device_keys"], json!({}));
    }
}

mod register {
    use super::*;

    #[tokio::test]
    async fn without_a_stage_the_stages_are_told_and_the_session_is_taken_up() {
        let world = World::new();
        let mut body = json!({"username": "ana", "password": PASSWORD});
        let (status, asked) = world.nobody(Method::POST, "v3/register", Some(body.clone())).await;
        assert_eq!((status, &asked["flows"]), (401, &json!([{"stages": ["m.login.dummy"]}])));
        body["auth"] = json!({"type": "m.login.dummy", "session": asked["session"]});
        let (status, answer) = world.nobody(Method::POST, "v3/register", Some(body)).await;
        assert_eq!((status, &answer["user_id"]), (200, &json!("@ana:example.org")));
        let who = world.holder(&answer).get("v3/account/whoami").await;
        assert_eq!(who["device_id"], answer["device_id"]);
    }

    #[tokio::test]
    async fn a_session_that_nobody_began_is_refused() {
        let world = World::new();
        let body = json!({"username": "ana", "password": PASSWORD, "auth": {"type": "m.login.dummy", "session": "made up"}});
        assert_eq!(world.nobody(Method::POST, "v3/register", Some(body)).await.0, 401);
    }

    #[tokio::test]
    async fn names_are_lowered_and_judged_by_their_signs() {
        let world = World::new();
        assert_eq!(registers(&world, "AnA.1=_-/+").await.user_id, "@ana.1=_-/+:example.org");
        for name in ["", "a b", "a!", "a:b", "@a", "é", "a\u{0}", "a\\b", "a[b"] {
            let body = json!({"username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
            let answer = world.nobody(Method::POST, "v3/register", Some(body)).await;
            assert_eq!(errcode(&answer), (400, "M_INVALID_USERNAME"), "{name:?}");
        }
        let long = json!({"username": "a".repeat(300), "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        assert_eq!(errcode(&world.nobody(Method::POST, "v3/register", Some(long)).await), (400, "M_INVALID_USERNAME"));
    }

    #[tokio::test]
    async fn a_name_is_given_once() {
        let world = World::new();
        registers(&world, "ana").await;
        let body = json!({"username": "ANA", "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        assert_eq!(errcode(&world.nobody(Method::POST, "v3/register", Some(body)).await), (400, "M_USER_IN_USE"));
        assert_eq!(errcode(&world.nobody(Method::GET, "v3/register/available?username=ana", None).await), (400, "M_USER_IN_USE"));
        assert_eq!(world.nobody(Method::GET, "v3/register/available?username=ben", None).await, (200, json!({"available": true})));
    }

    #[tokio::test]
    async fn the_device_is_the_one_asked_for_and_none_when_not_wanted() {
        let world = World::new();
        let mut body = json!({"username": "ana", "password": PASSWORD, "device_id": "MYPHONE", "auth": {"type": "m.login.dummy"}});
        let (_, answer) = world.nobody(Method::POST, "v3/register", Some(body.clone())).await;
        assert_eq!(answer["device_id"], "MYPHONE");
        body["username"] = "ben".into();
        body["inhibit_login"] = true.into();
        let (status, answer) = world.nobody(Method::POST, "v3/register", Some(body)).await;
        assert_eq!((status, answer.get("access_token"), answer.get("device_id")), (200, None, None));
    }

    #[tokio::test]
    async fn without_a_name_one_is_made() {
        let world = World::new();
        let body = json!({"password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        let (status, answer) = world.nobody(Method::POST, "v3/register", Some(body)).await;
        assert_eq!(status, 200);
        assert!(answer["user_id"].as_str().unwrap().ends_with(":example.org"));
    }

    #[tokio::test]
    async fn guests_are_refused_and_so_is_everybody_where_registration_is_closed() {
        let world = World::with(|config| config.registration = Registration::Closed);
        assert_eq!(errcode(&world.nobody(Method::POST, "v3/register?kind=guest", Some(json!({}))).await), (403, "M_FORBIDDEN"));
        let body = json!({"username": "ana", "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        assert_eq!(errcode(&world.nobody(Method::POST, "v3/register", Some(body)).await), (403, "M_FORBIDDEN"));
    }

    #[tokio::test]
    async fn where_registration_is_not_open_nobody_learns_which_names_are_taken() {
        for registration in [Registration::Closed, Registration::Token(Secret::new("let me in".to_owned()))] {
            let world = World::with(|config| config.registration = registration);
            world.person("ana").await;
            let asks = async |name: &str| {
                let available = world.nobody(Method::GET, &format!("v3/register/available?username={name}"), None).await;
                let register = world.nobody(Method::POST, "v3/register", Some(json!({"username": name, "password": PASSWORD}))).await;
                let mut words = register.1;
                words["session"].take();
                (available, register.0, words)
            };
            assert_eq!(asks("ana").await, asks("ghost").await);
            assert_eq!(asks("ana").await.0.0, 403);
        }
    }

    #[tokio::test]
    async fn a_token_is_asked_for_where_the_operator_gave_one() {
        let world = World::with(|config| config.registration = Registration::Token(Secret::new("let me in".to_owned())));
        let attempt = |auth: Value| {
            let body = json!({"username": "ana", "password": PASSWORD, "auth": auth});
            world.nobody(Method::POST, "v3/register", Some(body))
        };
        let dummy = attempt(json!({"type": "m.login.dummy"})).await;
        assert_eq!((dummy.0, &dummy.1["flows"]), (401, &json!([{"stages": ["m.login.registration_token"]}])));
        let wrong = attempt(json!({"type": "m.login.registration_token", "token": "let me out"})).await;
        assert_eq!(errcode(&wrong), (401, "M_FORBIDDEN"));
        assert_eq!(attempt(json!({"type": "m.login.registration_token", "token": "let me in"})).await.0, 200);
    }
}

mod login {
    use super::*;

    #[tokio::test]
    async fn by_local_part_whole_id_and_the_old_form() {
        let world = World::new();
        registers(&world, "ana").await;
        for name in ["ana", "@ana:example.org"] {
            let (status, answer) = logs_in(&world, name, PASSWORD).await;
            assert_eq!((status, &answer["user_id"]), (200, &json!("@ana:example.org")));
        }
        let old = json!({"type": "m.login.password", "user": "ana", "password": PASSWORD});
        assert_eq!(world.nobody(Method::POST, "r0/login", Some(old)).await.0, 200);
        let (_, flows) = world.nobody(Method::GET, "v3/login", None).await;
        assert_eq!(flows, json!({"flows": [{"type": "m.login.password"}]}));
    }

    #[tokio::test]
    async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
        let world = World::new();
        registers(&world, "ana").await;
        world.app.ensure_service_account().await.unwrap();
        let wrong = logs_in(&world, "ana", "wrong").await;
        assert_eq!(errcode(&wrong), (403, "M_FORBIDDEN"));
        assert_eq!(wrong, logs_in(&world, "nobody", PASSWORD).await);
        assert_eq!(wrong, logs_in(&world, "@ana:elsewhere.org", PASSWORD).await);
        assert_eq!(wrong, logs_in(&world, "frankly", PASSWORD).await);
    }

    #[tokio::test]
    async fn what_is_missing_or_not_offered_is_said() {
        let world = World::new();
        let attempt = |body: Value| world.nobody(Method::POST, "v3/login", Some(body));
        assert_eq!(errcode(&attempt(json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "ana"}})).await).0, 400);
        assert_eq!(errcode(&attempt(json!({"type": "m.login.carrier_pigeon"})).await), (400, "M_UNKNOWN"));
        assert_eq!(errcode(&attempt(json!({"type": "org.matrix.login.jwt", "token": "x"})).await).0, 400);
    }

    #[tokio::test]
    async fn a_device_that_logs_in_again_loses_its_older_token() {
        let world = World::new();
        let first = registers(&world, "ana").await;
        let device = first.get("v3/account/whoami").await["device_id"].clone();
        let body = json!({"type": "m.login.password", "user": "ana", "password": PASSWORD, "device_id": device});
        let (_, answer) = world.nobody(Method::POST, "v3/login", Some(body)).await;
        assert_eq!(answer["device_id"], device);
        assert_eq!(first.refused(Method::GET, "v3/account/whoami", None).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
        world.holder(&answer).get("v3/account/whoami").await;
    }

    #[tokio::test]
    async fn a_request_without_a_token_is_told_to_bring_one() {
        let world = World::new();
        assert_eq!(errcode(&world.nobody(Method::GET, "v3/account/whoami", None).await), (401, "M_MISSING_TOKEN"));
    }
}

mod logout {
    use super::*;

    #[tokio::test]
    async fn ends_what_waits() {
        let world = World::new();
        let (phone, laptop) = (world.device("ana", "PHONE").await, world.device("ana", "LAPTOP").await);
        let since = phone.syncs("").await;
        let path = format!("v3/sync?timeout=50000&since={}", crate::world::next(&since));
        let waits = phone.request(http::Method::GET, &path, None);
        let logs_out = async {
            // the poll waits by now: everything before its wait is done without a pause
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            laptop.post("v3/logout/all", json!({})).await;
        };
        let started = std::time::Instant::now();
        let ((status, _), ()) = tokio::join!(waits, logs_out);
        assert!(status == http::StatusCode::OK && started.elapsed() < std::time::Duration::from_secs(40));
        assert_eq!(phone.request(http::Method::GET, &path, None).await.0, http::StatusCode::UNAUTHORIZED);
    }

    #[tokio::test]
    async fn of_one_device_leaves_the_others() {
        let world = World::new();
        let phone = registers(&world, "ana").await;
        let laptop = world.holder(&logs_in(&world, "ana", PASSWORD).await.1);
        phone.post("v3/logout", json!({})).await;
        assert_eq!(phone.refused(Method::GET, "v3/account/whoami", None).await, (401, "M_UNKNOWN_TOKEN".to_owned()));
        assert_eq!(laptop.get("v3/devices").await["devices"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn everywhere_means_everywhere() {
        let world = World::new();
        let phone = registers(&world, "ana").await;
        let laptop = world.holder(&logs_in(&world, "ana", PASSWORD).await.1);
        phone.post("v3/logout/all", json!({})).await;
        for device in [phone, laptop] {
            assert_eq!(device.refused(Method::GET, "v3/account/whoami", None).await.0, 401);
        }
    }
}

mod devices {
    use super::*;

    #[tokio::test]
    async fn are_listed_and_renamed_by_their_owner() {
        let world = World::new();
        let body = json!({"username": "ana", "password": PASSWORD, "device_id": "PHONE", "initial_device_display_name": "my phone",
            "auth": {"type": "m.login.dummy"}});
        let ana = world.holder(&world.nobody(Method::POST, "v3/register", Some(body)).await.1);
        assert_eq!(ana.get("v3/devices/PHONE").await["display_name"], "my phone");
        ana.put("v3/devices/PHONE", json!({"display_name": "old phone"})).await;
        assert_eq!(ana.get("v3/devices").await["devices"][0]["display_name"], "old phone");
        assert_eq!(ana.refused(Method::GET, "v3/devices/NONE", None).await, (404, "M_NOT_FOUND".to_owned()));
        let rename = Some(json!({"display_name": "x"}));
        assert_eq!(ana.refused(Method::PUT, "v3/devices/NONE", rename).await, (404, "M_NOT_FOUND".to_owned()));
        let ben = registers(&world, "ben").await;
        assert_eq!(ben.refused(Method::GET, "v3/devices/PHONE", None).await.0, 404);
    }

    #[tokio::test]
    async fn go_only_when_their_owner_shows_the_password() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        registers(&world, "ben").await;
        let lost = world.holder(&logs_in(&world, "ana", PASSWORD).await.1);
        let path = format!("v3/devices/{}", lost.get("v3/account/whoami").await["device_id"].as_str().unwrap());
        let (status, asked) = ana.request(Method::DELETE, &path, Some(json!({}))).await;
        assert_eq!((status.as_u16(), &asked["flows"]), (401, &json!([{"stages": ["m.login.password"]}])));
        for auth in [shows_password("ana", "wrong"), shows_password("ben", PASSWORD)] {
            let (status, answer) = ana.request(Method::DELETE, &path, Some(json!({"auth": auth}))).await;
            assert!([401, 403].contains(&status.as_u16()), "{answer}");
            assert_eq!(answer["errcode"], "M_FORBIDDEN");
        }
        lost.get("v3/account/whoami").await;
        let mut auth = shows_password("ana", PASSWORD);
        auth["session"] = asked["session"].clone();
        ana.ok(Method::DELETE, &path, Some(json!({"auth": auth}))).await;
        assert_eq!(lost.refused(Method::GET, "v3/account/whoami", None).await.0, 401);
    }

    #[tokio::test]
    async fn several_go_at_once() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        let mut gone = Vec::new();
        for _ in 0..2 {
            gone.push(logs_in(&world, "ana", PASSWORD).await.1["device_id"].clone());
        }
        ana.post("v3/delete_devices", json!({"devices": gone, "auth": shows_password("@ana:example.org", PASSWORD)})).await;
        assert_eq!(ana.get("v3/devices").await["devices"].as_array().unwrap().len(), 1);
    }
}

mod password {
    use super::*;

    #[tokio::test]
    async fn changes_when_the_old_one_is_shown_and_other_devices_go() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        let other = world.holder(&logs_in(&world, "ana", PASSWORD).await.1);
        let wrong = Some(json!({"new_password": "new", "auth": shows_password("ana", "wrong")}));
        assert_eq!(ana.refused(Method::POST, "v3/account/password", wrong).await, (401, "M_FORBIDDEN".to_owned()));
        ana.post("v3/account/password", json!({"new_password": "new", "auth": shows_password("ana", PASSWORD)})).await;
        ana.get("v3/account/whoami").await;
        assert_eq!(other.refused(Method::GET, "v3/account/whoami", None).await.0, 401);
        assert_eq!(logs_in(&world, "ana", PASSWORD).await.0, 403);
        assert_eq!(logs_in(&world, "ana", "new").await.0, 200);
    }

    #[tokio::test]
    async fn changes_without_logging_others_out_if_so_wanted() {
        let world = World::new();
        let ana = registers(&world, "ana").await;
        let other = world.holder(&logs_in(&world, "ana", PASSWORD).await.1);
        let body = json!({"new_password": "new", "logout_devices": false, "auth": shows_password("ana", PASSWORD)});
        ana.post("v3/account/password", body).await;
        other.get("v3/account/whoami").await;
    }
}

mod deactivate {
    use super::*;

    #[tokio::test]
    async fn closes_the_account_for_good_and_leaves_the_rooms() {
        let world = World::new();
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        let room = ben.creates(&[&ana], json!({"preset": "private_chat"})).await;
        ana.joins(&room).await;
        assert_eq!(ana.refused(Method::POST, "v3/account/deactivate", Some(json!({}))).await.0, 401);
        let wrong = Some(json!({"auth": shows_password("ana", "wrong")}));
        assert_eq!(ana.refused(Method::POST, "v3/account/deactivate", wrong).await.0, 401);
        ana.post("v3/account/deactivate", json!({"erase": true, "auth": shows_password("ana", PASSWORD)})).await;
        assert_eq!(ana.refused(Method::GET, "v3/account/whoami", None).await.0, 401);
        assert_eq!(logs_in(&world, "ana", PASSWORD).await.0, 403);
        let members = ben.get(&format!("v3/rooms/{}/joined_members", crate::world::encoded(&room))).await;
        assert_eq!(members["joined"].as_object().unwrap().keys().collect::<Vec<_>>(), ["@ben:example.org"]);
        let again = json!({"username": "ana", "password": PASSWORD, "auth": {"type": "m.login.dummy"}});
        assert_eq!(errcode(&world.nobody(Method::POST, "v3/register", Some(again)).await), (400, "M_USER_IN_USE"));
    }
}

mod moderation {
    use app::accounts::admin::UserChange;
    use model::person::Role;

    use super::*;

    #[tokio::test]
    async fn a_lock_leaves_only_the_way_out() {
        let world = World::new();
        let (rosa, ana) = (registers(&world, "rosa").await, registers(&world, "ana").await);
        let path = "v1/admin/lock/@ana:example.org";
        let refused = rosa.refused(Method::PUT, path, Some(json!({"locked": true}))).await;
        assert_eq!(refused, (403, "M_FORBIDDEN".to_owned()));
        world.app.change_account(&rosa.user_id, UserChange::AddRole(Role::SeniorReviewer)).await.unwrap();
        assert_eq!(rosa.put(path, json!({"locked": true})).await, json!({"locked": true}));
        let (status, answer) = ana.request(Method::GET, "v3/account/whoami", None).await;
        assert_eq!((status.as_u16(), &answer["errcode"], &answer["soft_logout"]), (401, &json!("M_USER_LOCKED"), &json!(true)));
        assert_eq!(logs_in(&world, "ana", PASSWORD).await.0, 401);
        rosa.put(path, json!({"locked": false})).await;
        ana.get("v3/account/whoami").await;
        rosa.put(path, json!({"locked": true})).await;
        ana.post("v3/logout", json!({})).await;
        let own = rosa.refused(Method::PUT, "v1/admin/lock/@rosa:example.org", Some(json!({"locked": true}))).await;
        assert_eq!(own.0, 403);
    }

    #[tokio::test]
    async fn who_is_suspended_reads_and_does_not_write() {
        let world = World::new();
        let (rosa, ana, ben) = (registers(&world, "rosa").await, registers(&world, "ana").await, registers(&world, "ben").await);
        world.app.change_account(&rosa.user_id, UserChange::AddRole(Role::ChildSafety)).await.unwrap();
        let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        ben.joins(&room).await;
        rosa.put("v1/admin/suspend/@ben:example.org", json!({"suspended": true})).await;
        assert_eq!(rosa.get("v1/admin/suspend/@ben:example.org").await, json!({"suspended": true}));
        ben.syncs("").await;
        let path = format!("v3/rooms/{}/send/m.room.message/1", crate::world::encoded(&room));
        let said = ben.refused(Method::PUT, &path, Some(json!({"msgtype": "m.text", "body": "hello"}))).await;
        assert_eq!(said, (403, "M_USER_SUSPENDED".to_owned()));
        let renamed = ben.refused(Method::PUT, "v3/profile/@ben:example.org/displayname", Some(json!({"displayname": "B"}))).await;
        assert_eq!(renamed, (403, "M_USER_SUSPENDED".to_owned()));
        ben.leaves(&room).await;
    }
}

mod restrictions {
    use model::person::AccountState;

    use super::*;
    use crate::world::encoded;

    async fn rosa(world: &World) -> Person {
        let rosa = registers(world, "rosa").await;
        world.is_told(&rosa, UserChange::AddRole(model::person::Role::SeniorReviewer)).await;
        rosa
    }

    #[tokio::test]
    async fn freeing_of_one_restriction_lifts_no_other() {
        let world = World::new();
        let (rosa, _) = (rosa(&world).await, registers(&world, "ben").await);
        let (lock, suspend) = ("v1/admin/lock/@ben:example.org", "v1/admin/suspend/@ben:example.org");
        rosa.put(suspend, json!({"suspended": true})).await;
        rosa.put(lock, json!({"locked": false})).await;
        assert_eq!(rosa.get(suspend).await, json!({"suspended": true}));
        rosa.put(lock, json!({"locked": true})).await;
        rosa.put(suspend, json!({"suspended": false})).await;
        rosa.put(suspend, json!({"suspended": true})).await;
        assert_eq!(rosa.get(lock).await, json!({"locked": true}));
        rosa.put(lock, json!({"locked": false})).await;
        assert_eq!(logs_in(&world, "ben", PASSWORD).await.0, 200);
    }

    #[tokio::test]
    async fn a_closed_account_is_not_brought_back() {
        let world = World::new();
        let (rosa, ben) = (rosa(&world).await, registers(&world, "ben").await);
        ben.post("v3/account/deactivate", json!({"auth": shows_password("ben", PASSWORD)})).await;
        for (path, body) in
            [("lock", json!({"locked": false})), ("suspend", json!({"suspended": false})), ("lock", json!({"locked": true}))]
        {
            let path = format!("v1/admin/{path}/@ben:example.org");
            assert_eq!(rosa.refused(Method::PUT, &path, Some(body)).await, (404, "M_NOT_FOUND".to_owned()), "{path}");
        }
        world.app.change_account(&ben.user_id, UserChange::State(AccountState::Active)).await.unwrap();
        assert_eq!(logs_in(&world, "ben", PASSWORD).await.0, 403);
    }

    /// What spec "Account suspension" lists, and what it leaves.
    #[tokio::test]
    async fn what_the_suspended_may_and_may_not() {
        let world = World::new();
        let (ana, ben, eve) = (registers(&world, "ana").await, registers(&world, "ben").await, registers(&world, "eve").await);
        let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        ben.joins(&room).await;
        let said = ben.says("hello", &room).await;
        let other = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        world.app.change_account(&ben.user_id, UserChange::State(AccountState::Suspended)).await.unwrap();
        let at = format!("v3/rooms/{}", encoded(&room));
        let message = json!({"msgtype": "m.text", "body": "x"});
        let may_not = [
            (Method::PUT, format!("{at}/send/m.room.message/2"), message.clone()),
            (Method::PUT, format!("{at}/send/m.reaction/3"), json!({})),
            (Method::PUT, format!("{at}/state/m.room.topic/"), json!({"topic": "x"})),
            (Method::POST, format!("{at}/invite"), json!({"user_id": eve.user_id})),
            (Method::POST, format!("{at}/kick"), json!({"user_id": ana.user_id})),
            (Method::PUT, format!("{at}/typing/@ben:example.org"), json!({"typing": true, "timeout": 1000})),
            (Method::POST, format!("v3/join/{}", encoded(&other)), json!({})),
            (Method::POST, "v3/createRoom".to_owned(), json!({})),
            (Method::PUT, "v3/profile/@ben:example.org/avatar_url".to_owned(), json!({"avatar_url": "mxc://example.org/x"})),
            (Method::PUT, "v3/profile/@ben:example.org/m.tz".to_owned(), json!({"m.tz": "UTC"})),
            (Method::DELETE, "v3/profile/@ben:example.org/m.tz".to_owned(), json!({})),
        ];
        for (method, path, body) in may_not {
            assert_eq!(ben.refused(method, &path, Some(body)).await, (403, "M_USER_SUSPENDED".to_owned()), "{path}");
        }
        ben.syncs("").await;
        ben.get(&format!("{at}/messages?dir=b")).await;
        ben.put(&format!("{at}/redact/{}/1", encoded(&said)), json!({})).await;
        ben.post(&format!("{at}/receipt/m.read/{}", encoded(&said)), json!({})).await;
        ben.leaves(&other).await;
        ben.leaves(&room).await;
        let auth = shows_password("ben", PASSWORD);
        ben.post("v3/account/password", json!({"new_password": "battery staple", "auth": auth})).await;
        assert_eq!(logs_in(&world, "ben", "battery staple").await.0, 200, "who is suspended may log in");
        ben.post("v3/account/deactivate", json!({"auth": shows_password("ben", "battery staple")})).await;
    }
}

mod profile {
    use super::*;

    #[tokio::test]
    async fn a_change_is_seen_in_every_room() {
        let world = World::new();
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        ben.joins(&room).await;
        ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Benjamin"})).await;
        ben.put("v3/profile/@ben:example.org/avatar_url", json!({"avatar_url": "mxc://example.org/pic"})).await;
        let profile = ana.get("v3/profile/@ben:example.org").await;
        assert_eq!(profile, json!({"displayname": "Benjamin", "avatar_url": "mxc://example.org/pic"}));
        let members = ana.get(&format!("v3/rooms/{}/joined_members", crate::world::encoded(&room))).await;
        assert_eq!(members["joined"]["@ben:example.org"]["display_name"], "Benjamin");
        let others = ana.refused(Method::PUT, "v3/profile/@ben:example.org/displayname", Some(json!({"displayname": "x"}))).await;
        assert_eq!(others, (403, "M_FORBIDDEN".to_owned()));
        assert_eq!(ana.refused(Method::GET, "v3/profile/@ghost:example.org", None).await, (404, "M_NOT_FOUND".to_owned()));
    }

    #[tokio::test]
    async fn strangers_find_adults_and_acquaintances_find_each_other() {
        let world = World::with(|config| (config.dev, config.registered_age) = (false, AgeBand::Unknown));
        let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
        world.person("berta").await;
        let finds = async |term: &str| {
            let found = ana.post("v3/user_directory/search", json!({"search_term": term})).await;
            found["results"].as_array().unwrap().iter().map(|one| one["user_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(finds("be").await, ["@berta:example.org"], "nobody told how old ben is");
        for person in [&ana, &ben] {
            world.is_told(person, UserChange::AgeBand(AgeBand::Adult)).await;
        }
        let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
        ben.joins(&room).await;
        world.is_told(&ben, UserChange::AgeBand(AgeBand::Unknown)).await;
        assert_eq!(finds("BE").await, ["@ben:example.org", "@berta:example.org"]);
        assert!(finds("%").await.is_empty());
        assert!(finds("").await.is_empty());
    }
}
