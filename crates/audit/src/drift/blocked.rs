//! Pages that are not the document: walls, pages for robots, a document of which most is gone.

use super::text::Text;
use super::words::words;

/// A document shorter than this cannot shrink by much.
const LONG_ENOUGH_CHARS: usize = 500;
/// A wall is shorter than this.
const WALL_CHARS: usize = 2_500;

/// Why a page that has become much shorter is suspected.
pub(super) const SHRUNK: &str = "more than 60 % of the text is gone";

/// What walls say.
const WALLS: [&str; 16] = [
    "enable javascript",
    "javascript is disabled",
    "javascript is required",
    "verify you are human",
    "verify that you are human",
    "are you a robot",
    "not a robot",
    "unusual traffic",
    "checking your browser",
    "access denied",
    "access to this page has been denied",
    "you have been blocked",
    "log in to continue",
    "you must log in",
    "sign in to continue",
    "too many requests",
];

/// Why a page is not what the document was; `None` when it may be.
pub(super) fn looks_blocked(known: &Text, page: &Text) -> Option<&'static str> {
    if page.sentences.is_empty() && !known.sentences.is_empty() {
        return Some("the page has no text");
    }
    if known.chars >= LONG_ENOUGH_CHARS && page.chars * 10 < known.chars * 4 {
        return Some(if says_wall(page) { "the page is a wall" } else { SHRUNK });
    }
    let is_wall = page.chars < WALL_CHARS && says_wall(page) && !says_wall(known);
    is_wall.then_some("the page is a wall")
}

/// Whether a page, of which nothing is known yet, is a wall.
pub fn says_wall(page: &Text) -> bool {
    let sentences = page.sentences.iter().take(60).map(|sentence| words(&sentence.text));
    page.chars < WALL_CHARS && sentences.into_iter().any(|sentence| WALLS.iter().any(|wall| sentence.contains(wall)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_is_not_the_document() {
        let document = Text::of_markdown(&"We keep your messages for thirty days. Then they go.\n\n".repeat(20));
        let wall = Text::of_markdown("# Just a moment\n\nPlease enable JavaScript to continue.");
        let half = Text::of_markdown(&"We keep your messages for thirty days. Then they go.\n\n".repeat(10));
        let third = Text::of_markdown(&"We keep your messages for thirty days. Then they go.\n\n".repeat(7));
        assert_eq!(looks_blocked(&document, &wall), Some("the page is a wall"));
        assert_eq!(looks_blocked(&document, &half), None);
        assert_eq!(looks_blocked(&document, &third), Some("more than 60 % of the text is gone"));
        assert_eq!(looks_blocked(&document, &Text::default()), Some("the page has no text"));
        let short = Text::of_markdown("Short notice.");
        assert_eq!(looks_blocked(&short, &Text::of_markdown("Other.")), None);
        assert!(says_wall(&wall) && !says_wall(&document));
    }
}
