//! Reads: one query, one file, one snapshot.

pub mod access_records;
pub mod account_data;
pub mod accounts;
pub mod backup;
mod bundle;
pub mod case_detail;
pub mod cases;
pub mod contact;
pub mod event_by_id;
pub mod history;
pub mod host_keys;
pub mod key_changes;
pub mod outbox;
pub mod overview;
pub mod people;
pub mod ping;
pub mod public_keys;
pub mod relations;
pub mod reports_of;
pub mod room_snapshot;
pub mod search;
pub mod sender_history;
pub mod session_by_token;
pub mod staff;
pub mod stored_event;
pub mod sync;
pub mod wards;
