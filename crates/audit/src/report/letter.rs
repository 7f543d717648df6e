//! A letter to a vendor, with everything that is not known of its platform.

use std::fmt::Write as _;

use crate::judge::{Assessment, Sheet, State};

/// The letter; none when nothing is unknown, disputed or stale.
pub fn letter(made: &Assessment<'_>, sheet: &Sheet<'_>) -> Option<String> {
    let of = |wanted: State| sheet.cells.iter().filter(move |cell| cell.state == wanted);
    let open = of(State::Unknown).count() + of(State::Disputed).count() + of(State::Stale).count();
    if open == 0 {
        return None;
    }
    let mut text = format!(
        "Subject: questions about {name}\n\nDear Sir or Madam,\n\nwe are deciding which data may be sent over {name}. As of {day} we could not find a current public answer to the questions below. For each, please name a document that we may quote, with its date and the regions it holds for.\n",
        name = sheet.platform.name,
        day = made.as_of,
    );
    for (state, about) in [
        (State::Unknown, "We found nothing about:"),
        (State::Disputed, "Sources contradict one another about:"),
        (State::Stale, "What we have is too old about:"),
    ] {
        if of(state).next().is_none() {
            continue;
        }
        write!(text, "\n{about}\n").expect("a string takes what is written");
        for cell in of(state) {
            writeln!(text, "- {} ({})", cell.control.question, cell.control.id).expect("a string takes what is written");
        }
    }
    text.push_str(
        "\nWe record an answer as your statement until somebody independent confirms it, and publish question, answer and date together.\n",
    );
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Settings;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    #[test]
    fn everything_open_is_asked_and_nothing_else() {
        let day = "2026-11-28".parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day).unwrap();
        let made = Assessment::make(&registry, day, &Settings::default()).unwrap();
        let sheet = made.sheet("snapchat").unwrap();
        let text = letter(&made, sheet).unwrap();
        for cell in &sheet.cells {
            let asked = matches!(cell.state, State::Unknown | State::Disputed | State::Stale);
            assert_eq!(text.contains(&format!("({})", cell.control.id)), asked, "{} is {}", cell.control.id, cell.state);
        }
    }
}
