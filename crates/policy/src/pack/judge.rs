//! From facts and findings to a verdict.

use cel::context::VariableResolver;
use cel::{Context, Program, Value};
use model::facts::Facts;
use model::finding::Findings;
use model::verdict::{Action, HoldTerms, OnTimeout, Reason, Verdict};

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

impl RuleSet {
    /// Judges one message: every rule whose need is met is evaluated; the strongest live one decides, all are kept.
    pub fn judge(&self, facts: &Facts, findings: &Findings) -> Verdict {
        let mut verdict = Verdict { pack_version: self.version.clone(), ..Verdict::default() };
        for rule in &self.rules {
            if self.fires(rule, facts, findings) {
                verdict.reasons.push(reason(rule, facts, findings));
                if let (Some(hold), false) = (rule.hold, rule.is_shadow(facts)) {
                    verdict.hold = Some(verdict.hold.map_or(hold, |known| stricter(known, hold)));
                }
            }
        }
        if findings.overrun {
            verdict.reasons.push(overrun());
            verdict.hold = Some(verdict.hold.map_or(OVERRUN_HOLD, |known| stricter(known, OVERRUN_HOLD)));
        }
        verdict.reasons.sort_by_key(|reason| (reason.shadow, std::cmp::Reverse((reason.action, reason.severity))));
        verdict.action = verdict.reasons.iter().filter(|reason| !reason.shadow).map(|reason| reason.action).max().unwrap_or(Action::Allow);
        if verdict.action != Action::Hold {
            verdict.hold = None;
        }
        verdict
    }

    /// Whether the rule's `when` is true. Names and types were checked at load; an expression that fails all the same
    /// does not fire.
    pub(crate) fn fires(&self, rule: &Rule, facts: &Facts, findings: &Findings) -> bool {
        rule.may_fire(findings) && self.evaluate(rule, facts, findings) == Ok(true)
    }

    pub(crate) fn evaluate(&self, rule: &Rule, facts: &Facts, findings: &Findings) -> Result<bool, String> {
        self.root.is_true(&rule.when, &Names { facts, findings, pack: &rule.pack })
    }
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
    }
}

fn stricter(one: HoldTerms, other: HoldTerms) -> HoldTerms {
    let block = one.on_timeout == OnTimeout::Block || other.on_timeout == OnTimeout::Block;
    HoldTerms { ttl_ms: one.ttl_ms.min(other.ttl_ms), on_timeout: if block { OnTimeout::Block } else { OnTimeout::Release } }
}

fn reason(rule: &Rule, facts: &Facts, findings: &Findings) -> Reason {
    Reason {
        rule: format!("{}/{}", rule.pack, rule.id),
        harm: rule.harm.clone(),
        severity: rule.severity,
        action: rule.action,
        shadow: rule.is_shadow(facts),
        queue: rule.queue.clone(),
        explain: explain(rule, facts, findings),
        score: rule.score,
    }
}

/// Fills `{{fact}}`; facts hold no text of messages, so neither does the explanation.
fn explain(rule: &Rule, facts: &Facts, findings: &Findings) -> String {
    let mut filled = String::new();
    for (index, piece) in rule.explain.split("{{").enumerate() {
        let Some((name, rest)) = piece.split_once("}}").filter(|_| index > 0) else {
            filled.push_str(piece);
            continue;
        };
        match schema::value(name.trim(), facts, findings, &rule.pack) {
            Some(Fact::Int(number)) => filled.push_str(&number.to_string()),
            Some(Fact::Bool(yes)) => filled.push_str(if yes { "yes" } else { "no" }),
            Some(Fact::Name(word)) => filled.push_str(word),
            None => {}
        }
        filled.push_str(rest);
    }
    filled
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
