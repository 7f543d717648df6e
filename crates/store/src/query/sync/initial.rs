//! The first sync: every room as it stands. Rooms are read together, by one statement for all their
//! timelines and one for all their states: a person may have thousands.

use std::collections::HashMap;

use model::id::OwnedRoomId;
use model::limits;
use model::seq::{InboxPos, RoomPos};

use super::assemble::Room;
use super::rooms::{all_account_data, receipts};
use super::{JoinedNews, LeftNews, News, Receipt, Sync, Unread};
use crate::args;
use crate::error::StoreError;
use crate::query::history::access;
use crate::query::stored_event::{event_columns, explain, explain_redaction, from_row};
use crate::tx::Tx;
use crate::value::{Row, rows as rows_of};

/// The rooms of a first sync, found by ID. Rows of one room come one after another, so that most are
/// found where the last was.
#[derive(Default)]
struct Rooms {
    list: Vec<Room>,
    places: HashMap<String, usize>,
    last: Option<(String, usize)>,
}

impl Rooms {
    fn add(&mut self, room_id: String, room: Room) {
        self.places.insert(room_id, self.list.len());
        self.list.push(room);
    }

    fn get(&mut self, room_id: &str) -> Option<&mut Room> {
        let place = match &self.last {
            Some((last, place)) if last == room_id => *place,
            _ => {
                let place = *self.places.get(room_id)?;
                self.last = Some((room_id.to_owned(), place));
                place
            }
        };
        self.list.get_mut(place)
    }
}

/// Up to so many rooms are searched one by one for what a filter wants; beyond, only their last events are looked at.
const SEARCHED_ROOMS: usize = 50;

/// Some of the rooms, in the order of the database.
struct Stretch {
    /// They come after this one.
    after: String,
    /// The last of them.
    last: String,
    /// How many of the last places of each are read.
    reach: i64,
}

impl Sync {
    /// The same, of a timeline no more than its last event: when an answer is large already.
    pub(super) fn brief(&self) -> Self {
        let mut brief = self.clone();
        brief.timeline.limit = Some(1);
        brief
    }

    pub(super) async fn first<T: Tx>(&self, tx: &mut T, pos: InboxPos) -> Result<News, StoreError> {
        let mut news = News { pos, account_data: all_account_data(tx, &self.user_id, "").await?, ..News::default() };
        let sql = "select room_id, membership, member_pos, stripped, notify_count, highlight_count from members \
                   where user_id = $1 and membership in ('join', 'invite') order by room_id";
        let mut joined = Vec::new();
        for row in tx.rows(sql, args![&self.user_id]).await? {
            let room_id: OwnedRoomId = row.parse(0)?;
            if !self.rooms.matches(&room_id) {
                continue;
            }
            if row.text(1)? == "invite" {
                news.invited.push((room_id, row.text_or_null(3)?.unwrap_or("[]").to_owned()));
            } else {
                joined.push((room_id, row));
            }
        }
        let one_by_one = !self.timeline.is_open() && joined.len() <= SEARCHED_ROOMS;
        news.joined = if one_by_one { self.one_by_one(tx, joined).await? } else { self.together(tx, joined).await? };
        if self.include_leave {
            news.left = self.left_rooms(tx).await?;
        }
        Ok(news)
    }

    /// Rooms read one after another: for filters that need to look further back in some than in others.
    async fn one_by_one<T: Tx>(&self, tx: &mut T, joined: Vec<(OwnedRoomId, Row)>) -> Result<Vec<JoinedNews>, StoreError> {
        let mut told = Vec::with_capacity(joined.len());
        let (brief, mut left) = (self.brief(), limits::SYNC_BYTES);
        for (room_id, row) in joined {
            let ask = if left > 0 { self } else { &brief };
            if let Some(room) = ask.whole_room(tx, room_id, &row).await? {
                left = left.saturating_sub(room.timeline.bytes());
                told.push(room);
            }
        }
        Ok(told)
    }

