//! Drift: watched pages that change, and which of their changes somebody should look at.
//!
//! A page is read as sentences ([`text`]), compared with what is confirmed of it ([`diff`]), and told of when a change of
//! words has stayed for the hold, or at once when its words are of the lexicon ([`track`], [`monitor`]). Looks, order,
//! texts that were there before, other languages and pages for robots are no news.

mod blocked;
pub mod bounds;
pub mod declaration;
pub mod diff;
pub mod feed;
pub mod finding;
mod inline;
pub mod language;
pub mod lexicon;
pub mod monitor;
pub mod ota;
pub mod replay;
pub mod text;
pub mod track;
pub mod words;

pub use blocked::says_wall;
