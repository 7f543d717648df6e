//! The `frankly` command.

mod bench;
mod cli;
mod config;
mod demo;
mod packs;
mod scan;
mod serve;
mod system;
mod telemetry;
mod user;

use std::process::ExitCode;

use clap::Parser;

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
