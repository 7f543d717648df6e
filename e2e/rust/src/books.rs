//! The books of a run: what was said, and what each phone could read of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use matrix_sdk::ruma::OwnedRoomId;

use crate::worker::Scanned;

/// A message as it was queued.
pub(crate) struct Sent {
    /// By which phone.
    pub(crate) phone: usize,
    /// Its number, which its text ends with.
    pub(crate) number: usize,
    /// Where.
    pub(crate) room: OwnedRoomId,
}

/// What all phones together could read.
#[derive(Default)]
pub(crate) struct Books {
    /// How often a message was read.
    pub(crate) decrypted: usize,
    /// What could not be read, and why.
    pub(crate) undecryptable: Vec<String>,
    /// How often a message came again.
    pub(crate) doubled: usize,
    /// How often a message did not come.
    pub(crate) lost: usize,
    /// How often a text was not encrypted.
    pub(crate) plain: usize,
    /// How often a phone's message came before an earlier one of that phone.
    pub(crate) disordered: usize,
    /// What a late device could not read because it was not there yet.
    pub(crate) before_its_time: usize,
}

impl Books {
    /// Compares what a phone read in a room with what was said there; what was said before message `from` is not for it.
    pub(crate) fn add(&mut self, sent: &[Sent], phone: usize, room: &Scanned, from: usize) {
        let said: BTreeSet<usize> = sent.iter().filter(|message| message.room == room.room).map(|message| message.number).collect();
        let mut times: HashMap<usize, usize> = HashMap::new();
        let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
        for number in room.bodies.iter().filter_map(|body| body.rsplit(' ').next()?.parse::<usize>().ok()) {
            let again = times.entry(number).or_default();
            *again += 1;
            let Some(message) = sent.get(number).filter(|_| *again == 1) else { continue };
            self.disordered += usize::from(newest.insert(message.phone, number).is_some_and(|before| before > number));
        }
        self.decrypted += times.len();
        self.doubled += times.values().map(|times| times - 1).sum::<usize>();
        let missing = said.iter().filter(|number| !times.contains_key(number));
        let (early, due): (Vec<usize>, Vec<usize>) = missing.copied().partition(|number| *number < from);
        self.plain += room.plain;
        self.before_its_time += early.len();
        // what cannot be read does not say which message it is
        let closed = room.closed.len().saturating_sub(early.len());
        let newest = room.closed.iter().rev().take(closed);
        self.undecryptable.extend(newest.map(|(event, reason)| format!("phone {phone}: {event} in {}: {reason}", room.room)));
        self.lost += due.len().saturating_sub(closed);
    }
}
