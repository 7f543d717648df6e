//! Ways into a conversation with a young person.

use http::Method;
use model::person::AgeBand;
use serde_json::json;

use super::{MODES, Town, may_not_invite, may_not_join, may_not_make};
use crate::world::encoded;

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_making_a_conversation() {
    for mode in MODES {
        let town = Town::new(mode).await;
        for more in [json!({"is_direct": true}), json!({}), json!({"preset": "public_chat"}), json!({"preset": "trusted_private_chat"})] {
            let options = |user: &str| {
                let mut options = town.options(&more);
                options["invite"] = json!([user]);
                Some(options)
            };
            let refused = town.like_a_ghost(Method::POST, |_| "v3/createRoom".to_owned(), options).await;
            assert_eq!(refused, (403, "M_FORBIDDEN".to_owned()));
        }
        town.teen_is_left_alone().await;
        assert_eq!(town.stranger.get("v3/joined_rooms").await["joined_rooms"], json!([]), "and no half-made room is left");
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_an_invitation() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let other = town.world.person("other").await;
        for room in [town.group(&town.stranger, &[], &json!({})).await, town.group(&town.stranger, &[&other], &json!({})).await] {
            let path = |_: &str| format!("v3/rooms/{}/invite", encoded(&room));
            let body = |user: &str| Some(json!({"user_id": user, "reason": "come and see me"}));
            assert_eq!(town.like_a_ghost(Method::POST, path, body).await, (403, "M_FORBIDDEN".to_owned()));
        }
        // nor by somebody who has no power to invite: the answer tells no more
        let room = town.group(&town.friend, &[&town.stranger], &json!({"power_level_content_override": {"invite": 50}})).await;
        let path = |_: &str| format!("v3/rooms/{}/invite", encoded(&room));
        assert_eq!(town.like_a_ghost(Method::POST, path, |user| Some(json!({"user_id": user}))).await, (403, "M_FORBIDDEN".to_owned()));
        town.teen_is_left_alone().await;
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_a_member_event_of_their_own() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let room = town.group(&town.stranger, &[], &json!({})).await;
        let path = |user: &str| format!("v3/rooms/{}/state/m.room.member/{}", encoded(&room), encoded(user));
        let body = |_: &str| Some(json!({"membership": "invite", "displayname": "hello you"}));
        assert_eq!(town.like_a_ghost(Method::PUT, path, body).await, (403, "M_FORBIDDEN".to_owned()));
        town.teen_is_left_alone().await;
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_banning_them() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let room = town.group(&town.stranger, &[], &json!({})).await;
        let path = |_: &str| format!("v3/rooms/{}/ban", encoded(&room));
        let body = |user: &str| Some(json!({"user_id": user, "reason": "I know you are here"}));
        assert_eq!(town.like_a_ghost(Method::POST, path, body).await, (403, "M_FORBIDDEN".to_owned()));
        for action in ["kick", "unban"] {
            let path = |_: &str| format!("v3/rooms/{}/{action}", encoded(&room));
            town.like_a_ghost(Method::POST, path, body).await;
        }
        town.teen_is_left_alone().await;
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_a_friend_who_brings_them_together() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let options = |invite: serde_json::Value| town.options(&json!({"invite": invite}));
        let both = [town.teen.user_id.as_str(), town.stranger.user_id.as_str()];
        may_not_make(&town.friend, options(json!(both))).await;
        may_not_make(&town.friend, options(json!([both[1], both[0]]))).await;
        // into a group with the stranger, who is in it or only invited
        let with_stranger = town.group(&town.friend, &[&town.stranger], &json!({})).await;
        let said = may_not_invite(&town.friend, &town.teen, &with_stranger).await;
        assert!(said.contains("with somebody in it"), "{said}");
        let invited = town.friend.creates(&[&town.stranger], town.options(&json!({}))).await;
        may_not_invite(&town.friend, &town.teen, &invited).await;
        town.teen_is_left_alone().await;
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_being_brought_into_their_group() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let room = town.group_of_friends(&json!({})).await;
        may_not_invite(&town.friend, &town.stranger, &room).await;
        may_not_invite(&town.teen, &town.stranger, &room).await;
        let path = format!("v3/rooms/{}/state/m.room.member/{}", encoded(&room), encoded(town.stranger.user_id.as_str()));
        assert_eq!(town.friend.refused(Method::PUT, &path, Some(json!({"membership": "invite"}))).await.0, 403);
        assert!(town.stranger.syncs("").await["rooms"]["invite"].as_object().is_none_or(serde_json::Map::is_empty));
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_coming_into_an_open_group() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let room = town.group_of_friends(&json!({"preset": "public_chat"})).await;
        let said = may_not_join(&town.stranger, &room).await;
        assert!(!said.contains("teen") && !said.contains("age"), "{said}");
        let path = format!("v3/rooms/{}/join", encoded(&room));
        assert_eq!(town.stranger.refused(Method::POST, &path, Some(json!({}))).await.0, 403);
        let path = format!("v3/rooms/{}/state/m.room.member/{}", encoded(&room), encoded(town.stranger.user_id.as_str()));
        assert_eq!(town.stranger.refused(Method::PUT, &path, Some(json!({"membership": "join"}))).await.0, 403);
        let path = format!("v3/rooms/{}/state/m.room.member/{}", encoded(&room), encoded(town.stranger.user_id.as_str()));
        assert_eq!(town.stranger.refused(Method::PUT, &path, Some(json!({"membership": "knock", "reason": "hello you"}))).await.0, 403);
        // an open room that nobody young is in takes everybody, and then nobody young
        let open = town.group(&town.friend, &[], &json!({"preset": "public_chat"})).await;
        town.stranger.joins(&open).await;
        may_not_join(&town.teen, &open).await;
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_an_invitation_older_than_what_is_known() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let young = town.world.person("young").await;
        let room = town.stranger.creates(&[&young], town.options(&json!({"is_direct": true}))).await;
        town.world.is_told(&young, app::accounts::admin::UserChange::AgeBand(AgeBand::From13To15)).await;
        may_not_join(&young, &room).await;
        // nothing is lost: the invitation can be declined
        young.leaves(&room).await;
        // and the other way round: it is the young person who invited, before anybody told their age
        let later = town.world.person("later").await;
        let room = later.creates(&[&town.stranger], town.options(&json!({}))).await;
        town.world.is_told(&later, app::accounts::admin::UserChange::AgeBand(AgeBand::From13To15)).await;
        may_not_join(&town.stranger, &room).await;
    }
}

