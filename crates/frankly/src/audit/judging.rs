//! What `run`, `report` and `check` share: the registry with evidence over it, judged on a day.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use audit::evidence::EvidenceFile;
use audit::judge::{Assessment, Settings, with_evidence};
use audit::registry::Registry;
use audit::report::ResultFile;
use clap::Args;
use model::limits::AUDIT_FILE_BYTES;

use super::input::{RegistryArgs, refuse, text_of};

/// What is judged, and by what.
#[derive(Debug, Args)]
pub(crate) struct JudgingArgs {
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Only the controls of a profile
    #[arg(long, value_name = "ID")]
    profile: Option<String>,
    /// Only this platform; may be given several times
    #[arg(long = "platform", value_name = "ID")]
    platforms: Vec<String>,
    /// Judge what holds in a region, such as DE, EEA or US
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Evidence of a probe, of drift, of training or of the schedule; may be given several times
    #[arg(long = "evidence", value_name = "FILE")]
    evidence: Vec<PathBuf>,
}

impl JudgingArgs {
    /// The registry with all evidence over it.
    pub(crate) fn load(&self) -> anyhow::Result<Registry> {
        let (mut registry, _) = self.registry.load()?;
        for path in &self.evidence {
            let text = text_of(path, AUDIT_FILE_BYTES)?;
            let evidence: EvidenceFile = serde_json::from_str(&text).with_context(|| format!("{} is not evidence", path.display()))?;
            registry =
                with_evidence(registry, &path.display().to_string(), &evidence, self.registry.day()).map_err(|faults| refuse(&faults))?;
        }
        Ok(registry)
    }

    /// Judges it.
    pub(crate) fn judge<'a>(&self, registry: &'a Registry) -> anyhow::Result<Assessment<'a>> {
        let settings = Settings { profile: self.profile.clone(), platforms: self.platforms.clone(), region: self.region.clone() };
        Ok(Assessment::make(registry, self.registry.day(), &settings)?)
    }
}

/// Results of an earlier run.
pub(crate) fn results_of(path: &Path) -> anyhow::Result<ResultFile> {
    ResultFile::parse(&text_of(path, AUDIT_FILE_BYTES)?).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

/// Writes a text to a file, or to standard output.
pub(crate) fn put(text: &str, out: Option<&Path>) -> anyhow::Result<()> {
    match out {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => match std::io::stdout().lock().write_all(text.as_bytes()) {
            // who reads only the beginning has what they want
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        },
    }
}
