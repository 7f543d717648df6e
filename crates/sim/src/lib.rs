//! Measures any Matrix homeserver on this machine over plain HTTP, and checks that it kept its promises.
//!
//! The crate knows nothing of the server it is built with: it registers people, opens direct conversations, sends,
//! syncs and pages as any client does, so that the same tool measures peers. After every load it reads each
//! recipient's timeline and counts messages that were acknowledged and are lost, doubled, out of order or altered;
//! [`measure::selftest`] shows that these counts can be trusted.

pub mod audience;
pub mod crowd;
mod error;
mod figures;
pub mod histogram;
pub mod http;
pub mod limits;
pub mod listener;
pub mod load;
pub mod measure;
pub mod null;
pub mod pace;
pub mod person;
pub mod process;
pub mod report;
pub mod sealed;
pub mod server;
pub mod table;
pub mod text;
pub mod verify;
pub mod wire;
pub mod world;

pub use error::SimError;
pub use report::Report;
