//! When messages are due: at once after the last answer (closed loop), or by a clock (open loop).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::error::SimError;
use crate::limits;

/// How a load is paced and when it ends.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Each sender sends again as soon as the last answer came, for this long.
    ClosedFor(Duration),
    /// The same, until this many messages are sent by all senders together.
    ClosedCount(u64),
    /// This many messages a second from all senders together, for this long, whatever the server does.
    /// Latency counts from the moment a message was due, so that a stall of the server is not hidden.
    Open {
        /// Messages a second.
        rate: u32,
        /// How long.
        lasting: Duration,
    },
}

impl Pace {
    /// The due times of an open loop; a closed one has none.
    pub fn schedule(self, start: Instant, senders: u32) -> Option<Schedule> {
        match self {
            Self::Open { rate, lasting } => Some(Schedule::new(start, rate, lasting, senders)),
            Self::ClosedFor(_) | Self::ClosedCount(_) => None,
        }
    }

    /// Checks the bounds of [`crate::limits`].
    pub fn checked(self) -> Result<Self, SimError> {
        let seconds = |lasting: Duration| (1..=limits::SECONDS_MAX).contains(&lasting.as_secs());
        let fine = match self {
            Self::ClosedFor(lasting) => seconds(lasting),
            Self::ClosedCount(messages) => (1..=limits::MESSAGES_MAX).contains(&messages),
            Self::Open { rate, lasting } => {
                seconds(lasting) && (1..=limits::RATE_MAX).contains(&rate) && u64::from(rate) * lasting.as_secs() <= limits::MESSAGES_MAX
            }
        };
        if fine {
            return Ok(self);
        }
        Err(SimError::Usage(format!(
            "use 1 to {} seconds, a rate of 1 to {} a second, and at most {} messages",
            limits::SECONDS_MAX,
            limits::RATE_MAX,
            limits::MESSAGES_MAX
        )))
    }
}

/// The moments at which an open loop's messages are due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    start: Instant,
    rate: u32,
    senders: u32,
    total: u64,
}

impl Schedule {
    /// `rate` messages a second over `lasting`, dealt to `senders` in turn.
    pub fn new(start: Instant, rate: u32, lasting: Duration, senders: u32) -> Self {
        Self { start, rate, senders, total: u64::from(rate) * lasting.as_secs() }
    }

    /// When message `nth` of `sender` is due.
    pub fn due(&self, sender: u32, nth: u64) -> Instant {
        self.moment(nth * u64::from(self.senders) + u64::from(sender))
    }

    /// How many messages `sender` has to send.
    pub fn share(&self, sender: u32) -> u64 {
        let senders = u64::from(self.senders);
        self.total / senders + u64::from(u64::from(sender) < self.total % senders)
    }

    /// After this moment nobody sends any more, however late the messages are.
    pub fn give_up(&self) -> Instant {
        self.moment(self.total) + Duration::from_millis(limits::DRAIN_TIMEOUT_MS)
    }

    fn moment(&self, index: u64) -> Instant {
        let whole = index / u64::from(self.rate);
        let part_ns = index % u64::from(self.rate) * 1_000_000_000 / u64::from(self.rate);
        self.start + Duration::from_secs(whole) + Duration::from_nanos(part_ns)
    }
}

/// A thread that releases each message when it is due; it sleeps more precisely than the runtime's timer.
pub struct Pacer {
    released: Vec<Arc<Semaphore>>,
    stop: Arc<AtomicBool>,
}

impl Pacer {
    /// Starts the thread.
    pub fn start(schedule: Schedule) -> Self {
        let released: Vec<Arc<Semaphore>> = (0..schedule.senders).map(|_| Arc::new(Semaphore::new(0))).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let (permits, stopped) = (released.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            for index in 0..schedule.total {
                if let Some(wait) = schedule.moment(index).checked_duration_since(Instant::now()) {
                    std::thread::sleep(wait);
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let sender = usize::try_from(index % u64::from(schedule.senders)).expect("fewer senders than SENDERS_MAX");
                permits[sender].add_permits(1);
            }
        });
        Self { released, stop }
    }

    /// What releases the messages of one sender.
    pub fn released(&self, sender: u32) -> Arc<Semaphore> {
        Arc::clone(&self.released[sender as usize])
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Whose turn it is: gives one sender the due time of each message, and nothing when the load is over.
pub enum Turns {
    /// Until a moment.
    Until(Instant),
    /// Until the shared count is used up.
    Count(Arc<AtomicU64>),
    /// Until somebody raises the flag.
    UntilRaised(Arc<AtomicBool>),
    /// By the clock.
    Paced {
        /// All due times.
        schedule: Schedule,
        /// Released so far.
        released: Arc<Semaphore>,
        /// The sender.
        sender: u32,
        /// Messages taken.
        taken: u64,
    },
}

impl Turns {
    /// Waits for the next message to be due.
    pub async fn next(&mut self) -> Option<Instant> {
        match self {
            Self::Until(end) => {
                let now = Instant::now();
                (now < *end).then_some(now)
            }
            Self::Count(left) => {
                let took = left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                took.is_ok().then(Instant::now)
            }
            Self::UntilRaised(flag) => (!flag.load(Ordering::Relaxed)).then(Instant::now),
            Self::Paced { schedule, released, sender, taken } => {
                if *taken == schedule.share(*sender) || Instant::now() > schedule.give_up() {
                    return None;
                }
                released.acquire().await.ok()?.forget();
                let due = schedule.due(*sender, *taken);
                *taken += 1;
                Some(due)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_due_times_interleave() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 100, Duration::from_secs(1), 3);
        assert_eq!((0..3).map(|sender| schedule.share(sender)).collect::<Vec<_>>(), [34, 33, 33]);
        assert_eq!(schedule.due(0, 0), start);
        assert_eq!(schedule.due(2, 1) - start, Duration::from_millis(50));
    }

    #[test]
    fn bounds_are_checked() {
        assert!(Pace::ClosedFor(Duration::ZERO).checked().is_err());
        assert!(Pace::ClosedCount(limits::MESSAGES_MAX + 1).checked().is_err());
        assert!(Pace::Open { rate: limits::RATE_MAX, lasting: Duration::from_secs(limits::SECONDS_MAX) }.checked().is_err());
        assert!(Pace::Open { rate: 500, lasting: Duration::from_secs(10) }.checked().is_ok());
    }

    #[tokio::test]
    async fn a_count_is_shared() {
        let left = Arc::new(AtomicU64::new(3));
        let (mut one, mut two) = (Turns::Count(Arc::clone(&left)), Turns::Count(left));
        assert!(one.next().await.is_some() && two.next().await.is_some() && one.next().await.is_some());
        assert!(one.next().await.is_none() && two.next().await.is_none());
    }

    #[tokio::test]
    async fn the_pacer_releases_every_message_once() {
        let schedule = Schedule::new(Instant::now(), 200, Duration::from_secs(1), 2);
        let pacer = Pacer::start(schedule);
        for sender in 0..2 {
            let mut turns = Turns::Paced { schedule, released: pacer.released(sender), sender, taken: 0 };
            let mut dues = Vec::new();
            while let Some(due) = turns.next().await {
                dues.push(due);
            }
            assert_eq!(dues.len(), 100);
            assert!(dues.is_sorted());
        }
    }
}
