//! Looking at what others publish: histories in git and, on this machine only, servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fetching;
mod history;
mod probing;
mod replay;
mod server;
