//! `frankly rules explain`: why a message earned what it earned; and whether a recorded judgement comes out again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use app::rules::Rules;
use clap::Args;
use model::body::PlainBody;
use model::clock::Clock;
use model::facts::Facts;
use model::finding::Findings;
use model::id::CaseId;
use model::verdict::{Reason, Verdict};
use policy::pack::{Card, Replayed};
use serde::Deserialize;
use serde_json::{Value, json};
use store::query::case_detail::CaseDetail;

use crate::config::{Overrides, Place};
use crate::system::SystemClock;

use super::{Format, Packs, add, print};

/// Say why a message earns what it earns, or replay a recorded judgement
///
/// For a text: which rules fire, by which characters and which facts, under which version of the packs.
/// For a flag (`verdict`, `facts` and `findings` as JSON, as this command writes them): whether the rules of
/// today come to the same, and if not, which rule changed. For a case: the same from the database, by the
/// facts recorded with each reason; no text is read (--case 1 --data ./data).
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules explain --text 'k1ll y0urself'\n  frankly rules explain --text 'are you home alone?' --given sender.age_band=adult \\\n    --given recipient.age_band=13-15\n  frankly rules explain --text 'hello' --format json > flag.json && \\\n    frankly rules explain --flag flag.json\n\nExit status: 0 explained, or replayed the same; 1 a replay came out otherwise; 2 wrong usage."
)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    packs: Packs,
    /// The message
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["flag", "case"], conflicts_with_all = ["flag", "case"])]
    text: Option<String>,
    /// A fact of the message, as in `sender.age_band=adult`
    #[arg(long, value_name = "NAME=VALUE", conflicts_with_all = ["flag", "case"])]
    given: Vec<String>,
    /// A recorded judgement in JSON
    #[arg(long, value_name = "FILE")]
    flag: Option<PathBuf>,
    /// A case of the database
    #[arg(long, value_name = "N", conflicts_with = "flag")]
    case: Option<i64>,
    /// Configuration file [default: ./frankly.toml if it is there]
    #[arg(long, value_name = "FILE", requires = "case")]
    config: Option<PathBuf>,
    /// Directory of the embedded database [default: ./data]
    #[arg(long, value_name = "DIR", requires = "case")]
    data: Option<String>,
    /// PostgreSQL instead of the embedded database, as in `postgres://user@host/name`
    #[arg(long, value_name = "URL", requires = "case")]
    database: Option<String>,
}

/// A judgement with everything it rests on.
#[derive(Deserialize)]
struct Flag {
    verdict: Verdict,
    facts: Facts,
    findings: Findings,
}

/// Bytes of a recorded judgement.
const FLAG_BYTES: u64 = 4 * 1024 * 1024;

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let rules = crate::packs::load(args.packs.pack.as_deref())?;
    if let Some(file) = &args.flag {
        return Ok(replay(&rules, &read(file)?, args.packs.format));
    }
    if let Some(case) = args.case {
        let reasons = crate::cli::block_on(recorded(args, case))?;
        return Ok(replay_reasons(&rules, &reasons, args.packs.format));
    }
    let text = args.text.clone().unwrap_or_default();
    let findings = rules.scan(&PlainBody::of_text(&text));
    let mut facts = facts(&args.given)?;
    facts.msg.links = i64::from(findings.links);
    facts.msg.len = i64::from(findings.chars);
    let verdict = judge(&rules, &facts, &findings);
    if args.packs.format == Format::Json {
        print(&json!({ "verdict": verdict, "facts": facts, "findings": findings }).to_string());
    } else {
        print(&in_words(&rules, &text, &verdict));
    }
    Ok(ExitCode::SUCCESS)
}

/// The reasons recorded with a case: rules, facts and places, no text.
async fn recorded(args: &ExplainArgs, case: i64) -> anyhow::Result<Vec<Reason>> {
    let mut overrides = Overrides::default();
    overrides.put("data", args.data.as_deref());
    overrides.put("database", args.database.as_deref());
    let place = crate::config::load(args.config.as_deref(), &overrides)?.place;
    if let Place::Directory(directory) = &place
        && !directory.join(crate::serve::DATABASE_FILE).exists()
    {
        bail!("there is no database in {}", directory.display());
    }
    let store = crate::serve::open_store(&place).await?;
    let found = store.read(CaseDetail { case_id: CaseId(case), now: SystemClock.now() }).await?;
    store.close().await;
    Ok(found.with_context(|| format!("there is no case {case}"))?.reasons)
}

