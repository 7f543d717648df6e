//! Pages and feeds of others, as the audit reads them.

use audit::drift::bounds;
use audit::drift::declaration::Part;
use audit::drift::diff::compare;
use audit::drift::text::Text;
use watch::limits;
use watch::{decode, extract, feed};

/// A page: its text is bounded, compares equal with itself in any order, and is the same when it is read again.
pub fn page(bytes: &[u8]) -> bool {
    let html = decode::decode(bytes, None).text;
    let select = [Part::Selector("main, [role=main]".to_owned())];
    let remove = [Part::Selector("nav".to_owned())];
    let whole = extract::extract(&html, &[], &remove, || false);
    let part = extract::extract(&html, &select, &remove, || false);
    assert!(extract::extract(&html, &[], &[], || true).is_err() || html.is_empty(), "what is late is given up");
    // the same bytes as Markdown
    for markdown in [whole.as_deref().unwrap_or_default(), part.as_deref().unwrap_or_default(), &html] {
        let text = Text::of_markdown(markdown);
        assert!(text.sentences.len() <= bounds::PAGE_SENTENCES, "the number of sentences is bounded");
        assert!(text.sentences.iter().all(|sentence| !sentence.text.is_empty() && !sentence.text.contains('\n')), "a sentence is a line");
        assert_eq!(text, Text::of_markdown(markdown), "a text is read the same again");
        let mut turned = text.sentences.clone();
        turned.reverse();
        assert!(compare(&text.sentences, &turned).hunks.is_empty(), "order is no change");
    }
    whole.is_ok_and(|text| !text.is_empty())
}

/// A feed: refused with a reason, or entries within their bounds.
pub fn feed(bytes: &[u8]) -> bool {
    match feed::read(bytes, None) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
            false
        }
        Ok(entries) => {
            assert!(entries.len() <= limits::FEED_ENTRIES, "the number of entries is bounded");
            let within = |text: &str, chars: usize| text.chars().count() <= chars;
            assert!(entries.iter().all(|entry| within(&entry.title, limits::FEED_TITLE_CHARS)), "titles are bounded");
            assert!(entries.iter().all(|entry| within(&entry.summary, limits::FEED_SUMMARY_CHARS)), "summaries are bounded");
            !entries.is_empty()
        }
    }
}
