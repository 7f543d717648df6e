//! What some bytes are, told by the bytes and not by who sent them; and what a browser may show of them.

/// Bytes of the beginning of a file that tell what it is.
pub const HEAD_BYTES: usize = 32;

/// A format of pictures that is made small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
}

/// The format of a picture by its first bytes.
pub fn picture(head: &[u8]) -> Option<Picture> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Picture::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(Picture::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Picture::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Picture::Webp),
        _ => None,
    }
}

/// What a file without a believable type is served as.
pub const UNKNOWN: &str = "application/octet-stream";

/// Types that a browser may show in place (spec "Serving inline content"); pictures only if their bytes agree.
const INLINE: [&str; 22] = [
    "application/json",
    "application/ld+json",
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/wave",
    "audio/webm",
    "audio/x-flac",
    "audio/x-pn-wav",
    "audio/x-wav",
    "text/css",
    "text/csv",
    "text/plain",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "image/apng",
    "image/avif",
];

/// A content type as it may stand in a header: what was declared, or [`UNKNOWN`] when that is no content type.
pub fn declared(content_type: Option<&str>) -> String {
    let believable = |text: &&str| {
        let token = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
        let whole = essence(text);
        let fine = whole.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
        fine && text.len() <= model::limits::EVENT_KEY_BYTES && text.bytes().all(|byte| (b' '..0x7F).contains(&byte))
    };
    content_type.map(str::trim).filter(believable).unwrap_or(UNKNOWN).to_owned()
}

/// A content type without its parameters.
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a browser may show a file of this type in place. SVG, HTML and everything that may run is always saved.
pub fn inline(content_type: &str, head: &[u8]) -> bool {
    let essence = essence(content_type).to_ascii_lowercase();
    match essence.as_str() {
        "image/png" | "image/apng" => picture(head) == Some(Picture::Png),
        "image/jpeg" => picture(head) == Some(Picture::Jpeg),
        "image/gif" => picture(head) == Some(Picture::Gif),
        "image/webp" => picture(head) == Some(Picture::Webp),
        "image/avif" => matches!(head, [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..]),
        other => INLINE.contains(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn a_type_that_cannot_stand_in_a_header_is_unknown() {
        assert_eq!(declared(Some("image/png")), "image/png");
        assert_eq!(declared(Some(" text/plain; charset=utf-8 ")), "text/plain; charset=utf-8");
        for wrong in ["", "image", "image/", "/png", "a b/c", "text/html\r\nx: y", "text/plain; x=\u{7f}", "a/b/c"] {
            assert_eq!(declared(Some(wrong)), UNKNOWN, "{wrong:?}");
        }
        assert_eq!(declared(Some(&format!("a/{}", "b".repeat(300)))), UNKNOWN);
        assert_eq!(declared(None), UNKNOWN);
    }

    #[test]
    fn what_may_run_is_never_shown_in_place() {
        for never in ["image/svg+xml", "text/html", "application/xhtml+xml", "application/pdf", "text/xml", "application/javascript"] {
            assert!(!inline(never, b"<svg onload=alert(1)>"), "{never}");
            assert!(!inline(&never.to_uppercase(), PNG), "{never}");
        }
        assert!(inline("text/plain; charset=utf-8", b"hello"));
        assert!(inline("VIDEO/MP4", b""));
    }

    #[test]
    fn a_picture_is_shown_in_place_only_if_its_bytes_agree() {
        assert!(inline("image/png", PNG));
        assert!(!inline("image/png", b"<html><script>"));
        assert!(!inline("image/jpeg", PNG));
        assert!(inline("image/webp", b"RIFF\0\0\0\0WEBPVP8 "));
        assert!(inline("image/gif", b"GIF89a\x01"));
        assert!(inline("image/avif", b"\0\0\0 ftypavif"));
        assert!(!inline("image/avif", b"\0\0\0 ftypisom"));
    }
}