    /// All rooms by a few statements.
    async fn together<T: Tx>(&self, tx: &mut T, joined: Vec<(OwnedRoomId, Row)>) -> Result<Vec<JoinedNews>, StoreError> {
        // very many rooms get shorter timelines: one answer stays of a size that a client can take
        let fair = limits::FIRST_SYNC_EVENTS / joined.len().max(1);
        let limit = self.timeline.timeline_limit().min(fair.max(1));
        let mut rooms = Rooms::default();
        for (room_id, row) in &joined {
            rooms.add(
                room_id.to_string(),
                Room { unread: Unread { notify: row.int(4)?, highlight: row.int(5)?, threads: Vec::new() }, ..Room::default() },
            );
        }
        let reach = if self.timeline.is_open() { limit } else { limits::TIMELINE_EVENTS_MAX.min(fair.max(1)) };
        let (mut after, mut left) = (String::new(), limits::SYNC_BYTES);
        for some in joined.chunks((limits::FIRST_SYNC_BATCH / (reach + 1)).max(1)) {
            let Some((last, _)) = some.last() else { break };
            let stretch = Stretch { after, last: last.to_string(), reach: if left > 0 { rows_of(reach) + 1 } else { 1 } };
            left = left.saturating_sub(self.read_windows(tx, &stretch, &mut rooms).await?);
            self.read_states(tx, &stretch, &mut rooms).await?;
            after = stretch.last;
        }
        self.read_small_things(tx, &mut rooms).await?;
        let mut told = Vec::with_capacity(joined.len());
        for ((room_id, _), room) in joined.into_iter().zip(rooms.list) {
            told.push(room.tell(tx, room_id, self, limit).await?);
        }
        Ok(told)
    }

    /// The last places of each room of a stretch; how many bytes they hold.
    async fn read_windows<T: Tx>(&self, tx: &mut T, stretch: &Stretch, rooms: &mut Rooms) -> Result<usize, StoreError> {
        let mut bytes = 0;
        let sql = concat!(
            "select m.room_id, ",
            event_columns!(),
            " from members m join rooms r on r.room_id = m.room_id join events e on e.room_id = m.room_id and e.room_pos > r.last_pos - $2 \
             where m.user_id = $1 and m.membership = 'join' and m.room_id > $3 and m.room_id <= $4 \
             and (e.withheld = 0 or e.sender = $1) order by m.room_id, e.room_pos"
        );
        for mut row in tx.rows(sql, args![&self.user_id, stretch.reach, &stretch.after, &stretch.last]).await? {
            let mut event = from_row(&mut row, 1)?;
            bytes += event.content.len();
            explain(tx, &mut event).await?;
            if let Some(room) = rooms.get(row.text(0)?) {
                room.window.push(event);
            }
        }
        Ok(bytes)
    }

    /// The state that lies before those places.
    async fn read_states<T: Tx>(&self, tx: &mut T, stretch: &Stretch, rooms: &mut Rooms) -> Result<(), StoreError> {
        let sql = concat!(
            "select m.room_id, ",
            event_columns!(),
            " from members m join rooms r on r.room_id = m.room_id join room_state s on s.room_id = m.room_id and s.room_pos <= r.last_pos - $2 \
             join events e on e.room_id = s.room_id and e.room_pos = s.room_pos where m.user_id = $1 and m.membership = 'join' \
             and m.room_id > $3 and m.room_id <= $4"
        );
        for mut row in tx.rows(sql, args![&self.user_id, stretch.reach, &stretch.after, &stretch.last]).await? {
            let mut event = from_row(&mut row, 1)?;
            explain_redaction(tx, &mut event).await?;
            if let Some(room) = rooms.get(row.text(0)?) {
                room.state.push(event);
            }
        }
        Ok(())
    }

