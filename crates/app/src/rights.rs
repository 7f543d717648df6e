//! Who of the staff may do what. Administration and reading are different roles, and the
//! child-safety queue is opened by its own role alone.

use model::case::Outcome;
use model::person::Role;

/// The queue that only [`Role::ChildSafety`] works.
pub const CHILD_SAFETY_QUEUE: &str = "child-safety";

/// What a member of staff wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See the queue and a case, without its message.
    Look,
    /// Take a case.
    Claim,
    /// Open the message of a case.
    Reveal,
    /// Decide a case.
    Decide(Outcome),
    /// See every access record.
    ReadAccess,
    /// See the deliveries of the webhook and repeat one.
    Webhooks,
}

/// What the rights depend on besides the role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of the case")]
pub struct CaseFacts {
    /// Whether the case lies in [`CHILD_SAFETY_QUEUE`].
    pub child_safety: bool,
    /// Whether the asking person holds the case.
    pub claimed_by_me: bool,
    /// Whether the asking person is the subject, the reporter or a member of the conversation.
    pub involved: bool,
    /// Whether the conversation is sealed.
    pub sealed: bool,
}

/// Whether a person with these roles may do it.
///
/// # Errors
/// Why not, in words for the person who asked.
pub fn check(roles: &[Role], act: Act, case: CaseFacts) -> Result<(), &'static str> {
    let has = |role: Role| roles.contains(&role);
    let reviews = has(Role::Reviewer) || has(Role::SeniorReviewer) || has(Role::ChildSafety);
    let senior = has(Role::SeniorReviewer) || has(Role::ChildSafety);
    match act {
        Act::Look | Act::Claim | Act::Reveal | Act::Decide(_) if !reviews => Err("this needs the role of a reviewer"),
        Act::Look | Act::Claim | Act::Reveal | Act::Decide(_) if case.child_safety && !has(Role::ChildSafety) => {
            Err("this case belongs to the child-safety queue")
        }
        Act::Claim | Act::Reveal | Act::Decide(_) if case.involved => Err("you are a party to this case; somebody else decides it"),
        Act::Reveal | Act::Decide(_) if !case.claimed_by_me => Err("claim the case first"),
        Act::Reveal if case.sealed => Err("this conversation is sealed; there is nothing that could be read"),
        Act::Decide(Outcome::Suspend | Outcome::Lock) if !senior => Err("this needs the role of a senior reviewer"),
        Act::ReadAccess if !has(Role::Auditor) && !has(Role::PrivacyOfficer) => Err("this needs the role of an auditor or privacy officer"),
        Act::Webhooks if !has(Role::TenantAdmin) && !has(Role::SeniorReviewer) => Err("this needs the role of a tenant administrator or senior reviewer"),
        Act::Look | Act::Claim | Act::Reveal | Act::Decide(_) | Act::ReadAccess | Act::Webhooks => Ok(()),
    }
}

/// The role in which a read is done: the most ordinary one that allows it.
pub fn reading_role(roles: &[Role], case: CaseFacts) -> Role {
    let fits = |role: &Role| check(&[*role], Act::Reveal, case).is_ok();
    roles.iter().copied().find(fits).unwrap_or(Role::Reviewer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINE: CaseFacts = CaseFacts { child_safety: false, claimed_by_me: true, involved: false, sealed: false };

    /// Every set of roles, every act, every case: the policies say what the table says, in the same words.
    #[test]
    fn the_policies_say_the_same() {
        let rights = policy::rights::Rights::shipped();
        for roles in 0..1_u32 << Role::ALL.len() {
            let roles: Vec<Role> = Role::ALL.into_iter().enumerate().filter(|(bit, _)| roles >> bit & 1 == 1).map(|(_, role)| role).collect();
            for facts in 0..16 {
                let [child_safety, claimed_by_me, involved, sealed] = [1, 2, 4, 8].map(|bit| facts & bit != 0);
                let case = CaseFacts { child_safety, claimed_by_me, involved, sealed };
                let queue = if child_safety { CHILD_SAFETY_QUEUE } else { "safety" };
                let told = policy::rights::CaseFacts { queue, claimed_by_me, involved, sealed };
                for act in policy::rights::Act::all() {
                    let same = match act {
                        policy::rights::Act::Look => Act::Look,
                        policy::rights::Act::Claim => Act::Claim,
                        policy::rights::Act::Reveal => Act::Reveal,
                        policy::rights::Act::Decide(outcome) => Act::Decide(outcome),
                        policy::rights::Act::ReadAccess => Act::ReadAccess,
                        policy::rights::Act::Webhooks => Act::Webhooks,
                    };
                    let answer = rights.check(&roles, act, told).map_err(|denied| denied.why);
                    assert_eq!(answer, check(&roles, same, case).map_err(str::to_owned), "{roles:?} {act:?} {case:?}");
                }
                assert_eq!(rights.reading_role(&roles, told).unwrap_or(Role::Reviewer), reading_role(&roles, case), "{roles:?} {case:?}");
            }
        }
    }

    #[test]
    fn nobody_reads_a_case_that_they_have_not_claimed() {
        for role in Role::ALL {
            assert!(check(&[role], Act::Reveal, CaseFacts { claimed_by_me: false, ..MINE }).is_err(), "{role:?}");
        }
        assert!(check(&[Role::Reviewer], Act::Reveal, MINE).is_ok());
    }

    #[test]
    fn those_who_administer_audit_or_advise_never_read() {
        for role in [Role::Auditor, Role::TenantAdmin, Role::LegalOfficer, Role::PrivacyOfficer] {
            for act in [Act::Look, Act::Claim, Act::Reveal, Act::Decide(Outcome::Dismiss)] {
                assert!(check(&[role], act, MINE).is_err(), "{role:?} {act:?}");
            }
        }
    }

    #[test]
    fn child_safety_is_opened_by_its_own_role() {
        let case = CaseFacts { child_safety: true, ..MINE };
        for role in Role::ALL {
            for act in [Act::Look, Act::Claim, Act::Reveal, Act::Decide(Outcome::Lock)] {
                assert_eq!(check(&[role], act, case).is_ok(), role == Role::ChildSafety, "{role:?} {act:?}");
            }
        }
        assert_eq!(reading_role(&[Role::Reviewer, Role::ChildSafety], case), Role::ChildSafety);
    }

    #[test]
    fn only_seniors_suspend_and_lock() {
        for outcome in Outcome::ALL {
            let limits_account = matches!(outcome, Outcome::Suspend | Outcome::Lock);
            assert_eq!(check(&[Role::Reviewer], Act::Decide(outcome), MINE).is_ok(), !limits_account);
            assert!(check(&[Role::SeniorReviewer], Act::Decide(outcome), MINE).is_ok());
        }
    }

    #[test]
    fn nobody_decides_their_own_case_and_nobody_opens_a_sealed_one() {
        assert!(check(&Role::ALL, Act::Claim, CaseFacts { involved: true, ..MINE }).is_err());
        assert!(check(&Role::ALL, Act::Reveal, CaseFacts { sealed: true, ..MINE }).is_err());
    }
}
