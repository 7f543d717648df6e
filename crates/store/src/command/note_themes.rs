//! Themes that somebody touches upon in a conversation: noted with their time, counted, let go.

use model::clock::Timestamp;
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Notes the themes of one message. It is run for messages that have any, which are few.
#[derive(Clone, Debug)]
pub struct NoteThemes {
    /// Where.
    pub room_id: OwnedRoomId,
    /// Who.
    pub sender: OwnedUserId,
    /// The themes, each once.
    pub themes: Vec<String>,
    /// When.
    pub now: Timestamp,
}

impl Command for NoteThemes {
    /// How many different themes the sender touched upon there within [`limits::THEMES_WINDOW_MS`], these counted.
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        for theme in self.themes.iter().take(limits::THEMES_KEPT) {
            let sql = "insert into themes (room_id, sender, theme, last_ms) values ($1, $2, $3, $4) \
                       on conflict (room_id, sender, theme) do update set last_ms = excluded.last_ms";
            tx.exec(sql, args![&self.room_id, &self.sender, theme, self.now]).await?;
        }
        let sql = "delete from themes where room_id = $1 and sender = $2 and theme in \
                   (select theme from themes where room_id = $1 and sender = $2 order by last_ms desc, theme limit $3 offset $4)";
        tx.exec(sql, args![&self.room_id, &self.sender, i64::MAX, crate::value::rows(limits::THEMES_KEPT)]).await?;
        let sql = "select count(*) from themes where room_id = $1 and sender = $2 and last_ms > $3";
        let row = tx.row(sql, args![&self.room_id, &self.sender, self.now.plus_ms(-limits::THEMES_WINDOW_MS)]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}

/// Forgets themes that are older than [`limits::THEMES_WINDOW_MS`].
#[derive(Clone, Debug)]
pub struct ForgetThemes {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ForgetThemes {
    /// How many were forgotten.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.exec("delete from themes where last_ms <= $1", args![self.now.plus_ms(-limits::THEMES_WINDOW_MS)]).await
    }
}
