//! What moved for a person since a position: which rooms, never what was said there.

use model::id::OwnedRoomId;
use model::seq::{InboxPos, RoomPos};

use super::{Choose, Marked, Moved, MovedRoom, RoomMark, Sliding};
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;

impl<C: Choose> Sliding<C> {
    pub(super) async fn moved<T: Tx>(&self, tx: &mut T, pos: InboxPos) -> Result<Moved, StoreError> {
        let Some(since) = self.since.filter(|since| *since < pos) else {
            return Ok(Moved { since: self.since.unwrap_or(pos), ..Moved::default() });
        };
        let mut moved = self.marks(tx, since).await?;
        if !self.chooser.tells_rooms() {
            return Ok(moved);
        }
        let sql =
            "select room_id, min(room_pos), max(pos), count(*) from inbox where user_id = $1 and pos > $2 and pos <= $3 group by room_id";
        for row in tx.rows(sql, args![&self.user_id, since.get(), pos.get()]).await? {
            let first = RoomPos::new(row.int(1)?).unwrap_or_default();
            let last = InboxPos::new(row.int(2)?).unwrap_or_default();
            let count = usize::try_from(row.int(3)?).unwrap_or(usize::MAX);
            moved.rooms.insert(row.parse(0)?, MovedRoom { first, last, count });
        }
        let sql = "select room_id from members where user_id = $1 and inbox_pos > $2";
        for row in tx.rows(sql, args![&self.user_id, since.get()]).await? {
            moved.edges.insert(row.parse(0)?);
        }
        Ok(moved)
    }

    /// The marks that moved since a position.
    pub(super) async fn marks<T: Tx>(&self, tx: &mut T, since: InboxPos) -> Result<Moved, StoreError> {
        let mut moved = Moved { since, ..Moved::default() };
        let sql = "select kind, mark_key, pos from marks where user_id = $1 and pos > $2 order by pos";
        for row in tx.rows(sql, args![&self.user_id, since.get()]).await? {
            let (kind, key) = (row.text(0)?, row.text(1)?);
            let (room, data_type) = key.split_once('|').unwrap_or((key, ""));
            let what = match kind {
                "account_data" if room.is_empty() => {
                    moved.account_data.push(data_type.to_owned());
                    continue;
                }
                "account_data" => Marked::AccountData(data_type.to_owned()),
                "receipts" => Marked::Receipts,
                "unread" => Marked::Unread,
                "device_lists" => {
                    moved.device_lists = true;
                    continue;
                }
                "key_counts" => {
                    moved.key_counts |= key == self.device_id.as_str();
                    continue;
                }
                _ => continue,
            };
            if let Ok(room_id) = OwnedRoomId::try_from(room) {
                let pos = InboxPos::new(row.int(2)?).unwrap_or_default();
                moved.marks.entry(room_id).or_default().push(RoomMark { what, pos });
            }
        }
        Ok(moved)
    }
}
