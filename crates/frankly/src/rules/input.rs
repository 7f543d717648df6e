//! NDJSON with texts, as `frankly scan` reads it.

use std::io::{BufRead, Read};

use model::limits;
use serde::Deserialize;

/// A line with a text; other fields are left alone.
#[derive(Deserialize)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// 1 for what the rules are to find, 0 for what they are to leave alone.
    pub(crate) label: Option<u8>,
}

/// Reads standard input a line at a time; what is no such line is told on stderr and counted.
pub(crate) fn each(mut found: impl FnMut(Line)) -> std::io::Result<u64> {
    let mut input = std::io::stdin().lock();
    let (mut number, mut bad) = (0_u64, 0_u64);
    loop {
        let mut bytes = Vec::new();
        if Read::take(&mut input, limits::REQUEST_BYTES as u64).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(bad);
        }
        number += 1;
        let text = String::from_utf8_lossy(&bytes);
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&text) {
            Ok(line) => found(line),
            Err(error) => {
                bad += 1;
                eprintln!("frankly: line {number}: {error}");
            }
        }
    }
}
