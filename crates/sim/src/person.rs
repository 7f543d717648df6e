//! One virtual person on a Matrix server: the requests that the measurements need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::SimError;
use crate::http::{Answer, Call, Connection, Origin, escape};
use crate::limits;
use crate::wire::{Messages, Sliding, Sync};

const BASE: &str = "/_matrix/client/v3";

/// A logged-in person with one connection of their own.
pub struct Person {
    user_id: String,
    device_id: String,
    authorization: HeaderValue,
    connection: Connection,
    limited: u64,
}

/// The body of an answer, kept so that it can be parsed without copying.
pub struct Page {
    request: &'static str,
    bytes: Bytes,
}

impl Page {
    /// Size of the answer in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Reads it as an answer of `/sync`.
    pub fn sync(&self) -> Result<Sync<'_>, SimError> {
        parse(self.request, &self.bytes)
    }

    /// Reads it as an answer of sliding sync.
    pub fn sliding(&self) -> Result<Sliding<'_>, SimError> {
        parse(self.request, &self.bytes)
    }

    /// Reads it as an answer of `/messages`.
    pub fn messages(&self) -> Result<Messages<'_>, SimError> {
        parse(self.request, &self.bytes)
    }
}

#[derive(Deserialize)]
struct Registered {
    user_id: String,
    device_id: String,
    access_token: String,
}

#[derive(Deserialize)]
struct Challenge {
    session: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    room_id: String,
}

#[derive(Deserialize)]
struct Accepted {
    event_id: String,
}

#[derive(Deserialize)]
struct Devices {
    device_keys: HashMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Claimed {
    one_time_keys: HashMap<String, HashMap<String, HashMap<String, Value>>>,
}

impl Person {
    /// Registers by the dummy stage, in one step or, where the server asks for it, with its session in two.
    pub async fn register(origin: Arc<Origin>, username: &str, password: &str) -> Result<Self, SimError> {
        let mut connection = Connection::new(origin);
        let mut body = json!({
            "username": username, "password": password, "auth": { "type": "m.login.dummy" },
        });
        let path = format!("{BASE}/register");
        let mut limited = 0;
        let mut answer = patient(&mut connection, &post(&path, None, &body), &mut limited).await?;
        if answer.status.as_u16() == 401 {
            let challenge: Challenge = parse("POST register", &answer.body)?;
            body["auth"]["session"] = challenge.session.map_or(Value::Null, Value::String);
            answer = patient(&mut connection, &post(&path, None, &body), &mut limited).await?;
        }
        let registered: Registered = parse("POST register", accept("POST register", &answer)?)?;
        let authorization = HeaderValue::from_str(&format!("Bearer {}", registered.access_token))
            .map_err(|_| SimError::Answer { request: "POST register".to_owned(), detail: "the access token is not ASCII".to_owned() })?;
        Ok(Self { user_id: registered.user_id, device_id: registered.device_id, authorization, connection, limited })
    }

