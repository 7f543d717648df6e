//! Bytes under a name: written once from a stream, read as a stream, let go of.

use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use model::limits;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};

use crate::kind::HEAD_BYTES;
use crate::s3::{self, Bucket};
use crate::thumbnail::Size;

/// Where bytes are kept: a folder, a bucket, or memory.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    part_bytes: usize,
    /// The folder, where it is one: half-written files are found in it.
    folder: Option<PathBuf>,
}

/// Why bytes could not be kept or had. None of these carries any of them.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// More bytes came than may.
    #[error("more bytes than the bound")]
    TooLarge,
    /// The bytes stopped coming before their end.
    #[error("the bytes ended early: {0}")]
    Ended(String),
    /// There is nothing of this name.
    #[error("there is nothing of this name")]
    Missing,
    /// The place does not work.
    #[error("the object store: {0}")]
    Store(String),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Store(other.to_string()),
        }
    }
}

/// What was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How many bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// The first [`HEAD_BYTES`] of them.
    pub head: Vec<u8>,
}

/// Bytes on their way out.
pub struct Opened {
    /// How many.
    pub bytes: u64,
    /// The bytes; an error ends them.
    pub stream: BoxStream<'static, Result<Bytes, BlobError>>,
}

/// Bytes on their way in, with the reason in words when they end early.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>;

impl Blobs {
    /// In a folder of this machine, which is made when it is not there.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn in_folder(folder: &FilePath) -> Result<Self, BlobError> {
        let failed = |error: &dyn std::fmt::Display| BlobError::Store(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?.with_fsync(true);
        Ok(Self { store: Arc::new(store), part_bytes: limits::BLOB_PART_BYTES, folder: Some(folder.to_owned()) })
    }

    /// In a bucket that speaks S3.
    ///
    /// # Errors
    /// When the bucket's settings make no sense.
    pub fn in_bucket(bucket: &Bucket) -> Result<Self, BlobError> {
        Ok(Self { store: s3::open(bucket)?, part_bytes: limits::BLOB_PART_BYTES_S3, folder: None })
    }

    /// In memory, for tests.
    pub fn in_memory() -> Self {
        Self { store: Arc::new(InMemory::new()), part_bytes: limits::BLOB_PART_BYTES, folder: None }
    }

    /// Keeps what comes under this name, a part at a time; memory holds one part of it. What fails leaves nothing.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] beyond `bytes_max`, [`BlobError::Ended`] when the bytes stop early.
    pub async fn keep(&self, id: &str, mut from: Incoming, bytes_max: u64) -> Result<Kept, BlobError> {
        let path = path_of(id);
        let mut writing = Writing { blobs: self, path: &path, parts: None, buffer: BytesMut::new() };
        let (mut hash, mut bytes, mut head) = (Sha256::new(), 0_u64, Vec::with_capacity(HEAD_BYTES));
        loop {
            let next = match from.next().await {
                None => break,
                Some(Ok(chunk)) => {
                    bytes += chunk.len() as u64;
                    hash.update(&chunk);
                    head.extend(chunk.iter().take(HEAD_BYTES.saturating_sub(head.len())));
                    if bytes > bytes_max { Err(BlobError::TooLarge) } else { writing.take(&chunk).await }
                }
                Some(Err(reason)) => Err(BlobError::Ended(reason)),
            };
            if let Err(error) = next {
                writing.give_up().await;
                return Err(error);
            }
        }
        writing.finish().await?;
        Ok(Kept { bytes, sha256: hash.finalize().into(), head })
    }

    /// Opens what is kept under this name, or a part of it that lies inside it.
    ///
    /// # Errors
    /// [`BlobError::Missing`] when there is nothing.
    pub async fn open(&self, id: &str, part: Option<Range<u64>>) -> Result<Opened, BlobError> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&path_of(id), options).await?;
        Ok(Opened { bytes: found.meta.size, stream: found.into_stream().map_err(BlobError::from).boxed() })
    }

    /// All the bytes of this name.
    ///
    /// # Errors
    /// [`BlobError::Missing`]; [`BlobError::TooLarge`] when they are more than `bytes_max`.
    pub async fn read(&self, id: &str, bytes_max: u64) -> Result<Bytes, BlobError> {
        let found = self.store.get(&path_of(id)).await?;
        if found.meta.size > bytes_max {
            return Err(BlobError::TooLarge);
        }
        Ok(found.bytes().await?)
    }

    /// The thumbnail of this size, when it was made before.
    ///
    /// # Errors
    /// When the place does not work.
    pub async fn thumbnail(&self, id: &str, size: Size) -> Result<Option<Bytes>, BlobError> {
        match self.store.get(&thumbnail_path(id, size)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a thumbnail.
    ///
    /// # Errors
    /// When the place does not work.
    pub async fn keep_thumbnail(&self, id: &str, size: Size, bytes: Bytes) -> Result<(), BlobError> {
        self.store.put(&thumbnail_path(id, size), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    /// Lets go of what is kept under this name, its thumbnails and what was half written. Nothing there is fine.
    ///
    /// # Errors
    /// When the place does not work; it can be asked again.
    pub async fn forget(&self, id: &str) -> Result<(), BlobError> {
        let paths = Size::ALL.iter().map(|size| thumbnail_path(id, *size)).chain([path_of(id)]);
        for path in paths {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.forget_half_written(id).await
    }

    /// A server that was killed leaves files beside the name that they were to have.
    async fn forget_half_written(&self, id: &str) -> Result<(), BlobError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let beside = folder.join(path_of(id).as_ref());
        let beginning = format!("{id}#");
        let Some(folder) = beside.parent().map(FilePath::to_owned) else { return Ok(()) };
        let removed = tokio::task::spawn_blocking(move || {
            let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
            let ours = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&beginning);
            entries.flatten().filter(ours).try_for_each(|entry| std::fs::remove_file(entry.path()))
        });
        let outcome = removed.await.map_err(|error| BlobError::Store(error.to_string()))?;
        outcome.map_err(|error| BlobError::Store(error.to_string()))
    }
}

/// A blob as it is being written.
struct Writing<'a> {
    blobs: &'a Blobs,
    path: &'a Path,
    parts: Option<Box<dyn MultipartUpload>>,
    buffer: BytesMut,
}

impl Writing<'_> {
    async fn take(&mut self, chunk: &Bytes) -> Result<(), BlobError> {
        self.buffer.extend_from_slice(chunk);
        while self.buffer.len() >= self.blobs.part_bytes {
            let part = self.buffer.split_to(self.blobs.part_bytes).freeze();
            self.part(part).await?;
        }
        Ok(())
    }

    async fn part(&mut self, part: Bytes) -> Result<(), BlobError> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(self.blobs.store.put_multipart(self.path).await?),
        };
        parts.put_part(PutPayload::from_bytes(part)).await?;
        Ok(())
    }

    async fn finish(mut self) -> Result<(), BlobError> {
        let rest = std::mem::take(&mut self.buffer).freeze();
        if self.parts.is_none() {
            self.blobs.store.put(self.path, PutPayload::from_bytes(rest)).await?;
            return Ok(());
        }
        let last = if rest.is_empty() { Ok(()) } else { self.part(rest).await };
        let Some(parts) = &mut self.parts else { return last };
        let outcome = match last {
            Ok(()) => parts.complete().await.map(|_| ()).map_err(BlobError::from),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.give_up().await;
        }
        outcome
    }

    /// What has been written goes; what cannot be undone is found by the sweep over names that never became whole.
    async fn give_up(mut self) {
        if let Some(parts) = &mut self.parts {
            let _left = parts.abort().await;
        }
    }
}

