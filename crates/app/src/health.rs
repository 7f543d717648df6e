//! Whether the server can do its work.

use store::query::ping::Ping;

use crate::{App, Error};

impl App {
    /// Fails when the store does not answer.
    ///
    /// # Errors
    /// The store's.
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store.read(Ping).await?)
    }

    /// Closes the store; the server can do nothing afterwards.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// `sqlite` or `postgres`.
    pub fn store_kind(&self) -> &'static str {
        self.store.kind()
    }
}