    /// The same person and device on a second connection.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            user_id: self.user_id.clone(),
            device_id: self.device_id.clone(),
            authorization: self.authorization.clone(),
            connection: Connection::new(Arc::clone(self.connection.origin())),
            limited: 0,
        }
    }

    /// The full Matrix id.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The device that registering made.
    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    /// How many 429 answers this person has waited for.
    pub fn limited(&self) -> u64 {
        self.limited
    }

    /// Opens a direct conversation with `other`, who still has to join; gives the room id.
    pub async fn open_direct(&mut self, other: &str, sealed: bool) -> Result<String, SimError> {
        let mut body = json!({ "preset": "trusted_private_chat", "is_direct": true, "invite": [other] });
        if sealed {
            let encryption = json!({ "type": "m.room.encryption", "state_key": "", "content": { "algorithm": "m.megolm.v1.aes-sha2" } });
            body["initial_state"] = json!([encryption]);
        }
        let created: Created = self.post("POST createRoom", &format!("{BASE}/createRoom"), &body).await?;
        Ok(created.room_id)
    }

    /// Accepts the invitation to a room.
    pub async fn join(&mut self, room_id: &str) -> Result<(), SimError> {
        let path = format!("{BASE}/join/{}", escape(room_id));
        let _: Value = self.post("POST join", &path, &json!({})).await?;
        Ok(())
    }

    /// Sends an event of this type; gives the event id that the server acknowledged.
    pub async fn send(&mut self, room_path: &str, kind: &str, transaction: &str, content: &Value) -> Result<String, SimError> {
        let path = format!("{BASE}/rooms/{room_path}/send/{kind}/{transaction}");
        let accepted: Accepted = self.put("PUT send", &path, content).await?;
        Ok(accepted.event_id)
    }

    /// Publishes keys of this person's device.
    pub async fn upload_keys(&mut self, keys: &Value) -> Result<(), SimError> {
        let _: Value = self.post("POST keys/upload", &format!("{BASE}/keys/upload"), keys).await?;
        Ok(())
    }

    /// The device keys of somebody, by device.
    pub async fn device_keys(&mut self, user: &str) -> Result<BTreeMap<String, Value>, SimError> {
        let mut found: Devices =
            self.post("POST keys/query", &format!("{BASE}/keys/query"), &json!({ "device_keys": { user: [] } })).await?;
        Ok(found.device_keys.remove(user).unwrap_or_default())
    }

    /// Claims one key of a device: a one-time key, or its fallback key when none is left.
    pub async fn claim(&mut self, user: &str, device_id: &str) -> Result<Value, SimError> {
        let wish = json!({ "one_time_keys": { user: { device_id: "signed_curve25519" } } });
        let mut claimed: Claimed = self.post("POST keys/claim", &format!("{BASE}/keys/claim"), &wish).await?;
        let keys = claimed.one_time_keys.get_mut(user).and_then(|devices| devices.remove(device_id)).unwrap_or_default();
        let none = || SimError::Answer { request: "POST keys/claim".to_owned(), detail: "no key was given".to_owned() };
        keys.into_values().next().ok_or_else(none)
    }

    /// Sends an encrypted message to one device.
    pub async fn send_to_device(&mut self, transaction: &str, user: &str, device_id: &str, content: &Value) -> Result<(), SimError> {
        let path = format!("{BASE}/sendToDevice/m.room.encrypted/{}", escape(transaction));
        let _: Value = self.put("PUT sendToDevice", &path, &json!({ "messages": { user: { device_id: content } } })).await?;
        Ok(())
    }

    /// Says that this person is typing.
    pub async fn typing(&mut self, room_path: &str) -> Result<(), SimError> {
        let path = format!("{BASE}/rooms/{room_path}/typing/{}", escape(&self.user_id));
        let _: Value = self.put("PUT typing", &path, &json!({ "typing": true, "timeout": 5_000 })).await?;
        Ok(())
    }

    /// Marks an event as read.
    pub async fn read(&mut self, room_path: &str, event_id: &str) -> Result<(), SimError> {
        let path = format!("{BASE}/rooms/{room_path}/receipt/m.read/{}", escape(event_id));
        let _: Value = self.post("POST receipt", &path, &json!({})).await?;
        Ok(())
    }

    /// One `/sync`: from scratch without `since`; waits up to `timeout_ms` for something to tell.
    pub async fn sync(&mut self, since: Option<&str>, timeout_ms: u64) -> Result<Page, SimError> {
        let mut path = format!("{BASE}/sync?timeout={timeout_ms}");
        if let Some(since) = since {
            path.push_str("&since=");
            path.push_str(&escape(since));
        }
        self.get("GET sync", &path, timeout_ms + limits::REQUEST_TIMEOUT_MS).await
    }

    /// One sliding sync in its deployed form, which does not wait: from scratch without `pos`.
    pub async fn slide(&mut self, pos: Option<&str>, body: &Value) -> Result<Page, SimError> {
        let pos = pos.map_or_else(String::new, |pos| format!("&pos={}", escape(pos)));
        let path = format!("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0{pos}");
        let call = post(&path, Some(&self.authorization), body);
        let answer = patient(&mut self.connection, &call, &mut self.limited).await?;
        accept("POST sliding sync", &answer)?;
        Ok(Page { request: "POST sliding sync", bytes: answer.body })
    }

    /// One page of history, newest first, from `from` backwards or from the end.
    pub async fn messages(&mut self, room_path: &str, from: Option<&str>) -> Result<Page, SimError> {
        let mut path = format!("{BASE}/rooms/{room_path}/messages?dir=b&limit={}", limits::PAGE_ROWS);
        if let Some(from) = from {
            path.push_str("&from=");
            path.push_str(&escape(from));
        }
        self.get("GET messages", &path, limits::REQUEST_TIMEOUT_MS).await
    }

    async fn get(&mut self, name: &'static str, path: &str, limit_ms: u64) -> Result<Page, SimError> {
        let call = Call { method: Method::GET, path, authorization: Some(&self.authorization), body: None, limit_ms };
        let answer = patient(&mut self.connection, &call, &mut self.limited).await?;
        accept(name, &answer)?;
        Ok(Page { request: name, bytes: answer.body })
    }

    async fn post<T: for<'a> Deserialize<'a>>(&mut self, name: &str, path: &str, body: &Value) -> Result<T, SimError> {
        let call = post(path, Some(&self.authorization), body);
        let answer = patient(&mut self.connection, &call, &mut self.limited).await?;
        parse(name, accept(name, &answer)?)
    }

    async fn put<T: for<'a> Deserialize<'a>>(&mut self, name: &str, path: &str, body: &Value) -> Result<T, SimError> {
        let call = Call { method: Method::PUT, ..post(path, Some(&self.authorization), body) };
        let answer = patient(&mut self.connection, &call, &mut self.limited).await?;
        parse(name, accept(name, &answer)?)
    }
}

