//! The first sync: every room as it stands.

use model::id::OwnedRoomId;
use model::seq::{InboxPos, RoomPos};

use super::{JoinedNews, LeftNews, News, Sync};
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;
use crate::value::Row;

impl Sync {
    pub(super) async fn first<T: Tx>(&self, tx: &mut T, pos: InboxPos) -> Result<News, StoreError> {
        let mut news = News { pos, account_data: self.room_account_data(tx, "").await?, ..News::default() };
        let sql = "select room_id, membership, member_pos, stripped, notify_count, highlight_count from members \
                   where user_id = $1 and membership in ('join', 'invite')";
        for row in tx.rows(sql, args![&self.user_id]).await? {
            let room_id: OwnedRoomId = row.parse(0)?;
            if !self.rooms.matches(&room_id) {
                continue;
            }
            if row.text(1)? == "invite" {
                news.invited.push((room_id, row.text_or_null(3)?.unwrap_or("[]").to_owned()));
            } else {
                news.joined.push(self.whole_room(tx, room_id, &row).await?);
            }
        }
        if self.include_leave {
            news.left = self.left_rooms(tx).await?;
        }
        Ok(news)
    }

    /// A room the person is in, from columns 2 (place of their join), 4 and 5 (unread counts) of `row`.
    pub(super) async fn whole_room<T: Tx>(&self, tx: &mut T, room_id: OwnedRoomId, row: &Row) -> Result<JoinedNews, StoreError> {
        let joined_at = RoomPos::new(row.int(2)?).unwrap_or_default();
        let from = self.readable_from(tx, &room_id, joined_at).await?;
        let end = RoomPos::new(i64::MAX).unwrap_or_default();
        Ok(JoinedNews {
            timeline: self.last_events(tx, &room_id, from, end).await?,
            notify_count: row.int(4)?,
            highlight_count: row.int(5)?,
            summary: Some(self.summary(tx, &room_id).await?),
            receipts: self.receipts(tx, &room_id).await?,
            account_data: self.room_account_data(tx, room_id.as_str()).await?,
            room_id,
        })
    }

    async fn left_rooms<T: Tx>(&self, tx: &mut T) -> Result<Vec<LeftNews>, StoreError> {
        let sql = "select room_id, member_pos from members where user_id = $1 and membership in ('leave', 'ban') and forgotten = 0";
        let mut left = Vec::new();
        for row in tx.rows(sql, args![&self.user_id]).await? {
            let room_id: OwnedRoomId = row.parse(0)?;
            if self.rooms.matches(&room_id) {
                let until = RoomPos::new(row.int(1)?).unwrap_or_default();
                let timeline = self.last_events(tx, &room_id, RoomPos::ZERO, until).await?;
                left.push(LeftNews { room_id, timeline });
            }
        }
        Ok(left)
    }
}
