//! Downloads.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use model::id::ServerName;
use model::{limits, media};
use store::query::media::{Media, MediaById};
use tokio::time::{Instant, timeout_at};

use super::{BlobError, blob_error, not_found};
use crate::{App, Error};

/// Media that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub media_id: String,
    /// What it says it is.
    pub content_type: String,
    /// Its name as its owner called it.
    pub file_name: Option<String>,
    /// How many bytes.
    pub bytes: i64,
    /// Their SHA-256.
    pub sha256: Vec<u8>,
    /// Whether a browser may show it in place.
    pub in_place: bool,
}

impl App {
    /// Looks media up; those on their way are waited for.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NotYetUploaded`] when they did not come in time.
    pub async fn find_media(&self, server: &ServerName, media_id: &str, wait: Duration) -> Result<Found, Error> {
        if server != self.config.server_name || !media::is_id(media_id) {
            return Err(not_found());
        }
        let end = Instant::now() + wait.min(Duration::from_millis(limits::MEDIA_WAIT_MS));
        let mut turn = None;
        loop {
            // listening begins before looking, so that nothing arrives in between
            let arrived = self.media.arrived.notified();
            let row = self.store.read(MediaById { media_id: media_id.to_owned() }).await?.ok_or_else(not_found)?;
            if let Some(found) = there(media_id, row)? {
                return Ok(found);
            }
            if turn.is_none() {
                turn = Some(self.media.waiting.try_acquire().map_err(|_| Error::Busy)?);
            }
            // somebody else's server process may have taken it in
            let look_again = end.min(Instant::now() + Duration::from_secs(1));
            if timeout_at(look_again, arrived).await.is_err() && Instant::now() >= end {
                return Err(Error::NotYetUploaded);
            }
        }
    }

    /// The bytes of media that were found, or a part of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they have gone meanwhile.
    pub async fn open_media(&self, found: &Found, part: Option<Range<u64>>) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, Error> {
        let opened = self.media.blobs.open(&found.media_id, part).await.map_err(|error| lost(&error, error_of(&error)))?;
        metrics::counter!("frankly_downloads_total").increment(1);
        Ok(opened.stream)
    }
}

/// What is there; `None` while it is on its way.
fn there(media_id: &str, row: Media) -> Result<Option<Found>, Error> {
    match (row.state.as_str(), row.sha256) {
        ("ready", Some(sha256)) => Ok(Some(Found {
            media_id: media_id.to_owned(),
            content_type: row.content_type,
            file_name: row.file_name,
            bytes: row.bytes,
            sha256,
            in_place: row.in_place,
        })),
        ("reserved" | "arriving", _) => Ok(None),
        _ => Err(not_found()),
    }
}

/// Bytes that the database knows of and the object store does not.
fn lost(error: &BlobError, refusal: Error) -> Error {
    if matches!(error, BlobError::Missing) {
        tracing::warn!("the bytes of media are not where they should be");
    }
    refusal
}

fn error_of(error: &BlobError) -> Error {
    match error {
        BlobError::Missing => not_found(),
        other => blob_error(BlobError::Store(other.to_string())),
    }
}
