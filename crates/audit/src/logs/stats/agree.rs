//! How far reviewers agree beyond chance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::normal;
use crate::logs::histogram::real;

/// How far apart two labels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Labels are the same or not.
    #[default]
    Nominal,
    /// Labels have an order; all are numbers.
    Ordinal,
    /// Labels are numbers, and their differences count.
    Interval,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreeError {
    /// Nobody labelled the same thing as somebody else.
    #[error("no item has labels of two reviewers")]
    NothingInCommon,
    /// There is only one label, so that agreement could not be missed.
    #[error("all labels are “{0}”: agreement beyond chance has no meaning")]
    OneLabel(String),
    /// A label that is no number, where numbers are needed.
    #[error("“{0}” is no number, which this level of measurement needs")]
    NoNumber(String),
}

/// Two reviewers, label against label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The labels, in order.
    pub labels: Vec<String>,
    /// How often the first said the label of the row and the second that of the column.
    pub counts: Vec<Vec<u64>>,
}

impl Confusion {
    /// Of pairs of labels.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut cells: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for pair in pairs {
            *cells.entry(pair).or_default() += 1;
        }
        let mut labels: Vec<&str> = cells.keys().flat_map(|(first, second)| [*first, *second]).collect();
        labels.sort_unstable();
        labels.dedup();
        let row = |first: &&str| labels.iter().map(|second| cells.get(&(*first, *second)).copied().unwrap_or(0)).collect();
        Self { counts: labels.iter().map(row).collect(), labels: labels.iter().map(|label| (*label).to_owned()).collect() }
    }

    fn items(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }
}

/// How far two reviewers agree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kappa {
    /// Items that both labelled.
    pub items: u64,
    /// The share of them on which they agree.
    pub observed: f64,
    /// The share on which they would agree by chance, given how often each uses each label.
    pub expected: f64,
    /// Cohen's kappa.
    pub kappa: f64,
    /// Its standard error for large samples (Fleiss, Cohen and Everitt, 1969).
    pub standard_error: f64,
    /// Its interval of 95 %.
    pub interval: (f64, f64),
    /// Kappa with prevalence and bias taken out: what it would be if each label were as frequent.
    pub adjusted: f64,
    /// Label against label.
    pub confusion: Confusion,
}

/// Cohen's kappa of two reviewers.
pub fn kappa(confusion: Confusion) -> Result<Kappa, AgreeError> {
    let items = confusion.items();
    if items == 0 {
        return Err(AgreeError::NothingInCommon);
    }
    let [label, _, ..] = confusion.labels.as_slice() else { return Err(AgreeError::OneLabel(confusion.labels.concat())) };
    let n = real(items);
    let size = confusion.labels.len();
    let share = |row: usize, column: usize| real(confusion.counts[row][column]) / n;
    let rows: Vec<f64> = (0..size).map(|row| (0..size).map(|column| share(row, column)).sum()).collect();
    let columns: Vec<f64> = (0..size).map(|column| (0..size).map(|row| share(row, column)).sum()).collect();
    let observed: f64 = (0..size).map(|label| share(label, label)).sum();
    let expected: f64 = rows.iter().zip(&columns).map(|(row, column)| row * column).sum();
    let beyond = 1.0 - expected;
    if beyond <= 0.0 {
        return Err(AgreeError::OneLabel(label.clone()));
    }
    let kappa = (observed - expected) / beyond;
    let lost = 1.0 - kappa;
    let agreeing: f64 = (0..size).map(|label| share(label, label) * (1.0 - (rows[label] + columns[label]) * lost).powi(2)).sum();
    let differing: f64 = (0..size)
        .flat_map(|row| (0..size).filter(move |column| *column != row).map(move |column| (row, column)))
        .map(|(row, column)| share(row, column) * (columns[row] + rows[column]).powi(2))
        .sum();
    let spread = agreeing + lost * lost * differing - (kappa - expected * lost).powi(2);
    let standard_error = spread.max(0.0).sqrt() / (beyond * n.sqrt());
    let width = normal::within(0.95) * standard_error;
    let labels = real(size as u64);
    let adjusted = (labels * observed - 1.0) / (labels - 1.0);
    Ok(Kappa { items, observed, expected, kappa, standard_error, interval: (kappa - width, kappa + width), adjusted, confusion })
}

/// Krippendorff's alpha of any number of reviewers: each item has the labels that it was given, by whomever.
pub fn alpha(items: &[Vec<&str>], level: Level) -> Result<f64, AgreeError> {
    let mut labels: Vec<&str> = items.iter().filter(|labels| labels.len() > 1).flatten().copied().collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.is_empty() {
        return Err(AgreeError::NothingInCommon);
    }
    let mut numbers = vec![0.0; labels.len()];
    if level != Level::Nominal {
        for (number, label) in numbers.iter_mut().zip(&labels) {
            *number = label
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .ok_or_else(|| AgreeError::NoNumber((*label).to_owned()))?;
        }
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
        labels = order.iter().map(|at| labels[*at]).collect();
        numbers = order.iter().map(|at| numbers[*at]).collect();
    }
    if labels.len() == 1 {
        return Err(AgreeError::OneLabel(labels[0].to_owned()));
    }
    let coincidences = coincidences(items, &labels);
    let totals: Vec<f64> = coincidences.iter().map(|row| row.iter().sum()).collect();
    let all: f64 = totals.iter().sum();
    let (mut observed, mut expected) = (0.0, 0.0);
    for (one, row) in coincidences.iter().enumerate() {
        for (other, together) in row.iter().enumerate() {
            let distance = distance(level, one, other, &numbers, &totals);
            observed += together * distance;
            expected += totals[one] * totals[other] * distance;
        }
    }
    if expected <= 0.0 {
        return Err(AgreeError::OneLabel(labels[0].to_owned()));
    }
    Ok(1.0 - (all - 1.0) * observed / expected)
}

