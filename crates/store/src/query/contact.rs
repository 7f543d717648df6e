//! What connects two people: relations the host platform told, guardians, shared conversations.

use model::contact::Pair;
use model::id::{OwnedRoomId, OwnedUserId};
use model::person::AgeBand;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks pairs of people up: who opens, and whom they would reach.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The pairs.
    pub of: Vec<(OwnedUserId, OwnedUserId)>,
    /// The conversation in question: being in it together makes nobody acquainted.
    pub besides: Option<OwnedRoomId>,
}

impl Query for Pairs {
    /// In the order asked.
    type Out = Vec<Pair>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Pair>, StoreError> {
        let besides = self.besides.as_ref().map_or("", |room| room.as_str());
        let mut pairs = Vec::with_capacity(self.of.len());
        for (opener, target) in &self.of {
            let mut pair = told(tx, opener, target).await?;
            let sql = "select 1 from members a join members b on b.room_id = a.room_id where a.user_id = $1 and a.membership = 'join' \
                       and b.user_id = $2 and b.membership = 'join' and a.room_id <> $3 limit 1";
            pair.acquainted = tx.row(sql, args![opener, target, besides]).await?.is_some();
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// Whether two people ever had to do with the same room, whatever became of it.
#[derive(Clone, Debug)]
pub struct EverMet(pub OwnedUserId, pub OwnedUserId);

impl Query for EverMet {
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let sql = "select 1 from members a join members b on b.room_id = a.room_id where a.user_id = $1 and b.user_id = $2 limit 1";
        Ok(tx.row(sql, args![&self.0, &self.1]).await?.is_some())
    }
}

/// What the host platform and the operator told of two people.
async fn told<T: Tx>(tx: &mut T, opener: &OwnedUserId, target: &OwnedUserId) -> Result<Pair, StoreError> {
    let mut pair = Pair::default();
    let sql = "select user_id, follows, blocks from relations where (user_id = $1 and other = $2) or (user_id = $2 and other = $1)";
    for row in tx.rows(sql, args![opener, target]).await? {
        let (follows, blocks) = (row.flag(1)?, row.flag(2)?);
        if row.text(0)? == opener.as_str() {
            (pair.follows, pair.blocks) = (follows, blocks);
        } else {
            (pair.followed, pair.blocked) = (follows, blocks);
        }
    }
    let sql = "select 1 from users where (user_id = $1 and guardian = $2) or (user_id = $2 and guardian = $1)";
    pair.guardian = tx.row(sql, args![opener, target]).await?.is_some();
    Ok(pair)
}

/// Whether `asker` may know that there is such a person, see [`Pair::may_see`]. Nobody sees an account that does not exist.
pub(crate) async fn sees<T: Tx>(tx: &mut T, asker: &OwnedUserId, user: &OwnedUserId) -> Result<bool, StoreError> {
    if asker == user {
        return Ok(true);
    }
    let sql = "select u.age_band, coalesce(r.blocks, 0) from users u left join relations r on r.user_id = u.user_id and r.other = $2 \
               where u.user_id = $1";
    let Some(row) = tx.row(sql, args![user, asker]).await? else { return Ok(false) };
    let age_band = AgeBand::parse(row.text(0)?).unwrap_or_default();
    // the usual case, in one statement: an adult who blocks nobody here
    if Pair::default().may_see(age_band) && !row.flag(1)? {
        return Ok(true);
    }
    let mut pair = told(tx, asker, user).await?;
    // who is invited must be given keys, and meets the names of those inside
    let sql = "select 1 from members a join members b on b.room_id = a.room_id where a.user_id = $1 and a.membership in ('join', 'invite') \
               and b.user_id = $2 and b.membership in ('join', 'invite') and (a.membership = 'join' or b.membership = 'join') limit 1";
    pair.acquainted = tx.row(sql, args![asker, user]).await?.is_some();
    Ok(pair.may_see(age_band))
}
