//! Addresses of media (`mxc://server/id`), and where events show them.

use std::collections::BTreeSet;

use ruma::{CanonicalJsonObject, CanonicalJsonValue, ServerName};

use crate::clock::Entropy;
use crate::id::random_word;
use crate::limits;

/// Characters of a media ID, five bits each: more than anybody guesses.
const ID_CHARS: usize = 32;

/// A new media ID. Who knows it may have the bytes, so it is drawn like a key.
pub fn new_id(entropy: &dyn Entropy) -> String {
    random_word(entropy, ID_CHARS)
}

/// Whether this can be the ID of media of this server: nothing else reaches a file name.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A file's name as it may be kept and told: the last part of what was given, without anything that could mislead a
/// person or a program about what it is; `None` when nothing is left.
pub fn file_name(given: &str) -> Option<String> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    // marks that turn the direction of text can make `exe.jpg` out of `gpj.exe`
    let misleads = |c: char| c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut name: String = last.chars().filter(|c| !misleads(*c)).collect();
    while name.len() > limits::FILE_NAME_BYTES {
        name.pop();
    }
    let name = name.trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// The address of media.
pub fn address(server: &ServerName, media_id: &str) -> String {
    format!("mxc://{server}/{media_id}")
}

/// The IDs of media of `server` that a content shows, wherever it names them; at most [`limits::MEDIA_PER_EVENT`].
pub fn shown_in<'a>(content: &'a CanonicalJsonObject, server: &ServerName) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for value in content.values() {
        look(value, server, &mut found);
    }
    found
}

fn look<'a>(value: &'a CanonicalJsonValue, server: &ServerName, found: &mut BTreeSet<&'a str>) {
    match value {
        CanonicalJsonValue::String(text) => addresses(text, server, found),
        CanonicalJsonValue::Array(values) => values.iter().for_each(|value| look(value, server, found)),
        CanonicalJsonValue::Object(fields) => fields.values().for_each(|value| look(value, server, found)),
        CanonicalJsonValue::Null | CanonicalJsonValue::Bool(_) | CanonicalJsonValue::Integer(_) => {}
    }
}

fn addresses<'a>(text: &'a str, server: &ServerName, found: &mut BTreeSet<&'a str>) {
    for (at, scheme) in text.match_indices("mxc://") {
        if found.len() >= limits::MEDIA_PER_EVENT {
            return;
        }
        let rest = &text[at + scheme.len()..];
        let id = rest.strip_prefix(server.as_str()).and_then(|rest| rest.strip_prefix('/')).and_then(|rest| rest.get(..ID_CHARS));
        found.extend(id.filter(|id| is_id(id)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    fn shown(content: &str) -> Vec<String> {
        let content = parse_object(content).unwrap();
        shown_in(&content, <&ServerName>::try_from("example.org").unwrap()).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_file_name_is_the_last_part_and_misleads_nobody() {
        let name = |given: &str| file_name(given).unwrap_or_default();
        assert_eq!(name("holiday.jpg"), "holiday.jpg");
        assert_eq!(name("../../etc/passwd"), "passwd");
        assert_eq!(name("C:\\temp\\x.txt"), "x.txt");
        assert_eq!(name("a\r\nSet-Cookie: b"), "aSet-Cookie: b");
        assert_eq!(name("\u{202E}gpj.exe"), "gpj.exe");
        for nothing in ["", "..", "a/", "\0", " . "] {
            assert_eq!(file_name(nothing), None, "{nothing:?}");
        }
        assert_eq!(name(&"ä".repeat(300)).len(), 254);
    }

    #[test]
    fn addresses_are_found_wherever_an_event_names_them() {
        let (one, two, three) = ("a".repeat(32), "b".repeat(32), "c".repeat(32));
        let content = format!(
            r#"{{"url":"mxc://example.org/{one}","info":{{"thumbnail_file":{{"url":"mxc://example.org/{two}"}}}},
                "formatted_body":"look: <img src='mxc://example.org/{three}'> and mxc://example.org/{one}"}}"#
        );
        assert_eq!(shown(&content), [one, two, three]);
    }

    #[test]
    fn what_is_no_address_of_this_server_is_not_found() {
        let id = "a".repeat(32);
        for text in [
            format!("mxc://other.org/{id}"),
            format!("mxc://example.org.evil/{id}"),
            format!("mxc://example.org//{id}"),
            "mxc://example.org/short".to_owned(),
            format!("mxc://example.org/../../{id}"),
            format!("https://example.org/{id}"),
            "mxc://example.org/ααααααααααααααααα".to_owned(),
        ] {
            assert!(shown(&format!(r#"{{"body":"{text}"}}"#)).is_empty(), "{text}");
        }
        let many: Vec<String> = (0..50).map(|n| format!("\"mxc://example.org/{n:032}\"")).collect();
        assert_eq!(shown(&format!(r#"{{"x":[{}]}}"#, many.join(","))).len(), limits::MEDIA_PER_EVENT);
    }
}
