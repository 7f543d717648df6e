//! From facts and findings to a verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::context::VariableResolver;
use cel::{Context, Program, Value};
use model::facts::Facts;
use model::finding::Findings;
use model::limits;
use model::verdict::{Action, HoldTerms, OnTimeout, Reason, Span, Verdict};

use super::RuleSet;
use super::rule::{Rule, Status};
use super::schema::{self, Fact, Names};

/// The context with CEL's operators, made once.
#[derive(Default)]
pub(crate) struct Root(Context<'static, 'static>);

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Root")
    }
}

impl Root {
    /// Whether an expression is true of what `names` knows.
    pub(crate) fn is_true<N: VariableResolver>(&self, when: &Program, names: &N) -> Result<bool, String> {
        let mut scope = self.0.new_inner_scope();
        scope.set_variable_resolver(names);
        match when.execute(&scope) {
            Ok(Value::Bool(yes)) => Ok(yes),
            Ok(_) => Err("when must be true or false".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A rule that reads no text, and so may judge what nobody can read.
#[derive(Debug, Clone)]
pub(crate) struct BlindRule(Arc<Rule>);

impl BlindRule {
    /// The rule, unless it reads text.
    pub(crate) fn of(rule: &Arc<Rule>) -> Option<Self> {
        (!rule.reads_text()).then(|| Self(Arc::clone(rule)))
    }
}

impl RuleSet {
    /// Judges one message: every rule whose need is met is evaluated; the strongest live one decides, all are kept.
    pub fn judge(&self, facts: &Facts, findings: &Findings) -> Verdict {
        let mut verdict = self.verdict(self.rules.iter().map(AsRef::as_ref), facts, findings);
        if findings.overrun {
            verdict.reasons.push(overrun());
            verdict.hold = Some(verdict.hold.map_or(OVERRUN_HOLD, |known| stricter(known, OVERRUN_HOLD)));
        }
        decide(verdict)
    }

    /// Judges a message that nobody can read: there are no findings to give, and no rule is asked that would want any.
    pub fn judge_sealed(&self, facts: &Facts) -> Verdict {
        decide(self.verdict(self.blind.iter().map(|rule| rule.0.as_ref()), facts, &Findings::default()))
    }

    fn verdict<'a>(&'a self, rules: impl Iterator<Item = &'a Rule>, facts: &Facts, findings: &Findings) -> Verdict {
        let mut verdict = Verdict { pack_version: self.version.clone(), ..Verdict::default() };
        for rule in rules {
            if self.fires(rule, facts, findings) {
                verdict.reasons.push(reason(rule, facts, findings));
                if let (Some(hold), false) = (rule.hold, rule.is_shadow(facts)) {
                    verdict.hold = Some(verdict.hold.map_or(hold, |known| stricter(known, hold)));
                }
            }
        }
        verdict
    }

    /// Whether the rule's `when` is true. Names and types were checked at load; an expression that fails all the same
    /// does not fire.
    pub(crate) fn fires(&self, rule: &Rule, facts: &Facts, findings: &Findings) -> bool {
        rule.may_fire(facts, findings) && self.evaluate(rule, facts, findings) == Ok(true)
    }

    pub(crate) fn evaluate(&self, rule: &Rule, facts: &Facts, findings: &Findings) -> Result<bool, String> {
        self.root.is_true(&rule.when, &Names { facts, findings, pack: &rule.pack })
    }
}

/// The strongest live reason decides.
fn decide(mut verdict: Verdict) -> Verdict {
    verdict.reasons.sort_by_key(|reason| (reason.shadow, std::cmp::Reverse((reason.action, reason.severity))));
    verdict.action = verdict.reasons.iter().filter(|reason| !reason.shadow).map(|reason| reason.action).max().unwrap_or(Action::Allow);
    if verdict.action != Action::Hold {
        verdict.hold = None;
    }
    verdict
}

/// A text that ended the scan before its end waits for a person; nobody answering, it is refused.
const OVERRUN_HOLD: HoldTerms = HoldTerms { ttl_ms: 24 * 3_600_000, on_timeout: OnTimeout::Block };

fn overrun() -> Reason {
    Reason {
        rule: "scanner/overrun".to_owned(),
        harm: "spam".to_owned(),
        severity: 1,
        action: Action::Hold,
        shadow: false,
        queue: "safety".to_owned(),
        explain: "The text is made so that the scanner reached a bound before its end: what follows was not looked at.".to_owned(),
        score: 1.0,
        ..Reason::default()
    }
}

fn stricter(one: HoldTerms, other: HoldTerms) -> HoldTerms {
    let block = one.on_timeout == OnTimeout::Block || other.on_timeout == OnTimeout::Block;
    HoldTerms { ttl_ms: one.ttl_ms.min(other.ttl_ms), on_timeout: if block { OnTimeout::Block } else { OnTimeout::Release } }
}

fn reason(rule: &Rule, facts: &Facts, findings: &Findings) -> Reason {
    Reason {
        rule: rule.name(),
        harm: rule.written.harm.clone(),
        severity: rule.written.severity,
        action: rule.action,
        shadow: rule.is_shadow(facts),
        queue: rule.written.queue.clone(),
        explain: explain(rule, facts, findings),
        score: rule.score,
        hash: rule.hash.clone(),
        facts: named(rule, facts, findings),
        spans: spans(rule, findings),
    }
}

/// The facts that a rule names, as they were.
fn named(rule: &Rule, facts: &Facts, findings: &Findings) -> BTreeMap<String, serde_json::Value> {
    let value = |name: &String| Some((name.clone(), schema::as_json(schema::value(name, facts, findings, &rule.pack)?)));
    rule.names.iter().filter_map(value).collect()
}

/// Where the term sets that a rule names were hit.
fn spans(rule: &Rule, findings: &Findings) -> Vec<Span> {
    let mut spans = Vec::new();
    for hit in &findings.hits {
        let of_rule = rule.names.iter().filter_map(|name| name.strip_prefix("terms.")).any(|set| schema::is_of(&hit.term, &rule.pack, set));
        let span = Span { field: hit.field.clone(), start: hit.start, end: hit.end };
        if of_rule && spans.len() < limits::REASON_SPANS && !spans.contains(&span) {
            spans.push(span);
        }
    }
    spans
}

/// Fills `{{fact}}`; facts hold no text of messages, so neither does the explanation.
fn explain(rule: &Rule, facts: &Facts, findings: &Findings) -> String {
    let mut filled = String::new();
    for (index, piece) in rule.written.explain.split("{{").enumerate() {
        let Some((name, rest)) = piece.split_once("}}").filter(|_| index > 0) else {
            filled.push_str(piece);
            continue;
        };
        match schema::value(name.trim(), facts, findings, &rule.pack) {
            Some(Fact::Int(number)) => filled.push_str(&number.to_string()),
            Some(Fact::Real(share)) => filled.push_str(&two_digits(share)),
            Some(Fact::Bool(yes)) => filled.push_str(if yes { "yes" } else { "no" }),
            Some(Fact::Name(word)) => filled.push_str(word),
            None => {}
        }
        filled.push_str(rest);
    }
    filled
}

fn two_digits(share: f64) -> String {
    format!("{share:.2}")
}

impl Rule {
    /// Whether the rule only watches this message: always in `shadow`, outside its share as `canary`.
    pub(crate) fn is_shadow(&self, facts: &Facts) -> bool {
        match self.status {
            Status::Live => false,
            Status::Shadow => true,
            Status::Canary(share) => {
                let seed = facts
                    .msg
                    .len
                    .wrapping_mul(31)
                    .wrapping_add(facts.pair.prior_msgs.wrapping_mul(17))
                    .wrapping_add(facts.sender.account_age_h);
                seed.wrapping_mul(0x5DEE_CE66).rem_euclid(100) >= i64::from(share)
            }
        }
    }
}
