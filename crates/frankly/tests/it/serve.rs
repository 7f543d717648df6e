//! `frankly serve`: what it refuses to start with, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value, json};

use crate::world::{Desktop, parse};

#[test]
fn dev_is_for_this_machine_only() {
    let desktop = Desktop::new();
    let complaint = desktop.frankly(&["serve", "--dev", "--listen", "0.0.0.0:0"]).complaint(1);
    assert_eq!(
        complaint,
        "frankly: --dev: dev is for loopback addresses only, not for 0.0.0.0:0; leave out --dev or listen on 127.0.0.1\n"
    );
    assert!(!desktop.path().join("data").exists(), "a refused start makes no database");
}

#[test]
fn a_bad_setting_is_named_with_file_and_line() {
    let desktop = Desktop::new();
    desktop.write("frankly.toml", "dev = true\nlisten = \"everywhere\"\n");
    let expected = "listen: expected an address and port, as in 127.0.0.1:8008\n";
    assert_eq!(desktop.frankly(&["serve"]).complaint(1), format!("frankly: frankly.toml:2: {expected}"));
    desktop.write("other.toml", "\n\n\ncolour = \"red\"\n");
    assert_eq!(
        desktop.frankly(&["serve", "--config", "other.toml"]).complaint(1),
        "frankly: other.toml:4: there is no setting named colour\n"
    );
    desktop.write("broken.toml", "dev = true\ndata = = 1\n");
    assert!(desktop.frankly(&["user", "list", "--config", "broken.toml"]).complaint(1).starts_with("frankly: broken.toml:2: "));
    assert_eq!(desktop.frankly(&["serve", "--config", "nowhere.toml"]).complaint(1).lines().count(), 1);
    assert_eq!(desktop.frankly(&["serve", "--config", "other.toml", "--listen", "x"]).code, 1);
    let complaint = desktop.paste("FRANKLY_LISTEN=here frankly serve", "").complaint(1);
    assert_eq!(complaint, format!("frankly: FRANKLY_LISTEN: {expected}"));
}

#[test]
fn the_name_is_asked_for_once() {
    let desktop = Desktop::new();
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
    let complaint = desktop.frankly(&serve).complaint(1);
    assert!(complaint.contains("this server has no name yet; say --server-name chat.example.org"), "{complaint}");
    let named = desktop.start(&[&serve[..], &["--server-name", "chat.example.org"]].concat());
    named.terminate();
    assert!(named.ended().success());
    let again = desktop.start(&serve);
    assert_eq!(again.ask("GET", "/healthz", "", &Value::Null).0, 200);
}

#[test]
fn an_address_in_use_is_named() {
    let desktop = Desktop::new();
    let first = desktop.serve();
    let address = first.address.to_string();
    let complaint = desktop.frankly(&["serve", "--dev", "--data", "other", "--listen", &address]).complaint(1);
    assert!(complaint.starts_with(&format!("frankly: cannot listen on {address}; choose another with --listen: ")), "{complaint}");
}

#[test]
fn told_to_stop_it_finishes_what_it_has_accepted() {
    let desktop = Desktop::new();
    let server = desktop.serve();
    let ana = server.member("ana");
    let (token, room) = (ana.token.clone(), ana.room());
    let body = json!({"msgtype": "m.text", "body": "the last word"}).to_string();

    // the server says 100 when its handler begins to read the body: from then on the request is accepted
    let mut accepted = BufReader::new(server.connect().unwrap());
    let head = format!(
        "PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/1 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    accepted.get_mut().write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    accepted.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    accepted.read_line(&mut line).unwrap();

    // a long poll waits for others, and is not waited for
    let mut polling = server.connect().unwrap();
    let poll = format!("GET /_matrix/client/v3/sync?timeout=50000 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    polling.write_all(poll.as_bytes()).unwrap();

    server.terminate();
    while server.connect().is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    accepted.get_mut().write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    accepted.read_to_string(&mut answer).unwrap();
    let (status, said) = parse(&answer);
    assert_eq!(status, 200, "{answer}");
    assert!(server.ended().success());

    let server = desktop.serve();
    let path = format!("/_matrix/client/v3/rooms/{room}/event/{}", said["event_id"].as_str().unwrap().replace('$', "%24"));
    let (status, event) = server.ask("GET", &path, &token, &Value::Null);
    assert_eq!((status, &event["content"]["body"]), (200, &json!("the last word")));
}
