//! Edits that leave an input its form: a value of its JSON, a line, a part of a line.

use serde_json::{Map, Value};

use crate::chance::Chance;
use crate::mutate::{Source, near_json};

/// The input with one value of its JSON changed; `None` when neither the whole nor what follows its first line is JSON.
pub(crate) fn edited(input: &[u8], source: &Source, chance: &mut Chance) -> Option<Vec<u8>> {
    let after_line = input.iter().position(|byte| *byte == b'\n').map_or(input.len(), |at| at + 1);
    [0, after_line].into_iter().find_map(|start| {
        let mut value: Value = serde_json::from_slice(&input[start..]).ok()?;
        edit(&mut value, source, chance);
        let mut edited = input[..start].to_vec();
        edited.extend(value.to_string().into_bytes());
        Some(edited)
    })
}

fn edit(value: &mut Value, source: &Source, chance: &mut Chance) {
    match value {
        Value::Object(fields) if chance.below(4) > 0 => edit_fields(fields, source, chance),
        Value::Array(items) if !items.is_empty() && chance.below(4) > 0 => {
            let at = chance.below(items.len());
            match chance.below(6) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                _ => edit(&mut items[at], source, chance),
            }
        }
        Value::String(text) if chance.below(2) == 0 => {
            let mut bytes = std::mem::take(text).into_bytes();
            source.edit(&mut bytes, chance);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        _ => *value = other(value, source, chance),
    }
}

fn edit_fields(fields: &mut Map<String, Value>, source: &Source, chance: &mut Chance) {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let key = if keys.is_empty() { String::new() } else { chance.pick(&keys).clone() };
    match (chance.below(8), fields.get_mut(&key)) {
        (0, Some(_)) => drop(fields.remove(&key)),
        (1, Some(value)) => {
            let value = value.take();
            fields.remove(&key);
            fields.insert(word(source, chance), value);
        }
        (3.., Some(value)) => edit(value, source, chance),
        (_, _) => drop(fields.insert(word(source, chance), any(chance))),
    }
}

/// Another value in the place of this one.
fn other(value: &Value, source: &Source, chance: &mut Chance) -> Value {
    match chance.below(6) {
        0 => Value::Null,
        1 => Value::Array(vec![value.clone(); chance.below(4)]),
        2 => Value::String(word(source, chance)),
        3 => Value::from(i64::from(chance.byte()) - 8),
        4 => Value::from(chance.next().cast_signed()),
        _ => any(chance),
    }
}

fn any(chance: &mut Chance) -> Value {
    serde_json::from_str(&near_json(chance, 3)).unwrap_or_default()
}

fn word(source: &Source, chance: &mut Chance) -> String {
    if source.words.is_empty() {
        return String::new();
    }
    let word: &Vec<u8> = chance.pick(&source.words);
    String::from_utf8_lossy(word).into_owned()
}

/// Changes one line: it goes, comes twice, changes places, becomes a line of another input, or has a part exchanged.
pub(crate) fn edit_line(input: &mut Vec<u8>, source: &Source, chance: &mut Chance) {
    let mut lines: Vec<Vec<u8>> = input.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (at, with) = (chance.below(lines.len()), chance.below(lines.len()));
    match chance.below(8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => lines.swap(at, with),
        3 if !source.kept.is_empty() => {
            let theirs: Vec<&[u8]> = chance.pick(&source.kept).split(|byte| *byte == b'\n').collect();
            lines[at] = chance.pick(&theirs).to_vec();
        }
        _ => edit_part(&mut lines[at], source, chance),
    }
    *input = lines.join(&b'\n');
}

/// Exchanges what stands between two separators.
fn edit_part(line: &mut Vec<u8>, source: &Source, chance: &mut Chance) {
    let ends = |byte: &u8| b"/?&=: ,[]\"".contains(byte);
    let at = chance.below(line.len() + 1);
    let start = line[..at].iter().rposition(ends).map_or(0, |before| before + 1);
    let end = line[at..].iter().position(ends).map_or(line.len(), |after| at + after);
    let part = match chance.below(4) {
        0 => Vec::new(),
        1 => chance.byte().to_string().into_bytes(),
        2 => line[start..end].repeat(2),
        _ => word(source, chance).into_bytes(),
    };
    line.splice(start..end, part);
}
