//! Flags, reviews, decisions, reports, reads and the outbox.

mod cases;
mod decisions;
mod doors;
mod evidence;
mod media;
mod outbox;
mod reading;
mod reports;
pub(crate) mod world;
