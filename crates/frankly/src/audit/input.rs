//! What the commands of the audit read: the registry, the day, files of bounded size.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use audit::date::Date;
use audit::exit::Exit;
use audit::fault::Fault;
use audit::registry::{self, Registry};
use clap::Args;

/// A command that ends with a code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Refused {
    /// How it ends.
    pub(crate) exit: Exit,
    /// Why.
    pub(crate) reason: String,
}

impl Refused {
    /// As an error that [`super::run()`] turns into the exit code.
    pub(crate) fn with(exit: Exit, reason: impl Into<String>) -> anyhow::Error {
        Self { exit, reason: reason.into() }.into()
    }
}

/// The day of judgement.
#[derive(Debug, Args)]
pub(crate) struct AsOf {
    /// Judge as of this day [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
}

impl AsOf {
    /// The day that was typed, or today (in UTC, so that every machine says the same).
    pub(crate) fn day(&self) -> Date {
        self.as_of.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

/// Which registry, as of when.
#[derive(Debug, Args)]
pub(crate) struct RegistryArgs {
    /// Registry in YAML instead of the one built in
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOf,
}

impl RegistryArgs {
    /// The day of judgement.
    pub(crate) fn day(&self) -> Date {
        self.as_of.day()
    }

    /// The registry and what is doubtful about it.
    ///
    /// # Errors
    /// With [`Exit::Registry`] after telling every fault, one a line.
    pub(crate) fn load(&self) -> anyhow::Result<(Registry, Vec<Fault>)> {
        let (name, text) = match &self.registry {
            None => (registry::PLATFORMS_FILE.to_owned(), registry::PLATFORMS_YAML.to_owned()),
            Some(path) => (path.display().to_string(), text_of(path, model::limits::AUDIT_REGISTRY_BYTES)?),
        };
        registry::read(&name, &text, self.day()).map_err(|faults| refuse(&faults))
    }
}

/// Tells faults, one a line, and makes the error that ends the command.
pub(crate) fn refuse(faults: &[Fault]) -> anyhow::Error {
    for fault in faults {
        println!("{fault}");
    }
    let file = faults.first().map_or("the registry", |fault| fault.file.as_str());
    Refused::with(Exit::Registry, format!("{file}: {} refused as a whole", count(faults.len(), "fault")))
}

/// `1 fault`, `2 faults`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The bytes of a file that has at most so many.
pub(crate) fn bytes_of(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    // one byte more than allowed shows that it is too large
    file.take(most as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() > most {
        bail!("{} has more than {most} bytes", path.display());
    }
    Ok(bytes)
}

/// The text of a file that has at most so many bytes.
pub(crate) fn text_of(path: &Path, most: usize) -> anyhow::Result<String> {
    String::from_utf8(bytes_of(path, most)?).with_context(|| format!("{} is not UTF-8", path.display()))
}
