//! What the host platform tells of people: accounts made or brought up to date in bulk, with an answer for each.

use model::clock::Timestamp;
use model::contact::ContactLimit;
use model::id::OwnedUserId;
use model::person::{AccountState, AgeBand};

use super::create_user::CreateUser;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// One person. What is `None` stays as it is, or is unknown for a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonTold {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name shown; `Some(None)` for none.
    pub display_name: Option<Option<String>>,
    /// Age band.
    pub age_band: Option<AgeBand>,
    /// Jurisdiction, as in `DE`.
    pub jurisdiction: Option<String>,
    /// Whose account watches over it; `Some(None)` for nobody's.
    pub guardian: Option<Option<OwnedUserId>>,
    /// What their contacts are narrowed to; `Some(None)` for no limit.
    pub limit: Option<Option<ContactLimit>>,
}

/// Makes accounts and brings them up to date; each stands or falls by itself.
#[derive(Clone, Debug)]
pub struct UpsertPeople {
    /// The people's tenant: accounts of others are not touched.
    pub tenant: String,
    /// In this order; guardians may stand behind those they watch over.
    pub people: Vec<PersonTold>,
    /// When.
    pub now: Timestamp,
}

/// What became of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// A new account.
    Created,
    /// Something is different now.
    Updated {
        /// The name is: rooms show the old one still.
        renamed: bool,
    },
    /// Everything was as told.
    Unchanged,
    /// The account is the server's own, closed, or of another tenant.
    NotYours,
    /// The guardian is not known here, not an adult, or the person themself; the rest was taken.
    BadGuardian,
}

impl Command for UpsertPeople {
    /// In the order given.
    type Out = Vec<Upserted>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Upserted>, StoreError> {
        let mut done = Vec::with_capacity(self.people.len());
        for person in &self.people {
            done.push(self.one(tx, person).await?);
        }
        // once all accounts of this batch are there
        for (person, outcome) in self.people.iter().zip(&mut done) {
            if let (Some(guardian), true) = (&person.guardian, *outcome != Upserted::NotYours) {
                self.guard(tx, &person.user_id, guardian.as_ref(), outcome).await?;
            }
        }
        Ok(done)
    }
}

impl UpsertPeople {
    async fn one<T: Tx>(&self, tx: &mut T, told: &PersonTold) -> Result<Upserted, StoreError> {
        let user = &told.user_id;
        let sql = "select tenant, service, state, display_name, age_band, jurisdiction, contact_limit from users where user_id = $1";
        let Some(row) = tx.row(sql, args![user]).await? else {
            self.create(tx, told).await?;
            return Ok(Upserted::Created);
        };
        if row.text(0)? != self.tenant || row.flag(1)? || row.text(2)? == AccountState::Deactivated.as_str() {
            return Ok(Upserted::NotYours);
        }
        let (name, band, place, limit) = (row.text_or_null(3)?, row.text(4)?, row.text(5)?, row.text_or_null(6)?);
        let new_name = told.display_name.as_ref().map_or(name, |told| told.as_deref());
        let new_band: &str = match told.age_band {
            Some(told) => told.as_str(),
            None => band,
        };
        let new_place = told.jurisdiction.as_deref().unwrap_or(place);
        let new_limit: Option<&str> = match told.limit {
            Some(told) => told.map(ContactLimit::as_str),
            None => limit,
        };
        let renamed = new_name != name;
        if !renamed && (new_band, new_place, new_limit) == (band, place, limit) {
            return Ok(Upserted::Unchanged);
        }
        let sql = "update users set display_name = $2, age_band = $3, jurisdiction = $4, contact_limit = $5 where user_id = $1";
        tx.exec(sql, args![user, new_name, new_band, new_place, new_limit]).await?;
        Ok(Upserted::Updated { renamed })
    }

    async fn create<T: Tx>(&self, tx: &mut T, told: &PersonTold) -> Result<(), StoreError> {
        let account = CreateUser {
            user_id: told.user_id.clone(),
            password_hash: None,
            display_name: told.display_name.clone().flatten(),
            age_band: told.age_band.unwrap_or_default(),
            jurisdiction: told.jurisdiction.clone().unwrap_or_default(),
            tenant: self.tenant.clone(),
            service: false,
            now: self.now,
        };
        account.run(tx).await?;
        if let Some(Some(limit)) = told.limit {
            tx.exec("update users set contact_limit = $2 where user_id = $1", args![&told.user_id, limit.as_str()]).await?;
        }
        Ok(())
    }

    async fn guard<T: Tx>(
        &self,
        tx: &mut T,
        user: &OwnedUserId,
        guardian: Option<&OwnedUserId>,
        outcome: &mut Upserted,
    ) -> Result<(), StoreError> {
        if let Some(guardian) = guardian {
            let sql =
                "select 1 from users where user_id = $1 and tenant = $2 and age_band = 'adult' and service = 0 and state <> 'deactivated'";
            if guardian == user || tx.row(sql, args![guardian, self.tenant.as_str()]).await?.is_none() {
                *outcome = Upserted::BadGuardian;
                return Ok(());
            }
        }
        let sql = "update users set guardian = $2 where user_id = $1 and coalesce(guardian, '') <> coalesce($2, '')";
        let changed = tx.exec(sql, args![user, guardian.map(|user| user.as_str())]).await? > 0;
        if changed && *outcome == Upserted::Unchanged {
            *outcome = Upserted::Updated { renamed: false };
        }
        Ok(())
    }
}
