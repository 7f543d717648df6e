//! Records of quizzes: signed, and each bound to the one before it, so that none can be changed or taken out.
//!
//! What is not seen is that the last records were cut off; who keeps the file elsewhere too sees that.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ASK_AGAIN_DAYS, VALID_MONTHS, hex};

/// The key that signs records.
#[derive(Debug)]
pub struct Key(SigningKey);

impl Key {
    /// The key of 32 secret bytes.
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The public half, in base64.
    pub fn public(&self) -> String {
        STANDARD_NO_PAD.encode(self.0.verifying_key().as_bytes())
    }
}

/// That somebody took a quiz.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Who, by a pseudonym.
    pub person: String,
    /// The platforms that were taught.
    pub platforms: Vec<String>,
    /// SHA-256 of the lesson, in hex.
    pub lesson: String,
    /// SHA-256 of the questions, in hex.
    pub questions: String,
    /// What the quiz was drawn by.
    pub seed: u64,
    /// Right answers.
    pub right: usize,
    /// Questions.
    pub of: usize,
    /// What was answered wrongly.
    pub wrong: Vec<String>,
    /// Whether that was enough.
    pub passed: bool,
    /// When.
    pub at: Timestamp,
    /// The last day on which it counts; of a quiz that was not passed, the day itself.
    pub until: Date,
}

/// A record as it stands in its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    record: Record,
    /// SHA-256 of the line before, in hex; empty for the first.
    previous: String,
    /// The signature over record and previous, in base64.
    signature: String,
}

/// What is wrong with records.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A line that is no record.
    #[error("line {0}: {1}")]
    Form(usize, String),
    /// A line whose signature is of other words, or of another key.
    #[error("line {0}: the signature does not belong to it: it was changed, or signed with another key")]
    Signature(usize),
    /// A line that does not follow the one before it.
    #[error("line {0}: it does not follow the line before: a record was changed, taken out or put in")]
    Order(usize),
    /// The key is none.
    #[error("the public key is none")]
    Key,
}

/// Records whose signatures and order hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// In their order.
    pub records: Vec<Record>,
    last: String,
}

fn signed_bytes(record: &Record, previous: &str) -> Vec<u8> {
    // fields are written in the order of the type, so the same record has the same bytes
    let record = serde_json::to_string(record).unwrap_or_default();
    format!("frankly.audit.training/1\n{previous}\n{record}").into_bytes()
}

fn hash(line: &str) -> String {
    hex(&Sha256::digest(line.as_bytes()))
}

impl Chain {
    /// Reads records, one a line, and checks all of them.
    pub fn read(text: &str, public: &str) -> Result<Self, RecordError> {
        let key: [u8; 32] = STANDARD_NO_PAD.decode(public.trim()).ok().and_then(|key| key.try_into().ok()).ok_or(RecordError::Key)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| RecordError::Key)?;
        let mut chain = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let read: Line = serde_json::from_str(line).map_err(|error| RecordError::Form(number, error.to_string()))?;
            let signature: [u8; 64] = STANDARD_NO_PAD
                .decode(&read.signature)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(RecordError::Signature(number))?;
            let bytes = signed_bytes(&read.record, &read.previous);
            key.verify_strict(&bytes, &Signature::from_bytes(&signature)).map_err(|_| RecordError::Signature(number))?;
            if read.previous != chain.last {
                return Err(RecordError::Order(number));
            }
            chain.last = hash(line);
            chain.records.push(read.record);
        }
        Ok(chain)
    }

    /// The line that adds a record, with its end.
    pub fn next(&self, record: &Record, key: &Key) -> Result<String, RecordError> {
        let signature = key.0.sign(&signed_bytes(record, &self.last));
        let line = Line { record: record.clone(), previous: self.last.clone(), signature: STANDARD_NO_PAD.encode(signature.to_bytes()) };
        serde_json::to_string(&line).map(|line| line + "\n").map_err(|error| RecordError::Form(0, error.to_string()))
    }

    /// What is to be asked again of somebody: what was wrong last time, once three days have gone by.
    pub fn ask_again(&self, person: &str, now: Timestamp) -> Vec<String> {
        let Some(last) = self.records.iter().rev().find(|record| record.person == person) else { return Vec::new() };
        if again_on(last) > day(now) { Vec::new() } else { last.wrong.clone() }
    }
}

fn day(moment: Timestamp) -> Date {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn again_on(record: &Record) -> Date {
    day(record.at).saturating_add(ASK_AGAIN_DAYS.days())
}

impl Record {
    /// The last day on which having passed on a day counts.
    pub fn valid_until(at: Timestamp, passed: bool) -> Date {
        if passed { day(at).saturating_add(VALID_MONTHS.months()) } else { day(at) }
    }
}

/// How somebody stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Who.
    pub person: String,
    /// The last quiz that was passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<Date>,
    /// The last day on which it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Whether it counts today.
    pub valid: bool,
    /// How many questions are to be asked again, and from when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<(usize, Date)>,
}

