//! Which mode a conversation gets, and who may still come into it: the questions that `policy::mode` answers.

use std::sync::{Arc, PoisonError};

use model::conversation::{ASK_KEY, Mode, Terms};
use model::id::OwnedRoomId;
use model::json::parse_object;
use model::room::{Membership, Snapshot};
use policy::mode::{ModeFacts, ModePolicy, ModeRules, OnEncryptionRequest, Outcome, Party};
use store::query::people::Person;

pub use policy::mode::{Outlook, Row};

use crate::rooms::create::NewRoom;
use crate::{App, Caller, Error};

/// The mode of a room that is about to be made.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// What its create event will say.
    pub(crate) terms: Terms,
    /// Why, in words for members.
    pub(crate) reason: String,
    /// Whether encryption was asked for and is not given.
    pub(crate) stripped: bool,
}

/// What a conversation says of itself to its members.
#[derive(Clone, Debug)]
pub struct Label {
    /// The conversation.
    pub room_id: OwnedRoomId,
    /// Its terms, as the create event has them.
    pub terms: Terms,
}

/// What a member may know of the policies before they make a conversation.
#[derive(Clone, Debug)]
pub struct ModesInForce {
    /// The policies, in the order in which they are tried.
    pub policies: Vec<ModePolicy>,
    /// Whether a request for encryption that is not allowed makes a readable conversation, with a notice, or none.
    pub strips: bool,
}

impl App {
    /// Decides the mode of a room that `creator` wants to make with these people.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the reason where the policy does not allow what is asked for; [`Error::BadJson`] when
    /// two things are asked for at once.
    pub(crate) fn choose_mode(&self, creator: &Person, invited: &[Person], new: &NewRoom) -> Result<Chosen, Error> {
        let asked = asked_mode(new)?;
        let parties: Vec<Party> = std::iter::once(creator).chain(invited).map(party).collect();
        let facts = ModeFacts { tenant: &self.config.tenant.0, parties: &parties, asked };
        let decision = self.modes().decide(facts, self.config.on_encryption_request);
        let (mode, stripped) = match decision.outcome {
            Outcome::Make(mode) => (mode, false),
            Outcome::Strip => (Mode::Readable, true),
            Outcome::Refuse => {
                metrics::counter!("frankly_conversations_refused_total").increment(1);
                return Err(Error::Forbidden(refusal(asked, &decision.reason)));
            }
        };
        if stripped {
            metrics::counter!("frankly_encryption_requests_stripped_total").increment(1);
            tracing::info!(policy = %decision.policy, "a request for encryption is not met; the first notice of the room says so");
        }
        let tenant = self.config.tenant.0.clone();
        let terms = Terms { mode, policy: decision.policy, tenant, retention: "standard".to_owned() };
        Ok(Chosen { terms, reason: decision.reason, stripped })
    }

