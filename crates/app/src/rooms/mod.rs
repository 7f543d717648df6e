//! Rooms: making them, who is in them, what is said in them.

pub mod create;
pub mod membership;
pub mod redact;
pub(crate) mod sealed;
pub mod send;
pub(crate) mod snapshot;
pub mod state_events;
pub(crate) mod steps;
pub mod summary;
