//! Counting links: scheme addresses, `www.`, bare domains of common endings, `hxxp` and `[.]`.

/// Endings that make a dotted word a link even without a scheme.
const ENDINGS: [&str; 34] = [
    "com", "net", "org", "info", "biz", "io", "co", "uk", "de", "fr", "ru", "cn", "in", "us", "eu", "me", "tv", "ly", "gl", "to", "cc",
    "xyz", "top", "site", "online", "club", "shop", "app", "dev", "link", "click", "live", "tk", "gg",
];

/// Links in folded text.
pub(crate) fn count(folded: &[u8]) -> u32 {
    let has_scheme = || folded.contains(&b':') && folded.windows(3).any(|window| window == b"://");
    if !(folded.contains(&b'.') || has_scheme()) {
        return 0;
    }
    let mut links = 0;
    for chunk in chunks(folded) {
        links += u32::from(is_link(chunk));
    }
    links
}

fn chunks(folded: &[u8]) -> impl Iterator<Item = &[u8]> {
    folded.split(|byte| matches!(byte, b' ' | b'<' | b'>' | b'"' | b',' | b'(' | b')'))
}

/// The first link, without its scheme and what a sentence puts after it.
pub(crate) fn first(folded: &[u8]) -> Option<&[u8]> {
    let link = chunks(folded).find(|chunk| is_link(chunk))?;
    let start = link.windows(3).position(|window| window == b"://").map_or(0, |at| at + 3);
    let ending = link.iter().rev().take_while(|byte| matches!(byte, b'.' | b'!' | b'?' | b'/' | b':' | b';')).count();
    Some(&link[start..link.len().saturating_sub(ending).max(start)])
}

fn is_link(chunk: &[u8]) -> bool {
    let bracket = |byte: &u8| matches!(byte, b'[' | b']');
    if chunk.iter().any(bracket) {
        return is_link(&chunk.iter().copied().filter(|byte| !bracket(byte)).collect::<Vec<_>>());
    }
    let Ok(text) = std::str::from_utf8(chunk) else { return false };
    if text.starts_with("www.") || ["http://", "https://", "hxxp://", "hxxps://", "ftp://"].iter().any(|scheme| text.contains(scheme)) {
        return true;
    }
    let host = text.split(['/', '?', ':', '#']).next().unwrap_or("").trim_end_matches(['.', '!', '?']);
    let Some((name, ending)) = host.rsplit_once('.') else { return false };
    !host.contains('@')
        && name.len() > 1
        && ENDINGS.contains(&ending)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::{count, first};

    #[test]
    fn the_first_link_is_the_same_in_other_sentences() {
        assert_eq!(first(b"see https://a.example.com/x."), Some(&b"a.example.com/x"[..]));
        assert_eq!(first(b"http://a.example.com/x! now"), Some(&b"a.example.com/x"[..]));
        assert_eq!(first(b"no link."), None);
        assert_eq!(first(b"https://"), Some(&b""[..]));
    }

    #[test]
    fn links_are_counted_and_sentences_are_not() {
        assert_eq!(count(b"see https://a.example/x and www.b.example, or cc.com/y."), 3);
        assert_eq!(count(b"hxxps://evil[.]example is bad"), 1);
        assert_eq!(count(b"end.start of it. e.g. this, i.e. that... 3.5 mail me@x.com"), 0);
    }
}
