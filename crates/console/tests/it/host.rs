//! The host platform's API, as the platform uses it and as somebody might misuse it.

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use model::limits;
use model::person::Role;
use serde_json::{Value, json};

use crate::world::{Answer, World, ask};

/// The platform with a key of the operator.
struct Platform<'a> {
    world: &'a World,
    key: String,
}

impl<'a> Platform<'a> {
    async fn new(world: &'a World) -> Self {
        let key = world.app.make_host_key("shop").await.unwrap().expose().clone();
        Self { world, key }
    }

    async fn sends(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(format!("/_frankly/v1/host/{path}"));
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.key)).body(body.into()).unwrap();
        ask(&self.world.router, request).await
    }

    /// The status of each item, and the answer.
    async fn tells(&self, path: &str, body: Value) -> (Vec<String>, Value) {
        let answer = self.sends(Method::POST, path, body.to_string()).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let results = answer.body["results"].as_array().unwrap();
        (results.iter().map(|one| one["status"].as_str().unwrap().to_owned()).collect(), answer.body)
    }

    async fn knows(&self, id: &str) -> Value {
        self.sends(Method::GET, &format!("people/{id}"), Body::empty()).await.body
    }
}

#[tokio::test]
async fn people_are_made_and_brought_up_to_date_each_by_itself() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let people = json!({"people": [
        {"id": "mia", "display_name": "Mia", "age_band": "13-15", "jurisdiction": "DE", "guardian": "gil", "contact_limit": "friends"},
        {"id": "gil", "age_band": "adult"},
        {"id": "@leo:example.org", "age_band": "16-17", "jurisdiction": "US-CA"},
    ]});
    let (statuses, answer) = shop.tells("people", people.clone()).await;
    assert_eq!(statuses, ["created", "created", "created"]);
    assert_eq!(answer["results"][0], json!({"id": "mia", "status": "created", "user_id": "@mia:example.org"}));
    assert_eq!(shop.tells("people", people).await.0, ["unchanged"; 3], "the same again changes nothing");
    let mut mia = shop.knows("mia").await;
    mia["created_ms"].take();
    let expected = json!({
        "user_id": "@mia:example.org", "display_name": "Mia", "age_band": "13-15", "jurisdiction": "DE",
        "guardian": "@gil:example.org", "contact_limit": "friends", "state": "active", "created_ms": null,
    });
    assert_eq!(mia, expected);
    // what is left out stays, null takes away
    assert_eq!(shop.tells("people", json!({"people": [{"id": "mia", "age_band": "16-17"}]})).await.0, ["updated"]);
    assert_eq!(shop.knows("mia").await["display_name"], "Mia");
    let taken = json!({"people": [{"id": "mia", "display_name": null, "guardian": null, "contact_limit": null}]});
    assert_eq!(shop.tells("people", taken).await.0, ["updated"]);
    let mia = shop.knows("mia").await;
    assert_eq!((&mia["display_name"], &mia["guardian"], &mia["contact_limit"]), (&json!(null), &json!(null), &json!(null)));
    assert_eq!((&mia["age_band"], &mia["jurisdiction"]), (&json!("16-17"), &json!("DE")));
}

#[tokio::test]
async fn an_item_that_is_wrong_is_named_and_the_others_are_taken() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let wrong = json!([
        {"id": "ok1"}, 7, null, {}, {"id": 7}, {"id": ""}, {"id": "über"}, {"id": "a".repeat(300)}, {"id": "@x:elsewhere.org"}, {"id": "@x"},
        {"id": "x", "age_band": "old"}, {"id": "x", "jurisdiction": "Germany"}, {"id": "x", "contact_limit": "everybody"},
        {"id": "x", "display_name": "n".repeat(257)}, {"id": "x", "display_name": "blockword"}, {"id": "x", "shoe_size": 42},
        {"id": "x", "guardian": "a b"}, {"id": "frankly", "display_name": "me"}, {"id": "ok2", "guardian": "ghost"}, {"id": "ok3"},
    ]);
    let (statuses, answer) = shop.tells("people", json!({"people": wrong})).await;
    let created: Vec<usize> = statuses.iter().enumerate().filter(|(_, status)| *status == "created").map(|(index, _)| index).collect();
    assert_eq!(created, [0, 19], "{answer}");
    for refused in answer["results"].as_array().unwrap().iter().filter(|one| one["status"] == "refused") {
        let why = refused["error"].as_str().unwrap();
        assert!(!why.is_empty() && !why.contains("blockword"), "{refused}");
    }
    assert_eq!(answer["results"][10]["error"], "age_band is u13, 13-15, 16-17, adult or unknown");
    assert!(answer["results"][15]["error"].as_str().unwrap().contains("shoe_size"));
    assert!(answer["results"][18]["error"].as_str().unwrap().contains("the rest was taken"));
    assert_eq!(shop.knows("ok2").await["age_band"], "unknown");
    assert_eq!(shop.knows("x").await["errcode"], "M_NOT_FOUND", "nothing of what was wrong was made");
}

