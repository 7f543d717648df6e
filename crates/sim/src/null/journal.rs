//! The null server's disk: one writer thread appends, one fdatasync covers everything that waits.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::error::SimError;
use crate::limits;

/// A file that grows; an entry is on the disk when [`Journal::append`] returns.
#[derive(Clone)]
pub(crate) struct Journal {
    queue: mpsc::Sender<Entry>,
}

struct Entry {
    bytes: Bytes,
    durable: oneshot::Sender<()>,
}

impl Journal {
    /// Opens the file and starts its thread, which ends with the last clone of the journal.
    pub(crate) fn open(path: &Path) -> Result<Self, SimError> {
        let file = File::options().create(true).append(true).open(path);
        let mut file = file.map_err(|source| SimError::io(format!("opening {}", path.display()), source))?;
        let (queue, mut waiting) = mpsc::channel::<Entry>(4 * limits::NULL_BATCH_MAX);
        std::thread::spawn(move || {
            let (mut batch, mut buffer) = (Vec::with_capacity(limits::NULL_BATCH_MAX), Vec::new());
            while waiting.blocking_recv_many(&mut batch, limits::NULL_BATCH_MAX) > 0 {
                buffer.clear();
                for entry in &batch {
                    buffer.extend_from_slice(&entry.bytes);
                    buffer.push(b'\n');
                }
                if file.write_all(&buffer).and_then(|()| file.sync_data()).is_err() {
                    // Dropping the batch answers every waiting request with an error.
                    batch.clear();
                }
                for entry in batch.drain(..) {
                    // The request may have been given up meanwhile.
                    let _ = entry.durable.send(());
                }
            }
        });
        Ok(Self { queue })
    }

    /// Appends one line; false if it could not be written.
    pub(crate) async fn append(&self, bytes: Bytes) -> bool {
        let (durable, written) = oneshot::channel();
        self.queue.send(Entry { bytes, durable }).await.is_ok() && written.await.is_ok()
    }
}
