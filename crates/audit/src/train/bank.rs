//! The questions, and how a quiz is drawn from them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DRAWN, TO_PASS, hex};
use crate::controls::SHIPPED;

/// The text of the questions that come with Frankly.
pub const QUIZ_YAML: &str = include_str!("../../../../registry/quiz.yaml");

/// The questions that come with Frankly.
pub static BANK: LazyLock<Bank> = LazyLock::new(|| Bank::read(QUIZ_YAML).expect("a test reads the shipped questions"));

/// Questions to draw from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    schema: String,
    /// The version of the questions.
    pub version: String,
    /// The questions.
    pub items: Vec<Item>,
    /// SHA-256 of the text, in hex.
    #[serde(skip)]
    pub sha256: String,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is called.
    pub id: String,
    /// The control it is about.
    pub control: String,
    /// The question.
    pub ask: String,
    /// The answers; the first is the right one.
    pub answers: Vec<String>,
    /// Why.
    pub why: String,
}

const SCHEMA: &str = "frankly.audit.quiz/1";

impl Bank {
    /// Reads questions; what is wrong is said with the id of the question.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut bank: Self =
            serde_saphyr::from_str(text).map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
        if bank.schema != SCHEMA {
            return Err(format!("its schema is {}, not {SCHEMA}", bank.schema));
        }
        if bank.items.len() < DRAWN {
            return Err(format!("{} questions; a quiz draws {DRAWN}", bank.items.len()));
        }
        for (at, item) in bank.items.iter().enumerate() {
            let no = |why: &str| Err(format!("question {}: {why}", item.id));
            if bank.items[..at].iter().any(|other| other.id == item.id) {
                return no("there are two of this name");
            }
            if SHIPPED.all().all(|(_, control)| control.id != item.control) {
                return no(&format!("there is no control {}", item.control));
            }
            let distinct =
                item.answers.iter().enumerate().all(|(at, answer)| !answer.trim().is_empty() && !item.answers[..at].contains(answer));
            if !(2..=6).contains(&item.answers.len()) || !distinct {
                return no("two to six different answers");
            }
            if item.ask.trim().is_empty() || item.why.trim().is_empty() {
                return no("a question and a reason");
            }
        }
        bank.sha256 = hex(&Sha256::digest(text.as_bytes()));
        Ok(bank)
    }

    /// Draws a quiz: first what is to be asked again, then others, of different controls as far as there are enough.
    pub fn draw(&self, seed: u64, again: &[String]) -> Paper<'_> {
        let mut chance = Draw::new(seed);
        let mut items: Vec<&Item> = again.iter().filter_map(|id| self.items.iter().find(|item| item.id == *id)).take(DRAWN).collect();
        let mut others: Vec<&Item> = self.items.iter().filter(|item| !items.contains(item)).collect();
        chance.shuffle(&mut others);
        let mut later = Vec::new();
        for item in others {
            if items.len() < DRAWN && items.iter().all(|chosen| chosen.control != item.control) {
                items.push(item);
            } else {
                later.push(item);
            }
        }
        items.extend(later.into_iter().take(DRAWN.saturating_sub(items.len())));
        chance.shuffle(&mut items);
        let questions = items.into_iter().map(|item| {
            let mut order: Vec<usize> = (0..item.answers.len()).collect();
            chance.shuffle(&mut order);
            Question { item, order }
        });
        Paper { seed, questions: questions.collect() }
    }
}

/// A quiz as it was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper<'a> {
    /// What it was drawn by.
    pub seed: u64,
    /// The questions in their order.
    pub questions: Vec<Question<'a>>,
}

/// A question, its answers in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The question.
    pub item: &'a Item,
    order: Vec<usize>,
}

impl Question<'_> {
    /// The answers with their letters.
    pub fn answers(&self) -> impl Iterator<Item = (char, &str)> {
        ('a'..='f').zip(self.order.iter().map(|at| self.item.answers[*at].as_str()))
    }

    /// The letter of the right answer.
    pub fn right(&self) -> char {
        ('a'..='f').zip(&self.order).find(|(_, at)| **at == 0).map_or('a', |(letter, _)| letter)
    }
}

/// How a quiz was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// Right answers.
    pub right: usize,
    /// Questions.
    pub of: usize,
    /// Questions that were answered wrongly.
    pub wrong: Vec<String>,
}

impl Answered {
    /// Whether that is enough.
    pub fn passed(&self) -> bool {
        self.right >= TO_PASS
    }
}