#[tokio::test]
async fn relations_are_told_in_both_directions_and_taken_back() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let friends = json!({"relations": [{"from": "ana", "to": "ben", "kind": "mutual"}]});
    assert_eq!(shop.tells("relations", friends.clone()).await.0, ["updated"]);
    assert_eq!(shop.tells("relations", friends).await.0, ["unchanged"]);
    let follows = async |from: &str, to: &str| {
        let sql = "select follows + 2 * blocks from relations where user_id || ' ' || other = $1 union all select 0 limit 1";
        world.count(sql, &format!("@{from}:example.org @{to}:example.org")).await
    };
    assert_eq!((follows("ana", "ben").await, follows("ben", "ana").await), (1, 1));
    let mixed = json!({"relations": [
        {"from": "ana", "to": "ben", "kind": "follows", "active": false}, {"from": "ben", "to": "ana", "kind": "blocks"},
        {"from": "ana", "to": "ghost", "kind": "follows"}, {"from": "ana", "to": "ana", "kind": "mutual"},
        {"from": "ana", "to": "ben", "kind": "likes"}, {"from": "ana"}, "x", {"from": "ben", "to": "ana", "kind": "blocks"},
    ]});
    let (statuses, answer) = shop.tells("relations", mixed).await;
    assert_eq!(statuses, ["updated", "updated", "refused", "refused", "refused", "refused", "refused", "unchanged"], "{answer}");
    assert_eq!(answer["results"][2]["error"], "there is no @ghost:example.org of yours here");
    assert_eq!((follows("ana", "ben").await, follows("ben", "ana").await), (0, 3));
}

#[tokio::test]
async fn without_a_good_key_there_is_no_answer() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let body = || Body::from(json!({"people": [{"id": "mia"}]}).to_string());
    for (path, method) in [("people", Method::POST), ("relations", Method::POST), ("people/ana", Method::GET)] {
        for (shown, errcode) in [
            (None, "M_MISSING_TOKEN"),
            (Some("Bearer wrong".to_owned()), "M_UNKNOWN_TOKEN"),
            (Some(format!("Bearer {}", world.ana.token)), "M_UNKNOWN_TOKEN"),
            (Some(format!("Bearer {}x", shop.key)), "M_UNKNOWN_TOKEN"),
            (Some(format!("Basic {}", shop.key)), "M_MISSING_TOKEN"),
        ] {
            let mut request = Request::builder().method(method.clone()).uri(format!("/_frankly/v1/host/{path}"));
            if let Some(shown) = shown {
                request = request.header(header::AUTHORIZATION, shown);
            }
            let answer = ask(&world.router, request.body(body()).unwrap()).await;
            assert_eq!((answer.status, &answer.body["errcode"]), (StatusCode::UNAUTHORIZED, &json!(errcode)), "{path}");
        }
    }
    // nor is a key of the platform good for anything else
    let as_member = Request::get("/_frankly/v1/access").header(header::AUTHORIZATION, format!("Bearer {}", shop.key));
    assert_eq!(ask(&world.router, as_member.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    world.app.revoke_host_key("shop").await.unwrap();
    assert_eq!(shop.sends(Method::POST, "people", body()).await.status, StatusCode::UNAUTHORIZED, "a revoked key ends at once");
    assert!(world.app.revoke_host_key("shop").await.is_err());
    assert!(world.app.make_host_key("shop").await.is_err(), "names are not used again");
    for name in ["", " ", "x".repeat(65).as_str()] {
        assert!(world.app.make_host_key(name).await.is_err());
    }
}

#[tokio::test]
async fn a_key_of_another_tenant_tells_nothing_here_and_people_of_others_are_left_alone() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    world.changes("update users set tenant = 'elsewhere' where localpart = 'ben'").await;
    assert_eq!(shop.knows("ben").await["errcode"], "M_NOT_FOUND");
    assert_eq!(shop.tells("people", json!({"people": [{"id": "ben", "age_band": "u13"}]})).await.0, ["refused"]);
    let block = json!({"relations": [{"from": "ben", "to": "ana", "kind": "blocks"}, {"from": "ana", "to": "ben", "kind": "blocks"}]});
    assert_eq!(shop.tells("relations", block).await.0, ["refused", "refused"]);
    world.changes("update host_keys set tenant = 'elsewhere'").await;
    let answer = shop.sends(Method::GET, "people/ana", Body::empty()).await;
    assert_eq!((answer.status, &answer.body["errcode"]), (StatusCode::FORBIDDEN, &json!("M_FORBIDDEN")));
}

