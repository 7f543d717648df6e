use std::fmt::Write;
use std::sync::LazyLock;

use model::case::Outcome;
use proptest::prelude::*;

use super::*;

/// A case that the asking person may open.
const MINE: CaseFacts<'_> = CaseFacts { queue: "safety", claimed_by_me: true, involved: false, sealed: false };

/// Every case that the rights tell apart, the most ordinary first.
fn cases() -> impl Iterator<Item = (String, CaseFacts<'static>)> {
    (0..16).map(|bits| {
        let [claimed, sealed, involved, child_safety] = [1, 2, 4, 8].map(|bit| bits & bit != 0);
        let queue = if child_safety { CHILD_SAFETY_QUEUE } else { "safety" };
        let words = [
            if claimed { "claimed by who asks" } else { "not claimed by who asks" },
            if sealed { "sealed" } else { "readable" },
            if involved { "who asks is a party" } else { "who asks is no party" },
        ];
        (format!("queue {queue}, {}", words.join(", ")), CaseFacts { queue, claimed_by_me: claimed, involved, sealed })
    })
}

/// Every role, every act, every case: `yes`, or the letter of the reason why not.
#[test]
fn every_role_every_act_every_case() {
    let rights = Rights::shipped();
    let mut reasons: Vec<String> = Vec::new();
    let mut table = String::new();
    for (title, case) in cases() {
        writeln!(table, "\n{title}").unwrap();
        write!(table, "  {:<20}", "").unwrap();
        for role in Role::ALL {
            write!(table, " {:<15}", role.as_str()).unwrap();
        }
        table.push('\n');
        for act in Act::all() {
            write!(table, "  {:<20}", act.as_str()).unwrap();
            for role in Role::ALL {
                let cell = rights.check(&[role], act, case).map_or_else(|denied| letter(&mut reasons, denied.why), |()| "yes".to_owned());
                write!(table, " {cell:<15}").unwrap();
            }
            table.push('\n');
        }
    }
    let mut legend = String::new();
    for (index, why) in reasons.iter().enumerate() {
        writeln!(legend, "{}: {why}", name(index)).unwrap();
    }
    let table: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!("rights", format!("{legend}{}", table.join("\n")));
}

fn letter(reasons: &mut Vec<String>, why: String) -> String {
    let index = reasons.iter().position(|known| *known == why).unwrap_or_else(|| {
        reasons.push(why);
        reasons.len() - 1
    });
    name(index)
}

fn name(index: usize) -> String {
    char::from(b'A' + u8::try_from(index).unwrap()).to_string()
}

#[test]
fn nobody_opens_a_case_that_they_have_not_claimed() {
    let rights = Rights::shipped();
    let why = rights.check(&Role::ALL, Act::Reveal, CaseFacts { claimed_by_me: false, ..MINE }).unwrap_err().why;
    assert_eq!(why, "claim the case first");
    assert!(rights.check(&[Role::Reviewer], Act::Reveal, MINE).is_ok());
}

#[test]
fn those_who_administer_audit_or_advise_never_open() {
    let rights = Rights::shipped();
    let roles = [Role::Auditor, Role::TenantAdmin, Role::LegalOfficer, Role::PrivacyOfficer];
    for act in [Act::Look, Act::Claim, Act::Reveal, Act::Decide(Outcome::Dismiss)] {
        assert_eq!(rights.check(&roles, act, MINE).unwrap_err().why, "this needs the role of a reviewer", "{act:?}");
    }
}

#[test]
fn a_read_is_done_in_the_first_role_that_allows_it() {
    let rights = Rights::shipped();
    let child = CaseFacts { queue: CHILD_SAFETY_QUEUE, ..MINE };
    let roles = [Role::Reviewer, Role::ChildSafety, Role::Auditor];
    assert_eq!(rights.reading_role(&roles, MINE), Some(Role::Reviewer));
    assert_eq!(rights.reading_role(&roles, child), Some(Role::ChildSafety));
    assert_eq!(rights.reading_role(&roles, CaseFacts { sealed: true, ..MINE }), None);
}

#[test]
fn nobody_without_a_role_may_do_anything() {
    let rights = Rights::shipped();
    for act in Act::all() {
        assert!(rights.check(&[], act, MINE).is_err(), "{act:?}");
    }
}

#[test]
fn policies_that_do_not_fit_are_refused() {
    let schema = include_str!("../../rights/staff.cedarschema");
    let complaint = |policies: &str| Rights::read(schema, policies).unwrap_err().to_string();
    assert!(complaint("permit (principal, action == Action::\"fly\", resource);").contains("fly"));
    assert!(complaint("permit (principal, action, resource) when { principal.wings };").contains("wings"));
    assert!(complaint("permit (principal, action, resource);").contains("the policy has no @needs"));
    let shipped = include_str!("../../rights/staff.cedar");
    assert!(complaint(&format!("{shipped}\nforbid (principal, action, resource);")).contains("the policy has no @why"));
    let without_webhooks = shipped.replace("action == Action::\"webhooks\"", "action == Action::\"read_access\"");
    assert!(complaint(&without_webhooks).contains("nothing permits Action::\"webhooks\" to anybody"));
}

/// Of many prohibitions, the first in the file is told, also beyond the tenth.
#[test]
fn the_first_reason_is_told() {
    let schema = include_str!("../../rights/staff.cedarschema");
    let mut policies = "@needs(\"n\") permit (principal, action, resource);\n".to_owned();
    for number in 1..15 {
        writeln!(policies, "@why(\"{number}\") forbid (principal, action == Action::\"look\", resource) when {{ {} }};", number > 8)
            .unwrap();
    }
    let rights = Rights::read(schema, &policies).unwrap();
    assert_eq!(rights.check(&[Role::Auditor], Act::Look, MINE).unwrap_err().why, "9");
}

proptest! {
    /// Roles add up and never take away: together they allow what one of them allows.
    #[test]
    fn roles_together_allow_what_one_of_them_allows(
        roles in proptest::sample::subsequence(Role::ALL.to_vec(), 0..=Role::ALL.len()),
        act in proptest::sample::select(Act::all().collect::<Vec<_>>()),
        bits in 0_usize..16,
    ) {
        static RIGHTS: LazyLock<Rights> = LazyLock::new(Rights::shipped);
        let rights = &*RIGHTS;
        let (title, case) = cases().nth(bits).unwrap();
        let one = roles.iter().any(|role| rights.check(&[*role], act, case).is_ok());
        prop_assert_eq!(rights.check(&roles, act, case).is_ok(), one, "{:?} {:?} {}", roles, act, title);
    }
}
