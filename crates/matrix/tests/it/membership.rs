//! Coming in: invitations, joins, and what each side is told; direct conversations; forgetting.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, encoded, joined, kinds};
use crate::{FINE, FORBIDDEN, plain};

async fn invites(person: &Person, other: &Person, room: &str) -> (u16, String) {
    person.acts_on("invite", other, room).await
}

async fn joins(person: &Person, room: &str) -> (u16, String) {
    person.sends_bytes(Method::POST, &format!("v3/rooms/{}/join", encoded(room)), "{}").await
}

async fn leaves(person: &Person, room: &str) -> (u16, String) {
    person.sends_bytes(Method::POST, &format!("v3/rooms/{}/leave", encoded(room)), "{}").await
}

async fn forgets(person: &Person, room: &str) -> (u16, String) {
    person.sends_bytes(Method::POST, &format!("v3/rooms/{}/forget", encoded(room)), "{}").await
}

mod invite {
    use super::*;

    #[tokio::test]
    async fn opens_the_room_and_nothing_else_does() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let room = ana.creates(&[], json!({"preset": "private_chat"})).await;
        assert_eq!(plain(&joins(&ben, &room).await), FORBIDDEN);
        assert_eq!(plain(&joins(&ben, "!nowhere").await), (404, "M_NOT_FOUND"));
        assert_eq!(plain(&invites(&ana, &ben, &room).await), FINE);
        assert_eq!(plain(&joins(&ben, &room).await), FINE);
        assert_eq!(ana.state(&room, "m.room.member", "@ben:example.org").await["membership"], "join");
    }

    #[tokio::test]
    async fn can_be_declined_once_even_when_nobody_is_left() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let room = ana.creates(&[&ben], json!({})).await;
        assert_eq!(plain(&leaves(&ana, &room).await), FINE);
        let before = ben.syncs("").await;
        assert!(before["rooms"]["invite"][&room].is_object(), "the invitation outlives the one who made it");
        assert_eq!(plain(&leaves(&ben, &room).await), FINE);
        let after = ben.syncs_since(&before).await;
        assert!(after["rooms"]["leave"][&room].is_object());
        assert!(ben.syncs("").await["rooms"]["invite"].as_object().unwrap().is_empty());
        assert_eq!(plain(&leaves(&ben, &room).await), FINE, "declining again changes nothing");
        assert_eq!(plain(&joins(&ben, &room).await), FORBIDDEN);
    }

    #[tokio::test]
    async fn is_not_for_oneself_nor_for_those_inside() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        assert_eq!(plain(&invites(&ana, &ana, &room).await), FORBIDDEN);
        assert_eq!(plain(&invites(&ana, &ben, &room).await), FORBIDDEN);
        let cy = world.person("cy").await;
        assert_eq!(plain(&invites(&cy, &cy, &room).await), FORBIDDEN, "nor by those outside");
        let ghost = world.holder(&json!({"user_id": "@ghost:example.org", "access_token": "none"}));
        assert_eq!(plain(&invites(&ana, &ghost, &room).await), FORBIDDEN, "as for somebody who is hidden");
        let (status, errcode) = ana.refused(Method::POST, &format!("v3/rooms/{}/invite", encoded(&room)), Some(json!({}))).await;
        assert!(status == 400 && ["M_BAD_JSON", "M_MISSING_PARAM"].contains(&errcode.as_str()), "{errcode}");
    }

    #[tokio::test]
    async fn again_changes_nothing_for_the_invited() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let room = ana.creates(&[&ben], json!({})).await;
        assert_eq!(plain(&invites(&ana, &ben, &room).await), FINE);
        assert_eq!(plain(&joins(&ben, &room).await), FINE);
    }

    #[tokio::test]
    async fn shows_what_the_room_is_called_and_why() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let options = json!({"name": "Tea", "topic": "leaves", "initial_state": [
            {"type": "m.room.avatar", "content": {"url": "mxc://example.org/pic"}},
            {"type": "org.example.secret", "content": {"word": "hush"}}]});
        let room = ana.creates(&[], options).await;
        ana.says("among us", &room).await;
        let path = format!("v3/rooms/{}/invite", encoded(&room));
        ana.post(&path, json!({"user_id": ben.user_id, "reason": "come and see"})).await;
        let events = ben.syncs("").await["rooms"]["invite"][&room]["invite_state"]["events"].clone();
        let told = kinds(&events);
        for wanted in
            ["m.room.create", "m.room.name", "m.room.topic", "m.room.avatar", "m.room.join_rules", "m.room.member/@ana:example.org"]
        {
            assert!(told.iter().any(|kind| kind == wanted), "{wanted} in {told:?}");
        }
        let own = events.as_array().unwrap().iter().find(|event| event["state_key"] == "@ben:example.org").unwrap().clone();
        assert_eq!((&own["content"]["reason"], &own["sender"]), (&json!("come and see"), &json!("@ana:example.org")));
        let words = events.to_string();
        assert!(!words.contains("hush") && !words.contains("among us"), "what is said inside stays inside");
    }

    #[tokio::test]
    async fn brings_a_creator_back_to_the_room_they_left() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        ana.sets(&room, "m.room.power_levels", "", json!({"users": {"@ben:example.org": 100}})).await;
        assert_eq!(plain(&leaves(&ana, &room).await), FINE);
        assert_eq!(plain(&joins(&ana, &room).await), FORBIDDEN);
        assert_eq!(plain(&invites(&ben, &ana, &room).await), FINE);
        assert_eq!(plain(&joins(&ana, &room).await), FINE);
    }
}

