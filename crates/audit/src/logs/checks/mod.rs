//! The checks of a review, each over rows that go by once.

pub(super) mod calendar;
pub(super) mod categories;
pub(super) mod input;
pub(super) mod joins;
pub(super) mod latency;
pub(super) mod texts;
pub(super) mod volume;
