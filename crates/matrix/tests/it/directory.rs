//! The directory and per-room names: what people are found by, and what stays in its room.

use app::accounts::admin::UserChange;
use model::person::AgeBand;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded};

async fn finds(person: &Person, term: &str) -> Vec<String> {
    let found = person.post("v3/user_directory/search", json!({"search_term": term})).await;
    found["results"].as_array().unwrap().iter().map(|one| one["user_id"].as_str().unwrap().to_owned()).collect()
}

/// Shows another name in one room, as clients do for a nickname.
async fn is_called(person: &Person, room: &str, name: &str) {
    let content = json!({"membership": "join", "displayname": name});
    person.sets(room, "m.room.member", person.user_id.as_str(), content).await;
}

#[tokio::test]
async fn people_are_found_by_the_name_they_show_now() {
    let world = World::new();
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Robin"})).await;
    for term in ["robin", "ROB", "ben", "@ben", "@ben:example.org"] {
        assert_eq!(finds(&ana, term).await, ["@ben:example.org"], "{term}");
    }
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Sam"})).await;
    assert!(finds(&ana, "robin").await.is_empty(), "an old name is over");
    let found = ana.post("v3/user_directory/search", json!({"search_term": "sam"})).await;
    assert_eq!(found, json!({"results": [{"user_id": "@ben:example.org", "display_name": "Sam"}], "limited": false}));
}

#[tokio::test]
async fn a_name_of_one_room_stays_in_it() {
    let world = World::new();
    let (ana, ben, room) = world.friends().await;
    let cy = world.person("cy").await;
    ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Robin"})).await;
    is_called(&ben, &room, "Secret nick").await;
    let members = ana.get(&format!("v3/rooms/{}/joined_members", encoded(&room))).await;
    assert_eq!(members["joined"]["@ben:example.org"]["display_name"], "Secret nick");
    for person in [&ana, &cy] {
        assert!(finds(person, "secret").await.is_empty());
        assert_eq!(finds(person, "robin").await, ["@ben:example.org"]);
        let found = person.post("v3/user_directory/search", json!({"search_term": "ben"})).await;
        assert_eq!(found["results"][0]["display_name"], "Robin");
        assert_eq!(person.get("v3/profile/@ben:example.org").await["displayname"], "Robin");
    }
    let other = ben.creates(&[&cy], json!({})).await;
    let invitation = cy.syncs("").await["rooms"]["invite"][&other].to_string();
    assert!(!invitation.contains("Secret"), "nor does it go to other rooms");
}

#[tokio::test]
async fn strangers_find_no_one_whose_age_is_not_known() {
    let world = World::with(|config| (config.dev, config.registered_age) = (false, AgeBand::Unknown));
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let body = json!({"username": "young", "password": "correct horse", "auth": {"type": "m.login.dummy"}});
    let young = world.holder(&world.nobody(http::Method::POST, "v3/register", Some(body)).await.1);
    assert!(finds(&ana, "young").await.is_empty());
    world.is_told(&young, UserChange::AgeBand(AgeBand::Adult)).await;
    let room = young.creates(&[&ben], json!({})).await;
    ben.joins(&room).await;
    world.is_told(&young, UserChange::AgeBand(AgeBand::Unknown)).await;
    assert_eq!(finds(&ben, "young").await, ["@young:example.org"], "who shares a room does");
    assert!(finds(&ana, "young").await.is_empty());
}

#[tokio::test]
async fn an_answer_is_as_long_as_asked_for_and_says_when_there_is_more() {
    let world = World::new();
    let ana = world.person("ana").await;
    for n in 0..5 {
        world.person(&format!("friend{n}")).await;
    }
    let search = async |limit: i64| ana.post("v3/user_directory/search", json!({"search_term": "friend", "limit": limit})).await;
    let count = |answer: &Value| answer["results"].as_array().unwrap().len();
    let (few, all) = (search(3).await, search(5).await);
    assert_eq!((count(&few), &few["limited"]), (3, &json!(true)));
    assert_eq!((count(&all), &all["limited"]), (5, &json!(false)));
    assert!(finds(&ana, "ana").await.is_empty(), "nobody finds themselves");
    assert!(finds(&ana, "%").await.is_empty() && finds(&ana, "").await.is_empty());
}
