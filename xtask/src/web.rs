//! `cargo xtask web`: the pages, built only when something changed.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

/// Sources whose change asks for a build; everything else under `web/` is made by tools.
const MADE_BY_TOOLS: [&str; 4] = ["node_modules", "dist", "test-results", "playwright-report"];

/// Runs `npm ci` when the lock file is newer than the installed packages, and `npm run build` when a source
/// is newer than `web/dist/index.html`.
///
/// # Errors
/// When npm is missing or one of its commands fails.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let web = root.join("web");
    if !web.join("package.json").exists() {
        println!("web: no pages here");
        return Ok(true);
    }
    let installed = modified(&web.join("node_modules/.package-lock.json"));
    if installed < modified(&web.join("package-lock.json")) {
        npm(&web, &["ci", "--no-audit", "--no-fund"])?;
    }
    let built = modified(&web.join("dist/.built"));
    if built >= newest(&web)? && built.is_some() {
        println!("web: up to date");
        return Ok(true);
    }
    npm(&web, &["run", "build"])?;
    std::fs::write(web.join("dist/.built"), "").context("marking web/dist as built")?;
    Ok(true)
}

fn npm(web: &Path, arguments: &[&str]) -> Result<()> {
    println!("web: npm {}", arguments.join(" "));
    let status =
        Command::new("npm").args(arguments).current_dir(web).status().context("npm is needed for the pages (./run installs it)")?;
    ensure!(status.success(), "npm {} ended with {status}", arguments.join(" "));
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

fn newest(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if MADE_BY_TOOLS.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let time = if path.is_dir() { self::newest(&path)? } else { modified(&path) };
        newest = newest.max(time);
    }
    Ok(newest)
}
