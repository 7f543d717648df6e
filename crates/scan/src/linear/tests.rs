//! Models that are trained, written, damaged and read.

use std::collections::BTreeMap;

use model::body::PlainBody;

use super::{Example, Figures, Model, ModelError, Settings, Source, measure, train};

/// Texts about fruit and about the sea.
fn examples() -> Vec<Example> {
    let fruit = ["apple", "pear", "plum", "cherry", "peach", "melon"];
    let sea = ["wave", "harbour", "whale", "tide", "anchor", "coral"];
    let mut made = Vec::new();
    for (yes, words) in [(true, fruit), (false, sea)] {
        for (one, other) in words.iter().flat_map(|one| words.iter().map(move |other| (one, other))) {
            let text = format!("i saw a {one} and then a {other}");
            made.push(Example { text, labels: BTreeMap::from([("fruit".to_owned(), yes)]), group: made.len() as u64, source: 0 });
        }
    }
    made
}

fn trained(seed: u64) -> Model {
    let settings = Settings { seed, ..Settings::default() };
    train(&examples(), vec![Source::of("made.ndjson", 72, b"x")], 4, &settings, |_| {}).unwrap().model
}

fn share(model: &Model, text: &str) -> u32 {
    model.labels(&PlainBody::of_text(text))[0].millionths
}

#[test]
fn it_learns_and_folding_helps_it_to_recognise() {
    let model = trained(1);
    assert!(share(&model, "a cherry on a plum") > 500_000);
    assert!(share(&model, "a whale in the harbour") < 500_000);
    assert_eq!(
        share(&model, "a ch\u{200B}erry on a plum"),
        share(&model, "a CHERRY on a plum"),
        "dress makes no difference, but capitals count"
    );
    let judged = measure(&model, &examples());
    assert!(Figures::of_label("fruit", &judged[0].1).unwrap().auc > 0.99);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let bytes = trained(1).write();
    assert_eq!(bytes, trained(1).write());
    assert_ne!(bytes, trained(2).write());
    assert_eq!(Model::read(&bytes).unwrap().write(), bytes);
}

#[test]
fn what_is_no_model_is_refused() {
    let bytes = trained(1).write();
    let refused = |bytes: &[u8]| Model::read(bytes).unwrap_err();
    assert_eq!(refused(b""), ModelError::Mark);
    assert_eq!(refused(b"FRKLIN02 something"), ModelError::Mark);
    for length in [8, 11, 12, 40, bytes.len() / 2, bytes.len() - 1] {
        refused(&bytes[..length]);
    }
    let longer = [bytes.clone(), vec![0]].concat();
    assert!(matches!(refused(&longer), ModelError::Length { labels: 1, .. }));
    let mut damaged = bytes.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert_eq!(refused(&damaged), ModelError::Checksum);
    let mut long_head = bytes.clone();
    long_head[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(refused(&long_head), ModelError::Head(_)));
    let head = |from: &str, to: &str| {
        let length = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize;
        let text = std::str::from_utf8(&bytes[12..12 + length]).unwrap();
        assert!(text.contains(from), "{text}");
        let changed = text.replacen(from, to, 1);
        let length = u32::try_from(changed.len()).unwrap().to_le_bytes();
        [&bytes[..8], &length, changed.as_bytes(), &bytes[12 + text.len()..]].concat()
    };
    for (from, to, says) in [
        ("\"bits\":17", "\"bits\":16", "pieces of 16 bits"),
        ("\"name\":\"fruit\"", "\"name\":\"FRUIT\"", "no name of its own"),
        ("\"threshold\":", "\"threshold\":7", "numbers that are none"),
        ("\"slope\":", "\"slope\":-", "numbers that are none"),
        ("\"reference\":[", "\"reference\":[1,", "21 steps"),
        ("\"bits\"", "\"beats\"", "unknown field"),
    ] {
        let refused = refused(&head(from, to)).to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn nothing_is_learnt_from_nothing() {
    let few: Vec<Example> = examples().into_iter().take(5).collect();
    let refused = train(&few, Vec::new(), 4, &Settings::default(), |_| {}).unwrap_err();
    assert!(refused.contains("fruit has 5 texts with it and 0 without"), "{refused}");
    assert!(train(&[], Vec::new(), 4, &Settings::default(), |_| {}).is_err());
}

#[test]
fn long_and_odd_texts_are_judged() {
    let model = trained(1);
    for text in [String::new(), "a".repeat(100_000), "\u{301}".repeat(65_536), "\u{200B}".repeat(1_000), "a b ".repeat(20_000)] {
        assert!(share(&model, &text) <= 1_000_000);
    }
}
