//! Bytes as text, whatever encoding they say they have.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Bytes of a page that are looked at for the name of its encoding (HTML: "prescan a byte stream").
const PRESCAN_BYTES: usize = 1_024;

/// A text, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// The name of the encoding.
    pub encoding: &'static str,
    /// Whether it is another than the server or the page says, or some bytes have no meaning in it.
    pub wrong: bool,
}

/// Decodes a page: by its byte order mark, by what the server says, by what the page says, as UTF-8, as Windows-1252.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, wrong) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Decoded { text: text.into_owned(), encoding: encoding.name(), wrong };
    }
    let said = content_type.and_then(charset).or_else(|| prescan(bytes)).and_then(|label| Encoding::for_label(label.as_bytes()));
    let valid = std::str::from_utf8(bytes);
    match said {
        // a page that is UTF-8 throughout, beyond ASCII, is nothing else whatever it says
        Some(said) if said != UTF_8 => match valid {
            Ok(text) if !bytes.is_ascii() => Decoded { text: text.to_owned(), encoding: UTF_8.name(), wrong: true },
            _ => {
                let (text, wrong) = said.decode_without_bom_handling(bytes);
                Decoded { text: text.into_owned(), encoding: said.name(), wrong }
            }
        },
        _ => match valid {
            Ok(text) => Decoded { text: text.to_owned(), encoding: UTF_8.name(), wrong: false },
            Err(_) => other_than_utf8(bytes, said.is_some()),
        },
    }
}

/// Bytes that are not UTF-8: with few faults among much that is, they were meant to be; else they are Windows-1252.
fn other_than_utf8(bytes: &[u8], was_said: bool) -> Decoded {
    let (lossy, _) = UTF_8.decode_without_bom_handling(bytes);
    let faults = lossy.chars().filter(|c| *c == '\u{fffd}').count();
    let fine = lossy.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    if fine >= faults {
        return Decoded { text: lossy.into_owned(), encoding: UTF_8.name(), wrong: true };
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), encoding: WINDOWS_1252.name(), wrong: was_said }
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<String> {
    let lower = content_type.to_ascii_lowercase();
    let (_, rest) = lower.split_once("charset")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '>' | '/' | ',')).unwrap_or(value.len());
    (end > 0).then(|| value[..end].to_owned())
}

/// The charset that a page says of itself: of a `meta` element, or of an XML declaration.
fn prescan(bytes: &[u8]) -> Option<String> {
    let head: String = bytes.iter().take(PRESCAN_BYTES).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    if let Some(declaration) = head.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map(|(inside, _)| inside) {
        let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        return Some(value.split(['"', '\'', ' ']).next().unwrap_or_default().to_owned());
    }
    head.match_indices("<meta")
        .find_map(|(at, _)| {
            let inside = head[at..].split('>').next().unwrap_or_default();
            charset(inside)
        })
        // a page whose first bytes could be read as ASCII is not UTF-16
        .map(|label| if label.starts_with("utf-16") { "utf-8".to_owned() } else { label })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], content_type: Option<&str>) -> (String, &'static str, bool) {
        let decoded = decode(bytes, content_type);
        (decoded.text, decoded.encoding, decoded.wrong)
    }

    #[test]
    fn a_text_is_read_whatever_says_its_encoding() {
        let latin = b"caf\xe9 <meta charset=x>";
        assert_eq!(read("café".as_bytes(), None), ("café".into(), "UTF-8", false));
        assert_eq!(read(b"caf\xe9", Some("text/html; charset=\"ISO-8859-1\"")), ("café".into(), "windows-1252", false));
        assert_eq!(read(b"<meta charset=iso-8859-1>caf\xe9", None).0, "<meta charset=iso-8859-1>café");
        assert_eq!(read(b"<?xml version='1.0' encoding='windows-1251'?>\xcf", None).0.chars().last(), Some('П'));
        assert_eq!(read(b"\xff\xfea\0b\0", Some("text/html; charset=utf-8")), ("ab".into(), "UTF-16LE", false));
        assert_eq!(read(latin, None).1, "windows-1252");
    }

    #[test]
    fn a_wrong_encoding_is_seen() {
        assert_eq!(read("Grüße an alle".as_bytes(), Some("text/html; charset=iso-8859-1")), ("Grüße an alle".into(), "UTF-8", true));
        assert_eq!(read(b"caf\xe9 and t\xe9", Some("text/html; charset=utf-8")), ("café and té".into(), "windows-1252", true));
        let mut broken = "Überall Öl für ältere Züge".as_bytes().to_vec();
        broken.push(0xff);
        let (text, encoding, wrong) = read(&broken, Some("text/html; charset=utf-8"));
        assert!(text.starts_with("Überall") && text.ends_with('\u{fffd}') && encoding == "UTF-8" && wrong);
        assert_eq!(read(b"", None).0, "");
        assert_eq!(read(b"abc", Some("text/html; charset=")).1, "UTF-8");
    }
}
