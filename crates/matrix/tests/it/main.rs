//! The Client-Server API from outside, in process: behaviours that clients rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account_data;
mod accounts;
mod creating;
mod devices;
mod directory;
mod e2ee;
mod erasure;
mod fields;
mod form;
mod heavy;
mod history;
mod jwt;
mod media;
mod membership;
mod modes;
mod notifications;
mod powers;
mod push;
mod pushers;
mod rates;
mod redaction;
mod refresh;
mod registering;
mod relations;
mod removing;
mod scanned;
mod sealed;
mod search;
mod sliding;
mod state;
mod summary;
mod sync;
mod threads;
mod transactions;
mod unsigned;
mod v12;
mod world;
mod youth;

/// The answer of a success, for tests that expect a refusal and compare.
const FINE: (u16, &str) = (200, "");

/// As [`FINE`], of a refusal for lack of power or membership.
const FORBIDDEN: (u16, &str) = (403, "M_FORBIDDEN");

/// Status and errcode in a form that compares with constants.
fn plain(answer: &(u16, String)) -> (u16, &str) {
    (answer.0, answer.1.as_str())
}
