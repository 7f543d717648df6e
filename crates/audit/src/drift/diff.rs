//! Where two texts differ in words: sentences that were moved, joined or cut otherwise are the same.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp};

use super::bounds;
use super::text::{Key, Sentence};
use super::words::words;

/// Sentences that stood at one place before and those that stand there now; by their places in the two texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hunk {
    /// Places in the text before.
    pub before: Vec<usize>,
    /// Places in the text after.
    pub after: Vec<usize>,
}

/// How two texts differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delta {
    /// Where words differ, in the order of the page.
    pub hunks: Vec<Hunk>,
    /// Whether sentences stand elsewhere.
    pub moved: bool,
    /// Whether the same words are cut into sentences otherwise.
    pub reshaped: bool,
}

impl Delta {
    /// Sentences that went and came.
    pub fn sentences(&self) -> usize {
        self.hunks.iter().map(|hunk| hunk.before.len() + hunk.after.len()).sum()
    }
}

/// Compares two texts. The same texts give the same answer, on every machine and at any load.
pub fn compare(old: &[Sentence], new: &[Sentence]) -> Delta {
    let keys = |text: &[Sentence]| text.iter().map(|sentence| sentence.key).collect::<Vec<Key>>();
    let (old_keys, new_keys) = (keys(old), keys(new));
    if old_keys == new_keys {
        return Delta::default();
    }
    let mut delta = Delta::default();
    let differing = differing(&old_keys, &new_keys);
    if differing == 0 {
        delta.moved = true;
        return delta;
    }
    let hunks = if differing > bounds::ALIGNED_DIFFERENCE { unaligned(&old_keys, &new_keys) } else { aligned(&old_keys, &new_keys) };
    let hunks: Vec<Hunk> = hunks.into_iter().filter(|hunk| !is_reshaped(hunk, old, new, &mut delta)).collect();
    let hunks = without_moves(hunks, &old_keys, &new_keys, &mut delta);
    delta.hunks = hunks.into_iter().filter(|hunk| !is_reshaped(hunk, old, new, &mut delta)).collect();
    delta
}

/// Sentences that one text has more often than the other.
fn differing(old: &[Key], new: &[Key]) -> usize {
    counted(old, new).values().map(|count| count.unsigned_abs()).sum()
}

/// How much more often the new text has each sentence.
fn counted(old: &[Key], new: &[Key]) -> BTreeMap<Key, isize> {
    let mut counts: BTreeMap<Key, isize> = BTreeMap::new();
    for key in old {
        *counts.entry(*key).or_default() -= 1;
    }
    for key in new {
        *counts.entry(*key).or_default() += 1;
    }
    counts
}

fn aligned(old: &[Key], new: &[Key]) -> Vec<Hunk> {
    let ops = similar::capture_diff_slices(Algorithm::Myers, old, new);
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut open = false;
    for op in ops {
        if matches!(op, DiffOp::Equal { .. }) {
            open = false;
            continue;
        }
        if !open {
            hunks.push(Hunk::default());
            open = true;
        }
        if let Some(hunk) = hunks.last_mut() {
            hunk.before.extend(op.old_range());
            hunk.after.extend(op.new_range());
        }
    }
    hunks
}

/// Texts that have little in common: what is in the one only, against what is in the other only.
fn unaligned(old: &[Key], new: &[Key]) -> Vec<Hunk> {
    let mut more = counted(old, new);
    let mut hunk = Hunk::default();
    for (at, key) in old.iter().enumerate() {
        if let Some(count) = more.get_mut(key).filter(|count| **count < 0) {
            *count += 1;
            hunk.before.push(at);
        }
    }
    let mut more = counted(old, new);
    for (at, key) in new.iter().enumerate() {
        if let Some(count) = more.get_mut(key).filter(|count| **count > 0) {
            *count -= 1;
            hunk.after.push(at);
        }
    }
    vec![hunk]
}

/// Whether the words of both sides are the same, one after the other.
fn is_reshaped(hunk: &Hunk, old: &[Sentence], new: &[Sentence], delta: &mut Delta) -> bool {
    if hunk.before.is_empty() || hunk.after.is_empty() {
        return false;
    }
    let joined = |text: &[Sentence], places: &[usize]| {
        let mut all = String::new();
        for place in places {
            all.push_str(&words(&text[*place].text));
            all.push(' ');
        }
        all
    };
    let same = joined(old, &hunk.before) == joined(new, &hunk.after);
    delta.reshaped |= same;
    same
}

/// Without sentences that went from one place and came at another.
fn without_moves(mut hunks: Vec<Hunk>, old: &[Key], new: &[Key], delta: &mut Delta) -> Vec<Hunk> {
    let mut gone: BTreeMap<Key, usize> = BTreeMap::new();
    let mut come: BTreeMap<Key, usize> = BTreeMap::new();
    for hunk in &hunks {
        hunk.before.iter().for_each(|at| *gone.entry(old[*at]).or_default() += 1);
        hunk.after.iter().for_each(|at| *come.entry(new[*at]).or_default() += 1);
    }
    let moves: BTreeMap<Key, usize> =
        gone.iter().filter_map(|(key, count)| come.get(key).map(|other| (*key, (*count).min(*other)))).collect();
    if moves.is_empty() {
        return hunks;
    }
    delta.moved = true;
    let (mut from, mut to) = (moves.clone(), moves);
    let stays = |left: &mut BTreeMap<Key, usize>, key: &Key| match left.get_mut(key).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            false
        }
        None => true,
    };
    for hunk in &mut hunks {
        hunk.before.retain(|at| stays(&mut from, &old[*at]));
        hunk.after.retain(|at| stays(&mut to, &new[*at]));
    }
    hunks.retain(|hunk| !hunk.before.is_empty() || !hunk.after.is_empty());
    hunks
}

#[cfg(test)]
mod tests {
    use super::super::text::Text;
    use super::*;

    fn compared(old: &str, new: &str) -> Delta {
        compare(&Text::of_markdown(old).sentences, &Text::of_markdown(new).sentences)
    }

    #[test]
    fn a_moved_sentence_is_no_change() {
        let delta = compared("One. Two. Three. Four.", "Three. One. Two. Four.");
        assert_eq!((delta.hunks.len(), delta.moved, delta.reshaped), (0, true, false));
    }

    #[test]
    fn other_borders_of_sentences_are_no_change() {
        let delta = compared("# Who we are\n\nWe are here. You too.", "Who we are we are here, you too.");
        assert_eq!((delta.hunks.len(), delta.moved, delta.reshaped), (0, false, true));
    }

    #[test]
    fn what_changed_stands_beside_what_it_was() {
        let delta = compared("One. We read nothing. Two. Three.", "One. We read everything. Two. Four. Three.");
        assert_eq!(delta.hunks, [Hunk { before: vec![1], after: vec![1] }, Hunk { before: vec![], after: vec![3] }]);
    }

    #[test]
    fn texts_without_anything_in_common_are_compared_quickly() {
        let long = |word: &str| (0..20_000).map(|at| format!("{word} number {at}.")).collect::<Vec<_>>().join("\n\n");
        let delta = compared(&long("old"), &long("new"));
        assert_eq!((delta.hunks.len(), delta.sentences()), (1, 40_000));
    }
}
