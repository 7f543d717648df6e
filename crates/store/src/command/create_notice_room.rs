//! The room in which the service account tells a person what was decided; one each, made on first need.

use model::id::{OwnedRoomId, OwnedUserId};
use model::seq::InboxPos;

use super::create_room::CreateRoom;
use super::put_account_data;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Makes the notice room of a person, unless they have one and are still in it.
#[derive(Clone, Debug)]
pub struct CreateNoticeRoom {
    /// The person.
    pub user_id: OwnedUserId,
    /// The room as it would be made.
    pub room: CreateRoom,
    /// Their room account data: the content of `m.tag` with `m.server_notice`.
    pub tag: String,
}

/// The notice room of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRoom {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whose inboxes its making reached; empty when it was there.
    pub reached: Vec<(OwnedUserId, InboxPos)>,
}

impl Command for CreateNoticeRoom {
    type Out = NoticeRoom;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<NoticeRoom, StoreError> {
        // the person's row is the lock: two notices at once make one room
        tx.exec("update users set strikes = strikes where user_id = $1", args![&self.user_id]).await?;
        let sql = "select n.room_id from notice_rooms n join members m on m.room_id = n.room_id and m.user_id = n.user_id \
                   where n.user_id = $1 and m.membership = 'join'";
        if let Some(row) = tx.row(sql, args![&self.user_id]).await? {
            return Ok(NoticeRoom { room_id: row.parse(0)?, reached: Vec::new() });
        }
        let created = self.room.run(tx).await?;
        let sql =
            "insert into notice_rooms (user_id, room_id) values ($1, $2) on conflict (user_id) do update set room_id = excluded.room_id";
        tx.exec(sql, args![&self.user_id, &created.room_id]).await?;
        // without a tag it is a room like others; that there is no place for one is no reason not to tell something
        let _kept = put_account_data::put(tx, &self.user_id, created.room_id.as_str(), "m.tag", &self.tag).await?;
        let reached = created.appended.into_iter().flat_map(|appended| appended.reached).collect();
        Ok(NoticeRoom { room_id: created.room_id, reached })
    }
}
