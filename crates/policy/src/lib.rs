//! Pure decisions: who may do what in a room, what a message earns, who may reach whom, which mode a conversation may have.

pub mod auth_rules;
pub mod contact;
pub mod mode;
pub mod pack;
pub mod rights;
