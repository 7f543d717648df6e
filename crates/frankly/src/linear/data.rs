//! Texts with labels, from NDJSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use scan::{Example, Source};
use serde::Deserialize;

/// Bytes of one file of texts.
const FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Texts that one line with placeholders may stand for.
const EXPANDED: usize = 200;

/// `FILE`, or `FILE:` and what its lines say, divided by commas: `name` (the field `label` is about it), `-name` (no line
/// has it), `name=field.yes.no` (it follows from another field; other values say nothing).
#[derive(Debug, Clone)]
pub(super) struct Input {
    path: PathBuf,
    says: Vec<Says>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Says {
    Label(String),
    Without(String),
    Field { name: String, field: String, yes: String, no: String },
}

impl Says {
    fn read(text: &str) -> Option<Self> {
        let is_label = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if let Some(name) = text.strip_prefix('-') {
            return is_label(name).then(|| Self::Without(name.to_owned()));
        }
        let Some((name, rest)) = text.split_once('=') else { return is_label(text).then(|| Self::Label(text.to_owned())) };
        let [field, yes, no] = rest.split('.').collect::<Vec<_>>()[..] else { return None };
        let (name, field, yes, no) = (name.to_owned(), field.to_owned(), yes.to_owned(), no.to_owned());
        is_label(&name).then_some(Self::Field { name, field, yes, no })
    }

    /// Name and value, when the line says something.
    fn of(&self, line: &Line) -> Option<(String, bool)> {
        match self {
            Self::Label(name) => Some((name.clone(), line.label? != 0)),
            Self::Without(name) => Some((name.clone(), false)),
            Self::Field { name, field, yes, no } => {
                let value = match field.as_str() {
                    "label" => line.label?.to_string(),
                    _ => line.rest.get(field).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))?,
                };
                (value == *yes || value == *no).then(|| (name.clone(), value == *yes))
            }
        }
    }
}

impl FromStr for Input {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let says = |labels: &str| labels.split(',').map(Says::read).collect::<Option<Vec<Says>>>();
        let split = text.rsplit_once(':').and_then(|(path, labels)| Some((path, says(labels)?)));
        let (path, says) = split.unwrap_or((text, Vec::new()));
        Ok(Self { path: PathBuf::from(path), says })
    }
}

#[derive(Deserialize)]
struct Line {
    text: Option<String>,
    label: Option<u8>,
    #[serde(default)]
    labels: BTreeMap<String, u8>,
    /// Words that `{name}` in the texts after this line stands for.
    #[serde(default)]
    placeholders: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Everything that was read.
pub(super) struct Data {
    pub(super) examples: Vec<Example>,
    pub(super) sources: Vec<Source>,
}

/// Reads the files in their order.
pub(super) fn read(inputs: &[Input]) -> anyhow::Result<Data> {
    let mut data = Data { examples: Vec::new(), sources: Vec::new() };
    for input in inputs {
        let text = text_of(&input.path)?;
        let before = data.examples.len();
        data.take(input, &text).with_context(|| format!("{} cannot be used", input.path.display()))?;
        let name = input.path.file_name().unwrap_or_default().to_string_lossy();
        data.sources.push(Source::of(&name, data.examples.len() - before, text.as_bytes()));
    }
    Ok(data)
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if size > FILE_BYTES {
        bail!("{} has more than {FILE_BYTES} bytes", path.display());
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

impl Data {
    fn take(&mut self, input: &Input, text: &str) -> anyhow::Result<()> {
        let mut placeholders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let source = self.sources.len();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
            let mut labels: BTreeMap<String, bool> = input.says.iter().filter_map(|says| says.of(&line)).collect();
            labels.extend(line.labels.iter().map(|(name, value)| (name.clone(), *value != 0)));
            placeholders.extend(line.placeholders);
            let Some(template) = line.text else { continue };
            if labels.is_empty() && input.says.is_empty() {
                bail!("line {}: nothing says what the text is; give `labels`, or `label` and FILE:label", number + 1);
            }
            let group = group(&template);
            for text in expand(&template, &placeholders) {
                self.examples.push(Example { text, labels: labels.clone(), group, source });
            }
        }
        Ok(())
    }
}

/// Texts of one template are of one group.
fn group(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// The first placeholder of a text with each of its words, and so on; a bounded number.
fn expand(template: &str, placeholders: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut texts = vec![template.to_owned()];
    for (name, words) in placeholders {
        let mark = format!("{{{name}}}");
        if texts[0].contains(&mark) && texts.len() * words.len() <= EXPANDED {
            texts = texts.iter().flat_map(|text| words.iter().map(|word| text.replace(&mark, word))).collect();
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_say_what_their_lines_are_about() {
        let input: Input = "a/posts.ndjson:rude,-spam,hate=cls.0.2".parse().unwrap();
        assert_eq!(input.path, PathBuf::from("a/posts.ndjson"));
        let said = |line: &str| {
            let line = serde_json::from_str(line).unwrap();
            input.says.iter().filter_map(|says| says.of(&line)).map(|(name, yes)| format!("{name} {yes}")).collect::<Vec<_>>()
        };
        assert_eq!(said(r#"{"text":"a","label":1,"cls":0}"#), ["rude true", "spam false", "hate true"]);
        assert_eq!(said(r#"{"text":"a","label":1,"cls":1}"#), ["rude true", "spam false"]);
        assert_eq!(said(r#"{"text":"a","cls":"2"}"#), ["spam false", "hate false"]);
        let odd: Input = "C:\\a.ndjson".parse().unwrap();
        assert_eq!((odd.path, odd.says), (PathBuf::from("C:\\a.ndjson"), Vec::new()));
    }

    #[test]
    fn a_line_with_placeholders_is_several_texts_of_one_group() {
        let mut data = Data { examples: Vec::new(), sources: Vec::new() };
        let text = "{\"placeholders\":{\"who\":[\"ana\",\"ben\"]}}\n{\"text\":\"hello {who}\",\"labels\":{\"kind\":1}}\n";
        data.take(&"x".parse().unwrap(), text).unwrap();
        assert_eq!(data.examples.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["hello ana", "hello ben"]);
        assert_eq!(data.examples[0].group, data.examples[1].group);
        assert!(data.take(&"x".parse().unwrap(), "{\"text\":\"hello\"}\n").is_err());
    }
}
