//! Accounts: making them, logging in and out, passwords, profiles, devices, the directory.

pub mod admin;
pub mod close;
pub mod devices;
pub mod directory;
pub mod fields;
pub mod guardians;
pub mod login;
pub mod password;
pub mod profile;
pub mod refresh;
pub mod register;
pub mod relations;
mod uiaa;

pub(crate) use password::Passwords;
pub(crate) use uiaa::UiaaSessions;
