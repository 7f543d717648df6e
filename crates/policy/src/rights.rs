//! What members of staff may do: Cedar policies under `rights/`, checked against their schema when
//! loaded. Administration and reading are different roles, and the child-safety queue is opened by
//! its own role alone.

mod act;
mod reasons;

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};
use model::person::Role;

pub use self::act::Act;
use self::reasons::Reasons;

/// The queue that only [`Role::ChildSafety`] works.
pub const CHILD_SAFETY_QUEUE: &str = "child-safety";

/// What the rights depend on besides the roles. The default is a case like any other, of which
/// the person who asks is no party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts<'a> {
    /// The queue of the case.
    pub queue: &'a str,
    /// Whether the asking person holds the case.
    pub claimed_by_me: bool,
    /// Whether the asking person is the subject, the reporter or a member of the conversation.
    pub involved: bool,
    /// Whether the conversation is sealed.
    pub sealed: bool,
}

/// Policies that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rights: {0}")]
pub struct RightsError(String);

/// A refusal, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Denied {
    /// What is missing, or what stands in the way.
    pub why: String,
}

/// The policies, checked. Made once: reading them costs milliseconds, asking them microseconds.
#[derive(Debug)]
pub struct Rights {
    schema: Schema,
    policies: PolicySet,
    reasons: Reasons,
}

fn fault(error: impl std::fmt::Display) -> RightsError {
    RightsError(error.to_string())
}

impl Rights {
    /// The rights that ship with Frankly.
    pub fn shipped() -> Self {
        Self::read(include_str!("../rights/staff.cedarschema"), include_str!("../rights/staff.cedar"))
            .expect("the policies are part of the program, and its tests read them")
    }

    fn read(schema: &str, policies: &str) -> Result<Self, RightsError> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(fault)?;
        let policies = PolicySet::from_str(policies).map_err(fault)?;
        let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = checked.validation_errors().next() {
            return Err(fault(error));
        }
        let reasons = Reasons::of(&policies, &schema)?;
        Ok(Self { schema, policies, reasons })
    }

    /// Whether a person with these roles may do it. Anything that goes wrong on the way is a refusal.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, roles: &[Role], act: Act, case: CaseFacts<'_>) -> Result<(), Denied> {
        let failed = |error: &dyn std::fmt::Display| Denied { why: format!("the rights could not be read: {error}") };
        let (request, entities) = self.question(roles, act, case).map_err(|error| failed(&error))?;
        let answer = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(failed(error));
        }
        match answer.decision() {
            Decision::Allow => Ok(()),
            Decision::Deny => Err(Denied { why: self.reasons.why(&request, &entities, answer.diagnostics()) }),
        }
    }

    /// The role in which a read is done: the first of these that allows it by itself.
    pub fn reading_role(&self, roles: &[Role], case: CaseFacts<'_>) -> Option<Role> {
        roles.iter().copied().find(|role| self.check(&[*role], Act::Reveal, case).is_ok())
    }

    fn question(&self, roles: &[Role], act: Act, case: CaseFacts<'_>) -> Result<(Request, Entities), RightsError> {
        let principal = uid("Staff", "who asks")?;
        let roles = RestrictedExpression::new_set(roles.iter().map(|role| text(role.as_str())));
        let staff = entity(&principal, [("roles", roles)])?;
        let (resource, context) = if act.is_about_a_case() {
            let facts = [("queue", text(case.queue)), ("sealed", RestrictedExpression::new_bool(case.sealed))];
            let standing = [("holds_claim", case.claimed_by_me), ("is_party", case.involved)];
            let standing = standing.map(|(name, value)| (name.to_owned(), RestrictedExpression::new_bool(value)));
            (entity(&uid("Case", "the case")?, facts)?, Context::from_pairs(standing).map_err(fault)?)
        } else {
            (entity(&uid("Desk", "the desk")?, [])?, Context::empty())
        };
        let action = uid("Action", act.as_str())?;
        let request = Request::new(principal, action, resource.uid(), context, Some(&self.schema)).map_err(fault)?;
        let entities = Entities::from_entities([staff, resource], Some(&self.schema)).map_err(fault)?;
        Ok((request, entities))
    }
}

fn entity<const N: usize>(uid: &EntityUid, attributes: [(&str, RestrictedExpression); N]) -> Result<Entity, RightsError> {
    let attributes: HashMap<_, _> = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid.clone(), attributes, HashSet::new()).map_err(fault)
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, RightsError> {
    Ok(EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).map_err(fault)?, EntityId::new(id)))
}

#[cfg(test)]
mod tests;
