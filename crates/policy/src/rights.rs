//! What members of staff may do: Cedar policies under `rights/`, checked against their schema when loaded.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use model::case::CaseState;
use model::conversation::Mode;
use model::person::Role;

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Identifier of the account.
    pub id: String,
    /// What the account is for.
    pub roles: Vec<Role>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See the cases waiting, without their messages.
    ViewQueue,
    /// Take a case.
    Claim,
    /// See the message of a case and those around it.
    Reveal,
    /// End a case.
    Decide,
    /// Keep an account from writing.
    Suspend,
    /// Keep an account out.
    Lock,
    /// See who read what, and why.
    ViewAccess,
    /// Set where notices go.
    ManageWebhooks,
    /// Give and take roles.
    ManagePeople,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::ViewQueue,
        Self::Claim,
        Self::Reveal,
        Self::Decide,
        Self::Suspend,
        Self::Lock,
        Self::ViewAccess,
        Self::ManageWebhooks,
        Self::ManagePeople,
    ];

    /// The name in the policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewQueue => "view_queue",
            Self::Claim => "claim",
            Self::Reveal => "reveal",
            Self::Decide => "decide",
            Self::Suspend => "suspend",
            Self::Lock => "lock",
            Self::ViewAccess => "view_access",
            Self::ManageWebhooks => "manage_webhooks",
            Self::ManagePeople => "manage_people",
        }
    }
}

/// What is known of the case asked about. For actions that are about no case, [`CaseFacts::none`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFacts {
    /// Its queue, as in `safety`.
    pub queue: String,
    /// Who has claimed it.
    pub claimed_by: Option<String>,
    /// Mode of the conversation.
    pub mode: Mode,
    /// Where it stands.
    pub state: CaseState,
    /// Why the message is to be seen; empty when not told.
    pub purpose: String,
}

impl CaseFacts {
    /// No case in particular.
    pub fn none() -> Self {
        Self { queue: String::new(), claimed_by: None, mode: Mode::Readable, state: CaseState::Open, purpose: String::new() }
    }
}

/// Policies that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rights: {0}")]
pub struct RightsError(String);

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not allowed: {why}")]
pub struct Denied {
    /// The rule that forbids it, or that nothing permits it.
    pub why: String,
}

/// The policies, checked.
#[derive(Debug)]
pub struct Rights {
    policies: PolicySet,
    schema: Schema,
}

fn fault(error: impl std::fmt::Display) -> RightsError {
    RightsError(error.to_string())
}

impl Rights {
    /// Reads the policies that ship with Frankly and checks them against their schema.
    pub fn load() -> Result<Self, RightsError> {
        Self::read(include_str!("../rights/staff.cedarschema"), include_str!("../rights/staff.cedar"))
    }

