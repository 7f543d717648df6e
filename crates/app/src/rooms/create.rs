//! Making a room: its terms first, then everything a client asked for, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use model::clock::Timestamp;
use model::contact::{ContactKind, ContactOutcome};
use model::conversation::{ASK_KEY, CREATE_KEY, Conversation, Mode, Terms};
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId, random_word};
use model::json::parse_object;
use model::limits;
use model::room::{Membership, Snapshot, StateEvent};
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue, RoomVersionId};
use model::seq::RoomPos;
use policy::auth_rules;
use store::command::append_events::Step;
use store::command::create_room::CreateRoom;
use store::query::people::Person;

use super::state_events::refuse_by_mode;
use super::steps::{member_content, membership_step, object, quiet, state_draft};
use crate::contact::{Place, REQUEST_KEY};
use crate::{App, Caller, Error};

/// The key of the create content that makes each room's hash its own.
const NONCE_KEY: &str = "org.frankly.nonce";

/// The conventional settings of a room (spec `createRoom`, `preset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// By invitation.
    Private,
    /// By invitation; everybody invited has the maker's power.
    TrustedPrivate,
    /// For everybody who knows its ID.
    Public,
}

/// A room as a client asks for it. JSON parts are texts as sent.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Conventional settings.
    pub preset: Preset,
    /// Whether it is a direct conversation.
    pub is_direct: bool,
    /// Whom to invite.
    pub invite: Vec<OwnedUserId>,
    /// Its name.
    pub name: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// Keys for the create event.
    pub creation_content: Option<String>,
    /// State events: type, state key, content.
    pub initial_state: Vec<(String, String, String)>,
    /// Power levels that differ from the usual.
    pub power_levels: Option<String>,
    /// The room version asked for.
    pub version: Option<RoomVersionId>,
}

impl App {
    /// Makes a room and gives its ID, which commits to who can read it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a mode that the policy does not allow; [`Error::UnsupportedRoomVersion`];
    /// [`Error::Forbidden`] for an invited person who does not exist, or whom the contact policy keeps apart;
    /// [`Error::BadJson`] by form.
    pub async fn create_room(&self, caller: &Caller, new: NewRoom) -> Result<OwnedRoomId, Error> {
        caller.may_write()?;
        self.admit_sender(&caller.user_id)?;
        check_bounds(&new)?;
        self.has_room_for_another(caller).await?;
        let creator = self.person(&caller.user_id).await?;
        let invited = self.people_to_invite(caller, &new.invite).await?;
        let requests = self.ask_for_all(&creator, &invited).await?;
        let mut plan = self.plan_room(&creator, &invited, &new)?;
        for person in &invited {
            plan.invite(person, new.is_direct, requests.contains(&person.user_id))?;
        }
        self.judge_new_room(&plan.room, &creator.user_id).await?;
        let terms = plan.terms.clone();
        let command = CreateRoom { version: RoomVersionId::V12, mode: terms.mode, tenant: terms.tenant, steps: plan.steps };
        let created = self.store.run(command).await?;
        self.wake_reached(&created.appended);
        self.wake.ring(invited.iter().map(|person| &person.user_id));
        Ok(created.room_id)
    }

    /// Decides mode and terms, then lists the events in the order of the spec.
    fn plan_room(&self, creator: &Person, invited: &[Person], new: &NewRoom) -> Result<Plan, Error> {
        let chosen = self.choose_mode(creator, invited, new)?;
        let mut plan = Plan::new(creator, chosen.terms.clone(), self.clock.now(), random_word(&*self.entropy, 16));
        plan.create_event(new, invited)?;
        plan.state("m.room.member", creator.user_id.as_str(), member_content(Membership::Join, Some(creator), None))?;
        plan.state("m.room.power_levels", "", power_levels(new)?)?;
        plan.preset(new)?;
        if chosen.terms.mode == Mode::Sealed {
            plan.encryption(new)?;
        }
        for (event_type, state_key, content) in &new.initial_state {
            plan.initial_state(event_type, state_key, content)?;
        }
        if let Some(name) = &new.name {
            plan.state("m.room.name", "", object([("name", name.as_str())]))?;
        }
        if let Some(topic) = &new.topic {
            plan.state("m.room.topic", "", topic_content(topic))?;
        }
        match chosen.terms.mode {
            Mode::Readable => plan.announce(&self.config.service_user(), &self.first_notice(&chosen), true),
            Mode::Sealed => plan.announce(&self.config.service_user(), &self.sealed_notice(&chosen), false),
        }
        Ok(plan)
    }