impl Paper<'_> {
    /// Compares letters with the right answers; a letter that no answer has is refused with the number of its question.
    pub fn answered(&self, letters: &[char]) -> Result<Answered, String> {
        if letters.len() != self.questions.len() {
            return Err(format!("{} answers for {} questions", letters.len(), self.questions.len()));
        }
        let mut wrong = Vec::new();
        for (number, (question, letter)) in (1..).zip(self.questions.iter().zip(letters)) {
            let letter = letter.to_ascii_lowercase();
            if question.answers().all(|(known, _)| known != letter) {
                return Err(format!("question {number} has no answer {letter}"));
            }
            if letter != question.right() {
                wrong.push(question.item.id.clone());
            }
        }
        Ok(Answered { right: letters.len() - wrong.len(), of: letters.len(), wrong })
    }
}

/// Chance that a seed makes: the same on every machine (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Chance of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below another one.
    fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * u128::try_from(bound).unwrap_or(1);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_shipped_questions_are_enough_and_about_controls() {
        assert!(BANK.items.len() >= 40, "{}", BANK.items.len());
        let controls: BTreeSet<&str> = BANK.items.iter().map(|item| item.control.as_str()).collect();
        assert!(controls.len() >= 30, "{controls:?}");
        assert!(BANK.items.iter().all(|item| item.answers.len() == 4));
    }

    #[test]
    fn a_quiz_is_drawn_by_its_seed_and_asks_again_what_was_wrong() {
        let ids = |paper: &Paper<'_>| paper.questions.iter().map(|question| question.item.id.clone()).collect::<Vec<_>>();
        let paper = BANK.draw(7, &[]);
        assert_eq!(paper, BANK.draw(7, &[]));
        assert_ne!(ids(&paper), ids(&BANK.draw(8, &[])));
        assert_eq!(paper.questions.iter().map(|question| &question.item.control).collect::<BTreeSet<_>>().len(), DRAWN);
        let again = vec!["org-3-review".to_owned(), "enc-1-lock".to_owned(), "gone".to_owned()];
        let paper = BANK.draw(9, &again);
        assert!(ids(&paper).contains(&again[0]) && ids(&paper).contains(&again[1]) && paper.questions.len() == DRAWN);
    }

    #[test]
    fn every_question_and_every_letter_comes() {
        let mut letters: BTreeMap<char, u32> = BTreeMap::new();
        let mut drawn = BTreeSet::new();
        for seed in 0..400 {
            for question in BANK.draw(seed, &[]).questions {
                *letters.entry(question.right()).or_default() += 1;
                drawn.insert(question.item.id.clone());
            }
        }
        assert_eq!(drawn.len(), BANK.items.len());
        assert!(letters.len() == 4 && letters.values().all(|count| (650..950).contains(count)), "{letters:?}");
    }

    #[test]
    fn seven_of_eight_pass() {
        let paper = BANK.draw(3, &[]);
        let mut letters: Vec<char> = paper.questions.iter().map(Question::right).collect();
        let wrong = |letter: char| if letter == 'a' { 'b' } else { 'a' };
        assert_eq!(paper.answered(&letters).unwrap(), Answered { right: 8, of: 8, wrong: vec![] });
        letters[2] = wrong(letters[2]);
        let one = paper.answered(&letters).unwrap();
        assert!(one.passed() && one.wrong == [paper.questions[2].item.id.clone()]);
        letters[5] = wrong(letters[5]);
        assert!(!paper.answered(&letters).unwrap().passed());
        letters[0] = 'f';
        assert_eq!(paper.answered(&letters).unwrap_err(), "question 1 has no answer f");
        assert_eq!(paper.answered(&letters[1..]).unwrap_err(), "7 answers for 8 questions");
    }

    #[test]
    fn questions_that_are_none_are_refused() {
        for (from, to, says) in [
            ("control: ENC-1\n", "control: ENC-99\n", "no control ENC-99"),
            ("id: enc-1-lock", "id: enc-1-meaning", "two of this name"),
            ("quiz/1", "quiz/2", "quiz/2"),
            (
                "why: The lock is about the connection. What the server does with a message is another question.",
                "why: \"\"",
                "a question and a reason",
            ),
            ("      - That messages are deleted after reading\n", "      - That the operator was audited\n", "different answers"),
        ] {
            let error = Bank::read(&QUIZ_YAML.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{from}: {error}");
        }
    }
}
