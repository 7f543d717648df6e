//! What a pack takes in from files beside it, and what its placeholders stand for.

use std::collections::BTreeMap;

use model::limits;
use serde_saphyr::Spanned;

use super::error::PackError;
use super::file::{Fragment, PackFile, TermsFile, read};

/// Gives the text of a file that stands beside the packs, or why it cannot.
pub type Reader<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// Words by the name of their placeholder.
pub(crate) type Placeholders = BTreeMap<String, Vec<String>>;

/// A term set with the place where it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) terms: TermsFile,
    /// Keys of the lists it names.
    pub(crate) listed: Vec<String>,
}

/// Everything a pack is made of besides its rules.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) placeholders: Placeholders,
    pub(crate) sets: BTreeMap<String, Written>,
    /// Name and text of every file that was taken in.
    pub(crate) texts: Vec<(String, String)>,
}

/// Takes in what `pack`, read from `file`, includes.
pub(crate) fn gather(file: &str, pack: &PackFile, reader: Reader<'_>) -> Result<Gathered, PackError> {
    let mut gathered = Gathered::default();
    let own = Fragment { include: pack.include.clone(), placeholders: pack.placeholders.clone(), terms: pack.terms.clone() };
    gathered.take(file, own, &mut vec![file_name(file).to_owned()], reader)?;
    Ok(gathered)
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

impl Gathered {
    fn take(&mut self, file: &str, fragment: Fragment, open: &mut Vec<String>, reader: Reader<'_>) -> Result<(), PackError> {
        for (name, words) in fragment.placeholders {
            if words.is_empty() || self.placeholders.insert(name.clone(), words).is_some() {
                return Err(PackError::pack(file, &format!("the placeholder {name} stands for nothing, or is written twice")));
            }
        }
        for (name, terms) in fragment.terms {
            let line = terms.referenced.line();
            let mut written = Written { file: file.to_owned(), line, terms: terms.value, listed: Vec::new() };
            for list in &written.terms.lists {
                let text = self.fetch(file, list, reader)?;
                let keys = text.lines().map(str::trim).filter(|key| !key.is_empty() && !key.starts_with('#'));
                written.listed.extend(keys.map(str::to_owned));
            }
            if self.sets.insert(name.clone(), written).is_some() {
                return Err(PackError::pack(file, &format!("the term set {name} is written twice")).at(line));
            }
        }
        for include in fragment.include {
            if open.contains(&include.value) {
                let way = format!("{} includes itself: {} → {}", include.value, open.join(" → "), include.value);
                return Err(PackError::pack(file, &way).at(include.referenced.line()));
            }
            let text = self.fetch(file, &include, reader)?;
            let inner: Fragment = read(&include.value, &text)?;
            open.push(include.value.clone());
            self.take(&include.value, inner, open, reader)?;
            open.pop();
        }
        Ok(())
    }

    fn fetch(&mut self, file: &str, name: &Spanned<String>, reader: Reader<'_>) -> Result<String, PackError> {
        let fault = |reason: &str| PackError::pack(file, &format!("{}: {reason}", name.value)).at(name.referenced.line());
        if name.value.is_empty() || name.value.starts_with('.') || name.value.contains(['/', '\\']) {
            return Err(fault("name a file that stands beside the pack"));
        }
        if self.texts.len() >= limits::PACK_INCLUDES {
            return Err(PackError::too_many(file, "included files", limits::PACK_INCLUDES).at(name.referenced.line()));
        }
        let text = reader(&name.value).map_err(|reason| fault(&reason))?;
        self.texts.push((name.value.clone(), text.clone()));
        Ok(text)
    }
}

/// What comes before the first placeholder, its name, and the rest.
fn split(template: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = template[from..].find('{').map(|at| from + at) {
        let rest = &template[open + 1..];
        if let Some(close) = rest.find('}')
            && !rest[..close].is_empty()
            && rest[..close].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            return Some((&template[..open], &rest[..close], &rest[close + 1..]));
        }
        from = open + 1;
    }
    None
}

/// Whether the template uses the placeholder.
pub(crate) fn uses(template: &str, placeholder: &str) -> bool {
    let mut rest = template;
    while let Some((_, name, after)) = split(rest) {
        if name == placeholder {
            return true;
        }
        rest = after;
    }
    false
}

/// The keys that a template stands for.
pub(crate) fn expand(template: &str, placeholders: &Placeholders) -> Result<Vec<String>, String> {
    let mut keys = vec![String::new()];
    let mut rest = template;
    while let Some((before, name, after)) = split(rest) {
        let words = placeholders.get(name).ok_or_else(|| format!("there is no placeholder {name}"))?;
        if keys.len() * words.len() > limits::PLACEHOLDER_KEYS {
            return Err(format!("{template} stands for more than {} keys", limits::PLACEHOLDER_KEYS));
        }
        keys = keys.iter().flat_map(|key| words.iter().map(move |word| format!("{key}{before}{word}"))).collect();
        rest = after;
    }
    for key in &mut keys {
        key.push_str(rest);
    }
    Ok(keys)
}

/// A pattern with its placeholders as alternatives.
pub(crate) fn alternatives(pattern: &str, placeholders: &Placeholders) -> Result<String, String> {
    let mut made = String::new();
    let mut rest = pattern;
    while let Some((before, name, after)) = split(rest) {
        let words = placeholders.get(name).ok_or_else(|| format!("there is no placeholder {name}"))?;
        let words: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
        made.push_str(before);
        made.push_str("(?:");
        made.push_str(&words.join("|"));
        made.push(')');
        rest = after;
    }
    made.push_str(rest);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Placeholders {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Placeholders::from([("who".to_owned(), list(&["i", "we"])), ("deed".to_owned(), list(&["push", "pull"]))])
    }

    #[test]
    fn a_template_stands_for_every_combination() {
        assert_eq!(expand("{who} will {deed}", &words()).unwrap(), ["i will push", "i will pull", "we will push", "we will pull"]);
        assert_eq!(expand("plain", &words()).unwrap(), ["plain"]);
        assert_eq!(expand("{whom} will", &words()).unwrap_err(), "there is no placeholder whom");
        assert_eq!(alternatives("\\b{who} \\d{2,3}$", &words()).unwrap(), "\\b(?:i|we) \\d{2,3}$");
        assert!(uses("{who} will {deed}", "deed") && !uses("{who} will", "deed"));
    }

    #[test]
    fn a_template_does_not_explode() {
        let many = Placeholders::from([("a".to_owned(), (0..200).map(|n| n.to_string()).collect())]);
        assert!(expand("{a} {a}", &many).is_err());
    }
}
