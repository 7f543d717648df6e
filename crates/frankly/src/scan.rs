//! `frankly scan`: judges lines of text, as the server would judge messages.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use app::rules::Rules;
use clap::Args;
use model::body::PlainBody;
use model::clock::Timestamp;
use model::facts::Facts;
use model::finding::Findings;
use model::limits;
use model::verdict::{Action, Verdict};
use scan::Seam;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Judge text: NDJSON in, NDJSON out
///
/// Each line of the input is an object with `text` and, if you like, `id`, `room`, `sender` and `ts`
/// (milliseconds). Each line of the output has `id`, `verdict`, `harms`, `score`, `hits` and `us`, the
/// microseconds it took. Offsets count characters of the original text.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  echo '{\"id\":1,\"text\":\"hello\"}' | frankly scan\n  frankly scan --lexicon words.txt --threads 2 < messages.ndjson\n\nExit status: 0 fine, 1 a line could not be read (named on stderr; the others are judged), 2 wrong usage."
)]
pub(crate) struct ScanArgs {
    /// Directory of YAML rule packs instead of the built-in ones
    #[arg(long, value_name = "DIR", conflicts_with = "lexicon")]
    pack: Option<PathBuf>,
    /// File with one key a line; any hit is blocked. Blank lines and lines that begin with `#` are skipped
    #[arg(long, value_name = "FILE")]
    lexicon: Option<PathBuf>,
    /// See the lines of a room in order, and what its senders split over several of them
    #[arg(long)]
    conversation: bool,
    /// Threads that judge; with --conversation always one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
}

/// Lines judged at a time by all threads together.
const BATCH_LINES: usize = 4_096;

#[derive(Deserialize)]
struct Line {
    text: String,
    id: Option<Value>,
    #[serde(default)]
    room: String,
    #[serde(default)]
    sender: String,
    ts: Option<i64>,
}

#[derive(Serialize)]
struct Judged {
    id: Value,
    verdict: &'static str,
    harms: BTreeMap<String, f32>,
    score: f32,
    hits: Vec<JudgedHit>,
    us: f64,
}

#[derive(Serialize)]
struct JudgedHit {
    rule: String,
    key: String,
    start: u32,
    end: u32,
}

/// Judges standard input.
pub(crate) fn run(args: &ScanArgs) -> anyhow::Result<ExitCode> {
    let judge = Judge { rules: rules(args)?, any_hit_blocks: args.lexicon.is_some() };
    let mut input = std::io::stdin().lock();
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut seams: HashMap<(String, String), Seam> = HashMap::new();
    let (mut number, mut bad) = (0_u64, 0_u64);
    loop {
        let mut lines: Vec<(u64, String)> = Vec::new();
        while lines.len() < BATCH_LINES {
            let mut bytes = Vec::new();
            if std::io::Read::take(&mut input, limits::REQUEST_BYTES as u64).read_until(b'\n', &mut bytes)? == 0 {
                break;
            }
            number += 1;
            lines.push((number, String::from_utf8_lossy(&bytes).into_owned()));
        }
        if lines.is_empty() {
            break;
        }
        let judged = if args.conversation {
            lines.iter().map(|(number, text)| judge.line(*number, text, Some(&mut seams))).collect()
        } else {
            judge.spread(&lines, usize::from(args.threads))
        };
        for one in judged {
            match one {
                Ok(Some(judged)) => writeln!(output, "{}", serde_json::to_string(&judged)?)?,
                Ok(None) => {}
                Err(reason) => {
                    bad += 1;
                    eprintln!("frankly: {reason}");
                }
            }
        }
    }
    output.flush()?;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rules(args: &ScanArgs) -> anyhow::Result<Rules> {
    let Some(path) = &args.lexicon else {
        return crate::packs::load(args.pack.as_deref());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let keys = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned);
    Rules::of_keys(keys).with_context(|| format!("{} cannot be used as a lexicon", path.display()))
}

struct Judge {
    rules: Rules,
    any_hit_blocks: bool,
}

type Outcome = Result<Option<Judged>, String>;

impl Judge {
    /// Judges lines on several threads and keeps their order.
    fn spread(&self, lines: &[(u64, String)], threads: usize) -> Vec<Outcome> {
        let share = lines.len().div_ceil(threads);
        std::thread::scope(|scope| {
            let parts: Vec<_> = lines
                .chunks(share)
                .map(|part| scope.spawn(move || part.iter().map(|(number, text)| self.line(*number, text, None)).collect::<Vec<_>>()))
                .collect();
            parts.into_iter().flat_map(|part| part.join().expect("a judging thread does not panic")).collect()
        })
    }

    fn line(&self, number: u64, text: &str, seams: Option<&mut HashMap<(String, String), Seam>>) -> Outcome {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let line: Line = serde_json::from_str(text).map_err(|error| format!("line {number}: {error}"))?;
        let body = PlainBody::of_text(&line.text);
        let began = Instant::now();
        let mut findings = self.rules.scan(&body);
        let mut seam = seams.map(|seams| seams.entry((line.room, line.sender)).or_default());
        if let Some(seam) = &mut seam {
            let across = self.rules.scan_seam(seam, &body, Timestamp(line.ts.unwrap_or_default()));
            findings.hits.extend(across.hits);
        }
        let facts = Facts::default();
        let verdict = self.rules.judge(&facts, &findings);
        if let Some(seam) = seam.filter(|_| verdict.action == Action::Block) {
            seam.take_back(&body);
        }
        let us = began.elapsed().as_secs_f64() * 1e6;
        Ok(Some(self.judged(line.id.unwrap_or_else(|| number.into()), &findings, &verdict, us)))
    }

    fn judged(&self, id: Value, findings: &Findings, verdict: &Verdict, us: f64) -> Judged {
        let mut harms: BTreeMap<String, f32> = BTreeMap::new();
        for reason in verdict.reasons.iter().filter(|reason| !reason.shadow) {
            let strongest = harms.entry(reason.harm.clone()).or_default();
            *strongest = strongest.max(reason.score);
        }
        let mut action = verdict.action;
        if self.any_hit_blocks && !findings.hits.is_empty() {
            action = Action::Block;
            harms.insert("lexicon".to_owned(), 1.0);
        }
        let hits =
            findings.hits.iter().map(|hit| JudgedHit { rule: hit.term.clone(), key: hit.key.clone(), start: hit.start, end: hit.end });
        let score = harms.values().copied().fold(0.0, f32::max);
        Judged { id, verdict: action.as_str(), harms, score, hits: hits.collect(), us: (us * 10.0).round() / 10.0 }
    }
}
