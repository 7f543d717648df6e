//! Developer tasks: `cargo xtask tidy` and `cargo xtask web`.

mod tidy;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

const USAGE: &str = "usage: cargo xtask tidy   check crate edges, licences and file rules
       cargo xtask web    install and build the pages of web/ when they changed";

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let outcome = match task.as_str() {
        "tidy" => root().and_then(|root| tidy::run(&root)),
        "web" => root().and_then(|root| web::run(&root)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace: the parent of this crate's folder.
fn root() -> Result<PathBuf> {
    let here = std::env::var("CARGO_MANIFEST_DIR").context("run me as `cargo xtask …`")?;
    Ok(Path::new(&here).parent().context("xtask lies inside the workspace")?.to_owned())
}
