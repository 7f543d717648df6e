//! The judgement over a message before anybody sees it: scanner, facts, rules.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use model::body::PlainBody;
use model::conversation::Conversation;
use model::facts::{ContextFacts, Facts, MediaFacts, MessageFacts, PairFacts, PartyFacts};
use model::finding::Findings;
use model::id::OwnedUserId;
use model::person::AgeBand;
use model::room::{MemberFacts, Snapshot};
use model::ruma::CanonicalJsonObject;
use model::sealed::SealedBody;
use model::verdict::{Action, Verdict};
use store::query::sender_history::{History, SenderHistory};

use crate::behaviour::Seen;
use crate::rooms::sealed::text_of;
use crate::rooms::steps::object;
use crate::rules::Rules;
use crate::{App, Error};

const WEEK_MS: i64 = 7 * 24 * 3_600_000;

/// A verdict with everything it rests on, so that it can be replayed.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) facts: Facts,
    pub(crate) findings: Findings,
}

impl Judgement {
    /// Whether somebody of the safety team must see it.
    pub(crate) fn needs_a_person(&self) -> bool {
        self.verdict.action != Action::Allow
    }
}

impl App {
    /// Judges a message of a readable conversation, together with what its sender said there just before.
    ///
    /// # Errors
    /// When the sender's past cannot be read.
    pub(crate) async fn judge(&self, room: &Snapshot, sender: &OwnedUserId, body: &PlainBody) -> Result<Judgement, Error> {
        let rules = self.rules();
        let mut findings = rules.scan(body);
        let across = self.seams.cross(&room.room_id, sender, body, self.clock.now(), &rules);
        findings.hits.extend(across);
        self.drift.count(&findings.labels);
        let mut facts = self.facts(room, sender, &Said::plain(body, &findings)).await?;
        facts.pair.themes = self.note_themes(room, sender, &findings).await?;
        let verdict = rules.judge(&facts, &findings);
        if verdict.action == Action::Block {
            self.seams.take_back(&room.room_id, sender, body);
        }
        metrics::counter!("frankly_messages_judged_total", "action" => verdict.action.as_str()).increment(1);
        Ok(Judgement { verdict, facts, findings })
    }

    /// Judges a message of a sealed conversation by what is known of its people and how they write; there is no text.
    ///
    /// # Errors
    /// When the sender's past cannot be read.
    pub(crate) async fn judge_sealed(&self, room: &Snapshot, sender: &OwnedUserId, body: &SealedBody) -> Result<Judgement, Error> {
        let rules = self.rules();
        let findings = Findings::default();
        let facts = self.facts(room, sender, &Said::sealed(body)).await?;
        let verdict = rules.judge_sealed(&facts);
        metrics::counter!("frankly_sealed_messages_judged_total", "action" => verdict.action.as_str()).increment(1);
        Ok(Judgement { verdict, facts, findings })
    }

    /// Judges a piece of state that people read: names, topics. It cannot be withheld, so what would be is refused.
    ///
    /// # Errors
    /// [`Error::Safety`] when it is not acceptable.
    pub(crate) async fn judge_state(
        &self,
        room: &Snapshot,
        sender: &OwnedUserId,
        event_type: &str,
        content: &CanonicalJsonObject,
    ) -> Result<(), Error> {
        let Conversation::Readable(readable) = room.conversation() else {
            return Ok(());
        };
        let body = readable.admit(event_type, content)?;
        let rules = self.rules();
        let findings = rules.scan(&body);
        if findings.hits.is_empty() && !findings.overrun {
            return Ok(());
        }
        let facts = self.facts(room, sender, &Said::plain(&body, &findings)).await?;
        self.refuse_if_grave(&rules, &facts, &findings)
    }

    /// As [`App::judge_state`], for the reason that somebody gives for what they do.
    ///
    /// # Errors
    /// [`Error::Safety`] when it is not acceptable.
    pub(crate) async fn judge_reason(
        &self,
        room: &Snapshot,
        sender: &OwnedUserId,
        event_type: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        match reason {
            Some(reason) => self.judge_state(room, sender, event_type, &object([("reason", reason)])).await,
            None => Ok(()),
        }
    }

    /// As [`App::judge_state`], for the names and topics of a room that is being made.
    ///
    /// # Errors
    /// [`Error::Safety`] when one is not acceptable.
    pub(crate) async fn judge_new_room(&self, room: &Snapshot, creator: &OwnedUserId) -> Result<(), Error> {
        let Conversation::Readable(readable) = room.conversation() else {
            return Ok(());
        };
        let rules = self.rules();
        for (event_type, events) in room.state.iter().filter(|(event_type, _)| *event_type != "m.room.create") {
            for event in events.values() {
                let body = readable.admit(event_type, &event.content)?;
                let findings = rules.scan(&body);
                if !findings.hits.is_empty() || findings.overrun {
                    let facts = self.facts(room, creator, &Said::plain(&body, &findings)).await?;
                    self.refuse_if_grave(&rules, &facts, &findings)?;
                }
            }
        }
        Ok(())
    }

    fn refuse_if_grave(&self, rules: &Rules, facts: &Facts, findings: &Findings) -> Result<(), Error> {
        let verdict = rules.judge(facts, findings);
        if verdict.action < Action::Hold {
            return Ok(());
        }
        let harms: Vec<String> = verdict.harms().into_iter().map(str::to_owned).collect();
        Err(Error::Safety { message: self.refusal_text(&harms), harms, case: None })
    }

