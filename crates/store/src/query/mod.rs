//! Reads: one query, one file, one snapshot.

pub mod room_snapshot;
pub mod session_by_token;
