//! `frankly rules bench`: what packs cost.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use model::body::PlainBody;
use model::facts::Facts;
use serde_json::json;

use super::{Format, Packs, input, print};

/// Measure what the packs cost on messages of your own: NDJSON in
///
/// One thread. Loading is timed once; scanning and judging are timed message by message, over and over
/// until the time is up. Lines are objects with `text`; at most 100,000 are kept.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules bench --seconds 1 < messages.ndjson\n  frankly rules bench --seconds 1 --format json < messages.ndjson\n\nExit status: 0 fine, 1 nothing could be measured, 2 wrong usage."
)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    packs: Packs,
    /// How long to measure
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

/// Messages kept of the input.
const MESSAGES: usize = 100_000;
/// Timings kept of each kind.
const TIMINGS: usize = 4_000_000;

pub(super) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let rules = crate::packs::load(args.packs.pack.as_deref())?;
    let load_ms = began.elapsed().as_millis();
    let mut bodies = Vec::new();
    input::each(|line| {
        if bodies.len() < MESSAGES {
            bodies.push(PlainBody::of_text(&line.text));
        }
    })?;
    anyhow::ensure!(!bodies.is_empty(), "no messages; give lines like {{\"text\": \"hello\"}} on standard input");
    let (mut scanned, mut judged) = (Vec::new(), Vec::new());
    let facts = Facts::default();
    let (began, most) = (Instant::now(), Duration::from_secs(args.seconds));
    while began.elapsed() < most && scanned.len() < TIMINGS {
        for body in &bodies {
            let at = Instant::now();
            let findings = rules.scan(body);
            let between = Instant::now();
            std::hint::black_box(rules.judge(&facts, &findings));
            scanned.push((between - at).as_nanos());
            judged.push(between.elapsed().as_nanos());
        }
    }
    let rate = scanned.len() as u128 * 1_000_000_000 / (scanned.iter().sum::<u128>() + judged.iter().sum::<u128>()).max(1);
    let (scan, judge) = (Spread::of(scanned), Spread::of(judged));
    if args.packs.format == Format::Json {
        print(
            &json!({
                "version": rules.version(), "rules": rules.count(), "load_ms": load_ms, "messages": bodies.len(),
                "messages_per_s": rate, "scan_ns": scan.json(), "judge_ns": judge.json(),
            })
            .to_string(),
        );
    } else {
        print(&format!(
            "{} rules, version {}, loaded and tested in {load_ms} ms; {} messages\nscan   {}\njudge  {}\n{rate} messages a second on one thread",
            rules.count(),
            rules.version(),
            bodies.len(),
            scan.text(),
            judge.text()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Nanoseconds.
struct Spread {
    p50: u128,
    p99: u128,
    worst: u128,
}

impl Spread {
    fn of(mut timings: Vec<u128>) -> Self {
        timings.sort_unstable();
        let at = |share: usize| timings[(timings.len() * share / 100).min(timings.len() - 1)];
        Self { p50: at(50), p99: at(99), worst: timings[timings.len() - 1] }
    }

    fn json(&self) -> serde_json::Value {
        json!({ "p50": self.p50, "p99": self.p99, "worst": self.worst })
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds for people")]
    fn text(&self) -> String {
        let us = |ns: u128| ns as f64 / 1_000.0;
        format!("p50 {:.2} µs, p99 {:.2} µs, worst {:.2} µs", us(self.p50), us(self.p99), us(self.worst))
    }
}
