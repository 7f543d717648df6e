//! The console API from outside: a server in process, asked as a browser asks it.

mod desk;
mod document;
mod members;
mod rights;
mod webhook;
mod world;
