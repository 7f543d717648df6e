//! The built program, as an operator uses it: its commands, their answers, their exit codes.

mod demo;
mod help;
mod scan;
mod serve;
mod user;
mod world;
