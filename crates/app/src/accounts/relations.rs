//! What the host platform and the operator tell of people and what connects them, in bulk.

use model::id::OwnedUserId;
use model::limits;
pub use store::command::relate_people::{Relate, RelatePeople, Related};
use store::command::upsert_people::UpsertPeople;
pub use store::command::upsert_people::{PersonTold, Upserted};

use crate::{App, Error};

impl App {
    /// Makes accounts, or brings them up to date; the answers are in the order given. Conversations that exist stay;
    /// who may reach whom is asked anew at the next door.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::HOST_BATCH`]; nothing was taken then.
    pub async fn tell_people(&self, tenant: &str, people: Vec<PersonTold>) -> Result<Vec<Upserted>, Error> {
        in_bounds(people.len())?;
        let ids: Vec<OwnedUserId> = people.iter().map(|person| person.user_id.clone()).collect();
        let command = UpsertPeople { tenant: tenant.to_owned(), people, now: self.clock.now() };
        let outcomes = self.store.run(command).await?;
        if outcomes.iter().any(|outcome| matches!(outcome, Upserted::Updated { .. })) {
            // what is remembered of rooms holds the age bands of their members
            self.rooms.invalidate_all();
        }
        for (user, outcome) in ids.iter().zip(&outcomes) {
            if *outcome == (Upserted::Updated { renamed: true }) {
                self.show_profile(user).await?;
            }
        }
        Ok(outcomes)
    }

    /// Tells who follows and who blocks whom; the answers are in the order given.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::HOST_BATCH`]; nothing was taken then.
    pub async fn tell_relations(&self, tenant: &str, relations: Vec<Relate>) -> Result<Vec<Related>, Error> {
        // a relation of both ways is two
        in_bounds(relations.len().div_ceil(2))?;
        Ok(self.store.run(RelatePeople { tenant: tenant.to_owned(), relations }).await?)
    }
}

pub(crate) fn in_bounds(count: usize) -> Result<(), Error> {
    if count <= limits::HOST_BATCH {
        return Ok(());
    }
    Err(Error::TooLarge(format!("at most {} can be told at once; send them in parts", limits::HOST_BATCH)))
}