#[tokio::test]
async fn a_conversation_stays_when_an_age_is_told_and_its_door_is_closed() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let young = town.world.person("young").await;
        let room = town.group(&town.stranger, &[&young], &json!({})).await;
        let create = town.stranger.state(&room, "m.room.create", "").await;
        town.world.is_told(&young, app::accounts::admin::UserChange::AgeBand(AgeBand::From13To15)).await;
        town.says(&young, "still here", &room).await;
        assert_eq!(town.stranger.state(&room, "m.room.create", "").await, create, "the mode is as it was");
        assert_eq!(town.stranger.get("v3/profile/@young:example.org").await, json!({}), "who is in a room together sees each other");
        town.stranger.leaves(&room).await;
        let path = format!("v3/rooms/{}/invite", encoded(&room));
        assert_eq!(young.refused(Method::POST, &path, Some(json!({"user_id": town.stranger.user_id}))).await.0, 403);
        assert_eq!(town.stranger.refused(Method::GET, "v3/profile/@young:example.org", None).await.0, 404);
    }
}

#[tokio::test]
async fn a_stranger_adult_cannot_reach_a_fifteen_year_old_by_coming_in_at_the_same_moment() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let pal = town.world.person("pal").await;
        town.world.befriends(&town.teen, &pal).await;
        for _ in 0..12 {
            let room = town.group(&town.friend, &[&pal], &json!({"preset": "public_chat"})).await;
            let join = format!("v3/join/{}", encoded(&room));
            let invite = format!("v3/rooms/{}/invite", encoded(&room));
            let (came, invited) = tokio::join!(
                town.stranger.request(Method::POST, &join, Some(json!({}))),
                town.friend.request(Method::POST, &invite, Some(json!({"user_id": town.teen.user_id}))),
            );
            assert_eq!(u8::from(came.0.is_success()) + u8::from(invited.0.is_success()), 1, "{came:?} {invited:?}");
        }
    }
}
