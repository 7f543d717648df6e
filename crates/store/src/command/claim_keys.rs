//! Giving out one-time keys: each once for ever, in the order in which they were uploaded.

use std::collections::{BTreeMap, BTreeSet};

use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;

use super::device_keys::{COUNTS_KIND, Held};
use super::fanout;
use crate::args;
use crate::error::StoreError;
use crate::query::contact;
use crate::tx::{Command, Tx};

/// Takes one key of each of these devices.
#[derive(Clone, Debug)]
pub struct ClaimKeys {
    /// Who asks: of people hidden from them there are no keys.
    pub asker: OwnedUserId,
    /// Person, device, algorithm. A map, so that rows are locked in one order by everybody.
    pub wanted: BTreeMap<(OwnedUserId, OwnedDeviceId), String>,
}

/// What was given out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The keys; devices without any are left out.
    pub keys: Vec<ClaimedKey>,
    /// Whom to wake: their devices have fewer keys now.
    pub told: BTreeSet<OwnedUserId>,
}

/// A key that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedKey {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Of which device.
    pub device_id: OwnedDeviceId,
    /// Its ID, algorithm included.
    pub key_id: String,
    /// The key as JSON.
    pub content: String,
}

impl Command for ClaimKeys {
    type Out = Claimed;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Claimed, StoreError> {
        let mut claimed = Claimed::default();
        let mut changed = Vec::new();
        let (mut seen, mut hidden) = (None, false);
        for ((user, device), algorithm) in &self.wanted {
            if seen != Some(user) {
                (seen, hidden) = (Some(user), !contact::sees(tx, &self.asker, user).await?);
            }
            if hidden {
                continue;
            }
            let Some(mut held) = Held::take(tx, user, device).await? else { continue };
            let (key, news) = match one_time(tx, user, device, algorithm, &mut held).await? {
                Some(key) => (Some(key), true),
                None => fallback(tx, user, device, algorithm, &mut held).await?,
            };
            if news {
                held.give_back(tx, user, device).await?;
                changed.push((user, device));
            }
            let key = key.map(|(key_id, content)| ClaimedKey { user_id: user.clone(), device_id: device.clone(), key_id, content });
            claimed.keys.extend(key);
        }
        // counters are locked after the devices, by every command and in one order
        for (user, device) in changed {
            fanout::mark(tx, user, COUNTS_KIND, device.as_str()).await?;
            claimed.told.insert(user.clone());
        }
        Ok(claimed)
    }
}

/// Takes the oldest one-time key away, and remembers it so that it does not come back.
async fn one_time<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    device: &OwnedDeviceId,
    algorithm: &str,
    held: &mut Held,
) -> Result<Option<(String, String)>, StoreError> {
    let sql = "delete from one_time_keys where user_id = $1 and device_id = $2 and algorithm = $3 and upload_seq = \
               (select min(upload_seq) from one_time_keys where user_id = $1 and device_id = $2 and algorithm = $3) \
               returning upload_seq, key_id, content";
    let Some(mut row) = tx.row(sql, args![user, device, algorithm]).await? else { return Ok(None) };
    let (seq, key_id, content) = (row.int(0)?, row.take_text(1)?, row.take_text(2)?);
    let sql = "insert into claimed_keys (user_id, device_id, key_id, upload_seq, content) values ($1, $2, $3, $4, $5) \
               on conflict (user_id, device_id, key_id) do update set upload_seq = excluded.upload_seq, content = excluded.content";
    tx.exec(sql, args![user, device, key_id.as_str(), seq, content.as_str()]).await?;
    // now and then, not with each key: the walk is over all that is remembered
    if seq % 64 == 0 {
        let sql = "delete from claimed_keys where user_id = $1 and device_id = $2 and upload_seq <= $3";
        tx.exec(sql, args![user, device, held.seq - limits::CLAIMED_KEYS_KEPT]).await?;
    }
    *held.counts.entry(algorithm.to_owned()).or_default() -= 1;
    Ok(Some((key_id, content)))
}

/// The fallback key, and whether this was its first use.
async fn fallback<T: Tx>(
    tx: &mut T,
    user: &OwnedUserId,
    device: &OwnedDeviceId,
    algorithm: &str,
    held: &mut Held,
) -> Result<(Option<(String, String)>, bool), StoreError> {
    let sql = "update fallback_keys set used = 1 where user_id = $1 and device_id = $2 and algorithm = $3 returning key_id, content";
    let Some(mut row) = tx.row(sql, args![user, device, algorithm]).await? else { return Ok((None, false)) };
    Ok((Some((row.take_text(0)?, row.take_text(1)?)), held.fallback.remove(algorithm)))
}