/// Folders of two letters, so that none gets too long. Names are made by this server: letters and digits.
fn path_of(id: &str) -> Path {
    Path::from_iter(["media", shelf(id), id])
}

fn thumbnail_path(id: &str, size: Size) -> Path {
    Path::from_iter(["small", shelf(id), &format!("{id}-{}", size.name())])
}

fn shelf(id: &str) -> &str {
    id.get(..2).unwrap_or("xx")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn incoming(chunks: Vec<Result<Bytes, String>>) -> Incoming {
        Box::pin(stream::iter(chunks))
    }

    fn chunks(total: usize) -> (Vec<u8>, Incoming) {
        let bytes: Vec<u8> = (0..total).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let chunks = bytes.chunks(10_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        (bytes, incoming(chunks))
    }

    fn files(folder: &FilePath) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.file_name().to_string_lossy().into()) }
        }
        found
    }

    #[tokio::test]
    async fn what_was_kept_comes_back_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        for blobs in [Blobs::in_memory(), Blobs::in_folder(folder.path()).unwrap()] {
            for total in [0, 1, limits::BLOB_PART_BYTES, limits::BLOB_PART_BYTES * 2 + 7] {
                let (bytes, from) = chunks(total);
                let kept = blobs.keep("abcd", from, 10_000_000).await.unwrap();
                assert_eq!((kept.bytes, kept.sha256), (total as u64, Sha256::digest(&bytes).into()));
                assert_eq!(kept.head, bytes[..total.min(HEAD_BYTES)]);
                let opened = blobs.open("abcd", None).await.unwrap();
                assert_eq!(opened.bytes, total as u64);
                let back: Vec<Bytes> = opened.stream.try_collect().await.unwrap();
                assert_eq!(back.concat(), bytes);
                assert_eq!(blobs.read("abcd", 10_000_000).await.unwrap(), bytes);
                let part = (total as u64 / 3)..(total as u64 / 2);
                if !part.is_empty() {
                    let opened = blobs.open("abcd", Some(part.clone())).await.unwrap();
                    let back: Vec<Bytes> = opened.stream.try_collect().await.unwrap();
                    assert_eq!(back.concat(), bytes[usize::try_from(part.start).unwrap()..usize::try_from(part.end).unwrap()]);
                }
            }
            assert!(matches!(blobs.read("abcd", 9).await, Err(BlobError::TooLarge)));
            blobs.forget("abcd").await.unwrap();
            blobs.forget("abcd").await.unwrap();
            assert!(matches!(blobs.open("abcd", None).await, Err(BlobError::Missing)));
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_ends_early_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        for total in [100, limits::BLOB_PART_BYTES * 3] {
            let (_, from) = chunks(total);
            assert!(matches!(blobs.keep("ab1", from, total as u64 - 1).await, Err(BlobError::TooLarge)));
            let (_, from) = chunks(total);
            let broken = Box::pin(from.chain(stream::iter([Err("gone".to_owned())])));
            assert!(matches!(blobs.keep("ab2", broken, 10_000_000).await, Err(BlobError::Ended(_))));
        }
        assert_eq!(files(folder.path()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_a_killed_server_left_goes_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        for id in ["ab1", "ab2"] {
            blobs.keep(id, chunks(10).1, 10).await.unwrap();
            std::fs::write(folder.path().join(format!("media/ab/{id}#1")), "half").unwrap();
        }
        blobs.keep_thumbnail("ab1", Size::ALL[0], Bytes::from_static(b"small")).await.unwrap();
        assert_eq!(blobs.thumbnail("ab1", Size::ALL[0]).await.unwrap().unwrap(), b"small".as_slice());
        blobs.forget("ab1").await.unwrap();
        let mut left = files(folder.path());
        left.sort();
        assert_eq!(left, ["ab2", "ab2#1"]);
    }
}
