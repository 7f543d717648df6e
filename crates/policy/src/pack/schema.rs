//! The facts a rule may name, and their values.

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use model::facts::Facts;
use model::finding::Findings;

/// Facts that need no text: they exist in sealed conversations too.
pub(crate) const BEHAVIOUR: [&str; 20] = [
    "msg.kind",
    "msg.has_media",
    "msg.is_edit",
    "sender.age_band",
    "sender.account_age_h",
    "sender.strikes",
    "recipient.age_band",
    "recipient.account_age_h",
    "recipient.strikes",
    "pair.mutual",
    "pair.first_contact",
    "pair.prior_msgs",
    "counters.first_contacts_1h",
    "counters.new_minor_threads_24h",
    "counters.messages_1m",
    "counters.reports_7d",
    "ctx.tenant",
    "ctx.mode",
    "ctx.jurisdiction",
    "ctx.members",
];

/// Facts that are read from the text, besides `terms.*`.
pub(crate) const CONTENT: [&str; 5] = ["msg.len", "msg.links", "pair.themes", "counters.identical_texts_1h", "counters.identical_links_1h"];

/// One value of a fact.
pub(crate) enum Fact<'a> {
    /// A number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A name; never text of a message.
    Name(&'a str),
}

/// The value of the fact with this name; `terms.x` counts the hits of set `x` of `pack`.
pub(crate) fn value<'a>(name: &str, facts: &'a Facts, findings: &Findings, pack: &str) -> Option<Fact<'a>> {
    if let Some(set) = name.strip_prefix("terms.") {
        return Some(Fact::Int(hits(findings, pack, set)));
    }
    Some(match name {
        "msg.kind" => Fact::Name(&facts.msg.kind),
        "msg.len" => Fact::Int(facts.msg.len),
        "msg.links" => Fact::Int(facts.msg.links),
        "msg.has_media" => Fact::Bool(facts.msg.has_media),
        "msg.is_edit" => Fact::Bool(facts.msg.is_edit),
        "sender.age_band" => Fact::Name(facts.sender.age_band.as_str()),
        "sender.account_age_h" => Fact::Int(facts.sender.account_age_h),
        "sender.strikes" => Fact::Int(facts.sender.strikes),
        "recipient.age_band" => Fact::Name(facts.recipient.age_band.as_str()),
        "recipient.account_age_h" => Fact::Int(facts.recipient.account_age_h),
        "recipient.strikes" => Fact::Int(facts.recipient.strikes),
        "pair.mutual" => Fact::Bool(facts.pair.mutual),
        "pair.first_contact" => Fact::Bool(facts.pair.first_contact),
        "pair.prior_msgs" => Fact::Int(facts.pair.prior_msgs),
        "pair.themes" => Fact::Int(facts.pair.themes),
        "counters.identical_links_1h" => Fact::Int(facts.counters.identical_links_1h),
        "counters.first_contacts_1h" => Fact::Int(facts.counters.first_contacts_1h),
        "counters.new_minor_threads_24h" => Fact::Int(facts.counters.new_minor_threads_24h),
        "counters.identical_texts_1h" => Fact::Int(facts.counters.identical_texts_1h),
        "counters.messages_1m" => Fact::Int(facts.counters.messages_1m),
        "counters.reports_7d" => Fact::Int(facts.counters.reports_7d),
        "ctx.tenant" => Fact::Name(&facts.ctx.tenant),
        "ctx.mode" => Fact::Name(&facts.ctx.mode),
        "ctx.jurisdiction" => Fact::Name(&facts.ctx.jurisdiction),
        "ctx.members" => Fact::Int(facts.ctx.members),
        _ => return None,
    })
}

/// Whether the hit belongs to set `set` of `pack`.
pub(crate) fn is_of(term: &str, pack: &str, set: &str) -> bool {
    term.strip_prefix(pack).and_then(|rest| rest.strip_prefix('.')) == Some(set)
}

fn hits(findings: &Findings, pack: &str, set: &str) -> i64 {
    let count = findings.hits.iter().filter(|hit| is_of(&hit.term, pack, set)).count();
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What CEL asks for names.
pub(crate) struct Names<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) findings: &'a Findings,
    pub(crate) pack: &'a str,
}

impl cel::context::VariableResolver for Names<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        Some(match value(variable, self.facts, self.findings, self.pack)? {
            Fact::Int(number) => CowVal::owned(CelInt::from(number)),
            Fact::Bool(yes) => CowVal::owned(CelBool::from(yes)),
            Fact::Name(name) => CowVal::owned(CelString::from(name)),
        })
    }
}
