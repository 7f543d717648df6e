//! The Client-Server API from outside, in process: behaviours that clients rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account_data;
mod accounts;
mod history;
mod sync;
mod world;
