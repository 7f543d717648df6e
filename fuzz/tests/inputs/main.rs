//! Each body over the kept inputs and a fixed number of drawn ones, the same on every run.
//!
//! `FRANKLY_FUZZ_SEED` draws others, `FRANKLY_FUZZ_INPUTS` draws more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod chance;
mod mutate;
mod shape;

use std::path::Path;

use crate::chance::Chance;
use crate::mutate::Source;

/// The seed of every run that names no other.
const SEED: u64 = 20_261_125;

/// Says which input a body panicked on.
struct Shown<'a> {
    target: &'a str,
    number: u64,
    /// `None` for an input that is kept.
    seed: Option<u64>,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { target, number, seed, input } = self;
            let origin = seed.map_or_else(|| "the kept inputs".to_owned(), |seed| format!("seed {seed}"));
            eprintln!("{target}: input {number} of {origin}, {} bytes: {}", input.len(), input.escape_ascii());
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The kept inputs of a target and the words of the dictionary.
fn source(target: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder.join("corpus").join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let kept = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let dictionary = std::fs::read_to_string(folder.join("words.dict")).unwrap();
    Source { kept, words: dictionary.lines().filter(|line| line.starts_with('"')).map(word).collect() }
}

/// A word of a libFuzzer dictionary: `"…"` with `\\`, `\"` and `\xNN`.
fn word(line: &str) -> Vec<u8> {
    let mut word = Vec::new();
    let mut rest = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).expect("a word stands in quotes").bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            word.push(byte);
            continue;
        }
        match rest.next().expect("something is escaped") {
            b'x' => {
                let digits = [rest.next(), rest.next()].map(|digit| char::from(digit.expect("two digits")));
                word.push(u8::from_str_radix(&String::from_iter(digits), 16).unwrap());
            }
            other => word.push(other),
        }
    }
    word
}

/// Runs a body over its kept inputs and then over so many drawn ones.
fn run(target: &str, inputs: u64, body: fn(&[u8]) -> bool) {
    let seed = number("FRANKLY_FUZZ_SEED", SEED);
    let inputs = number("FRANKLY_FUZZ_INPUTS", inputs);
    let source = source(target);
    assert!(!source.kept.is_empty(), "{target} keeps inputs");
    let kept = run_kept(target, &source, body);
    let drawn = run_drawn(target, &source, seed, inputs, body);
    println!("| {target}: {kept} of {} kept inputs understood, {drawn} of {inputs} of seed {seed}", source.kept.len());
    assert!(kept > 0, "some kept inputs are understood");
    // packs and policies are long texts of strict form
    let one_in = if ["pack", "contact"].contains(&target) { 50 } else { 20 };
    assert!(drawn * one_in >= inputs, "one drawn input in {one_in} is understood");
}

/// How many were understood.
fn run_kept(target: &str, source: &Source, body: fn(&[u8]) -> bool) -> u64 {
    let mut understood = 0;
    for (number, input) in (0..).zip(&source.kept) {
        let _shown = Shown { target, number, seed: None, input };
        understood += u64::from(body(input));
    }
    understood
}

/// How many were understood.
fn run_drawn(target: &str, source: &Source, seed: u64, inputs: u64, body: fn(&[u8]) -> bool) -> u64 {
    let mut understood = 0;
    for number in 0..inputs {
        let input = drawn(source, seed, number);
        let _shown = Shown { target, number, seed: Some(seed), input: &input };
        understood += u64::from(body(&input));
    }
    understood
}

/// The input of this number: it depends on no other.
fn drawn(source: &Source, seed: u64, number: u64) -> Vec<u8> {
    source.input(&mut Chance::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95)))
}

#[test]
fn json() {
    run("json", 100_000, fuzz::json);
}

#[test]
fn body() {
    run("body", 50_000, fuzz::body);
}

#[test]
fn filter() {
    run("filter", 100_000, fuzz::filter);
}

#[test]
fn log() {
    run("log", 2_000, fuzz::log);
}

#[test]
fn megolm() {
    run("megolm", 50_000, fuzz::megolm);
}

#[test]
fn pack() {
    run("pack", 2_000, fuzz::pack);
}

#[test]
fn linear() {
    run("linear", 500, fuzz::linear);
}

#[test]
fn contact() {
    run("contact", 2_000, fuzz::contact);
}

#[test]
fn picture() {
    run("picture", 2_000, fuzz::picture);
}

#[test]
fn page() {
    run("page", 5_000, fuzz::page);
}

#[test]
fn feed() {
    run("feed", 5_000, fuzz::feed);
}

#[test]
fn scan() {
    run("scan", 10_000, fuzz::scan);
}

#[test]
fn token() {
    run("token", 2_000, fuzz::token);
}

#[test]
fn request() {
    run("request", 5_000, fuzz::request);
}

#[test]
fn a_seed_draws_the_same_again() {
    let source = source("json");
    let draw = |seed| (0..50).map(|number| drawn(&source, seed, number)).collect::<Vec<_>>();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_eq!(word(r#""a\\\"\x00b""#), b"a\\\"\x00b");
}

/// A parser that trusts its input: a second `:` without a text between the two is more than it expects.
fn careless(bytes: &[u8]) -> bool {
    let Some(at) = bytes.iter().position(|byte| *byte == b':') else { return false };
    assert_ne!(bytes.get(at + 1), Some(&b':'), "planted");
    true
}

#[test]
fn a_planted_panic_is_found() {
    let source = source("json");
    run_kept("planted", &source, careless);
    let found = std::panic::catch_unwind(|| run_drawn("planted", &source, SEED, 20_000, careless)).expect_err("edits reach it");
    assert!(found.downcast_ref::<String>().is_some_and(|message| message.contains("planted")));
}

#[test]
fn a_kept_input_that_panics_fails_the_run() {
    let source = Source { kept: vec![b"{}".to_vec(), b"a::b".to_vec()], words: Vec::new() };
    std::panic::catch_unwind(|| run_kept("planted", &source, careless)).expect_err("the second one panics");
}
