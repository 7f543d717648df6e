//! Copying the write-ahead log into the database file beside the writer, so that no commit waits for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use model::limits;
use rusqlite::Connection;

use crate::error::StoreError;

/// Frames that came during the pass before, below which the rest is left to the writer.
const LITTLE_FRAMES: i64 = 1_500;
/// Passes in a row over a long log.
const PASSES_MAX: usize = 8;

/// A thread with a connection of its own that empties the log every so many commands. It never catches up with a busy
/// writer: when the log has become long, it goes on until little is left, and asks the writer to copy that little
/// itself, which begins the log anew. After a while without commits the log is emptied altogether.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    commands: usize,
    shared: Arc<Shared>,
}

/// What the writer and the thread tell each other.
#[derive(Debug, Default)]
struct Shared {
    commits: AtomicU64,
    writers_turn: AtomicBool,
}

impl Checkpointer {
    /// Opens the connection and starts the thread.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch("pragma cache_size = -500;")?;
        let (wake, woken) = sync_channel(1);
        let shared = Arc::<Shared>::default();
        let told = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&connection, &woken, &told))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { wake, thread, commands: 0, shared })
    }

    /// Counts the commands of a commit.
    pub(super) fn committed(&mut self, commands: usize) {
        self.shared.commits.fetch_add(1, Ordering::SeqCst);
        self.commands += commands;
        if self.commands >= limits::CHECKPOINT_COMMANDS && self.wake.try_send(()).is_ok() {
            self.commands = 0;
        }
    }

    /// Whether the writer is to copy what is left of the log, once.
    pub(super) fn writers_turn(&self) -> bool {
        self.shared.writers_turn.swap(false, Ordering::SeqCst)
    }

    /// Ends the thread and closes its connection.
    pub(super) fn end(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::error!("the store's checkpoints did not end well");
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>, shared: &Shared) {
    let (mut seen, mut emptied) = (0, 0);
    loop {
        let done = match woken.recv_timeout(Duration::from_millis(limits::LOG_QUIET_MS)) {
            Ok(()) => passes(connection, shared),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let before = std::mem::replace(&mut seen, shared.commits.load(Ordering::SeqCst));
                if seen != before || seen == emptied {
                    continue;
                }
                emptied = seen;
                empty(connection)
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a checkpoint failed; the next one goes on where it stopped");
        }
    }
}

/// Empties the log of a quiet database, so that its file takes no room. Nearly all is copied without keeping a writer out.
fn empty(connection: &Connection) -> Result<(), rusqlite::Error> {
    pass(connection)?;
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
}

/// One pass over a short log; over a long one as many as it takes until little came since the last.
fn passes(connection: &Connection, shared: &Shared) -> Result<(), rusqlite::Error> {
    let mut before = 0;
    for _ in 0..PASSES_MAX {
        let frames = pass(connection)?;
        if frames < limits::LOG_FRAMES {
            return Ok(());
        }
        if frames - before < LITTLE_FRAMES {
            break;
        }
        before = frames;
    }
    shared.writers_turn.store(true, Ordering::SeqCst);
    Ok(())
}

/// Copies what is committed; gives the frames that the log had when it began.
pub(super) fn pass(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("pragma wal_checkpoint(passive)", [], |row| row.get(1))
}