mod join {
    use super::*;

    #[tokio::test]
    async fn by_either_path_and_twice_is_once() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let room = ana.creates(&[], json!({"preset": "public_chat"})).await;
        let joined = ben.post(&format!("v3/join/{}", encoded(&room)), json!({"reason": "hello"})).await;
        assert_eq!(joined, json!({"room_id": room}));
        let event = ana.get(&format!("v3/rooms/{}/state/m.room.member/@ben:example.org?format=event", encoded(&room))).await;
        assert_eq!(event["content"]["reason"], "hello");
        assert_eq!(plain(&joins(&ben, &room).await), FINE);
        let again = ana.get(&format!("v3/rooms/{}/state/m.room.member/@ben:example.org?format=event", encoded(&room))).await;
        assert_eq!(event["event_id"], again["event_id"], "no second event");
        let (status, errcode) = ben.refused(Method::POST, &format!("v3/join/{}", encoded("#tea:example.org")), Some(json!({}))).await;
        assert_eq!((status, errcode.as_str()), (404, "M_NOT_FOUND"), "there are no aliases");
    }

    #[tokio::test]
    async fn is_told_to_those_inside_with_the_profile_of_who_came() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        ben.put("v3/profile/@ben:example.org/displayname", json!({"displayname": "Benjamin"})).await;
        let room = ana.creates(&[], json!({"preset": "public_chat"})).await;
        let before = ana.syncs("").await;
        ben.joins(&room).await;
        let sync = ana.syncs_since(&before).await;
        let events = joined(&sync, &room)["timeline"]["events"].clone();
        assert_eq!(kinds(&events), ["m.room.member/@ben:example.org"]);
        assert_eq!(events[0]["content"], json!({"membership": "join", "displayname": "Benjamin"}));
        assert_eq!(joined(&sync, &room)["summary"]["m.joined_member_count"], 2);
    }
}

mod direct {
    use super::*;

    #[tokio::test]
    async fn conversations_are_marked_by_their_people_and_never_by_the_server() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        for person in [&ana, &ben] {
            assert!(!kinds(&person.syncs("").await["account_data"]["events"]).contains(&"m.direct".to_owned()));
        }
        let before = ana.syncs("").await;
        let content = json!({"@ben:example.org": [room]});
        ana.put("v3/user/@ana:example.org/account_data/m.direct", content.clone()).await;
        let sync = ana.syncs_since(&before).await;
        assert_eq!(sync["account_data"]["events"], json!([{"type": "m.direct", "content": content}]));
        let changed = json!({"@ben:example.org": []});
        ana.put("v3/user/@ana:example.org/account_data/m.direct", changed.clone()).await;
        let sync = ana.syncs_since(&sync).await;
        assert_eq!(sync["account_data"]["events"], json!([{"type": "m.direct", "content": changed}]), "told anew");
    }
}

