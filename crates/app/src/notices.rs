//! Telling people what was decided: a room between the service account and the person, made on
//! first need. Plain words; a message is never quoted, a reporter never named.

use std::sync::Arc;

use model::case::{CaseKind, MessageState, Outcome};
use model::conversation::{CREATE_KEY, Mode, Terms};
use model::event::Draft;
use model::id::{OwnedRoomId, OwnedUserId};
use model::json::parse_object;
use model::room::{Membership, Snapshot};
use model::ruma::RoomVersionId;
use serde_json::json;
use store::command::append_events::{AppendEvents, SetMembership, Step};
use store::command::create_notice_room::CreateNoticeRoom;
use store::command::create_room::CreateRoom;
use store::command::notice::{Notice, Part};
use store::command::txn::Txn;
use store::query::people::Person;

use crate::rooms::snapshot::append_over;
use crate::rooms::steps::{member_content, object, quiet, state_draft};
use crate::{App, Error};

impl App {
    /// Delivers one notice; the same `outbox_id` twice is one message.
    pub(crate) async fn notify(&self, outbox_id: i64, notice: &Notice) -> Result<(), Error> {
        let person = self.person(&notice.to).await?;
        let room_id = self.notice_room(&person).await?;
        let text = words(notice, &self.config.appeal_contact);
        let service = self.config.service_user();
        let now = self.clock.now();
        let decide = |room: Arc<Snapshot>| {
            let content = object([("msgtype", "m.text"), ("body", text.as_str())]);
            let draft =
                Draft { sender: service.clone(), event_type: "m.room.message".to_owned(), state_key: None, content, origin_ts: now };
            let mut step = quiet(draft, room.joined());
            step.append.notifies = true;
            let txn = Txn { user: service.clone(), device_id: "outbox".to_owned(), key: format!("notice/{outbox_id}"), now };
            let command = AppendEvents { txn: Some(txn), ..append_over(&room, vec![step]) };
            std::future::ready(Ok(command))
        };
        self.write_room(&room_id, decide).await?;
        Ok(())
    }

    /// The person's notice room.
    async fn notice_room(&self, person: &Person) -> Result<OwnedRoomId, Error> {
        let terms = Terms {
            mode: Mode::Readable,
            policy: "notices@1".to_owned(),
            tenant: self.config.tenant.0.clone(),
            retention: "standard".to_owned(),
        };
        let room = CreateRoom {
            version: RoomVersionId::V12,
            mode: terms.mode,
            tenant: terms.tenant.clone(),
            steps: self.notice_room_steps(person, &terms)?,
        };
        let tag = json!({"tags": {"m.server_notice": {}}}).to_string();
        let made = self.store.run(CreateNoticeRoom { user_id: person.user_id.clone(), room, tag }).await?;
        self.wake.ring(made.reached.iter().map(|(user, _)| user));
        Ok(made.room_id)
    }

    /// The room's events. The person is in it without being asked, as with server notices of the spec,
    /// and cannot write: nobody reads there.
    fn notice_room_steps(&self, person: &Person, terms: &Terms) -> Result<Vec<Step>, Error> {
        let service = self.config.service_user();
        let now = self.clock.now();
        let terms = serde_json::to_value(terms).map_err(|error| Error::Internal(error.to_string()))?;
        let mut create = parse_object(&json!({"room_version": "12", CREATE_KEY: terms}).to_string())?;
        let levels = json!({"users": {}, "users_default": 0, "events_default": 50, "state_default": 100, "invite": 100, "kick": 100, "ban": 100, "redact": 100});
        let levels = parse_object(&levels.to_string())?;
        let people = vec![service.clone(), person.user_id.clone()];
        let mut recipients = people.clone();
        recipients.sort();
        let state = |sender: &OwnedUserId, event_type: &str, key: &str, content| {
            quiet(state_draft(sender, event_type, key, content, now), recipients.clone())
        };
        let join = |user: &OwnedUserId, profile: Option<&Person>| {
            let set = SetMembership { user: user.clone(), membership: Membership::Join.as_str(), stripped: None, profile_only: false };
            let content = member_content(Membership::Join, profile, None);
            Step { membership: Some(set), ..state(user, "m.room.member", user.as_str(), content) }
        };
        // whose room it is tells it from those made in the same millisecond: the ID is a hash of this
        create.extend(object([("org.frankly.notices_for", person.user_id.as_str())]));
        Ok(vec![
            state(&service, "m.room.create", "", create),
            join(&service, None),
            state(&service, "m.room.power_levels", "", levels),
            state(&service, "m.room.join_rules", "", object([("join_rule", "invite")])),
            state(&service, "m.room.history_visibility", "", object([("history_visibility", "shared")])),
            state(&service, "m.room.name", "", object([("name", "Frankly notices")])),
            join(&person.user_id, Some(person)),
        ])
    }
}

/// The text of a notice.
fn words(notice: &Notice, appeal_contact: &str) -> String {
    match notice.part {
        Part::Sender => to_sender(notice, appeal_contact),
        Part::Reporter => to_reporter(notice),
        Part::Recipient => to_recipient(notice),
    }
}

