//! Text split over messages: what one sender wrote just before is joined with what is written now.

use std::collections::VecDeque;

use model::body::PlainBody;
use model::clock::Timestamp;
use model::finding::{Findings, Hit};
use model::limits;

use crate::lexicon::Lexicon;
use crate::scanner::scan;

/// Earlier messages that are always joined, however short the pause.
const MESSAGES: usize = 3;
/// Messages kept at most, when they come quickly.
const MESSAGES_QUICK: usize = 12;
/// Within this many milliseconds more than [`MESSAGES`] are joined.
const QUICK_MS: i64 = 60_000;
/// After this many milliseconds nothing is joined.
const FORGET_MS: i64 = 3_600_000;
/// Characters kept of each message: a key that crosses the seam is shorter.
const TAIL_CHARS: usize = 200;

/// What one sender wrote last in one room. Bounded; kept in memory only.
#[derive(Clone, Debug, Default)]
pub struct Seam {
    recent: VecDeque<(Timestamp, String)>,
}

impl Seam {
    /// Scans `body` joined to the sender's earlier messages and remembers it. Only matches that cross the last seam are
    /// given; their offsets are those of the part of them that lies in `body`, in its first part.
    pub fn cross(&mut self, body: &PlainBody, now: Timestamp, lexicon: &Lexicon) -> Findings {
        let mut findings = Findings::default();
        let Some(part) = body.parts().first() else { return findings };
        self.forget(now);
        let current: String = part.text().chars().take(TAIL_CHARS).collect();
        if !self.recent.is_empty() && !body.is_edit() {
            for glue in [" ", ""] {
                self.joined(glue, &current, part.field(), lexicon, &mut findings);
            }
        }
        let skip = part.text().chars().count().saturating_sub(TAIL_CHARS);
        self.recent.push_back((now, part.text().chars().skip(skip).collect()));
        findings
    }

    fn forget(&mut self, now: Timestamp) {
        self.recent.retain(|(at, _)| now.since_ms(*at) <= FORGET_MS);
        let quick = self.recent.iter().filter(|(at, _)| now.since_ms(*at) <= QUICK_MS).count();
        let keep = quick.clamp(MESSAGES, MESSAGES_QUICK);
        while self.recent.len() > keep {
            self.recent.pop_front();
        }
    }

    fn joined(&self, glue: &str, current: &str, field: &str, lexicon: &Lexicon, findings: &mut Findings) {
        let mut text = String::new();
        for (index, (_, earlier)) in self.recent.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(earlier);
        }
        let before = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        text.push_str(glue);
        let seam = before + u32::from(!glue.is_empty());
        text.push_str(current);
        for hit in scan(&PlainBody::of_text(&text), lexicon).hits {
            let known = findings.hits.iter().any(|known| known.key == hit.key && known.term == hit.term);
            if hit.start < before && hit.end > seam && !known && findings.hits.len() < limits::SCAN_HITS {
                findings.hits.push(Hit { field: field.to_owned(), start: 0, end: hit.end - seam, ..hit });
            }
        }
    }
}