mod forget {
    use super::*;

    fn with_left() -> String {
        format!("&filter={}", encoded(&json!({"room": {"include_leave": true}}).to_string()))
    }

    #[tokio::test]
    async fn comes_after_leaving() {
        let world = World::new();
        let (_, ben, room) = world.friends().await;
        assert_eq!(plain(&forgets(&ben, &room).await), (400, "M_UNKNOWN"));
        let cy = world.person("cy").await;
        assert_eq!(plain(&forgets(&cy, &room).await), (400, "M_UNKNOWN"), "a stranger has nothing to forget");
        ben.leaves(&room).await;
        assert_eq!(plain(&forgets(&ben, &room).await), FINE);
    }

    #[tokio::test]
    async fn takes_the_past_out_of_reach_for_oneself_alone() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let said = ana.says("before", &room).await;
        ben.leaves(&room).await;
        ben.post(&format!("v3/rooms/{}/forget", encoded(&room)), json!({})).await;
        let at = |path: &str| format!("v3/rooms/{}/{path}", encoded(&room));
        for path in ["messages?dir=b", "state", "members", "state/m.room.create"] {
            assert_eq!(plain(&ben.refused(Method::GET, &at(path), None).await), FORBIDDEN, "{path}");
        }
        assert_eq!(ben.refused(Method::GET, &at(&format!("event/{}", encoded(&said))), None).await.0, 404);
        assert_eq!(ben.refused(Method::GET, &at(&format!("context/{}", encoded(&said))), None).await.0, 404);
        ana.event(&room, &said).await;
    }

    #[tokio::test]
    async fn is_seen_in_no_later_sync() {
        let world = World::new();
        let (_, ben, room) = world.friends().await;
        let early = ben.syncs("").await;
        ben.leaves(&room).await;
        let told = ben.syncs_since(&early).await;
        assert!(told["rooms"]["leave"][&room].is_object(), "a leave that is not forgotten is told");
        ben.post(&format!("v3/rooms/{}/forget", encoded(&room)), json!({})).await;
        for query in [String::new(), with_left(), format!("&since={}", early["next_batch"].as_str().unwrap())] {
            let rooms = ben.syncs(&query).await["rooms"].clone();
            assert!(rooms["leave"].get(&room).is_none() && rooms["join"].get(&room).is_none(), "{query}: {rooms}");
        }
    }

    #[tokio::test]
    async fn is_over_with_a_new_invitation() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        ana.says("before", &room).await;
        ben.leaves(&room).await;
        ben.post(&format!("v3/rooms/{}/forget", encoded(&room)), json!({})).await;
        ana.invites(&ben, &room).await;
        assert!(ben.syncs("").await["rooms"]["invite"][&room].is_object());
        ben.joins(&room).await;
        let page = ben.get(&format!("v3/rooms/{}/messages?dir=b&limit=50", encoded(&room))).await;
        assert_eq!(crate::world::bodies(&page["chunk"]), ["before"], "shared history is shared again");
    }

    #[tokio::test]
    async fn is_for_those_removed_and_those_who_declined_too() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        let (cy, dan) = (world.person("cy").await, world.person("dan").await);
        for person in [&cy, &dan] {
            ana.invites(person, &room).await;
        }
        cy.leaves(&room).await;
        assert_eq!(plain(&ana.acts_on("kick", &ben, &room).await), FINE);
        assert_eq!(plain(&ana.acts_on("ban", &dan, &room).await), FINE);
        for person in [&ben, &cy, &dan] {
            assert_eq!(plain(&forgets(person, &room).await), FINE, "{}", person.user_id);
            assert_eq!(person.syncs(&with_left()).await["rooms"]["leave"], json!({}));
        }
        let members: Value = ana.get(&format!("v3/rooms/{}/members", encoded(&room))).await;
        assert_eq!(members["chunk"].as_array().unwrap().len(), 4, "the room forgets nobody");
    }
}
