//! What the host platform, or the operator, tells of who follows and who blocks whom: in bulk, with an answer for each.

use model::id::OwnedUserId;
use model::limits;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// One direction of a relation. What is `None` stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relate {
    /// Who follows or blocks.
    pub user_id: OwnedUserId,
    /// Whom.
    pub other: OwnedUserId,
    /// Whether they follow.
    pub follows: Option<bool>,
    /// Whether they block.
    pub blocks: Option<bool>,
}

/// Tells relations; each stands or falls by itself.
#[derive(Clone, Debug)]
pub struct RelatePeople {
    /// The people's tenant: those of others are not known here.
    pub tenant: String,
    /// In this order.
    pub relations: Vec<Relate>,
}

/// What became of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// It is as told now.
    Changed,
    /// It was as told before.
    Unchanged,
    /// There is no such person in this tenant.
    Unknown(OwnedUserId),
    /// Nobody has relations with themselves.
    Oneself,
    /// They follow and block [`limits::RELATIONS_PER_USER`] people.
    TooMany,
}

impl Command for RelatePeople {
    /// In the order given.
    type Out = Vec<Related>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Related>, StoreError> {
        let mut done = Vec::with_capacity(self.relations.len());
        for relation in &self.relations {
            done.push(self.one(tx, relation).await?);
        }
        Ok(done)
    }
}

impl RelatePeople {
    async fn one<T: Tx>(&self, tx: &mut T, relation: &Relate) -> Result<Related, StoreError> {
        let Relate { user_id, other, follows, blocks } = relation;
        if user_id == other {
            return Ok(Related::Oneself);
        }
        for person in [user_id, other] {
            let sql = "select 1 from users where user_id = $1 and tenant = $2 and service = 0 and state <> 'deactivated'";
            if tx.row(sql, args![person, self.tenant.as_str()]).await?.is_none() {
                return Ok(Related::Unknown(person.clone()));
            }
        }
        let before = tx.row("select follows, blocks from relations where user_id = $1 and other = $2", args![user_id, other]).await?;
        let was = before.as_ref().map_or(Ok((false, false)), |row| Ok::<_, StoreError>((row.flag(0)?, row.flag(1)?)))?;
        let is = (follows.unwrap_or(was.0), blocks.unwrap_or(was.1));
        if is == was {
            return Ok(Related::Unchanged);
        }
        if is == (false, false) {
            tx.exec("delete from relations where user_id = $1 and other = $2", args![user_id, other]).await?;
            return Ok(Related::Changed);
        }
        if before.is_none() {
            let count = tx.row("select count(*) from relations where user_id = $1", args![user_id]).await?;
            if count.map_or(Ok(0), |row| row.int(0))? >= limits::RELATIONS_PER_USER {
                return Ok(Related::TooMany);
            }
        }
        let sql = "insert into relations (user_id, other, follows, blocks) values ($1, $2, $3, $4) \
                   on conflict (user_id, other) do update set follows = excluded.follows, blocks = excluded.blocks";
        tx.exec(sql, args![user_id, other, is.0, is.1]).await?;
        Ok(Related::Changed)
    }
}
