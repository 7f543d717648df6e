//! The built program, as an operator uses it: its commands, their answers, their exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod audit_logs;
mod audit_schedule;
mod audit_train;
mod backup;
mod demo;
mod drift;
mod help;
mod linear;
mod packs;
mod probe;
mod rules;
mod scan;
mod serve;
mod user;
mod world;
