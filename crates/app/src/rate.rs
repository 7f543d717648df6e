//! How often somebody may ask. Strangers are counted by address, members by account.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::contact::{ContactFacts, Party};
use model::id::OwnedUserId;
use model::limits;
use model::room::Snapshot;
use moka::sync::Cache;

use crate::{App, Error};

/// The counters; none in development.
#[derive(Debug)]
pub(crate) struct Rates {
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    senders: DefaultKeyedRateLimiter<OwnedUserId>,
    to_device: DefaultKeyedRateLimiter<OwnedUserId>,
    uploads: DefaultKeyedRateLimiter<OwnedUserId>,
    refreshes: DefaultKeyedRateLimiter<OwnedUserId>,
    passwords: DefaultKeyedRateLimiter<OwnedUserId>,
    probes: DefaultKeyedRateLimiter<OwnedUserId>,
    searches: DefaultKeyedRateLimiter<OwnedUserId>,
    notes: DefaultKeyedRateLimiter<OwnedUserId>,
    /// For those whom the contact policy allows less than everybody, by how much a minute.
    bounded: RwLock<BTreeMap<u32, Arc<DefaultKeyedRateLimiter<OwnedUserId>>>>,
    /// What it allowed somebody when it was last asked.
    bounds: Cache<OwnedUserId, Option<u32>>,
    off: bool,
}

