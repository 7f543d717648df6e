//! Why something is refused, in the words of the policies' annotations.

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Diagnostics, Effect, Entities, EntityUid, Policy, PolicyId, PolicySet, Request, Schema,
};

use super::{RightsError, fault};

/// What can be said about a refusal.
#[derive(Debug)]
pub(super) struct Reasons {
    /// The permissions alone, to tell "nothing permits it" from "something forbids it".
    permissions: PolicySet,
    /// What is needed for each action, by the first permission that speaks of it.
    needs: HashMap<EntityUid, String>,
    /// What each prohibition says, in the order of the file.
    whys: Vec<(PolicyId, String)>,
}

impl Reasons {
    /// Collects what the policies say.
    ///
    /// # Errors
    /// When a policy says nothing, or no permission speaks of an action.
    pub(super) fn of(policies: &PolicySet, schema: &Schema) -> Result<Self, RightsError> {
        let mut in_order: Vec<&Policy> = policies.policies().collect();
        // Cedar numbers the policies of a text in their order: policy0, policy1, …
        in_order.sort_by_key(|policy| (policy.id().to_string().len(), policy.id().to_string()));
        let (permissions, prohibitions): (Vec<&Policy>, Vec<&Policy>) =
            in_order.into_iter().partition(|policy| policy.effect() == Effect::Permit);
        let groups = schema.action_entities().map_err(fault)?;
        let mut needs = HashMap::new();
        for action in schema.actions() {
            let permission = permissions.iter().find(|policy| speaks_of(policy, action, &groups));
            let permission = permission.ok_or_else(|| fault(format_args!("nothing permits {action} to anybody")))?;
            needs.insert(action.clone(), said(permission, "needs")?);
        }
        let whys = prohibitions.into_iter().map(|policy| Ok((policy.id().clone(), said(policy, "why")?))).collect::<Result<_, _>>()?;
        let permissions = PolicySet::from_policies(permissions.into_iter().cloned()).map_err(fault)?;
        Ok(Self { permissions, needs, whys })
    }

    /// Why a request was refused: what is needed when nothing permits it, else the first prohibition.
    pub(super) fn why(&self, request: &Request, entities: &Entities, refusal: &Diagnostics) -> String {
        let permitted = Authorizer::new().is_authorized(request, &self.permissions, entities).decision() == Decision::Allow;
        let forbidding: Vec<&PolicyId> = if permitted { refusal.reason().collect() } else { Vec::new() };
        let first = self.whys.iter().find(|(id, _)| forbidding.contains(&id)).map(|(_, why)| why);
        let needed = request.action().and_then(|action| self.needs.get(action));
        first.or(needed).map_or_else(|| "this is not permitted".to_owned(), Clone::clone)
    }
}

/// Whether the policy is about the action or a group of it.
fn speaks_of(policy: &Policy, action: &EntityUid, groups: &Entities) -> bool {
    let holds = |named: &EntityUid| named == action || groups.is_ancestor_of(named, action);
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(named) => named == *action,
        ActionConstraint::In(named) => named.iter().any(holds),
    }
}

fn said(policy: &Policy, annotation: &str) -> Result<String, RightsError> {
    let words = policy.annotation(annotation).filter(|words| !words.is_empty());
    words.map(str::to_owned).ok_or_else(|| fault(format_args!("the policy has no @{annotation}: {policy}")))
}
