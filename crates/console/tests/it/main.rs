//! The console API from outside: a server in process, asked as a browser asks it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contacts;
mod desk;
mod document;
mod host;
mod members;
mod rights;
mod sealed;
mod seams;
mod webhook;
mod webhook_tls;
mod world;
