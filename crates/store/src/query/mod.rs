//! Reads: one query, one file, one snapshot.

pub mod event_by_id;
pub mod people;
pub mod room_snapshot;
pub mod sender_history;
pub mod session_by_token;
