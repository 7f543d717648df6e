//! Writes: one command, one file, one transaction.

pub mod append_events;
pub mod claim_case;
pub mod create_notice_room;
pub mod create_room;
pub mod create_user;
pub mod decide_case;
pub mod expire_holds;
pub mod fanout;
pub mod forget_room;
pub mod meta;
mod move_event;
pub mod name_server;
pub mod notice;
pub mod open_flag;
pub mod open_report;
pub mod outbox;
pub mod put_account_data;
pub mod put_filter;
pub mod put_receipt;
pub(crate) mod redaction;
pub mod refuse_message;
mod resolve_message;
pub mod reveal;
pub mod session;
pub mod staff_session;
pub mod txn;
pub mod update_user;
