//! What stays open: friends, guardians, groups, and message requests among adults.

use app::accounts::admin::UserChange;
use http::Method;
use model::contact::ContactLimit;
use model::conversation::Mode;
use model::person::AgeBand;
use serde_json::{Value, json};

use super::{MODES, Town, may_not_invite, may_not_make};
use crate::world::{Person, encoded};

/// A conversation of two, opened and entered.
async fn talks(town: &Town, one: &Person, other: &Person) -> String {
    town.group(one, &[other], &json!({"is_direct": true})).await
}

/// The content of the invitation as the invited person sees it.
async fn invitation(person: &Person, room: &str) -> Value {
    let sync = person.syncs("").await;
    let events = sync["rooms"]["invite"][room]["invite_state"]["events"].as_array().unwrap().clone();
    let own = events.into_iter().find(|event| event["type"] == "m.room.member" && event["state_key"] == person.user_id.as_str());
    own.unwrap()["content"].clone()
}

fn direct(town: &Town, other: &Person) -> Value {
    town.options(&json!({"is_direct": true, "invite": [other.user_id]}))
}

#[tokio::test]
async fn under_sixteen_there_are_groups_of_friends_and_no_direct_conversations() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let said = may_not_make(&town.friend, direct(&town, &town.teen)).await;
        assert_eq!(said, "This person has no direct conversations here.");
        let said = may_not_make(&town.teen, direct(&town, &town.friend)).await;
        assert!(said.starts_with("Direct conversations begin at 16 here."), "{said}");
        let room = town.group_of_friends(&json!({})).await;
        town.says(&town.teen, "hello all", &room).await;
        // a conversation of two by another way: alone first, then one more
        let alone = town.group(&town.friend, &[], &json!({})).await;
        may_not_invite(&town.friend, &town.teen, &alone).await;
    }
}

#[tokio::test]
async fn from_sixteen_on_friends_can_talk() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let older = town.world.aged("older", AgeBand::From16To17).await;
        let said = may_not_make(&older, direct(&town, &town.friend)).await;
        assert_eq!(said, "You can have conversations with people you follow and who follow you.");
        town.world.relates(&older, &town.friend, true, false).await;
        may_not_make(&older, direct(&town, &town.friend)).await;
        town.world.befriends(&older, &town.friend).await;
        let room = talks(&town, &town.friend, &older).await;
        town.says(&older, "hello", &room).await;
        let invited = older.creates(&[&town.friend], town.options(&json!({}))).await;
        assert!(invitation(&town.friend, &invited).await.get("org.frankly.request").is_none(), "friends need no request");
    }
}

#[tokio::test]
async fn a_guardian_reaches_whom_they_watch_over_and_narrows_who_else_does() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let (older, guardian) = (town.world.aged("older", AgeBand::From16To17).await, town.world.person("guardian").await);
        town.world.befriends(&older, &town.friend).await;
        town.world.is_told(&older, UserChange::Guardian(Some(guardian.user_id.clone()))).await;
        town.world.is_told(&town.teen, UserChange::Guardian(Some(guardian.user_id.clone()))).await;
        for young in [&older, &town.teen] {
            let room = talks(&town, &guardian, young).await;
            town.says(young, "hello", &room).await;
        }
        town.world.is_told(&older, UserChange::ContactLimit(Some(ContactLimit::Guardian))).await;
        let said = may_not_make(&town.friend, direct(&town, &older)).await;
        assert!(said.contains("guardian has limited"), "{said}");
        talks(&town, &older, &guardian).await;
        // a limit opens nothing that the policy refuses
        town.world.is_told(&town.teen, UserChange::ContactLimit(Some(ContactLimit::Friends))).await;
        may_not_make(&town.friend, direct(&town, &town.teen)).await;
        may_not_make(&town.stranger, direct(&town, &town.teen)).await;
    }
}

#[tokio::test]
async fn a_stranger_among_adults_comes_with_a_request() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let (one, other) = (&town.stranger, &town.friend);
        let room = one.creates(&[other], town.options(&json!({"is_direct": true}))).await;
        let seen = invitation(other, &room).await;
        assert_eq!((&seen["org.frankly.request"], &seen["is_direct"]), (&json!(true), &json!(true)));
        let history = other.refused(Method::GET, &format!("v3/rooms/{}/messages?dir=b", encoded(&room)), None).await;
        assert_eq!(history.0, 403, "nothing is read before it is accepted");
        other.joins(&room).await;
        // now they know each other
        let again = one.creates(&[other], town.options(&json!({}))).await;
        assert!(invitation(other, &again).await.get("org.frankly.request").is_none());
        // as do those of whom the one reached follows the other
        let third = town.world.person("third").await;
        town.world.relates(&third, one, true, false).await;
        let followed = one.creates(&[&third], town.options(&json!({}))).await;
        assert!(invitation(&third, &followed).await.get("org.frankly.request").is_none());
    }
}