/// How often two labels were given to the same item, each item weighing as many pairs as it has labels.
fn coincidences(items: &[Vec<&str>], labels: &[&str]) -> Vec<Vec<f64>> {
    let numbers: BTreeMap<&str, usize> = labels.iter().enumerate().map(|(number, label)| (*label, number)).collect();
    let mut together = vec![vec![0.0; labels.len()]; labels.len()];
    for item in items.iter().filter(|labels| labels.len() > 1) {
        let mut here: BTreeMap<usize, u64> = BTreeMap::new();
        for label in item {
            *here.entry(numbers[label]).or_default() += 1;
        }
        let weight = 1.0 / real(item.len() as u64 - 1);
        for (one, count) in &here {
            for (other, others) in &here {
                let pairs = count * if one == other { others - 1 } else { *others };
                together[*one][*other] += real(pairs) * weight;
            }
        }
    }
    together
}

fn distance(level: Level, one: usize, other: usize, numbers: &[f64], totals: &[f64]) -> f64 {
    match level {
        Level::Nominal => f64::from(u8::from(one != other)),
        Level::Interval => (numbers[one] - numbers[other]).powi(2),
        Level::Ordinal => {
            let (low, high) = (one.min(other), one.max(other));
            let between: f64 = totals[low..=high].iter().sum();
            (between - f64::midpoint(totals[low], totals[high])).powi(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A table of two reviewers as pairs.
    fn pairs(counts: &[&[usize]]) -> Vec<(&'static str, &'static str)> {
        const LABELS: [&str; 4] = ["a", "b", "c", "d"];
        let mut pairs = Vec::new();
        for (row, counts) in counts.iter().enumerate() {
            for (column, count) in counts.iter().enumerate() {
                pairs.extend(std::iter::repeat_n((LABELS[row], LABELS[column]), *count));
            }
        }
        pairs
    }

    #[test]
    fn kappa_of_a_table_that_is_reckoned_by_hand() {
        // 20 of 50 agree on a, 15 on b: 0.7 observed; 0.5 by chance; kappa 0.4
        let kappa = kappa(Confusion::of(pairs(&[&[20, 5], &[10, 15]]))).unwrap();
        assert!((kappa.observed - 0.7).abs() < 1e-12 && (kappa.expected - 0.5).abs() < 1e-12 && (kappa.kappa - 0.4).abs() < 1e-12);
        assert!((kappa.adjusted - 0.4).abs() < 1e-12);
        assert!(kappa.interval.0 < 0.4 && kappa.interval.1 > 0.4);
        assert_eq!(kappa.confusion.counts, [[20, 5], [10, 15]]);
    }

    #[test]
    fn prevalence_lowers_kappa_and_not_the_adjusted_one() {
        let rare = kappa(Confusion::of(pairs(&[&[118, 5], &[2, 0]]))).unwrap();
        assert!(rare.kappa < 0.0 && rare.adjusted > 0.85, "{rare:?}");
    }

    #[test]
    fn alpha_of_the_published_example() {
        // Krippendorff's own example of four observers and twelve units, with missing labels: 0.743 nominal, 0.815 ordinal, 0.849 interval
        let units = ["111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11", "3"];
        let items: Vec<Vec<&str>> = units.iter().map(|unit| unit.split("").filter(|label| !label.is_empty()).collect()).collect();
        for (level, expected) in [(Level::Nominal, 0.743), (Level::Ordinal, 0.815), (Level::Interval, 0.849)] {
            let alpha = alpha(&items, level).unwrap();
            assert!((alpha - expected).abs() < 5e-4, "{level:?}: {alpha}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        assert_eq!(kappa(Confusion::of([])).unwrap_err(), AgreeError::NothingInCommon);
        assert_eq!(kappa(Confusion::of([("a", "a")])).unwrap_err(), AgreeError::OneLabel("a".to_owned()));
        assert_eq!(alpha(&[vec!["a"], vec![]], Level::Nominal).unwrap_err(), AgreeError::NothingInCommon);
        assert_eq!(alpha(&[vec!["a", "a"]], Level::Nominal).unwrap_err(), AgreeError::OneLabel("a".to_owned()));
        assert_eq!(alpha(&[vec!["1", "x"]], Level::Interval).unwrap_err(), AgreeError::NoNumber("x".to_owned()));
    }

    proptest! {
        #[test]
        fn kappa_lies_where_it_can_and_does_not_depend_on_order(pairs in proptest::collection::vec(("[abc]", "[abc]"), 2..60)) {
            let table = |pairs: &[(String, String)]| Confusion::of(pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())));
            if let Ok(first) = kappa(table(&pairs)) {
                prop_assert!((-1.0..=1.0 + 1e-12).contains(&first.kappa));
                let swapped: Vec<_> = pairs.iter().rev().map(|(a, b)| (b.clone(), a.clone())).collect();
                let second = kappa(table(&swapped)).unwrap();
                prop_assert!((first.kappa - second.kappa).abs() < 1e-12 && (first.standard_error - second.standard_error).abs() < 1e-9);
            }
        }
    }
}
