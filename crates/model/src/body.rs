//! The text of a message in a readable conversation, part by part.
//!
//! Every string that a client may show is a part: bodies, formatted bodies (tags removed), edits,
//! captions, file names, poll questions and answers, reactions, topics, names. For event types
//! this server does not know, every string leaf is a part. Not text, and so left out: identifiers,
//! `mxc:` addresses, MIME types, keys and hashes (see [`SKIPPED_KEYS`]).

use ruma::html::Html;
use ruma::{CanonicalJsonObject, CanonicalJsonValue};

use crate::limits;

/// One piece of text and the path it has in the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    field: String,
    text: String,
}

impl Part {
    /// The dotted path in the content, as in `m.new_content.body`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The text as sent; for HTML, the text a reader sees.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The event has more pieces of text than are looked at, or they are nested too deeply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message has at most {} pieces of text", limits::SCAN_PARTS)]
pub struct TooManyParts;

/// The text of one event of a readable conversation.
///
/// It is made by [`crate::conversation::Readable::admit`] alone, and for text that never was in a conversation by
/// [`PlainBody::of_text`] (the `scan` command, names, tests of packs) and [`PlainBody::of_profile`].
///
/// ```compile_fail
/// let body = model::body::PlainBody { kind: String::new(), parts: vec![], has_media: false, is_edit: false };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainBody {
    kind: String,
    parts: Vec<Part>,
    has_media: bool,
    is_edit: bool,
}

impl PlainBody {
    /// A body of one part, for text that is not part of any conversation.
    pub fn of_text(text: &str) -> Self {
        let part = Part { field: "body".to_owned(), text: text.to_owned() };
        Self { kind: "m.room.message".to_owned(), parts: vec![part], has_media: false, is_edit: false }
    }

    /// What somebody shows of themselves to whoever may see them: no part of any conversation either.
    ///
    /// # Errors
    /// When it has too many pieces of text to be looked at.
    pub fn of_profile(fields: &CanonicalJsonObject) -> Result<Self, TooManyParts> {
        extract("m.profile", fields)
    }

    /// Matrix event type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The parts, at most [`limits::SCAN_PARTS`].
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the event carries media (a `url` or `file`).
    pub fn has_media(&self) -> bool {
        self.has_media
    }

    /// Whether the event replaces an earlier one (`m.replace`).
    pub fn is_edit(&self) -> bool {
        self.is_edit
    }

    /// Characters over all parts.
    pub fn chars(&self) -> usize {
        self.parts.iter().map(|part| part.text.chars().count()).sum()
    }
}

/// Keys whose values are identifiers, addresses or digests, not text.
pub const SKIPPED_KEYS: [&str; 18] = [
    "algorithm",
    "avatar_url",
    "ciphertext",
    "device_id",
    "event_id",
    "format",
    "hashes",
    "iv",
    "mimetype",
    "msgtype",
    "rel_type",
    "room_id",
    "sender_key",
    "session_id",
    "thumbnail_url",
    "url",
    "v",
    "xyz.amorgan.blurhash",
];

/// Collects the parts of `content`; [`crate::conversation::Readable::admit`] is the door.
///
/// # Errors
/// When there are more than [`limits::SCAN_PARTS`]: a part that nobody looks at must not be sent.
pub(crate) fn extract(event_type: &str, content: &CanonicalJsonObject) -> Result<PlainBody, TooManyParts> {
    let mut parts = Vec::new();
    walk_object(content, &mut String::new(), 0, &mut parts)?;
    let has_media = content.contains_key("url") || content.contains_key("file");
    let relation = content.get("m.relates_to").and_then(CanonicalJsonValue::as_object);
    let is_edit = relation.and_then(|fields| fields.get("rel_type")).and_then(CanonicalJsonValue::as_str) == Some("m.replace");
    Ok(PlainBody { kind: event_type.to_owned(), parts, has_media, is_edit })
}

fn walk_object(fields: &CanonicalJsonObject, path: &mut String, depth: usize, parts: &mut Vec<Part>) -> Result<(), TooManyParts> {
    fields
        .iter()
        .filter(|(key, _)| !SKIPPED_KEYS.contains(&key.as_str()))
        .try_for_each(|(key, item)| descend(key, item, path, depth, parts))
}

fn walk(value: &CanonicalJsonValue, path: &mut String, depth: usize, parts: &mut Vec<Part>) -> Result<(), TooManyParts> {
    if depth > limits::JSON_DEPTH {
        return Err(TooManyParts);
    }
    match value {
        CanonicalJsonValue::String(text) => push(path, text, parts),
        CanonicalJsonValue::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| descend(&index.to_string(), item, path, depth, parts))
        }
        CanonicalJsonValue::Object(fields) => walk_object(fields, path, depth, parts),
        CanonicalJsonValue::Null | CanonicalJsonValue::Bool(_) | CanonicalJsonValue::Integer(_) => Ok(()),
    }
}

fn descend(key: &str, item: &CanonicalJsonValue, path: &mut String, depth: usize, parts: &mut Vec<Part>) -> Result<(), TooManyParts> {
    let length = path.len();
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
    let walked = walk(item, path, depth + 1, parts);
    path.truncate(length);
    walked
}

