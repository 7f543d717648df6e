//! Copying the write-ahead log into the database file beside the writer, so that no commit waits for it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use model::limits;
use rusqlite::Connection;

use crate::error::StoreError;

/// A thread with a connection of its own that empties the log every so many commands. It never catches up with a busy
/// writer; the little that is left the writer copies itself when the log is at its bound, and begins the log anew.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
    commands: usize,
}

impl Checkpointer {
    /// Opens the connection and starts the thread.
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch("pragma cache_size = -500;")?;
        let (wake, woken) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&connection, &woken))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { wake, thread, commands: 0 })
    }

    /// Counts the commands of a commit.
    pub(super) fn committed(&mut self, commands: usize) {
        self.commands += commands;
        if self.commands >= limits::CHECKPOINT_COMMANDS && self.wake.try_send(()).is_ok() {
            self.commands = 0;
        }
    }

    /// Ends the thread and closes its connection.
    pub(super) fn end(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            tracing::error!("the store's checkpoints did not end well");
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Err(error) = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())) {
            tracing::warn!(%error, "a checkpoint failed; the next one goes on where it stopped");
        }
    }
}
