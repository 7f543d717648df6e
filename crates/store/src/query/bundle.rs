//! What others made of an event, told with it: the latest edit, who refers to it, and its thread (spec
//! "Aggregations of child events").

use std::collections::{BTreeMap, BTreeSet};

use model::id::{OwnedRoomId, OwnedUserId};
use model::limits;
use model::seq::RoomPos;
use model::visibility::Readable;

use super::history::ignored_by;
use super::stored_event::{Bundle, StoredEvent, Thread, by_event_id, by_place};
use crate::args;
use crate::error::StoreError;
use crate::tx::Tx;
use crate::value::{Row, rows};

const EDIT: &str = "m.replace";
const REFERENCE: &str = "m.reference";
const THREAD: &str = "m.thread";

/// Events asked about in one statement.
pub(super) const TARGETS: usize = 16;

/// An event that relates to another, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) room_pos: RoomPos,
    pub(super) event_id: String,
    pub(super) event_type: String,
    pub(super) sender: String,
    pub(super) origin_ts: i64,
    pub(super) target: String,
    pub(super) rel_type: String,
}

impl Child {
    fn of(row: &Row) -> Result<Self, StoreError> {
        let text = |index| row.text(index).map(str::to_owned);
        Ok(Self {
            room_pos: RoomPos::new(row.int(0)?).unwrap_or_default(),
            event_id: text(1)?,
            event_type: text(2)?,
            sender: text(3)?,
            origin_ts: row.int(4)?,
            target: text(5)?,
            rel_type: text(6)?,
        })
    }

    /// Whether it is an edit of that event: of one type, by one person (spec "Validity of replacement events").
    fn edits(&self, event: &StoredEvent) -> bool {
        let plain = event.state_key.is_none() && event.relation.as_ref().is_none_or(|(_, rel_type)| rel_type != EDIT);
        self.rel_type == EDIT && plain && self.sender == event.sender && self.event_type == event.event_type
    }
}

/// The events of a room that relate to these, newest first, at most [`limits::RELATED_EVENTS`] for
/// each [`TARGETS`] of them.
pub(super) async fn children<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    reader: &OwnedUserId,
    targets: &[&str],
) -> Result<Vec<Child>, StoreError> {
    let sql = "select room_pos, event_id, type, sender, origin_ts, relates_to, rel_type from events where room_id = $1 \
               and relates_to in ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
               and (withheld = 0 or sender = $2) order by room_pos desc limit $3";
    let mut found = Vec::new();
    for some in targets.chunks(TARGETS) {
        let mut args = args![room_id, reader, rows(limits::RELATED_EVENTS)].to_vec();
        args.extend(some.iter().map(|target| (*target).into()));
        // no event has the empty ID
        args.resize(3 + TARGETS, "".into());
        for row in tx.rows(sql, &args).await? {
            found.push(Child::of(&row)?);
        }
    }
    found.sort_by_key(|child| std::cmp::Reverse(child.room_pos));
    Ok(found)
}

/// Attaches to each event what others made of it, as far as the reader may read that.
pub(crate) async fn attach<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    reader: &OwnedUserId,
    readable: &Readable,
    events: &mut [StoredEvent],
) -> Result<(), StoreError> {
    let targets: Vec<&str> = events.iter().map(|event| event.event_id.as_str()).collect();
    let mut children = children(tx, room_id, reader, &targets).await?;
    children.retain(|child| readable.contains(child.room_pos));
    let mut by_target: BTreeMap<&str, Vec<&Child>> = BTreeMap::new();
    for child in &children {
        by_target.entry(&child.target).or_default().push(child);
    }
    let mut ignored = None;
    for event in events {
        let Some(children) = by_target.get(event.event_id.as_str()) else { continue };
        let edit = latest(event, children);
        let edit = match edit {
            Some(edit) => by_event_id(tx, &edit.event_id).await?,
            None => None,
        };
        let mut thread = None;
        if children.iter().any(|child| child.rel_type == THREAD) {
            if ignored.is_none() {
                ignored = Some(ignored_by(tx, reader).await?);
            }
            thread = self::thread(tx, room_id, event, &Reading { reader, readable, ignored: ignored.as_ref() }).await?;
        }
        event.bundle = bundle(edit, children, thread);
    }
    Ok(())
}

/// Who reads a thread.
struct Reading<'a> {
    reader: &'a OwnedUserId,
    readable: &'a Readable,
    ignored: Option<&'a BTreeSet<String>>,
}

