//! Setting pushers, and when they end.

use http::Method;
use model::limits;
use serde_json::{Value, json};

use super::{Gateway, events, pusher, rung};
use crate::plain;
use crate::world::World;

const SET: &str = "v3/pushers/set";

#[tokio::test]
async fn pushers_are_set_listed_and_deleted() {
    let (world, gateway, ana, ben, _) = rung().await;
    let mut wanted = pusher(&gateway.url(), "bens-key");
    assert_eq!(ben.get("v3/pushers").await, json!({"pushers": [wanted.take()]}));
    let mut changed = pusher(&gateway.url(), "bens-key");
    changed["lang"] = "de".into();
    changed["profile_tag"] = "x".into();
    ben.sets_pusher(changed).await;
    let listed = ben.get("v3/pushers").await["pushers"].take();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["lang"], &listed[0]["profile_tag"]), (1, &json!("de"), &json!("x")));
    assert_eq!(ana.pushkeys().await, Vec::<String>::new(), "they are one's own");
    for _ in 0..2 {
        ben.sets_pusher(json!({"kind": null, "app_id": "org.example.app", "pushkey": "bens-key"})).await;
        assert_eq!(ben.pushkeys().await, Vec::<String>::new());
    }
    assert_eq!(world.nobody(Method::GET, "v3/pushers", None).await.0, 401);
    assert_eq!(world.nobody(Method::POST, SET, Some(pusher(&gateway.url(), "k"))).await.0, 401);
}

#[tokio::test]
async fn one_key_is_one_persons_unless_appended() {
    let (world, gateway, ana, ben, room) = rung().await;
    // the same telephone, another account: unless it says otherwise, it is theirs now
    ana.sets_pusher(pusher(&gateway.url(), "bens-key")).await;
    assert_eq!((ana.pushkeys().await.len(), ben.pushkeys().await.len()), (1, 0));
    let mut both = pusher(&gateway.url(), "bens-key");
    both["append"] = true.into();
    ben.sets_pusher(both).await;
    assert_eq!((ana.pushkeys().await.len(), ben.pushkeys().await.len()), (1, 1));
    let (one, two) = (ana.says("to Ben", &room).await, ben.says("to Ana", &room).await);
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    let mut told = events(&told);
    told.sort_unstable();
    let mut wanted = [one.as_str(), two.as_str()];
    wanted.sort_unstable();
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn a_new_pusher_hears_of_what_comes_and_one_set_again_goes_on() {
    let (world, gateway, ana, ben, room) = rung().await;
    let missed = ana.says("before it is set again", &room).await;
    ben.sets_pusher(pusher(&gateway.url(), "bens-key")).await;
    ben.sets_pusher(pusher(&gateway.url(), "new-key")).await;
    world.app.deliver_pushes().await.unwrap();
    let told = gateway.told();
    assert_eq!((events(&told), &told[0]["devices"][0]["pushkey"]), (vec![missed.as_str()], &json!("bens-key")));
}

#[tokio::test]
async fn a_pusher_ends_with_its_device() {
    let (world, gateway, ana, ben, room) = rung().await;
    let laptop = world.device("ben", "LAPTOP").await;
    laptop.sets_pusher(pusher(&gateway.url(), "laptops-key")).await;
    ben.post("v3/logout", json!({})).await;
    assert_eq!(laptop.pushkeys().await, ["laptops-key"]);
    laptop.post("v3/logout/all", json!({})).await;
    ana.says("nobody hears this", &room).await;
    world.app.deliver_pushes().await.unwrap();
    assert_eq!(gateway.told(), Vec::<Value>::new());
}

#[tokio::test]
async fn logging_in_again_and_a_new_password_end_what_others_may_have_set() {
    let gateway = Gateway::start().await;
    let world = World::new();
    let account = json!({"username": "ida", "password": "correct horse", "device_id": "PHONE", "auth": {"type": "m.login.dummy"}});
    let phone = world.holder(&world.nobody(Method::POST, "v3/register", Some(account)).await.1);
    let log_in = async |device: &str| {
        let identifier = json!({"type": "m.id.user", "user": "ida"});
        let body = json!({"type": "m.login.password", "identifier": identifier, "password": "correct horse", "device_id": device});
        world.holder(&world.nobody(Method::POST, "v3/login", Some(body)).await.1)
    };
    let laptop = log_in("LAPTOP").await;
    phone.sets_pusher(pusher(&gateway.url(), "phone")).await;
    laptop.sets_pusher(pusher(&gateway.url(), "laptop")).await;
    let laptop = log_in("LAPTOP").await;
    assert_eq!(laptop.pushkeys().await, ["phone"], "it is another log-in, though the same device");
    laptop.sets_pusher(pusher(&gateway.url(), "laptop")).await;
    let auth = json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "ida"}, "password": "correct horse"});
    let body = json!({"new_password": "battery staple", "logout_devices": false, "auth": auth});
    phone.post("v3/account/password", body).await;
    assert_eq!(phone.pushkeys().await, ["phone"], "the device that changes it keeps its own");
    assert_eq!(laptop.pushkeys().await, ["phone"], "the other is still logged in");
}