    /// Those who are to be invited, each once.
    async fn people_to_invite(&self, caller: &Caller, named: &[OwnedUserId]) -> Result<Vec<Person>, Error> {
        let mut invited: Vec<Person> = Vec::with_capacity(named.len());
        for user in named.iter().filter(|user| **user != caller.user_id) {
            let person = self.somebody_seen_by(&caller.user_id, user).await?;
            if person.service {
                return Err(Error::Forbidden("the server's own account cannot be invited".to_owned()));
            }
            if invited.iter().all(|one| one.user_id != person.user_id) {
                invited.push(person);
            }
        }
        Ok(invited)
    }

    /// Asks the contact policy about everybody who is to be invited; gives those who will get a message request.
    async fn ask_for_all(&self, creator: &Person, invited: &[Person]) -> Result<BTreeSet<OwnedUserId>, Error> {
        let (mut requests, mut contacts) = (BTreeSet::new(), Vec::new());
        let kind = ContactKind::of(invited.len() + 1);
        let mut place = Place { room_id: None, mode: String::new(), kind, people: vec![creator.clone()] };
        for person in invited {
            let (outcome, contact) = self.may_invite(creator, person, &place).await?;
            contacts.extend(contact);
            if outcome == ContactOutcome::Request {
                requests.insert(person.user_id.clone());
            }
            place.people.push(person.clone());
        }
        self.note_contacts(creator, contacts).await?;
        Ok(requests)
    }
}

fn check_bounds(new: &NewRoom) -> Result<(), Error> {
    if new.version.as_ref().is_some_and(|version| *version != RoomVersionId::V12) {
        return Err(Error::UnsupportedRoomVersion("rooms here have version 12, whose ID commits to who can read".to_owned()));
    }
    if new.invite.len() > limits::CREATE_INVITES {
        return Err(Error::InvalidParam(format!("at most {} people can be invited at once", limits::CREATE_INVITES)));
    }
    if new.initial_state.len() > limits::CREATE_STATE_EVENTS {
        return Err(Error::InvalidParam(format!("at most {} state events can be given at once", limits::CREATE_STATE_EVENTS)));
    }
    Ok(())
}

/// The usual levels (protocol 6.4), with what the client asked for over them.
fn power_levels(new: &NewRoom) -> Result<CanonicalJsonObject, Error> {
    let invite = if new.is_direct { 50 } else { 0 };
    let usual = format!(
        r#"{{"ban":50,"events":{{"m.room.avatar":50,"m.room.canonical_alias":50,"m.room.encryption":100,"m.room.history_visibility":100,"m.room.name":50,"m.room.power_levels":100,"m.room.server_acl":100,"m.room.tombstone":150}},"events_default":0,"invite":{invite},"kick":50,"notifications":{{"room":50}},"redact":50,"state_default":50,"users":{{}},"users_default":0}}"#
    );
    let mut levels = parse_object(&usual)?;
    if let Some(text) = &new.power_levels {
        levels.extend(parse_object(text)?);
    }
    Ok(levels)
}

/// A topic as text, and as the content block for clients that know it (spec `m.room.topic`, `m.topic`).
fn topic_content(topic: &str) -> CanonicalJsonObject {
    let text = CanonicalJsonValue::Array(vec![CanonicalJsonValue::Object(object([("body", topic)]))]);
    let block = CanonicalJsonObject::from([("m.text".to_owned(), text)]);
    let mut content = object([("topic", topic)]);
    content.insert("m.topic".to_owned(), CanonicalJsonValue::Object(block));
    content
}

