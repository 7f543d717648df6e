//! What is known of media.

use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks media up by name.
#[derive(Clone, Debug)]
pub struct MediaById {
    /// Its name.
    pub media_id: String,
}

/// Media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Whose.
    pub owner: OwnedUserId,
    /// `reserved`, `arriving`, `ready`, `evidence` or `gone`.
    pub state: String,
    /// What it says it is.
    pub content_type: String,
    /// Its name as its owner called it.
    pub file_name: Option<String>,
    /// How many bytes; 0 until they have come.
    pub bytes: i64,
    /// Their SHA-256, once they have come.
    pub sha256: Option<Vec<u8>>,
    /// Whether a browser may show it in place.
    pub in_place: bool,
}

impl Query for MediaById {
    type Out = Option<Media>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Media>, StoreError> {
        let sql = "select owner, state, content_type, file_name, bytes, in_place, coalesce(sha256, $2) from media where media_id = $1";
        let Some(row) = tx.row(sql, args![&self.media_id, Vec::new()]).await? else { return Ok(None) };
        let sha256 = row.bytes(6)?.to_vec();
        Ok(Some(Media {
            owner: row.parse(0)?,
            state: row.text(1)?.to_owned(),
            content_type: row.text(2)?.to_owned(),
            file_name: row.text_or_null(3)?.map(str::to_owned),
            bytes: row.int(4)?,
            in_place: row.flag(5)?,
            sha256: (!sha256.is_empty()).then_some(sha256),
        }))
    }
}

/// Media whose bytes are to be deleted, at most [`limits::MEDIA_SWEEP_ROWS`].
#[derive(Clone, Debug)]
pub struct MediaGone;

impl Query for MediaGone {
    type Out = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, StoreError> {
        let sql = "select media_id from media where state = 'gone' order by media_id limit $1";
        let rows = tx.rows(sql, args![crate::value::rows(limits::MEDIA_SWEEP_ROWS)]).await?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }
}
