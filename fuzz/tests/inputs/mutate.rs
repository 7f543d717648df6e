//! Inputs that are random, nearly valid, or a kept input with a few edits.

use crate::chance::Chance;
use crate::shape;

/// No input is longer.
const BYTES_MAX: usize = 16 * 1024;

/// Keys that the server looks at, in what is nearly Matrix.
const KEYS: [&str; 12] =
    ["body", "formatted_body", "msgtype", "m.new_content", "m.relates_to", "room", "timeline", "limit", "url", "types", "format", ""];

/// What inputs are made of.
pub(crate) struct Source {
    /// Inputs that were kept because each reaches something of its own.
    pub(crate) kept: Vec<Vec<u8>>,
    /// Words that mean something to a parser.
    pub(crate) words: Vec<Vec<u8>>,
}

impl Source {
    /// One input.
    pub(crate) fn input(&self, chance: &mut Chance) -> Vec<u8> {
        let mut input = match chance.below(16) {
            0 => (0..chance.below(200)).map(|_| chance.byte()).collect(),
            1 => near_json(chance, 8).into_bytes(),
            _ if self.kept.is_empty() => near_json(chance, 4).into_bytes(),
            kind => {
                let mut input = chance.pick(&self.kept).clone();
                for _ in 0..=chance.below(3) * chance.below(3) {
                    match kind {
                        2..8 if let Some(edited) = shape::edited(&input, self, chance) => input = edited,
                        8..12 => shape::edit_line(&mut input, self, chance),
                        _ => self.edit(&mut input, chance),
                    }
                }
                input
            }
        };
        input.truncate(BYTES_MAX);
        input
    }

    /// Changes a few bytes.
    pub(crate) fn edit(&self, input: &mut Vec<u8>, chance: &mut Chance) {
        let at = chance.below(input.len() + 1);
        let end = (at + chance.below(12)).min(input.len());
        match chance.below(8) {
            0 if at < input.len() => input[at] ^= 1 << chance.below(8),
            1 if at < input.len() => input[at] = chance.byte(),
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].repeat(1 + chance.below(40));
                input.splice(at..at, again);
            }
            4 if !self.words.is_empty() => {
                let word = chance.pick(&self.words).clone();
                input.splice(at..at, word);
            }
            5 if !self.words.is_empty() => {
                let word = chance.pick(&self.words).clone();
                input.splice(at..end, word);
            }
            6 if !self.kept.is_empty() => {
                let other = chance.pick(&self.kept);
                let from = chance.below(other.len() + 1);
                let part = other[from..(from + chance.below(64)).min(other.len())].to_vec();
                input.splice(at..end, part);
            }
            7 if chance.below(8) == 0 => input.truncate(at),
            _ => {}
        }
        input.truncate(BYTES_MAX);
    }
}

/// JSON, nested at most so deep, that is nearly what a client sends.
pub(crate) fn near_json(chance: &mut Chance, depth: usize) -> String {
    match chance.below(if depth == 0 { 6 } else { 9 }) {
        0 => "null".to_owned(),
        1 => chance.next().cast_signed().to_string(),
        2 => f64::from_bits(chance.next()).to_string(),
        3 => "\"<b>a</b> &amp; <br>\"".to_owned(),
        4 => (chance.below(2) == 0).to_string(),
        5 => {
            let characters: String =
                (0..chance.below(12)).filter_map(|_| char::from_u32(chance.below(0x11_0000).try_into().ok()?)).collect();
            serde_json::to_string(&characters).expect("text is JSON")
        }
        6 => {
            let items: Vec<String> = (0..chance.below(4)).map(|_| near_json(chance, depth - 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let fields: Vec<String> =
                (0..chance.below(5)).map(|_| format!("\"{}\":{}", chance.pick(&KEYS), near_json(chance, depth - 1))).collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}
