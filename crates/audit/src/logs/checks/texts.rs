//! Explanations: whether they contradict what is said of automation, and how many decisions share one. G6 and G8.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::super::finding::{Check, Checked, Finding, Severity, Tally};
use super::super::histogram::real;
use super::super::names::hash;
use super::super::row::{Automated, Kind, Row};
use super::super::settings::Settings;

/// What a text says of who decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    People,
    Programs,
    Nobody,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// At least so often.
    count: u64,
    line: u64,
    speaks: Speaks,
}

/// Texts that were seen. The most frequent ones of a bounded number are counted.
#[derive(Debug)]
pub(in super::super) struct Texts {
    seen: HashMap<u64, Seen>,
    most: usize,
    /// How much less than the truth a count may be.
    short_by: u64,
    counted: u64,
    with_automation: u64,
    people: Vec<Finder<'static>>,
    programs: Vec<Finder<'static>>,
    contradicted: Tally,
    lower: Vec<u8>,
}

impl Texts {
    pub(in super::super) fn new(settings: &Settings, most: usize) -> Self {
        let finders = |words: &[String]| words.iter().map(|word| Finder::new(&word.to_lowercase()).into_owned()).collect();
        Self {
            seen: HashMap::new(),
            most,
            short_by: 0,
            counted: 0,
            with_automation: 0,
            people: finders(&settings.g6_people),
            programs: finders(&settings.g6_programs),
            contradicted: Tally::new(settings.evidence),
            lower: Vec::new(),
        }
    }

    pub(in super::super) fn row(&mut self, row: &Row<'_>) {
        if row.kind != Kind::Decision || row.text.is_empty() {
            return;
        }
        self.counted += 1;
        let key = hash(0, &row.text);
        let speaks = if let Some(seen) = self.seen.get_mut(&key) {
            seen.count += 1;
            seen.speaks
        } else {
            let speaks = self.speaks(&row.text);
            if self.seen.len() >= self.most {
                self.forget_half();
            }
            self.seen.insert(key, Seen { count: 1, line: row.line, speaks });
            speaks
        };
        self.with_automation += u64::from(row.automated.is_some());
        match (row.automated, speaks) {
            (Some(Automated::Fully), Speaks::People) => {
                self.contradicted.note(row.line, || "fully automated, and the text speaks of people".to_owned());
            }
            (Some(Automated::No), Speaks::Programs) => {
                self.contradicted.note(row.line, || "not automated, and the text speaks of programs alone".to_owned());
            }
            _ => {}
        }
    }

    /// A text that says `without human review` does not speak of people.
    fn speaks(&mut self, text: &[u8]) -> Speaks {
        self.lower.clear();
        self.lower.extend(text.iter().map(u8::to_ascii_lowercase));
        let says = |finders: &[Finder<'_>]| finders.iter().any(|finder| finder.find(&self.lower).is_some());
        if says(&self.programs) {
            Speaks::Programs
        } else if says(&self.people) {
            Speaks::People
        } else {
            Speaks::Nobody
        }
    }

    /// Lets go of the rarer half: the median count is taken off all counts, and what has none left is forgotten.
    ///
    /// A count is then short by at most what was taken off, which is less than the number of texts divided by half of
    /// those that are kept.
    fn forget_half(&mut self) {
        let mut counts: Vec<u64> = self.seen.values().map(|seen| seen.count).collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable(middle);
        let taken = *median;
        self.seen.retain(|_, seen| {
            seen.count = seen.count.saturating_sub(taken);
            seen.count > 0
        });
        self.short_by += taken;
    }

    pub(in super::super) fn finish(self, settings: &Settings) -> [Checked; 2] {
        let threshold = format!("at most {}", settings.g6_rows);
        let g6 = if self.with_automation == 0 {
            Checked::not(Check::G6, threshold, "no decision has both an explanation and a word on automation")
        } else {
            let finding = self
                .contradicted
                .beyond(settings.g6_rows, Severity::Medium, |count| format!("{count} decisions contradict their explanation"));
            Checked::of(Check::G6, threshold, finding.into_iter().collect(), format!("{} decisions", self.with_automation))
        };
        let threshold = format!("at most {} % of the decisions", settings.g8_share * 100.0);
        if self.counted < settings.g8_least {
            let because = format!("{} decisions have an explanation; {} are needed", self.counted, settings.g8_least);
            return [g6, Checked::not(Check::G8, threshold, because)];
        }
        let most = settings.g8_share * real(self.counted);
        let mut common: Vec<Seen> = self.seen.into_values().filter(|seen| real(seen.count) > most).collect();
        common.sort_by_key(|seen| std::cmp::Reverse((seen.count, seen.line)));
        let findings = common.into_iter().map(|seen| {
            let mut tally = Tally::new(1);
            tally.note(seen.line, || "the first of them that was kept".to_owned());
            let share = real(seen.count) / real(self.counted) * 100.0;
            let at_least = if self.short_by > 0 { "at least " } else { "" };
            let says = format!("{at_least}{} of {} decisions ({share:.1} %) have the same explanation", seen.count, self.counted);
            Finding {
                severity: Severity::Low,
                says,
                count: seen.count,
                evidence: tally.beyond(0, Severity::Low, |_| String::new()).map_or_else(Vec::new, |finding| finding.evidence),
            }
        });
        let g8 = Checked::of(Check::G8, threshold, findings.collect(), format!("{} explanations", self.counted));
        [g6, g8]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: u64, text: &str, automated: Automated) -> Row<'_> {
        Row { line, text: text.as_bytes().into(), automated: Some(automated), ..Row::default() }
    }

    #[test]
    fn a_text_that_denies_people_does_not_speak_of_them() {
        let settings = Settings::default();
        let mut texts = Texts::new(&settings, 100);
        texts.row(&row(1, "Removed after Human Review.", Automated::Fully));
        texts.row(&row(2, "Removed without human review.", Automated::Fully));
        texts.row(&row(3, "Removed without human review.", Automated::No));
        texts.row(&row(4, "Removed after human review.", Automated::No));
        let [g6, _] = texts.finish(&settings);
        let lines: Vec<_> = g6.findings()[0].evidence.iter().map(|evidence| evidence.line).collect();
        assert_eq!(lines, [Some(1), Some(3)]);
    }

    #[test]
    fn a_common_text_is_found_among_more_texts_than_are_kept() {
        let settings = Settings::default();
        let mut texts = Texts::new(&settings, 64);
        for line in 0..10_000 {
            let own = format!("explanation {line}");
            texts.row(&row(line, if line % 4 == 0 { "the same" } else { &own }, Automated::No));
        }
        assert!(texts.seen.len() <= 64);
        let [_, g8] = texts.finish(&settings);
        let [finding] = g8.findings() else { panic!("{g8:?}") };
        assert!((2_000..=2_500).contains(&finding.count), "{finding:?}");
        assert!(finding.says.starts_with("at least "), "{}", finding.says);
    }
}