/// A room being planned: the events so far, and the state they make.
struct Plan {
    creator: OwnedUserId,
    terms: Terms,
    now: Timestamp,
    /// Tells apart two rooms that one person makes in the same millisecond: the room ID is a hash.
    nonce: String,
    room: Snapshot,
    steps: Vec<Step>,
}

impl Plan {
    fn new(creator: &Person, terms: Terms, now: Timestamp, nonce: String) -> Self {
        // the room has no ID before its create event is hashed; nothing in a plan looks at it
        let room_id = OwnedRoomId::try_from("!planned").expect("a constant room ID is valid");
        let room = Snapshot {
            room_id,
            version: "12".to_owned(),
            state_version: 0,
            state: BTreeMap::new(),
            state_bytes: 0,
            people: BTreeMap::new(),
        };
        Self { creator: creator.user_id.clone(), terms, now, nonce, room, steps: Vec::new() }
    }

    fn create_event(&mut self, new: &NewRoom, invited: &[Person]) -> Result<(), Error> {
        let mut content = new.creation_content.as_deref().map(parse_object).transpose()?.unwrap_or_default();
        if content.contains_key(CREATE_KEY) {
            return Err(Error::Forbidden(format!("{CREATE_KEY} is set by the server alone: it states who can read")));
        }
        content.remove("creator");
        content.remove(ASK_KEY);
        content.insert("room_version".to_owned(), CanonicalJsonValue::String("12".to_owned()));
        if new.preset == Preset::TrustedPrivate && !invited.is_empty() {
            let listed = content.get("additional_creators").and_then(CanonicalJsonValue::as_array).unwrap_or_default();
            let mut creators = listed.to_vec();
            for person in invited {
                let id = CanonicalJsonValue::String(person.user_id.to_string());
                if !creators.contains(&id) {
                    creators.push(id);
                }
            }
            content.insert("additional_creators".to_owned(), CanonicalJsonValue::Array(creators));
        }
        check_additional_creators(&content)?;
        let terms = serde_json::to_string(&self.terms).map_err(|error| Error::Internal(error.to_string()))?;
        content.insert(CREATE_KEY.to_owned(), CanonicalJsonValue::Object(parse_object(&terms)?));
        content.insert(NONCE_KEY.to_owned(), CanonicalJsonValue::String(self.nonce.clone()));
        let draft = state_draft(&self.creator, "m.room.create", "", content, self.now);
        self.push(quiet(draft, vec![self.creator.clone()]));
        Ok(())
    }

    fn preset(&mut self, new: &NewRoom) -> Result<(), Error> {
        let join_rule = if new.preset == Preset::Public { "public" } else { "invite" };
        self.preset_state(new, "m.room.join_rules", object([("join_rule", join_rule)]))?;
        self.preset_state(new, "m.room.history_visibility", object([("history_visibility", "shared")]))?;
        self.preset_state(new, "m.room.guest_access", object([("guest_access", "forbidden")]))
    }

    /// A preset's event, unless the client gives its own.
    fn preset_state(&mut self, new: &NewRoom, event_type: &str, content: CanonicalJsonObject) -> Result<(), Error> {
        if new.initial_state.iter().any(|(given, key, _)| given == event_type && key.is_empty()) {
            return Ok(());
        }
        self.state(event_type, "", content)
    }

    /// How a sealed conversation is encrypted: as its maker asked, or as usual.
    fn encryption(&mut self, new: &NewRoom) -> Result<(), Error> {
        let asked = new.initial_state.iter().find(|(event_type, state_key, _)| event_type == "m.room.encryption" && state_key.is_empty());
        let asked = asked.map(|(.., content)| parse_object(content)).transpose()?;
        let content = model::sealed::encryption(asked.as_ref()).map_err(Error::BadJson)?;
        self.state("m.room.encryption", "", content)
    }

