//! What a `when` names and needs, read off its syntax tree.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue};

/// Names and need of one expression.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Dotted names.
    pub(crate) names: BTreeSet<String>,
    /// Term sets of which at least one must be hit, or the expression is false; nothing when it may be true without.
    pub(crate) need: Option<BTreeSet<String>>,
}

/// Reads an expression; refuses what has no bounded cost or no declared meaning.
pub(crate) fn read(expression: &IdedExpr) -> Result<Reading, String> {
    let mut names = BTreeSet::new();
    collect(expression, &mut names)?;
    Ok(Reading { names, need: need(expression) })
}

const CALLS: [&str; 13] = ["_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_+_", "_-_", "@in", "_?_:_"];

fn collect(expression: &IdedExpr, names: &mut BTreeSet<String>) -> Result<(), String> {
    match &expression.expr {
        Expr::Literal(_) => Ok(()),
        Expr::Ident(_) | Expr::Select(_) => {
            names.insert(dotted(expression).ok_or("only facts by their names can be selected")?);
            Ok(())
        }
        Expr::List(list) => list.elements.iter().try_for_each(|element| collect(element, names)),
        Expr::Call(call) => {
            if call.target.is_some() || !(CALLS.contains(&call.func_name.as_str()) || call.func_name == "_in_") {
                return Err(format!("{} is not allowed in rules", call.func_name));
            }
            call.args.iter().try_for_each(|argument| collect(argument, names))
        }
        Expr::Unspecified | Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) => {
            Err("macros, maps and structures are not allowed in rules".to_owned())
        }
    }
}

/// `a.b` as a name.
pub(crate) fn dotted(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        _ => None,
    }
}

fn need(expression: &IdedExpr) -> Option<BTreeSet<String>> {
    let Expr::Call(call) = &expression.expr else { return None };
    let [left, right] = call.args.as_slice() else { return None };
    match call.func_name.as_str() {
        "_&&_" => match (need(left), need(right)) {
            (Some(a), Some(b)) => Some(if a.len() <= b.len() { a } else { b }),
            (found, None) | (None, found) => found,
        },
        "_||_" => need(left).zip(need(right)).map(|(mut a, b)| {
            a.extend(b);
            a
        }),
        "_>_" => terms(left).filter(|_| integer(right).is_some_and(|least| least >= 0)),
        "_>=_" => terms(left).filter(|_| integer(right).is_some_and(|least| least >= 1)),
        _ => None,
    }
}

fn terms(expression: &IdedExpr) -> Option<BTreeSet<String>> {
    match &expression.expr {
        Expr::Call(call) if call.func_name == "_+_" => {
            let mut all = BTreeSet::new();
            for argument in &call.args {
                all.extend(terms(argument)?);
            }
            Some(all)
        }
        _ => Some(BTreeSet::from([dotted(expression)?.strip_prefix("terms.")?.to_owned()])),
    }
}

fn integer(expression: &IdedExpr) -> Option<i64> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
        _ => None,
    }
}
