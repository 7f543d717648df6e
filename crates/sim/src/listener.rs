//! A recipient who follows one room by `/sync` and fills gaps by `/messages`.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::SimError;
use crate::limits;
use crate::person::Person;
use crate::sealed::Keyring;
use crate::text::Script;
use crate::verify::{EventKey, Seen};
use crate::wire::{Event, Sync, Timeline};
use crate::world::Room;

/// Follows one room and keeps every text message in the order of the timeline.
pub struct Listener {
    person: Person,
    room: Room,
    script: Script,
    keyring: Option<Arc<Keyring>>,
    since: Option<String>,
    known: HashSet<u64>,
    seen: Vec<Seen>,
}

impl Listener {
    /// A listener who has seen nothing yet: the first poll reads the whole room.
    pub fn new(person: Person, room: Room, script: Script, keyring: Option<Arc<Keyring>>) -> Self {
        Self { person, room, script, keyring, since: None, known: HashSet::new(), seen: Vec::new() }
    }

    /// The text messages so far, oldest first.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// One sync; waits up to `timeout_ms`. Gives the index of the first message that is new in [`Listener::seen`].
    /// After an error nothing has changed, so the same call can be made again.
    pub async fn poll(&mut self, timeout_ms: u64) -> Result<usize, SimError> {
        let first = self.seen.len();
        let timeout_ms = if self.since.is_some() { timeout_ms } else { 0 };
        let page = self.person.sync(self.since.as_deref(), timeout_ms).await?;
        let sync = page.sync()?;
        self.take_keys(&sync).await?;
        if let Some(timeline) = sync.timeline(&self.room.id) {
            let gap = self.gap(timeline).await?;
            self.accept(gap);
            let fresh: Vec<Row> = timeline.events.iter().map(|event| self.row(event)).collect();
            self.accept(fresh);
        }
        self.since = Some(sync.next_batch.into_owned());
        Ok(first)
    }

    /// Keeps the room keys of this sync, and uploads one-time keys when few are left.
    async fn take_keys(&mut self, sync: &Sync<'_>) -> Result<(), SimError> {
        let Some(keyring) = &self.keyring else { return Ok(()) };
        for event in sync.to_device() {
            keyring.receive(event);
        }
        let left = sync.device_one_time_keys_count.get("signed_curve25519").copied();
        let Some(body) = left.and_then(|left| keyring.refill(left)) else { return Ok(()) };
        self.person.upload_keys(&body).await
    }

    /// Pages back from a limited timeline (and from every first one) to what is known, and gives it oldest first.
    async fn gap(&mut self, timeline: &Timeline<'_>) -> Result<Vec<Row>, SimError> {
        let mut rows = Vec::new();
        let mut from = timeline.prev_batch.as_deref().map(str::to_owned);
        if self.since.is_some() && !timeline.limited {
            return Ok(rows);
        }
        for _ in 0..limits::PAGES_MAX {
            let Some(token) = from else { break };
            let page = self.person.messages(&self.room.path, Some(&token)).await?;
            let messages = page.messages()?;
            let mut reached = messages.chunk.is_empty();
            for event in &messages.chunk {
                let row = self.row(event);
                if self.known.contains(&row.key.number()) {
                    reached = true;
                    break;
                }
                rows.push(row);
            }
            from = messages.end.filter(|end| !reached && *end != token).map(std::borrow::Cow::into_owned);
        }
        rows.reverse();
        Ok(rows)
    }

    fn row(&self, event: &Event<'_>) -> Row {
        Row { key: EventKey::of(&event.event_id), seen: Seen::read(&self.script, self.keyring.as_deref(), event) }
    }

    fn accept(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.known.insert(row.key.number());
            self.seen.extend(row.seen);
        }
    }
}

struct Row {
    key: EventKey,
    seen: Option<Seen>,
}
