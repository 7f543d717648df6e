//! Recall over every class of evasion with three seeds, silence on harmless lines, and text that is split.

use std::fmt::Write;

use evasion::{CLASSES, Chance, EXTRA, benign, dress, phrases, profanity, split_edits, split_messages};
use model::body::PlainBody;
use model::clock::Timestamp;
use model::conversation::{Conversation, Mode, Terms};
use model::json::parse_object;
use scan::{Key, Lexicon, Seam, scan};

const SEEDS: [u64; 3] = [1, 20_261_128, 0xF00D];

/// The keys of all phrases and the vulgar words, as one list.
fn lexicon() -> Lexicon {
    let keys = phrases().into_iter().map(|phrase| phrase.key).chain(profanity());
    Lexicon::build(keys.map(|key| Key { term: "t".to_owned(), key: key.to_owned() })).unwrap()
}

fn is_found(text: &str, lexicon: &Lexicon) -> bool {
    !scan(&PlainBody::of_text(text), lexicon).hits.is_empty()
}

fn share(part: usize, all: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(all).unwrap())
}

/// Recall of one class, and the texts that were missed.
fn recall(class: &str, seed: u64, lexicon: &Lexicon, missed: &mut String) -> f64 {
    let mut chance = Chance(seed);
    let phrases = phrases();
    let mut found = 0;
    for phrase in &phrases {
        let text = dress(class, phrase.text, &mut chance);
        if is_found(&text, lexicon) {
            found += 1;
        } else {
            writeln!(missed, "  {class}: {text} ({})", phrase.key).unwrap();
        }
    }
    share(found, phrases.len())
}

fn bar(class: &str) -> f64 {
    match class {
        // written by sound, some letters have no one way
        "mixed" | "upside-down" | "transliterated" => 0.85,
        _ => 0.90,
    }
}

#[test]
fn dressed_phrases_are_found() {
    let lexicon = lexicon();
    for seed in SEEDS {
        let (mut report, mut missed, mut below) = (String::new(), String::new(), Vec::new());
        let mut sum = 0.0;
        for class in CLASSES.iter().chain(&EXTRA) {
            let recall = recall(class, seed, &lexicon, &mut missed);
            writeln!(report, "{class}: {recall:.3}").unwrap();
            if CLASSES.contains(class) {
                sum += recall;
            }
            if recall < bar(class) {
                below.push(*class);
            }
        }
        let mean = sum / 21.0;
        assert!(below.is_empty() && mean >= 0.97, "seed {seed}: mean {mean:.3}, below the bar {below:?}\n{report}{missed}");
    }
}

#[test]
fn harmless_lines_are_left_alone() {
    let lexicon = lexicon();
    let lines = benign();
    let flagged: Vec<_> = lines.iter().filter(|line| is_found(line, &lexicon)).collect();
    assert!(flagged.len() * 100 <= lines.len(), "{} of {}: {flagged:?}", flagged.len(), lines.len());
}

#[test]
fn phrases_split_over_two_messages_are_found() {
    let lexicon = lexicon();
    let mut missed = Vec::new();
    for seed in SEEDS {
        let mut chance = Chance(seed);
        for phrase in phrases() {
            let [first, second] = split_messages(phrase.text, &mut chance);
            let mut seam = Seam::default();
            seam.cross(&PlainBody::of_text(&first), Timestamp(0), &lexicon);
            let across = seam.cross(&PlainBody::of_text(&second), Timestamp(1_000), &lexicon);
            if across.hits.is_empty() && !is_found(&first, &lexicon) && !is_found(&second, &lexicon) {
                missed.push([first, second]);
            }
        }
    }
    assert!(missed.len() * 100 <= phrases().len() * SEEDS.len(), "{} missed: {missed:?}", missed.len());
}

#[test]
fn harmless_neighbours_are_not_joined_to_anything() {
    let lexicon = lexicon();
    let mut seam = Seam::default();
    let lines = benign();
    let joined: Vec<&str> = (0..)
        .zip(&lines)
        .filter(|(at, line)| !seam.cross(&PlainBody::of_text(line), Timestamp(at * 5_000), &lexicon).hits.is_empty())
        .map(|(_, line)| *line)
        .collect();
    assert!(share(joined.len(), lines.len()) <= 0.003, "{joined:?}");
}

fn edit(text: &str) -> PlainBody {
    let terms = Terms { mode: Mode::Readable, policy: "t@1".into(), tenant: "t".into(), retention: "standard".into() };
    let Conversation::Readable(readable) = Conversation::from_terms(terms) else { panic!("the mode asked for") };
    let content = format!(r#"{{"body":"{text}","msgtype":"m.text","m.relates_to":{{"rel_type":"m.replace","event_id":"$x"}}}}"#);
    readable.admit("m.room.message", &parse_object(&content).unwrap()).unwrap()
}

#[test]
fn phrases_split_over_edits_are_found_in_either_order() {
    let lexicon = lexicon();
    let (mut missed, mut all) = (0, 0);
    let mut chance = Chance(3);
    for phrase in phrases() {
        let [one, two, first, second] = split_edits(phrase.text, &mut chance);
        if is_found(&first, &lexicon) || is_found(&second, &lexicon) {
            continue;
        }
        for edits in [[&first, &second], [&second, &first]] {
            let mut seam = Seam::default();
            seam.cross(&PlainBody::of_text(&one), Timestamp(0), &lexicon);
            seam.cross(&PlainBody::of_text(&two), Timestamp(1_000), &lexicon);
            let hits: Vec<_> = edits.iter().flat_map(|text| seam.cross(&edit(text), Timestamp(2_000), &lexicon).hits).collect();
            all += 1;
            missed += usize::from(hits.is_empty());
            let length = u32::try_from(edits[1].chars().count()).unwrap();
            assert!(hits.iter().all(|hit| hit.start < hit.end && hit.end <= length), "{hits:?}");
        }
    }
    assert!(missed * 20 <= all, "{missed} of {all}");
}
