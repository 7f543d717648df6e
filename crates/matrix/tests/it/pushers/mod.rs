//! Pushers: how they are set, and what their gateways are told. The gateways are real servers on this machine.

mod news;
mod setting;
mod trouble;

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::{Person, World, encoded};

/// A gateway: what it was told, and how it answers.
pub(super) struct Gateway {
    heard: Heard,
    listening: JoinHandle<()>,
    address: std::net::SocketAddr,
}

#[derive(Clone, Default)]
struct Heard {
    told: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Mutex<(u16, Value)>>,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    async fn at(address: &str) -> Self {
        let heard = Heard { told: Arc::default(), answer: Arc::new(Mutex::new((200, json!({"rejected": []})))) };
        let router = Router::new().route("/_matrix/push/v1/notify", post(take)).with_state(heard.clone());
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { heard, listening, address }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/_matrix/push/v1/notify", self.address)
    }

    /// Nobody listens any more; gives the address at which somebody did.
    pub(super) async fn stop(self) -> String {
        self.listening.abort();
        let _aborted = self.listening.await;
        self.address.to_string()
    }

    pub(super) fn answers(&self, status: u16, body: Value) {
        *self.heard.answer.lock().unwrap() = (status, body);
    }

    /// What it was told since it was asked last: the notifications.
    pub(super) fn told(&self) -> Vec<Value> {
        std::mem::take(&mut self.heard.told.lock().unwrap())
    }
}

async fn take(State(heard): State<Heard>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    heard.told.lock().unwrap().push(body["notification"].clone());
    let (status, answer) = heard.answer.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), Json(answer))
}

/// A pusher as clients set it.
pub(super) fn pusher(url: &str, key: &str) -> Value {
    json!({
        "kind": "http", "app_id": "org.example.app", "pushkey": key, "app_display_name": "An app", "device_display_name": "A phone",
        "lang": "en", "data": {"url": url, "format": "event_id_only", "default_payload": {"aps": {"mutable-content": 1}}},
    })
}

impl Person {
    async fn sets_pusher(&self, pusher: Value) {
        self.post("v3/pushers/set", pusher).await;
    }

    async fn pushkeys(&self) -> Vec<String> {
        let told = self.get("v3/pushers").await;
        told["pushers"].as_array().unwrap().iter().map(|one| one["pushkey"].as_str().unwrap().to_owned()).collect()
    }

    async fn reads_up_to(&self, room: &str, event: &str) {
        self.post(&format!("v3/rooms/{}/receipt/m.read/{}", encoded(room), encoded(event)), json!({})).await;
    }
}

/// Ana and Ben in a conversation; Ben has a pusher.
async fn rung() -> (World, Gateway, Person, Person, String) {
    let gateway = Gateway::start().await;
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    ben.sets_pusher(pusher(&gateway.url(), "bens-key")).await;
    (world, gateway, ana, ben, room)
}

/// The events a gateway was told of.
fn events(told: &[Value]) -> Vec<&str> {
    told.iter().map(|one| one["event_id"].as_str().unwrap_or("none")).collect()
}
