//! Text split over messages: what one sender wrote just before is joined with what is written now.

use std::cell::LazyCell;
use std::collections::VecDeque;

use model::body::{Part, PlainBody};
use model::clock::Timestamp;
use model::finding::{Findings, Hit};
use model::limits;

use crate::crossing::may_cross;
use crate::lexicon::Lexicon;
use crate::scanner::{What, scan_text};

/// Earlier messages that are always joined, however short the pause.
const MESSAGES: usize = 3;
/// Messages kept at most, when they come quickly.
const MESSAGES_QUICK: usize = 12;
/// Within this many milliseconds more than [`MESSAGES`] are joined.
const QUICK_MS: i64 = 60_000;
/// After this many milliseconds nothing is joined.
const FORGET_MS: i64 = 3_600_000;
/// Letters by which a match may be longer than its key: typing errors, letters drawn with several.
const SPARE_LETTERS: usize = 8;
/// Earlier messages that are tried as pieces of one word; letters sent one by one are found as a sentence as well.
const PIECES_MAX: usize = 4;

/// What one sender wrote last in one room. Bounded: the ends of at most twelve messages, together
/// [`limits::SEAM_CHARS`] characters, and that of the present one; kept in memory only.
#[derive(Clone, Debug, Default)]
pub struct Seam {
    recent: VecDeque<Said>,
}

/// The end of one message.
#[derive(Clone, Debug)]
struct Said {
    at: Timestamp,
    end: String,
    chars: usize,
}

impl Seam {
    /// Scans `body` joined to the sender's earlier messages and remembers it. Only matches that cross the last seam are
    /// given; their offsets are those of the part of them that lies in `body`, in the part that a reader sees.
    pub fn cross(&mut self, body: &PlainBody, now: Timestamp, lexicon: &Lexicon) -> Findings {
        let mut findings = Findings::default();
        let Some(part) = shown(body) else { return findings };
        self.forget(now);
        self.trim();
        if !self.recent.is_empty() {
            for sought in Sought::both(lexicon) {
                if body.is_edit() {
                    self.beside(part, sought, &mut findings);
                } else {
                    self.after(part, sought, &mut findings);
                }
            }
        }
        let end = last_chars(part.text(), limits::SEAM_CHARS);
        self.recent.push_back(Said { at: now, end: end.to_owned(), chars: end.chars().count() });
        findings
    }

    /// What crosses the seam between the earlier messages and this one.
    fn after(&self, part: &Part, sought: Sought<'_>, findings: &mut Findings) {
        let current = sought.reach.beginning(part.text());
        if sought.what == What::Keys && !may_cross(&self.pieces(sought.reach).join(" "), current, sought.lexicon) {
            return;
        }
        for (earlier, glue) in self.earlier(sought.reach) {
            joined(&earlier, glue, current, part.field(), sought, findings);
        }
    }

    /// What crosses the seam between any earlier message and this one, which is an edit and may stand before or after it.
    fn beside(&self, part: &Part, sought: Sought<'_>, findings: &mut Findings) {
        let edit = part.text();
        for said in &self.recent {
            let mut reach = sought.reach;
            let (earlier, current) = (reach.take_end(&said.end), sought.reach.beginning(edit));
            across(earlier, current, part.field(), sought, findings);
            let mut reach = sought.reach;
            let (earlier, current) = (reach.take_end(edit), sought.reach.beginning(&said.end));
            let mut after = Findings::default();
            across(earlier, current, part.field(), sought, &mut after);
            // the edit goes first here: what lies in it is its end
            let end = u32::try_from(edit.chars().count()).unwrap_or(u32::MAX);
            findings.hits.extend(after.hits.into_iter().map(|hit| Hit { start: end.saturating_sub(1), end, ..hit }));
        }
    }

    /// Forgets `body`, which was remembered last but was refused: nobody reads it, so it is no part of a sentence. What
    /// came before it is remembered as if it had not been there.
    pub fn take_back(&mut self, body: &PlainBody) {
        let end = shown(body).map(|part| last_chars(part.text(), limits::SEAM_CHARS));
        if let Some(index) = self.recent.iter().rposition(|said| Some(said.end.as_str()) == end) {
            self.recent.remove(index);
        }
    }

    /// Bytes of text that are remembered.
    pub fn bytes(&self) -> usize {
        self.recent.iter().map(|said| said.end.len()).sum()
    }

    fn forget(&mut self, now: Timestamp) {
        self.recent.retain(|said| now.since_ms(said.at) <= FORGET_MS);
        let quick = self.recent.iter().filter(|said| now.since_ms(said.at) <= QUICK_MS).count();
        let keep = quick.clamp(MESSAGES, MESSAGES_QUICK);
        while self.recent.len() > keep {
            self.recent.pop_front();
        }
    }

