//! `frankly rules shadow`: what rules would do to messages, without doing it.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use model::body::PlainBody;
use model::facts::Facts;
use serde_json::json;

use super::{Format, Packs, add, input, print};

/// Count what each rule would fire on: NDJSON in, a table out, nothing done
///
/// Each line of the input is an object with `text` and, if you like, `label`: 1 for what the rules are to
/// find, 0 for what they are to leave alone. The facts are those of two adults who wrote before.
#[derive(Args, Debug)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  frankly rules shadow < messages.ndjson\n  frankly rules shadow --format json < messages.ndjson\n\nExit status: 0 fine, 1 a line could not be read (named on stderr; the others are counted), 2 wrong usage."
)]
pub(super) struct ShadowArgs {
    #[command(flatten)]
    packs: Packs,
}

/// How often a rule fired: on anything, on what it was to find, on what it was to leave alone.
#[derive(Default, Clone, Copy)]
struct Count {
    all: u64,
    wanted: u64,
    unwanted: u64,
}

impl Count {
    fn add(&mut self, label: Option<u8>) {
        self.all += 1;
        self.wanted += u64::from(label == Some(1));
        self.unwanted += u64::from(label == Some(0));
    }
}

pub(super) fn run(args: &ShadowArgs) -> anyhow::Result<ExitCode> {
    let rules = crate::packs::load(args.packs.pack.as_deref())?;
    let facts = familiar();
    let cards = rules.set().cards();
    let mut counts: BTreeMap<String, Count> = cards.iter().map(|card| (card.rule.clone(), Count::default())).collect();
    let mut total = Count::default();
    let bad = input::each(|line| {
        total.add(line.label);
        let findings = rules.scan(&PlainBody::of_text(&line.text));
        let mut facts = facts.clone();
        facts.msg.links = i64::from(findings.links);
        facts.msg.len = i64::from(findings.chars);
        for reason in rules.judge(&facts, &findings).reasons {
            counts.entry(reason.rule).or_default().add(line.label);
        }
    })?;
    if args.packs.format == Format::Json {
        let of = |count: &Count| json!({ "hits": count.all, "of_label_1": count.wanted, "of_label_0": count.unwanted });
        let rows: BTreeMap<&String, _> = counts.iter().map(|(rule, count)| (rule, of(count))).collect();
        print(&json!({ "version": rules.version(), "messages": of(&total), "rules": rows }).to_string());
    } else {
        let mut rows: Vec<(&String, &Count)> = counts.iter().collect();
        rows.sort_by_key(|(rule, count)| (std::cmp::Reverse(count.all), rule.as_str()));
        let mut text = format!("{:<36} {:>8} {:>9} {:>10} {:>10}\n", "rule", "hits", "per 1,000", "of label 1", "of label 0");
        for (rule, count) in rows {
            let rate = per_mille(count.all, total.all);
            add(&mut text, format_args!("{rule:<36} {:>8} {rate:>9.2} {:>10} {:>10}\n", count.all, count.wanted, count.unwanted));
        }
        add(
            &mut text,
            format_args!(
                "{} messages, {} with label 1, {} with label 0; nothing was done to them",
                total.all, total.wanted, total.unwanted
            ),
        );
        print(&text);
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Two adults who wrote before.
fn familiar() -> Facts {
    let mut facts = Facts::default();
    "m.room.message".clone_into(&mut facts.msg.kind);
    facts.sender.age_band = model::person::AgeBand::Adult;
    facts.recipient.age_band = model::person::AgeBand::Adult;
    facts.pair.mutual = true;
    facts.pair.prior_msgs = 10;
    facts.sender.account_age_h = 1_000;
    "readable".clone_into(&mut facts.ctx.mode);
    facts.ctx.members = 2;
    facts
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_mille(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 1_000.0 / whole as f64 }
}
