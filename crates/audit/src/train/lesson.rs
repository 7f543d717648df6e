//! Lessons: six screens for each platform in use, made of what is known of it today.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::hex;
use crate::date::{Date, days_between};
use crate::value::{Confidence, Value};

/// What a registry says of one control of a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The control, such as `ENC-2`.
    pub control: String,
    /// What is claimed.
    pub value: Value,
    /// How sure it is.
    pub confidence: Confidence,
    /// For whom and what it holds; empty for everything.
    pub scope: String,
    /// The day on which its source was last seen to say so.
    pub seen: Option<Date>,
    /// More about it.
    pub note: Option<String>,
}

/// A lesson about one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// The platform.
    pub platform: String,
    /// Its name.
    pub name: String,
    /// Its screens.
    pub screens: Vec<Screen>,
}

/// One screen of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Screen {
    /// What it is about.
    pub title: String,
    /// What is known of the platform, with how sure and how old it is.
    pub known: Vec<String>,
    /// What to do.
    pub steps: Vec<String>,
}

/// A screen before it is filled: its title, the controls it tells of, and what to do.
struct Plan {
    title: &'static str,
    controls: &'static [&'static str],
    steps: &'static [&'static str],
}

const PLANS: [Plan; 6] = [
    Plan {
        title: "Where you see who can read it",
        controls: &["ENC-1", "ENC-2", "ENC-3", "ENC-4", "ENC-7", "ENC-8"],
        steps: &[
            "Open the details of the conversation and look whether it says end-to-end encrypted.",
            "Look again in every group and before every call: each is a claim of its own.",
            "When an indicator has gone, stop and tell the security team by another way.",
        ],
    },
    Plan {
        title: "Whether it is really them",
        controls: &["KEY-1", "KEY-2", "KEY-3"],
        steps: &[
            "Compare the safety number when you meet, or in a call in which you know the voice and the face.",
            "When a key has changed, ask by another way before you send something sensitive.",
            "Do not compare numbers in the conversation that is to be verified.",
        ],
    },
    Plan {
        title: "Your devices",
        controls: &["KEY-4", "KEY-5"],
        steps: &[
            "Look through the list of linked devices every week; remove what you do not know, then tell the security team.",
            "Scan a code only when you yourself began to link a device.",
            "Give codes and PINs to nobody, whoever asks.",
            "Set the PIN or passkey that protects the account from being registered anew.",
        ],
    },
    Plan {
        title: "Copies and backups",
        controls: &["ENC-5", "KEY-6", "META-2", "GOV-4"],
        steps: &[
            "Switch on encrypted backups or switch backups off, and agree on it with the other side.",
            "Do not count on deleting: what was sent may lie in a copy.",
        ],
    },
    Plan {
        title: "What a report discloses, and who else may look",
        controls: &["MOD-1", "MOD-2", "MOD-3", "ACC-1", "ACC-3", "GOV-5"],
        steps: &[
            "Report abuse; on an encrypted platform nobody else does.",
            "Know what a report sends along before you use it in a conversation with confidential matters.",
            "Do not take a platform that can look for one that finds.",
        ],
    },
    Plan {
        title: "When not to use it",
        controls: &["ORG-1", "GOV-2", "MIN-3"],
        steps: &[
            "Look up in the list of approved platforms which data may go through it.",
            "In doubt, do not send; ask, or take another way.",
        ],
    },
];

/// The controls without which sensitive data should not go through a platform, and what their absence means.
const NEEDED: [(&str, &str); 3] = [
    ("ENC-1", "the operator can read what is written"),
    ("ENC-2", "a new conversation is not encrypted unless somebody switches it on"),
    ("ENC-5", "a backup may hold readable copies"),
];

/// Makes the lesson about a platform. `question` gives the question of a control, `name` is what the platform is called.
pub fn lesson<'q>(platform: &str, name: &str, told: &[Told], question: impl Fn(&str) -> Option<&'q str>, today: Date) -> Lesson {
    let screens = PLANS.iter().map(|plan| {
        let mut known: Vec<String> = plan
            .controls
            .iter()
            .filter_map(|control| Some((*control, question(control)?)))
            .flat_map(|(control, question)| known(control, question, told, today))
            .collect();
        if plan.title == PLANS[5].title {
            known.splice(0..0, warnings(name, told));
        }
        Screen { title: plan.title.to_owned(), known, steps: plan.steps.iter().map(|step| (*step).to_owned()).collect() }
    });
    Lesson { platform: platform.to_owned(), name: name.to_owned(), screens: screens.collect() }
}

impl Lesson {
    /// SHA-256 of what is taught, in hex: another one when a claim has changed.
    pub fn sha256(lessons: &[Self]) -> String {
        let text = serde_json::to_vec(lessons).unwrap_or_default();
        hex(&Sha256::digest(&text))
    }
}

