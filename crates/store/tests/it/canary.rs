//! What was said in a sealed conversation stands nowhere in the database. The ciphertext is real, and the same search
//! finds what was said in a readable one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use model::conversation::Mode;
use model::id::{OwnedRoomId, OwnedUserId};
use model::ruma::RoomVersionId;
use pen::Pen;
use store::Store;
use store::command::append_events::AppendEvents;
use store::command::create_room::CreateRoom;
use store::command::fanout::Origin;
use store::command::sealed::SealedMark;
use store::query::room_snapshot::RoomSnapshot;

use crate::world::{AddPeople, done, draft, join_step, say, step, user};

/// Said in the sealed conversation, and in no other place.
const CANARIES: [&str; 3] = ["a heron stands in the reeds behind the mill", "Fünfzehn Störche über Görlitz", "4929 1827 6644 0071"];
/// Said in a readable one: the search must find it.
const CONTROL: &str = "a control that everybody may find";

/// Makes ciphertext as the members' apps do.
mod pen {
    use serde_json::{Value, json};
    use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionConfig, SessionKey};

    pub(super) struct Pen {
        session: GroupSession,
        key: SessionKey,
    }

    impl Pen {
        pub(super) fn new() -> Self {
            let session = GroupSession::new(SessionConfig::version_1());
            Self { key: session.session_key(), session }
        }

        pub(super) fn writes(&mut self, text: &str) -> Value {
            let plain = json!({"type": "m.room.message", "content": {"msgtype": "m.text", "body": text}}).to_string();
            let ciphertext = self.session.encrypt(plain).to_base64();
            json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": ciphertext, "session_id": self.session.session_id()})
        }

        pub(super) fn reads(&self, content: &Value) -> String {
            let mut inbound = InboundGroupSession::new(&self.key, SessionConfig::version_1());
            let message = MegolmMessage::from_base64(content["ciphertext"].as_str().unwrap()).unwrap();
            String::from_utf8(inbound.decrypt(&message).unwrap().plaintext).unwrap()
        }
    }
}

/// The ways in which a text could lie in a file.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex = |upper: bool| text.bytes().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect::<String>();
    let escaped: String = text.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
    let mut forms = vec![
        text.as_bytes().to_vec(),
        text.to_lowercase().into_bytes(),
        text.to_uppercase().into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        hex(false).into_bytes(),
        hex(true).into_bytes(),
        escaped.into_bytes(),
    ];
    // Base64 at each of the three places a text can begin, without the letters it shares with its neighbours
    for offset in 0..3 {
        let padded = [vec![0; offset], text.as_bytes().to_vec()].concat();
        let encoded = STANDARD_NO_PAD.encode(padded).into_bytes();
        forms.push(encoded[4..encoded.len() - 4].to_vec());
    }
    forms
}

fn holds(dump: &[u8], text: &str) -> bool {
    forms(text).iter().any(|form| dump.windows(form.len()).any(|window| window == form.as_slice()))
}

/// A sealed conversation and a readable one.
async fn talk(store: &Store) {
    let (ana, ben) = (user("ana"), user("ben"));
    store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
    let room = sealed_room(store, &[ana.clone(), ben.clone()]).await;
    let mut pen = Pen::new();
    for (index, text) in CANARIES.iter().enumerate() {
        let content = pen.writes(text);
        assert!(pen.reads(&content).contains(&serde_json::to_string(text).unwrap()), "it is there for those who have the key");
        let mut sent = step(draft(&ana, "m.room.encrypted", None, &content.to_string()), vec![ana.clone(), ben.clone()]);
        let device_id = "PHONE".to_owned();
        sent.append.origin = Some(Origin { device_id, txn_id: index.to_string() });
        let session_id = content["session_id"].as_str().unwrap().to_owned();
        sent.sealed = Some(SealedMark { session_id, message_index: u32::try_from(index).unwrap(), ciphertext_bytes: 96 });
        let snapshot = store.read(RoomSnapshot { room_id: room.clone() }).await.unwrap().unwrap();
        let command = AppendEvents {
            room_id: room.clone(),
            version: RoomVersionId::V12,
            state_version: snapshot.state_version,
            auth: std::collections::BTreeMap::new(),
            steps: vec![sent],
            txn: None,
            flag: None,
        };
        assert_eq!(done(store.run(command).await.unwrap()).len(), 1);
    }
    let open = crate::world::room_of(store, &[ana.clone(), ben]).await;
    say(store, &open, &ana, CONTROL, None).await.unwrap();
}

async fn sealed_room(store: &Store, people: &[OwnedUserId]) -> OwnedRoomId {
    let create = r#"{"room_version":"12","org.frankly.conversation":{"mode":"sealed","policy":"choice@1","tenant":"default","retention":"standard"}}"#;
    let mut steps = vec![step(draft(&people[0], "m.room.create", Some(""), create), vec![people[0].clone()])];
    steps.extend(people.iter().map(|one| join_step(one, people.to_vec())));
    let command = CreateRoom { version: RoomVersionId::V12, mode: Mode::Sealed, tenant: "default".to_owned(), steps };
    store.run(command).await.unwrap().room_id
}

fn check(dump: &[u8]) {
    assert!(holds(dump, CONTROL), "the search finds what is there");
    for text in CANARIES {
        assert!(!holds(dump, text), "{text}");
    }
}

#[tokio::test]
async fn no_file_of_sqlite_holds_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
    talk(&store).await;
    // with the write-ahead log as it is while the server runs, and with all in one file
    for closed in [false, true] {
        if closed {
            store.close().await;
        }
        let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let dump: Vec<u8> = files.flat_map(|path| std::fs::read(path).unwrap()).collect();
        check(&dump);
    }
}

#[tokio::test]
async fn no_table_of_postgres_holds_what_was_said() {
    let Some((store, url)) = crate::backend::fresh_postgres_at().await else {
        eprintln!("skipped on PostgreSQL: FRANKLY_TEST_POSTGRES is not set");
        return;
    };
    talk(&store).await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    let sql = "select table_name from information_schema.tables where table_schema = current_schema()";
    let tables: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 20, "{tables:?}");
    let mut dump = Vec::new();
    for table in tables {
        for row in client.query(&format!("select cast(t as text) from {table} t"), &[]).await.unwrap() {
            dump.extend_from_slice(row.get::<_, String>(0).as_bytes());
            dump.push(b'\n');
        }
    }
    check(&dump);
    drop(client);
    task.await.unwrap().unwrap();
}

#[test]
fn the_search_knows_the_ways_in_which_a_text_can_lie() {
    let text = CANARIES[1];
    for form in [
        text.to_owned(),
        STANDARD_NO_PAD.encode(format!("before {text} after")),
        STANDARD_NO_PAD.encode(format!("x{text} after")),
        format!("{{\"body\":\"{}\"}}", "F\\u00fcnfzehn St\\u00f6rche \\u00fcber G\\u00f6rlitz"),
    ] {
        assert!(holds(form.as_bytes(), text), "{form}");
    }
    assert!(!holds(b"storks", text));
}
