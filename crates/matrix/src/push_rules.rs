//! Push rules.

use app::Error;
use ruma::api::client::push::{
    delete_pushrule, get_pushrule, get_pushrule_actions, get_pushrule_enabled, get_pushrules_all, get_pushrules_global_scope, set_pushrule,
    set_pushrule_actions, set_pushrule_enabled,
};
use ruma::push::{AnyPushRuleRef, InsertPushRuleError, RemovePushRuleError, RuleKind, Ruleset};

use crate::error::Refusal;
use crate::extract::Call;
use crate::router::Table;

pub(crate) fn routes(table: Table) -> Table {
    table
        .matrix(all)
        .matrix_at(&["/_matrix/client/v3/pushrules", "/_matrix/client/r0/pushrules"], &[], all)
        .matrix(global)
        .matrix(one)
        .matrix(put)
        .matrix(remove)
        .matrix(enabled)
        .matrix(set_enabled)
        .matrix(actions)
        .matrix(set_actions)
}

async fn all(call: Call<get_pushrules_all::v3::Request>) -> Result<get_pushrules_all::v3::Response, Refusal> {
    Ok(get_pushrules_all::v3::Response::new(call.app.push_rules(&call.who.user_id).await?))
}

async fn global(call: Call<get_pushrules_global_scope::v3::Request>) -> Result<get_pushrules_global_scope::v3::Response, Refusal> {
    Ok(get_pushrules_global_scope::v3::Response::new(call.app.push_rules(&call.who.user_id).await?))
}

async fn one(call: Call<get_pushrule::v3::Request>) -> Result<get_pushrule::v3::Response, Refusal> {
    let rules = call.app.push_rules(&call.who.user_id).await?;
    let rule = find(&rules, call.body.kind, &call.body.rule_id)?;
    Ok(get_pushrule::v3::Response::new(rule.to_owned().into()))
}

async fn put(call: Call<set_pushrule::v3::Request>) -> Result<set_pushrule::v3::Response, Refusal> {
    let body = call.body;
    let mut rules = call.app.push_rules(&call.who.user_id).await?;
    rules.insert(body.rule, body.after.as_deref(), body.before.as_deref()).map_err(not_inserted)?;
    call.app.set_push_rules(&call.who.user_id, &rules).await?;
    Ok(set_pushrule::v3::Response::new())
}

async fn remove(call: Call<delete_pushrule::v3::Request>) -> Result<delete_pushrule::v3::Response, Refusal> {
    let mut rules = call.app.push_rules(&call.who.user_id).await?;
    rules.remove(call.body.kind, &call.body.rule_id).map_err(|error| match error {
        RemovePushRuleError::NotFound => not_found(),
        _ => Error::InvalidParam("the server's own rules can be disabled, not deleted".to_owned()),
    })?;
    call.app.set_push_rules(&call.who.user_id, &rules).await?;
    Ok(delete_pushrule::v3::Response::new())
}

async fn enabled(call: Call<get_pushrule_enabled::v3::Request>) -> Result<get_pushrule_enabled::v3::Response, Refusal> {
    let rules = call.app.push_rules(&call.who.user_id).await?;
    let enabled = find(&rules, call.body.kind, &call.body.rule_id)?.enabled();
    Ok(get_pushrule_enabled::v3::Response::new(enabled))
}

async fn set_enabled(call: Call<set_pushrule_enabled::v3::Request>) -> Result<set_pushrule_enabled::v3::Response, Refusal> {
    let body = call.body;
    let mut rules = call.app.push_rules(&call.who.user_id).await?;
    rules.set_enabled(body.kind, &body.rule_id, body.enabled).map_err(|_| not_found())?;
    call.app.set_push_rules(&call.who.user_id, &rules).await?;
    Ok(set_pushrule_enabled::v3::Response::new())
}

async fn actions(call: Call<get_pushrule_actions::v3::Request>) -> Result<get_pushrule_actions::v3::Response, Refusal> {
    let rules = call.app.push_rules(&call.who.user_id).await?;
    let actions = find(&rules, call.body.kind, &call.body.rule_id)?.actions().to_vec();
    Ok(get_pushrule_actions::v3::Response::new(actions))
}

async fn set_actions(call: Call<set_pushrule_actions::v3::Request>) -> Result<set_pushrule_actions::v3::Response, Refusal> {
    let body = call.body;
    let mut rules = call.app.push_rules(&call.who.user_id).await?;
    rules.set_actions(body.kind, &body.rule_id, body.actions).map_err(|_| not_found())?;
    call.app.set_push_rules(&call.who.user_id, &rules).await?;
    Ok(set_pushrule_actions::v3::Response::new())
}

fn find<'a>(rules: &'a Ruleset, kind: RuleKind, rule_id: &str) -> Result<AnyPushRuleRef<'a>, Error> {
    rules.get(kind, rule_id).ok_or_else(not_found)
}

fn not_found() -> Error {
    Error::NotFound("there is no such push rule".to_owned())
}

fn not_inserted(error: InsertPushRuleError) -> Error {
    match error {
        InsertPushRuleError::UnknownRuleId => Error::NotFound("the rule to put it before or after does not exist".to_owned()),
        other => Error::InvalidParam(other.to_string()),
    }
}
