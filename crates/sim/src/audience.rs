//! Recipients who long-poll while the load runs.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::crowd::{Crowd, check};
use crate::error::SimError;
use crate::histogram::Histogram;
use crate::limits;
use crate::listener::Listener;
use crate::load::Speaker;
use crate::pace::Schedule;
use crate::report::Verification;
use crate::text::Tag;

/// Silence after which the messages that are missing at the end of a load count as lost.
pub const DRAIN_QUIET: Duration = Duration::from_millis(limits::DRAIN_TIMEOUT_MS);

/// Listeners that have read everything so far and wait for their next poll.
pub struct Seated {
    ears: Vec<Ear>,
}

/// Listeners under way, each in a task of its own.
pub struct Audience {
    tasks: JoinSet<Ear>,
    received: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
}

/// What the whole audience received.
pub struct Heard {
    /// From the due time of a message to its receipt; only of an open loop.
    pub latency: Histogram,
    /// Different messages received, warm-up included.
    pub received: u64,
    /// Polls that failed and were repeated from the last token.
    pub failed_polls: u64,
    /// The timelines as they were put together from one poll to the next.
    pub verification: Verification,
}

struct Ear {
    index: u32,
    listener: Listener,
    heard: HashSet<Tag>,
    base: u32,
    latency: Histogram,
    failed_polls: u64,
}

impl Seated {
    /// Lets every recipient of the crowd read its room from scratch.
    pub async fn take(crowd: &Crowd) -> Result<Self, SimError> {
        let mut ears = Vec::with_capacity(crowd.recipients.len());
        for (speaker, recipient) in crowd.speakers.iter().zip(&crowd.recipients) {
            let mut listener = recipient.listener(&crowd.script);
            listener.poll(0).await?;
            let base = speaker.sent.next_sequence();
            let heard = listener.seen().iter().filter_map(|seen| seen.tag).collect();
            ears.push(Ear { index: speaker.index, listener, heard, base, latency: Histogram::default(), failed_polls: 0 });
        }
        Ok(Self { ears })
    }

    /// Starts to poll. With a schedule, the delivery latency of every message is recorded.
    pub fn listen(self, schedule: Option<Schedule>) -> Audience {
        let (stop, stopped) = watch::channel(false);
        let heard_before = self.ears.iter().map(|ear| ear.heard.len() as u64).sum();
        let received = Arc::new(AtomicU64::new(heard_before));
        let mut tasks = JoinSet::new();
        for mut ear in self.ears {
            let (received, mut stopped) = (Arc::clone(&received), stopped.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = ear.listen(schedule, &received) => {}
                    // The sender of the flag outlives the tasks; if it is gone, it is time to stop as well.
                    _ = stopped.wait_for(|stop| *stop) => {}
                }
                ear
            });
        }
        Audience { tasks, received, stop }
    }
}

impl Ear {
    async fn listen(&mut self, schedule: Option<Schedule>, received: &AtomicU64) {
        loop {
            let Ok(first) = self.listener.poll(limits::POLL_TIMEOUT_MS).await else {
                self.failed_polls += 1;
                tokio::time::sleep(Duration::from_millis(limits::RETRY_PAUSE_MS)).await;
                continue;
            };
            let fresh = &self.listener.seen()[first..];
            // one that comes twice is received once: else the end would be seen before the last one is there
            let news = fresh.iter().filter(|seen| seen.tag.is_some_and(|tag| self.heard.insert(tag))).count();
            received.fetch_add(news as u64, Ordering::Relaxed);
            let Some(schedule) = schedule else { continue };
            let now = Instant::now();
            for nth in fresh.iter().filter_map(|seen| seen.tag?.sequence.checked_sub(self.base)) {
                let due = schedule.due(self.index, u64::from(nth));
                self.latency.record(now.saturating_duration_since(due));
            }
        }
    }
}

impl Audience {
    /// Waits until everything acknowledged was received (or nothing came for `quiet`), stops, and checks the timelines.
    pub async fn finish(mut self, speakers: &[Speaker], quiet: Duration) -> Heard {
        let promised: u64 = speakers.iter().map(|speaker| speaker.sent.acknowledged()).sum();
        let (mut so_far, mut last_news) = (self.received.load(Ordering::Relaxed), Instant::now());
        while so_far < promised && last_news.elapsed() < quiet {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let received = self.received.load(Ordering::Relaxed);
            if received != so_far {
                (so_far, last_news) = (received, Instant::now());
            }
        }
        self.stop.send_replace(true);
        let mut heard = Heard {
            latency: Histogram::default(),
            received: self.received.load(Ordering::Relaxed),
            failed_polls: 0,
            verification: Verification::default(),
        };
        while let Some(ear) = self.tasks.join_next().await {
            let ear = ear.expect("a listener's task neither panics nor is aborted");
            heard.latency.merge(&ear.latency);
            heard.failed_polls += ear.failed_polls;
            heard.verification.add(&check(&speakers[ear.index as usize], ear.listener.seen()));
        }
        heard
    }
}
