//! The scanner beside other filters with the same keys: recall by class of evasion, false alarms, time by message. Prints
//! tables in Markdown. Run by hand, on a machine that does nothing else:
//! `cargo run --release --manifest-path e2e/compare/Cargo.toml`.

mod systems;

use std::time::Instant;

use evasion::{CLASSES, Chance, EXTRA, benign, dress, phrases, profanity};
use systems::{System, all};

const SEEDS: [u64; 3] = [1, 20_261_128, 0xF00D];

fn main() {
    let mut keys: Vec<&str> = phrases().into_iter().map(|phrase| phrase.key).chain(profanity()).collect();
    keys.sort_unstable();
    keys.dedup();
    println!("{} keys, {} sentences, {} harmless lines, seeds {SEEDS:?}\n", keys.len(), phrases().len(), benign().len());
    recall(&all(&keys));
    time("the same keys", &all(&keys));
    let many = more(&keys, 10_000);
    time("10,000 keys", &all(&many));
    reload(&many);
}

/// Keys of made-up words beside the given ones, up to `count`.
fn more(keys: &[&'static str], count: usize) -> Vec<&'static str> {
    let mut chance = Chance(4);
    let mut all = keys.to_vec();
    while all.len() < count {
        let words: Vec<String> = (0..=chance.below(2)).map(|_| word(&mut chance)).collect();
        all.push(String::leak(words.join(" ")));
    }
    all
}

fn word(chance: &mut Chance) -> String {
    let syllables = ["ba", "ko", "ri", "tu", "me", "lan", "dor", "pis", "ven", "gal", "ton", "sha", "qui", "fer", "mo", "ze"];
    (0..2 + chance.below(3)).map(|_| *chance.of(&syllables)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of some hundreds")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all as f64
}

fn recall(systems: &[System]) {
    println!("| class | {} |\n|---|{}", names(systems), "---|".repeat(systems.len()));
    let mut sums = vec![0.0; systems.len()];
    for class in CLASSES.iter().chain(&EXTRA) {
        let found: Vec<f64> = systems.iter().map(|system| recall_of(system, class)).collect();
        if CLASSES.contains(class) {
            sums.iter_mut().zip(&found).for_each(|(sum, found)| *sum += found);
        }
        println!("| {class} | {} |", figures(&found));
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / 21.0).collect();
    println!("| **mean of the 21** | {} |", figures(&means));
    let lines = benign();
    let alarms: Vec<f64> =
        systems.iter().map(|system| share(lines.iter().filter(|line| (system.finds)(line)).count(), lines.len())).collect();
    println!("| **harmless lines flagged** | {} |\n", figures(&alarms));
}

fn recall_of(system: &System, class: &str) -> f64 {
    let texts = SEEDS.iter().flat_map(|seed| {
        let mut chance = Chance(*seed);
        phrases().into_iter().map(move |phrase| dress(class, phrase.text, &mut chance)).collect::<Vec<_>>()
    });
    let found: Vec<bool> = texts.map(|text| (system.finds)(&text)).collect();
    share(found.iter().filter(|found| **found).count(), found.len())
}

fn names(systems: &[System]) -> String {
    systems.iter().map(|system| system.name).collect::<Vec<_>>().join(" | ")
}

fn figures(figures: &[f64]) -> String {
    figures.iter().map(|figure| format!("{figure:.3}")).collect::<Vec<_>>().join(" | ")
}

/// Microseconds a message: chat of about a hundred bytes, and every class of evasion.
fn time(title: &str, systems: &[System]) {
    let lines = benign();
    let chat: Vec<String> = lines.chunks(2).map(|pair| pair.join(". ")).collect();
    let mut chance = Chance(9);
    let dressed: Vec<String> =
        CLASSES.iter().flat_map(|class| phrases().into_iter().step_by(5).map(|phrase| dress(class, phrase.text, &mut chance)).collect::<Vec<_>>()).collect();
    println!("| {title}, µs a message | p50 | p99 | worst | a second |\n|---|---|---|---|---|");
    for (load, texts) in [("chat", &chat), ("dressed", &dressed)] {
        for system in systems {
            let mut times: Vec<f64> = Vec::new();
            for text in texts.iter().cycle().take(texts.len() * system.rounds) {
                let began = Instant::now();
                std::hint::black_box((system.finds)(text));
                times.push(began.elapsed().as_secs_f64() * 1e6);
            }
            times.sort_by(f64::total_cmp);
            let at = |per_mille: usize| times[(times.len() * per_mille / 1000).min(times.len() - 1)];
            let mean = times.iter().sum::<f64>() / f64::from(u32::try_from(times.len()).expect("some thousands"));
            println!("| {}, {load} | {:.2} | {:.1} | {:.0} | {:.0} |", system.name, at(500), at(990), at(1000), 1e6 / mean);
        }
    }
    println!();
}

fn reload(keys: &[&str]) {
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let began = Instant::now();
            std::hint::black_box(systems::lexicon(keys));
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{} keys made ready in {:.0} ms (best of five {:.0})", keys.len(), times[2], times[0]);
}