    /// Forgets whatever lies further back than a match can reach.
    fn trim(&mut self) {
        let mut total: usize = self.recent.iter().map(|said| said.chars).sum();
        while let Some(first) = self.recent.front().filter(|first| total - first.chars >= limits::SEAM_CHARS) {
            total -= first.chars;
            self.recent.pop_front();
        }
        let over = total.saturating_sub(limits::SEAM_CHARS);
        if let Some(first) = self.recent.front_mut().filter(|_| over > 0) {
            first.chars -= over;
            first.end = last_chars(&first.end, first.chars).to_owned();
        }
    }

    /// The earlier messages as far as `reach` goes, one after the other, in each way in which they can belong
    /// together, with what comes between them and the present one: all of them words of a sentence, or the last of them
    /// pieces of one word, which goes on through messages that are a piece only.
    fn earlier(&self, reach: Reach) -> Vec<(String, &'static str)> {
        let pieces = self.pieces(reach);
        let mut ways = vec![(pieces.join(" "), " ")];
        for (index, piece) in pieces.iter().enumerate().rev().take(PIECES_MAX) {
            let (sentence, word) = pieces.split_at(index);
            ways.push(([sentence, &[&word.concat()]].concat().join(" "), ""));
            if piece.contains(char::is_whitespace) {
                break;
            }
        }
        ways
    }

    /// The ends of the earlier messages as far as `reach` goes, oldest first.
    fn pieces(&self, mut reach: Reach) -> Vec<&str> {
        let mut pieces: Vec<&str> = Vec::with_capacity(self.recent.len());
        for said in self.recent.iter().rev() {
            if reach.is_over() {
                break;
            }
            pieces.push(reach.take_end(&said.end));
            reach.chars = reach.chars.saturating_sub(1);
        }
        pieces.reverse();
        pieces
    }
}

/// What is sought across a seam, and how far from it.
#[derive(Clone, Copy)]
struct Sought<'a> {
    lexicon: &'a Lexicon,
    what: What,
    reach: Reach,
}

impl<'a> Sought<'a> {
    /// Keys near the seam, patterns further from it; nothing of which the lexicon has none.
    fn both(lexicon: &'a Lexicon) -> impl Iterator<Item = Self> {
        let keys = Reach { chars: limits::SEAM_CHARS.min(4 * lexicon.longest()), letters: lexicon.longest() + SPARE_LETTERS };
        let patterns = Reach { chars: limits::SEAM_CHARS, letters: limits::SEAM_CHARS };
        let both = [(What::Keys, keys, lexicon.longest() > 0), (What::Patterns, patterns, lexicon.has_patterns())];
        both.into_iter().filter(|(_, _, any)| *any).map(move |(what, reach, _)| Self { lexicon, what, reach })
    }
}

/// How much of a text a match can take: so many characters, or so many letters, a repeated one counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reach {
    chars: usize,
    letters: usize,
}

impl Reach {
    fn is_over(self) -> bool {
        self.chars == 0 || self.letters == 0
    }

    /// Goes past one character; answers whether that was still in reach.
    fn step(&mut self, character: char, last: &mut Option<char>) -> bool {
        let repeated = *last == Some(character);
        if self.chars == 0 || (self.letters == 0 && !repeated) {
            return false;
        }
        self.chars -= 1;
        if character.is_alphanumeric() && !repeated {
            self.letters -= 1;
            *last = Some(character);
        }
        true
    }

    fn beginning(mut self, text: &str) -> &str {
        let mut last = None;
        text.char_indices().find(|(_, character)| !self.step(*character, &mut last)).map_or(text, |(end, _)| &text[..end])
    }

    /// The end of the text that is in reach, which is less afterwards.
    fn take_end<'t>(&mut self, text: &'t str) -> &'t str {
        let mut last = None;
        let beyond = text.char_indices().rev().find(|(_, character)| !self.step(*character, &mut last));
        beyond.map_or(text, |(start, character)| &text[start + character.len_utf8()..])
    }
}

/// The part that clients show: the formatted body where there is one, then the body, then whatever comes first.
fn shown(body: &PlainBody) -> Option<&Part> {
    let named = |name: &str| body.parts().iter().find(|part| part.field() == name);
    named("formatted_body").or_else(|| named("body")).or_else(|| body.parts().first())
}

fn joined(earlier: &str, glue: &str, current: &str, field: &str, sought: Sought<'_>, findings: &mut Findings) {
    let before = u32::try_from(earlier.chars().count()).unwrap_or(u32::MAX);
    let seam = before.saturating_add(u32::from(!glue.is_empty()));
    let of = |text: &str| scan_text(text, sought.lexicon, sought.what);
    // needed for few texts only
    let (in_earlier, in_current) = (LazyCell::new(|| of(earlier)), LazyCell::new(|| of(current)));
    for hit in of(&[earlier, glue, current].concat()) {
        if hit.start >= before || hit.end <= seam {
            continue;
        }
        let same = |other: &Hit| other.key == hit.key && other.term == hit.term;
        // "idiot" and "to be sure" are no "idiott": what is complete on one side was found there
        let is_one_sided = in_earlier.iter().any(|other| same(other) && other.end > hit.start)
            || in_current.iter().any(|other| same(other) && other.start < hit.end - seam);
        if !is_one_sided && !findings.hits.iter().any(same) {
            findings.hits.push(Hit { field: field.to_owned(), start: 0, end: hit.end - seam, ..hit });
        }
    }
}

