//! One entry of a moderation log, wherever it comes from.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What an entry tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A member complained.
    Report,
    /// The scanner or a rule asked for a person.
    Flag,
    /// An order of an authority came in.
    Order,
    /// Something was decided.
    #[default]
    Decision,
    /// A decision was taken back or changed.
    Reversal,
    /// Somebody of the staff read a conversation.
    Read,
    /// How much traffic there was around this time.
    Traffic,
}

impl Kind {
    /// All kinds and their names in a log.
    pub const NAMES: [(&'static str, Self); 7] = [
        ("report", Self::Report),
        ("flag", Self::Flag),
        ("order", Self::Order),
        ("decision", Self::Decision),
        ("reversal", Self::Reversal),
        ("read", Self::Read),
        ("traffic", Self::Traffic),
    ];

    /// The kind of this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }
}

/// Who decided: a program, a person, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automated {
    /// No person was there.
    Fully,
    /// A person decided with the help of a program.
    Partially,
    /// A person decided.
    No,
}

impl Automated {
    /// Reads the words of the European database, and plain ones.
    pub fn named(name: &[u8]) -> Option<Self> {
        let is = |words: &[&str]| words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(name));
        if is(&["AUTOMATED_DECISION_FULLY", "fully", "yes", "true", "automated"]) {
            return Some(Self::Fully);
        }
        if is(&["AUTOMATED_DECISION_PARTIALLY", "partially", "partly"]) {
            return Some(Self::Partially);
        }
        is(&["AUTOMATED_DECISION_NOT_AUTOMATED", "no", "false", "manual", "not_automated"]).then_some(Self::No)
    }
}

/// Text of a row, taken from its bytes where that is possible.
pub type Text<'a> = Cow<'a, [u8]>;

/// One entry. Texts that an entry does not have are empty.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// What it tells of.
    pub kind: Kind,
    /// What names this entry and no other.
    pub id: Text<'a>,
    /// Its number in a sequence without holes.
    pub sequence: Option<u64>,
    /// When it was written, in seconds since 1970.
    pub at: Option<i64>,
    /// When that of which it tells began: the content was made, the report came.
    pub began: Option<i64>,
    /// When the decision took effect.
    pub applied: Option<i64>,
    /// What joins a report to its decision.
    pub case: Text<'a>,
    /// The kind of abuse.
    pub category: Text<'a>,
    /// What was decided.
    pub outcome: Text<'a>,
    /// Who decided, by a pseudonym.
    pub reviewer: Text<'a>,
    /// Whether a program decided.
    pub automated: Option<Automated>,
    /// The explanation that the member was given.
    pub text: Text<'a>,
    /// Why a decision was taken back.
    pub reason: Text<'a>,
    /// The decision that was taken back.
    pub reverses: Text<'a>,
    /// The report, flag or order for which a conversation was read.
    pub basis: Text<'a>,
    /// Severity from 0 to 4; 4 is critical.
    pub severity: Option<u8>,
    /// Whether a minor is concerned.
    pub minor: bool,
    /// How much traffic; of other entries nothing.
    pub amount: u64,
}

/// The severity that is always looked at again.
pub const CRITICAL: u8 = 4;

/// The fields of an entry by their names: in our own log, and in the column map of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are the fields of Row")]
pub enum Field {
    Kind,
    Id,
    Sequence,
    At,
    Began,
    Applied,
    Case,
    Category,
    Outcome,
    Reviewer,
    Automated,
    Text,
    Reason,
    Reverses,
    Basis,
    Severity,
    Minor,
    Amount,
}

impl Field {
    /// Every field and its name.
    pub const NAMES: [(&'static str, Self); 18] = [
        ("kind", Self::Kind),
        ("id", Self::Id),
        ("sequence", Self::Sequence),
        ("at", Self::At),
        ("began", Self::Began),
        ("applied", Self::Applied),
        ("case", Self::Case),
        ("category", Self::Category),
        ("outcome", Self::Outcome),
        ("reviewer", Self::Reviewer),
        ("automated", Self::Automated),
        ("text", Self::Text),
        ("reason", Self::Reason),
        ("reverses", Self::Reverses),
        ("basis", Self::Basis),
        ("severity", Self::Severity),
        ("minor", Self::Minor),
        ("amount", Self::Amount),
    ];

    /// The field of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

impl<'a> Row<'a> {
    /// Puts the text of a field where it belongs. False when the text is no value of this field.
    ///
    /// An empty text is a field that the entry does not have.
    pub fn put(&mut self, field: Field, text: Text<'a>) -> bool {
        if text.is_empty() {
            return true;
        }
        match field {
            Field::Kind => return keep(Kind::named(&text), &mut self.kind),
            Field::Id => self.id = text,
            Field::Sequence => return keep(number(&text).map(Some), &mut self.sequence),
            Field::At => return keep(super::time::parse(&text).map(Some), &mut self.at),
            Field::Began => return keep(super::time::parse(&text).map(Some), &mut self.began),
            Field::Applied => return keep(super::time::parse(&text).map(Some), &mut self.applied),
            Field::Case => self.case = text,
            Field::Category => self.category = text,
            Field::Outcome => self.outcome = text,
            Field::Reviewer => self.reviewer = text,
            Field::Automated => return keep(Automated::named(&text).map(Some), &mut self.automated),
            Field::Text => self.text = text,
            Field::Reason => self.reason = text,
            Field::Reverses => self.reverses = text,
            Field::Basis => self.basis = text,
            Field::Severity => return keep(severity(&text).map(Some), &mut self.severity),
            Field::Minor => return keep(yes_or_no(&text), &mut self.minor),
            Field::Amount => return keep(number(&text), &mut self.amount),
        }
        true
    }

    /// The text of a field that is a text.
    pub fn text_of(&self, field: Field) -> Option<&[u8]> {
        match field {
            Field::Id => Some(&self.id),
            Field::Case => Some(&self.case),
            Field::Category => Some(&self.category),
            Field::Outcome => Some(&self.outcome),
            Field::Reviewer => Some(&self.reviewer),
            Field::Text => Some(&self.text),
            Field::Reason => Some(&self.reason),
            Field::Reverses => Some(&self.reverses),
            Field::Basis => Some(&self.basis),
            _ => None,
        }
    }

    /// Whether it is of the highest severity.
    pub fn is_critical(&self) -> bool {
        self.severity.is_some_and(|severity| severity >= CRITICAL)
    }
}

fn keep<T>(value: Option<T>, place: &mut T) -> bool {
    value.map(|value| *place = value).is_some()
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn severity(text: &[u8]) -> Option<u8> {
    if text.eq_ignore_ascii_case(b"critical") {
        return Some(CRITICAL);
    }
    number(text).and_then(|number| u8::try_from(number).ok()).filter(|number| *number <= CRITICAL)
}

fn yes_or_no(text: &[u8]) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text));
    if is(["yes", "true", "1"]) {
        return Some(true);
    }
    is(["no", "false", "0"]).then_some(false)
}

/// A text for people: what is no UTF-8 is replaced, what is long is cut.
pub(super) fn shown(text: &[u8]) -> String {
    const SHOWN: usize = 80;
    let text = String::from_utf8_lossy(text);
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = printable.clone().take(SHOWN).collect();
    if printable.count() > SHOWN {
        short.push('…');
    }
    short
}
