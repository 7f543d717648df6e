//! The Matrix Client-Server API: parse, ask the app, answer. Nothing here decides or stores.

mod account_data;
mod backup;
mod error;
mod extract;
mod history;
mod keys;
mod media;
mod part;
mod people;
mod push_rules;
mod pushers;
mod relations;
mod reports;
mod rooms;
mod router;
mod search;
mod send;
mod server;
mod sessions;
mod sliding;
mod summary;
mod sync;

pub use router::router;
