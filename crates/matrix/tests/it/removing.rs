//! Leaving, and being removed: what is still to be read, and who has the power.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Person, World, bodies, encoded, kinds};
use crate::{FINE, FORBIDDEN, plain};

/// A room of ana's with ben at 50, cy at nothing, and dan outside.
async fn room(world: &World) -> (Person, Person, Person, Person, String) {
    let (ana, ben) = (world.person("ana").await, world.person("ben").await);
    let (cy, dan) = (world.person("cy").await, world.person("dan").await);
    let levels = json!({"users": {"@ben:example.org": 50}});
    let room = ana.creates(&[&ben, &cy], json!({"power_level_content_override": levels})).await;
    ben.joins(&room).await;
    cy.joins(&room).await;
    (ana, ben, cy, dan, room)
}

async fn membership(person: &Person, room: &str, other: &Person) -> Value {
    person.state(room, "m.room.member", other.user_id.as_str()).await["membership"].clone()
}

mod leaving {
    use super::*;

    /// A room that ben left after "before", and where ana went on.
    async fn left(world: &World) -> (Person, Person, String) {
        let (ana, ben, room) = world.friends().await;
        ana.sets(&room, "m.room.name", "", json!({"name": "early"})).await;
        ana.says("before", &room).await;
        ben.leaves(&room).await;
        ana.sets(&room, "m.room.name", "", json!({"name": "late"})).await;
        ana.says("after", &room).await;
        let cy = world.person("cy").await;
        ana.invites(&cy, &room).await;
        (ana, ben, room)
    }

    #[tokio::test]
    async fn keeps_state_and_members_as_they_were() {
        let world = World::new();
        let (_, ben, room) = left(&world).await;
        let state = ben.get(&format!("v3/rooms/{}/state", encoded(&room))).await;
        let name = state.as_array().unwrap().iter().find(|event| event["type"] == "m.room.name").unwrap().clone();
        assert_eq!(name["content"], json!({"name": "early"}));
        assert_eq!(ben.state(&room, "m.room.name", "").await, json!({"name": "early"}));
        let members = ben.get(&format!("v3/rooms/{}/members", encoded(&room))).await;
        let mut told = kinds(&members["chunk"]);
        told.sort();
        assert_eq!(told, ["m.room.member/@ana:example.org", "m.room.member/@ben:example.org"], "who came later is not told");
    }

    #[tokio::test]
    async fn keeps_what_was_said_and_no_more_in_either_direction() {
        let world = World::new();
        let (_, ben, room) = left(&world).await;
        let path = format!("v3/rooms/{}/messages?limit=100", encoded(&room));
        for dir in ["b", "f"] {
            let page = ben.get(&format!("{path}&dir={dir}")).await;
            assert_eq!(bodies(&page["chunk"]), ["before"], "{dir}");
        }
        let back = ben.get(&format!("{path}&dir=b")).await;
        let forth = ben.get(&format!("{path}&dir=f&from={}", back["start"].as_str().unwrap())).await;
        assert_eq!(forth["chunk"], json!([]), "there is nothing after the leave");
    }

    #[tokio::test]
    async fn ends_writing() {
        let world = World::new();
        let (ana, ben, room) = left(&world).await;
        let path = |rest: &str| format!("v3/rooms/{}/{rest}", encoded(&room));
        let said = ben.refused(Method::PUT, &path("send/m.room.message/1"), Some(json!({"msgtype": "m.text", "body": "x"}))).await;
        assert_eq!(plain(&said), FORBIDDEN);
        let named = ben.refused(Method::PUT, &path("state/m.room.name"), Some(json!({"name": "x"}))).await;
        assert_eq!(plain(&named), FORBIDDEN);
        assert_eq!(plain(&ben.refused(Method::GET, &path("joined_members"), None).await), FORBIDDEN);
        assert_eq!(plain(&ben.acts_on("invite", &ana, &room).await), FORBIDDEN);
        ben.leaves(&room).await;
        let stranger = world.person("ed").await;
        assert_eq!(plain(&stranger.refused(Method::POST, &path("leave"), Some(json!({}))).await), FORBIDDEN);
    }

    #[tokio::test]
    async fn says_why() {
        let world = World::new();
        let (ana, ben, room) = world.friends().await;
        ben.post(&format!("v3/rooms/{}/leave", encoded(&room)), json!({"reason": "late"})).await;
        let content = ana.state(&room, "m.room.member", "@ben:example.org").await;
        assert_eq!(content, json!({"membership": "leave", "reason": "late"}));
    }
}

mod kicking {
    use super::*;

