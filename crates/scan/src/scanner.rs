//! One scan: every part through every view that has something to see in it.

use std::cell::RefCell;

use model::body::PlainBody;
use model::finding::{Findings, Hit};
use model::limits;

use crate::align::{align, is_other_word};
use crate::allowed::is_named;
use crate::fold::{ALSO, FLIP, Folded, Reading, SOUND, WORD};
use crate::lexicon::Lexicon;
use crate::squeezed::Splits;
use crate::starred::Stars;
use crate::text::{Text, View};
use crate::{fillers, links, squeezed, typing};

/// Candidates of one part that are looked at; a text made of half matches ends here.
const CANDIDATES: usize = 20_000;

/// Other ways to read a text, and the characters without which there is no such way.
const READINGS: [(u8, Reading); 6] = [
    (ALSO, Reading::Also),
    (FLIP, Reading::Turned),
    (SOUND, Reading::Sounds(0)),
    (SOUND, Reading::Sounds(1)),
    (WORD, Reading::Pictures(0)),
    (WORD, Reading::Pictures(1)),
];

/// Buffers that are kept from message to message.
#[derive(Default)]
struct Scratch {
    text: Text,
    /// The text without filler words.
    thin: Text,
    /// The tokens of those words.
    skipped: Vec<usize>,
    view: View,
    stars: Stars,
    typing: typing::Scratch,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Finds the keys and patterns of `lexicon` in `body`. Never fails; of each term set at most [`limits::SCAN_HITS`] hits are
/// kept, and a text made of half matches ends the scan, which [`Findings::overrun`] says.
///
/// Offsets count characters of the original part, the end excluded.
pub fn scan(body: &PlainBody, lexicon: &Lexicon) -> Findings {
    let mut findings = Findings::default();
    let mut kept = Kept::default();
    SCRATCH.with_borrow_mut(|scratch| {
        for part in body.parts() {
            scratch.part(part.field(), part.text(), lexicon, What::Both, &mut kept, &mut findings);
        }
    });
    findings
}

/// How many hits of each term set are kept so far.
#[derive(Default)]
struct Kept {
    hits: Vec<usize>,
}

impl Kept {
    /// Whether one more of this set is kept.
    fn take(&mut self, term: u32) -> bool {
        let term = term as usize;
        if self.hits.len() <= term {
            self.hits.resize(term + 1, 0);
        }
        self.hits[term] += 1;
        self.hits[term] <= limits::SCAN_HITS
    }

    fn is_full(&self, term: u32) -> bool {
        self.hits.get(term as usize).is_some_and(|hits| *hits >= limits::SCAN_HITS)
    }
}

/// What of a lexicon is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Both,
    Keys,
    Patterns,
}

/// The hits in a text that is no part of a message as it stands.
pub(crate) fn scan_text(text: &str, lexicon: &Lexicon, what: What) -> Vec<Hit> {
    let mut findings = Findings::default();
    SCRATCH.with_borrow_mut(|scratch| scratch.part("", text, lexicon, what, &mut Kept::default(), &mut findings));
    findings.hits
}

impl Scratch {
    fn part(&mut self, field: &str, text: &str, lexicon: &Lexicon, what: What, kept: &mut Kept, findings: &mut Findings) {
        self.text.folded.set(text);
        let seen = self.text.folded.seen;
        findings.chars = findings.chars.saturating_add(self.text.folded.chars);
        findings.links = findings.links.saturating_add(links::count(&self.text.folded.bytes));
        let mut found =
            Collector { lexicon, kept, found: Vec::new(), patterns: Vec::new(), only: Only::Any, truncated: false, overrun: false };
        if what != What::Keys {
            lexicon.patterns.each(&self.text.folded, |nth, pattern, start, end| {
                if found.takes(lexicon.pattern_terms[nth]) {
                    let (start, end) = characters(&self.text.folded, start, end);
                    found.patterns.push((pattern.term.clone(), pattern.pattern.clone(), start, end));
                }
            });
        }
        if what != What::Patterns {
            self.views(lexicon, &mut found);
            for (flag, reading) in READINGS {
                if seen & flag != 0 {
                    self.text.folded.set_reading(text, reading);
                    found.only = if matches!(reading, Reading::Pictures(_)) { Only::SeveralWords } else { Only::Any };
                    self.views(lexicon, &mut found);
                }
            }
        }
        found.give(field, findings);
    }

    fn views(&mut self, lexicon: &Lexicon, found: &mut Collector<'_>) {
        self.text.cut(true);
        self.words(lexicon, found);
        if fillers::between_keys(&self.view, &mut self.skipped, |before, after| lexicon.follow(before, after)) {
            fillers::leave_out(&self.text, &self.skipped, &mut self.thin);
            std::mem::swap(&mut self.text, &mut self.thin);
            self.text.cut(true);
            let only = std::mem::replace(&mut found.only, Only::Fresh);
            self.words(lexicon, found);
            found.only = only;
            std::mem::swap(&mut self.text, &mut self.thin);
        }
        self.squeezed(lexicon, found);
        if self.stars.set(&self.text) {
            self.starred(lexicon, found);
        }
        if lexicon.typing.is_wanted(&self.text) {
            lexicon.typing.each(&self.text, &mut self.typing, |hit| {
                let (start, end) = (self.text.tokens[hit.first].start, self.text.tokens[hit.last].end);
                found.add(&self.text.folded, hit.key, start, end);
            });
        }
        if self.text.doubtful {
            self.text.cut(false);
            self.words(lexicon, found);
            self.squeezed(lexicon, found);
        }
    }

