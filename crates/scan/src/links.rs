//! Counting links: scheme addresses, `www.`, bare domains of common endings, `hxxp` and `[.]`.

/// Endings that make a dotted word a link even without a scheme.
const ENDINGS: [&str; 34] = [
    "com", "net", "org", "info", "biz", "io", "co", "uk", "de", "fr", "ru", "cn", "in", "us", "eu", "me", "tv", "ly", "gl", "to", "cc",
    "xyz", "top", "site", "online", "club", "shop", "app", "dev", "link", "click", "live", "tk", "gg",
];

/// Links in folded text.
pub(crate) fn count(folded: &[u8]) -> u32 {
    if !folded.contains(&b'.') && !(folded.contains(&b':') && folded.windows(3).any(|window| window == b"://")) {
        return 0;
    }
    let mut links = 0;
    for chunk in folded.split(|byte| matches!(byte, b' ' | b'<' | b'>' | b'"' | b',' | b'(' | b')')) {
        links += u32::from(is_link(chunk));
    }
    links
}

fn is_link(chunk: &[u8]) -> bool {
    let chunk: Vec<u8> = chunk.iter().copied().filter(|byte| !matches!(byte, b'[' | b']')).collect();
    let Ok(text) = std::str::from_utf8(&chunk) else { return false };
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
    use super::count;

    #[test]
    fn links_are_counted_and_sentences_are_not() {
        assert_eq!(count(b"see https://a.example/x and www.b.example, or cc.com/y."), 3);
        assert_eq!(count(b"hxxps://evil[.]example is bad"), 1);
        assert_eq!(count(b"end.start of it. e.g. this, i.e. that... 3.5 mail me@x.com"), 0);
    }
}
