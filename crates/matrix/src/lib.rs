//! The Matrix Client-Server API: parse, ask the app, answer. Nothing here decides or stores.

mod error;
mod extract;
mod rooms;
mod router;
mod send;

pub use router::router;
