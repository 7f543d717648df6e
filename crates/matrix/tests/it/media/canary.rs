//! What was sent in a sealed conversation, words and files, stands in no file of the server: neither of its database nor
//! of its media. The same search finds what was sent in a readable one.

use std::path::Path;

use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::json;
use vodozemac::megolm::{GroupSession, InboundGroupSession, SessionConfig};

use super::*;
use crate::sealed::{Pen, sealed_friends};
use crate::world::World;

/// Said, or in a file, in the sealed conversation alone.
const CANARIES: [&str; 3] = ["the ferry leaves from the old quay at dusk", "Übergabe hinter der Mühle", "iban de89 3704 0044 0532 0130 00"];
/// In a file of a readable conversation: the search must find it.
const CONTROL: &str = "minutes of a meeting that everybody may read";

/// A file as members' apps encrypt it. They use another cipher for files, but one of a library that is not ours as well.
fn encrypted(text: &str) -> Vec<u8> {
    let mut session = GroupSession::new(SessionConfig::version_1());
    let key = session.session_key();
    let message = session.encrypt(text);
    let mut inbound = InboundGroupSession::new(&key, SessionConfig::version_1());
    assert_eq!(inbound.decrypt(&message).unwrap().plaintext, text.as_bytes(), "it is there for those who have the key");
    message.to_bytes()
}

/// The ways in which a text could lie in a file.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let escaped: String = text.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
    let mut forms = vec![
        text.as_bytes().to_vec(),
        text.to_lowercase().into_bytes(),
        text.to_uppercase().into_bytes(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        escaped.into_bytes(),
    ];
    // Base64 at each of the three places a text can begin, without the letters it shares with its neighbours
    for offset in 0..3 {
        let encoded = STANDARD_NO_PAD.encode([vec![0; offset], text.as_bytes().to_vec()].concat()).into_bytes();
        forms.push(encoded[4..encoded.len() - 4].to_vec());
    }
    forms
}

/// The files under a folder that hold a text in some form, by their paths.
fn found(folder: &Path, text: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(found(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if forms(text).iter().any(|form| bytes.windows(form.len()).any(|window| window == form.as_slice())) {
                files.push(path.display().to_string());
            }
        }
    }
    files
}

#[tokio::test]
async fn no_file_of_the_server_holds_what_was_sent_in_a_sealed_conversation() {
    let world = World::new().on_disk();
    let (ana, ben, room) = sealed_friends(&world).await;
    let mut pen = Pen::new();
    for (index, text) in CANARIES.iter().enumerate() {
        // a picture's name, key and address travel inside the ciphertext of the event
        let file = encrypted(text);
        let address = ana.uploads("application/octet-stream", "", file.clone()).await;
        ana.sends(&room, "m.room.encrypted", &index.to_string(), pen.writes(&format!("{text} {address}"), &room)).await;
        assert_eq!(ben.downloads(&address, "").await.body, file);
        assert_eq!(ben.thumbnail(&address, "width=96&height=96").await.status, 400, "nothing is made of it");
    }
    let open = ana.creates(&[&ben], json!({"preset": "private_chat"})).await;
    ben.joins(&open).await;
    let address = ana.uploads("text/plain", "minutes.txt", CONTROL).await;
    let shown = json!({"msgtype": "m.file", "body": "minutes.txt", "url": address});
    ana.sends(&open, "m.room.message", "control", shown).await;
    let control = found(world.folder(), CONTROL);
    assert!(control.len() == 1 && control[0].contains("/media/"), "the search finds what is there: {control:?}");
    assert!(!found(world.folder(), "minutes.txt").is_empty());
    for text in CANARIES {
        assert_eq!(found(world.folder(), text), Vec::<String>::new(), "{text}");
    }
}