fn post<'a>(path: &'a str, authorization: Option<&'a HeaderValue>, body: &Value) -> Call<'a> {
    let body = Some(Bytes::from(body.to_string()));
    Call { method: Method::POST, path, authorization, body, limit_ms: limits::REQUEST_TIMEOUT_MS }
}

/// Calls, and waits as often and as long as the server's 429 asks for, within bounds.
async fn patient(connection: &mut Connection, call: &Call<'_>, limited: &mut u64) -> Result<Answer, SimError> {
    let mut tries = 0;
    loop {
        let answer = connection.call(call).await?;
        if answer.status.as_u16() != 429 || tries == limits::LIMITED_RETRIES_MAX {
            return Ok(answer);
        }
        tries += 1;
        *limited += 1;
        let wait_ms = answer.retry_after_ms.or_else(|| body_wait(&answer.body)).unwrap_or(limits::RETRY_WAIT_MS_DEFAULT);
        tokio::time::sleep(Duration::from_millis(wait_ms.min(limits::RETRY_WAIT_MS_MAX))).await;
    }
}

fn body_wait(body: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Value>(body).ok()?.get("retry_after_ms")?.as_u64()
}

fn accept<'a>(request: &str, answer: &'a Answer) -> Result<&'a Bytes, SimError> {
    if answer.status.is_success() {
        return Ok(&answer.body);
    }
    let text = String::from_utf8_lossy(&answer.body);
    Err(SimError::Refused { request: request.to_owned(), status: answer.status.as_u16(), detail: text.chars().take(200).collect() })
}

fn parse<'a, T: Deserialize<'a>>(request: &str, body: &'a [u8]) -> Result<T, SimError> {
    serde_json::from_slice(body).map_err(|error| SimError::Answer { request: request.to_owned(), detail: error.to_string() })
}
