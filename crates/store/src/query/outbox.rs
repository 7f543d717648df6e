//! What waits in the outbox.

use model::clock::Timestamp;
use model::limits;
use serde::Deserialize;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// When the next work of a kind is due; cheap enough to ask often.
#[derive(Clone, Debug)]
pub struct OutboxDue {
    /// `webhook` or `notice`.
    pub kind: &'static str,
}

impl Query for OutboxDue {
    type Out = Option<Timestamp>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select next_attempt_ms from outbox where state = 'pending' and kind = $1 order by next_attempt_ms limit 1";
        tx.row(sql, args![self.kind]).await?.map(|row| row.int(0).map(Timestamp)).transpose()
    }
}

/// Deliveries to the webhook, newest first.
#[derive(Clone, Debug)]
pub struct WebhookPage {
    /// Only those in this state: `pending`, `delivered` or `failed`.
    pub state: Option<&'static str>,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub outbox_id: i64,
    /// What it tells, as in `case.opened`.
    pub event: String,
    /// When it was put there.
    pub created: Timestamp,
    /// Attempts so far.
    pub attempts: i64,
    /// When the next attempt is due, while it is pending.
    pub next_attempt: Option<Timestamp>,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// How the last attempt ended.
    pub last_status: Option<String>,
}

/// The part of a payload that names it.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "type", default)]
    event: String,
}

impl Query for WebhookPage {
    type Out = Vec<Delivery>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Delivery>, StoreError> {
        let sql = "select outbox_id, payload, created_ms, attempts, next_attempt_ms, state, last_status from outbox \
                   where kind = 'webhook' and ($1 = '' or state = $1) order by outbox_id desc limit $2";
        let rows = tx.rows(sql, args![self.state.unwrap_or_default(), crate::value::rows(limits::OUTBOX_PAGE_ROWS)]).await?;
        let read = |row: &crate::Row| {
            let state = row.text(5)?.to_owned();
            Ok(Delivery {
                outbox_id: row.int(0)?,
                event: row.json::<Named>(1)?.event,
                created: Timestamp(row.int(2)?),
                attempts: row.int(3)?,
                next_attempt: if state == "pending" { Some(Timestamp(row.int(4)?)) } else { None },
                state,
                last_status: row.text_or_null(6)?.map(str::to_owned),
            })
        };
        rows.iter().map(read).collect()
    }
}
