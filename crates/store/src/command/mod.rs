//! Writes: one command, one file, one transaction.

pub mod append_events;
pub mod create_room;
pub mod fanout;
pub mod forget_room;
pub mod open_flag;
pub(crate) mod redaction;
pub mod refuse_message;
pub mod txn;
