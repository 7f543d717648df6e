//! Pushers, and whose have something to be told.

use model::clock::Timestamp;
use model::id::OwnedUserId;
use model::limits;
use model::seq::InboxPos;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::{Row, rows};

/// Where an application wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pusher {
    /// The application.
    pub app_id: String,
    /// The gateway's name for the device: a secret between the two.
    pub pushkey: String,
    /// What the application calls itself.
    pub app_display_name: String,
    /// What it calls the device.
    pub device_display_name: String,
    /// A tag of its rules.
    pub profile_tag: Option<String>,
    /// The language of its person.
    pub lang: String,
    /// The gateway.
    pub url: String,
    /// What the gateway is to be given with each message, as JSON text.
    pub data: String,
    /// When it was set, in milliseconds.
    pub set_ms: i64,
}

/// How far a pusher is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Up to which position of the inbox it was told.
    pub told: InboxPos,
    /// The count of unread messages it was told last.
    pub unread: i64,
    /// Calls that failed one after another.
    pub attempts: u32,
    /// Not to be called before.
    pub next: Timestamp,
}

/// A person's pushers.
#[derive(Clone, Debug)]
pub struct Pushers(pub OwnedUserId);

impl Query for Pushers {
    type Out = Vec<(Pusher, Progress)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let sql = "select app_id, pushkey, app_display_name, device_display_name, profile_tag, lang, url, data, set_ms, told_pos, told_unread, \
                   attempts, next_ms from pushers where user_id = $1 order by set_ms, app_id, pushkey";
        tx.rows(sql, args![&self.0]).await?.iter().map(pusher).collect()
    }
}

fn pusher(row: &Row) -> Result<(Pusher, Progress), StoreError> {
    let text = |index| row.text(index).map(str::to_owned);
    let pusher = Pusher {
        app_id: text(0)?,
        pushkey: text(1)?,
        app_display_name: text(2)?,
        device_display_name: text(3)?,
        profile_tag: row.text_or_null(4)?.map(str::to_owned),
        lang: text(5)?,
        url: text(6)?,
        data: text(7)?,
        set_ms: row.int(8)?,
    };
    let progress = Progress {
        told: InboxPos::new(row.int(9)?).unwrap_or_default(),
        unread: row.int(10)?,
        attempts: u32::try_from(row.int(11)?).unwrap_or(u32::MAX),
        next: Timestamp(row.int(12)?),
    };
    Ok((pusher, progress))
}

/// Everybody who has a pusher.
#[derive(Clone, Debug)]
pub struct WithPushers;

impl Query for WithPushers {
    type Out = Vec<OwnedUserId>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedUserId>, StoreError> {
        tx.rows("select distinct user_id from pushers", args![]).await?.iter().map(|row| row.parse(0)).collect()
    }
}

/// Those with a pusher that was not told up to the end of their inbox and may be called now.
#[derive(Clone, Debug)]
pub struct Behind {
    /// The present moment.
    pub now: Timestamp,
}

impl Query for Behind {
    type Out = Vec<OwnedUserId>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedUserId>, StoreError> {
        let sql = "select distinct p.user_id from pushers p join user_seq s on s.user_id = p.user_id \
                   where p.told_pos < s.pos and p.next_ms <= $1 limit $2";
        tx.rows(sql, args![self.now, rows(limits::PUSH_RECHECK_ROWS)]).await?.iter().map(|row| row.parse(0)).collect()
    }
}

/// Those with a pusher whose gateway failed and may be called again now.
#[derive(Clone, Debug)]
pub struct ToTryAgain {
    /// The present moment.
    pub now: Timestamp,
}

impl Query for ToTryAgain {
    type Out = Vec<OwnedUserId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<OwnedUserId>, StoreError> {
        let sql = "select distinct user_id from pushers where attempts > 0 and next_ms <= $1 limit $2";
        tx.rows(sql, args![self.now, rows(limits::PUSH_RECHECK_ROWS)]).await?.iter().map(|row| row.parse(0)).collect()
    }
}
