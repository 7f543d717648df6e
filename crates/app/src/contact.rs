//! Who may reach whom: asked at every door that leads to somebody, whatever the mode of the conversation.
//!
//! Two things are asked, in this order. Whether the one who asks may know that there is such a person, which no
//! policy can change: whoever is hidden is answered for like somebody who does not exist. And what the contact policy
//! says of the two, and in a group of the newcomer and everybody there.

use std::sync::Arc;

use model::contact::{ContactFacts, ContactKind, ContactOutcome, Pair, Party};
use model::id::{OwnedRoomId, OwnedUserId};
use policy::contact::ContactDecision;
pub use policy::contact::ContactPolicy;
use store::command::note_contacts::Contact;
use store::query::account_data::AccountData;
use store::query::contact::Pairs;
use store::query::people::{PeopleOfRoom, Person, PersonSeen};

use crate::attempts::attempt;
use crate::{App, Error};

/// The key in an invitation's content that says: this comes from a stranger. The server alone sets it.
pub(crate) const REQUEST_KEY: &str = "org.frankly.request";

/// A conversation as somebody is about to enter it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The room, when there is one yet.
    pub(crate) room_id: Option<OwnedRoomId>,
    /// Its mode; empty when that is not decided yet.
    pub(crate) mode: String,
    /// What it will be with the newcomer.
    pub(crate) kind: ContactKind,
    /// Who is in it or invited, the newcomer left out.
    pub(crate) people: Vec<Person>,
}

/// One question to the policy: who opens, whom they would reach, and whether the other way round is asked too.
struct Question<'a> {
    opener: &'a Person,
    target: &'a Person,
    both_ways: bool,
}

impl App {
    /// Somebody of this server whom `asker` may see.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the same words for those who do not exist and those who are hidden.
    pub(crate) async fn somebody_seen_by(&self, asker: &OwnedUserId, user: &OwnedUserId) -> Result<Person, Error> {
        if user.server_name() != self.config.server_name {
            return Err(Error::Forbidden(format!("{user} is on another server, and this one does not federate")));
        }
        let query = PersonSeen { asker: Some(asker.clone()), user_id: user.clone() };
        if let Some(person) = self.store.read(query).await? {
            return Ok(person);
        }
        self.note_hidden(asker, user).await?;
        Err(unreachable(user))
    }

    /// The people of a room, besides this one and the server's own account.
    pub(crate) async fn place(&self, room_id: &OwnedRoomId, mode: &str, newcomer: &OwnedUserId) -> Result<Place, Error> {
        let mut people = self.store.read(PeopleOfRoom(room_id.clone())).await?;
        people.retain(|person| !person.service && person.user_id != *newcomer);
        Ok(Place { room_id: Some(room_id.clone()), mode: mode.to_owned(), kind: ContactKind::of(people.len() + 1), people })
    }

    /// Whether somebody may bring `target` into a conversation they are in themselves. A refusal is noted here; when
    /// it is allowed, the caller notes the attempt that comes with the outcome.
    ///
    /// # Errors
    /// [`Error::Forbidden`] in the words of the policy's rule, [`Error::InviteBlocked`] for somebody who takes none.
    pub(crate) async fn may_invite(
        &self,
        opener: &Person,
        target: &Person,
        place: &Place,
    ) -> Result<(ContactOutcome, Option<Contact>), Error> {
        let group = place.kind == ContactKind::Group;
        let mut questions = vec![Question { opener, target, both_ways: group }];
        questions.extend(among(place, target, Some(&opener.user_id)));
        let decided = self.ask(&questions, place).await?;
        let (decision, pair) = &decided[0];
        match decided.iter().position(|(decision, _)| decision.outcome == ContactOutcome::Refuse) {
            Some(0) => {
                self.note_contacts(opener, attempt(opener, target, *pair, true).into_iter().collect()).await?;
                Err(Error::Forbidden(decision.explain.clone()))
            }
            Some(_) => Err(Error::Forbidden(format!(
                "{} cannot be in this conversation: the rules on who can talk with whom here do not allow it with somebody in it",
                target.user_id
            ))),
            None if self.takes_no_invitations(&target.user_id).await? => {
                Err(Error::InviteBlocked(format!("{} does not take invitations", target.user_id)))
            }
            None => Ok((decision.outcome, attempt(opener, target, *pair, false))),
        }
    }

