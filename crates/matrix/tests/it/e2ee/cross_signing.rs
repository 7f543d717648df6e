//! Keys that vouch for keys: the three of a person, and the signatures they make.

use http::Method;
use serde_json::{Value, json};

use super::client::{PASSWORD, Signer, devices, identifies, identity, lists, logs_in, queries, registers, shows};
use crate::plain;
use crate::world::{Person, World};

const UPLOAD: &str = "v3/keys/device_signing/upload";

/// A person's three keys.
struct Keys {
    master: Signer,
    self_signing: Signer,
    user_signing: Signer,
}

fn key_of(who: &Person, usage: &str, key: &Signer) -> Value {
    json!({"user_id": who.user_id, "usage": [usage], "keys": {key.key_id(): key.public}})
}

impl Keys {
    fn new() -> Self {
        Self { master: Signer::anonymous(), self_signing: Signer::anonymous(), user_signing: Signer::anonymous() }
    }

    fn upload(&self, who: &Person) -> Value {
        json!({
            "master_key": key_of(who, "master", &self.master),
            "self_signing_key": self.master.signs(who, &key_of(who, "self_signing", &self.self_signing)),
            "user_signing_key": self.master.signs(who, &key_of(who, "user_signing", &self.user_signing)),
        })
    }
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

/// Friends, of whom each has a password and keys.
async fn friends(world: &World) -> (Person, Keys, Signer, Person, Keys) {
    let (ana, ben) = (registers(world, "ana").await, registers(world, "ben").await);
    let room = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ben.joins(&room).await;
    let phone = identifies(&ana, "PHONE").await;
    identifies(&ben, "PHONE").await;
    let (of_ana, of_ben) = (Keys::new(), Keys::new());
    ana.post(UPLOAD, of_ana.upload(&ana)).await;
    ben.post(UPLOAD, of_ben.upload(&ben)).await;
    (ana, of_ana, phone, ben, of_ben)
}

/// The signatures of a person on a part of what `who` sees.
async fn signatures(who: &Person, of: &Person, part: &str, by: &Person) -> Vec<String> {
    let answer = queries(who, of).await;
    let signatures = answer[part][of.user_id.as_str()].pointer(&format!("/signatures/{}", by.user_id));
    signatures.and_then(Value::as_object).map(|all| all.keys().cloned().collect()).unwrap_or_default()
}

#[tokio::test]
async fn first_keys_need_no_password_and_other_keys_do() {
    let world = World::new();
    let ana = registers(&world, "ana").await;
    identifies(&ana, "PHONE").await;
    let (first, second) = (Keys::new(), Keys::new());
    ana.post(UPLOAD, first.upload(&ana)).await;
    ana.post(UPLOAD, first.upload(&ana)).await;
    let (status, asked) = ana.request(Method::POST, UPLOAD, Some(second.upload(&ana))).await;
    assert_eq!((status.as_u16(), &asked["flows"]), (401, &json!([{"stages": ["m.login.password"]}])));
    let wrong = with(second.upload(&ana), "auth", shows("ana", "wrong"));
    assert_eq!(plain(&ana.refused(Method::POST, UPLOAD, Some(wrong)).await), (401, "M_FORBIDDEN"));
    assert_eq!(queries(&ana, &ana).await["master_keys"]["@ana:example.org"]["keys"], json!({first.master.key_id(): first.master.public}));
    ana.post(UPLOAD, with(second.upload(&ana), "auth", shows("ana", PASSWORD))).await;
    assert_eq!(queries(&ana, &ana).await["master_keys"]["@ana:example.org"]["keys"], json!({second.master.key_id(): second.master.public}));
}

#[tokio::test]
async fn keys_that_are_forged_or_of_the_wrong_form_are_refused() {
    let world = World::new();
    let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
    let phone = identifies(&ana, "PHONE").await;
    let (own, stranger) = (Keys::new(), Keys::new());
    let good = own.upload(&ana);
    let mut two_keys = key_of(&ana, "master", &own.master);
    two_keys["keys"]["ed25519:other"] = "other".into();
    let misnamed = json!({"user_id": ana.user_id, "usage": ["master"], "keys": {"ed25519:name": own.master.public}});
    let by_nobody = with(good.clone(), "self_signing_key", key_of(&ana, "self_signing", &own.self_signing));
    let by_stranger = stranger.master.signs(&ana, &key_of(&ana, "self_signing", &own.self_signing));
    let mut forged_by_device = phone.signs(&ana, &key_of(&ana, "master", &own.master));
    let other_phone = Signer::of_device("PHONE").signs(&ana, &key_of(&ana, "master", &own.master));
    forged_by_device["signatures"] = other_phone["signatures"].clone();
    for (what, body, refusal) in [
        ("no key", json!({}), (400, "M_MISSING_PARAM")),
        ("no master key", json!({"self_signing_key": good["self_signing_key"]}), (400, "M_MISSING_PARAM")),
        ("not signed by the master key", by_nobody, (400, "M_INVALID_SIGNATURE")),
        ("signed by a stranger", with(good.clone(), "self_signing_key", by_stranger), (400, "M_INVALID_SIGNATURE")),
        ("a forged signature of a device", with(good.clone(), "master_key", forged_by_device), (400, "M_INVALID_SIGNATURE")),
        ("somebody else's", with(good.clone(), "master_key", key_of(&ben, "master", &own.master)), (400, "M_INVALID_PARAM")),
        ("another usage", with(good.clone(), "master_key", key_of(&ana, "self_signing", &own.master)), (400, "M_INVALID_PARAM")),
        ("two keys in one", with(good.clone(), "master_key", two_keys), (400, "M_INVALID_PARAM")),
        ("not called by itself", with(good.clone(), "master_key", misnamed), (400, "M_INVALID_PARAM")),
        ("no object", with(good.clone(), "master_key", json!("key")), (400, "M_BAD_JSON")),
    ] {
        assert_eq!(plain(&ana.refused(Method::POST, UPLOAD, Some(body)).await), refusal, "{what}");
    }
    assert_eq!(queries(&ana, &ana).await["master_keys"], json!({}));
    ana.post(UPLOAD, good).await;
}

#[tokio::test]
async fn the_key_that_signs_others_is_seen_by_its_owner_alone() {
    let world = World::new();
    let (ana, keys, _, ben, _) = friends(&world).await;
    let own = queries(&ana, &ana).await;
    assert_eq!(own["user_signing_keys"]["@ana:example.org"]["keys"], json!({keys.user_signing.key_id(): keys.user_signing.public}));
    let others = queries(&ben, &ana).await;
    assert_eq!(others["user_signing_keys"], json!({}));
    for part in ["master_keys", "self_signing_keys"] {
        assert_eq!(others[part]["@ana:example.org"]["keys"], own[part]["@ana:example.org"]["keys"]);
    }
    let ssk = &others["self_signing_keys"]["@ana:example.org"];
    assert_eq!(ssk["signatures"]["@ana:example.org"].as_object().unwrap().len(), 1, "with the master key's signature");
}

#[tokio::test]
async fn signatures_on_ones_own_device_are_seen_and_told() {
    let world = World::new();
    let (ana, keys, phone, ben, _) = friends(&world).await;
    let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
    let signed = keys.self_signing.signs(&ana, &identity(&ana, &phone));
    let answer = ana.post("v3/keys/signatures/upload", json!({"@ana:example.org": {"PHONE": signed}})).await;
    assert_eq!(answer, json!({"failures": {}}));
    for (who, before) in [(&ana, &of_ana), (&ben, &of_ben)] {
        assert_eq!(lists(&who.syncs_since(before).await["device_lists"]), (vec!["ana"], vec![]));
        let told = queries(who, &ana).await;
        let by = told["device_keys"]["@ana:example.org"]["PHONE"]["signatures"]["@ana:example.org"].as_object().unwrap();
        assert!(by.contains_key("ed25519:PHONE") && by.contains_key(&keys.self_signing.key_id()), "{by:?}");
    }
}

#[tokio::test]
async fn a_signature_on_somebody_else_is_its_makers_alone() {
    let world = World::new();
    let (ana, keys, _, ben, of_ben) = friends(&world).await;
    let cy = world.person("cy").await;
    let (of_ana, before) = (ana.syncs("").await, ben.syncs("").await);
    let signed = keys.user_signing.signs(&ana, &key_of(&ben, "master", &of_ben.master));
    let answer = ana.post("v3/keys/signatures/upload", json!({"@ben:example.org": {of_ben.master.public.as_str(): signed}})).await;
    assert_eq!(answer, json!({"failures": {}}));
    assert_eq!(signatures(&ana, &ben, "master_keys", &ana).await, [keys.user_signing.key_id()]);
    for other in [&ben, &cy] {
        assert!(signatures(other, &ben, "master_keys", &ana).await.is_empty(), "whom Ana trusts is not {}'s to know", other.user_id);
    }
    assert_eq!(lists(&ana.syncs_since(&of_ana).await["device_lists"]), (vec!["ben"], vec![]));
    assert_eq!(lists(&ben.syncs_since(&before).await["device_lists"]), (vec![], vec![]));
}

#[tokio::test]
async fn signatures_that_may_not_be_made_fail_by_name_and_the_others_are_kept() {
    let world = World::new();
    let (ana, keys, phone, ben, of_ben) = friends(&world).await;
    let laptop = logs_in(&world, "ana", "LAPTOP").await;
    let on_laptop = identifies(&laptop, "LAPTOP").await;
    let good = keys.self_signing.signs(&ana, &identity(&ana, &phone));
    let mut forged = keys.self_signing.signs(&ana, &identity(&ana, &on_laptop));
    forged["signatures"]["@ana:example.org"][keys.self_signing.key_id()] =
        good["signatures"]["@ana:example.org"][keys.self_signing.key_id()].clone();
    let by_wrong_key = keys.self_signing.signs(&ana, &key_of(&ben, "master", &of_ben.master));
    let mut changed = identity(&ana, &phone);
    changed["algorithms"] = json!([]);
    let body = json!({
        "@ana:example.org": {"PHONE": good, "LAPTOP": forged, "NONE": keys.self_signing.signs(&ana, &identity(&ana, &phone))},
        "@ben:example.org": {of_ben.master.public.as_str(): by_wrong_key, "PHONE": keys.user_signing.signs(&ana, &changed)},
    });
    let failures = ana.post("v3/keys/signatures/upload", body).await["failures"].clone();
    let errcode = |user: &str, key: &str| failures[user][key]["errcode"].as_str().unwrap_or_default().to_owned();
    assert_eq!(errcode("@ana:example.org", "LAPTOP"), "M_INVALID_SIGNATURE");
    assert_eq!(errcode("@ana:example.org", "NONE"), "M_NOT_FOUND");
    assert_eq!(errcode("@ben:example.org", &of_ben.master.public), "M_INVALID_SIGNATURE", "the wrong key for that");
    assert_eq!(errcode("@ben:example.org", "PHONE"), "M_NOT_FOUND", "another's device is not Ana's to vouch for");
    assert!(failures["@ana:example.org"]["PHONE"].is_null());
    let changed = json!({"@ana:example.org": {"PHONE": keys.self_signing.signs(&ana, &changed)}});
    let failures = ana.post("v3/keys/signatures/upload", changed).await;
    assert_eq!(failures["failures"]["@ana:example.org"]["PHONE"]["errcode"], "M_INVALID_SIGNATURE", "not the key as it is stored");
    let told = queries(&ben, &ana).await;
    let by = |device: &str| told["device_keys"]["@ana:example.org"][device]["signatures"]["@ana:example.org"].as_object().unwrap().len();
    assert_eq!((by("PHONE"), by("LAPTOP")), (2, 1));
    let many: serde_json::Map<String, Value> = (0..501).map(|n| (format!("D{n}"), json!({}))).collect();
    let too_many = ana.refused(Method::POST, "v3/keys/signatures/upload", Some(json!({"@ana:example.org": many}))).await;
    assert_eq!(plain(&too_many), (413, "M_TOO_LARGE"));
}

#[tokio::test]
async fn only_checked_signatures_come_in_with_a_key_and_they_go_with_their_device() {
    let world = World::new();
    let (ana, ben) = (registers(&world, "ana").await, registers(&world, "ben").await);
    let laptop = logs_in(&world, "ana", "LAPTOP").await;
    identifies(&ana, "PHONE").await;
    let on_laptop = identifies(&laptop, "LAPTOP").await;
    let keys = Keys::new();
    let mut master = on_laptop.signs(&ana, &key_of(&ana, "master", &keys.master));
    master["signatures"]["@ana:example.org"]["ed25519:UNKNOWN"] = "made up".into();
    master["signatures"]["@ben:example.org"] = json!({"ed25519:PHONE": "made up"});
    laptop.post(UPLOAD, with(keys.upload(&ana), "master_key", master)).await;
    assert_eq!(signatures(&ana, &ana, "master_keys", &ana).await, ["ed25519:LAPTOP"]);
    assert!(signatures(&ben, &ana, "master_keys", &ben).await.is_empty());
    let signed = keys.self_signing.signs(&ana, &identity(&ana, &on_laptop));
    ana.post("v3/keys/signatures/upload", json!({"@ana:example.org": {"LAPTOP": signed}})).await;
    laptop.post("v3/logout", json!({})).await;
    assert!(signatures(&ana, &ana, "master_keys", &ana).await.is_empty(), "its signature went with it");
    let again = logs_in(&world, "ana", "LAPTOP").await;
    identifies(&again, "LAPTOP").await;
    assert_eq!(devices(&ben, &ana).await, ["LAPTOP", "PHONE"]);
    let told = queries(&ana, &ana).await;
    let by = told["device_keys"]["@ana:example.org"]["LAPTOP"]["signatures"]["@ana:example.org"].as_object().unwrap();
    assert_eq!(by.keys().collect::<Vec<_>>(), ["ed25519:LAPTOP"], "nobody vouched for the new one");
}

#[tokio::test]
async fn new_keys_are_told_and_what_the_old_ones_vouched_for_is_gone() {
    let world = World::new();
    let (ana, keys, phone, ben, _) = friends(&world).await;
    let signed = keys.self_signing.signs(&ana, &identity(&ana, &phone));
    ana.post("v3/keys/signatures/upload", json!({"@ana:example.org": {"PHONE": signed}})).await;
    let (of_ana, of_ben) = (ana.syncs("").await, ben.syncs("").await);
    ana.post(UPLOAD, with(Keys::new().upload(&ana), "auth", shows("ana", PASSWORD))).await;
    for (who, before) in [(&ana, &of_ana), (&ben, &of_ben)] {
        assert_eq!(lists(&who.syncs_since(before).await["device_lists"]), (vec!["ana"], vec![]));
        let told = queries(who, &ana).await;
        let by = told["device_keys"]["@ana:example.org"]["PHONE"]["signatures"]["@ana:example.org"].as_object().unwrap();
        assert_eq!(by.keys().collect::<Vec<_>>(), ["ed25519:PHONE"]);
    }
}