/// The thread of an event: all its answers are counted, but those of people whom the reader ignores.
async fn thread<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, root: &StoredEvent, who: &Reading<'_>) -> Result<Option<Thread>, StoreError> {
    let (Some(first), Some(last)) = (who.readable.first(), who.readable.last()) else { return Ok(None) };
    let sql = "select sender, count(*), max(room_pos) from events where room_id = $1 and relates_to = $2 and rel_type = 'm.thread' \
               and (withheld = 0 or sender = $3) and room_pos >= $4 and room_pos <= $5 group by sender";
    let (mut count, mut latest, mut participated) = (0, 0, root.sender == who.reader.as_str());
    for row in tx.rows(sql, args![room_id, &root.event_id, who.reader, first, last]).await? {
        let sender = row.text(0)?;
        if who.ignored.is_none_or(|ignored| !ignored.contains(sender)) {
            count += row.int(1)?;
            latest = latest.max(row.int(2)?);
            participated |= sender == who.reader.as_str();
        }
    }
    let latest = RoomPos::new(latest).unwrap_or_default();
    let Some(mut latest) = by_place(tx, room_id, latest).await? else { return Ok(None) };
    let related = children(tx, room_id, who.reader, &[&latest.event_id]).await?;
    let related: Vec<&Child> = related.iter().filter(|child| who.readable.contains(child.room_pos)).collect();
    let edit = match self::latest(&latest, &related) {
        Some(edit) => by_event_id(tx, &edit.event_id).await?,
        None => None,
    };
    latest.bundle = bundle(edit, &related, None);
    Ok(Some(Thread { latest: Box::new(latest), count, participated }))
}

/// As [`attach`], from a stretch of a room that holds everything since its first event: what relates
/// to an event comes after it.
pub(crate) fn attach_within(events: &mut [StoredEvent], reader: &OwnedUserId) {
    let children: Vec<Child> = events.iter().filter_map(child_in).collect();
    let targets: BTreeSet<&str> = children.iter().map(|child| child.target.as_str()).collect();
    if targets.is_empty() {
        return;
    }
    for place in 0..events.len() {
        let Some(event) = events.get(place).filter(|event| targets.contains(event.event_id.as_str())) else { continue };
        let own: Vec<&Child> = children.iter().rev().filter(|child| child.target == event.event_id).collect();
        let edit = latest(event, &own).and_then(|edit| events.iter().find(|one| one.event_id == edit.event_id)).cloned();
        let thread = thread_within(events, event, &own, reader);
        if let Some(event) = events.get_mut(place) {
            event.bundle = bundle(edit, &own, thread);
        }
    }
}

/// The thread of an event whose answers are all among these events; `own` are newest first.
fn thread_within(events: &[StoredEvent], root: &StoredEvent, own: &[&Child], reader: &OwnedUserId) -> Option<Thread> {
    let answers: Vec<&&Child> = own.iter().filter(|child| child.rel_type == THREAD).collect();
    let latest = events.iter().find(|event| answers.first().is_some_and(|answer| answer.event_id == event.event_id))?;
    let participated = root.sender == reader.as_str() || answers.iter().any(|answer| answer.sender == reader.as_str());
    let count = i64::try_from(answers.len()).unwrap_or(i64::MAX);
    let mut latest = Box::new(latest.clone());
    latest.bundle = None;
    Some(Thread { latest, count, participated })
}

fn child_in(event: &StoredEvent) -> Option<Child> {
    let (target, rel_type) = event.relation.clone()?;
    Some(Child {
        room_pos: event.room_pos,
        event_id: event.event_id.clone(),
        event_type: event.event_type.clone(),
        sender: event.sender.clone(),
        origin_ts: event.origin_ts,
        target,
        rel_type,
    })
}

/// The latest edit: by its time, then by its ID, as clients choose it.
fn latest<'a>(event: &StoredEvent, children: &[&'a Child]) -> Option<&'a Child> {
    let edits = children.iter().copied().filter(|child| child.edits(event));
    edits.max_by(|one, other| (one.origin_ts, &one.event_id).cmp(&(other.origin_ts, &other.event_id)))
}

/// `children` are newest first.
fn bundle(edit: Option<StoredEvent>, children: &[&Child], thread: Option<Thread>) -> Option<Box<Bundle>> {
    let references = children.iter().rev().filter(|child| child.rel_type == REFERENCE);
    let references: Vec<String> = references.map(|child| child.event_id.clone()).collect();
    (edit.is_some() || thread.is_some() || !references.is_empty()).then(|| Box::new(Bundle { edit, references, thread }))
}
