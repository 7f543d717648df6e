//! Uploads: admitted, taken in a part at a time, counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blobs::{Incoming, kind};
use futures_util::{StreamExt, stream};
use model::clock::Timestamp;
use model::id::{OwnedUserId, ServerName};
use model::{limits, media};
use store::command::media::{AnnounceMedia, Announced, FailMedia, File, FillMedia, Filling, FinishMedia, Finished};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::{blob_error, not_found};
use crate::{App, Caller, Error};

/// What a client says of a file that it is about to send.
#[derive(Clone, Debug, Default)]
pub struct Upload {
    /// Its content type.
    pub content_type: Option<String>,
    /// Its name.
    pub file_name: Option<String>,
    /// How many bytes, when that was said.
    pub bytes: Option<u64>,
}

impl Upload {
    fn file(&self) -> File {
        File { content_type: kind::declared(self.content_type.as_deref()), file_name: self.file_name.as_deref().and_then(media::file_name) }
    }
}

/// An address that waits for its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The address.
    pub address: String,
    /// When it is let go of if nothing came.
    pub expires: Timestamp,
}

/// The right to upload one file now; ends when dropped.
struct Turn {
    _of_all: OwnedSemaphorePermit,
    uploading: Arc<Mutex<HashMap<OwnedUserId, usize>>>,
    user: OwnedUserId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut uploading = self.uploading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = uploading.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                uploading.remove(&self.user);
            }
        }
    }
}

impl App {
    /// Reserves an address for a file that comes later.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when too many wait for their files; [`Error::UserLimit`] when the quota is used up.
    pub async fn announce_media(&self, caller: &Caller) -> Result<Announcement, Error> {
        caller.may_write()?;
        self.admit_upload(&caller.user_id)?;
        let media_id = self.announce(caller, None).await?;
        let address = media::address(&self.config.server_name, &media_id);
        Ok(Announcement { address, expires: self.clock.now().plus_ms(limits::MEDIA_PENDING_MS) })
    }

    /// Takes a file in and gives its address.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::UserLimit`], [`Error::LimitExceeded`]; [`Error::Unknown`] when it ends early.
    pub async fn upload(self: &Arc<Self>, caller: &Caller, upload: Upload, from: Incoming) -> Result<String, Error> {
        let turn = self.begin_upload(caller, &upload)?;
        let file = upload.file();
        let content_type = file.content_type.clone();
        let media_id = self.announce(caller, Some(file)).await?;
        self.take_in(turn, media_id.clone(), content_type, from).await?;
        Ok(media::address(&self.config.server_name, &media_id))
    }

    /// Takes a file in at an address that was reserved for it.
    ///
    /// # Errors
    /// As [`App::upload`]; [`Error::NotFound`], [`Error::Forbidden`] for somebody else's address,
    /// [`Error::CannotOverwriteMedia`] when a file is there.
    pub async fn upload_to(
        self: &Arc<Self>,
        caller: &Caller,
        server: &ServerName,
        media_id: String,
        upload: Upload,
        from: Incoming,
    ) -> Result<(), Error> {
        let turn = self.begin_upload(caller, &upload)?;
        if server != self.config.server_name || !media::is_id(&media_id) {
            return Err(not_found());
        }
        let file = upload.file();
        let content_type = file.content_type.clone();
        let command = FillMedia { media_id: media_id.clone(), owner: caller.user_id.clone(), file, now: self.clock.now() };
        match self.store.run(command).await? {
            Filling::Begun => self.take_in(turn, media_id, content_type, from).await,
            Filling::Unknown => Err(not_found()),
            Filling::NotYours => Err(Error::Forbidden("this address was reserved by somebody else".to_owned())),
            Filling::AlreadyThere => Err(Error::CannotOverwriteMedia),
        }
    }

