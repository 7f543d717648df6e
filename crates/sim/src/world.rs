//! Sets up the people and rooms of a run.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::error::SimError;
use crate::http::{Origin, escape};
use crate::limits;
use crate::person::Person;

const PASSWORD: &str = "measured-often-9";

/// Names for the people of one run. Two runs do not meet, even from the same seed.
#[derive(Clone, Debug)]
pub struct Names {
    salt: u32,
}

/// Two people in one direct conversation.
pub struct Pair {
    /// Opened the room, and speaks.
    pub sender: Person,
    /// Was invited, and listens.
    pub recipient: Person,
    /// Their room.
    pub room: Room,
}

/// A room, by its id and the id as it stands in a path.
#[derive(Clone, Debug)]
pub struct Room {
    /// The room id.
    pub id: String,
    /// The id, percent-encoded.
    pub path: String,
}

impl Room {
    /// A room by its id.
    pub fn new(id: String) -> Self {
        Self { path: escape(&id), id }
    }
}

impl Names {
    /// Names that no earlier run has used.
    pub fn fresh() -> Self {
        Self { salt: rand::random() }
    }

    fn of(&self, role: &str, index: u32) -> String {
        format!("bench-{:08x}-{role}{index}", self.salt)
    }
}

/// Registers `count` people.
pub async fn people(origin: &Arc<Origin>, names: &Names, role: &str, count: u32) -> Result<Vec<Person>, SimError> {
    if count >= 100 {
        progress(&format!("registering {count} people"));
    }
    let register = |index| {
        let username = names.of(role, index);
        async move { Person::register(Arc::clone(origin), &username, PASSWORD).await }
    };
    stream::iter(0..count).map(register).buffered(limits::SETUP_PARALLEL).try_collect().await
}

/// Registers twice `count` people and opens a direct conversation for every two.
pub async fn pairs(origin: &Arc<Origin>, names: &Names, count: u32, sealed: bool) -> Result<Vec<Pair>, SimError> {
    let senders = people(origin, names, "s", count).await?;
    let recipients = people(origin, names, "r", count).await?;
    let open = |(sender, recipient)| async move {
        let (mut sender, mut recipient): (Person, Person) = (sender, recipient);
        let room = direct(&mut sender, &mut recipient, sealed).await?;
        Ok::<_, SimError>(Pair { sender, recipient, room })
    };
    stream::iter(senders.into_iter().zip(recipients)).map(open).buffered(limits::SETUP_PARALLEL).try_collect().await
}

/// Opens a direct conversation that both are in.
pub async fn direct(one: &mut Person, other: &mut Person, sealed: bool) -> Result<Room, SimError> {
    let room = Room::new(one.open_direct(other.user_id(), sealed).await?);
    other.join(&room.id).await?;
    Ok(room)
}

/// Says on standard error what takes a while.
pub(crate) fn progress(what: &str) {
    eprintln!("bench: {what}");
}
