//! Training: lessons made from the registry, a quiz, and records of who passed it.

mod bank;
mod html;
mod lesson;
mod records;

pub use bank::{Answered, BANK, Bank, Draw, Item, Paper, QUIZ_YAML, Question};
pub use html::page;
pub use lesson::{Lesson, Screen, Told, lesson};
pub use records::{Chain, Key, Record, RecordError, Standing, standing};

/// Questions of a quiz.
pub const DRAWN: usize = 8;
/// Right answers that pass.
pub const TO_PASS: usize = 7;
/// Days after which what was answered wrongly is asked again.
pub const ASK_AGAIN_DAYS: i64 = 3;
/// Months for which having passed counts.
pub const VALID_MONTHS: i32 = 12;

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}
