//! What the audit looks at: histories in git, pages and feeds over HTTP, running deployments.
//!
//! This crate does the input and output; what it means is decided by `audit`. Time is a parameter, but for how long to
//! wait for an answer.

pub mod decode;
pub mod extract;
pub mod feed;
pub mod fetch;
pub mod folder;
pub mod git;
pub mod http;
pub mod limits;
pub mod look;
pub mod probe;
pub mod replay;
pub mod robots;
pub mod tls;
