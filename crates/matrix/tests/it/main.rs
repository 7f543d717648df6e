//! The Client-Server API from outside, in process: behaviours that clients rely on.

mod account_data;
mod history;
mod sync;
mod world;
