//! What must hold for a rule to fire, read off its `when` and looked at without CEL: nearly every rule ends here.

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue};
use model::facts::Facts;
use model::finding::Findings;

use super::expression::dotted;
use super::schema::{Fact, Source};

/// One condition of those that stand side by side at the top of a `when`, joined by `&&`.
#[derive(Debug)]
pub(crate) struct Guard {
    source: Source,
    test: Test,
}

#[derive(Debug, PartialEq)]
enum Test {
    Is(bool),
    Int(Order, i64),
    Real(Order, f64),
    Name(bool, String),
    OneOf(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Less,
    AtMost,
    More,
    AtLeast,
    Same,
    Other,
}

impl Order {
    fn of(call: &str) -> Option<Self> {
        Some(match call {
            "_<_" => Self::Less,
            "_<=_" => Self::AtMost,
            "_>_" => Self::More,
            "_>=_" => Self::AtLeast,
            "_==_" => Self::Same,
            "_!=_" => Self::Other,
            _ => return None,
        })
    }

    fn holds<T: PartialOrd>(self, one: &T, other: &T) -> bool {
        match self {
            Self::Less => one < other,
            Self::AtMost => one <= other,
            Self::More => one > other,
            Self::AtLeast => one >= other,
            Self::Same => one == other,
            Self::Other => one != other,
        }
    }
}

impl Guard {
    /// Whether the condition holds. What is of another type than the rule says is left to CEL, which refuses it.
    pub(crate) fn holds(&self, facts: &Facts, findings: &Findings) -> bool {
        match (&self.test, self.source.value(facts, findings)) {
            (Test::Is(wanted), Fact::Bool(yes)) => yes == *wanted,
            (Test::Int(order, limit), Fact::Int(number)) => order.holds(&number, limit),
            (Test::Real(order, limit), Fact::Real(share)) => order.holds(&share, limit),
            (Test::Name(wanted, name), Fact::Name(found)) => (found == name) == *wanted,
            (Test::OneOf(names), Fact::Name(found)) => names.iter().any(|name| name == found),
            _ => true,
        }
    }
}

/// The conditions of an expression of `pack`; conditions of another form are not among them.
pub(crate) fn guards(expression: &IdedExpr, pack: &str) -> Vec<Guard> {
    let mut found = Vec::new();
    collect(expression, pack, &mut found);
    found
}

fn collect(expression: &IdedExpr, pack: &str, found: &mut Vec<Guard>) {
    match &expression.expr {
        Expr::Call(call) if call.func_name == "_&&_" => call.args.iter().for_each(|side| collect(side, pack, found)),
        _ => found.extend(guard(expression, pack)),
    }
}

fn guard(expression: &IdedExpr, pack: &str) -> Option<Guard> {
    let source = |expression: &IdedExpr| Source::of(&dotted(expression)?, pack);
    match &expression.expr {
        Expr::Ident(_) | Expr::Select(_) => Some(Guard { source: source(expression)?, test: Test::Is(true) }),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            ("!_", [inner]) => Some(Guard { source: source(inner)?, test: Test::Is(false) }),
            ("@in" | "_in_", [name, list]) => Some(Guard { source: source(name)?, test: Test::OneOf(names(list)?) }),
            (order, [name, limit]) => Some(Guard { source: source(name)?, test: comparison(Order::of(order)?, limit)? }),
            _ => None,
        },
        _ => None,
    }
}

fn comparison(order: Order, limit: &IdedExpr) -> Option<Test> {
    let Expr::Literal(literal) = &limit.expr else { return None };
    match (literal, order) {
        (LiteralValue::Int(number), _) => Some(Test::Int(order, *number.inner())),
        (LiteralValue::Double(share), _) => Some(Test::Real(order, *share.inner())),
        (LiteralValue::String(name), Order::Same | Order::Other) => Some(Test::Name(order == Order::Same, name.inner().to_owned())),
        _ => None,
    }
}

fn names(list: &IdedExpr) -> Option<Vec<String>> {
    let Expr::List(list) = &list.expr else { return None };
    let name = |element: &IdedExpr| match &element.expr {
        Expr::Literal(LiteralValue::String(name)) => Some(name.inner().to_owned()),
        _ => None,
    };
    list.elements.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use cel::Program;
    use model::person::AgeBand;

    use super::*;

    fn found(when: &str) -> Vec<Guard> {
        guards(Program::compile(when).unwrap().expression(), "p")
    }

    #[test]
    fn what_stands_side_by_side_is_a_guard() {
        assert_eq!(found("pair.mutual && !msg.is_edit && counters.messages_1m > 5 && terms.a + terms.b > 1").len(), 3);
        assert_eq!(found("pair.mutual || msg.is_edit").len(), 0);
        assert_eq!(found("recipient.age_band in ['u13'] && model.spam >= 0.9 && sender.age_band != 'adult'").len(), 3);
    }

    #[test]
    fn a_guard_says_what_cel_would_say() {
        let mut facts = Facts::default();
        facts.counters.messages_1m = 5;
        facts.sender.age_band = AgeBand::Adult;
        let holds = |when: &str| found(when).iter().all(|guard| guard.holds(&facts, &Findings::default()));
        for yes in [
            "counters.messages_1m >= 5",
            "counters.messages_1m <= 5",
            "counters.messages_1m == 5",
            "counters.messages_1m != 4",
            "sender.age_band == 'adult'",
            "sender.age_band in ['u13', 'adult']",
            "!pair.mutual",
            "model.spam < 0.5",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in ["counters.messages_1m > 5", "counters.messages_1m < 5", "sender.age_band != 'adult'", "pair.mutual", "model.spam > 0.5"]
        {
            assert!(!holds(no), "{no}");
        }
    }
}