    fn initial_state(&mut self, event_type: &str, state_key: &str, content: &str) -> Result<(), Error> {
        match event_type {
            // readable: asked for and not given, as the first notice says; sealed: written already
            "m.room.encryption" => Ok(()),
            "m.room.create" | "m.room.member" => Err(Error::BadJson(format!("{event_type} cannot be given as initial state"))),
            // means nothing without federation, and does no harm
            "m.room.server_acl" => self.state(event_type, state_key, parse_object(content)?),
            _ => {
                refuse_by_mode(&Conversation::from_terms(self.terms.clone()), event_type)?;
                self.state(event_type, state_key, parse_object(content)?)
            }
        }
    }

    /// A state event of the creator, judged by the rules over the state so far.
    fn state(&mut self, event_type: &str, state_key: &str, content: CanonicalJsonObject) -> Result<(), Error> {
        let draft = state_draft(&self.creator, event_type, state_key, content, self.now);
        if event_type == "m.room.member" {
            // the creator's own join is what makes every other event possible
            let creator = self.creator.clone();
            let step = membership_step(&self.room, draft, &creator, Membership::Join);
            self.push(step);
            return Ok(());
        }
        let checked = if event_type == "m.room.power_levels" {
            auth_rules::check_levels_form(&self.room, &draft.content)
        } else {
            auth_rules::check(&self.room, &draft)
        };
        checked.map_err(|refused| Error::BadJson(refused.0))?;
        self.push(quiet(draft, vec![self.creator.clone()]));
        Ok(())
    }

    /// States the mode for clients that look at state, and where plain words are spoken says it in words. Both are
    /// the service account's, which is no member: nobody can take them for a member's.
    fn announce(&mut self, service: &OwnedUserId, notice: &str, in_words: bool) {
        let mut content = object([("mode", self.terms.mode.as_str()), ("policy", self.terms.policy.as_str())]);
        content.insert("notice".to_owned(), CanonicalJsonValue::String(notice.to_owned()));
        let recipients = vec![self.creator.clone()];
        self.push(quiet(state_draft(service, "org.frankly.mode", "", content, self.now), recipients.clone()));
        if !in_words {
            return;
        }
        let mut message = state_draft(service, "m.room.message", "", object([("msgtype", "m.notice"), ("body", notice)]), self.now);
        message.state_key = None;
        self.push(quiet(message, recipients));
    }

    fn invite(&mut self, person: &Person, is_direct: bool, request: bool) -> Result<(), Error> {
        let mut content = member_content(Membership::Invite, Some(person), None);
        if request {
            content.insert(REQUEST_KEY.to_owned(), CanonicalJsonValue::Bool(true));
        }
        if is_direct {
            content.insert("is_direct".to_owned(), CanonicalJsonValue::Bool(true));
        }
        let draft = state_draft(&self.creator, "m.room.member", person.user_id.as_str(), content, self.now);
        auth_rules::check(&self.room, &draft).map_err(|refused| Error::Forbidden(refused.0))?;
        let step = membership_step(&self.room, draft, &person.user_id, Membership::Invite);
        self.push(step);
        Ok(())
    }

    /// Adds the step and what it does to the state.
    fn push(&mut self, step: Step) {
        let draft = &step.append.draft;
        if let Some(state_key) = &draft.state_key {
            let event_id = OwnedEventId::try_from("$planned").expect("a constant event ID is valid");
            let event = StateEvent { event_id, room_pos: RoomPos::ZERO, sender: draft.sender.clone(), content: draft.content.clone() };
            self.room.state.entry(draft.event_type.clone()).or_default().insert(state_key.clone(), event);
        }
        self.steps.push(step);
    }
}

fn check_additional_creators(content: &CanonicalJsonObject) -> Result<(), Error> {
    let Some(listed) = content.get("additional_creators") else {
        return Ok(());
    };
    let valid = listed
        .as_array()
        .is_some_and(|list| list.iter().all(|one| one.as_str().is_some_and(|user| model::id::UserId::parse(user).is_ok())));
    if valid { Ok(()) } else { Err(Error::BadJson("additional_creators must be a list of user IDs".to_owned())) }
}