/// How everybody stands: who has records, and who should have some.
pub fn standing(chain: &Chain, should: &[String], today: Date) -> Vec<Standing> {
    let mut people: Vec<&String> = chain.records.iter().map(|record| &record.person).chain(should).collect();
    people.sort_unstable();
    people.dedup();
    let of = |person: &String| {
        let mut records = chain.records.iter().rev().filter(|record| record.person == *person);
        let again = records.clone().next().filter(|last| !last.wrong.is_empty()).map(|last| (last.wrong.len(), again_on(last)));
        let passed = records.find(|record| record.passed);
        Standing {
            person: person.clone(),
            passed: passed.map(|record| day(record.at)),
            until: passed.map(|record| record.until),
            valid: passed.is_some_and(|record| record.until >= today),
            again,
        }
    };
    people.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn record(person: &str, moment: &str, right: usize) -> Record {
        let passed = right >= 7;
        Record {
            person: person.to_owned(),
            platforms: vec!["signal".to_owned()],
            lesson: "00".repeat(32),
            questions: "11".repeat(32),
            seed: 7,
            right,
            of: 8,
            wrong: (right..8).map(|number| format!("q{number}")).collect(),
            passed,
            at: at(moment),
            until: Record::valid_until(at(moment), passed),
        }
    }

    fn key() -> Key {
        Key::of(&[7; 32])
    }

    fn file() -> String {
        let mut text = String::new();
        for record in
            [record("p-1", "2026-01-10T09:00:00Z", 5), record("p-2", "2026-01-11T09:00:00Z", 8), record("p-1", "2026-01-14T09:00:00Z", 7)]
        {
            let chain = Chain::read(&text, &key().public()).unwrap();
            text += &chain.next(&record, &key()).unwrap();
        }
        text
    }

    #[test]
    fn records_are_read_as_they_were_signed() {
        let chain = Chain::read(&file(), &key().public()).unwrap();
        assert_eq!(chain.records.iter().map(|record| record.right).collect::<Vec<_>>(), [5, 8, 7]);
        assert_eq!(chain.records[1], record("p-2", "2026-01-11T09:00:00Z", 8));
    }

    #[test]
    fn a_record_edited_by_hand_is_refused() {
        let text = file();
        for (from, to) in [
            ("\"right\":5", "\"right\":8"),
            ("\"passed\":false", "\"passed\":true"),
            ("\"person\":\"p-2\"", "\"person\":\"p-3\""),
            ("2027-01-14", "2037-01-14"),
        ] {
            let edited = text.replacen(from, to, 1);
            assert_ne!(edited, text, "{from}");
            assert!(matches!(Chain::read(&edited, &key().public()), Err(RecordError::Signature(_))), "{from}");
        }
        let lines: Vec<&str> = text.lines().collect();
        let without = format!("{}\n{}\n", lines[0], lines[2]);
        assert_eq!(Chain::read(&without, &key().public()), Err(RecordError::Order(2)), "one was taken out");
        let swapped = format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]);
        assert_eq!(Chain::read(&swapped, &key().public()), Err(RecordError::Order(1)));
        let spaced = text.replacen("{\"record\"", "{ \"record\"", 1);
        assert_eq!(Chain::read(&spaced, &key().public()), Err(RecordError::Order(2)), "even a blank is seen by the line after it");
        assert_eq!(Chain::read(&text, &Key::of(&[8; 32]).public()), Err(RecordError::Signature(1)));
        assert_eq!(Chain::read(&text, "none"), Err(RecordError::Key));
        assert!(matches!(Chain::read("{}\n", &key().public()), Err(RecordError::Form(1, _))));
    }

    #[test]
    fn every_change_of_a_byte_is_noticed() {
        let text = file();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(Chain::read(&changed, &key().public()).is_err() || changed.trim_end() == text.trim_end(), "byte {at}");
        }
    }

    #[test]
    fn what_was_wrong_is_asked_again_after_three_days() {
        let chain = Chain::read(&file(), &key().public()).unwrap();
        assert!(chain.ask_again("p-1", at("2026-01-16T23:00:00Z")).is_empty());
        assert_eq!(chain.ask_again("p-1", at("2026-01-17T00:00:00Z")), ["q7"]);
        assert!(chain.ask_again("p-9", at("2026-01-17T00:00:00Z")).is_empty());
    }

    #[test]
    fn having_passed_counts_for_twelve_months() {
        let chain = Chain::read(&file(), &key().public()).unwrap();
        let valid = |today: &str| {
            standing(&chain, &["p-3".to_owned()], today.parse().unwrap()).into_iter().map(|one| one.valid).collect::<Vec<_>>()
        };
        assert_eq!(valid("2027-01-11"), [true, true, false]);
        assert_eq!(valid("2027-01-12"), [true, false, false]);
        assert_eq!(valid("2027-01-15"), [false, false, false]);
        let of_p1 = &standing(&chain, &[], "2026-02-01".parse().unwrap())[0];
        assert_eq!((of_p1.until, of_p1.again), (Some("2027-01-14".parse().unwrap()), Some((1, "2026-01-17".parse().unwrap()))));
    }
}
