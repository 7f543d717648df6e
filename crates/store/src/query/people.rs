//! Accounts by ID or by room: profile, age band, state, and what contact rules ask.

use model::contact::ContactLimit;
use model::id::{OwnedRoomId, OwnedUserId};
use model::person::{AccountState, AgeBand};

use super::contact;
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::Row;

/// Looks several accounts up.
#[derive(Clone, Debug)]
pub struct People {
    /// Whom.
    pub user_ids: Vec<OwnedUserId>,
}

/// What others may learn of an account, and what the server must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// The picture they show, an `mxc:` address.
    pub avatar_url: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// What the account may do.
    pub state: AccountState,
    /// Whether it is the server's own account.
    pub service: bool,
    /// Jurisdiction, as in `DE`; empty when unknown.
    pub jurisdiction: String,
    /// Upheld decisions against the account.
    pub strikes: i64,
    /// When the account was made, in milliseconds.
    pub created_ms: i64,
    /// What a guardian, or the host platform for them, narrowed their contacts to.
    pub limit: Option<ContactLimit>,
}

macro_rules! columns {
    () => {
        "u.user_id, u.display_name, u.avatar_url, u.age_band, u.state, u.service, u.jurisdiction, u.strikes, u.created_ms, u.contact_limit"
    };
}

impl Person {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            user_id: row.parse(0)?,
            display_name: row.text_or_null(1)?.map(str::to_owned),
            avatar_url: row.text_or_null(2)?.map(str::to_owned),
            age_band: AgeBand::parse(row.text(3)?).unwrap_or_default(),
            state: AccountState::parse(row.text(4)?).unwrap_or(AccountState::Locked),
            service: row.flag(5)?,
            jurisdiction: row.text(6)?.to_owned(),
            strikes: row.int(7)?,
            created_ms: row.int(8)?,
            limit: row.text_or_null(9)?.and_then(ContactLimit::parse),
        })
    }
}

const BY_ID: &str = concat!("select ", columns!(), " from users u where u.user_id = $1");

impl Query for People {
    /// Those found, in the order asked; unknown ones are left out.
    type Out = Vec<Person>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Person>, StoreError> {
        let mut people = Vec::with_capacity(self.user_ids.len());
        for user_id in &self.user_ids {
            let Some(row) = tx.row(BY_ID, args![user_id]).await? else { continue };
            people.push(Person::read(&row)?);
        }
        Ok(people)
    }
}

/// The people of a room: those in it, and those invited.
#[derive(Clone, Debug)]
pub struct PeopleOfRoom(pub OwnedRoomId);

impl Query for PeopleOfRoom {
    type Out = Vec<Person>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Person>, StoreError> {
        const SQL: &str = concat!(
            "select ",
            columns!(),
            " from members m join users u on u.user_id = m.user_id where m.room_id = $1 and m.membership in ('join', 'invite') order by m.user_id"
        );
        tx.rows(SQL, args![&self.0]).await?.iter().map(Person::read).collect()
    }
}

/// Looks a person up with the eyes of another, or of nobody in particular: who is hidden from them is not found,
/// as if there were no such account.
#[derive(Clone, Debug)]
pub struct PersonSeen {
    /// Who looks; `None` for somebody who shows no token.
    pub asker: Option<OwnedUserId>,
    /// At whom.
    pub user_id: OwnedUserId,
}

impl Query for PersonSeen {
    type Out = Option<Person>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Person>, StoreError> {
        let Some(row) = tx.row(BY_ID, args![&self.user_id]).await? else { return Ok(None) };
        let person = Person::read(&row)?;
        let sees = match &self.asker {
            Some(asker) => contact::sees(tx, asker, &self.user_id).await?,
            None => !person.age_band.is_protected(),
        };
        Ok((person.state != AccountState::Deactivated && sees).then_some(person))
    }
}