    /// Receipts, unread threads and account data of every room.
    async fn read_small_things<T: Tx>(&self, tx: &mut T, rooms: &mut Rooms) -> Result<(), StoreError> {
        let sql = "select room_id, event_id, type, user_id, thread_id, ts from (select m.room_id, r.event_id, r.type, r.user_id, r.thread_id, \
                   r.ts, row_number() over (partition by r.room_id order by case when r.user_id = $1 then 0 else 1 end, \
                   case when r.thread_id in ('', 'main') then 0 else 1 end, r.ts desc) as place from members m \
                   join receipts r on r.room_id = m.room_id where m.user_id = $1 and m.membership = 'join' \
                   and (r.type = 'm.read' or r.user_id = $1)) as told where place <= $2";
        for mut row in tx.rows(sql, args![&self.user_id, rows_of(limits::RECEIPTS_TOLD)]).await? {
            let receipt = Receipt {
                event_id: row.take_text(1)?,
                receipt_type: row.take_text(2)?,
                user_id: row.take_text(3)?,
                thread_id: row.take_text(4)?,
                ts: row.int(5)?,
            };
            if let Some(room) = rooms.get(row.text(0)?) {
                room.receipts.push(receipt);
            }
        }
        if self.threads {
            let sql = "select room_id, thread_id, notify_count, highlight_count from thread_unread where user_id = $1 order by room_id, thread_id";
            for mut row in tx.rows(sql, args![&self.user_id]).await? {
                let (thread, notify, highlight) = (row.take_text(1)?, row.int(2)?, row.int(3)?);
                if let Some(room) = rooms.get(row.text(0)?) {
                    room.unread.set_apart(thread, notify, highlight);
                }
            }
        }
        let sql = "select a.room_id, a.type, a.content from members m join account_data a on a.user_id = m.user_id and a.room_id = m.room_id \
                   where m.user_id = $1 and m.membership = 'join' order by a.room_id, a.type";
        for mut row in tx.rows(sql, args![&self.user_id]).await? {
            let data = (row.take_text(1)?, row.take_text(2)?);
            if let Some(room) = rooms.get(row.text(0)?) {
                room.account_data.push(data);
            }
        }
        Ok(())
    }

    /// A room the person is in, with columns 4 and 5 (unread counts) of `row`.
    pub(super) async fn whole_room<T: Tx>(&self, tx: &mut T, room_id: OwnedRoomId, row: &Row) -> Result<Option<JoinedNews>, StoreError> {
        let Some(access) = access(tx, &room_id, &self.user_id).await? else { return Ok(None) };
        Ok(Some(JoinedNews {
            timeline: self.last_events(tx, &room_id, &access, i64::MAX).await?,
            unread: self.unread(tx, &room_id, row).await?,
            summary: Some(self.summary(tx, &room_id).await?),
            receipts: receipts(tx, &self.user_id, &room_id).await?,
            account_data: all_account_data(tx, &self.user_id, room_id.as_str()).await?,
            whole: true,
            room_id,
        }))
    }

    async fn left_rooms<T: Tx>(&self, tx: &mut T) -> Result<Vec<LeftNews>, StoreError> {
        let sql = "select room_id from members where user_id = $1 and membership in ('leave', 'ban') and forgotten = 0";
        let mut left = Vec::new();
        for row in tx.rows(sql, args![&self.user_id]).await? {
            let room_id: OwnedRoomId = row.parse(0)?;
            if self.rooms.matches(&room_id) {
                left.extend(self.left_room(tx, room_id).await?);
            }
        }
        Ok(left)
    }

    /// A room the person left, up to there; `None` when they never were in it.
    pub(super) async fn left_room<T: Tx>(&self, tx: &mut T, room_id: OwnedRoomId) -> Result<Option<LeftNews>, StoreError> {
        let Some(access) = access(tx, &room_id, &self.user_id).await? else { return Ok(None) };
        let Some(until) = access.inside_until else { return Ok(None) };
        let timeline = self.last_events(tx, &room_id, &access, until).await?;
        let timeline = super::Timeline { prev: timeline.prev.min(RoomPos::new(until).unwrap_or_default()), ..timeline };
        Ok(Some(LeftNews { room_id, timeline }))
    }
}
