//! The host platform: the site or app that Frankly carries messages for. It shows a key that the operator made, and
//! tells of its people and what connects them.

use model::contact::ContactLimit;
use model::id::{OwnedUserId, random_word};
use model::limits;
use model::person::AgeBand;
use model::secret::Secret;
use store::command::host_key::{MakeHostKey, RevokeHostKey};
use store::command::relate_people::{Relate, Related};
use store::command::upsert_people::{PersonTold, Upserted};
use store::query::accounts::{Account, AccountById};
pub use store::query::host_keys::HostKey;
use store::query::host_keys::{HostKeyByHash, HostKeys};

use crate::accounts::relations::in_bounds;
use crate::caller::hash_token;
use crate::{App, Error};

/// What every key begins with, so that one that leaked is recognised.
const KEY_PREFIX: &str = "frhk_";

/// One person as the host platform names them. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct HostPerson {
    /// Local part or whole user ID.
    pub id: String,
    /// The name shown; `Some(None)` for none.
    pub display_name: Option<Option<String>>,
    /// Age band, by its name.
    pub age_band: Option<String>,
    /// Jurisdiction, as in `DE` or `US-CA`; empty when unknown.
    pub jurisdiction: Option<String>,
    /// Whose account watches over it; `Some(None)` for nobody's.
    pub guardian: Option<Option<String>>,
    /// `friends` or `guardian`; `Some(None)` for no limit.
    pub contact_limit: Option<Option<String>>,
}

/// One relation as the host platform names it.
#[derive(Clone, Debug)]
pub struct HostRelation {
    /// Who follows or blocks.
    pub from: String,
    /// Whom.
    pub to: String,
    /// Which.
    pub kind: RelationKind,
    /// Whether it is so from now on, or no longer.
    pub active: bool,
}

/// What one person can be to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// The first follows the second.
    Follows,
    /// Each follows the other.
    Mutual,
    /// The first blocks the second.
    Blocks,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A new account.
    Created(OwnedUserId),
    /// Something is different now.
    Updated(OwnedUserId),
    /// Everything was as told.
    Unchanged(OwnedUserId),
    /// Not taken, and why.
    Refused(String),
}

impl App {
    /// Makes a key for the host platform; it is shown once and kept as a hash.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a name that is empty, too long or taken, by a revoked key too.
    pub async fn make_host_key(&self, name: &str) -> Result<Secret<String>, Error> {
        if name.trim().is_empty() || name.len() > limits::HOST_KEY_NAME_BYTES {
            return Err(Error::InvalidParam(format!("a key has a name of up to {} bytes", limits::HOST_KEY_NAME_BYTES)));
        }
        let key = format!("{KEY_PREFIX}{}", random_word(&*self.entropy, 40));
        let command =
            MakeHostKey { key_hash: hash_token(&key), name: name.to_owned(), tenant: self.config.tenant.0.clone(), now: self.clock.now() };
        if self.store.run(command).await? {
            return Ok(Secret::new(key));
        }
        Err(Error::InvalidParam("there is, or was, a key of this name; names are not used again".to_owned()))
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no good key of this name.
    pub async fn revoke_host_key(&self, name: &str) -> Result<(), Error> {
        let revoked = self.store.run(RevokeHostKey { name: name.to_owned(), now: self.clock.now() }).await?;
        if revoked { Ok(()) } else { Err(Error::NotFound("there is no good key of this name".to_owned())) }
    }

    /// All keys, without the keys.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn host_keys(&self) -> Result<Vec<HostKey>, Error> {
        Ok(self.store.read(HostKeys).await?)
    }

    /// The key that somebody shows. It is looked up each time: a revoked one is refused at once.
    ///
    /// # Errors
    /// [`Error::UnknownToken`] when it is not good, [`Error::Forbidden`] when it is another tenant's.
    pub async fn host(&self, key: &str) -> Result<HostKey, Error> {
        let found = self.store.read(HostKeyByHash(hash_token(key))).await?.ok_or(Error::UnknownToken)?;
        if found.tenant == self.config.tenant.0 { Ok(found) } else { Err(Error::Forbidden("this key is another tenant's".to_owned())) }
    }

    /// Makes accounts, or brings them up to date; each stands or falls by itself.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::HOST_BATCH`]; nothing was taken then.
    pub async fn host_tells_people(&self, host: &HostKey, people: Vec<Result<HostPerson, String>>) -> Result<Vec<Told>, Error> {
        in_bounds(people.len())?;
        let checked: Vec<_> = people.into_iter().map(|person| person.and_then(|person| self.checked_person(person))).collect();
        let taken: Vec<PersonTold> = checked.iter().filter_map(|person| person.clone().ok()).collect();
        let mut outcomes = self.tell_people(&host.tenant, taken).await?.into_iter();
        let told = checked.into_iter().map(|person| match person {
            Err(why) => Told::Refused(why),
            Ok(person) => match outcomes.next() {
                Some(Upserted::Created) => Told::Created(person.user_id),
                Some(Upserted::Updated { .. }) => Told::Updated(person.user_id),
                Some(Upserted::Unchanged) => Told::Unchanged(person.user_id),
                Some(Upserted::BadGuardian) => {
                    Told::Refused("the guardian must be somebody else here who is known to be an adult; the rest was taken".to_owned())
                }
                Some(Upserted::NotYours) | None => Told::Refused("this account is closed, or not yours to change".to_owned()),
            },
        });
        Ok(told.collect())
    }