fn quota(period_ms: u64, burst: u32) -> Quota {
    let quota = Quota::with_period(Duration::from_millis(period_ms.max(1))).expect("a period above zero");
    quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

impl Rates {
    pub(crate) fn new(off: bool) -> Self {
        let bounds = Cache::builder().max_capacity(limits::SENDER_BOUNDS).time_to_live(Duration::from_secs(limits::SENDER_BOUND_S));
        Self {
            strangers: RateLimiter::keyed(quota(limits::STRANGER_PERIOD_MS, limits::STRANGER_BURST)),
            senders: RateLimiter::keyed(quota(limits::SENDER_PERIOD_MS, limits::SENDER_BURST)),
            to_device: RateLimiter::keyed(quota(limits::TO_DEVICE_PERIOD_MS, limits::TO_DEVICE_BURST)),
            uploads: RateLimiter::keyed(quota(limits::UPLOAD_PERIOD_MS, limits::UPLOAD_BURST)),
            refreshes: RateLimiter::keyed(quota(limits::REFRESH_PERIOD_MS, limits::REFRESH_BURST)),
            passwords: RateLimiter::keyed(quota(limits::PASSWORD_PERIOD_MS, limits::PASSWORD_BURST)),
            probes: RateLimiter::keyed(quota(limits::PROBE_PERIOD_MS, limits::PROBE_BURST)),
            searches: RateLimiter::keyed(quota(limits::SEARCH_PERIOD_MS, limits::SEARCH_BURST)),
            notes: RateLimiter::keyed(quota(limits::NOTE_PERIOD_MS, limits::NOTE_BURST)),
            bounded: RwLock::default(),
            bounds: bounds.build(),
            off,
        }
    }

    /// The limiter of those who may send so many messages a minute, half of them at once.
    fn bounded(&self, messages_1m: u32) -> Arc<DefaultKeyedRateLimiter<OwnedUserId>> {
        if let Some(limiter) = self.bounded.read().unwrap_or_else(PoisonError::into_inner).get(&messages_1m) {
            return Arc::clone(limiter);
        }
        let new = || Arc::new(RateLimiter::keyed(quota(60_000 / u64::from(messages_1m.max(1)), messages_1m / 2)));
        Arc::clone(self.bounded.write().unwrap_or_else(PoisonError::into_inner).entry(messages_1m).or_insert_with(new))
    }

    /// Asks the contact policy again how much each may send: another is in force.
    pub(crate) fn forget_bounds(&self) {
        self.bounds.invalidate_all();
        self.bounded.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets those who have not asked for long, so that memory stays bounded.
    pub(crate) fn forget_idle(&self) {
        self.strangers.retain_recent();
        self.senders.retain_recent();
        self.to_device.retain_recent();
        self.uploads.retain_recent();
        self.refreshes.retain_recent();
        self.passwords.retain_recent();
        self.probes.retain_recent();
        self.searches.retain_recent();
        self.notes.retain_recent();
        for limiter in self.bounded.read().unwrap_or_else(PoisonError::into_inner).values() {
            limiter.retain_recent();
        }
    }
}

impl App {
    /// Counts a log-in or registration from this address.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub fn admit_stranger(&self, address: Option<IpAddr>) -> Result<(), Error> {
        match address {
            Some(address) if !self.rates.off => self.rates.strangers.check_key(&address).map_err(|not_until| wait(&not_until)),
            _ => Ok(()),
        }
    }

    /// Counts an event, room or invitation of this person.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_sender(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.senders.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a message or piece of state of a member of this room against what the contact policy allows people of
    /// their age and trust. What everybody may send is counted by [`App::admit_sender`].
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_speaker(&self, room: &Snapshot, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        let Some(messages_1m) = self.rates.bounds.get_with_by_ref(user, || self.messages_1m(room, user)) else { return Ok(()) };
        self.rates.bounded(messages_1m).check_key(user).map_err(|not_until| wait(&not_until))
    }

    fn messages_1m(&self, room: &Snapshot, user: &OwnedUserId) -> Option<u32> {
        let facts = room.people.get(user)?;
        let opener = Party {
            age_band: facts.age_band,
            jurisdiction: facts.jurisdiction.clone(),
            account_age_h: (self.clock.now().0 - facts.created_ms).max(0) / 3_600_000,
            strikes: facts.strikes,
            limit: None,
        };
        let tenant = self.config.tenant.0.clone();
        self.contact_policy().messages_1m(&ContactFacts { opener, tenant, ..ContactFacts::default() })
    }

    /// Counts a request that puts messages into devices' queues.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_to_device(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.to_device.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts an upload of this person, or the announcement of one.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_upload(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.uploads.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a refresh of a session of this person.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_refresh(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.refreshes.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a password that somebody who is logged in shows, or guesses.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_password(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.passwords.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a look at the profile of somebody who is hidden, or does not exist.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_probe(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.probes.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a search of this person, for words or for people.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_search(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.searches.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Counts a receipt, a read marker or a piece of account data of this person.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] with how long to wait.
    pub(crate) fn admit_note(&self, user: &OwnedUserId) -> Result<(), Error> {
        if self.rates.off {
            return Ok(());
        }
        self.rates.notes.check_key(user).map_err(|not_until| wait(&not_until))
    }

    /// Forgets rate counters of those who have been quiet; to be called now and then.
    pub fn forget_idle_rates(&self) {
        self.rates.forget_idle();
    }
}

fn wait(not_until: &governor::NotUntil<governor::clock::QuantaInstant>) -> Error {
    let left = not_until.wait_time_from(DefaultClock::default().now());
    Error::LimitExceeded { retry_after_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_ends_with_a_time_to_wait() {
        let rates = Rates::new(false);
        let address: IpAddr = [127, 0, 0, 1].into();
        let allowed = (0..limits::STRANGER_BURST * 3).filter(|_| rates.strangers.check_key(&address).is_ok()).count();
        assert_eq!(allowed, usize::try_from(limits::STRANGER_BURST).unwrap());
        let refused = rates.strangers.check_key(&address).map_err(|not_until| wait(&not_until));
        assert!(matches!(refused, Err(Error::LimitExceeded { retry_after_ms }) if retry_after_ms > 0));
    }

    #[test]
    fn who_may_say_less_says_half_of_a_minute_at_once_and_then_waits() {
        let rates = Rates::new(false);
        let ana = OwnedUserId::try_from("@ana:example.org").unwrap();
        for (messages_1m, at_once, pause_ms) in [(30, 15, 2_000), (60, 30, 1_000), (1, 1, 60_000)] {
            let limiter = rates.bounded(messages_1m);
            let allowed = (0..100).filter(|_| limiter.check_key(&ana).is_ok()).count();
            assert_eq!(allowed, at_once, "{messages_1m}");
            let refused = limiter.check_key(&ana).map_err(|not_until| wait(&not_until));
            assert!(
                matches!(refused, Err(Error::LimitExceeded { retry_after_ms }) if retry_after_ms <= pause_ms && retry_after_ms > pause_ms / 2)
            );
        }
    }
}
