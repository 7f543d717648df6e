//! Everything a phone has seen in the rooms it is in, as it came.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use matrix_sdk::Room;
use matrix_sdk::ruma::{OwnedEventId, OwnedRoomId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::phone::Phone;
use crate::watch::{Seen, What, follow};

/// How often rooms that are new are looked for.
const LOOK: Duration = Duration::from_millis(100);

/// Listens in all rooms a phone is in, until it is dropped.
pub(crate) struct Ears {
    heard: Arc<Mutex<Vec<Seen>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Ears {
    /// Starts to listen.
    pub(crate) fn of(phone: &Phone) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (out, mut seen) = mpsc::unbounded_channel();
        let (client, list) = (phone.client.clone(), phone.service.room_list_service());
        let finding = tokio::spawn(async move {
            let mut followed: HashSet<OwnedRoomId> = HashSet::new();
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                let joined = client.joined_rooms();
                if joined.iter().all(|room| followed.contains(room.room_id())) {
                    continue;
                }
                let names: Vec<_> = joined.iter().map(|room| room.room_id()).collect();
                list.subscribe_to_rooms(&names).await;
                for room in joined {
                    if followed.insert(room.room_id().to_owned()) {
                        tokio::spawn(listen(room, out.clone()));
                    }
                }
            }
        });
        let keep = Arc::clone(&heard);
        let keeping = tokio::spawn(async move {
            while let Some(seen) = seen.recv().await {
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
            }
        });
        Self { heard, tasks: vec![finding, keeping] }
    }

    /// The event in which a text came last, if it did.
    pub(crate) fn heard(&self, room: &OwnedRoomId, what: &What) -> Option<OwnedEventId> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().rev().find(|seen| seen.room == *room && seen.what == *what).map(|seen| seen.event.clone())
    }

    /// Everything that came in a room, in order.
    pub(crate) fn all(&self, room: &OwnedRoomId) -> Vec<Seen> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|seen| seen.room == *room).cloned().collect()
    }

    /// Events that are still closed to the phone.
    pub(crate) fn undecryptable(&self) -> Vec<Seen> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = |seen: &&Seen| matches!(seen.what, What::Undecryptable(_));
        let opened: HashSet<_> = heard.iter().filter(|seen| !closed(seen)).map(|seen| &seen.event).collect();
        heard.iter().filter(closed).filter(|seen| !opened.contains(&seen.event)).cloned().collect()
    }
}

/// Follows a room, and says why when that ends.
async fn listen(room: Room, out: mpsc::UnboundedSender<Seen>) {
    let id = room.room_id().to_owned();
    if let Err(error) = follow(room, out).await {
        println!("# {id} is no longer listened to: {error:#}");
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