    /// Tells who follows and who blocks whom; each stands or falls by itself.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than [`limits::HOST_BATCH`]; nothing was taken then.
    pub async fn host_tells_relations(&self, host: &HostKey, relations: Vec<Result<HostRelation, String>>) -> Result<Vec<Told>, Error> {
        in_bounds(relations.len())?;
        let checked: Vec<_> = relations.into_iter().map(|one| one.and_then(|one| self.checked_relation(&one))).collect();
        let taken = checked.iter().flatten().flatten().cloned().collect();
        let mut outcomes = self.tell_relations(&host.tenant, taken).await?.into_iter();
        let told = checked.into_iter().map(|one| match one {
            Err(why) => Told::Refused(why),
            Ok(directions) => {
                let user = directions[0].user_id.clone();
                let all: Vec<Related> = directions.iter().filter_map(|_| outcomes.next()).collect();
                strictest(user, &all)
            }
        });
        Ok(told.collect())
    }

    /// What is known of one of the host platform's people.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such account of its tenant.
    pub async fn host_reads_person(&self, host: &HostKey, id: &str) -> Result<Account, Error> {
        let unknown = || Error::NotFound("there is no such account of yours here".to_owned());
        let user_id = self.user_named(id).map_err(|_| unknown())?;
        let account = self.store.read(AccountById(user_id)).await?;
        account.filter(|account| account.tenant == host.tenant && !account.service).ok_or_else(unknown)
    }

    fn checked_person(&self, person: HostPerson) -> Result<PersonTold, String> {
        let user_id = self.host_id(&person.id)?;
        if let Some(Some(name)) = &person.display_name {
            self.check_name(name).map_err(|error| error.to_string())?;
        }
        let age_band = match person.age_band.as_deref() {
            None => None,
            Some(name) => Some(AgeBand::parse(name).ok_or("age_band is u13, 13-15, 16-17, adult or unknown")?),
        };
        if person.jurisdiction.as_deref().is_some_and(|place| !is_jurisdiction(place)) {
            return Err("jurisdiction is a country, as in DE, or a part of one, as in US-CA; empty when unknown".to_owned());
        }
        let limit = match person.contact_limit {
            None => None,
            Some(None) => Some(None),
            Some(Some(name)) => Some(Some(ContactLimit::parse(&name).ok_or("contact_limit is friends, guardian or null")?)),
        };
        let guardian = match person.guardian {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) => Some(Some(self.host_id(&id).map_err(|why| format!("guardian: {why}"))?)),
        };
        let display_name = person.display_name.map(|name| name.filter(|name| !name.is_empty()));
        Ok(PersonTold { user_id, display_name, age_band, jurisdiction: person.jurisdiction, guardian, limit })
    }

    fn checked_relation(&self, relation: &HostRelation) -> Result<Vec<Relate>, String> {
        let from = self.host_id(&relation.from).map_err(|why| format!("from: {why}"))?;
        let to = self.host_id(&relation.to).map_err(|why| format!("to: {why}"))?;
        let yes = Some(relation.active);
        let one = |user_id: &OwnedUserId, other: &OwnedUserId, follows, blocks| Relate {
            user_id: user_id.clone(),
            other: other.clone(),
            follows,
            blocks,
        };
        Ok(match relation.kind {
            RelationKind::Follows => vec![one(&from, &to, yes, None)],
            RelationKind::Mutual => vec![one(&from, &to, yes, None), one(&to, &from, yes, None)],
            RelationKind::Blocks => vec![one(&from, &to, None, yes)],
        })
    }

    /// A person's ID of the host platform as a user ID.
    fn host_id(&self, id: &str) -> Result<OwnedUserId, String> {
        let localpart = match id.strip_prefix('@').map(|rest| rest.split_once(':')) {
            Some(Some((localpart, server))) if server == self.config.server_name.as_str() => localpart,
            Some(_) => return Err("this user ID is not one of this server".to_owned()),
            None => id,
        };
        self.new_user_id(localpart).map_err(|error| error.to_string())
    }
}

fn strictest(user: OwnedUserId, all: &[Related]) -> Told {
    for related in all {
        match related {
            Related::Unknown(who) => return Told::Refused(format!("there is no {who} of yours here")),
            Related::Oneself => return Told::Refused("nobody has relations with themselves".to_owned()),
            Related::TooMany => return Told::Refused(format!("nobody follows and blocks more than {} people", limits::RELATIONS_PER_USER)),
            Related::Changed | Related::Unchanged => {}
        }
    }
    if all.contains(&Related::Changed) { Told::Updated(user) } else { Told::Unchanged(user) }
}

/// A country by ISO 3166-1, perhaps with a part of it by ISO 3166-2; empty when unknown.
fn is_jurisdiction(text: &str) -> bool {
    let upper = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match text.split_once('-') {
        Some((country, part)) => country.len() == 2 && upper(country) && (1..=3).contains(&part.len()) && upper(part),
        None => text.is_empty() || (text.len() == 2 && upper(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jurisdictions_are_countries_and_parts_of_them() {
        for good in ["", "DE", "US-CA", "GB-SCT", "FR-75"] {
            assert!(is_jurisdiction(good), "{good}");
        }
        for bad in ["de", "Germany", "U", "US-", "US-CALI", "-CA", "DE\n"] {
            assert!(!is_jurisdiction(bad), "{bad}");
        }
    }
}
