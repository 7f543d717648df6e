//! Ways to learn that there is a young person at all.

use http::Method;
use model::person::AgeBand;
use serde_json::{Value, json};

use super::{MODES, Town};
use crate::e2ee::client::{claims, devices, identifies, uploads};
use crate::world::{Person, encoded};

async fn finds(person: &Person, term: &str) -> Vec<Value> {
    person.post("v3/user_directory/search", json!({"search_term": term})).await["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_the_directory() {
    for mode in MODES {
        let town = Town::new(mode).await;
        town.teen.put("v3/profile/@teen:example.org/displayname", json!({"displayname": "Robin"})).await;
        for term in ["teen", "@teen:example.org", "robin", "Rob"] {
            assert!(finds(&town.stranger, term).await.is_empty(), "{term}");
            assert_eq!(finds(&town.friend, term).await.len(), 1, "{term}");
        }
        // those who are hidden do not make an answer look as if there were more
        let answer = town.stranger.post("v3/user_directory/search", json!({"search_term": "teen", "limit": 1})).await;
        assert_eq!(answer, json!({"results": [], "limited": false}));
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_their_profile() {
    for mode in MODES {
        let town = Town::new(mode).await;
        town.teen.put("v3/profile/@teen:example.org/displayname", json!({"displayname": "Robin"})).await;
        town.teen.put("v3/profile/@teen:example.org/m.tz", json!({"m.tz": "Europe/Berlin"})).await;
        for field in ["", "/displayname", "/avatar_url", "/m.tz", "/org.example.none"] {
            let path = |user: &str| format!("v3/profile/{user}{field}");
            assert_eq!(town.like_a_ghost(Method::GET, path, |_| None).await, (404, "M_NOT_FOUND".to_owned()));
            let unsigned = async |user: &str| {
                let (status, answer) = town.world.nobody(Method::GET, &path(user), None).await;
                (status, answer.to_string().replace(user, "@…"))
            };
            assert_eq!(unsigned("@teen:example.org").await, unsigned(&town.ghost).await, "nor without a token");
        }
        for person in [&town.friend, &town.teen] {
            let profile = person.get("v3/profile/@teen:example.org").await;
            assert_eq!(profile, json!({"displayname": "Robin", "m.tz": "Europe/Berlin"}));
        }
        assert_eq!(town.world.nobody(Method::GET, "v3/profile/@friend:example.org", None).await.0, 200, "adults are seen");
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_their_keys() {
    for mode in MODES {
        let town = Town::new(mode).await;
        identifies(&town.teen, "PHONE").await;
        uploads(&town.teen, &[("A", "1"), ("B", "2")]).await;
        let query = json!({"device_keys": {"@teen:example.org": [], "@ghost:example.org": []}});
        let seen = town.stranger.post("v3/keys/query", query).await;
        assert_eq!(seen["device_keys"]["@teen:example.org"], seen["device_keys"]["@ghost:example.org"]);
        assert!(devices(&town.stranger, &town.teen).await.is_empty());
        assert!(claims(&town.stranger, &[(&town.teen, "PHONE")]).await.is_empty());
        assert_eq!(devices(&town.friend, &town.teen).await, ["PHONE"]);
        assert_eq!(claims(&town.friend, &[(&town.teen, "PHONE")]).await, ["signed_curve25519:A"], "none was used up by the stranger");
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_messages_to_their_devices() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let sends = async |from: &Person, txn: &str| {
            let messages = json!({"messages": {"@teen:example.org": {"*": {"body": "hello you"}}, "@ghost:example.org": {"*": {}}}});
            from.put(&format!("v3/sendToDevice/m.key.verification.request/{txn}"), messages).await
        };
        assert_eq!(sends(&town.stranger, "1").await, json!({}));
        town.teen_is_left_alone().await;
        sends(&town.friend, "1").await;
        assert_eq!(town.teen.syncs("").await["to_device"]["events"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_looking_into_an_open_room() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let open = json!({"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "world_readable"}});
        let adults = town.group(&town.friend, &[], &json!({"initial_state": [open]})).await;
        let paths = |room: &str| {
            let room = encoded(room);
            ["messages?dir=b", "state", "members"].map(|what| format!("v3/rooms/{room}/{what}"))
        };
        for path in paths(&adults) {
            town.stranger.get(&path).await;
        }
        let young = town.group_of_friends(&json!({"initial_state": [open]})).await;
        for path in paths(&young) {
            assert_eq!(town.stranger.refused(Method::GET, &path, None).await.0, 403, "{path}");
            town.teen.get(&path).await;
        }
        let member = format!("v3/rooms/{}/state/m.room.member/{}", encoded(&young), encoded("@teen:example.org"));
        assert!(town.stranger.request(Method::GET, &member, None).await.0.is_client_error());
    }
}

#[tokio::test]
async fn what_the_directory_finds_is_what_a_profile_shows() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let world = &town.world;
        let mut others = Vec::new();
        for (index, band) in AgeBand::ALL.into_iter().enumerate() {
            for relation in ["none", "friends", "follows", "followed", "blocked", "ward", "room"] {
                let person = world.aged(&format!("one-{index}-{relation}"), band).await;
                match relation {
                    "friends" => world.befriends(&person, &town.stranger).await,
                    "follows" => world.relates(&town.stranger, &person, true, false).await,
                    "followed" => world.relates(&person, &town.stranger, true, false).await,
                    "blocked" => {
                        world.befriends(&person, &town.stranger).await;
                        world.relates(&person, &town.stranger, true, true).await;
                    }
                    "ward" => {
                        let guardian = Some(town.stranger.user_id.clone());
                        world.is_told(&person, app::accounts::admin::UserChange::Guardian(guardian)).await;
                    }
                    "room" => {
                        // from before anybody told the age
                        world.is_told(&person, app::accounts::admin::UserChange::AgeBand(AgeBand::Adult)).await;
                        town.group(&town.stranger, &[&person], &json!({})).await;
                        world.is_told(&person, app::accounts::admin::UserChange::AgeBand(band)).await;
                    }
                    _ => {}
                }
                others.push((person, band, relation));
            }
        }
        for (person, band, relation) in &others {
            let found = finds(&town.stranger, person.user_id.localpart()).await.len() == 1;
            let path = format!("v3/profile/{}", person.user_id);
            let shown = town.stranger.request(Method::GET, &path, None).await.0.is_success();
            assert_eq!(found, shown, "{band:?} {relation}");
            let expected = match *relation {
                "friends" | "ward" | "room" => true,
                "blocked" => false,
                _ => *band == AgeBand::Adult,
            };
            assert_eq!(shown, expected, "{band:?} {relation}");
        }
    }
}
