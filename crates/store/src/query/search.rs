//! Looking for words in what a person may read. There is no index of words: the newest events of
//! their rooms are read and compared, within bounds, on a thread that may block.

use std::collections::{BTreeMap, BTreeSet};

use model::filter::{EventFilter, RoomFilter};
use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;

use super::bundle;
use super::erased::Erased;
use super::history::{Access, access, ignored_by};
use super::stored_event::{StoredEvent, event_columns, explain, from_row, from_rows, room_state};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::rows;

/// Looks for words.
#[derive(Clone, Debug)]
pub struct Search {
    /// Who looks, in the rooms they are or were in.
    pub user_id: OwnedUserId,
    /// The words in lower case, all of which must be there.
    pub words: Vec<String>,
    /// The keys of contents to look in, as in `body`.
    pub keys: Vec<&'static str>,
    /// In which rooms.
    pub rooms: RoomFilter,
    /// Which events.
    pub filter: EventFilter,
    /// The best first, rather than the newest.
    pub by_rank: bool,
    /// Only events stored up to here; what came later does not move the pages of one search.
    pub until: Option<i64>,
    /// Results to skip, told on the pages before.
    pub skip: usize,
    /// At most this many results.
    pub limit: usize,
    /// Events told before and after each result.
    pub around: Option<(usize, usize)>,
    /// The present state of each room with a result.
    pub with_state: bool,
}

/// A page of results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchPage {
    /// How many there are in all, within the bounds.
    pub count: usize,
    /// This page.
    pub results: Vec<SearchResult>,
    /// The last event that was looked at, for the next page; `None` when this is the last page.
    pub until: Option<i64>,
    /// The state of their rooms, where asked for.
    pub states: BTreeMap<OwnedRoomId, Vec<StoredEvent>>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResult {
    /// Its room.
    pub room_id: OwnedRoomId,
    /// How often the words occur in it.
    pub rank: usize,
    /// The event.
    pub event: StoredEvent,
    /// What came before, latest first, and after, oldest first.
    pub around: Option<(Vec<StoredEvent>, Vec<StoredEvent>)>,
}

impl Query for Search {
    type Out = SearchPage;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<SearchPage, StoreError> {
        let newest = tx.row("select max(event_key) from events", args![]).await?.map(|row| row.int_or_null(0)).transpose()?.flatten();
        let until = self.until.or(newest).unwrap_or_default();
        let (mut hits, mut accesses) = self.hits(tx, until).await?;
        if self.by_rank {
            // among equals the newest stays first
            hits.sort_by_key(|hit| std::cmp::Reverse(hit.rank));
        }
        let count = hits.len();
        let mut page = SearchPage { count, ..SearchPage::default() };
        page.until = (count > self.skip.saturating_add(self.limit)).then_some(until);
        for mut hit in hits.into_iter().skip(self.skip).take(self.limit) {
            let Some(access) = accesses.get_mut(&hit.room_id) else { continue };
            hit.around = self.surroundings(tx, &hit, access).await?;
            let event = std::slice::from_mut(&mut hit.event);
            bundle::attach(tx, &hit.room_id, &self.user_id, &access.readable, event).await?;
            access.note_membership(tx, event).await?;
            explain(tx, &mut hit.event).await?;
            if self.with_state && !page.states.contains_key(&hit.room_id) {
                let state = room_state(tx, &hit.room_id, access.state_at()).await?;
                page.states.insert(hit.room_id.clone(), state);
            }
            page.results.push(hit);
        }
        Ok(page)
    }
}

/// A search under way.
#[derive(Default)]
struct Looking {
    ignored: BTreeSet<String>,
    /// Bytes of contents that may still be looked at.
    bytes_left: usize,
    accesses: BTreeMap<OwnedRoomId, Access>,
    erased: Erased,
    /// With what orders them by time over all rooms.
    hits: Vec<(i64, SearchResult)>,
}

impl Search {
    /// Every match, the newest first, and what the person may read of the rooms.
    async fn hits<T: Tx>(&self, tx: &mut T, until: i64) -> Result<(Vec<SearchResult>, BTreeMap<OwnedRoomId, Access>), StoreError> {
        let ignored = ignored_by(tx, &self.user_id).await?;
        let mut looking = Looking { ignored, bytes_left: limits::SEARCH_BYTES, ..Looking::default() };
        let rooms = self.rooms_of(tx).await?;
        let reach = rows((limits::SEARCH_EVENTS / rooms.len().max(1)).max(1));
        for (room_id, last) in rooms {
            if !self.look_into(tx, &room_id, (last.saturating_sub(reach), last), until, &mut looking).await? {
                break;
            }
        }
        let Looking { mut hits, accesses, .. } = looking;
        hits.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
        Ok((hits.into_iter().map(|(_, hit)| hit).collect(), accesses))
    }

