//! A cell in words: answer, confidence, age, source, quote.

use super::document::Inline;
use crate::date::Date;
use crate::judge::{Assessment, Cell, Judged, State};
use crate::registry::{Registry, SourceAt};
use crate::value::{Confidence, Value};

/// A confidence as people say it.
pub(super) const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Unconfirmed => "unconfirmed",
        Confidence::Disputed => "disputed",
        Confidence::Reported => "reported",
        Confidence::VendorClaim => "vendor claim",
        Confidence::Confirmed => "confirmed",
    }
}

/// A value as people say it.
pub(super) const fn value(value: Value) -> &'static str {
    match value {
        Value::Yes => "yes",
        Value::No => "no",
        Value::Partial => "in part",
        Value::OptIn => "opt-in",
        Value::NotApplicable => "not applicable",
        Value::Unknown => "unknown",
        Value::Proactive => "proactive",
        Value::Reactive => "reactive",
        Value::None => "none",
    }
}

/// The badge of a state.
pub(super) fn state(state: State) -> Inline {
    let kind = match state {
        State::Met => "met",
        State::NotMet => "notmet",
        State::Disputed => "disputed",
        State::Unknown => "unknown",
        State::Stale => "stale",
        State::NotApplicable => "na",
    };
    Inline::Badge(kind, state.word().to_owned())
}

/// `seen 2026-03-04, 269 days ago, stale`.
pub(super) fn seen(judged: &Judged<'_>, registry: &Registry) -> String {
    let Some(age) = judged.age else { return format!("looked for until {}", registry.retrieved) };
    let undated = if age.dated { "" } else { ", source undated" };
    format!("seen {}, {} days ago, {}{undated}", age.seen, age.days, age.state.word())
}

/// All answers to a control, one a line: value, confidence and age in each.
pub(super) fn answers(made: &Assessment<'_>, cell: Option<&Cell<'_>>, say: impl Fn(Value) -> String) -> Vec<Inline> {
    let none = || {
        vec![Inline::Strong("unknown".to_owned()), Inline::text(format!(" (unconfirmed; looked for until {})", made.registry.retrieved))]
    };
    let Some(cell) = cell else { return none() };
    if cell.judged.is_empty() {
        return none();
    }
    let mut line = Vec::new();
    for judged in &cell.judged {
        if !line.is_empty() {
            line.push(Inline::Break);
        }
        let scope = judged.claim.scope.words();
        let scope = if scope.is_empty() { String::new() } else { format!(" in {scope}") };
        line.push(Inline::Strong(say(judged.claim.value)));
        line.push(Inline::text(format!("{scope} ({}; {})", confidence(judged.claim.confidence), seen(judged, made.registry))));
    }
    line
}

/// Links to sources.
pub(super) fn sources(registry: &Registry, ids: &[String]) -> Vec<Inline> {
    let mut line = Vec::new();
    for source in ids.iter().filter_map(|id| registry.sources.get(id)) {
        if !line.is_empty() {
            line.push(Inline::text(", "));
        }
        match &source.at {
            SourceAt::Named => line.push(Inline::text(source.name())),
            at => line.push(Inline::Link { text: source.name(), href: source.href(), is_file: matches!(at, SourceAt::File(_)) }),
        }
        line.push(Inline::text(format!(" ({}{})", kind(source.kind.word()), page_date(source.date.map(|date| date.to_string())))));
    }
    line
}

fn kind(word: &str) -> String {
    word.replace('_', " ")
}

fn page_date(date: Option<String>) -> String {
    date.map_or_else(|| ", undated".to_owned(), |date| format!(", {date}"))
}

/// The youngest day that sources show, and whether there is one.
pub(super) fn youngest(registry: &Registry, ids: &[String]) -> Option<Date> {
    ids.iter().filter_map(|id| registry.sources.get(id)).map(|source| source.seen_on(registry.retrieved).0).max()
}
