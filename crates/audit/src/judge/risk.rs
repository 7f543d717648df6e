//! How much a platform's provider can see, with the reasons printed; the last column of the second table.

use super::Sheet;
use crate::value::{Confidence, Value};

/// How much of a risk to privacy the provider itself is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RiskLevel {
    /// The provider can read messages.
    Higher,
    /// The provider cannot read them, by what is known.
    Lower,
    /// What is known does not decide it.
    Unknown,
}

impl RiskLevel {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Unknown => "not decided",
        }
    }
}

/// The level and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// How much.
    pub level: RiskLevel,
    /// Each with the control it rests on.
    pub reasons: Vec<String>,
}

/// Judges the risk to privacy on a platform.
///
/// It goes by what was last known, also where that is stale: the cells beside it show their age.
pub fn risk(sheet: &Sheet<'_>) -> Risk {
    let answer = |control: &str| last_known(sheet, control);
    let readable = match (answer("ENC-1"), answer("ENC-2")) {
        (_, Some(Value::No | Value::OptIn | Value::Partial)) | (Some(Value::No), None) => Some(true),
        (_, Some(Value::Yes)) => Some(false),
        _ => None,
    };
    let mut reasons = Vec::new();
    match readable {
        Some(true) => reasons.push(match answer("ENC-2") {
            Some(Value::Partial) => "not every conversation is encrypted by default (ENC-2)".to_owned(),
            Some(Value::OptIn) => "the provider can read what nobody switched encryption on for (ENC-2)".to_owned(),
            _ => "the provider can read messages (ENC-2)".to_owned(),
        }),
        Some(false) => reasons.push("the provider cannot read messages, as far as is known (ENC-2)".to_owned()),
        None => reasons.push("it is not known whether messages are encrypted by default (ENC-2)".to_owned()),
    }
    match answer("ENC-5") {
        Some(Value::No) => reasons.push("stored history or backups can be read by the provider (ENC-5)".to_owned()),
        Some(Value::OptIn | Value::Partial) => reasons.push("backups can be read unless somebody switches that off (ENC-5)".to_owned()),
        None if readable == Some(false) => reasons.push("backups: not known (ENC-5)".to_owned()),
        _ => {}
    }
    if answer("KEY-6") == Some(Value::No) {
        reasons.push("private keys may be recovered by the provider (KEY-6)".to_owned());
    }
    if readable != Some(false) {
        match answer("ACC-1") {
            Some(Value::Yes) => reasons.push("reading by staff is bounded and on a record that can be checked (ACC-1)".to_owned()),
            Some(_) => reasons.push("reading by staff is bounded, but no outsider can check the record (ACC-1)".to_owned()),
            None => reasons.push("who of the staff reads messages, and why, is not known (ACC-1)".to_owned()),
        }
        if answer("ACC-3") == Some(Value::Yes) {
            reasons.push("content can be demanded by legal process (ACC-3)".to_owned());
        }
    }
    if answer("GOV-6") == Some(Value::Yes) {
        reasons.push("sanctions, breaches or litigation are on record (GOV-6)".to_owned());
    } else if sheet.cell("GOV-6").is_some_and(|cell| cell.judged.iter().any(|judged| judged.claim.confidence == Confidence::Disputed)) {
        reasons.push("litigation is pending (GOV-6)".to_owned());
    }
    let level = match readable {
        Some(true) => RiskLevel::Higher,
        Some(false) if answer("KEY-6") == Some(Value::No) => RiskLevel::Higher,
        Some(false) => RiskLevel::Lower,
        None => RiskLevel::Unknown,
    };
    Risk { level, reasons }
}

/// The worst answer that evidence gives, of whatever age; none when it is unknown or disputed.
fn last_known(sheet: &Sheet<'_>, control: &str) -> Option<Value> {
    let cell = sheet.cell(control)?;
    let known = cell.judged.iter().filter(|judged| judged.claim.confidence > Confidence::Disputed);
    let met_by = &cell.control.met_by;
    known.map(|judged| judged.claim.value).filter(|value| *value != Value::Unknown).min_by_key(|value| met_by.contains(value))
}

#[cfg(test)]
mod tests {
    use super::super::{Assessment, Settings};
    use super::*;
    use crate::registry::{PLATFORMS_FILE, PLATFORMS_YAML, read};

    #[test]
    fn the_two_of_the_article_come_out_as_it_says_with_reasons() {
        let day = "2026-11-28".parse().unwrap();
        let (registry, _) = read(PLATFORMS_FILE, PLATFORMS_YAML, day).unwrap();
        let made = Assessment::make(&registry, day, &Settings::default()).unwrap();
        let of = |id: &str| risk(made.sheet(id).unwrap());
        assert_eq!(of("tiktok").level, RiskLevel::Higher);
        assert!(of("tiktok").reasons[0].starts_with("the provider can read messages"));
        assert_eq!(of("whatsapp").level, RiskLevel::Lower);
        assert!(of("whatsapp").reasons.iter().any(|reason| reason.starts_with("litigation is pending")));
        assert_eq!(of("snapchat").level, RiskLevel::Unknown, "sources contradict one another");
        assert_eq!((of("frankly-readable").level, of("frankly-sealed").level), (RiskLevel::Higher, RiskLevel::Lower), "by the same rule");
        for sheet in &made.sheets {
            assert!(!risk(sheet).reasons.is_empty(), "{}", sheet.platform.id);
        }
    }
}
