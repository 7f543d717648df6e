//! Media as the database knows them: announced, arriving, ready, gone. The bytes are elsewhere and follow: a name is in
//! here before its first byte is written, and stays until its last is deleted.

use model::clock::Timestamp;
use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// Announces media that will come later, or at once.
#[derive(Clone, Debug)]
pub struct AnnounceMedia {
    /// Its name: unguessable, made by the server.
    pub media_id: String,
    /// Whose.
    pub owner: OwnedUserId,
    /// What it is, when it comes at once; `None` reserves the name.
    pub file: Option<File>,
    /// Bytes that all media of this person may have.
    pub quota_bytes: i64,
    /// The present moment.
    pub now: Timestamp,
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its content type.
    pub content_type: String,
    /// Its name.
    pub file_name: Option<String>,
}

/// What became of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// The name is this person's.
    Done,
    /// Too many names of this person wait for their bytes ([`limits::MEDIA_PENDING`]).
    TooMany,
    /// The person's quota is used up.
    Full,
}

impl Command for AnnounceMedia {
    type Out = Announced;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Announced, StoreError> {
        let sql = "select count(*) from media where owner = $1 and state in ('reserved', 'arriving')";
        let pending = tx.row(sql, args![&self.owner]).await?.map_or(Ok(0), |row| row.int(0))?;
        if pending >= limits::MEDIA_PENDING {
            return Ok(Announced::TooMany);
        }
        let used = tx.row("select bytes from media_use where owner = $1", args![&self.owner]).await?;
        if used.map_or(Ok(0), |row| row.int(0))? >= self.quota_bytes {
            return Ok(Announced::Full);
        }
        let sql = "insert into media (media_id, owner, state, announced, content_type, file_name, bytes, created_ms, expires_ms) \
                   values ($1, $2, $3, $4, $5, $6, 0, $7, $8)";
        let state = if self.file.is_some() { "arriving" } else { "reserved" };
        let content_type = self.file.as_ref().map_or("", |file| file.content_type.as_str());
        let file_name = self.file.as_ref().and_then(|file| file.file_name.as_deref());
        let expires = self.now.plus_ms(limits::MEDIA_PENDING_MS);
        tx.exec(sql, args![&self.media_id, &self.owner, state, self.file.is_none(), content_type, file_name, self.now, expires]).await?;
        Ok(Announced::Done)
    }
}

/// Begins to fill a reserved name.
#[derive(Clone, Debug)]
pub struct FillMedia {
    /// Its name.
    pub media_id: String,
    /// Who fills it.
    pub owner: OwnedUserId,
    /// What it is.
    pub file: File,
    /// The present moment.
    pub now: Timestamp,
}

/// What became of the wish to fill a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// The bytes may come.
    Begun,
    /// There is no such name, or its time is over.
    Unknown,
    /// It is somebody else's.
    NotYours,
    /// It has been filled, or is being filled.
    AlreadyThere,
}

impl Command for FillMedia {
    type Out = Filling;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Filling, StoreError> {
        let sql = "update media set state = 'arriving', content_type = $3, file_name = $4 \
                   where media_id = $1 and owner = $2 and state = 'reserved' and expires_ms > $5";
        let File { content_type, file_name } = &self.file;
        if tx.exec(sql, args![&self.media_id, &self.owner, content_type, file_name.as_deref(), self.now]).await? > 0 {
            return Ok(Filling::Begun);
        }
        let found = tx.row("select owner, state from media where media_id = $1", args![&self.media_id]).await?;
        let Some(row) = found else { return Ok(Filling::Unknown) };
        Ok(match (row.text(0)? == self.owner.as_str(), row.text(1)?) {
            (false, _) => Filling::NotYours,
            (true, "arriving" | "ready" | "evidence") => Filling::AlreadyThere,
            (true, _) => Filling::Unknown,
        })
    }
}

/// Tells that all bytes have come.
#[derive(Clone, Debug)]
pub struct FinishMedia {
    /// Its name.
    pub media_id: String,
    /// How many bytes.
    pub bytes: i64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Whether a browser may show it in place.
    pub in_place: bool,
    /// Bytes that all media of its owner may have.
    pub quota_bytes: i64,
}

