//! Senders under load: who sends, what came back, how long it took.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::error::SimError;
use crate::histogram::Histogram;
use crate::limits;
use crate::pace::{Pace, Pacer, Turns};
use crate::person::Person;
use crate::sealed::Sealer;
use crate::text::{Script, Tag};
use crate::verify::{EventKey, Sent};
use crate::world::Room;

/// One sender in one room. Has at most one message under way, so its order is known.
pub struct Speaker {
    /// Index within the run.
    pub index: u32,
    /// Who speaks.
    pub person: Person,
    /// Where.
    pub room: Room,
    /// What encrypts, in a sealed conversation.
    pub sealer: Option<Sealer>,
    /// What was said and acknowledged.
    pub sent: Sent,
}

/// What a load did, all senders together.
#[derive(Clone, Default)]
pub struct Tally {
    /// From the due time to the acknowledgement.
    pub latency: Histogram,
    /// Messages that were given up; they may or may not be stored.
    pub failed: u64,
    /// Requests that were repeated after the connection broke or a 5xx.
    pub retried: u64,
    /// The first reason for a failure.
    pub first_error: Option<String>,
}

impl Tally {
    /// Acknowledged messages.
    pub fn acknowledged(&self) -> u64 {
        self.latency.len()
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: Self) {
        self.latency.merge(&other.latency);
        self.failed += other.failed;
        self.retried += other.retried;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

impl Speaker {
    /// Says the next message, and repeats it under the same transaction id as long as trying again may help.
    pub async fn say_next(&mut self, script: &Script, retries_max: u32, tally: &mut Tally) -> Result<(), SimError> {
        let sequence = self.sent.next_sequence();
        let body = script.body(Tag { sender: self.index, sequence });
        let transaction = format!("{}.{}.{sequence}", script.run(), self.index);
        let (mut tries, mut content) = (0, None);
        loop {
            match self.attempt(&transaction, &body, &mut content).await {
                Ok(event_id) => {
                    self.sent.push(Some(EventKey::of(&event_id)));
                    return Ok(());
                }
                Err(error) if error.is_passing() && tries < retries_max => {
                    tries += 1;
                    tally.retried += 1;
                    tokio::time::sleep(Duration::from_millis(limits::RETRY_PAUSE_MS)).await;
                }
                Err(error) => {
                    self.sent.push(None);
                    return Err(error);
                }
            }
        }
    }

    /// Sends the message; what was encrypted is kept in `content`, so that a repeated request is the same.
    async fn attempt(&mut self, transaction: &str, body: &str, content: &mut Option<Value>) -> Result<String, SimError> {
        let kind = if self.sealer.is_some() { "m.room.encrypted" } else { "m.room.message" };
        let ready = match (content.take(), &mut self.sealer) {
            (Some(ready), _) => ready,
            (None, Some(sealer)) => sealer.seal(&mut self.person, body).await?,
            (None, None) => json!({ "msgtype": "m.text", "body": body }),
        };
        self.person.send(&self.room.path, kind, transaction, content.insert(ready)).await
    }

    /// Speaks at every turn until the load is over.
    pub async fn speak(&mut self, script: &Script, mut turns: Turns, retries_max: u32) -> Tally {
        let mut tally = Tally::default();
        while let Some(due) = turns.next().await {
            match self.say_next(script, retries_max, &mut tally).await {
                Ok(()) => tally.latency.record(due.elapsed()),
                Err(error) => {
                    tally.failed += 1;
                    tally.first_error.get_or_insert_with(|| error.to_string());
                    // A server that refuses at once is not asked thousands of times a second.
                    tokio::time::sleep(Duration::from_millis(limits::RETRY_PAUSE_MS)).await;
                }
            }
        }
        tally
    }
}

/// A load under way.
pub struct Load {
    tasks: JoinSet<(Speaker, Tally)>,
    start: Instant,
    // Kept until the load is over: dropping it stops the clock.
    pacer: Option<Pacer>,
}

impl Load {
    /// Lets every speaker speak in a task of its own, from `start` on.
    pub fn start(speakers: Vec<Speaker>, script: &Script, pace: Pace, start: Instant) -> Self {
        let senders = u32::try_from(speakers.len()).expect("fewer senders than SENDERS_MAX");
        let schedule = pace.schedule(start, senders);
        let pacer = schedule.map(Pacer::start);
        let left = Arc::new(AtomicU64::new(if let Pace::ClosedCount(messages) = pace { messages } else { 0 }));
        let mut tasks = JoinSet::new();
        for (sender, mut speaker) in (0..senders).zip(speakers) {
            let turns = match (pace, schedule, &pacer) {
                (Pace::ClosedFor(lasting), _, _) => Turns::Until(start + lasting),
                (_, Some(schedule), Some(pacer)) => Turns::Paced { schedule, released: pacer.released(sender), sender, taken: 0 },
                _ => Turns::Count(Arc::clone(&left)),
            };
            let script = script.clone();
            tasks.spawn(async move {
                let tally = speaker.speak(&script, turns, limits::SEND_RETRIES_MAX).await;
                (speaker, tally)
            });
        }
        Self { tasks, start, pacer }
    }

    /// Waits for the last answer; gives the speakers in their order, the sum, and the time it took.
    pub async fn finish(mut self) -> (Vec<Speaker>, Tally, Duration) {
        let mut speakers = Vec::with_capacity(self.tasks.len());
        let mut sum = Tally::default();
        while let Some(done) = self.tasks.join_next().await {
            let (speaker, tally) = done.expect("a sender's task neither panics nor is aborted");
            speakers.push(speaker);
            sum.merge(tally);
        }
        drop(self.pacer.take());
        speakers.sort_by_key(|speaker| speaker.index);
        (speakers, sum, self.start.elapsed())
    }
}