#[tokio::test]
async fn no_pusher_makes_the_server_call_anybody_else() {
    let (_, gateway, _, ben, _) = rung().await;
    for other in [
        "http://169.254.169.254/_matrix/push/v1/notify",
        "http://push.example.org/_matrix/push/v1/notify",
        "https://10.0.0.1/_matrix/push/v1/notify",
        "https://push.example.org/notify",
        "https://push.example.org/_matrix/push/v1/notify/more",
        "file:///etc/passwd",
        "",
    ] {
        let refused = ben.refused(Method::POST, SET, Some(pusher(other, "k"))).await;
        assert_eq!(plain(&refused), (400, "M_INVALID_PARAM"), "{other}");
    }
    ben.sets_pusher(pusher("https://push.example.org/_matrix/push/v1/notify", "k")).await;
    let mut mail = pusher(&gateway.url(), "ben@example.org");
    mail["kind"] = "email".into();
    mail["data"] = json!({});
    assert_eq!(plain(&ben.refused(Method::POST, SET, Some(mail)).await), (400, "M_INVALID_PARAM"));
}

#[tokio::test]
async fn pushers_are_bounded() {
    let (_, gateway, _, ben, _) = rung().await;
    for (field, length) in [("pushkey", 513), ("app_id", 65), ("lang", 65), ("profile_tag", 65), ("app_display_name", 257)] {
        let mut wrong = pusher(&gateway.url(), "k");
        wrong[field] = "x".repeat(length).into();
        assert_eq!(plain(&ben.refused(Method::POST, SET, Some(wrong)).await), (413, "M_TOO_LARGE"), "{field}");
    }
    let mut large = pusher(&gateway.url(), "k");
    large["data"]["x"] = "y".repeat(limits::PUSHER_DATA_BYTES).into();
    assert_eq!(plain(&ben.refused(Method::POST, SET, Some(large)).await), (413, "M_TOO_LARGE"));
    for lacking in ["pushkey", "app_id", "lang", "kind", "data"] {
        let mut wrong = pusher(&gateway.url(), "k");
        wrong.as_object_mut().unwrap().remove(lacking);
        assert_eq!(ben.refused(Method::POST, SET, Some(wrong)).await.0, 400, "{lacking}");
    }
    for n in 1..limits::PUSHERS_PER_USER {
        ben.sets_pusher(pusher(&gateway.url(), &n.to_string())).await;
    }
    assert_eq!(plain(&ben.refused(Method::POST, SET, Some(pusher(&gateway.url(), "more"))).await), (403, "M_FORBIDDEN"));
    ben.sets_pusher(pusher(&gateway.url(), "1")).await;
}
