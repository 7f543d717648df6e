//! The staff API, the members' privacy API and the host API, and the embedded console pages.

pub mod pages;
