//! What a claim may say: the rules of confidence.

use super::age::ceiling;
use crate::controls::Control;
use crate::value::{Confidence, SourceKind, Value};

/// What is wrong with a claim, if anything: a rule and a reason.
pub(super) type Complaint = (&'static str, String);

/// Holds value, confidence and kinds of sources against one another.
pub(super) fn of_claim(control: &Control, value: Value, confidence: Confidence, kinds: &[SourceKind], against: usize) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !control.takes(value) {
        complaints.push(("value-not-for-control", format!("{} is not answered by {value}", control.id)));
    }
    let without_evidence = kinds.is_empty() || confidence == Confidence::Unconfirmed;
    if without_evidence && value != Value::Unknown {
        let why = if kinds.is_empty() { "no source says so" } else { "nothing confirms it" };
        complaints.push(("absence-is-unknown", format!("{why}: the value must be unknown, not {value}")));
    }
    if value == Value::Unknown && confidence > Confidence::Disputed {
        complaints.push(("unknown-is-unconfirmed", format!("what is unknown cannot be {confidence}")));
    }
    complaints.extend(of_confidence(confidence, kinds, against));
    complaints
}

/// Holds confidence against the kinds of sources.
pub(super) fn of_confidence(confidence: Confidence, kinds: &[SourceKind], against: usize) -> Option<Complaint> {
    if confidence == Confidence::Disputed {
        let few = kinds.len() + against < 2;
        return few.then(|| ("dispute-needs-two", "a dispute needs at least two sources".to_owned()));
    }
    let most = kinds.iter().map(|kind| ceiling(*kind)).max().unwrap_or(Confidence::Unconfirmed);
    (confidence > most).then(|| {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        let kinds = if kinds.is_empty() { "no source".to_owned() } else { kinds.join(", ") };
        ("confidence-too-high", format!("{kinds} alone cannot make it {confidence}; at most {most}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::SHIPPED;

    fn complaints(control: &str, value: Value, confidence: Confidence, kinds: &[SourceKind]) -> Vec<&'static str> {
        let (_, control) = SHIPPED.get(control).unwrap();
        of_claim(control, value, confidence, kinds, 0).into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn press_alone_is_reported_at_most() {
        for kind in [SourceKind::Press, SourceKind::Aggregator, SourceKind::Article, SourceKind::Court, SourceKind::Academic] {
            assert_eq!(complaints("ENC-1", Value::No, Confidence::VendorClaim, &[kind]), ["confidence-too-high"], "{kind}");
            assert_eq!(complaints("ENC-1", Value::No, Confidence::Confirmed, &[kind, kind]), ["confidence-too-high"]);
            assert!(complaints("ENC-1", Value::No, Confidence::Reported, &[kind]).is_empty());
        }
    }

    #[test]
    fn what_a_vendor_declares_is_its_claim_at_most() {
        for kind in [SourceKind::SelfDeclared, SourceKind::VendorBlog] {
            assert_eq!(complaints("ENC-1", Value::Yes, Confidence::Confirmed, &[kind]), ["confidence-too-high"]);
            assert!(complaints("ENC-1", Value::Yes, Confidence::VendorClaim, &[kind]).is_empty());
        }
        for kind in [SourceKind::ArchivedPolicy, SourceKind::VendorPage, SourceKind::Regulator, SourceKind::Audit, SourceKind::Probe] {
            assert!(complaints("ENC-1", Value::Yes, Confidence::Confirmed, &[kind]).is_empty());
        }
    }

    #[test]
    fn absence_of_evidence_is_unknown() {
        for value in [Value::No, Value::Yes, Value::Partial, Value::OptIn] {
            assert_eq!(complaints("ENC-1", value, Confidence::Unconfirmed, &[]), ["absence-is-unknown"]);
            assert_eq!(complaints("ENC-1", value, Confidence::Unconfirmed, &[SourceKind::VendorPage]), ["absence-is-unknown"]);
        }
        assert!(complaints("ENC-1", Value::Unknown, Confidence::Unconfirmed, &[]).is_empty());
        assert_eq!(complaints("ENC-1", Value::Unknown, Confidence::Confirmed, &[SourceKind::Audit]), ["unknown-is-unconfirmed"]);
    }

    #[test]
    fn a_dispute_needs_two_sources() {
        assert_eq!(complaints("ENC-1", Value::Partial, Confidence::Disputed, &[SourceKind::Press]), ["dispute-needs-two"]);
        assert!(complaints("ENC-1", Value::Partial, Confidence::Disputed, &[SourceKind::Press, SourceKind::VendorPage]).is_empty());
        assert_eq!(of_confidence(Confidence::Disputed, &[SourceKind::Press], 1), None, "one for and one against");
    }

    #[test]
    fn classes_of_moderation_answer_their_control_only() {
        let page = [SourceKind::VendorPage];
        assert_eq!(complaints("ENC-1", Value::Proactive, Confidence::Confirmed, &page), ["value-not-for-control"]);
        assert_eq!(complaints("MOD-1", Value::Yes, Confidence::Confirmed, &page), ["value-not-for-control"]);
    }
}
