//! The facts a contact policy may name, and their values.

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use model::contact::{ContactCounters, ContactFacts, Party};
use model::person::AgeBand;

/// Every fact.
pub(super) const ALL: [&str; 19] = [
    "opener.age_band",
    "opener.age_known",
    "opener.jurisdiction",
    "opener.account_age_h",
    "opener.strikes",
    "target.age_band",
    "target.age_known",
    "target.jurisdiction",
    "target.account_age_h",
    "target.strikes",
    "pair.friends",
    "pair.follows",
    "pair.followed",
    "pair.blocked",
    "pair.guardian",
    "pair.acquainted",
    "kind",
    "mode",
    "tenant",
];

/// The facts of whoever opens, with which bounds and alerts go.
pub(super) const OPENER: [&str; 6] =
    ["opener.age_band", "opener.age_known", "opener.jurisdiction", "opener.account_age_h", "opener.strikes", "tenant"];

/// The counts that alerts go by.
pub(super) const COUNTERS: [&str; 4] =
    ["counters.contacts_1h", "counters.contacts_24h", "counters.young_24h", "counters.young_refused_24h"];

/// One value of a fact.
pub(super) enum Fact<'a> {
    Int(i64),
    Bool(bool),
    Name(&'a str),
}

/// The value of the fact with this name.
pub(super) fn value<'a>(name: &str, names: &Names<'a>) -> Option<Fact<'a>> {
    let Names { facts, counters } = *names;
    if let Some(field) = name.strip_prefix("opener.") {
        return of_party(field, &facts.opener);
    }
    if let Some(field) = name.strip_prefix("target.") {
        return of_party(field, &facts.target);
    }
    Some(match name {
        "pair.friends" => Fact::Bool(facts.pair.friends()),
        "pair.follows" => Fact::Bool(facts.pair.follows),
        "pair.followed" => Fact::Bool(facts.pair.followed),
        "pair.blocked" => Fact::Bool(facts.pair.blocks || facts.pair.blocked),
        "pair.guardian" => Fact::Bool(facts.pair.guardian),
        "pair.acquainted" => Fact::Bool(facts.pair.acquainted),
        "kind" => Fact::Name(facts.kind.as_str()),
        "mode" => Fact::Name(&facts.mode),
        "tenant" => Fact::Name(&facts.tenant),
        "counters.contacts_1h" => Fact::Int(counters.contacts_1h),
        "counters.contacts_24h" => Fact::Int(counters.contacts_24h),
        "counters.young_24h" => Fact::Int(counters.young_24h),
        "counters.young_refused_24h" => Fact::Int(counters.young_refused_24h),
        _ => return None,
    })
}

fn of_party<'a>(field: &str, party: &'a Party) -> Option<Fact<'a>> {
    Some(match field {
        "age_band" => Fact::Name(party.age_band.for_contact().as_str()),
        "age_known" => Fact::Bool(party.age_band != AgeBand::Unknown),
        "jurisdiction" => Fact::Name(&party.jurisdiction),
        "account_age_h" => Fact::Int(party.account_age_h),
        "strikes" => Fact::Int(party.strikes),
        _ => return None,
    })
}

/// What CEL asks for names.
pub(super) struct Names<'a> {
    pub(super) facts: &'a ContactFacts,
    pub(super) counters: &'a ContactCounters,
}

impl cel::context::VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        Some(match value(variable, self)? {
            Fact::Int(number) => CowVal::owned(CelInt::from(number)),
            Fact::Bool(yes) => CowVal::owned(CelBool::from(yes)),
            Fact::Name(name) => CowVal::owned(CelString::from(name)),
        })
    }
}
