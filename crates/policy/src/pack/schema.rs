//! The facts a rule may name, and their values.

use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::CowVal;
use model::facts::Facts;
use model::finding::Findings;

/// One value of a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fact<'a> {
    /// A number.
    Int(i64),
    /// A share.
    Real(f64),
    /// Yes or no.
    Bool(bool),
    /// A name; never text of a message.
    Name(&'a str),
}

/// Where the value of a fact comes from.
pub(crate) type Get = for<'a> fn(&'a Facts, &'a Findings) -> Fact<'a>;

/// Facts that need no text: they exist in sealed conversations too.
const BEHAVIOUR: [(&str, Get); 20] = [
    ("msg.kind", |facts, _| Fact::Name(&facts.msg.kind)),
    ("msg.has_media", |facts, _| Fact::Bool(facts.msg.has_media)),
    ("msg.is_edit", |facts, _| Fact::Bool(facts.msg.is_edit)),
    ("sender.age_band", |facts, _| Fact::Name(facts.sender.age_band.as_str())),
    ("sender.account_age_h", |facts, _| Fact::Int(facts.sender.account_age_h)),
    ("sender.strikes", |facts, _| Fact::Int(facts.sender.strikes)),
    ("recipient.age_band", |facts, _| Fact::Name(facts.recipient.age_band.as_str())),
    ("recipient.account_age_h", |facts, _| Fact::Int(facts.recipient.account_age_h)),
    ("recipient.strikes", |facts, _| Fact::Int(facts.recipient.strikes)),
    ("pair.mutual", |facts, _| Fact::Bool(facts.pair.mutual)),
    ("pair.first_contact", |facts, _| Fact::Bool(facts.pair.first_contact)),
    ("pair.prior_msgs", |facts, _| Fact::Int(facts.pair.prior_msgs)),
    ("counters.first_contacts_1h", |facts, _| Fact::Int(facts.counters.first_contacts_1h)),
    ("counters.new_minor_threads_24h", |facts, _| Fact::Int(facts.counters.new_minor_threads_24h)),
    ("counters.messages_1m", |facts, _| Fact::Int(facts.counters.messages_1m)),
    ("counters.reports_7d", |facts, _| Fact::Int(facts.counters.reports_7d)),
    ("ctx.tenant", |facts, _| Fact::Name(&facts.ctx.tenant)),
    ("ctx.mode", |facts, _| Fact::Name(&facts.ctx.mode)),
    ("ctx.jurisdiction", |facts, _| Fact::Name(&facts.ctx.jurisdiction)),
    ("ctx.members", |facts, _| Fact::Int(facts.ctx.members)),
];

/// Facts that are read from the text, besides `terms.*` and `model.*`.
const CONTENT: [(&str, Get); 5] = [
    ("msg.len", |facts, _| Fact::Int(facts.msg.len)),
    ("msg.links", |facts, _| Fact::Int(facts.msg.links)),
    ("pair.themes", |facts, _| Fact::Int(facts.pair.themes)),
    ("counters.identical_links_1h", |facts, _| Fact::Int(facts.counters.identical_links_1h)),
    ("counters.identical_texts_1h", |facts, _| Fact::Int(facts.counters.identical_texts_1h)),
];

/// Facts that are read from media; in sealed conversations those are encrypted.
const MEDIA: [(&str, Get); 2] =
    [("media.matches", |facts, _| Fact::Int(facts.media.matches)), ("media.distance", |facts, _| Fact::Int(facts.media.distance))];

/// Whether there is a fact with this name, of a term set or a label apart.
pub(crate) fn is_fact(name: &str) -> bool {
    getter(name).is_some()
}

/// What a rule must say that it reads, to name the fact.
pub(crate) fn reads(name: &str) -> &'static str {
    let is_text = name.starts_with("terms.") || name.starts_with("model.") || CONTENT.iter().any(|(known, _)| *known == name);
    let is_media = MEDIA.iter().any(|(known, _)| *known == name);
    match (is_text, is_media) {
        (true, _) => "content",
        (_, true) => "media",
        _ => "behaviour",
    }
}

fn getter(name: &str) -> Option<Get> {
    BEHAVIOUR.iter().chain(&CONTENT).chain(&MEDIA).find(|(known, _)| *known == name).map(|(_, get)| *get)
}

/// A fact whose name was looked up.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// One of the tables.
    Known(Get),
    /// Hits of the set with this full name.
    Terms(String),
    /// The label with this name.
    Label(String),
}

impl Source {
    /// Looks a name up; `terms.x` counts the hits of set `x` of `pack`.
    pub(crate) fn of(name: &str, pack: &str) -> Option<Self> {
        if let Some(set) = name.strip_prefix("terms.") {
            return Some(Self::Terms(format!("{pack}.{set}")));
        }
        if let Some(label) = name.strip_prefix("model.") {
            return Some(Self::Label(label.to_owned()));
        }
        getter(name).map(Self::Known)
    }

    pub(crate) fn value<'a>(&self, facts: &'a Facts, findings: &'a Findings) -> Fact<'a> {
        match self {
            Self::Known(get) => get(facts, findings),
            Self::Terms(term) => Fact::Int(i64::try_from(findings.count(term)).unwrap_or(i64::MAX)),
            Self::Label(label) => Fact::Real(f64::from(findings.millionths(label)) / 1e6),
        }
    }
}

/// The value of the fact with this name.
pub(crate) fn value<'a>(name: &str, facts: &'a Facts, findings: &'a Findings, pack: &str) -> Option<Fact<'a>> {
    Source::of(name, pack).map(|source| source.value(facts, findings))
}

/// Whether the hit belongs to set `set` of `pack`.
pub(crate) fn is_of(term: &str, pack: &str, set: &str) -> bool {
    term.strip_prefix(pack).and_then(|rest| rest.strip_prefix('.')) == Some(set)
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
            Fact::Real(share) => CowVal::owned(CelDouble::from(share)),
            Fact::Bool(yes) => CowVal::owned(CelBool::from(yes)),
            Fact::Name(name) => CowVal::owned(CelString::from(name)),
        })
    }
}

/// A fact as JSON, for the record.
pub(crate) fn as_json(fact: Fact<'_>) -> serde_json::Value {
    match fact {
        Fact::Int(number) => number.into(),
        Fact::Real(share) => share.into(),
        Fact::Bool(yes) => yes.into(),
        Fact::Name(name) => name.into(),
    }
}
