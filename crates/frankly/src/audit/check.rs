//! `frankly audit check`: the gate. Holds what is known against the organisation's policy.

use std::path::PathBuf;

use anyhow::Context;
use audit::exit::Exit;
use audit::policy::{self, Baseline, Checked, FINDING_RULES, Standing};
use audit::report::{Case, Outcome, Suite, to_junit, to_sarif};
use audit::value::Weight;
use clap::{Args, ValueEnum};
use model::limits::AUDIT_FILE_BYTES;

use super::input::{Refused, count, text_of};
use super::judging::{JudgingArgs, put};
use super::run::weight;

/// Hold what is known against a policy; made for a pipeline
///
/// Ends with 1 on a violation, with 3 when old evidence is all that is wrong, with 4 when the registry is at fault,
/// with 2 when the policy is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  frankly audit check --policy policy.yaml\n  frankly audit check --policy policy.yaml --format sarif --out audit.sarif\n  frankly audit check --policy policy.yaml --write-baseline baseline.json\n  frankly audit check --policy policy.yaml --baseline baseline.json"
)]
pub(crate) struct CheckArgs {
    /// What the organisation requires
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    judging: JudgingArgs,
    /// From which weight on a finding breaks the build, instead of what the policy says: low, medium, high, critical
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    fail_on: Option<Weight>,
    /// Findings of an earlier check, which break nothing
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings of this check as a baseline, and end well
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One finding a line
    Text,
    /// SARIF 2.1.0
    Sarif,
    /// The XML of test results that every CI shows
    Junit,
}

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let registry = args.judging.load()?;
    let as_of = args.judging.registry.day();
    let name = args.policy.display().to_string();
    let policy = policy::read(&name, &text_of(&args.policy, AUDIT_FILE_BYTES)?, &registry, as_of).map_err(|faults| {
        for fault in &faults {
            println!("{fault}");
        }
        Refused::with(Exit::Usage, format!("{name}: {} in the policy", count(faults.len(), "fault")))
    })?;
    let baseline = args.baseline.as_ref().map(|path| -> anyhow::Result<Baseline> {
        let text = text_of(path, AUDIT_FILE_BYTES)?;
        Baseline::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
    });
    let baseline = baseline.transpose()?;
    let fail_on = args.fail_on.unwrap_or(policy.fail_on);
    let known = |fingerprint: &str| baseline.as_ref().is_some_and(|baseline| baseline.has(fingerprint));
    let checked = policy::check(&registry, &policy, as_of, fail_on, known)?;
    let text = match args.format {
        Format::Text => told(&checked, baseline.is_some()),
        Format::Sarif => to_sarif(&checked.notes(), &FINDING_RULES),
        Format::Junit => to_junit("frankly audit check", &suites(&checked)),
    };
    put(&text, args.out.as_deref())?;
    if let Some(path) = &args.out {
        println!("{}", path.display());
    }
    if let Some(path) = &args.write_baseline {
        std::fs::write(path, Baseline::of(&checked, as_of).to_json()).with_context(|| format!("cannot write {}", path.display()))?;
        return Ok(Exit::Pass);
    }
    Ok(checked.exit())
}

/// One finding a line; over a baseline only what is new.
fn told(checked: &Checked, only_new: bool) -> String {
    let shown = checked.findings.iter().filter(|finding| !only_new || finding.standing == Standing::New);
    let mut text = String::new();
    for finding in shown {
        let (standing, weight) = (finding.standing.word(), finding.weight.word());
        text.push_str(
            &[&checked.file, ":", &finding.place.line.to_string(), ": ", standing, " ", weight, " ", &finding.rule, ": "].concat(),
        );
        text.push_str(&finding.message);
        text.push('\n');
    }
    let number = |standing: Standing| checked.findings.iter().filter(|finding| finding.standing == standing).count();
    text + &format!(
        "{}: {} new, {} light, {} known, {} waived\n",
        count(checked.requirements, "requirement"),
        number(Standing::New),
        number(Standing::Light),
        number(Standing::Known),
        number(Standing::Waived)
    )
}

/// A suite for each team; what does not break the build is skipped with its reason.
fn suites(checked: &Checked) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for finding in &checked.findings {
        let outcome = match finding.standing {
            Standing::New => Outcome::Failed(if finding.stale { "stale" } else { "violation" }.to_owned(), finding.message.clone()),
            standing => Outcome::Skipped(format!("{}: {}", standing.word(), finding.message)),
        };
        let case = Case { name: finding.fingerprint(), outcome };
        match suites.iter_mut().find(|suite| suite.name == finding.team) {
            Some(suite) => suite.cases.push(case),
            None => suites.push(Suite { name: finding.team.clone(), cases: vec![case] }),
        }
    }
    if suites.is_empty() {
        let passed = Case { name: count(checked.requirements, "requirement"), outcome: Outcome::Passed };
        suites.push(Suite { name: "policy".to_owned(), cases: vec![passed] });
    }
    suites
}