    /// Whether somebody may come into a conversation: by the invitation of `inviter`, or because it is open to all.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when the policy does not allow it with somebody in there.
    pub(crate) async fn may_come_in(&self, comer: &Person, inviter: Option<&OwnedUserId>, place: &Place) -> Result<(), Error> {
        let group = place.kind == ContactKind::Group;
        let inviter = inviter.and_then(|user| place.people.iter().find(|person| person.user_id == *user));
        let mut questions: Vec<_> = inviter.map(|opener| Question { opener, target: comer, both_ways: group }).into_iter().collect();
        if inviter.is_none() && !group {
            questions.extend(place.people.iter().map(|target| Question { opener: comer, target, both_ways: false }));
        } else {
            questions.extend(among(place, comer, inviter.map(|person| &person.user_id)));
        }
        let decided = self.ask(&questions, place).await?;
        let refused = decided.iter().map(|(decision, _)| decision.outcome == ContactOutcome::Refuse);
        if refused.clone().any(|refused| refused) {
            let with =
                |question: &Question<'_>| if question.opener.user_id == comer.user_id { question.target } else { question.opener }.clone();
            let others = questions.iter().zip(&decided).zip(refused).filter(|(_, refused)| *refused);
            let attempts = others.filter_map(|((question, (_, pair)), _)| attempt(comer, &with(question), *pair, true)).collect();
            self.note_contacts(comer, attempts).await?;
            return Err(Error::Forbidden(
                "you cannot come into this conversation: the rules on who can talk with whom here do not allow it with somebody in it"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether somebody said that they take no invitations (MSC4380).
    async fn takes_no_invitations(&self, user: &OwnedUserId) -> Result<bool, Error> {
        const TYPE: &str = "m.invite_permission_config";
        let query = AccountData { user_id: user.clone(), room_id: String::new(), data_type: TYPE.to_owned() };
        let content: Option<serde_json::Value> = self.store.read(query).await?.and_then(|content| serde_json::from_str(&content).ok());
        Ok(content.is_some_and(|content| content.get("default_action").and_then(serde_json::Value::as_str) == Some("block")))
    }

    /// The strictest decision of each question, and what connects the two.
    async fn ask(&self, questions: &[Question<'_>], place: &Place) -> Result<Vec<(ContactDecision, Pair)>, Error> {
        let of = questions.iter().map(|one| (one.opener.user_id.clone(), one.target.user_id.clone())).collect();
        let pairs = self.store.read(Pairs { of, besides: place.room_id.clone() }).await?;
        let policy = self.contact_policy();
        let now_ms = self.clock.now().0;
        let decide = |(question, pair): (&Question<'_>, Pair)| {
            let facts = ContactFacts {
                opener: party(question.opener, now_ms),
                target: party(question.target, now_ms),
                pair,
                kind: place.kind,
                mode: place.mode.clone(),
                tenant: self.config.tenant.0.clone(),
            };
            let decision = policy.decide(&facts);
            if !question.both_ways || decision.outcome == ContactOutcome::Refuse {
                return (decision, pair);
            }
            let back = policy.decide(&facts.turned());
            (if back.outcome > decision.outcome { back } else { decision }, pair)
        };
        Ok(questions.iter().zip(pairs).map(decide).collect())
    }

    /// The contact policy in force.
    pub(crate) fn contact_policy(&self) -> Arc<ContactPolicy> {
        Arc::clone(&self.contact.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Name and version of the contact policy in force, as in `frankly@1`, and the hash of its file.
    pub fn contact_policy_in_force(&self) -> (String, String) {
        let policy = self.contact_policy();
        (policy.name().to_owned(), policy.version().to_owned())
    }

    /// Puts another contact policy in force. Conversations that exist stay; it is asked at the next door.
    pub fn replace_contact_policy(&self, policy: ContactPolicy) {
        *self.contact.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(policy);
        self.rates.forget_bounds();
    }
}

/// What is asked of a newcomer and each of those who are there: where one of the two is young, whether either may
/// have the other in a conversation. Adults are asked about the one who invites them alone.
fn among<'a>(place: &'a Place, newcomer: &'a Person, but: Option<&'a OwnedUserId>) -> impl Iterator<Item = Question<'a>> {
    let others = place.people.iter().filter(move |person| Some(&person.user_id) != but);
    others.filter(|person| person.age_band.is_protected() || newcomer.age_band.is_protected()).map(|person| Question {
        opener: person,
        target: newcomer,
        both_ways: true,
    })
}

/// The answer for somebody who does not exist, and for somebody who is hidden.
pub(crate) fn unreachable(user: &OwnedUserId) -> Error {
    Error::Forbidden(format!("you cannot reach {user}: there is nobody of this name here, or they are not open to people they do not know"))
}

pub(crate) fn party(person: &Person, now_ms: i64) -> Party {
    Party {
        age_band: person.age_band,
        jurisdiction: person.jurisdiction.clone(),
        account_age_h: (now_ms - person.created_ms).max(0) / 3_600_000,
        strikes: person.strikes,
        limit: person.limit,
    }
}