/// What is known of a control; nothing for controls of the organisation, of which a registry of platforms says nothing.
fn known(control: &str, question: &str, told: &[Told], today: Date) -> Vec<String> {
    let about: Vec<&Told> = told.iter().filter(|told| told.control == control).collect();
    if about.is_empty() {
        let organisation = control.starts_with("ORG");
        return if organisation { Vec::new() } else { vec![format!("{question} Unknown: nobody has found evidence. Treat it as a no.")] };
    }
    about.into_iter().map(|told| sentence(question, told, today)).collect()
}

fn sentence(question: &str, told: &Told, today: Date) -> String {
    let answer = match told.value {
        Value::Yes => "Yes",
        Value::No => "No",
        Value::Partial => "In part",
        Value::OptIn => "Only if it is switched on",
        Value::NotApplicable => "The question does not arise",
        Value::Unknown => "Unknown; treat it as a no",
        Value::Proactive => "It looks on its own",
        Value::Reactive => "It acts on reports",
        Value::None => "There is none",
    };
    let sure = match told.confidence {
        Confidence::Confirmed => "confirmed",
        Confidence::VendorClaim => "the vendor says so",
        Confidence::Reported => "reported by others alone",
        Confidence::Disputed => "disputed",
        Confidence::Unconfirmed => "not confirmed",
    };
    let scope = if told.scope.is_empty() { String::new() } else { format!(" ({})", told.scope) };
    let age = match told.seen.map(|seen| days_between(seen, today)) {
        Some(days) if days >= 0 => format!(", seen {days} days ago"),
        _ => ", undated".to_owned(),
    };
    let note = told.note.as_deref().map(|note| format!(" {note}")).unwrap_or_default();
    format!("{question} {answer}{scope}: {sure}{age}.{note}")
}

fn warnings(name: &str, told: &[Told]) -> Vec<String> {
    let holds = |control: &str| {
        let of_it: Vec<&Told> = told.iter().filter(|told| told.control == control).collect();
        !of_it.is_empty() && of_it.iter().all(|told| told.value == Value::Yes && told.confidence >= Confidence::VendorClaim)
    };
    let missing = NEEDED.iter().filter(|(control, _)| !holds(control));
    let mut warnings: Vec<String> = missing.map(|(control, means)| format!("Not shown for all of {name} ({control}): {means}.")).collect();
    if warnings.iter().any(|warning| warning.contains("ENC-1") || warning.contains("ENC-2")) {
        warnings.push(format!("Do not send personal, health or regulated data through {name}."));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(control: &str, value: Value, confidence: Confidence) -> Told {
        Told { control: control.to_owned(), value, confidence, scope: String::new(), seen: Some("2026-11-01".parse().unwrap()), note: None }
    }

    fn made(told: &[Told]) -> Lesson {
        lesson("x", "X", told, |control| (control != "MIN-3").then_some("Is it so?"), "2026-11-28".parse().unwrap())
    }

    #[test]
    fn a_lesson_has_six_screens_and_says_how_sure_it_is() {
        let lesson = made(&[told("ENC-1", Value::Yes, Confidence::Confirmed), told("ENC-2", Value::OptIn, Confidence::VendorClaim)]);
        assert_eq!(lesson.screens.len(), 6);
        assert_eq!(lesson.screens[0].known[0], "Is it so? Yes: confirmed, seen 27 days ago.");
        assert_eq!(lesson.screens[0].known[1], "Is it so? Only if it is switched on: the vendor says so, seen 27 days ago.");
        assert_eq!(lesson.screens[1].known[0], "Is it so? Unknown: nobody has found evidence. Treat it as a no.");
        assert!(lesson.screens.iter().all(|screen| !screen.steps.is_empty()));
    }

    #[test]
    fn what_is_not_shown_is_warned_of() {
        let last = |told: &[Told]| made(told).screens[5].known.join(" ");
        assert!(last(&[]).contains("Do not send personal, health or regulated data through X."));
        let good = [("ENC-1", Value::Yes), ("ENC-2", Value::Yes), ("ENC-5", Value::OptIn)]
            .map(|(control, value)| told(control, value, Confidence::VendorClaim));
        assert!(!last(&good).contains("Do not send") && last(&good).contains("ENC-5"));
        let disputed = [told("ENC-1", Value::Yes, Confidence::Disputed)];
        assert!(last(&disputed).contains("ENC-1"));
    }

    #[test]
    fn a_claim_that_changes_is_another_lesson() {
        let hash = |value| Lesson::sha256(&[made(&[told("ENC-1", value, Confidence::Confirmed)])]);
        assert_eq!(hash(Value::Yes), hash(Value::Yes));
        assert_ne!(hash(Value::Yes), hash(Value::No));
    }
}
