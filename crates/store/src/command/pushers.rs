//! Pushers: set, taken away, and how far each was told.

use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use model::seq::InboxPos;

use crate::args;
use crate::error::StoreError;
use crate::query::pushers::{Progress, Pusher};
use crate::tx::{Command, Tx};

/// Sets a pusher, in place of the one with the same key. A new one hears of what comes from now on.
#[derive(Clone, Debug)]
pub struct PutPusher {
    /// Whose.
    pub user_id: OwnedUserId,
    /// The log-in that sets it.
    pub device_id: OwnedDeviceId,
    /// What it is.
    pub pusher: Pusher,
    /// Whether other people may have it too: one telephone, two accounts.
    pub append: bool,
}

/// What became of setting a pusher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It is set.
    Done,
    /// There is no room for another ([`limits::PUSHERS_PER_USER`]).
    TooMany,
    /// The device was logged out meanwhile.
    NoDevice,
}

impl Command for PutPusher {
    type Out = Set;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Set, StoreError> {
        let Pusher { app_id, pushkey, app_display_name, device_display_name, profile_tag, lang, url, data, set_ms } = &self.pusher;
        let user = &self.user_id;
        // under the lock of the counter no device is logged out
        let Some(row) = tx.row("update user_seq set pos = pos where user_id = $1 returning pos", args![user]).await? else {
            return Ok(Set::NoDevice);
        };
        let pos = row.int(0)?;
        if tx.row("select 1 from devices where user_id = $1 and device_id = $2", args![user, &self.device_id]).await?.is_none() {
            return Ok(Set::NoDevice);
        }
        let sql = "select count(*) from pushers where user_id = $1 and not (app_id = $2 and pushkey = $3)";
        let others = tx.row(sql, args![user, app_id, pushkey]).await?.map_or(Ok(0), |row| row.int(0))?;
        if others >= limits::PUSHERS_PER_USER {
            return Ok(Set::TooMany);
        }
        if !self.append {
            tx.exec("delete from pushers where app_id = $1 and pushkey = $2 and user_id <> $3", args![app_id, pushkey, user]).await?;
        }
        let sql = "insert into pushers (user_id, app_id, pushkey, device_id, app_display_name, device_display_name, profile_tag, lang, url, \
                   data, set_ms, told_pos) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                   on conflict (user_id, app_id, pushkey) do update set device_id = excluded.device_id, \
                   app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name, \
                   profile_tag = excluded.profile_tag, lang = excluded.lang, url = excluded.url, data = excluded.data, \
                   set_ms = excluded.set_ms, attempts = 0, next_ms = case when pushers.attempts > 0 then 0 else pushers.next_ms end";
        let profile_tag = profile_tag.as_deref();
        let device = &self.device_id;
        let arguments =
            args![user, app_id, pushkey, device, app_display_name, device_display_name, profile_tag, lang, url, data, *set_ms, pos];
        tx.exec(sql, arguments).await?;
        Ok(Set::Done)
    }
}

/// Which pusher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PusherKey {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which application.
    pub app_id: String,
    /// Which.
    pub pushkey: String,
}

/// Takes a pusher away.
#[derive(Clone, Debug)]
pub struct RemovePusher(pub PusherKey);

impl Command for RemovePusher {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let PusherKey { user_id, app_id, pushkey } = &self.0;
        tx.exec("delete from pushers where user_id = $1 and app_id = $2 and pushkey = $3", args![user_id, app_id, pushkey]).await?;
        Ok(())
    }
}

/// Takes away the pushers of a person, but those of one device: whoever set them may have been somebody else.
#[derive(Clone, Debug)]
pub struct EndPushers {
    /// Whose.
    pub user_id: OwnedUserId,
    /// The device whose pushers stay.
    pub except: Option<OwnedDeviceId>,
}

impl Command for EndPushers {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let except = self.except.as_ref().map_or("", |device| device.as_str());
        tx.exec("delete from pushers where user_id = $1 and device_id <> $2", args![&self.user_id, except]).await?;
        Ok(())
    }
}

/// Reserves a pusher for who is about to call its gateway.
#[derive(Clone, Debug)]
pub struct ClaimPusher {
    /// Which.
    pub key: PusherKey,
    /// As far as it was told when it was looked at.
    pub told: InboxPos,
    /// The present moment.
    pub now: Timestamp,
}

impl Command for ClaimPusher {
    /// Whether it is theirs for [`limits::PUSH_LEASE_MS`]; otherwise somebody else was faster, or it is gone.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let PusherKey { user_id, app_id, pushkey } = &self.key;
        let sql = "update pushers set next_ms = $6 where user_id = $1 and app_id = $2 and pushkey = $3 and told_pos = $4 and next_ms <= $5";
        let lease = self.now.plus_ms(limits::PUSH_LEASE_MS);
        Ok(tx.exec(sql, args![user_id, app_id, pushkey, self.told.get(), self.now, lease]).await? > 0)
    }
}

/// Notes how far a pusher is, and lets go of it; what it was told is never taken back.
#[derive(Clone, Debug)]
pub struct NoteProgress {
    /// Which.
    pub key: PusherKey,
    /// How far.
    pub progress: Progress,
}

impl Command for NoteProgress {
    type Out = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let PusherKey { user_id, app_id, pushkey } = &self.key;
        let Progress { told, unread, attempts, next } = self.progress;
        let sql = "update pushers set told_pos = $4, told_unread = $5, attempts = $6, next_ms = $7 \
                   where user_id = $1 and app_id = $2 and pushkey = $3 and told_pos <= $4";
        tx.exec(sql, args![user_id, app_id, pushkey, told.get(), unread, i64::from(attempts), next]).await?;
        Ok(())
    }
}
