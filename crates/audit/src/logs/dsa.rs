//! The CSV files of the European database of statements of reasons (Digital Services Act, Art. 24(5)).
//!
//! The column names are those that the database's own export writes. Until mid-2025 a full file had 37 columns; since
//! then it has `content_id_ean` too. The light files leave out the long texts and the territories.

use super::row::Field;

/// The columns of a full file of today, in their order.
pub const COLUMNS: [&str; 38] = [
    "uuid",
    "decision_visibility",
    "decision_visibility_other",
    "end_date_visibility_restriction",
    "decision_monetary",
    "decision_monetary_other",
    "end_date_monetary_restriction",
    "decision_provision",
    "end_date_service_restriction",
    "decision_account",
    "end_date_account_restriction",
    "account_type",
    "decision_ground",
    "decision_ground_reference_url",
    "illegal_content_legal_ground",
    "illegal_content_explanation",
    "incompatible_content_ground",
    "incompatible_content_explanation",
    "incompatible_content_illegal",
    "category",
    "category_addition",
    "category_specification",
    "category_specification_other",
    "content_type",
    "content_type_other",
    "content_language",
    "content_date",
    "content_id_ean",
    "territorial_scope",
    "application_date",
    "decision_facts",
    "source_type",
    "source_identity",
    "automated_detection",
    "automated_decision",
    "platform_name",
    "platform_uid",
    "created_at",
];

/// The column by which the two generations differ.
pub const SINCE_2025: &str = "content_id_ean";

/// Columns that the light files leave out.
pub const LEFT_OUT_OF_LIGHT: [&str; 4] =
    ["illegal_content_explanation", "incompatible_content_explanation", "territorial_scope", "decision_facts"];

/// The categories that exist today.
pub const CATEGORIES: [&str; 16] = [
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "STATEMENT_CATEGORY_SELF_HARM",
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    "STATEMENT_CATEGORY_VIOLENCE",
];

/// Categories of the first generation, and what became of them.
pub const OLD_CATEGORIES: [(&str, &str); 4] = [
    ("STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR", "given up in 2025"),
    ("STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT", "given up in 2025"),
    ("STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE", "now STATEMENT_CATEGORY_OTHER_VIOLATION_TC"),
    ("STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS", "now STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS"),
];

/// The category of statements that concern minors.
pub const MINORS: &str = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS";

/// Which form of the file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// 37 columns.
    Until2025,
    /// 38 columns.
    Since2025,
    /// Until 2025, without the long texts.
    LightUntil2025,
    /// Since 2025, without the long texts.
    LightSince2025,
}

impl Generation {
    /// Recognises the form by its header, in whatever order the columns stand.
    pub fn of(header: &[String]) -> Option<Self> {
        let has = |name: &str| header.iter().any(|column| column == name);
        let light = LEFT_OUT_OF_LIGHT.iter().all(|name| !has(name));
        let since = has(SINCE_2025);
        let expected =
            COLUMNS.iter().filter(|name| **name != SINCE_2025 || since).filter(|name| !light || !LEFT_OUT_OF_LIGHT.contains(name));
        let whole = expected.clone().all(|name| has(name)) && header.len() == expected.count();
        whole.then_some(match (light, since) {
            (false, false) => Self::Until2025,
            (false, true) => Self::Since2025,
            (true, false) => Self::LightUntil2025,
            (true, true) => Self::LightSince2025,
        })
    }
}

/// Which column tells what. The first of several columns for one field that is not empty counts.
pub(super) const FIELDS: [(Field, &str); 13] = [
    (Field::Id, "uuid"),
    (Field::At, "created_at"),
    (Field::Began, "content_date"),
    (Field::Applied, "application_date"),
    (Field::Category, "category"),
    (Field::Outcome, "decision_visibility"),
    (Field::Outcome, "decision_account"),
    (Field::Outcome, "decision_provision"),
    (Field::Outcome, "decision_monetary"),
    (Field::Automated, "automated_decision"),
    (Field::Text, "decision_facts"),
    (Field::Text, "incompatible_content_explanation"),
    (Field::Text, "illegal_content_explanation"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn header(without: &[&str]) -> Vec<String> {
        COLUMNS.iter().filter(|name| !without.contains(name)).map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn generations_are_told_apart_by_their_header() {
        assert_eq!(Generation::of(&header(&[])), Some(Generation::Since2025));
        assert_eq!(header(&[SINCE_2025]).len(), 37);
        assert_eq!(Generation::of(&header(&[SINCE_2025])), Some(Generation::Until2025));
        assert_eq!(Generation::of(&header(&LEFT_OUT_OF_LIGHT)), Some(Generation::LightSince2025));
        let old_light = [&LEFT_OUT_OF_LIGHT[..], &[SINCE_2025]].concat();
        assert_eq!(Generation::of(&header(&old_light)), Some(Generation::LightUntil2025));
        assert_eq!(Generation::of(&header(&["uuid"])), None);
        assert_eq!(Generation::of(&[header(&[]), vec!["more".to_owned()]].concat()), None);
    }
}