fn push(path: &str, text: &str, parts: &mut Vec<Part>) -> Result<(), TooManyParts> {
    let shown = if path.ends_with("formatted_body") { visible_text(text) } else { text.to_owned() };
    if shown.is_empty() || parts.iter().any(|part| part.text == shown) {
        return Ok(());
    }
    if parts.len() >= limits::SCAN_PARTS {
        return Err(TooManyParts);
    }
    parts.push(Part { field: path.to_owned(), text: shown });
    Ok(())
}

/// Attributes of HTML that a client shows, speaks or opens.
const SHOWN_ATTRIBUTES: [&str; 6] = ["alt", "data-mx-maths", "data-mx-spoiler", "href", "placeholder", "title"];

/// The text of an HTML fragment as a reader sees it, tags removed and entities decoded; after it what is shown, spoken
/// or opened of its attributes.
fn visible_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut attributes = Vec::new();
    let parsed = Html::parse(html);
    let mut stack: Vec<_> = parsed.children().collect();
    stack.reverse();
    while let Some(node) = stack.pop() {
        if let Some(piece) = node.as_text() {
            text.push_str(&piece.borrow());
        } else if let Some(element) = node.as_element() {
            if matches!(&*element.name.local, "br" | "p" | "li" | "div") {
                text.push(' ');
            }
            for attribute in element.attrs.borrow().iter().filter(|attribute| SHOWN_ATTRIBUTES.contains(&&*attribute.name.local)) {
                attributes.push(attribute.value.to_string());
            }
        }
        let mut children: Vec<_> = node.children().collect();
        children.reverse();
        stack.extend(children);
    }
    for attribute in attributes {
        // a mention is no link, and a link that shows where it goes is one, not two
        if !attribute.starts_with(MENTION) && !text.contains(&attribute) {
            text.push(' ');
            text.push_str(&attribute);
        }
    }
    text
}

/// How the address of a mentioned person, room or message begins (spec appendix "matrix.to navigation").
const MENTION: &str = "https://matrix.to/#/";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::parse_object;

    fn body(content: &Value) -> PlainBody {
        extract("m.room.message", &parse_object(&content.to_string()).unwrap()).unwrap()
    }

    fn fields(content: &Value) -> Vec<(String, String)> {
        body(content).parts.into_iter().map(|part| (part.field, part.text)).collect()
    }

    #[test]
    fn an_edit_gives_both_texts_and_no_identifiers() {
        let content = json!({
            "body": "* new", "msgtype": "m.text",
            "m.new_content": {"body": "new", "msgtype": "m.text", "format": "org.matrix.custom.html", "formatted_body": "<b>n</b>ew &amp; bold"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$x"}
        });
        let found = fields(&content);
        assert!(found.contains(&("m.new_content.body".into(), "new".into())));
        assert!(found.contains(&("m.new_content.formatted_body".into(), "new & bold".into())));
        assert!(found.iter().all(|(field, _)| !field.contains("event_id")));
        assert!(body(&content).is_edit());
    }

    #[test]
    fn polls_reactions_captions_and_file_names_are_text() {
        let poll = json!({"m.poll": {"question": {"m.text": [{"body": "who?"}]}, "answers": [{"m.id": "1", "m.text": [{"body": "me"}]}]}});
        assert!(fields(&poll).iter().any(|(_, text)| text == "me"));
        let reaction = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": "go away"}});
        assert_eq!(fields(&reaction), [("m.relates_to.key".into(), "go away".into())]);
        let file = json!({"msgtype": "m.image", "body": "caption", "filename": "name.png", "url": "mxc://a/b"});
        assert_eq!(fields(&file).len(), 2);
    }

    #[test]
    fn html_that_shows_nothing_is_no_part() {
        for html in ["<i2a", "<b></b>", "<!-- a -->"] {
            assert_eq!(fields(&json!({"formatted_body": html})), [], "{html}");
        }
        assert_eq!(fields(&json!({"formatted_body": "a<i2a"})).len(), 1);
    }

    #[test]
    fn what_attributes_show_and_open_is_text() {
        let html =
            r#"<a href="https://a.example/x" class="no">here</a> <img alt="a cat" src="mxc://a/b"> <span data-mx-spoiler="why">it</span>"#;
        assert_eq!(fields(&json!({"formatted_body": html}))[0].1, "here  it https://a.example/x a cat why");
        let shown = r#"<a href="https://matrix.to/#/@b:h">Bea</a> see <a href="https://a.example/">https://a.example/</a>"#;
        assert_eq!(fields(&json!({"formatted_body": shown}))[0].1, "Bea see https://a.example/");
    }

    #[test]
    fn more_parts_than_are_looked_at_are_refused_whole() {
        let pieces = |count: usize| {
            let list: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            extract("m.room.message", &parse_object(&json!({"a": list, "body": "shown"}).to_string()).unwrap())
        };
        assert!(pieces(limits::SCAN_PARTS - 1).unwrap().parts().iter().any(|part| part.text() == "shown"));
        assert_eq!(pieces(limits::SCAN_PARTS), Err(TooManyParts));
    }

    #[test]
    fn deep_nesting_ends() {
        let mut deep = CanonicalJsonValue::String("x".to_owned());
        for _ in 0..200 {
            deep = CanonicalJsonValue::Object(CanonicalJsonObject::from([("a".to_owned(), deep)]));
        }
        let content = CanonicalJsonObject::from([("a".to_owned(), deep)]);
        assert_eq!(extract("m.room.message", &content), Err(TooManyParts));
    }
}