fn to_sender(notice: &Notice, appeal_contact: &str) -> String {
    let case = notice.case_id;
    let what = match (notice.outcome, notice.after) {
        (None, Some(MessageState::Released)) => {
            "A message of yours was kept back for review. Nobody had decided when its time was up, and it has now been delivered.".to_owned()
        }
        (None, _) => {
            "A message of yours was kept back for review. Nobody had decided when its time was up, and it was not delivered. \
             A reviewer can still deliver it."
                .to_owned()
        }
        (Some(Outcome::Release), _) => "A reviewer looked at a message of yours that was kept back, and delivered it.".to_owned(),
        (Some(Outcome::Dismiss), Some(MessageState::Released)) => {
            "A reviewer looked at a message of yours that was kept back, found nothing wrong with it, and delivered it.".to_owned()
        }
        (Some(Outcome::Dismiss), _) => {
            "A reviewer looked at a message of yours that was refused and found nothing wrong with it. It was not delivered: please send it again."
                .to_owned()
        }
        (Some(Outcome::KeepBlocked), _) => "A reviewer looked at a message of yours and decided that it is not delivered.".to_owned(),
        (Some(Outcome::Remove), _) => "A reviewer looked at a message of yours and removed it.".to_owned(),
        (Some(Outcome::Warn), after) => format!("{} This is a warning.", broke_rules(notice.about, after)),
        (Some(Outcome::Suspend), after) => {
            format!("{} Your account is suspended: you can read, and not write.", broke_rules(notice.about, after))
        }
        (Some(Outcome::Lock), after) => format!("{} Your account is locked.", broke_rules(notice.about, after)),
    };
    let mut lines = vec![what];
    let in_favour = matches!(notice.after, Some(MessageState::Released)) || notice.outcome == Some(Outcome::Dismiss);
    if !notice.harms.is_empty() && !in_favour {
        lines.push(format!("Reason: {}.", harms(&notice.harms)));
    }
    if !notice.words.trim().is_empty() {
        lines.push(format!("The reviewer says: {}", notice.words.trim()));
    }
    if notice.outcome.is_some_and(Outcome::is_strike) {
        lines.push("This is held against your account as one strike.".to_owned());
    }
    if !in_favour {
        lines.push(format!("If you think this is wrong, appeal: {appeal_contact} (name case {case})."));
    }
    lines.join("\n")
}

fn broke_rules(about: CaseKind, after: Option<MessageState>) -> &'static str {
    match (about, after) {
        (CaseKind::Event, Some(MessageState::Blocked)) => "A reviewer found that a message of yours breaks the rules; it is not delivered.",
        (CaseKind::Event, _) => "A reviewer found that a message of yours breaks the rules.",
        (CaseKind::Room | CaseKind::User, _) => "A reviewer found that your behaviour breaks the rules.",
    }
}

fn to_reporter(notice: &Notice) -> String {
    let what = match notice.about {
        CaseKind::Event => "the message you reported",
        CaseKind::Room => "the conversation you reported",
        CaseKind::User => "the person you reported",
    };
    let result = match notice.outcome {
        Some(Outcome::Remove) => "It was removed.",
        Some(Outcome::Warn) => "The person was warned.",
        Some(Outcome::Suspend | Outcome::Lock) => "The account was restricted.",
        Some(Outcome::KeepBlocked) => "It is not delivered.",
        Some(Outcome::Release | Outcome::Dismiss) | None => "No rule was found to be broken.",
    };
    format!("Thank you. A reviewer looked at {what}. {result} The report is answered (case {}).", notice.case_id)
}

fn to_recipient(notice: &Notice) -> String {
    match notice.after {
        Some(MessageState::Removed) => {
            "A message you received was reviewed and removed. If something like it reaches you, report it in your app.".to_owned()
        }
        _ => "A message to you was kept back for review and has now been delivered, later than it was sent.".to_owned(),
    }
}

/// Harm names in words a member understands.
fn harms(names: &[String]) -> String {
    let words: Vec<String> = names.iter().map(|name| name.split(['.', '_']).collect::<Vec<_>>().join(" ")).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use model::id::CaseId;

    use super::*;

    fn notice(part: Part, outcome: Option<Outcome>, before: MessageState) -> Notice {
        Notice {
            to: OwnedUserId::try_from("@ana:example.org").unwrap(),
            part,
            case_id: CaseId(7),
            about: CaseKind::Event,
            outcome,
            before: Some(before),
            after: outcome.map(|outcome| outcome.resolves_to(before)),
            harms: vec!["violence.threat".to_owned()],
            words: String::new(),
        }
    }

    #[test]
    fn the_sender_learns_what_why_and_how_to_appeal() {
        let text = words(&notice(Part::Sender, Some(Outcome::Remove), MessageState::Visible), "safety@example.org");
        insta::assert_snapshot!(text, @"
        A reviewer looked at a message of yours and removed it.
        Reason: violence threat.
        This is held against your account as one strike.
        If you think this is wrong, appeal: safety@example.org (name case 7).
        ");
    }

    #[test]
    fn good_news_needs_no_appeal() {
        let text = words(&notice(Part::Sender, Some(Outcome::Release), MessageState::Withheld), "safety@example.org");
        insta::assert_snapshot!(text, @"A reviewer looked at a message of yours that was kept back, and delivered it.");
    }

    #[test]
    fn the_reporter_is_told_and_learns_nothing_of_the_sender() {
        let text = words(&notice(Part::Reporter, Some(Outcome::Suspend), MessageState::Visible), "safety@example.org");
        insta::assert_snapshot!(text, @"Thank you. A reviewer looked at the message you reported. The account was restricted. The report is answered (case 7).");
        assert!(!text.contains("ana"));
    }
}
