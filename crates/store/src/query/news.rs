//! Events that may be news to a person, for their own rules to decide: what came into their inbox from others, and
//! invitations. What is withheld from them is not among these, since it is not in their inbox.

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::person::AccountState;
use model::seq::InboxPos;

use super::history::ignored_by;
use super::stored_event::{StoredEvent, event_columns, from_row};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::rows;

/// Reads what came after a position.
#[derive(Clone, Debug)]
pub struct NewsSince {
    /// Whose inbox.
    pub user_id: OwnedUserId,
    /// The position up to which they were told.
    pub since: InboxPos,
    /// At most so many, the newest.
    pub limit: usize,
}

/// What may be news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    /// The position up to which this tells all.
    pub upto: InboxPos,
    /// Whether the account may be told anything at all.
    pub open: bool,
    /// The unread messages in all rooms.
    pub unread: i64,
    /// Rows that were looked at.
    pub looked_at: usize,
    /// In order of their positions.
    pub items: Vec<Item>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its position in the inbox.
    pub pos: InboxPos,
    /// The room.
    pub room_id: OwnedRoomId,
    /// Whether they have read it.
    pub read: bool,
    /// What it is.
    pub what: What,
}

/// An event of a room they are in, or an invitation into one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An event.
    Event(Box<StoredEvent>),
    /// An invitation.
    Invitation {
        /// The ID of its event.
        event_id: OwnedEventId,
        /// When it was made, in milliseconds.
        origin_ts: i64,
        /// What the invited see of the room, a JSON array; the last is the invitation itself.
        stripped: String,
    },
}

impl Query for NewsSince {
    type Out = Inbox;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Inbox, StoreError> {
        let user = &self.user_id;
        // PostgreSQL gives the sum of integers as a number of another type
        let sql = "select s.pos, u.state, (select cast(coalesce(sum(m.notify_count), 0) as bigint) from members m \
                   where m.user_id = s.user_id and m.membership = 'join') from user_seq s join users u on u.user_id = s.user_id \
                   where s.user_id = $1";
        let Some(row) = tx.row(sql, args![user]).await? else { return Ok(Inbox::default()) };
        let upto = InboxPos::new(row.int(0)?).unwrap_or_default();
        let open = matches!(AccountState::parse(row.text(1)?), Some(AccountState::Active | AccountState::Suspended));
        let mut inbox = Inbox { upto, open, unread: row.int(2)?, ..Inbox::default() };
        if self.since < upto && open {
            inbox.items = events(tx, user, self.since.get(), upto.get(), self.limit).await?;
            inbox.items.extend(invitations(tx, user, self.since.get(), upto.get(), self.limit).await?);
            inbox.items.sort_by_key(|item| item.pos);
            inbox.looked_at = inbox.items.len();
            let ignored = ignored_by(tx, user).await?;
            inbox.items.retain(|item| !ignored.contains(&item.sender()));
        }
        Ok(inbox)
    }
}

/// Reads what came before a position: newest first.
#[derive(Clone, Debug)]
pub struct NewsBefore {
    /// Whose inbox.
    pub user_id: OwnedUserId,
    /// The end of the last page; `None` for the first.
    pub before: Option<InboxPos>,
    /// At most so many.
    pub limit: usize,
}

/// A page of what may have been news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsPage {
    /// Newest first, without what is from those whom they ignore.
    pub items: Vec<Item>,
    /// Where to go on, when there may be more.
    pub end: Option<InboxPos>,
}

impl Query for NewsBefore {
    type Out = NewsPage;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<NewsPage, StoreError> {
        let upto = self.before.map_or(i64::MAX, |before| before.get().saturating_sub(1));
        let mut items = events(tx, &self.user_id, 0, upto, self.limit).await?;
        items.extend(invitations(tx, &self.user_id, 0, upto, self.limit).await?);
        items.sort_by_key(|item| std::cmp::Reverse(item.pos));
        items.truncate(self.limit);
        let end = items.last().map(|item| item.pos).filter(|_| items.len() == self.limit);
        let ignored = ignored_by(tx, &self.user_id).await?;
        items.retain(|item| !ignored.contains(&item.sender()));
        Ok(NewsPage { items, end })
    }
}

/// Invitations between two positions that still stand, newest first, at most so many.
async fn invitations<T: Tx>(tx: &mut T, user: &OwnedUserId, since: i64, upto: i64, limit: usize) -> Result<Vec<Item>, StoreError> {
    let sql = "select m.inbox_pos, m.room_id, m.stripped, e.event_id, e.origin_ts from members m \
                   join events e on e.room_id = m.room_id and e.room_pos = m.member_pos \
                   where m.user_id = $1 and m.inbox_pos > $2 and m.inbox_pos <= $3 and m.membership = 'invite' order by m.inbox_pos desc limit $4";
    let mut items = Vec::new();
    for row in tx.rows(sql, args![user, since, upto, rows(limit)]).await? {
        let stripped = row.text_or_null(2)?.unwrap_or("[]").to_owned();
        let what = What::Invitation { event_id: row.parse(3)?, origin_ts: row.int(4)?, stripped };
        items.push(Item { pos: InboxPos::new(row.int(0)?).unwrap_or_default(), room_id: row.parse(1)?, read: false, what });
    }
    Ok(items)
}

impl Item {
    /// Who sent it; nobody for an invitation that does not say.
    pub fn sender(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Stripped {
            sender: String,
        }
        match &self.what {
            What::Event(event) => event.sender.clone(),
            What::Invitation { stripped, .. } => {
                let mut events: Vec<Stripped> = serde_json::from_str(stripped).unwrap_or_default();
                events.pop().map_or_else(String::new, |invitation| invitation.sender)
            }
        }
    }
}

/// What others sent between two positions, newest first, at most so many.
async fn events<T: Tx>(tx: &mut T, user: &OwnedUserId, since: i64, upto: i64, limit: usize) -> Result<Vec<Item>, StoreError> {
    // of a thread the receipts of that thread count, else those of the main timeline; those of no thread always
    let sql = concat!(
        "select i.pos, i.room_id, coalesce((select max(r.room_pos) from receipts r where r.room_id = i.room_id and r.user_id = i.user_id \
         and (r.thread_id = '' or r.thread_id = case when e.rel_type = 'm.thread' then e.relates_to else 'main' end)), -1), ",
        event_columns!(),
        " from inbox i join events e on e.room_id = i.room_id and e.room_pos = i.room_pos \
         join members m on m.room_id = i.room_id and m.user_id = i.user_id \
         where i.user_id = $1 and i.pos > $2 and i.pos <= $3 and m.membership = 'join' and e.sender <> $1 and e.withheld = 0 \
         and e.redacted_by is null order by i.pos desc limit $4"
    );
    let mut items = Vec::new();
    for mut row in tx.rows(sql, args![user, since, upto, rows(limit)]).await? {
        let (pos, room_id, read_upto) = (InboxPos::new(row.int(0)?).unwrap_or_default(), row.parse(1)?, row.int(2)?);
        let event = from_row(&mut row, 3)?;
        let read = event.room_pos.get() <= read_upto;
        items.push(Item { pos, room_id, read, what: What::Event(Box::new(event)) });
    }
    Ok(items)
}
