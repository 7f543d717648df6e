//! The `frankly` command.

mod audit;
mod backup;
mod bench;
mod cli;
mod config;
mod demo;
mod host_key;
mod label;
mod linear;
mod media_files;
mod packs;
mod rules;
mod scan;
mod serve;
mod system;
mod telemetry;
mod user;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Many small, short allocations on several threads: a tenth of a send's time with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli::run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("frankly: {error:#}");
            ExitCode::FAILURE
        }
    }
}
