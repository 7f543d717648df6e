//! `frankly demo`: the card it prints, and whether what stands on it is true.

use serde_json::{Value, json};

use crate::world::Desktop;

#[test]
fn the_card_tells_the_truth() {
    let desktop = Desktop::new();
    let demo = desktop.start(&["demo", "--listen", "127.0.0.1:0"]);
    let card = &demo.said;
    assert!(card.contains(&format!("Chat server    http://{}", demo.address)), "{card}");
    assert!(card.contains(&format!("Safety console http://{}/_frankly/console/", demo.address)), "{card}");
    let password = card.split_once("Everybody's password is ").unwrap().1.lines().next().unwrap();
    let people: Vec<(&str, &str)> = card.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(' ')).collect();
    assert_eq!(people.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["ana", "ben", "mia", "rosa", "lena", "otto"], "{card}");
    for (name, who) in people {
        let (status, session) = demo.log_in(name, password);
        assert_eq!((status, &session["user_id"]), (200, &json!(format!("@{name}:localhost"))), "{card}");
        let (status, _) = demo.ask("POST", "/_frankly/v1/console/login", "", &json!({"user": name, "password": password}));
        let is_member = who.trim_start().starts_with("a member");
        assert_eq!(status, if is_member { 403 } else { 200 }, "{name}, {who}, at the console");
    }
    assert_eq!(demo.log_in("ana", "another").0, 403);
}

#[test]
fn what_was_said_is_there_and_counted() {
    let desktop = Desktop::new();
    let demo = desktop.start(&["demo", "--listen", "127.0.0.1:0"]);
    let counts = demo.said.lines().find(|line| line.contains("messages were delivered")).unwrap();
    let counts: Vec<usize> = counts.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    let [delivered, withheld, refused] = counts[..] else { panic!("{counts:?}") };
    assert!(delivered > 0 && withheld + refused > 0, "{}", demo.said);
    let mut seen = 0;
    for (name, others) in [("ana", 1), ("mia", 1)] {
        let (_, session) = demo.log_in(name, "frankly-demo");
        let (status, sync) = demo.ask("GET", "/_matrix/client/v3/sync", session["access_token"].as_str().unwrap(), &Value::Null);
        assert_eq!(status, 200);
        let mut talks = 0;
        for room in sync["rooms"]["join"].as_object().unwrap().values() {
            let events = room["timeline"]["events"].as_array().unwrap();
            let said = events.iter().filter(|event| event["type"] == "m.room.message" && event["content"]["msgtype"] == "m.text").count();
            talks += usize::from(said > 0);
            seen += said;
        }
        assert_eq!(talks, others, "{name}: {sync}");
    }
    assert_eq!(seen, delivered, "each talk seen by one of its two people");
}

#[test]
fn what_was_sealed_can_be_checked_and_not_found() {
    let desktop = Desktop::new();
    let demo = desktop.start(&["demo", "--listen", "127.0.0.1:0"]);
    let command = demo.said.lines().find_map(|line| line.split_once("frankly label verify ")).unwrap().1.to_owned();
    let (room, folder) = command.trim_matches('\'').split_once("' --data ").unwrap();
    let verified = desktop.frankly(&["label", "verify", room, "--data", folder]).fine();
    assert!(verified.contains("mode     sealed") && verified.contains("policy   choice@1"), "{verified}");
    let verified: Value = serde_json::from_str(&desktop.frankly(&["label", "verify", room, "--data", folder, "--json"]).fine()).unwrap();
    assert_eq!((&verified["verified"], &verified["terms"]["mode"]), (&json!(true), &json!("sealed")));
    let words = demo.said.lines().find_map(|line| line.split_once("grep -ra '")).unwrap().1.split_once('\'').unwrap().0.to_owned();
    let stored = all_below(std::path::Path::new(folder));
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds(&words) && holds("Shall I bring the scores?"), "{words}");
    // a running server gives the same event to a member
    let (_, session) = demo.log_in("ana", "frankly-demo");
    let line = format!(
        "FRANKLY_TOKEN={} frankly label verify '{room}' --server http://{}",
        session["access_token"].as_str().unwrap(),
        demo.address
    );
    let asked = desktop.paste(&line, "").fine();
    assert!(asked.contains("mode     sealed"), "{asked}");
}

/// What the files of a folder hold, and those of the folders in it.
fn all_below(folder: &std::path::Path) -> Vec<u8> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { all_below(&path) } else { std::fs::read(path).unwrap() }).collect()
}

#[test]
fn a_label_that_does_not_fit_is_told() {
    let desktop = Desktop::new();
    let event = r#"{"type":"m.room.create","state_key":"","sender":"@ana:example.org","origin_server_ts":1700000000000,
        "content":{"room_version":"12","org.frankly.conversation":{"mode":"MODE","policy":"choice@1","tenant":"default","retention":"standard"}}}"#;
    desktop.write("sealed.json", &event.replace("MODE", "sealed"));
    desktop.write("claimed.json", &event.replace("MODE", "readable"));
    desktop.write("other.json", "{}");
    let room = "!RU0niLBlQ70kWdaVpTdQBmcLa1FDi2hqOH2CHXvK1Jc";
    assert!(desktop.frankly(&["label", "verify", room, "--event", "sealed.json"]).fine().contains("mode     sealed"));
    let claimed = desktop.frankly(&["label", "verify", room, "--event", "claimed.json"]);
    assert_eq!(claimed.code, 1);
    assert!(claimed.out.contains("does NOT fit this create event"), "{}", claimed.out);
    let json = desktop.frankly(&["label", "verify", room, "--event", "claimed.json", "--json"]);
    assert_eq!((json.code, serde_json::from_str::<Value>(&json.out).unwrap()["verified"].clone()), (1, json!(false)));
    assert!(desktop.frankly(&["label", "verify", room, "--event", "other.json"]).complaint(1).contains("not an event"));
    assert!(desktop.frankly(&["label", "verify", "room", "--event", "other.json"]).complaint(1).contains("is not a room ID"));
    assert!(desktop.frankly(&["label", "verify", room, "--data", "nowhere"]).complaint(1).contains("there is no database"));
    assert_eq!(desktop.frankly(&["label", "verify", room, "--event", "a", "--server", "b"]).code, 2);
}

#[test]
fn the_demo_stays_on_this_machine_and_leaves_nothing() {
    let desktop = Desktop::new();
    let refusal = desktop.frankly(&["demo", "--listen", "0.0.0.0:0"]).complaint(1);
    assert!(refusal.contains("loopback addresses only"), "{refusal}");
    let scratch = desktop.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let demo = desktop.start_pasted(&format!("env TMPDIR={} frankly demo --listen 127.0.0.1:0", scratch.display()));
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1);
    demo.terminate();
    assert!(demo.ended().success());
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0, "the folder of the demo is gone");
}
