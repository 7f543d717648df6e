//! Devices that can sign.

use http::Method;
use ruma::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::serde::base64::Standard;
use ruma::signatures::{Ed25519KeyPair, sign_json};
use serde_json::{Map, Value, json};

use crate::world::{Person, World};

pub(super) const PASSWORD: &str = "correct horse";

/// A signing key and what it is called.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    /// As in `PHONE`, or its public part.
    pub(super) name: String,
    pub(super) public: String,
}

impl Signer {
    /// The key of a device.
    pub(super) fn of_device(device: &str) -> Self {
        Self::new(Some(device))
    }

    /// A key that is called by its public part.
    pub(super) fn anonymous() -> Self {
        Self::new(None)
    }

    fn new(name: Option<&str>) -> Self {
        let der = Ed25519KeyPair::generate();
        let pair = Ed25519KeyPair::from_der(&der, "unnamed".to_owned()).unwrap();
        let public = Base64::<Standard, _>::new(pair.public_key().to_vec()).encode();
        let name = name.map_or_else(|| public.clone(), str::to_owned);
        Self { pair: Ed25519KeyPair::from_der(&der, name.clone()).unwrap(), name, public }
    }

    /// As in `ed25519:PHONE`.
    pub(super) fn key_id(&self) -> String {
        format!("ed25519:{}", self.name)
    }

    /// The object with this key's signature added.
    pub(super) fn signs(&self, who: &Person, object: &Value) -> Value {
        let mut object: CanonicalJsonObject = serde_json::from_value(object.clone()).unwrap();
        sign_json(who.user_id.as_str(), &self.pair, &mut object).unwrap();
        serde_json::to_value(object).unwrap()
    }
}

/// A device's identity, not signed.
pub(super) fn identity(who: &Person, signer: &Signer) -> Value {
    let device = &signer.name;
    json!({
        "user_id": who.user_id,
        "device_id": device,
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "keys": {format!("ed25519:{device}"): signer.public, format!("curve25519:{device}"): "curve"},
    })
}

/// Uploads a device's identity; gives the key it signs with.
pub(crate) async fn identifies(who: &Person, device: &str) -> Signer {
    let signer = Signer::of_device(device);
    who.post("v3/keys/upload", json!({"device_keys": signer.signs(who, &identity(who, &signer))})).await;
    signer
}

/// One-time or fallback keys: their names with their contents.
pub(super) fn keys(named: &[(&str, &str)]) -> Value {
    let key = |(id, text): &(&str, &str)| (format!("signed_curve25519:{id}"), json!({"key": text, "signatures": {}}));
    Value::Object(named.iter().map(key).collect())
}

pub(crate) async fn uploads(who: &Person, named: &[(&str, &str)]) -> Value {
    who.post("v3/keys/upload", json!({"one_time_keys": keys(named)})).await["one_time_key_counts"].clone()
}

/// The names of the keys that a claim of one key of each device gives.
pub(crate) async fn claims(who: &Person, of: &[(&Person, &str)]) -> Vec<String> {
    let mut wanted = Map::new();
    for (person, device) in of {
        wanted.entry(person.user_id.to_string()).or_insert_with(|| json!({}))[*device] = "signed_curve25519".into();
    }
    let answer = who.post("v3/keys/claim", json!({"one_time_keys": wanted})).await;
    assert_eq!(answer["failures"], json!({}));
    let people = answer["one_time_keys"].as_object().unwrap().values();
    let devices = people.flat_map(|devices| devices.as_object().unwrap().values());
    devices.flat_map(|keys| keys.as_object().unwrap().keys().cloned()).collect()
}

/// What a query for somebody's keys answers.
pub(super) async fn queries(who: &Person, of: &Person) -> Value {
    who.post("v3/keys/query", json!({"device_keys": {of.user_id.as_str(): []}})).await
}

/// The devices of somebody that have keys.
pub(crate) async fn devices(who: &Person, of: &Person) -> Vec<String> {
    let answer = queries(who, of).await;
    answer["device_keys"][of.user_id.as_str()].as_object().unwrap().keys().cloned().collect()
}

/// Whose keys a sync says changed, and who no longer shares a room, by local parts.
pub(crate) fn lists<'a>(of: &'a Value) -> (Vec<&'a str>, Vec<&'a str>) {
    let local = |id: &'a Value| id.as_str().unwrap()[1..].split(':').next().unwrap();
    let names = |list: &str| of[list].as_array().unwrap().iter().map(local).collect();
    (names("changed"), names("left"))
}

/// The contents of the messages to the device in a sync.
pub(super) fn to_device(sync: &Value) -> Vec<&Value> {
    sync["to_device"]["events"].as_array().unwrap().iter().map(|event| &event["content"]).collect()
}

/// Sends `{"n": text}` to a device, or to all.
pub(crate) async fn sends(who: &Person, text: &str, to: &Person, device: &str) {
    let body = json!({"messages": {to.user_id.as_str(): {device: {"n": text}}}});
    who.put(&format!("v3/sendToDevice/m.room.encrypted/{text}"), body).await;
}

/// Somebody with a password and a device `PHONE`.
pub(super) async fn registers(world: &World, name: &str) -> Person {
    let body = json!({"username": name, "password": PASSWORD, "device_id": "PHONE", "auth": {"type": "m.login.dummy"}});
    world.holder(&world.nobody(Method::POST, "v3/register", Some(body)).await.1)
}

/// Another device of somebody who has a password.
pub(super) async fn logs_in(world: &World, name: &str, device: &str) -> Person {
    let body = json!({"type": "m.login.password", "user": name, "password": PASSWORD, "device_id": device});
    world.holder(&world.nobody(Method::POST, "v3/login", Some(body)).await.1)
}

/// The stage by which somebody shows the password.
pub(super) fn shows(name: &str, password: &str) -> Value {
    json!({"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password})
}
