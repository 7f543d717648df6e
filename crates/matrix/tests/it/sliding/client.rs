//! A client of sliding sync.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, encoded};

pub(super) const DEPLOYED: &str = "unstable/org.matrix.simplified_msc3575/sync";
pub(super) const ACCEPTED: &str = "v4/sync";

/// One list of all rooms with these places, and a few pieces of state.
pub(super) fn all_rooms(last: usize, timeline_limit: usize) -> Value {
    let state = json!([["m.room.name", ""], ["m.room.member", "$ME"], ["m.room.create", ""]]);
    json!({"lists": {"all": {"ranges": [[0, last]], "timeline_limit": timeline_limit, "required_state": state}}})
}

/// A request in the deployed form that does not wait.
pub(super) async fn slides(who: &Person, pos: Option<&Value>, body: &Value) -> Value {
    who.post(&path(pos, 0), body.clone()).await
}

/// The same, going on from an answer.
pub(super) async fn slides_on(who: &Person, from: &Value, body: &Value) -> Value {
    slides(who, Some(from), body).await
}

pub(super) fn path(from: Option<&Value>, timeout_ms: u64) -> String {
    let pos = from.map_or_else(String::new, |from| format!("&pos={}", encoded(pos_of(from))));
    format!("{DEPLOYED}?timeout={timeout_ms}{pos}")
}

pub(super) fn pos_of(answer: &Value) -> &str {
    answer["pos"].as_str().unwrap_or_else(|| panic!("no pos in {answer}"))
}

/// Status and errcode of a request that must fail.
pub(super) async fn refused(who: &Person, from: Option<&Value>, body: &Value) -> (u16, String) {
    who.refused(Method::POST, &path(from, 0), Some(body.clone())).await
}

/// The rooms of an answer, by ID.
pub(super) fn rooms(answer: &Value) -> Vec<&str> {
    answer["rooms"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// What an answer says of a room.
pub(super) fn room<'a>(answer: &'a Value, room_id: &str) -> &'a Value {
    let room = &answer["rooms"][room_id];
    assert!(room.is_object(), "{room_id} is not told in {answer}");
    room
}