#[tokio::test]
async fn bodies_have_a_form_and_a_bound() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    for (body, status, errcode) in [
        ("", 400, "M_NOT_JSON"),
        ("{", 400, "M_NOT_JSON"),
        ("[]", 400, "M_BAD_JSON"),
        ("{}", 400, "M_BAD_JSON"),
        (r#"{"people": {}}"#, 400, "M_BAD_JSON"),
        (r#"{"people": [], "more": 1}"#, 400, "M_BAD_JSON"),
        ("\u{0}", 400, "M_NOT_JSON"),
    ] {
        let answer = shop.sends(Method::POST, "people", body).await;
        assert_eq!((answer.status.as_u16(), &answer.body["errcode"]), (status, &json!(errcode)), "{body:?}");
    }
    let deep = format!("{{\"people\": [{}{}]}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(shop.sends(Method::POST, "people", deep).await.status, StatusCode::BAD_REQUEST);
    let many = |count: usize| json!({"people": (0..count).map(|n| json!({"id": format!("u{n}"), "display_name": "n".repeat(200)})).collect::<Vec<_>>()});
    let too_many = shop.sends(Method::POST, "people", many(limits::HOST_BATCH + 1).to_string()).await;
    assert_eq!((too_many.status.as_u16(), &too_many.body["errcode"]), (413, &json!("M_TOO_LARGE")));
    assert_eq!(shop.knows("u0").await["errcode"], "M_NOT_FOUND", "nothing of it was taken");
    let (statuses, _) = shop.tells("people", many(limits::HOST_BATCH)).await;
    assert!(statuses.iter().all(|status| status == "created"), "a full batch is more than the other bodies may have");
    let huge = shop.sends(Method::POST, "people", "x".repeat(limits::HOST_REQUEST_BYTES + 1)).await;
    assert_eq!((huge.status.as_u16(), &huge.body["errcode"]), (413, &json!("M_TOO_LARGE")));
    let relations: Vec<Value> = (0..=limits::HOST_BATCH).map(|_| json!({"from": "ana", "to": "ben", "kind": "mutual"})).collect();
    assert_eq!(shop.sends(Method::POST, "relations", json!({ "relations": relations }).to_string()).await.status.as_u16(), 413);
    assert_eq!(shop.sends(Method::DELETE, "people", "").await.status, StatusCode::NOT_FOUND);
    for (id, status, errcode) in [
        ("%FF%FE", 400, "M_INVALID_PARAM"),
        ("%00", 404, "M_NOT_FOUND"),
        ("a%2Fb", 404, "M_NOT_FOUND"),
        ("@ana:elsewhere.org", 404, "M_NOT_FOUND"),
        ("frankly", 404, "M_NOT_FOUND"),
    ] {
        let answer = shop.sends(Method::GET, &format!("people/{id}"), "").await;
        assert_eq!((answer.status.as_u16(), &answer.body["errcode"]), (status, &json!(errcode)), "{id}");
    }
}

#[tokio::test]
async fn what_is_told_holds_at_the_next_door() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let room = |world: &World| {
        let (app, caller, invite) = (world.app.clone(), world.ana.caller.clone(), vec![world.ben.user_id.clone()]);
        async move {
            let preset = app::rooms::create::Preset::Private;
            let (name, topic, creation_content, power_levels, version) = (None, None, None, None, None);
            let wish = app::rooms::create::NewRoom {
                preset,
                is_direct: true,
                invite,
                name,
                topic,
                creation_content,
                initial_state: vec![],
                power_levels,
                version,
            };
            app.create_room(&caller, wish).await
        }
    };
    room(&world).await.unwrap();
    shop.tells("people", json!({"people": [{"id": "ben", "age_band": "16-17"}]})).await;
    assert!(matches!(room(&world).await, Err(app::Error::Forbidden(_))));
    // the conversation they have stays, and its rules know the new age at once
    world.says("hello").await.unwrap();
    shop.tells("relations", json!({"relations": [{"from": "ben", "to": "ana", "kind": "mutual"}]})).await;
    room(&world).await.unwrap();
}

#[tokio::test]
async fn a_new_name_is_shown_where_the_person_is() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    shop.tells("people", json!({"people": [{"id": "ana", "display_name": "Ana of the shop"}]})).await;
    let members = world.app.joined_members(&world.ben.caller, &world.room).await.unwrap();
    assert!(members.contains("Ana of the shop"), "{members}");
}

