//! Sliding sync, in both of its forms.

mod client;
mod connection;
mod extensions;
mod forms;
mod hostile;
mod lists;
mod picture;
mod rooms;
