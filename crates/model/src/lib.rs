//! The nouns of Frankly: identifiers, people, conversations, bodies, positions and bounds.
//!
//! This crate does no I/O and knows no database, no HTTP and no clock of its own: time and
//! randomness come in through [`clock`]. What cannot happen is said here in types: a
//! [`body::PlainBody`] is obtained from a readable conversation and from nowhere else.

pub use ruma;

pub mod body;
pub mod case;
pub mod clock;
pub mod contact;
pub mod conversation;
pub mod event;
pub mod facts;
pub mod filter;
pub mod finding;
pub mod id;
pub mod json;
pub mod keys;
pub mod label;
pub mod limits;
pub mod media;
pub mod person;
pub mod room;
pub mod sealed;
pub mod secret;
pub mod seq;
pub mod sliding;
pub mod verdict;
pub mod visibility;
