//! Flags, reviews, decisions, reports, reads and the outbox.

mod cases;
mod decisions;
mod doors;
mod outbox;
mod reading;
mod reports;
mod world;
