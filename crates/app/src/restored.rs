//! A database that was brought back from a copy.

use store::command::restored::{BeginEpoch, Epoch};

use crate::{App, Error};

impl App {
    /// To be called once, before serving, when the database was brought back from a copy: drops every
    /// one-time key (those given out since would be given out again) and moves all positions on, so that
    /// clients are told their rooms as they stand instead of missing what took the old positions.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_epoch(&self) -> Result<Epoch, Error> {
        let epoch = self.store.run(BeginEpoch).await?;
        self.rooms.invalidate_all();
        tracing::warn!(epoch = epoch.number, keys_dropped = epoch.keys_dropped, "a new epoch began: the database was brought back");
        Ok(epoch)
    }
}
