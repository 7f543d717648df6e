//! Requests that nobody sends by accident: refused with a clear error, or answered within bounds.

use http::Method;
use serde_json::{Map, Value, json};

use super::client::{DEPLOYED, all_rooms, path, rooms, slides, slides_on};
use crate::plain;
use crate::world::World;

fn list(ranges: &Value) -> Value {
    json!({"ranges": ranges, "timeline_limit": 1, "required_state": []})
}

#[tokio::test]
async fn requests_of_the_wrong_form_are_refused() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    for body in [
        json!("text"),
        json!({"lists": []}),
        json!({"lists": {"l": []}}),
        json!({"lists": {"l": list(&json!([[-1, 5]]))}}),
        json!({"lists": {"l": list(&json!([[0.5, 5]]))}}),
        json!({"lists": {"l": list(&json!([[0]]))}}),
        json!({"lists": {"l": list(&json!([[0, 1, 2]]))}}),
        json!({"lists": {"l": list(&json!("all"))}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": -3, "required_state": []}}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "required_state": []}}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": 1, "required_state": [["one"]]}}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": 1, "required_state": {}}}}),
        json!({"room_subscriptions": {"no room": {"timeline_limit": 1}}}),
        json!({"extensions": {"to_device": {"enabled": "yes"}}}),
        json!({"extensions": {"to_device": {"limit": -1}}}),
        json!({"conn_id": 5}),
    ] {
        let answer = ben.refused(Method::POST, DEPLOYED, Some(body.clone())).await;
        assert_eq!(plain(&answer), (400, "M_BAD_JSON"), "{body}");
    }
    assert_eq!(plain(&ben.sends_bytes(Method::POST, DEPLOYED, "{").await), (400, "M_NOT_JSON"));
    for query in ["?timeout=soon", "?timeout=-5", "?pos=a&pos=b"] {
        let answer = ben.refused(Method::POST, &format!("{DEPLOYED}{query}"), Some(json!({}))).await;
        assert_eq!(plain(&answer), (400, "M_INVALID_PARAM"), "{query}");
    }
    assert_eq!(plain(&ben.refused(Method::GET, DEPLOYED, None).await), (405, "M_UNRECOGNIZED"));
    assert_eq!(world.nobody(Method::POST, DEPLOYED, Some(json!({}))).await.0, 401);
}

#[tokio::test]
async fn too_much_at_once_is_refused() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    let many = |count: usize, name: &dyn Fn(usize) -> String, value: &Value| -> Value {
        (0..count).map(|n| (name(n), value.clone())).collect::<Map<String, Value>>().into()
    };
    let state: Vec<Value> = (0..5_000).map(|n| json!([format!("t{n}"), ""])).collect();
    let long = "x".repeat(300);
    let values: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
    for body in [
        json!({"lists": many(5_000, &|n| n.to_string(), &list(&json!([[0, 1]])))}),
        json!({"room_subscriptions": many(5_000, &|n| format!("!{n}:example.org"), &json!({"timeline_limit": 1}))}),
        json!({"lists": {"l": list(&json!(vec![[0, 1]; 5_000]))}}),
        json!({"lists": {"l": list(&json!([[9, 2]]))}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": 1, "required_state": state}}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": 1, "required_state": [[&long, ""]]}}}),
        json!({"lists": {"l": {"ranges": [[0, 1]], "timeline_limit": 1, "filters": {"tags": values}}}}),
        json!({"lists": {&long: list(&json!([[0, 1]]))}}),
        json!({"conn_id": &long}),
        json!({"txn_id": &long}),
    ] {
        let answer = ben.refused(Method::POST, DEPLOYED, Some(body.clone())).await;
        assert_eq!(plain(&answer), (400, "M_INVALID_PARAM"), "{:.80}", body.to_string());
    }
    assert!(world.connections_of(&ben).await.is_empty(), "nothing of it is kept");
}

#[tokio::test]
async fn huge_numbers_are_bounded() {
    let world = World::new();
    let (ana, ben, room_id) = world.friends().await;
    for n in 0..120 {
        ana.says(&n.to_string(), &room_id).await;
    }
    let most = u64::MAX;
    let asked = json!({"lists": {"l": {"ranges": [[0, most]], "timeline_limit": most, "required_state": [["*", "*"]]}},
        "extensions": {"to_device": {"enabled": true, "limit": u32::MAX}}});
    let answer = slides(&ben, None, &asked).await;
    assert_eq!(answer["rooms"][&room_id]["timeline"].as_array().unwrap().len(), 100);
    let page = json!({"lists": {"l": list(&json!([[most, most], [3, 3], [0, 0]]))}});
    assert_eq!(rooms(&slides(&ben, None, &page).await), [&room_id]);
}

#[tokio::test]
async fn an_empty_request_is_answered() {
    let world = World::new();
    let (_, ben, _) = world.friends().await;
    let first = slides(&ben, None, &json!({})).await;
    assert_eq!((&first["rooms"], &first["lists"], &first["extensions"]), (&json!({}), &json!({}), &json!({})));
    let named = json!({"txn_id": "t", "lists": {}, "unknown": [1, 2], "extensions": {"unknown": {"enabled": true}}});
    let second = slides_on(&ben, &first, &named).await;
    assert_eq!((&second["txn_id"], &second["extensions"]), (&json!("t"), &json!({})));
    // a list that is taken away takes its rooms with it, and gives them back when it returns
    let third = slides_on(&ben, &second, &all_rooms(9, 1)).await;
    assert_eq!(rooms(&third).len(), 1);
    let fourth = slides_on(&ben, &third, &json!({})).await;
    assert!(rooms(&slides_on(&ben, &fourth, &all_rooms(9, 1)).await).is_empty(), "it was told before");
    assert!(ben.request(Method::POST, &path(Some(&fourth), 0), Some(json!({}))).await.0.is_success());
}
