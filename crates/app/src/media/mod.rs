//! Media: taken in within bounds, given out to those who know the address, made small.
//!
//! Who has an account here and knows the address of media may have them, as everywhere in Matrix: the server cannot
//! see what is shown in sealed conversations, so it could not ask for more there. Addresses are drawn like keys.

mod down;
mod thumbnails;
mod up;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::id::OwnedUserId;
use model::limits;
use model::secret::Secret;
use moka::sync::Cache;
use tokio::sync::{Notify, Semaphore};

pub use blobs::{BlobError, Blobs, Incoming};
pub use down::Found;
pub use thumbnails::{Thumbnail, Wish};
pub use up::{Announcement, Upload};

use store::command::media::{ExpireMedia, RemoveMedia};
use store::query::media::MediaGone;

use crate::config::Tls;
use crate::{App, Error};

/// What uploads may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaBounds {
    /// Bytes of one file.
    pub upload_bytes: u64,
    /// Bytes that all files of one person may have.
    pub user_bytes: i64,
}

impl Default for MediaBounds {
    fn default() -> Self {
        Self { upload_bytes: 50 * 1024 * 1024, user_bytes: 5 * 1024 * 1024 * 1024 }
    }
}

/// A bucket that speaks S3.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Address of the service, as in `https://s3.example.org`.
    pub endpoint: String,
    /// Its name.
    pub bucket: String,
    /// The region, as the service calls it.
    pub region: String,
    /// The key's ID.
    pub key_id: String,
    /// The key.
    pub key: Secret<String>,
}

impl Bucket {
    /// The bucket as a place for media; over `https://` it must be certified by an authority of `tls`.
    ///
    /// # Errors
    /// When its settings make no sense.
    pub fn open(&self, tls: &Tls) -> Result<Blobs, BlobError> {
        let Self { endpoint, bucket, region, key_id, key } = self.clone();
        Blobs::in_bucket(&blobs::Bucket { endpoint, bucket, region, key_id, key, tls: Arc::clone(&tls.0) })
    }
}

/// Where media are, and who is busy with them.
#[derive(Debug)]
pub(crate) struct Media {
    blobs: Blobs,
    /// Rung when an upload is complete.
    arrived: Notify,
    /// Rung when there may be bytes to delete.
    pub(crate) sweep: Notify,
    uploads: Arc<Semaphore>,
    uploading: Arc<Mutex<HashMap<OwnedUserId, usize>>>,
    waiting: Semaphore,
    thumbnails: Arc<Semaphore>,
    thumbnails_waiting: Semaphore,
    failed: Cache<String, blobs::thumbnail::ThumbnailError>,
}

impl Media {
    pub(crate) fn new(blobs: Blobs) -> Self {
        let failed = Cache::builder().max_capacity(limits::THUMBNAILS_FAILED).time_to_live(Duration::from_hours(1)).build();
        Self {
            blobs,
            arrived: Notify::new(),
            sweep: Notify::new(),
            uploads: Arc::new(Semaphore::new(limits::UPLOADS_AT_ONCE)),
            uploading: Arc::default(),
            waiting: Semaphore::new(limits::MEDIA_WAITERS),
            thumbnails: Arc::new(Semaphore::new(limits::THUMBNAILS_AT_ONCE)),
            thumbnails_waiting: Semaphore::new(limits::THUMBNAILS_WAITING),
            failed,
        }
    }
}

impl App {
    /// Deletes the bytes of media that nothing shows any more, and of those that did not come in time; gives how many.
    ///
    /// # Errors
    /// When the store fails; what was deleted before stays so.
    pub async fn sweep_media(&self) -> Result<usize, Error> {
        self.store.run(ExpireMedia { now: self.clock.now() }).await?;
        let mut gone = 0;
        loop {
            let mut media_ids = Vec::new();
            for media_id in self.store.read(MediaGone).await? {
                match self.media.blobs.forget(&media_id).await {
                    Ok(()) => media_ids.push(media_id),
                    Err(error) => tracing::warn!(%error, "media could not be deleted; it is tried again in a moment"),
                }
            }
            if media_ids.is_empty() {
                return Ok(gone);
            }
            gone += media_ids.len();
            self.store.run(RemoveMedia { media_ids }).await?;
        }
    }
}

/// What an object store's failure means to who asked.
fn blob_error(error: BlobError) -> Error {
    match error {
        BlobError::TooLarge => Error::TooLarge("this is more than may be uploaded here".to_owned()),
        BlobError::Ended(reason) => Error::Unknown(format!("the upload did not come to its end: {reason}")),
        BlobError::Missing => not_found(),
        BlobError::Store(error) => Error::Internal(error),
    }
}

fn not_found() -> Error {
    Error::NotFound("there are no such media here".to_owned())
}