fn replay_reasons(rules: &Rules, reasons: &[Reason], format: Format) -> ExitCode {
    let replayed: Vec<Replayed> = reasons.iter().map(|reason| rules.set().replay(reason)).collect();
    let same = replayed.iter().all(Replayed::same);
    if format == Format::Json {
        print(&json!({ "same": same, "present_version": rules.version(), "reasons": reasons, "replayed": replayed }).to_string());
    } else {
        let mut said = format!("{} reasons, held against version {}", reasons.len(), rules.version());
        for (reason, replayed) in reasons.iter().zip(&replayed) {
            let outcome = match (replayed.known, replayed.unchanged, replayed.fires) {
                (false, _, _) => "there is no such rule any more",
                (_, true, true) => "the same rule, and it fires again",
                (_, false, true) => "the rule was changed, and fires again",
                (_, _, false) => "the rule does not fire on these facts",
            };
            said.push_str(&reason_in_words(reason, None, &[]));
            add(&mut said, format_args!("\n  {outcome}"));
        }
        print(&said);
    }
    if same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn judge(rules: &Rules, facts: &Facts, findings: &Findings) -> Verdict {
    if facts.ctx.mode == "sealed" { rules.judge_sealed(facts) } else { rules.judge(facts, findings) }
}

fn read(file: &Path) -> anyhow::Result<Flag> {
    let mut text = String::new();
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    std::io::Read::read_to_string(&mut std::io::Read::take(opened, FLAG_BYTES), &mut text)?;
    serde_json::from_str(&text).with_context(|| format!("{} is no recorded judgement", file.display()))
}

/// Facts by dotted name.
fn facts(given: &[String]) -> anyhow::Result<Facts> {
    let mut facts = serde_json::to_value(Facts::default())?;
    for entry in given {
        let (name, value) = entry.split_once('=').with_context(|| format!("--given {entry}: write NAME=VALUE"))?;
        let place = name.split_once('.').and_then(|(group, field)| facts.get_mut(group)?.get_mut(field));
        let Some(place) = place else { bail!("--given {name}: there is no such fact") };
        *place = match place {
            Value::String(_) => value.into(),
            _ => serde_json::from_str(value).with_context(|| format!("--given {entry}: not a value"))?,
        };
    }
    serde_json::from_value(facts).context("--given: a value of the wrong type")
}

fn in_words(rules: &Rules, text: &str, verdict: &Verdict) -> String {
    let mut said = format!("{}, by version {} of {} rules", verdict.action.as_str(), verdict.pack_version, rules.count());
    if verdict.reasons.is_empty() {
        said.push_str("\nNo rule fires.");
    }
    let cards = rules.set().cards();
    let characters: Vec<char> = text.chars().collect();
    for reason in &verdict.reasons {
        said.push_str(&reason_in_words(reason, cards.iter().find(|card| card.rule == reason.rule), &characters));
    }
    said
}

fn reason_in_words(reason: &Reason, card: Option<&Card>, characters: &[char]) -> String {
    let effect = if reason.shadow { "only watches" } else { reason.action.as_str() };
    let mut said = format!("\n\n{}  {}", reason.rule, card.map_or("", |card| card.title.as_str()));
    add(&mut said, format_args!("\n  {effect}; {}, severity {}, score {}; {}", reason.harm, reason.severity, reason.score, reason.explain));
    for span in &reason.spans {
        let quoted: String = characters.iter().take(span.end as usize).skip(span.start as usize).collect();
        let colon = if quoted.is_empty() { "" } else { ": " };
        add(&mut said, format_args!("\n  {} {} to {}{colon}{quoted}", span.field, span.start, span.end));
    }
    for (name, value) in &reason.facts {
        add(&mut said, format_args!("\n  {name} = {value}"));
    }
    if let Some(card) = card {
        add(&mut said, format_args!("\n  when {}\n  rule {} of {}, owner {}", card.when, card.hash, card.place, card.owner));
    }
    said
}

fn replay(rules: &Rules, flag: &Flag, format: Format) -> ExitCode {
    let now = judge(rules, &flag.facts, &flag.findings);
    let differences = differences(&flag.verdict, &now);
    let same = differences.is_empty();
    if format == Format::Json {
        let report = json!({
            "same": same, "recorded_version": flag.verdict.pack_version, "present_version": now.pack_version,
            "recorded": flag.verdict.action, "present": now.action, "differences": differences,
        });
        print(&report.to_string());
    } else {
        let versions = if flag.verdict.pack_version == now.pack_version {
            format!("version {}, as recorded", now.pack_version)
        } else {
            format!("version {}, recorded under {}", now.pack_version, flag.verdict.pack_version)
        };
        let outcome = if same { "the same comes out" } else { "something else comes out" };
        let mut said = format!("{outcome}: {} by {versions}", now.action.as_str());
        for difference in &differences {
            said.push_str("\n  ");
            said.push_str(difference);
        }
        print(&said);
    }
    if same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the rules of today make otherwise.
fn differences(recorded: &Verdict, now: &Verdict) -> Vec<String> {
    let mut differences = Vec::new();
    if recorded.action != now.action {
        differences.push(format!("{} became {}", recorded.action.as_str(), now.action.as_str()));
    }
    for old in &recorded.reasons {
        match now.reasons.iter().find(|reason| reason.rule == old.rule) {
            None => differences.push(format!("{} does not fire any more", old.rule)),
            Some(new) if !old.hash.is_empty() && new.hash != old.hash => differences.push(format!("{} was changed", old.rule)),
            Some(new) if (new.action, new.shadow) != (old.action, old.shadow) => {
                differences.push(format!("{} does something else", old.rule));
            }
            Some(_) => {}
        }
    }
    for new in now.reasons.iter().filter(|new| !recorded.reasons.iter().any(|old| old.rule == new.rule)) {
        differences.push(format!("{} fires too", new.rule));
    }
    differences
}