    async fn facts(&self, room: &Snapshot, sender: &OwnedUserId, said: &Said) -> Result<Facts, Error> {
        let now = self.clock.now();
        let history = self.sender_history(room, sender).await?;
        let own = room.people.get(sender);
        let others: Vec<&MemberFacts> = room.people.iter().filter(|(user, _)| *user != sender).map(|(_, facts)| facts).collect();
        let (from, to) = (party(own.into_iter(), now.0), party(others.into_iter(), now.0));
        let first_contact = history.prior_msgs == 0;
        let is_minor = |band: AgeBand| matches!(band, AgeBand::Under13 | AgeBand::From13To15 | AgeBand::From16To17);
        let to_new_minor = first_contact && from.age_band == AgeBand::Adult && is_minor(to.age_band);
        let mut counters = model::facts::CounterFacts::default();
        if !self.config.dev {
            let seen = Seen {
                now,
                fingerprint: said.fingerprint,
                link: said.link,
                room: hash(room.room_id.as_str()),
                first_contact,
                to_new_minor,
            };
            counters = self.behaviour.count(sender, seen);
            counters.reports_7d = history.reports;
        }
        let conversation = room.conversation();
        Ok(Facts {
            msg: said.facts.clone(),
            media: MediaFacts::default(),
            sender: from,
            recipient: to,
            pair: PairFacts { mutual: history.answered && !first_contact, first_contact, prior_msgs: history.prior_msgs, themes: 0 },
            counters,
            ctx: ContextFacts {
                tenant: conversation.terms().tenant.clone(),
                mode: conversation.terms().mode.as_str().to_owned(),
                jurisdiction: own.map(|facts| facts.jurisdiction.clone()).unwrap_or_default(),
                members: i64::try_from(room.people.len()).unwrap_or(i64::MAX),
            },
        })
    }

    async fn sender_history(&self, room: &Snapshot, sender: &OwnedUserId) -> Result<History, Error> {
        let known = self.behaviour.history(&room.room_id, sender);
        let history = match known {
            Some(history) => history,
            None if room.people.is_empty() => History { prior_msgs: 0, answered: false, reports: 0 },
            None => {
                let reports_since_ms = self.clock.now().0 - WEEK_MS;
                self.store.read(SenderHistory { room_id: room.room_id.clone(), sender: sender.clone(), reports_since_ms }).await?
            }
        };
        self.behaviour.remember(&room.room_id, sender, History { prior_msgs: history.prior_msgs + 1, ..history });
        Ok(history)
    }

    /// The rules in force.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// For each label of the linear model how far the messages judged here are from those it was trained on; nothing for
    /// a label while they are too few.
    pub fn model_drift(&self) -> Vec<(String, Option<f64>)> {
        let rules = self.rules();
        rules.model().map(|model| self.drift.against(model).map(|(label, psi)| (label.to_owned(), psi)).collect()).unwrap_or_default()
    }

    /// Version of the packs in force, and how many rules they have.
    pub fn rules_in_force(&self) -> (String, usize) {
        let rules = self.rules();
        (rules.version().to_owned(), rules.count())
    }

    /// Puts other rules in force, without a pause: messages being judged finish by the old ones.
    pub fn replace_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(rules);
    }
}

/// A message as far as the facts go: nothing of what it says.
struct Said {
    facts: MessageFacts,
    fingerprint: u64,
    /// Hash of the first link; 0 for none.
    link: u64,
}

impl Said {
    fn plain(body: &PlainBody, findings: &Findings) -> Self {
        let facts = MessageFacts {
            kind: body.kind().to_owned(),
            len: i64::from(findings.chars),
            links: i64::from(findings.links),
            has_media: body.has_media(),
            is_edit: body.is_edit(),
        };
        Self { facts, fingerprint: scan::fingerprint(body), link: if findings.links > 0 { scan::link_fingerprint(body) } else { 0 } }
    }

    fn sealed(body: &SealedBody) -> Self {
        let len = i64::try_from(body.bytes()).unwrap_or(i64::MAX);
        let facts = MessageFacts { kind: body.kind().to_owned(), len, links: 0, has_media: false, is_edit: false };
        Self { facts, fingerprint: hash(text_of(body)), link: 0 }
    }
}

/// One party out of several people: the youngest band, the newest account, the most strikes.
fn party<'a>(people: impl Iterator<Item = &'a MemberFacts>, now_ms: i64) -> PartyFacts {
    let mut facts: Option<PartyFacts> = None;
    for person in people {
        let age_h = (now_ms - person.created_ms).max(0) / 3_600_000;
        let one = PartyFacts { age_band: person.age_band, account_age_h: age_h, strikes: person.strikes };
        facts = Some(match facts {
            None => one,
            Some(all) => PartyFacts {
                age_band: all.age_band.min(one.age_band),
                account_age_h: all.account_age_h.min(one.account_age_h),
                strikes: all.strikes.max(one.strikes),
            },
        });
    }
    facts.unwrap_or_default()
}

fn hash(text: &str) -> u64 {
    let mut hasher = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default().build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}