#[tokio::test]
async fn a_guardian_narrows_and_nobody_else_does() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    shop.tells("people", json!({"people": [{"id": "mia", "display_name": "Mia", "age_band": "16-17", "guardian": "ana"}]})).await;
    let wards = world.asks(&world.ana, "wards").await;
    let expected = json!({"user_id": "@mia:example.org", "display_name": "Mia", "age_band": "16-17", "contact_limit": null});
    assert_eq!(wards.body, json!({ "wards": [expected] }));
    let narrows = async |token: &str, user: &str, body: &str| {
        let request = Request::put(format!("/_frankly/v1/wards/{user}")).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = ask(&world.router, request.body(Body::from(body.to_owned())).unwrap()).await;
        (answer.status.as_u16(), answer.body["errcode"].as_str().unwrap_or_default().to_owned())
    };
    let fine = (200, String::new());
    assert_eq!(narrows(&world.ana.token, "mia", r#"{"contact_limit": "guardian"}"#).await, fine);
    assert_eq!(shop.knows("mia").await["contact_limit"], "guardian");
    assert_eq!(narrows(&world.ana.token, "@mia:example.org", r#"{"contact_limit": null}"#).await, fine);
    assert_eq!(shop.knows("mia").await["contact_limit"], json!(null));
    let not_found = (404, "M_NOT_FOUND".to_owned());
    for user in ["mia", "ghost", "ana"] {
        assert_eq!(narrows(&world.ben.token, user, r#"{"contact_limit": "friends"}"#).await, not_found, "{user}");
    }
    assert_eq!(narrows(&world.ana.token, "mia", r#"{"contact_limit": "everybody"}"#).await, (400, "M_INVALID_PARAM".to_owned()));
    assert_eq!(narrows(&world.ana.token, "mia", "{").await, (400, "M_NOT_JSON".to_owned()));
    assert_eq!(narrows("wrong", "mia", r#"{"contact_limit": null}"#).await.0, 401);
    // who has grown up has no guardian any more
    shop.tells("people", json!({"people": [{"id": "mia", "age_band": "adult"}]})).await;
    assert_eq!(world.asks(&world.ana, "wards").await.body, json!({"wards": []}));
    assert_eq!(narrows(&world.ana.token, "mia", r#"{"contact_limit": "guardian"}"#).await, not_found);
}

impl Platform<'_> {
    /// Closes an account: status and body.
    async fn closes(&self, id: &str, body: Value) -> (u16, Value) {
        let answer = self.sends(Method::POST, &format!("people/{id}/close"), body.to_string()).await;
        (answer.status.as_u16(), answer.body)
    }
}

#[tokio::test]
async fn an_account_is_closed_once_and_erasure_can_be_asked_for_later() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    let answer = |status: &str| (200, json!({"user_id": "@ben:example.org", "status": status}));
    assert_eq!(shop.closes("ben", json!({})).await, answer("closed"));
    assert!(world.app.authenticate(&world.ben.token).await.is_err(), "they are logged out");
    let members = world.app.joined_members(&world.ana.caller, &world.room).await.unwrap();
    assert!(!members.contains("@ben"), "and gone from their conversations: {members}");
    assert_eq!((&shop.knows("ben").await["state"], &shop.knows("ben").await["display_name"]), (&json!("deactivated"), &json!(null)));
    assert_eq!(shop.closes("@ben:example.org", json!({"erase": false})).await, answer("unchanged"));
    let asked = "select count(*) from users where user_id = $1 and erase_asked_ms is not null";
    assert_eq!(world.count(asked, "@ben:example.org").await, 0);
    assert_eq!(shop.closes("ben", json!({"erase": true})).await, answer("closed"));
    assert_eq!(world.count(asked, "@ben:example.org").await, 1);
    for erase in [true, false] {
        assert_eq!(shop.closes("ben", json!({"erase": erase})).await, answer("unchanged"));
    }
    // the name is not given again
    let (statuses, _) = shop.tells("people", json!({"people": [{"id": "ben", "age_band": "adult"}]})).await;
    assert_eq!(statuses, ["refused"]);
}

#[tokio::test]
async fn only_the_platforms_own_people_are_closed() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    world.staff("rita", &[Role::Reviewer]).await;
    let refused = async |id: &str, body: Value| {
        let (status, body) = shop.closes(id, body).await;
        (status, body["errcode"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused("rita", json!({})).await, (403, "M_FORBIDDEN".to_owned()), "staff are the operator's");
    for id in ["ghost", "frankly", "@ben:elsewhere.org"] {
        assert_eq!(refused(id, json!({})).await, (404, "M_NOT_FOUND".to_owned()), "{id}");
    }
    for body in [json!({"erase": "yes"}), json!({"erase": true, "more": 1}), json!("x")] {
        assert_eq!(refused("ben", body).await, (400, "M_BAD_JSON".to_owned()));
    }
    world.changes("update users set tenant = 'other' where user_id = '@ben:example.org'").await;
    assert_eq!(refused("ben", json!({})).await.0, 404);
    let request = Request::post("/_frankly/v1/host/people/ana/close").header(header::AUTHORIZATION, "Bearer frhk_wrong");
    assert_eq!(ask(&world.router, request.body(Body::from("{}")).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    world.says("still here").await.unwrap();
}

#[tokio::test]
async fn erasure_takes_nothing_from_a_case() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    world.says("flagword sent").await.unwrap();
    assert_eq!(shop.closes("ana", json!({"erase": true})).await.0, 200);
    let rita = world.staff("rita", &[Role::SeniorReviewer]).await;
    let revealed = rita.opens(1).await;
    assert!(revealed.body.to_string().contains("flagword sent"), "the safety team reads it, on record: {:?}", revealed.body);
    let ben_has = async || world.inbox(&world.ben).await.contains(&"flagword sent".to_owned());
    assert!(ben_has().await, "who has it keeps it");
    // and it can still be taken back from those who have it
    let decided = rita.decides(1, "remove").await;
    assert_eq!(decided.status, StatusCode::OK, "{:?}", decided.body);
    assert!(!ben_has().await);
    let kept = world.count("select count(*) from flags where blocked_content like $1", "%flagword sent%").await;
    assert_eq!(kept, 1, "the evidence is kept for its time");
}

#[tokio::test]
async fn what_was_withheld_is_delivered_to_nobody_once_its_sender_is_erased() {
    let world = World::new().await;
    let shop = Platform::new(&world).await;
    world.says("holdword judged").await.unwrap();
    world.says("holdword until its time is over").await.unwrap();
    assert_eq!(shop.closes("ana", json!({"erase": true})).await.0, 200);
    let rita = world.staff("rita", &[Role::SeniorReviewer]).await;
    let events = world.count("select count(*) from events where room_id = $1", world.room.as_str()).await;
    let decided = rita.decides(1, "release").await;
    assert_eq!((decided.status, &decided.body["message"]["state"]), (StatusCode::OK, &json!("removed")), "{:?}", decided.body);
    world.clock.advance_ms(3_600_000);
    world.app.expire().await.unwrap();
    assert_eq!(rita.get("console/cases/2").await.body["message"]["state"], "removed");
    assert!(!world.inbox(&world.ben).await.iter().any(|text| text.contains("holdword")));
    let after = world.count("select count(*) from events where room_id = $1", world.room.as_str()).await;
    assert_eq!(after, events, "the room is not told of what it never had");
}