    fn read(schema: &str, policies: &str) -> Result<Self, RightsError> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(fault)?;
        let policies = PolicySet::from_str(policies).map_err(fault)?;
        let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        match checked.validation_errors().next() {
            Some(error) => Err(fault(error)),
            None => Ok(Self { policies, schema }),
        }
    }

    /// Whether `staff` may do `action` to the case. Anything that goes wrong on the way is a refusal.
    pub fn allows(&self, staff: &Staff, action: Action, case: &CaseFacts) -> Result<(), Denied> {
        let (request, entities) = self.ask(staff, action, case).map_err(|error| Denied { why: error.to_string() })?;
        let answer = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        if answer.decision() == Decision::Allow {
            return Ok(());
        }
        let name = |id| self.policies.annotation(id, "id").map(str::to_owned);
        let forbidding: Vec<String> = answer.diagnostics().reason().filter_map(name).collect();
        let why = if forbidding.is_empty() { format!("nothing permits {}", action.as_str()) } else { forbidding.join("; ") };
        Err(Denied { why })
    }

    fn ask(&self, staff: &Staff, action: Action, case: &CaseFacts) -> Result<(Request, Entities), RightsError> {
        let principal = uid("Staff", &staff.id)?;
        let resource = uid("Case", "case")?;
        let roles = RestrictedExpression::new_set(staff.roles.iter().map(|role| text(role.as_str())));
        let mut people = vec![Entity::new(principal.clone(), HashMap::from([("roles".to_owned(), roles)]), HashSet::new()).map_err(fault)?];
        let mut facts = HashMap::from([
            ("queue".to_owned(), text(&case.queue)),
            ("state".to_owned(), text(case.state.as_str())),
            ("mode".to_owned(), text(case.mode.as_str())),
        ]);
        if let Some(claimer) = &case.claimed_by {
            let claimer = uid("Staff", claimer)?;
            if claimer != principal {
                let none = RestrictedExpression::new_set([]);
                people.push(Entity::new(claimer.clone(), HashMap::from([("roles".to_owned(), none)]), HashSet::new()).map_err(fault)?);
            }
            facts.insert("claimed_by".to_owned(), RestrictedExpression::new_entity_uid(claimer));
        }
        people.push(Entity::new(resource.clone(), facts, HashSet::new()).map_err(fault)?);
        let context = match action {
            Action::Reveal => Context::from_pairs([("purpose".to_owned(), text(case.purpose.trim()))]).map_err(fault)?,
            _ => Context::empty(),
        };
        let request = Request::new(principal, uid("Action", action.as_str())?, resource, context, Some(&self.schema)).map_err(fault)?;
        let entities = Entities::from_entities(people, Some(&self.schema)).map_err(fault)?;
        Ok((request, entities))
    }
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, RightsError> {
    Ok(EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).map_err(fault)?, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_case(queue: &str) -> CaseFacts {
        CaseFacts {
            queue: queue.to_owned(),
            claimed_by: Some("@me".to_owned()),
            state: CaseState::Claimed,
            purpose: "report".to_owned(),
            ..CaseFacts::none()
        }
    }

    fn staff(role: Role) -> Staff {
        Staff { id: "@me".to_owned(), roles: vec![role] }
    }

    /// For each role, the actions allowed on an own claimed case of the queue.
    fn matrix(queue: &str) -> Vec<String> {
        let rights = Rights::load().unwrap();
        let line = |role: Role| {
            let allowed = Action::ALL.into_iter().filter(|action| rights_allow(&rights, role, *action, queue));
            format!("{}: {}", role.as_str(), allowed.map(Action::as_str).collect::<Vec<_>>().join(" "))
        };
        Role::ALL.into_iter().map(line).collect()
    }

    fn rights_allow(rights: &Rights, role: Role, action: Action, queue: &str) -> bool {
        rights.allows(&staff(role), action, &own_case(queue)).is_ok()
    }

    #[test]
    fn every_role_and_every_action() {
        let rest =
            ["legal_officer: ", "privacy_officer: view_access", "auditor: view_access", "tenant_admin: manage_webhooks manage_people"];
        let mut expected = vec![
            "reviewer: view_queue claim reveal decide",
            "senior_reviewer: view_queue claim reveal decide suspend lock",
            "child_safety: view_queue claim reveal decide suspend lock",
        ];
        expected.extend(rest);
        assert_eq!(matrix("safety"), expected);
        expected[0] = "reviewer: view_queue";
        expected[1] = "senior_reviewer: view_queue suspend lock";
        assert_eq!(matrix("child-safety"), expected);
    }

    #[test]
    fn reveal_needs_the_own_claim_a_purpose_and_a_readable_room() {
        let rights = Rights::load().unwrap();
        let why = |case: CaseFacts| rights.allows(&staff(Role::Reviewer), Action::Reveal, &case).unwrap_err().why;
        assert_eq!(why(CaseFacts { purpose: " ".to_owned(), ..own_case("safety") }), "no purpose, no reveal");
        assert_eq!(why(CaseFacts { mode: Mode::Sealed, ..own_case("safety") }), "sealed is sealed");
        assert_eq!(why(CaseFacts { claimed_by: Some("@other".to_owned()), ..own_case("safety") }), "nothing permits reveal");
        assert_eq!(why(CaseFacts { claimed_by: None, ..own_case("safety") }), "nothing permits reveal");
        let both = Staff { id: "@me".to_owned(), roles: vec![Role::Reviewer, Role::TenantAdmin] };
        assert!(rights.allows(&both, Action::Reveal, &own_case("safety")).is_err());
    }

    #[test]
    fn policies_that_do_not_fit_the_schema_are_refused() {
        let schema = include_str!("../rights/staff.cedarschema");
        assert!(Rights::read(schema, "permit (principal, action == Action::\"fly\", resource);").is_err());
        assert!(Rights::read(schema, "permit (principal, action, resource) when { principal.wings };").is_err());
    }
}