    fn words(&mut self, lexicon: &Lexicon, found: &mut Collector<'_>) {
        self.view.set_words(&self.text);
        let mut left = CANDIDATES;
        lexicon.words.each(&self.view.bytes, |start, _, spelling| {
            left -= 1;
            let spelling = &lexicon.spellings[spelling as usize];
            if found.is_full(spelling.key) {
                return left > 0;
            }
            let from = self.view.run(start + 1);
            if let Some(alignment) = align(&self.text, from, spelling)
                && !is_other_word(&self.text, &alignment, from, spelling)
                && !(alignment.exact && !spelling.several && is_named(&self.text, self.text.token_of(from)))
            {
                found.add(&self.text.folded, spelling.key, from, alignment.end);
            }
            left > 0
        });
        found.overrun |= left == 0;
    }

    fn squeezed(&mut self, lexicon: &Lexicon, found: &mut Collector<'_>) {
        if !squeezed::is_wanted(&self.text) {
            return;
        }
        self.view.set_squeezed(&self.text);
        let mut left = CANDIDATES;
        let mut splits = Splits::default();
        lexicon.squeezed.each(&self.view.bytes, |start, _, spelling| {
            left -= 1;
            let spelling = &lexicon.spellings[spelling as usize];
            if found.is_full(spelling.key) {
                return left > 0;
            }
            let from = self.view.run(start);
            let aligned = [from].into_iter().chain(self.token_starts(from, self.view.run(start + 1))).find_map(|from| {
                let alignment = align(&self.text, from, spelling)?;
                squeezed::is_disguise(&self.text, from, &alignment, spelling, &mut splits).then_some((from, alignment.end))
            });
            if let Some((from, end)) = aligned {
                found.add(&self.text.folded, spelling.key, from, end);
            }
            left > 0
        });
        found.overrun |= left == 0 || splits.is_spent();
    }

    /// Starts of tokens inside the first run of a match: a run may reach over from the word before (`is sick`).
    fn token_starts(&self, from: usize, to: usize) -> impl Iterator<Item = usize> {
        let first = self.text.token_of(from) + 1;
        self.text.tokens[first.min(self.text.tokens.len())..].iter().map(|token| token.start).take_while(move |start| *start < to).take(4)
    }

    fn starred(&mut self, lexicon: &Lexicon, found: &mut Collector<'_>) {
        let mut left = CANDIDATES;
        lexicon.starred.each(&self.stars.bytes, |start, end, spelling| {
            left -= 1;
            let spelling = &lexicon.spellings[spelling as usize];
            if found.is_full(spelling.key) {
                return left > 0;
            }
            if self.stars.spells(start, &self.text, spelling) {
                found.add(&self.text.folded, spelling.key, self.stars.at[start + 1], self.stars.at[end - 2] + 1);
            }
            left > 0
        });
        found.overrun |= left == 0;
    }
}

fn characters(folded: &Folded, start: usize, end: usize) -> (u32, u32) {
    (folded.origin[start], folded.origin[end - 1] + 1)
}

/// Which hits of a view count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Only {
    Any,
    /// Those of keys of several words: a picture alone says little.
    SeveralWords,
    /// Those where no other key of the same set was found: `so` in `you are so late` is no filler of a second key.
    Fresh,
}

/// Hits of one part, each key once per place.
struct Collector<'a> {
    lexicon: &'a Lexicon,
    kept: &'a mut Kept,
    found: Vec<(u32, u32, u32)>,
    patterns: Vec<(String, String, u32, u32)>,
    only: Only,
    truncated: bool,
    overrun: bool,
}

impl Collector<'_> {
    fn add(&mut self, folded: &Folded, key: u32, start: usize, end: usize) {
        if self.only == Only::SeveralWords && !self.lexicon.is_several(key) || self.lexicon.allowed.covers(key, folded, start) {
            return;
        }
        let (start, end) = characters(folded, start, end);
        let terms = &self.lexicon.key_terms;
        let is_same = |other: u32| other == key || (self.only == Only::Fresh && terms[other as usize] == terms[key as usize]);
        let same = |hit: &(u32, u32, u32)| hit.1 < end && start < hit.2 && is_same(hit.0);
        let term = self.lexicon.key_terms[key as usize];
        let known = self.found.iter().any(same);
        if !self.is_full(key) && !known && self.takes(term) {
            self.found.push((key, start, end));
        }
    }

    /// Whether the key's set has as many hits as are kept: what else may be there is not looked at.
    fn is_full(&mut self, key: u32) -> bool {
        let full = self.kept.is_full(self.lexicon.key_terms[key as usize]);
        self.truncated |= full;
        full
    }

    fn takes(&mut self, term: u32) -> bool {
        let takes = self.kept.take(term);
        self.truncated |= !takes;
        takes
    }

    fn give(self, field: &str, findings: &mut Findings) {
        let keys = self.found.into_iter().map(|(key, start, end)| {
            let key = &self.lexicon.keys[key as usize];
            (key.term.clone(), key.key.clone(), start, end)
        });
        let mut hits: Vec<_> = keys.chain(self.patterns).collect();
        hits.sort_by_key(|(_, _, start, end)| (*start, *end));
        findings.truncated |= self.truncated;
        findings.overrun |= self.overrun;
        findings.hits.extend(hits.into_iter().map(|(term, key, start, end)| Hit { term, key, field: field.to_owned(), start, end }));
    }
}
