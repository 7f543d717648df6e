//! Markdown within a block, read as people read it.

use unicode_normalization::UnicodeNormalization;

use super::bounds;

/// Parameters of addresses that tell who sent whom.
const TRACKING: [&str; 12] = ["gclid", "fbclid", "msclkid", "mc_cid", "mc_eid", "igshid", "_ga", "ref", "ref_src", "yclid", "dclid", "si"];

/// A block's text without links, images, tags and marks; one space between words.
pub(super) fn plain(block: &str) -> String {
    let mut reader = Reader { out: String::with_capacity(block.len()), open: Vec::new() };
    reader.read(block);
    let composed = if reader.out.is_ascii() { reader.out } else { reader.out.nfkc().collect() };
    spaced(&composed)
}

/// What has been read so far, and where brackets opened in it.
struct Reader {
    out: String,
    /// Where in `out` a bracket opened, and whether it is an image's.
    open: Vec<(usize, bool)>,
}

impl Reader {
    fn read(&mut self, block: &str) {
        let mut rest = block;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '\\' => self.escaped(after),
                '[' => {
                    self.open.push((self.out.len(), false));
                    after
                }
                '!' if after.starts_with('[') => {
                    self.open.push((self.out.len(), true));
                    &after[1..]
                }
                ']' => self.closed(after),
                '<' => self.tag(rest, after),
                '&' => self.entity(after),
                'h' if after.starts_with("ttp") && !self.out.ends_with(char::is_alphanumeric) => self.address(rest),
                _ => {
                    self.character(c, after);
                    after
                }
            };
        }
    }

    fn escaped<'a>(&mut self, after: &'a str) -> &'a str {
        let Some(c) = after.chars().next() else { return after };
        if c.is_ascii_punctuation() {
            self.out.push(c);
            return &after[1..];
        }
        after
    }

    /// After `]`: a target in brackets is left out, and an image with what stands for it.
    fn closed<'a>(&mut self, after: &'a str) -> &'a str {
        let Some((start, image)) = self.open.pop() else { return after };
        let target = match after.as_bytes().first() {
            Some(b'(') => target_end(&after[1..], b'(', b')').map(|end| &after[1 + end..]),
            Some(b'[') => target_end(&after[1..], b'[', b']').map(|end| &after[1 + end..]),
            _ => None,
        };
        if image {
            self.out.truncate(start);
        }
        target.unwrap_or(after)
    }

    fn tag<'a>(&mut self, rest: &'a str, after: &'a str) -> &'a str {
        let begins = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let end = after.bytes().take(bounds::TARGET_BYTES).position(|byte| matches!(byte, b'<' | b'>'));
        match end {
            Some(end) if begins && after.as_bytes()[end] == b'>' => {
                let name = after[..end].trim_start_matches('/');
                let inline = ["b", "i", "em", "strong", "span", "a", "u", "sup", "sub"].iter();
                if !inline.clone().any(|inline| name.split([' ', '/']).next() == Some(inline)) {
                    self.out.push(' ');
                }
                &after[end + 1..]
            }
            _ => {
                self.out.push('<');
                &rest[1..]
            }
        }
    }

    fn entity<'a>(&mut self, after: &'a str) -> &'a str {
        let end = after.bytes().take(10).position(|byte| byte == b';');
        let Some(name) = end.and_then(|end| after.get(..end)) else {
            self.out.push('&');
            return after;
        };
        let named = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some(' '),
            _ => name.strip_prefix('#').and_then(numbered),
        };
        if let Some(c) = named {
            self.character(c, "");
            return &after[name.len() + 1..];
        }
        self.out.push('&');
        after
    }

    /// An address as text: without what tracks.
    fn address<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '"' | '<' | '*')).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        match address.split_once('?') {
            Some((page, query)) => {
                self.out.push_str(page);
                let query = query.split('#').next().unwrap_or_default();
                let kept = query.split('&').filter(|part| {
                    let name = part.split('=').next().unwrap_or_default();
                    !name.starts_with("utm_") && !TRACKING.contains(&name) && !name.is_empty()
                });
                for (at, part) in kept.enumerate() {
                    self.out.push(if at == 0 { '?' } else { '&' });
                    self.out.push_str(part);
                }
            }
            None => self.out.push_str(address),
        }
        after
    }

    fn character(&mut self, c: char, after: &str) {
        match c {
            // marks of emphasis, and what is not seen
            '*' | '`' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' => {}
            '~' if after.starts_with('~') || self.out.ends_with('~') => {}
            '_' => {
                let inside = self.out.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
                if inside {
                    self.out.push('_');
                }
            }
            '‘' | '’' | '‚' | '′' => self.out.push('\''),
            '“' | '”' | '„' | '«' | '»' | '″' => self.out.push('"'),
            '‐'..='―' | '−' => self.out.push('-'),
            '…' => self.out.push_str("..."),
            c if c.is_whitespace() || c.is_control() => self.out.push(' '),
            c => self.out.push(c),
        }
    }
}

fn numbered(digits: &str) -> Option<char> {
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

/// Where a target ends, its closing bracket included; `None` when this is no target.
fn target_end(text: &str, opens: u8, closes: u8) -> Option<usize> {
    let mut depth = 1;
    let mut in_title = false;
    for (at, byte) in text.bytes().take(bounds::TARGET_BYTES).enumerate() {
        match byte {
            b'"' => in_title = !in_title,
            byte if byte == closes && !in_title => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            byte if byte == opens && !in_title => {
                depth += 1;
                if depth > bounds::TARGET_BRACKETS {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// One space between words, none before a punctuation mark that follows a word.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        let joins = word.chars().all(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')'));
        if !out.is_empty() && !joins {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_their_text() {
        assert_eq!(plain("a [b [c] d](http://x/(y) \"t)\") e"), "a b c d e");
        assert_eq!(plain("[open and ](not closed"), "open and (not closed");
        assert_eq!(plain("[one][ref] and ![image](x.png) two"), "one and two");
        assert_eq!(plain("x < y and <https://a.example> &lt;tag&gt;"), "x < y and <tag>");
        assert_eq!(plain("word&#33; &bogus; &#xD800;"), "word! &bogus; &#xD800;");
    }
}
