//! What a sentence is compared by: its words in lower case, without the date of a last update.

use super::bounds;

/// Words by which a sentence says when its page was updated.
const DATED: [&str; 19] = [
    "last updated",
    "last update",
    "last modified",
    "last revised",
    "updated",
    "revised",
    "effective",
    "version of",
    "version",
    "zuletzt aktualisiert",
    "zuletzt geändert",
    "gültig ab",
    "stand",
    "dernière mise à jour",
    "en vigueur",
    "última actualización",
    "ultimo aggiornamento",
    "laatst bijgewerkt",
    "posted on",
];

/// Beginnings of the names of months in six languages.
const MONTHS: [&str; 34] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mär", "mai", "okt", "dez", "fév", "avr", "juin",
    "juil", "aoû", "déc", "ene", "abr", "ago", "dic", "gen", "mag", "giu", "lug", "set", "ott", "mrt", "mei",
];

/// The words of a sentence, lower-cased, with one space between them; empty for a sentence without any.
pub(super) fn key_words(sentence: &str) -> String {
    let words = words(sentence);
    if sentence.chars().count() > bounds::DATED_CHARS {
        return words;
    }
    let says_when = DATED.iter().any(|dated| words.strip_prefix(dated).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
        || ["last updated", "last modified", "last revised"].iter().any(|dated| words.contains(dated));
    if says_when { without_dates(&words) } else { words }
}

/// The words of any text, lower-cased, with one space between them.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let between_digits = matches!(c, '.' | ',') && before.is_ascii_digit() && characters.peek().is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() || between_digits {
            out.extend(c.to_lowercase());
        } else if matches!(c, '%' | '$' | '€' | '£' | '<' | '>' | '=' | '+') {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            out.push(c);
            out.push(' ');
        } else if c != '\'' && !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
        before = c;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a word is the name of a month, or may be.
pub(super) fn begins_month(word: &str) -> bool {
    let word = word.to_lowercase();
    word.chars().count() <= 10 && MONTHS.iter().any(|month| word.starts_with(month))
}

/// Without the words that are part of a date.
fn without_dates(words: &str) -> String {
    let all: Vec<&str> = words.split(' ').collect();
    let is_date = |at: usize| all.get(at).is_some_and(|word| is_of_date(&all, at, word));
    let kept: Vec<&str> = all.iter().enumerate().filter(|(at, _)| !is_date(*at)).map(|(_, word)| *word).collect();
    kept.join(" ")
}

fn is_of_date(all: &[&str], at: usize, word: &str) -> bool {
    let is_month = |at: usize| all.get(at).is_some_and(|word| begins_month(word));
    let is_year = |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20")) && word.parse::<u16>().is_ok();
    let is_day = |word: &str| day_of(word).is_some();
    let number = |at: Option<usize>| at.and_then(|at| all.get(at)).is_some_and(|word| is_day(word) || is_year(word));
    // over the `de` of `3 de marzo de 2026`
    let before = at.checked_sub(1).map(|before| if all[before] == "de" { before.saturating_sub(1) } else { before });
    let after = if all.get(at + 1) == Some(&"de") { at + 2 } else { at + 1 };
    if is_year(word) || dotted(word) {
        return true;
    }
    if is_month(at) {
        return number(before) || number(Some(after));
    }
    let beside_month = before.is_some_and(is_month) || is_month(after);
    // 03/04/2027 and 2026-01-02 are three numbers in a row, one of them a year
    let in_a_row = (at.saturating_sub(2)..=at).any(|start| {
        let three: Vec<&&str> = all.iter().skip(start).take(3).collect();
        three.len() == 3 && three.iter().all(|word| is_day(word) || is_year(word)) && three.iter().any(|word| is_year(word))
    });
    is_day(word) && (beside_month || in_a_row)
}

/// `12.04.2026`, whose full stops stand between digits.
fn dotted(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `3`, `03`, `3rd`, `14th`.
fn day_of(word: &str) -> Option<u8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    let ending_fits = matches!(ending, "" | "st" | "nd" | "rd" | "th" | "er");
    digits.parse().ok().filter(|day| ending_fits && (1..=31).contains(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_numbers_whole() {
        assert_eq!(words("We DON'T  keep 1,000.5 % — ever."), "we dont keep 1,000.5 % ever");
        assert_eq!(words("..."), "");
    }

    #[test]
    fn only_the_date_is_left_out() {
        assert_eq!(key_words("Last updated: Tuesday 3 March 2026, kept 30 days"), "last updated tuesday kept 30 days");
        assert_eq!(key_words("Effective January 1st, 2027 you may read 12 messages"), "effective you may read 12 messages");
        assert_eq!(key_words("Stand: 12.04.2026"), "stand");
        assert_eq!(key_words("Última actualización: 3 de marzo de 2026"), "última actualización de de");
        assert_eq!(key_words("Updated March notes"), "updated march notes");
    }
}
