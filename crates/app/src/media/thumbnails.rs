//! Pictures made small, on threads that may block, a few at a time, and kept for the next who asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use blobs::kind;
use blobs::thumbnail::{self, Size, ThumbnailError};
use bytes::Bytes;
use model::id::ServerName;
use model::limits;
use tokio::sync::OwnedSemaphorePermit;

use super::{BlobError, Found, blob_error};
use crate::{App, Error};

/// A thumbnail as somebody wants it.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Pixels across.
    pub width: u64,
    /// Pixels down.
    pub height: u64,
    /// Cut to this form, instead of fitted into it.
    pub crop: bool,
    /// How long to wait for a picture on its way.
    pub wait: Duration,
}

/// A picture made small.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// `image/png` or `image/jpeg`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Bytes,
    /// What it was made of.
    pub of: Found,
    /// Its size, as a name.
    pub size: String,
}

impl App {
    /// A picture made small. It may be a little larger than wanted, and is never larger than the picture.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Unknown`] for what is no picture, and whatever calls itself unknown bytes, as
    /// encrypted files do; [`Error::TooLarge`] beyond the bounds of pixels, bytes and time; [`Error::Busy`].
    pub async fn thumbnail(&self, server: &ServerName, media_id: &str, wish: Wish) -> Result<Thumbnail, Error> {
        let found = self.find_media(server, media_id, wish.wait).await?;
        if kind::essence(&found.content_type).eq_ignore_ascii_case(kind::UNKNOWN) {
            return Err(Error::Unknown("these bytes are not made small: they do not say that they are a picture".to_owned()));
        }
        let size = Size::for_wish(wish.width, wish.height, wish.crop);
        let bytes = match self.media.blobs.thumbnail(media_id, size).await.map_err(blob_error)? {
            Some(bytes) => bytes,
            None => self.make_thumbnail(media_id, size).await?,
        };
        Ok(Thumbnail { content_type: thumbnail::content_type(&bytes), bytes, of: found, size: size.name() })
    }

    async fn make_thumbnail(&self, media_id: &str, size: Size) -> Result<Bytes, Error> {
        if let Some(failed) = self.media.failed.get(media_id) {
            return Err(refusal(failed));
        }
        let _place = self.media.thumbnails_waiting.try_acquire().map_err(|_| Error::Busy)?;
        let turn = Arc::clone(&self.media.thumbnails).acquire_owned();
        let patience = Duration::from_millis(limits::THUMBNAIL_MS);
        let turn = tokio::time::timeout(patience, turn).await.map_err(|_| Error::Busy)?;
        let turn = turn.map_err(|error| Error::Internal(error.to_string()))?;
        // whoever was before in the queue may have made it
        if let Some(bytes) = self.media.blobs.thumbnail(media_id, size).await.map_err(blob_error)? {
            return Ok(bytes);
        }
        let source = match self.media.blobs.read(media_id, limits::PICTURE_BYTES).await {
            Ok(source) => Ok(source),
            Err(BlobError::TooLarge) => Err(ThumbnailError::TooLarge),
            Err(error) => return Err(blob_error(error)),
        };
        let made = match source {
            Ok(source) => shrink(source, size, turn).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(bytes) => {
                self.media.blobs.keep_thumbnail(media_id, size, bytes.clone()).await.map_err(blob_error)?;
                Ok(bytes)
            }
            Err(error) => {
                self.media.failed.insert(media_id.to_owned(), error);
                Err(refusal(error))
            }
        }
    }
}

/// Works on a thread that may block. It holds its turn until it is done, also when nobody waits any longer.
async fn shrink(source: Bytes, size: Size, turn: OwnedSemaphorePermit) -> Result<Bytes, ThumbnailError> {
    let patience = Duration::from_millis(limits::THUMBNAIL_MS);
    let end = Instant::now() + patience;
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        thumbnail::make(&source, size, || Instant::now() >= end).map(|small| Bytes::from(small.bytes))
    });
    match tokio::time::timeout(patience, work).await {
        Err(_) => Err(ThumbnailError::TooLarge),
        // a decoder that panics has met a broken picture
        Ok(Err(_)) => Err(ThumbnailError::Broken),
        Ok(Ok(made)) => made,
    }
}

fn refusal(error: ThumbnailError) -> Error {
    match error {
        ThumbnailError::TooLarge => Error::TooLarge(error.to_string()),
        ThumbnailError::NoPicture | ThumbnailError::Broken => Error::Unknown(error.to_string()),
    }
}