/// What became of bytes that have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// They are there for everybody.
    Ready,
    /// They are beyond the owner's quota; they go.
    Full,
    /// The name was let go of meanwhile; they go.
    Gone,
}

impl Command for FinishMedia {
    type Out = Finished;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Finished, StoreError> {
        let sql = "update media set state = 'ready', bytes = $2, sha256 = $3, in_place = $4, expires_ms = null \
                   where media_id = $1 and state = 'arriving' returning owner";
        let Some(row) = tx.row(sql, args![&self.media_id, self.bytes, self.sha256.as_slice(), self.in_place]).await? else {
            return Ok(Finished::Gone);
        };
        let counted = counted(self.bytes);
        let sql = "insert into media_use (owner, bytes) values ($1, $2) \
                   on conflict (owner) do update set bytes = media_use.bytes + excluded.bytes returning bytes";
        let used = tx.row(sql, args![row.text(0)?, counted]).await?.map_or(Ok(0), |row| row.int(0))?;
        if used <= self.quota_bytes {
            return Ok(Finished::Ready);
        }
        let_go(tx, &self.media_id).await?;
        Ok(Finished::Full)
    }
}

/// Tells that the bytes did not come. A reserved name can be filled again until its time is over.
#[derive(Clone, Debug)]
pub struct FailMedia {
    /// Its name.
    pub media_id: String,
}

impl Command for FailMedia {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let sql = "update media set state = 'reserved' where media_id = $1 and state = 'arriving' and announced = 1";
        if tx.exec(sql, args![&self.media_id]).await? == 0 {
            let sql = "update media set state = 'gone', expires_ms = null where media_id = $1 and state = 'arriving'";
            tx.exec(sql, args![&self.media_id]).await?;
        }
        Ok(())
    }
}

/// Lets go of names whose bytes did not come in time.
#[derive(Clone, Debug)]
pub struct ExpireMedia {
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ExpireMedia {
    /// How many.
    type Out = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.exec("update media set state = 'gone', expires_ms = null where expires_ms <= $1", args![self.now]).await
    }
}

/// Takes names out whose bytes have been deleted.
#[derive(Clone, Debug)]
pub struct RemoveMedia {
    /// Their names.
    pub media_ids: Vec<String>,
}

impl Command for RemoveMedia {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        for media_id in &self.media_ids {
            tx.exec("delete from media where media_id = $1 and state = 'gone'", args![media_id]).await?;
            tx.exec("delete from media_refs where media_id = $1", args![media_id]).await?;
        }
        Ok(())
    }
}

/// What a file counts in its owner's quota.
pub(crate) fn counted(bytes: i64) -> i64 {
    bytes.max(limits::MEDIA_BYTES_MIN)
}

/// Marks media whose bytes are to be deleted, and gives their owner the place back.
pub(crate) async fn let_go<T: Tx>(tx: &mut T, media_id: &str) -> Result<(), StoreError> {
    let sql = "update media set state = 'gone', expires_ms = null where media_id = $1 and state in ('ready', 'evidence') \
               returning owner, bytes";
    if let Some(row) = tx.row(sql, args![media_id]).await? {
        let sql = "update media_use set bytes = bytes - $2 where owner = $1";
        tx.exec(sql, args![row.text(0)?, counted(row.int(1)?)]).await?;
    }
    Ok(())
}

/// Lets go of everything a person uploaded, but what cases are about: that stays as evidence.
pub(crate) async fn let_go_of_all<T: Tx>(tx: &mut T, owner: &OwnedUserId) -> Result<(), StoreError> {
    let sql = "update media set state = 'evidence' where owner = $1 and state = 'ready' \
               and exists (select 1 from media_refs r where r.media_id = media.media_id and r.kept = 1)";
    tx.exec(sql, args![owner]).await?;
    let sql = "update media set state = 'gone', expires_ms = null where owner = $1 and state in ('reserved', 'arriving', 'ready')";
    tx.exec(sql, args![owner]).await?;
    tx.exec("delete from media_use where owner = $1", args![owner]).await?;
    Ok(())
}
