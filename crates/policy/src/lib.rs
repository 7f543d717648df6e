//! Pure decisions: who may do what in a room, what a message earns, which mode a conversation may have.

pub mod auth_rules;
pub mod mode;
pub mod pack;
pub mod rights;
