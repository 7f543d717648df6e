//! Every command and query on both databases.
//!
//! PostgreSQL is used when `FRANKLY_TEST_POSTGRES` names one (`postgres://user@host:port/database`);
//! each test makes a schema of its own there. Without it those halves print that they were skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod append;
mod attempts;
mod backend;
mod batch;
mod bounds;
mod canary;
mod closing;
mod contact;
mod e2ee;
mod erased;
mod media;
mod migrate;
mod people;
mod profile;
mod pushers;
mod refresh;
mod review;
mod sealed;
mod search;
mod sliding;
mod sync;
mod themes;
mod threads;
mod world;
