//! Attempts to reach people one does not know: bounded by the contact policy, counted, and told to the safety team when
//! the counts need a person. Who and when is seen here, never what was said, so it is the same in both modes.

use model::contact::{ContactFacts, Pair};
use model::id::OwnedUserId;
use store::command::note_contacts::{Contact, ForgetContacts, NoteContacts, Noted};
use store::command::open_contact_case::{ContactCase, OpenContactCase};
use store::query::contact::EverMet;
use store::query::people::{People, Person};

use crate::contact::party;
use crate::desk::CaseEvent;
use crate::{App, Error};

impl App {
    /// Notes whom somebody tried to reach, before anybody is told whether it works. Nothing is counted in development.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for more strangers in a day than the policy allows.
    pub(crate) async fn note_contacts(&self, opener: &Person, contacts: Vec<Contact>) -> Result<(), Error> {
        if self.config.dev || contacts.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let tenant = self.config.tenant.0.clone();
        let facts = ContactFacts { opener: party(opener, now.0), tenant, ..ContactFacts::default() };
        let policy = self.contact_policy();
        let command = NoteContacts { opener: opener.user_id.clone(), contacts, most_24h: policy.new_contacts_24h(&facts), now };
        let counters = match self.store.run(command).await? {
            Noted::Counted(counters) => counters,
            Noted::Over { retry_after_ms } => {
                metrics::counter!("frankly_contacts_limited_total").increment(1);
                return Err(Error::LimitExceeded { retry_after_ms: u64::try_from(retry_after_ms).unwrap_or(1) });
            }
        };
        if let Some(verdict) = policy.alerts(&facts, &counters) {
            let subject = opener.user_id.clone();
            let command = OpenContactCase { subject, verdict, counters, now, tell_webhook: self.config.webhook.is_some() };
            match self.store.run(command).await? {
                ContactCase::Opened(case) => self.case_opened(case),
                ContactCase::Updated(case_id) => self.desk.tell(CaseEvent { case_id, kind: "updated" }),
                ContactCase::Same(_) => {}
            }
        }
        Ok(())
    }

    /// Notes an attempt to reach somebody who is hidden, or does not exist: the two are counted alike.
    pub(crate) async fn note_hidden(&self, asker: &OwnedUserId, user: &OwnedUserId) -> Result<(), Error> {
        if self.config.dev {
            return Ok(());
        }
        let found = self.store.read(People { user_ids: vec![asker.clone(), user.clone()] }).await?;
        let Some(opener) = found.iter().find(|person| person.user_id == *asker) else { return Ok(()) };
        let young = found.iter().any(|person| person.user_id == *user && is_young(opener, person));
        self.note_contacts(opener, vec![Contact { target: user.clone(), young, refused: true }]).await
    }

    /// Counts that somebody asked who a person is whom they may not see, or who does not exist: apart from attempts to
    /// reach people, and against nobody. A client asks for everybody it finds mentioned, so what looks like a search
    /// among minors may be another person's text on the asker's screen. Those they ever were in a room with are none.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for more than a client does of itself.
    pub(crate) async fn note_probe(&self, asker: &OwnedUserId, user: &OwnedUserId) -> Result<(), Error> {
        if self.config.dev || self.store.read(EverMet(asker.clone(), user.clone())).await? {
            return Ok(());
        }
        metrics::counter!("frankly_hidden_profiles_asked_total").increment(1);
        self.admit_probe(asker)
    }

    /// Forgets attempts whose time is over; to be called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_contacts(&self) -> Result<u64, Error> {
        Ok(self.store.run(ForgetContacts { now: self.clock.now() }).await?)
    }
}

/// An attempt, where the two do not know each other.
pub(crate) fn attempt(opener: &Person, target: &Person, pair: Pair, refused: bool) -> Option<Contact> {
    (!pair.known()).then(|| Contact { target: target.user_id.clone(), young: is_young(opener, target), refused })
}

/// Whether an adult reaches for a minor.
fn is_young(opener: &Person, target: &Person) -> bool {
    !opener.age_band.is_protected() && target.age_band.is_minor()
}
