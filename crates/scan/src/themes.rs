//! Themes that one sender touched upon in one conversation: what the server keeps in its store, for those who have none.

use model::clock::Timestamp;
use model::finding::Findings;
use model::limits;

/// The themes (term sets named `theme_…`) of one sender in one conversation, each with the time it came last; at most
/// [`limits::THEMES_KEPT`], within [`limits::THEMES_WINDOW_MS`].
#[derive(Clone, Debug, Default)]
pub struct Themes {
    seen: Vec<(String, Timestamp)>,
}

impl Themes {
    /// Notes the themes of a message; answers how many different ones there are with them, 0 when the message has none.
    pub fn note(&mut self, findings: &Findings, now: Timestamp) -> i64 {
        let themes = findings.themes();
        if themes.is_empty() {
            return 0;
        }
        self.seen.retain(|(theme, at)| now.since_ms(*at) < limits::THEMES_WINDOW_MS && !themes.contains(&theme.as_str()));
        self.seen.extend(themes.into_iter().map(|theme| (theme.to_owned(), now)));
        let over = self.seen.len().saturating_sub(limits::THEMES_KEPT);
        self.seen.drain(..over);
        i64::try_from(self.seen.len()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::finding::Hit;

    fn findings(terms: &[&str]) -> Findings {
        let hit = |term: &&str| Hit { term: (*term).to_owned(), key: String::new(), field: "body".to_owned(), start: 0, end: 1 };
        Findings { hits: terms.iter().map(hit).collect(), ..Findings::default() }
    }

    #[test]
    fn different_themes_are_counted_within_the_window() {
        let mut themes = Themes::default();
        assert_eq!(themes.note(&findings(&["p.theme_age", "p.theme_age", "p.insult"]), Timestamp(0)), 1);
        assert_eq!(themes.note(&findings(&["p.insult"]), Timestamp(1)), 0);
        assert_eq!(themes.note(&findings(&["p.theme_gift", "q.theme_age"]), Timestamp(2)), 3);
        assert_eq!(themes.note(&findings(&["p.theme_gift"]), Timestamp(limits::THEMES_WINDOW_MS)), 2);
        for n in 0..2 * limits::THEMES_KEPT {
            themes.note(&findings(&[&format!("p.theme_{n}")]), Timestamp(3));
        }
        assert_eq!(themes.seen.len(), limits::THEMES_KEPT);
    }
}
