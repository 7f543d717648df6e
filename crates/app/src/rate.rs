//! How often somebody may ask. Strangers are counted by address, members by account.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::id::OwnedUserId;
use model::limits;

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
    off: bool,
}

impl Rates {
    pub(crate) fn new(off: bool) -> Self {
        let quota = |period_ms: u64, burst: u32| {
            let quota = Quota::with_period(Duration::from_millis(period_ms)).expect("a period above zero");
            quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
        };
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
            off,
        }
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
}
