//! Themes of a conversation: what somebody touches upon in many messages, none of which says much by itself.

use model::finding::Findings;
use model::id::OwnedUserId;
use model::room::Snapshot;
use store::command::note_themes::{ForgetThemes, NoteThemes};

use crate::{App, Error};

impl App {
    /// Notes the themes of a message, and answers how many different ones its sender touched upon here lately; 0 when the
    /// message has none, as nearly every message, and nothing is asked of the store then.
    pub(crate) async fn note_themes(&self, room: &Snapshot, sender: &OwnedUserId, findings: &Findings) -> Result<i64, Error> {
        let themes: Vec<String> = findings.themes().into_iter().map(str::to_owned).collect();
        if themes.is_empty() {
            return Ok(0);
        }
        let note = NoteThemes { room_id: room.room_id.clone(), sender: sender.clone(), themes, now: self.clock.now() };
        Ok(self.store.run(note).await?)
    }

    /// Forgets themes whose time is over; to be called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_themes(&self) -> Result<u64, Error> {
        Ok(self.store.run(ForgetThemes { now: self.clock.now() }).await?)
    }
}
