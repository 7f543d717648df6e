//! Making commits durable beside the writer: while the disk takes one batch, the writer works on the next.
//!
//! The writer's connection does not wait for the disk (`synchronous = normal`); this file does, by its own handle
//! of the write-ahead log. Nobody is answered before their commit is on the disk, and nobody is shown what is not.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::Notify;

use super::Work;
use crate::error::StoreError;

/// How far commits got. They are numbered in order, just before they become visible to readers.
#[derive(Debug, Default)]
pub(super) struct Progress {
    begun: AtomicU64,
    durable: AtomicU64,
    lost: AtomicBool,
    moved: Notify,
}

impl Progress {
    /// Waits until all that a read which ended just now may have seen is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the disk failed: what it holds is not known any more.
    pub(super) async fn settled(&self) -> Result<(), StoreError> {
        let upto = self.begun.load(Ordering::SeqCst);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            self.check()?;
            if self.durable.load(Ordering::SeqCst) >= upto {
                return Ok(());
            }
            moved.await;
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.lost.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the disk failed to keep a commit; restart the server".to_owned()));
        }
        Ok(())
    }
}

/// What makes everything durable that was written to the log so far.
trait Disk: Send + Sync {
    fn sync(&self) -> io::Result<()>;
}

impl Disk for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A batch after its commit.
struct Committed {
    number: u64,
    jobs: Vec<Box<dyn Work>>,
}

/// The writer's side: hands batches to the disk.
pub(super) struct Syncer {
    log: Arc<dyn Disk>,
    progress: Arc<Progress>,
    state: Arc<State>,
    queue: SyncSender<Committed>,
    thread: JoinHandle<()>,
}

/// Batches that the thread has or that wait for it.
#[derive(Debug, Default)]
struct State {
    pending: AtomicUsize,
    idle: Notify,
}

/// Up to so many commands are waited for by the writer itself: to wake another thread would cost more than is gained.
const SMALL_BATCH: usize = 3;

impl Syncer {
    /// Opens the log of the database file, which has one by now, and starts the thread.
    pub(super) fn start(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let log =
            File::options().write(true).open(path).map_err(|error| StoreError::Unavailable(format!("the write-ahead log: {error}")))?;
        Self::over(Arc::new(log))
    }

    fn over(log: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let (progress, state) = (Arc::<Progress>::default(), Arc::<State>::default());
        let (queue, committed) = sync_channel(1);
        let work = (Arc::clone(&log), Arc::clone(&progress), Arc::clone(&state));
        let thread = thread::Builder::new()
            .name("store-sync".to_owned())
            .spawn(move || run(work.0.as_ref(), &work.1, &work.2, &committed))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { log, progress, state, queue, thread })
    }

    /// What readers wait for.
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Fails once the disk has lost a commit.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.progress.check()
    }

    /// To be called just before a commit: numbers it.
    pub(super) fn begin(&self) -> u64 {
        self.progress.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether the disk is at work for the thread.
    pub(super) fn is_busy(&self) -> bool {
        self.state.pending.load(Ordering::SeqCst) > 0
    }

    /// Waits until it is not.
    pub(super) async fn idle(&self) {
        loop {
            let idle = self.state.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if !self.is_busy() {
                return;
            }
            idle.await;
        }
    }

    /// Answers the jobs of a batch once it is on the disk: here, or on the thread.
    pub(super) fn hand_over(&self, number: u64, jobs: Vec<Box<dyn Work>>) {
        let committed = Committed { number, jobs };
        if committed.jobs.len() <= SMALL_BATCH && !self.is_busy() {
            settle(self.log.as_ref(), &self.progress, committed);
            return;
        }
        self.state.pending.fetch_add(1, Ordering::SeqCst);
        if let Err(refused) = self.queue.send(committed) {
            // the thread is gone: nobody else counts this batch off
            self.state.pending.fetch_sub(1, Ordering::SeqCst);
            settle(self.log.as_ref(), &self.progress, refused.0);
        }
    }

    /// Ends the thread after what it has.
    pub(super) fn end(self) {
        drop(self.queue);
        if self.thread.join().is_err() {
            tracing::error!("the store's waiting for the disk did not end well");
        }
    }
}

fn run(log: &dyn Disk, progress: &Progress, state: &State, queue: &Receiver<Committed>) {
    while let Ok(committed) = queue.recv() {
        settle(log, progress, committed);
        if state.pending.fetch_sub(1, Ordering::SeqCst) == 1 {
            state.idle.notify_waiters();
        }
    }
}

fn settle(log: &dyn Disk, progress: &Progress, committed: Committed) {
    let synced = log.sync();
    if let Err(error) = &synced {
        // after a failed sync nobody knows what the disk holds: a later one would claim success
        progress.lost.store(true, Ordering::SeqCst);
        tracing::error!(%error, "the disk failed to keep a commit: nothing more is read or written");
    }
    progress.durable.store(committed.number, Ordering::SeqCst);
    progress.moved.notify_waiters();
    let failure = synced.err().map(|error| error.to_string());
    for job in committed.jobs {
        job.answer(failure.clone().map_or(Ok(()), |error| Err(StoreError::Unavailable(error))));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    use super::*;
    use crate::sqlite::SqliteTx;

    /// A disk that does as it is told, once for each sync.
    struct Told(Mutex<Receiver<io::Result<()>>>);

    impl Disk for Told {
        fn sync(&self) -> io::Result<()> {
            self.0.lock().unwrap().recv().unwrap()
        }
    }

    struct Job(Sender<Result<(), StoreError>>);

    impl Work for Job {
        fn run(&mut self, _: &mut SqliteTx) -> bool {
            false
        }

        fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
            self.0.send(committed).unwrap();
        }
    }

    type Orders = Sender<io::Result<()>>;
    type Answers = Receiver<Result<(), StoreError>>;

    /// A syncer that has a batch, the disk's orders and the answers.
    fn with_a_batch() -> (Syncer, Orders, Answers) {
        let (orders, told) = std::sync::mpsc::channel();
        let syncer = Syncer::over(Arc::new(Told(Mutex::new(told)))).unwrap();
        let (answer, answers) = std::sync::mpsc::channel();
        let jobs = (0..=SMALL_BATCH).map(|_| Box::new(Job(answer.clone())) as Box<dyn Work>).collect();
        syncer.hand_over(syncer.begin(), jobs);
        (syncer, orders, answers)
    }

    #[tokio::test]
    async fn nothing_is_answered_or_shown_before_it_is_on_the_disk() {
        let (syncer, orders, answers) = with_a_batch();
        let progress = syncer.progress();
        let mut shown = Box::pin(progress.settled());
        assert!(futures_poll(&mut shown).is_none());
        assert!(answers.try_recv().is_err() && syncer.is_busy());
        orders.send(Ok(())).unwrap();
        shown.await.unwrap();
        syncer.idle().await;
        assert_eq!(answers.try_iter().flatten().count(), SMALL_BATCH + 1);
        progress.settled().await.unwrap();
        syncer.end();
    }

    #[tokio::test]
    async fn after_the_disk_failed_nothing_is_read_or_written() {
        let (syncer, orders, answers) = with_a_batch();
        orders.send(Err(io::Error::other("broken"))).unwrap();
        syncer.idle().await;
        assert_eq!(answers.try_iter().filter(Result::is_err).count(), SMALL_BATCH + 1);
        assert!(syncer.check().is_err() && syncer.progress().settled().await.is_err());
        syncer.end();
    }

    /// Polls once.
    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        match std::pin::Pin::new(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
