//! The harms that rules may name, and what other people's lists call them.

/// A harm as rules name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Harm {
    /// Our name.
    pub name: &'static str,
    /// The nearest name of MSC4456.
    pub msc4456: &'static str,
    /// Category of a statement of reasons under the Digital Services Act.
    pub dsa: &'static str,
}

const fn harm(name: &'static str, msc4456: &'static str, dsa: &'static str) -> Harm {
    Harm { name, msc4456, dsa }
}

/// Every harm, by family. Names beyond MSC4456's are for what happens in direct messages.
pub const HARMS: [Harm; 51] = [
    harm("spam", "m.spam", "OTHER_VIOLATION_TC"),
    harm("spam.fraud", "m.spam.fraud", "SCAMS_AND_FRAUD"),
    harm("spam.phishing", "m.spam.fraud", "SCAMS_AND_FRAUD"),
    harm("spam.romance_scam", "m.spam.fraud", "SCAMS_AND_FRAUD"),
    harm("spam.impersonation", "m.spam.impersonation", "SCAMS_AND_FRAUD"),
    harm("spam.election_interference", "m.spam.election_interference", "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS"),
    harm("spam.flooding", "m.spam.flooding", "OTHER_VIOLATION_TC"),
    harm("spam.mass_contact", "m.spam.flooding", "OTHER_VIOLATION_TC"),
    harm("spam.link", "m.spam", "OTHER_VIOLATION_TC"),
    harm("adult", "m.adult", "OTHER_VIOLATION_TC"),
    harm("adult.solicitation", "m.adult", "OTHER_VIOLATION_TC"),
    harm("adult.sexual_abuse", "m.adult.sexual_abuse", "CYBER_VIOLENCE"),
    harm("adult.ncii", "m.adult.ncii", "CYBER_VIOLENCE"),
    harm("adult.sextortion", "m.adult.ncii", "CYBER_VIOLENCE"),
    harm("adult.deepfake", "m.adult.deepfake", "CYBER_VIOLENCE"),
    harm("adult.animal_sexual_abuse", "m.adult.animal_sexual_abuse", "ANIMAL_WELFARE"),
    harm("adult.sexual_violence", "m.adult.sexual_violence", "CYBER_VIOLENCE"),
    harm("harassment", "m.harassment", "CYBER_VIOLENCE"),
    harm("harassment.trolling", "m.harassment.trolling", "CYBER_VIOLENCE"),
    harm("harassment.targeted", "m.harassment.targeted", "CYBER_VIOLENCE"),
    harm("harassment.offensive", "m.harassment", "ILLEGAL_OR_HARMFUL_SPEECH"),
    harm("harassment.hate", "m.harassment.hate", "ILLEGAL_OR_HARMFUL_SPEECH"),
    harm("harassment.doxxing", "m.harassment.doxxing", "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"),
    harm("harassment.stalking", "m.harassment.targeted", "CYBER_VIOLENCE"),
    harm("violence", "m.violence", "VIOLENCE"),
    harm("violence.animal_welfare", "m.violence.animal_welfare", "ANIMAL_WELFARE"),
    harm("violence.threat", "m.violence.threats", "VIOLENCE"),
    harm("violence.graphic", "m.violence.graphic", "VIOLENCE"),
    harm("violence.glorification", "m.violence.glorification", "VIOLENCE"),
    harm("violence.extremism", "m.violence.extremist", "RISK_FOR_PUBLIC_SECURITY"),
    harm("violence.human_trafficking", "m.violence.human_trafficking", "RISK_FOR_PUBLIC_SECURITY"),
    harm("child_safety", "m.child_safety", "PROTECTION_OF_MINORS"),
    harm("child_safety.csam", "m.child_safety.csam", "PROTECTION_OF_MINORS"),
    harm("child_safety.grooming", "m.child_safety.grooming", "PROTECTION_OF_MINORS"),
    harm("child_safety.solicitation", "m.child_safety.grooming", "PROTECTION_OF_MINORS"),
    harm("child_safety.sextortion", "m.child_safety.grooming", "PROTECTION_OF_MINORS"),
    harm("child_safety.age_mismatch_contact", "m.child_safety", "PROTECTION_OF_MINORS"),
    harm("child_safety.privacy_violation", "m.child_safety.privacy_violation", "PROTECTION_OF_MINORS"),
    harm("child_safety.harassment", "m.child_safety.harassment", "PROTECTION_OF_MINORS"),
    harm("danger", "m.danger", "SELF_HARM"),
    harm("danger.self_harm", "m.danger.self_harm", "SELF_HARM"),
    harm("danger.self_harm_encouragement", "m.danger.self_harm", "SELF_HARM"),
    harm("danger.eating_disorder", "m.danger.eating_disorder", "SELF_HARM"),
    harm("danger.challenges", "m.danger.challenges", "SELF_HARM"),
    harm("danger.substance_abuse", "m.danger.substance_abuse", "UNSAFE_AND_PROHIBITED_PRODUCTS"),
    harm("tos", "m.tos", "OTHER_VIOLATION_TC"),
    harm("tos.hacking", "m.tos.hacking", "OTHER_VIOLATION_TC"),
    harm("tos.prohibited", "m.tos.prohibited", "UNSAFE_AND_PROHIBITED_PRODUCTS"),
    harm("tos.ban_evasion", "m.tos.ban_evasion", "OTHER_VIOLATION_TC"),
    harm("tos.mass_dm", "m.tos", "OTHER_VIOLATION_TC"),
    harm("tos.off_platform_move", "m.tos", "OTHER_VIOLATION_TC"),
];

/// The harm with this name. An operator's own begin with `x.`; they have no place in anybody else's list.
pub fn harm_named(name: &str) -> Option<Harm> {
    HARMS.into_iter().find(|harm| harm.name == name)
}

/// Whether a rule may name it.
pub(crate) fn is_known(name: &str) -> bool {
    harm_named(name).is_some() || name.strip_prefix("x.").is_some_and(|own| !own.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_harm_is_listed_twice_and_each_belongs_to_a_family() {
        let mut names: Vec<&str> = HARMS.iter().map(|harm| harm.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), HARMS.len());
        for harm in HARMS {
            let family = harm.name.split('.').next().unwrap_or_default();
            assert!(harm_named(family).is_some(), "{}", harm.name);
            assert!(harm.msc4456.starts_with("m."), "{}", harm.name);
        }
        assert!(is_known("x.own") && !is_known("x.") && !is_known("violence.thraet"));
    }
}
