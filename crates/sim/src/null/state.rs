//! What the null server remembers, in memory: people, rooms, inboxes.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::limits;
use crate::null::fault::Fault;

const MESSAGE: &str = "m.room.message";

/// Everything. Ids carry their index, so that a look-up is a parse.
#[derive(Default)]
pub(crate) struct State {
    people: Vec<Someone>,
    names: HashMap<String, usize>,
    rooms: Vec<Room>,
    events: usize,
    texts: u64,
}

struct Someone {
    inbox: Vec<(usize, usize)>,
    wake: Arc<Notify>,
    transactions: HashMap<(usize, Box<str>), usize>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    events: Vec<Bytes>,
    held: Option<Bytes>,
}

impl State {
    pub(crate) fn register(&mut self, name: &str) -> Option<usize> {
        let person = self.people.len();
        if self.names.contains_key(name) {
            return None;
        }
        self.names.insert(name.to_owned(), person);
        self.people.push(Someone { inbox: Vec::new(), wake: Arc::default(), transactions: HashMap::new() });
        Some(person)
    }

    pub(crate) fn exists(&self, person: usize) -> bool {
        person < self.people.len()
    }

    /// Opens a room; the service's notice is its first event, as on the real server.
    pub(crate) fn open_room(&mut self, creator: usize) -> usize {
        let room = self.rooms.len();
        self.rooms.push(Room { members: vec![creator], ..Room::default() });
        self.append(room, MESSAGE, "@service:null", br#"{"msgtype":"m.notice","body":"This conversation is not real."}"#);
        room
    }

    pub(crate) fn join(&mut self, person: usize, room: usize) -> Option<()> {
        let room_state = self.rooms.get_mut(room)?;
        if !room_state.members.contains(&person) {
            room_state.members.push(person);
            let positions = (0..room_state.events.len()).map(|index| (room, index));
            self.people.get_mut(person)?.inbox.extend(positions);
        }
        Some(())
    }

    /// The event of an earlier request with the same transaction id.
    pub(crate) fn earlier(&self, person: usize, room: usize, transaction: &str) -> Option<String> {
        let sequence = self.people.get(person)?.transactions.get(&(room, transaction.into()))?;
        Some(event_id(room, *sequence))
    }

    /// Stores a message and wakes its readers; gives the event id. The fault strikes the message it is meant for.
    pub(crate) fn send(
        &mut self,
        person: usize,
        room: usize,
        kind: &str,
        transaction: &str,
        content: &[u8],
        fault: Fault,
    ) -> Option<String> {
        if self.events >= limits::NULL_EVENTS_MAX || !self.rooms.get(room)?.members.contains(&person) {
            return None;
        }
        self.texts += 1;
        let sender = format!("@p{person}:null");
        let sequence = self.rooms[room].events.len() + usize::from(self.rooms[room].held.is_some());
        self.people.get_mut(person)?.transactions.insert((room, transaction.into()), sequence);
        let strikes = fault.strikes(self.texts);
        match fault {
            Fault::Drop { .. } if strikes => {}
            Fault::Alter { .. } if strikes => {
                let altered = String::from_utf8_lossy(content).replacen(": ", ":  ", 1);
                self.append(room, kind, &sender, altered.as_bytes());
            }
            Fault::Duplicate { .. } if strikes => {
                self.append(room, kind, &sender, content);
                self.append(room, kind, &sender, content);
            }
            Fault::Swap { .. } if strikes => self.rooms[room].held = Some(event(room, sequence, kind, &sender, content)),
            _ => self.append(room, kind, &sender, content),
        }
        Some(event_id(room, sequence))
    }

    fn append(&mut self, room: usize, kind: &str, sender: &str, content: &[u8]) {
        let held = self.rooms[room].held.take();
        let sequence = self.rooms[room].events.len() + usize::from(held.is_some());
        self.push(room, event(room, sequence, kind, sender, content));
        if let Some(held) = held {
            self.push(room, held);
        }
    }

    fn push(&mut self, room: usize, event: Bytes) {
        self.events += 1;
        let index = self.rooms[room].events.len();
        self.rooms[room].events.push(event);
        for member in &self.rooms[room].members {
            let person = &mut self.people[*member];
            person.inbox.push((room, index));
            person.wake.notify_waiters();
        }
    }

    /// What wakes a long poll of this person.
    pub(crate) fn wake(&self, person: usize) -> Arc<Notify> {
        Arc::clone(&self.people[person].wake)
    }

    /// The answer of `/sync` after inbox position `since`; nothing if it would be empty and `may_wait`.
    pub(crate) fn sync(&self, person: usize, since: usize, may_wait: bool) -> Option<String> {
        let inbox = &self.people[person].inbox;
        if may_wait && inbox.len() <= since {
            return None;
        }
        let mut rooms: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (room, index) in inbox.iter().skip(since) {
            rooms.entry(*room).or_default().push(*index);
        }
        let mut answer = format!(r#"{{"next_batch":"s{}","rooms":{{"join":{{"#, inbox.len());
        for (nth, (room, indices)) in rooms.iter().enumerate() {
            let shown = &indices[indices.len().saturating_sub(limits::NULL_TIMELINE_MAX)..];
            let (limited, first) = (shown.len() < indices.len(), shown.first().copied().unwrap_or(0));
            let comma = if nth == 0 { "" } else { "," };
            write!(answer, r#"{comma}"!r{room}:null":{{"timeline":{{"limited":{limited},"prev_batch":"r{first}","events":["#)
                .expect("writing to a string cannot fail");
            self.list(&mut answer, *room, shown.iter().copied());
            answer.push_str("]}}");
        }
        answer.push_str("}}}");
        Some(answer)
    }

    /// The answer of `/messages` backwards from `from` (or the end).
    pub(crate) fn history(&self, room: usize, from: Option<usize>, limit: usize) -> Option<String> {
        let events = &self.rooms.get(room)?.events;
        let end = from.unwrap_or(events.len()).min(events.len());
        let start = end.saturating_sub(limit.max(1));
        let mut answer = String::from(r#"{"start":"x","chunk":["#);
        self.list(&mut answer, room, (start..end).rev());
        answer.push(']');
        if start > 0 {
            write!(answer, r#","end":"r{start}""#).expect("writing to a string cannot fail");
        }
        answer.push('}');
        Some(answer)
    }

    fn list(&self, answer: &mut String, room: usize, indices: impl Iterator<Item = usize>) {
        for (nth, index) in indices.enumerate() {
            if nth > 0 {
                answer.push(',');
            }
            answer.push_str(std::str::from_utf8(&self.rooms[room].events[index]).expect("events are written from strings"));
        }
    }
}

fn event_id(room: usize, sequence: usize) -> String {
    format!("$r{room}e{sequence}")
}

fn event(room: usize, sequence: usize, kind: &str, sender: &str, content: &[u8]) -> Bytes {
    let content = String::from_utf8_lossy(content);
    let id = event_id(room, sequence);
    Bytes::from(format!(r#"{{"event_id":"{id}","type":"{kind}","sender":"{sender}","origin_server_ts":0,"content":{content}}}"#))
}