/// What crosses the seam of two texts, as words of a sentence or pieces of one word.
fn across(earlier: &str, current: &str, field: &str, sought: Sought<'_>, findings: &mut Findings) {
    if sought.what == What::Patterns || may_cross(earlier, current, sought.lexicon) {
        joined(earlier, " ", current, field, sought, findings);
        joined(earlier, "", current, field, sought, findings);
    }
}

fn last_chars(text: &str, count: usize) -> &str {
    if count == 0 {
        return "";
    }
    text.char_indices().rev().nth(count - 1).map_or(text, |(start, _)| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Key;

    fn lexicon() -> Lexicon {
        Lexicon::build([Key { term: "t".to_owned(), key: "purple elephant".to_owned() }]).unwrap()
    }

    fn say(seam: &mut Seam, text: &str, at: i64) -> usize {
        seam.cross(&PlainBody::of_text(text), Timestamp(at), &lexicon()).hits.len()
    }

    #[test]
    fn a_long_message_hides_neither_its_end_nor_the_next_ones_beginning() {
        let mut seam = Seam::default();
        let filler = "nothing to see here ".repeat(200);
        assert_eq!(say(&mut seam, &format!("{filler} purple"), 0), 0);
        assert_eq!(say(&mut seam, &format!("elephant {filler}"), 1_000), 1);
    }

    #[test]
    fn memory_stays_small_whatever_is_said() {
        let mut seam = Seam::default();
        for n in 0..1_000 {
            say(&mut seam, &"\u{1F418}".repeat(1 + n * 7 % 3_000), i64::try_from(n).unwrap());
            assert!(seam.bytes() <= 2 * 4 * limits::SEAM_CHARS && seam.recent.len() <= MESSAGES_QUICK + 1);
        }
    }

    #[test]
    fn an_hour_later_nothing_is_joined() {
        let mut seam = Seam::default();
        say(&mut seam, "purple", 0);
        assert_eq!(say(&mut seam, "elephant", FORGET_MS + 1), 0);
        say(&mut seam, "purple", FORGET_MS + 2);
        assert_eq!(say(&mut seam, "elephant", 2 * FORGET_MS), 1);
    }

    #[test]
    fn a_word_in_several_pieces_is_found_at_its_last() {
        for pieces in [&["pur", "ple", "ele", "phant"][..], &["so", "purple eleph", "ant"], &["purple", "e", "le", "ph", "ant"]] {
            let mut seam = Seam::default();
            let hits: Vec<usize> = (0..).zip(pieces).map(|(at, piece)| say(&mut seam, piece, at)).collect();
            let (last, before) = hits.split_last().unwrap();
            assert_eq!((*last, before.iter().sum::<usize>()), (1, 0), "{pieces:?}");
        }
    }

    #[test]
    fn what_is_complete_on_one_side_of_the_seam_is_not_found_there() {
        let mut seam = Seam::default();
        for text in ["a purple elephant", "ten more", "see", "elephants: e", "purple elephant"] {
            assert_eq!(say(&mut seam, text, 0), 0, "{text}");
        }
    }

    #[test]
    fn a_refused_message_is_no_part_of_what_is_said_and_hides_nothing() {
        let mut seam = Seam::default();
        say(&mut seam, "purple", 0);
        for filler in ["x", &"y".repeat(10 * limits::SEAM_CHARS), "z", "elephant"] {
            say(&mut seam, filler, 1);
            seam.take_back(&PlainBody::of_text(filler));
        }
        assert_eq!(say(&mut seam, "elephant", 2), 1);
        seam.take_back(&PlainBody::of_text("never said"));
        assert_eq!(seam.recent.len(), 2);
    }

    #[test]
    fn ends_are_cut_between_characters() {
        assert_eq!((last_chars("äöü", 2), last_chars("ä", 2), last_chars("ä", 0)), ("öü", "ä", ""));
    }

    #[test]
    fn reach_ends_between_characters_and_does_not_count_repeated_letters() {
        let reach = |chars, letters| Reach { chars, letters };
        let ends = |chars, letters, text| (reach(chars, letters).beginning(text), reach(chars, letters).take_end(text));
        assert_eq!(ends(2, 9, "äöü"), ("äö", "öü"));
        assert_eq!(ends(9, 2, "k..iiiilll"), ("k..iiii", "iiiilll"));
        assert_eq!(ends(9, 9, "ä"), ("ä", "ä"));
        assert_eq!(ends(0, 9, "ä"), ("", ""));
        assert_eq!(ends(9, 0, "ä"), ("", ""));
    }
}
