//! The use cases of Frankly: the order of steps, and nothing else.
//!
//! [`App`] owns the store, the rules and the clock; each file adds the use cases of one noun. HTTP
//! crates translate requests into calls on it; nothing here knows HTTP or SQL.

pub mod account_data;
pub mod accounts;
mod attempts;
pub mod backup;
mod behaviour;
pub mod caller;
mod compaction;
pub mod config;
pub mod contact;
pub mod desk;
mod error;
mod event_json;
mod health;
pub mod history;
pub mod host;
pub mod jobs;
mod judge;
pub mod keys;
pub mod media;
pub mod modes;
mod notices;
pub mod push;
mod push_rules;
mod rate;
pub mod relations;
mod reports;
pub mod review;
pub mod rooms;
pub mod rules;
mod seams;
pub mod search;
mod service;
mod staff;
mod state;
pub mod sync;
mod themes;
pub mod to_device;
mod turns;
pub mod wake;

pub use caller::Caller;
pub use config::Config;
pub use error::Error;
pub use state::App;