    /// Whether the caller may upload this now.
    fn begin_upload(&self, caller: &Caller, upload: &Upload) -> Result<Turn, Error> {
        caller.may_write()?;
        let most = self.config.media.upload_bytes;
        if upload.bytes.is_some_and(|bytes| bytes > most) {
            return Err(Error::TooLarge(format!("a file may have at most {most} bytes here")));
        }
        self.admit_upload(&caller.user_id)?;
        let of_all = Arc::clone(&self.media.uploads).try_acquire_owned().map_err(|_| Error::Busy)?;
        let uploading = Arc::clone(&self.media.uploading);
        let mut counts = uploading.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller.user_id.clone()).or_default();
        if *count >= limits::UPLOADS_PER_USER {
            return Err(Error::Busy);
        }
        *count += 1;
        drop(counts);
        Ok(Turn { _of_all: of_all, uploading, user: caller.user_id.clone() })
    }

    async fn announce(&self, caller: &Caller, file: Option<File>) -> Result<String, Error> {
        let media_id = media::new_id(&*self.entropy);
        let quota_bytes = self.config.media.user_bytes;
        let command = AnnounceMedia { media_id: media_id.clone(), owner: caller.user_id.clone(), file, quota_bytes, now: self.clock.now() };
        match self.store.run(command).await? {
            Announced::Done => Ok(media_id),
            Announced::Full => Err(self.quota_used_up()),
            Announced::TooMany => Err(Error::LimitExceeded { retry_after_ms: limits::UPLOAD_MS }),
        }
    }

    fn quota_used_up(&self) -> Error {
        Error::UserLimit {
            message: format!("your files may have {} bytes together, and these would be more", self.config.media.user_bytes),
            info_uri: format!("{}/.well-known/matrix/support", self.config.base_url),
        }
    }

    /// Takes the bytes in on a task of its own: a client that goes away ends its bytes, and what it began is tidied up.
    async fn take_in(self: &Arc<Self>, turn: Turn, media_id: String, content_type: String, from: Incoming) -> Result<(), Error> {
        let app = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = app.take_bytes(&media_id, &content_type, from).await;
            drop(turn);
            metrics::counter!("frankly_uploads_total", "ok" => outcome.is_ok().to_string()).increment(1);
            outcome
        });
        task.await.map_err(|error| Error::Internal(error.to_string()))?
    }

    async fn take_bytes(&self, media_id: &str, content_type: &str, from: Incoming) -> Result<(), Error> {
        let kept = match self.media.blobs.keep(media_id, in_time(from), self.config.media.upload_bytes).await {
            Ok(kept) => kept,
            Err(error) => {
                self.store.run(FailMedia { media_id: media_id.to_owned() }).await?;
                self.media.sweep.notify_one();
                return Err(blob_error(error));
            }
        };
        let command = FinishMedia {
            media_id: media_id.to_owned(),
            bytes: i64::try_from(kept.bytes).unwrap_or(i64::MAX),
            sha256: kept.sha256,
            in_place: kind::inline(content_type, &kept.head),
            quota_bytes: self.config.media.user_bytes,
        };
        match self.store.run(command).await? {
            Finished::Ready => {
                self.media.arrived.notify_waiters();
                Ok(())
            }
            Finished::Full => {
                self.media.sweep.notify_one();
                Err(self.quota_used_up())
            }
            Finished::Gone => {
                self.media.blobs.forget(media_id).await.map_err(blob_error)?;
                Err(not_found())
            }
        }
    }
}

/// Ends bytes that come too slowly, or for too long.
fn in_time(from: Incoming) -> Incoming {
    let end = Instant::now() + Duration::from_millis(limits::UPLOAD_MS);
    Box::pin(stream::unfold(Some(from), move |from| async move {
        let mut from = from?;
        let next = end.min(Instant::now() + Duration::from_millis(limits::UPLOAD_PAUSE_MS));
        match timeout_at(next, from.next()).await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((chunk, Some(from))),
            Err(_) => Some((Err("it took too long".to_owned()), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_that_never_end_are_ended() {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let began = Instant::now();
        let came = in_time(Box::pin(drops)).take_while(|chunk| std::future::ready(chunk.is_ok())).count().await;
        assert_eq!(began.elapsed().as_millis(), u128::from(limits::UPLOAD_MS));
        assert!((89..=90).contains(&came), "one each ten seconds: {came}");
        let silence = in_time(Box::pin(stream::pending()));
        let began = Instant::now();
        assert!(silence.collect::<Vec<_>>().await.first().unwrap().is_err());
        assert_eq!(began.elapsed().as_millis(), u128::from(limits::UPLOAD_PAUSE_MS));
    }
}
