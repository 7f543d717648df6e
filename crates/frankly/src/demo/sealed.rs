//! A sealed conversation of the demo, encrypted as the members' apps would do it. The keys are dropped with the
//! devices that spoke, so nobody at all can read it any more: it is there to be looked for.

use app::App;
use app::rooms::create::{NewRoom, Preset};
use app::rooms::send::Message;
use model::conversation::ASK_KEY;
use model::id::OwnedRoomId;
use serde_json::json;
use vodozemac::megolm::{GroupSession, SessionConfig};

use super::story::enter;

/// Said in the sealed conversation, and in no other place.
pub(super) const WORDS: &str = "heron in the reeds behind the mill";

/// Who speaks and what they say.
const LINES: [(&str, &str); 3] = [
    ("ana", "Did you see the heron in the reeds behind the mill?"),
    ("ben", "I did. Do not tell anybody, or the whole town comes to look."),
    ("ana", "Nobody can read this but you and me."),
];

/// Lets ana and ben talk where the server cannot read; gives the room.
pub(super) async fn talk(app: &App) -> anyhow::Result<OwnedRoomId> {
    let (ana, ben) = (enter(app, "ana").await?, enter(app, "ben").await?);
    let new = NewRoom {
        preset: Preset::TrustedPrivate,
        is_direct: true,
        invite: vec![ben.user_id.clone()],
        name: None,
        topic: None,
        creation_content: Some(json!({ASK_KEY: "sealed"}).to_string()),
        initial_state: Vec::new(),
        power_levels: None,
        version: None,
    };
    let room_id = app.create_room(&ana, new).await?;
    app.join(&ben, room_id.clone(), None).await?;
    let mut sessions = [&ana, &ben].map(|caller| (caller, GroupSession::new(SessionConfig::version_1())));
    for (index, (name, text)) in LINES.into_iter().enumerate() {
        let speaker = usize::from(name != "ana");
        let Some((caller, session)) = sessions.get_mut(speaker) else { continue };
        let plain = json!({"type": "m.room.message", "room_id": room_id, "content": {"msgtype": "m.text", "body": text}});
        let content = json!({
            "algorithm": model::sealed::MEGOLM,
            "ciphertext": session.encrypt(plain.to_string()).to_base64(),
            "session_id": session.session_id(),
        });
        let event_type = "m.room.encrypted".to_owned();
        let message = Message { room_id: room_id.clone(), event_type, txn_id: format!("sealed-{index}"), content: content.to_string() };
        app.send(caller, message).await?;
    }
    app.log_out(&ana, true).await?;
    app.log_out(&ben, true).await?;
    Ok(room_id)
}