#[tokio::test]
async fn nobody_but_the_server_says_what_is_a_request() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let third = town.world.person("third").await;
        town.world.relates(&third, &town.stranger, true, false).await;
        let room = town.group(&town.stranger, &[], &json!({})).await;
        for (other, claimed, is_request) in [(&third, true, false), (&town.friend, false, true)] {
            let content = json!({"membership": "invite", "org.frankly.request": claimed});
            town.stranger.sets(&room, "m.room.member", other.user_id.as_str(), content).await;
            let seen = invitation(other, &room).await;
            assert_eq!(seen.get("org.frankly.request").is_some_and(|value| *value == json!(true)), is_request, "{seen}");
        }
    }
}

#[tokio::test]
async fn a_block_ends_every_way_between_two_people() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let (one, other) = (&town.stranger, &town.friend);
        town.world.befriends(one, other).await;
        town.world.relates(other, one, true, true).await;
        // the one who is blocked finds nobody, the one who blocks is told what stands between
        let said = may_not_make(one, direct(&town, other)).await;
        assert!(said.contains("you cannot reach"), "{said}");
        assert_eq!(one.refused(Method::GET, "v3/profile/@friend:example.org", None).await.0, 404);
        assert_eq!(may_not_make(other, direct(&town, one)).await, "There is no conversation between the two of you.");
        town.world.relates(other, one, true, false).await;
        talks(&town, one, other).await;
    }
}

#[tokio::test]
async fn who_is_of_unknown_age_is_told_so_and_treated_as_young() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let new = town.world.aged("new", AgeBand::Unknown).await;
        let said = may_not_make(&new, direct(&town, &town.friend)).await;
        assert!(said.contains("does not know how old you are"), "{said}");
        let said = may_not_make(&town.friend, direct(&town, &new)).await;
        assert!(said.contains("you cannot reach"), "{said}");
        town.world.is_told(&new, UserChange::AgeBand(AgeBand::Adult)).await;
        talks(&town, &new, &town.friend).await;
    }
}

#[tokio::test]
async fn a_policy_of_the_operator_is_asked_as_the_shipped_one() {
    let town = Town::new(Mode::Readable).await;
    let text = "contact: closed\nversion: 1\nrules:\n  - {id: none, title: nobody, when: 'kind == \"dm\"', outcome: refuse, \
                explain: Closed for the holidays., tests: [{given: {kind: dm}, expect: fires}]}\n  \
                - {id: rest, title: the rest, when: 'true', outcome: allow, tests: [{given: {kind: group}, expect: fires}]}\n";
    town.world.app.replace_contact_policy(app::contact::ContactPolicy::load("own.yaml", text).unwrap());
    assert_eq!(town.world.app.contact_policy_in_force().0, "closed@1");
    assert_eq!(may_not_make(&town.stranger, direct(&town, &town.friend)).await, "Closed for the holidays.");
    // whatever a policy says, the young do not exist for strangers
    let both = json!([town.teen.user_id, town.friend.user_id]);
    let said = may_not_make(&town.stranger, town.options(&json!({"invite": both}))).await;
    assert!(said.contains("you cannot reach"), "{said}");
    let pal = town.world.person("pal").await;
    town.group(&town.friend, &[&pal, &town.stranger], &json!({})).await;
}

#[tokio::test]
async fn who_takes_no_invitations_gets_none() {
    for mode in MODES {
        let town = Town::new(mode).await;
        let data = "v3/user/@friend:example.org/account_data/m.invite_permission_config";
        town.friend.put(data, json!({"default_action": "block"})).await;
        let blocked = (403, "M_INVITE_BLOCKED".to_owned());
        assert_eq!(town.stranger.refused(Method::POST, "v3/createRoom", Some(direct(&town, &town.friend))).await, blocked);
        let room = town.group(&town.stranger, &[], &json!({})).await;
        let invite = Some(json!({"user_id": town.friend.user_id}));
        assert_eq!(town.stranger.refused(Method::POST, &format!("v3/rooms/{}/invite", encoded(&room)), invite).await, blocked);
        for open in [json!({"default_action": "allow"}), json!({}), json!({"default_action": 7})] {
            town.friend.put(data, open).await;
            talks(&town, &town.stranger, &town.friend).await;
        }
    }
}
