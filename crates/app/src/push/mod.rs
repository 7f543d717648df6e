//! News: whom to tell of an event by their own rules, and the applications that want to hear.
//!
//! A gateway is told that there is something and where, never what: no content leaves this server through it, in either
//! mode. The application fetches the event itself. The inbox is the queue: a pusher knows up to which position it was told,
//! so sending writes nothing for it, and whatever is withheld is not there.

mod followed;
mod gateway;
mod message;
mod notifications;
mod pushers;
pub(crate) mod rules;
pub(crate) mod tell;

pub(crate) use followed::Followed;
pub(crate) use gateway::Gateway;
pub use pushers::NewPusher;