    /// Fails for somebody with whom the room could not have the mode it has. A mode never changes, so they stay out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the reason.
    pub(crate) fn admits(&self, room: &Snapshot, newcomer: &Person) -> Result<(), Error> {
        let conversation = room.conversation();
        let mode = conversation.terms().mode;
        let others = room.people.iter().filter(|(user, _)| **user != newcomer.user_id);
        let others = others.map(|(_, facts)| Party { age_band: facts.age_band, jurisdiction: facts.jurisdiction.clone() });
        let parties: Vec<Party> = others.chain(std::iter::once(party(newcomer))).collect();
        let facts = ModeFacts { tenant: &conversation.terms().tenant, parties: &parties, asked: Some(mode) };
        let decision = self.modes().decide(facts, OnEncryptionRequest::Refuse);
        if decision.outcome == Outcome::Make(mode) {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "{} This conversation is {} and its mode never changes; start a new conversation instead.",
            decision.reason,
            mode.as_str()
        )))
    }

    /// What a conversation says of itself, for who is in it or invited to it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else; whether it exists is not told.
    pub async fn label(&self, caller: &Caller, room_id: OwnedRoomId) -> Result<Label, Error> {
        let room = self.snapshot(&room_id).await?;
        match room.membership(&caller.user_id) {
            Some(Membership::Join | Membership::Invite) => Ok(Label { room_id, terms: room.conversation().terms().clone() }),
            _ => Err(Error::NotFound("there is no such room".to_owned())),
        }
    }

    /// The policies that can hold here, for members to read.
    pub fn modes_in_force(&self) -> ModesInForce {
        let policies = self.modes().in_force(&self.config.tenant.0).into_iter().cloned().collect();
        ModesInForce { policies, strips: self.config.on_encryption_request == OnEncryptionRequest::Strip }
    }

    /// Puts other policies in force. Conversations that are there keep their modes.
    ///
    /// Says whether they differ from those in force.
    pub fn replace_modes(&self, rules: ModeRules) -> bool {
        let mut modes = self.modes.write().unwrap_or_else(PoisonError::into_inner);
        let differ = **modes != rules;
        *modes = Arc::new(rules);
        differ
    }

    fn modes(&self) -> Arc<ModeRules> {
        Arc::clone(&self.modes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What clients may be told before they make a conversation.
    pub fn outlook(&self) -> Outlook {
        self.modes().outlook(&self.config.tenant.0)
    }

    /// The first words in a readable room: who can read, why, and where to see who did (protocol 6.5).
    pub(crate) fn first_notice(&self, chosen: &Chosen) -> String {
        let stripped = if chosen.stripped {
            "Your app asked for end-to-end encryption. It is not possible here, so this conversation is NOT encrypted end to end. "
        } else {
            ""
        };
        format!(
            "{stripped}This conversation is readable. {reason} Messages are checked by software before they are delivered. \
             The safety team of {server} can read a message when it was flagged or reported, or when the law requires it, \
             and each such read is recorded first. You can see every read of your messages: {base}/_frankly/v1/access",
            reason = chosen.reason,
            server = self.config.server_name,
            base = self.config.base_url,
        )
    }

    /// What the mode event of a sealed room says. A message would be plain text where nothing else is, so there is none.
    pub(crate) fn sealed_notice(&self, chosen: &Chosen) -> String {
        format!(
            "This conversation is sealed. {reason} Only its members can read what is said in it; {server} stores what it cannot read. \
             It does see who takes part, who writes when and how much, reactions, and the name, topic and picture of the conversation.",
            reason = chosen.reason,
            server = self.config.server_name,
        )
    }
}

fn party(person: &Person) -> Party {
    Party { age_band: person.age_band, jurisdiction: person.jurisdiction.clone() }
}

/// What a client asks for: a mode by its name, else encryption among the initial state, or none of it.
fn asked_mode(new: &NewRoom) -> Result<Option<Mode>, Error> {
    let by_state =
        if new.initial_state.iter().any(|(event_type, ..)| event_type == "m.room.encryption") { Mode::Sealed } else { Mode::Readable };
    let content = new.creation_content.as_deref().map(parse_object).transpose()?.unwrap_or_default();
    let Some(named) = content.get(ASK_KEY) else { return Ok(Some(by_state)) };
    let named = named.as_str();
    if named == Some("default") {
        return Ok(None);
    }
    let named = named.and_then(Mode::parse);
    let named = named.ok_or_else(|| Error::BadJson(format!("{ASK_KEY} is readable, sealed or default")))?;
    if by_state == Mode::Sealed && named == Mode::Readable {
        return Err(Error::BadJson("a readable conversation and m.room.encryption are asked for at once".to_owned()));
    }
    Ok(Some(named))
}

fn refusal(asked: Option<Mode>, reason: &str) -> String {
    match asked {
        Some(Mode::Sealed) => format!("{reason} Ask again without encryption to make a readable one."),
        Some(Mode::Readable) => format!("{reason} Ask again with encryption to make a sealed one."),
        None => reason.to_owned(),
    }
}
