//! In which language a page is written.

use whatlang::{Detector, Lang};

use super::text::Sentence;

/// Characters that are looked at: enough to be sure, and quick for the longest page.
const LOOKED_AT_CHARS: usize = 4_000;
/// Below this many a page is too short to tell.
const ENOUGH_CHARS: usize = 120;

/// The code of a page's language (ISO 639-3), when it is beyond doubt.
pub fn language(sentences: &[Sentence]) -> Option<&'static str> {
    let mut text = String::new();
    let mut chars = 0;
    // from the middle: pages begin with menus, whose words are of no language
    for sentence in sentences.iter().skip(sentences.len() / 3).chain(sentences.iter().take(sentences.len() / 3)) {
        if chars >= LOOKED_AT_CHARS {
            break;
        }
        chars += sentence.text.chars().count();
        text.push_str(&sentence.text);
        text.push('\n');
    }
    if chars < ENOUGH_CHARS {
        return None;
    }
    let found = Detector::new().detect(&text)?;
    found.is_reliable().then(|| Lang::code(&found.lang()))
}

#[cfg(test)]
mod tests {
    use super::super::text::Text;
    use super::*;

    fn of(text: &str) -> Option<&'static str> {
        language(&Text::of_markdown(text).sentences)
    }

    #[test]
    fn a_page_has_a_language_when_it_is_long_enough() {
        let english = "We keep your messages for as long as your account exists, and delete them when you ask us to do so. You can \
                       download a copy of everything that we know about you in the settings of the application.";
        let german = "Wir bewahren Ihre Nachrichten auf, solange Ihr Konto besteht, und löschen sie, wenn Sie uns darum bitten. In den \
                      Einstellungen der Anwendung können Sie eine Kopie von allem herunterladen, was wir über Sie wissen.";
        assert_eq!(of(english), Some("eng"));
        assert_eq!(of(german), Some("deu"));
        assert_eq!(of("OK. Menu. Home."), None);
    }
}
