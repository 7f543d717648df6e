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
use scan::{Seam, Themes};
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
    let mut talks = Talks::default();
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
            lines.iter().map(|(number, text)| judge.line(*number, text, Some(&mut talks))).collect()
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

/// What is remembered of one sender in one room.
#[derive(Default)]
struct Talk {
    seam: Seam,
    themes: Themes,
}

/// The senders of the last lines: at most twice [`limits::SEAM_SENDERS`]; those who were not heard for so many others go.
#[derive(Default)]
struct Talks {
    recent: HashMap<(String, String), Talk>,
    before: HashMap<(String, String), Talk>,
}

impl Talks {
    fn of(&mut self, room: String, sender: String) -> &mut Talk {
        if self.recent.len() as u64 >= limits::SEAM_SENDERS {
            self.before = std::mem::take(&mut self.recent);
        }
        let key = (room, sender);
        let known = self.before.remove(&key).unwrap_or_default();
        self.recent.entry(key).or_insert(known)
    }
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

    fn line(&self, number: u64, text: &str, talks: Option<&mut Talks>) -> Outcome {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let line: Line = serde_json::from_str(text).map_err(|error| format!("line {number}: {error}"))?;
        let body = PlainBody::of_text(&line.text);
        let began = Instant::now();
        let now = Timestamp(line.ts.unwrap_or_default());
        let mut findings = self.rules.scan(&body);
        let mut facts = Facts::default();
        facts.msg.len = i64::from(findings.chars);
        facts.msg.links = i64::from(findings.links);
        let mut talk = talks.map(|talks| talks.of(line.room, line.sender));
        if let Some(talk) = &mut talk {
            findings.hits.extend(self.rules.scan_seam(&mut talk.seam, &body, now).hits);
            facts.pair.themes = talk.themes.note(&findings, now);
        }
        let verdict = self.rules.judge(&facts, &findings);
        if let Some(talk) = talk.filter(|_| verdict.action == Action::Block) {
            talk.seam.take_back(&body);
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
        for label in &findings.labels {
            let strongest = harms.entry(harm_of(&label.name).to_owned()).or_default();
            *strongest = strongest.max(share(label.millionths));
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

/// The harm that a label of the built-in model is about; a label of another model is named as it is.
fn harm_of(label: &str) -> &str {
    match label {
        "abuse" => "harassment",
        "hate" => "harassment.hate",
        other => other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a million")]
fn share(millionths: u32) -> f32 {
    millionths as f32 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dialogues of a file: blocks apart by blank lines, each line `sender: text`.
    fn dialogues(text: &str) -> Vec<Vec<(&str, &str)>> {
        let blocks = text.split("\n\n").map(|block| block.lines().filter_map(|line| line.split_once(": ")).collect::<Vec<_>>());
        blocks.filter(|block| !block.is_empty()).collect()
    }

    /// Whether any line of the dialogue earns more than nothing; an hour lies between two lines.
    fn is_flagged(judge: &Judge, dialogue: &[(&str, &str)]) -> bool {
        let mut talks = Talks::default();
        (0_i64..).zip(dialogue).any(|(hour, (sender, text))| {
            let line = serde_json::json!({"text": text, "room": "r", "sender": sender, "ts": hour * 3_600_000}).to_string();
            judge.line(1, &line, Some(&mut talks)).unwrap().unwrap().verdict != "allow"
        })
    }

    #[test]
    fn themes_of_grooming_raise_a_flag_and_ordinary_talk_does_not() {
        let pack = ("stages.yaml", include_str!("../../../packs/stages.yaml"));
        let judge = Judge { rules: Rules::load(&[pack]).unwrap(), any_hit_blocks: false };
        let (grooming, ordinary) = (dialogues(evasion::GROOMING), dialogues(evasion::ORDINARY));
        assert!(grooming.len() >= 10 && ordinary.len() >= 50, "{} and {}", grooming.len(), ordinary.len());
        for dialogue in &grooming {
            assert!(is_flagged(&judge, dialogue), "not flagged: {dialogue:?}");
            let alone = dialogue.iter().all(|line| !is_flagged(&judge, std::slice::from_ref(line)));
            assert!(alone, "one line is enough: {dialogue:?}");
        }
        for dialogue in &ordinary {
            assert!(!is_flagged(&judge, dialogue), "flagged: {dialogue:?}");
        }
    }

    #[test]
    fn a_bounded_number_of_senders_is_remembered() {
        let mut talks = Talks::default();
        for n in 0..3 * limits::SEAM_SENDERS {
            talks.of("r".to_owned(), n.to_string());
            talks.of("r".to_owned(), "0".to_owned()).themes.note(&Findings::default(), Timestamp(0));
        }
        assert!(talks.recent.len() + talks.before.len() <= 2 * usize::try_from(limits::SEAM_SENDERS).unwrap());
        assert!(talks.recent.contains_key(&("r".to_owned(), "0".to_owned())));
    }
}