    #[tokio::test]
    async fn needs_more_power_than_the_other_has() {
        let world = World::new();
        let (ana, ben, cy, _, room) = room(&world).await;
        assert_eq!(plain(&cy.acts_on("kick", &ben, &room).await), FORBIDDEN);
        assert_eq!(plain(&ben.acts_on("kick", &ana, &room).await), FORBIDDEN, "a creator is above every number");
        assert_eq!(plain(&ben.acts_on("kick", &cy, &room).await), FINE);
        assert_eq!(ana.state(&room, "m.room.member", "@cy:example.org").await, json!({"membership": "leave", "reason": "kick"}));
        assert_eq!(plain(&ana.acts_on("kick", &ben, &room).await), FINE);
    }

    #[tokio::test]
    async fn is_for_those_inside_by_those_inside() {
        let world = World::new();
        let (ana, _, cy, dan, room) = room(&world).await;
        assert_eq!(plain(&ana.acts_on("kick", &dan, &room).await), FORBIDDEN, "was never there");
        cy.leaves(&room).await;
        assert_eq!(plain(&ana.acts_on("kick", &cy, &room).await), FORBIDDEN, "has left");
        assert_eq!(plain(&dan.acts_on("kick", &ana, &room).await), FORBIDDEN, "by an outsider");
        ana.invites(&dan, &room).await;
        assert_eq!(plain(&ana.acts_on("kick", &dan, &room).await), FINE, "takes an invitation back");
        assert!(dan.syncs("").await["rooms"]["invite"].as_object().unwrap().is_empty());
    }

    #[tokio::test]
    async fn is_the_last_thing_told_and_leaves_the_door_to_an_invitation_open() {
        let world = World::new();
        let (ana, _, cy, _, room) = room(&world).await;
        let before = cy.syncs("").await;
        ana.acts_on("kick", &cy, &room).await;
        ana.says("alone", &room).await;
        let left = cy.syncs_since(&before).await["rooms"]["leave"][&room].clone();
        let events = left["timeline"]["events"].as_array().unwrap().clone();
        assert_eq!((&events.last().unwrap()["sender"], events.len()), (&json!("@ana:example.org"), 1));
        ana.invites(&cy, &room).await;
        cy.joins(&room).await;
    }
}

mod banning {
    use super::*;

    #[tokio::test]
    async fn shuts_the_door_until_it_is_lifted() {
        let world = World::new();
        let (ana, ben, cy, _, room) = room(&world).await;
        assert_eq!(plain(&ben.acts_on("ban", &cy, &room).await), FINE);
        assert_eq!(membership(&ana, &room, &cy).await, "ban");
        let join = format!("v3/rooms/{}/join", encoded(&room));
        assert_eq!(plain(&cy.refused(Method::POST, &join, Some(json!({}))).await), FORBIDDEN);
        assert_eq!(plain(&ana.acts_on("invite", &cy, &room).await), FORBIDDEN);
        assert_eq!(plain(&ana.acts_on("kick", &cy, &room).await), FORBIDDEN, "a kick does not lift a ban");
        let leave = format!("v3/rooms/{}/leave", encoded(&room));
        assert_eq!(plain(&cy.refused(Method::POST, &leave, Some(json!({}))).await), FORBIDDEN, "nor does leaving");
        assert_eq!(plain(&ben.acts_on("unban", &cy, &room).await), FINE);
        assert_eq!(membership(&ana, &room, &cy).await, "leave");
        assert_eq!(plain(&cy.refused(Method::POST, &join, Some(json!({}))).await), FORBIDDEN, "an unban is no invitation");
        ana.invites(&cy, &room).await;
        cy.joins(&room).await;
    }

    #[tokio::test]
    async fn keeps_the_banned_out_of_a_public_room_too() {
        let world = World::new();
        let (ana, ben) = (world.person("ana").await, world.person("ben").await);
        let room = ana.creates(&[], json!({"preset": "public_chat"})).await;
        assert_eq!(plain(&ana.acts_on("ban", &ben, &room).await), FINE, "before they ever came");
        let join = format!("v3/join/{}", encoded(&room));
        assert_eq!(plain(&ben.refused(Method::POST, &join, Some(json!({}))).await), FORBIDDEN);
        ana.acts_on("unban", &ben, &room).await;
        ben.joins(&room).await;
    }

    #[tokio::test]
    async fn needs_power_and_presence() {
        let world = World::new();
        let (ana, ben, cy, dan, room) = room(&world).await;
        assert_eq!(plain(&cy.acts_on("ban", &ben, &room).await), FORBIDDEN);
        assert_eq!(plain(&ben.acts_on("ban", &ana, &room).await), FORBIDDEN);
        assert_eq!(plain(&dan.acts_on("ban", &cy, &room).await), FORBIDDEN, "by an outsider");
        assert_eq!(plain(&ana.acts_on("unban", &cy, &room).await), FORBIDDEN, "who is not banned");
        ana.acts_on("ban", &dan, &room).await;
        assert_eq!(plain(&cy.acts_on("unban", &dan, &room).await), FORBIDDEN);
        ben.leaves(&room).await;
        assert_eq!(plain(&ben.acts_on("ban", &cy, &room).await), FORBIDDEN, "power ends with the membership");
    }
}