    /// Looks at a stretch of a room, after its first place and up to its last; whether the search may go on.
    async fn look_into<T: Tx>(
        &self,
        tx: &mut T,
        room_id: &OwnedRoomId,
        (first, mut last): (i64, i64),
        until: i64,
        looking: &mut Looking,
    ) -> Result<bool, StoreError> {
        let sql = concat!(
            "select e.event_key, ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos <= $2 and e.room_pos > $3 and e.event_key <= $4 and e.redacted_by is null \
             and (e.withheld = 0 or e.sender = $5) and e.type in ('m.room.message', 'm.room.name', 'm.room.topic') order by e.room_pos desc limit $6"
        );
        loop {
            let page = tx.rows(sql, args![room_id, last, first, until, &self.user_id, rows(limits::SEARCH_BATCH)]).await?;
            let more = page.len() == limits::SEARCH_BATCH;
            for mut row in page {
                let (key, event) = (row.int(0)?, from_row(&mut row, 1)?);
                last = event.room_pos.get() - 1;
                let Some(bytes_left) = looking.bytes_left.checked_sub(event.content.len()) else { return Ok(false) };
                looking.bytes_left = bytes_left;
                let rank = self.rank(&event);
                let silent = event.state_key.is_none() && looking.ignored.contains(&event.sender);
                if rank == 0 || silent || !self.filter.matches(&event.event_type, &event.sender, &event.content) {
                    continue;
                }
                if !looking.accesses.contains_key(room_id) {
                    let Some(found) = access(tx, room_id, &self.user_id).await? else { return Ok(true) };
                    looking.accesses.insert(room_id.clone(), found);
                }
                let readable = looking.accesses.get(room_id).filter(|access| access.readable.contains(event.room_pos));
                let Some(access) = readable else { continue };
                if !looking.erased.hides(tx, &event, &access.changes).await? {
                    looking.hits.push((key, SearchResult { room_id: room_id.clone(), rank, event, around: None }));
                }
            }
            if !more {
                return Ok(true);
            }
        }
    }

    /// The rooms to look in, the busiest of late first, and the last place in each.
    async fn rooms_of<T: Tx>(&self, tx: &mut T) -> Result<Vec<(OwnedRoomId, i64)>, StoreError> {
        let sql = "select m.room_id, case when m.membership = 'join' then r.last_pos else m.member_pos end from members m \
                   join rooms r on r.room_id = m.room_id where m.user_id = $1 and m.membership in ('join', 'leave', 'ban') and m.forgotten = 0 \
                   order by coalesce((select e.origin_ts from events e where e.room_id = m.room_id and e.room_pos = r.last_pos), 0) desc, m.room_id";
        let mut rooms = Vec::new();
        for row in tx.rows(sql, args![&self.user_id]).await? {
            let room_id: OwnedRoomId = row.parse(0)?;
            if self.rooms.matches(&room_id) {
                rooms.push((room_id, row.int(1)?));
            }
        }
        rooms.truncate(limits::SEARCH_ROOMS);
        Ok(rooms)
    }

    /// How often the words occur in an event; 0 when one of them does not.
    fn rank(&self, event: &StoredEvent) -> usize {
        let Ok(content) = serde_json::from_str::<BTreeMap<String, serde_json::Value>>(&event.content) else { return 0 };
        let texts: BTreeSet<String> = self.keys.iter().filter_map(|key| content.get(*key)?.as_str()).map(str::to_lowercase).collect();
        let occurrences = |word: &String| texts.iter().map(|text| text.matches(word.as_str()).count()).sum::<usize>();
        let counts: Vec<usize> = self.words.iter().map(occurrences).collect();
        if counts.contains(&0) { 0 } else { counts.into_iter().sum() }
    }

    async fn surroundings<T: Tx>(
        &self,
        tx: &mut T,
        hit: &SearchResult,
        access: &Access,
    ) -> Result<Option<(Vec<StoredEvent>, Vec<StoredEvent>)>, StoreError> {
        let Some((before, after)) = self.around else { return Ok(None) };
        let place = hit.event.room_pos.get();
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos < $2 and (e.withheld = 0 or e.sender = $3) order by e.room_pos desc limit $4"
        );
        let before = tx.rows(sql, args![&hit.room_id, place, &self.user_id, rows(before)]).await?;
        let sql = concat!(
            "select ",
            event_columns!(),
            " from events e where e.room_id = $1 and e.room_pos > $2 and (e.withheld = 0 or e.sender = $3) order by e.room_pos limit $4"
        );
        let after = tx.rows(sql, args![&hit.room_id, place, &self.user_id, rows(after)]).await?;
        let (mut before, mut after) = (from_rows(tx, before, 0).await?, from_rows(tx, after, 0).await?);
        for events in [&mut before, &mut after] {
            events.retain(|event| access.readable.contains(event.room_pos));
            access.note_membership(tx, events).await?;
        }
        Ok(Some((before, after)))
    }
}
