//! `evasion`: prints the sets as NDJSON, for drives of other filters.

use std::io::{self, Write};
use std::process::ExitCode;

use evasion::{CLASSES, Chance, EXTRA, benign, dress, phrases, profanity};

const HELP: &str = "usage: evasion keys | evasion dressed SEED | evasion benign\n\n\
    keys     the keys, one a line\n\
    dressed  every sentence in every class, as NDJSON with id, class, key, text\n\
    benign   the harmless lines, as NDJSON with id, text\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = match words.as_slice() {
        ["keys"] => keys(&mut out),
        ["benign"] => harmless(&mut out),
        ["dressed", seed] => match seed.parse() {
            Ok(seed) => dressed(seed, &mut out),
            Err(_) => return wrong(),
        },
        _ => return wrong(),
    };
    match done.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn wrong() -> ExitCode {
    io::stderr().write_all(HELP.as_bytes()).map_or(ExitCode::FAILURE, |()| ExitCode::from(2))
}

fn keys(out: &mut impl Write) -> io::Result<()> {
    let mut keys: Vec<&str> = phrases().into_iter().map(|phrase| phrase.key).chain(profanity()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.iter().try_for_each(|key| writeln!(out, "{key}"))
}

fn harmless(out: &mut impl Write) -> io::Result<()> {
    for (id, text) in benign().into_iter().enumerate() {
        writeln!(out, "{}", serde_json::json!({"id": id, "text": text}))?;
    }
    Ok(())
}

fn dressed(seed: u64, out: &mut impl Write) -> io::Result<()> {
    let mut chance = Chance(seed);
    for class in CLASSES.iter().chain(&EXTRA) {
        for (id, phrase) in phrases().into_iter().enumerate() {
            let text = dress(class, phrase.text, &mut chance);
            writeln!(out, "{}", serde_json::json!({"id": id, "class": class, "key": phrase.key, "text": text}))?;
        }
    }
    Ok(())
}
