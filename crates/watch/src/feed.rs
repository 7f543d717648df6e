//! Feeds: RSS, Atom and JSON Feed, from hostile hands.

use audit::drift::feed::Entry;
use audit::drift::text::Text;
use jiff::Timestamp;

use crate::decode::decode;
use crate::limits;

/// Why a feed is not read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It has too many bytes.
    #[error("{0} bytes; at most {max}", max = limits::FEED_BYTES)]
    TooLarge(usize),
    /// It defines what its reader should put in place of names.
    #[error("a document type, which feeds have no use for and bombs are made of")]
    DocumentType,
    /// Its elements stand too deep within one another.
    #[error("elements more than {max} deep", max = limits::FEED_DEPTH)]
    TooDeep,
    /// It is no feed.
    #[error("no feed: {0}")]
    NoFeed(String),
}

/// The entries of a feed, as they stand in it.
pub fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Vec<Entry>, FeedError> {
    if bytes.len() > limits::FEED_BYTES {
        return Err(FeedError::TooLarge(bytes.len()));
    }
    // in one encoding, so that nothing hides in another
    let text = decode(bytes, content_type).text;
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let text = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or(text, |(_, rest)| rest);
    if text.trim_start().starts_with('<') {
        look_through(text)?;
    }
    let feed = feed_rs::parser::parse(text.as_bytes()).map_err(|error| FeedError::NoFeed(error.to_string()))?;
    let entries = feed.entries.into_iter().take(limits::FEED_ENTRIES);
    Ok(entries.map(entry).collect())
}

fn entry(entry: feed_rs::model::Entry) -> Entry {
    let title = entry.title.map(|title| words(&title.content, limits::FEED_TITLE_CHARS)).unwrap_or_default();
    let body = entry.summary.map(|summary| summary.content).or_else(|| entry.content.and_then(|content| content.body));
    let summary = body.map(|body| words(&body, limits::FEED_SUMMARY_CHARS)).unwrap_or_default();
    let link = entry.links.into_iter().next().map(|link| link.href).unwrap_or_default();
    let at = entry.updated.or(entry.published).and_then(|at| Timestamp::from_second(at.timestamp()).ok());
    let id = if entry.id.is_empty() { format!("{link} {title}") } else { entry.id };
    Entry { id: shortened(&id, limits::FEED_TITLE_CHARS), title, summary, link: shortened(&link, limits::FEED_TITLE_CHARS), at }
}

/// A piece of HTML as words, within a bound.
fn words(html: &str, chars: usize) -> String {
    // some room for tags
    let text = Text::of_markdown(&shortened(html, chars * 4));
    let sentences: Vec<&str> = text.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    shortened(&sentences.join(" "), chars)
}

fn shortened(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

/// Refuses a document type, and elements too deep within one another.
fn look_through(xml: &str) -> Result<(), FeedError> {
    let (mut rest, mut depth) = (xml, 0_usize);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let skip = |begin: &str, end: &str| {
            let inside = rest.strip_prefix(begin)?;
            Some(inside.find(end).map_or("", |at| &inside[at + end.len()..]))
        };
        if let Some(after) = skip("<!--", "-->").or_else(|| skip("<![CDATA[", "]]>")).or_else(|| skip("<?", "?>")) {
            rest = after;
            continue;
        }
        if rest.starts_with("<!") {
            return Err(FeedError::DocumentType);
        }
        let end = rest.find('>').unwrap_or(rest.len());
        let tag = &rest[..end];
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with('/') {
            depth += 1;
        }
        if depth > limits::FEED_DEPTH {
            return Err(FeedError::TooDeep);
        }
        rest = &rest[end..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_kinds_of_feeds_are_read() {
        let atom = r#"<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>f</id>
            <updated>2026-03-01T00:00:00Z</updated><entry><id>a1</id><title>We encrypt &lt;b&gt;less&lt;/b&gt;</title>
            <updated>2026-03-02T10:00:00Z</updated><link href="https://example.org/a1"/><summary>Short.</summary></entry></feed>"#;
        let rss = r#"<rss version="2.0"><channel><title>t</title><item><guid>r1</guid><title>News</title>
            <link>https://example.org/r1</link><description><![CDATA[<p>An <i>advisory</i>.</p>]]></description>
            <pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item></channel></rss>"#;
        let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"j1","title":"News","url":"https://example.org/j1",
            "content_text":"An advisory.","date_published":"2026-03-02T10:00:00Z"}]}"#;
        for (feed, id, summary) in [(atom, "a1", "Short."), (rss, "r1", "An advisory."), (json, "j1", "An advisory.")] {
            let entries = read(feed.as_bytes(), None).unwrap();
            assert_eq!(entries.len(), 1, "{feed}");
            assert_eq!((entries[0].id.as_str(), entries[0].summary.as_str()), (id, summary));
            assert_eq!(entries[0].link, format!("https://example.org/{id}"));
            assert_eq!(entries[0].at.unwrap().to_string(), "2026-03-02T10:00:00Z");
        }
        assert_eq!(read(atom.as_bytes(), None).unwrap()[0].title, "We encrypt less");
    }

    #[test]
    fn bombs_are_refused() {
        let laughs = "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><rss><channel><title>&b;</title></channel></rss>";
        assert!(matches!(read(laughs.as_bytes(), None), Err(FeedError::DocumentType)));
        let hidden: Vec<u8> = std::iter::once(0xfeff).chain(laughs.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert!(matches!(read(&hidden, None), Err(FeedError::DocumentType)), "in another encoding");
        let deep = format!("<rss><channel>{}", "<item>".repeat(100_000));
        assert!(matches!(read(deep.as_bytes(), None), Err(FeedError::TooDeep)));
        assert!(matches!(read(&vec![b' '; limits::FEED_BYTES + 1], None), Err(FeedError::TooLarge(_))));
        for nothing in ["", "hello", "<html><p>x", "{}", "[1]", "<rss", "<feed><entry>"] {
            assert!(read(nothing.as_bytes(), None).map_or(true, |entries| entries.len() <= 1), "{nothing}");
        }
        let many =
            format!("<rss version=\"2.0\"><channel><title>t</title>{}</channel></rss>", "<item><title>x</title></item>".repeat(2_000));
        assert_eq!(read(many.as_bytes(), None).unwrap().len(), limits::FEED_ENTRIES);
    }
}
