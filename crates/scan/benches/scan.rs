//! What a message costs: `cargo bench -p frankly-scan`. Every benchmark takes the next message of its load in turn.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use evasion::{CLASSES, Chance, benign, dress, phrases, profanity};
use model::body::PlainBody;
use model::clock::Timestamp;
use scan::{Key, Lexicon, Seam, scan};

fn main() {
    divan::main();
}

/// Ten thousand keys: those of the sets, and made-up words.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut chance = Chance(4);
    let syllables = ["ba", "ko", "ri", "tu", "me", "lan", "dor", "pis", "ven", "gal", "ton", "sha", "qui", "fer", "mo", "ze"];
    let mut keys: Vec<String> = phrases().into_iter().map(|phrase| phrase.key).chain(profanity()).map(str::to_owned).collect();
    while keys.len() < 10_000 {
        let mut word = || (0..2 + chance.below(3)).map(|_| *chance.of(&syllables)).collect::<String>();
        let key = if keys.len().is_multiple_of(2) { word() } else { format!("{} {}", word(), word()) };
        keys.push(key);
    }
    keys
});

static LEXICON: LazyLock<Lexicon> = LazyLock::new(build);

fn build() -> Lexicon {
    Lexicon::build(KEYS.iter().map(|key| Key { term: "t".to_owned(), key: key.clone() })).expect("keys")
}

/// Two harmless lines each, about a hundred bytes.
fn chat() -> Vec<PlainBody> {
    benign().chunks(2).map(|pair| PlainBody::of_text(&pair.join(". "))).collect()
}

fn dressed() -> Vec<PlainBody> {
    let mut chance = Chance(9);
    let of_class = |class: &&str| phrases().into_iter().step_by(7).map(|phrase| dress(class, phrase.text, &mut chance)).collect::<Vec<_>>();
    CLASSES.iter().flat_map(of_class).map(|text| PlainBody::of_text(&text)).collect()
}

/// Texts of 4 KiB that are made of what costs most: half matches, doubtful signs, words run together.
fn worst() -> Vec<PlainBody> {
    let pieces =
        ["kill ", "k i l l ", "1i1!l ", "gotanynudes", "sexsex", "*a*b ", "ton", "kotuko ko", "ðµ ", "🇰🇮", "yuorself ", "so like "];
    let long = |piece: &str| {
        piece
            .chars()
            .cycle()
            .scan(0, |bytes, c| {
                *bytes += c.len_utf8();
                (*bytes <= 4_096).then_some(c)
            })
            .collect::<String>()
    };
    pieces.iter().map(|piece| PlainBody::of_text(&long(piece))).collect()
}

fn in_turn(bencher: Bencher<'_, '_>, bodies: &[PlainBody], mut one: impl FnMut(&PlainBody)) {
    let mut next = bodies.iter().cycle();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| one(next.next().expect("a cycle goes on")));
}

#[divan::bench(sample_count = 500, sample_size = 100)]
fn chat_of_a_hundred_bytes(bencher: Bencher<'_, '_>) {
    in_turn(bencher, &chat(), |body| {
        black_box(scan(body, &LEXICON));
    });
}

#[divan::bench(sample_count = 500, sample_size = 100)]
fn chat_by_aho_corasick_alone(bencher: Bencher<'_, '_>) {
    let machine = AhoCorasick::builder().ascii_case_insensitive(true).build(KEYS.iter()).expect("an automaton");
    in_turn(bencher, &chat(), |body| {
        black_box(machine.find_overlapping_iter(body.parts()[0].text()).count());
    });
}

#[divan::bench(sample_count = 500, sample_size = 20)]
fn every_class_of_evasion(bencher: Bencher<'_, '_>) {
    in_turn(bencher, &dressed(), |body| {
        black_box(scan(body, &LEXICON));
    });
}

#[divan::bench(sample_count = 500, sample_size = 100)]
fn seam_of_a_conversation(bencher: Bencher<'_, '_>) {
    let (mut seam, mut at) = (Seam::default(), 0);
    in_turn(bencher, &chat(), |body| {
        at += 5_000;
        black_box(seam.cross(body, Timestamp(at), &LEXICON));
    });
}

#[divan::bench(sample_count = 120, sample_size = 1)]
fn four_kibibytes_at_worst(bencher: Bencher<'_, '_>) {
    in_turn(bencher, &worst(), |body| {
        black_box(scan(body, &LEXICON));
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_thousand_keys_made_ready() -> Lexicon {
    build()
}
