//! Samples for a second look: drawn by a seed, from every stratum, and large enough.

use std::collections::{BTreeMap, BinaryHeap};

use model::limits;
use serde::Serialize;

use super::normal;
use crate::logs::histogram::real;
use crate::logs::names::hash;
use crate::logs::row::{Field, Kind, Row};

/// How large a sample is wanted to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// How far the estimate of a share may be off, such as 0.05.
    pub half_width: f64,
    /// How sure that is, such as 0.95.
    pub confidence: f64,
    /// The share that is expected; 0.5 needs the largest sample.
    pub share: f64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { half_width: 0.05, confidence: 0.95, share: 0.5 }
    }
}

/// A wish that cannot be met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A number that lies where it cannot.
    #[error("{0} lies between 0 and 1")]
    NoShare(&'static str),
    /// The sample would be larger than the bound.
    #[error("a sample of {0} would be needed; at most {1} are drawn: widen the interval")]
    TooLarge(u64, usize),
    /// There are more strata than the bound.
    #[error("there are more than {0} strata: name fewer fields to stratify by")]
    TooManyStrata(usize),
}

impl Wanted {
    fn check(&self) -> Result<(), SampleError> {
        let between = |value: f64| value > 0.0 && value < 1.0;
        for (value, name) in [(self.half_width, "the half-width"), (self.confidence, "the confidence"), (self.share, "the expected share")]
        {
            if !between(value) {
                return Err(SampleError::NoShare(name));
            }
        }
        Ok(())
    }

    /// The size for a population without end: z² p (1 − p) / e².
    fn endless(&self) -> f64 {
        let z = normal::within(self.confidence);
        z * z * self.share * (1.0 - self.share) / (self.half_width * self.half_width)
    }

    /// The size for a population of so many: with the finite correction, rounded up.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the population, which is a count")]
    pub fn size(&self, population: u64) -> u64 {
        let endless = self.endless();
        let corrected = endless / (1.0 + (endless - 1.0) / real(population.max(1)));
        // a hair less, so that a whole number does not become the next one
        ((corrected - 1e-9).ceil().max(0.0) as u64).min(population)
    }
}

/// One row of a sample.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Drawn {
    /// Its line in the log.
    pub line: u64,
    /// Its identifier.
    pub id: String,
    /// What it has in common with the others of its stratum.
    pub stratum: Vec<String>,
    /// Whether it is there because it is critical, and not by chance.
    pub critical: bool,
}

/// What a stratum gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratum {
    /// What its rows have in common.
    pub of: Vec<String>,
    /// How many of the log are in it, critical ones left out.
    pub rows: u64,
    /// How many were drawn by chance.
    pub drawn: u64,
    /// How many rows of the log one drawn stands for.
    pub weight: f64,
}

/// A sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// The seed it was drawn by.
    pub seed: u64,
    /// Decisions in the log.
    pub population: u64,
    /// Critical ones, all of which are in it.
    pub critical: u64,
    /// What each stratum gave.
    pub strata: Vec<Stratum>,
    /// The rows, in the order of their lines.
    pub rows: Vec<Drawn>,
}

/// The rows of a stratum with the least numbers, the greatest of them first.
type Least = BinaryHeap<(u64, Drawn)>;

/// Draws a sample from decisions that go by once.
///
/// Every row gets a number from its line and the seed; of each stratum those with the least numbers are drawn. So the
/// draw is the same for the same seed, and memory holds as many rows of each stratum as the whole sample may have.
#[derive(Debug)]
pub struct Sampler {
    wanted: Wanted,
    seed: u64,
    by: Vec<Field>,
    keep: usize,
    strata: BTreeMap<Vec<String>, (u64, Least)>,
    critical: Vec<Drawn>,
    criticals: u64,
}

impl Sampler {
    /// A sampler that stratifies by these fields.
    pub fn new(wanted: Wanted, seed: u64, by: Vec<Field>) -> Result<Self, SampleError> {
        wanted.check()?;
        let most = limits::AUDIT_SAMPLE_ROWS;
        let size = wanted.size(u64::MAX);
        match usize::try_from(size) {
            Ok(keep) if keep <= most => Ok(Self { wanted, seed, by, keep, strata: BTreeMap::new(), critical: Vec::new(), criticals: 0 }),
            _ => Err(SampleError::TooLarge(size, most)),
        }
    }

    /// Takes a row into account; only decisions are drawn.
    pub fn row(&mut self, row: &Row<'_>) -> Result<(), SampleError> {
        if row.kind != Kind::Decision {
            return Ok(());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stratum: Vec<String> = self.by.iter().map(|field| text(row.text_of(*field).unwrap_or_default())).collect();
        let drawn = Drawn { line: row.line, id: text(&row.id), stratum: stratum.clone(), critical: row.is_critical() };
        if drawn.critical {
            self.criticals += 1;
            if self.critical.len() >= limits::AUDIT_SAMPLE_ROWS {
                return Err(SampleError::TooLarge(self.criticals, limits::AUDIT_SAMPLE_ROWS));
            }
            self.critical.push(drawn);
            return Ok(());
        }
        if self.strata.len() >= limits::AUDIT_SAMPLE_STRATA && !self.strata.contains_key(&stratum) {
            return Err(SampleError::TooManyStrata(limits::AUDIT_SAMPLE_STRATA));
        }
        let (rows, least) = self.strata.entry(stratum).or_default();
        *rows += 1;
        let number = hash(self.seed, &row.line.to_le_bytes());
        if least.len() < self.keep {
            least.push((number, drawn));
        } else if least.peek().is_some_and(|(greatest, _)| number < *greatest) {
            least.pop();
            least.push((number, drawn));
        }
        Ok(())
    }

    /// Ends: strata get their share of the sample, at least one row each.
    pub fn finish(self) -> Sample {
        let others: u64 = self.strata.values().map(|(rows, _)| *rows).sum();
        let sizes = shares(self.wanted.size(others), &self.strata.values().map(|(rows, _)| *rows).collect::<Vec<_>>());
        let mut sample = Sample {
            seed: self.seed,
            population: others + self.criticals,
            critical: self.criticals,
            strata: Vec::new(),
            rows: self.critical,
        };
        for ((of, (rows, least)), size) in self.strata.into_iter().zip(sizes) {
            let chosen = least.into_sorted_vec().into_iter().take(usize::try_from(size).unwrap_or(usize::MAX));
            let before = sample.rows.len();
            sample.rows.extend(chosen.map(|(_, drawn)| drawn));
            let drawn = (sample.rows.len() - before) as u64;
            sample.strata.push(Stratum { of, rows, drawn, weight: real(rows) / real(drawn.max(1)) });
        }
        sample.rows.sort();
        sample
    }
}

/// Divides a sample among strata in proportion to their rows: whole numbers by the largest remainder, at least one each.
fn shares(size: u64, rows: &[u64]) -> Vec<u64> {
    let all: u64 = rows.iter().sum();
    if all == 0 {
        return vec![0; rows.len()];
    }
    let product = |rows: u64| u128::from(rows) * u128::from(size);
    let mut shares: Vec<u64> = rows.iter().map(|rows| u64::try_from(product(*rows) / u128::from(all)).unwrap_or(*rows)).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse((product(rows[*at]) % u128::from(all), rows[*at])));
    let left = size.saturating_sub(shares.iter().sum());
    for at in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        shares[at] += 1;
    }
    shares.iter().zip(rows).map(|(share, rows)| (*share).max(1).min(*rows)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decision(line: u64, category: &'static str, severity: Option<u8>) -> Row<'static> {
        Row { line, id: line.to_string().into_bytes().into(), category: category.as_bytes().into(), severity, ..Row::default() }
    }

    fn draw(seed: u64, rows: impl Iterator<Item = Row<'static>>) -> Sample {
        let mut sampler = Sampler::new(Wanted::default(), seed, vec![Field::Category]).unwrap();
        for row in rows {
            sampler.row(&row).unwrap();
        }
        sampler.finish()
    }

    fn log() -> impl Iterator<Item = Row<'static>> {
        (1..=10_000).map(|line| match line {
            line if line % 1_000 == 0 => decision(line, "rare", None),
            line if line % 777 == 0 => decision(line, "common", Some(4)),
            line => decision(line, "common", Some(1)),
        })
    }

    #[test]
    fn sizes_are_those_of_the_textbook() {
        assert_eq!(Wanted::default().size(u64::MAX), 385);
        assert_eq!(Wanted::default().size(10_000), 370);
        assert_eq!(Wanted::default().size(100), 80);
        assert_eq!(Wanted { half_width: 0.03, ..Wanted::default() }.size(u64::MAX), 1_068);
        assert_eq!(Wanted::default().size(1), 1);
    }

    #[test]
    fn a_sample_has_every_stratum_and_everything_critical() {
        let sample = draw(7, log());
        assert_eq!((sample.population, sample.critical), (10_000, 12));
        assert_eq!(sample.rows.iter().filter(|drawn| drawn.critical).count(), 12);
        assert_eq!(sample.strata.iter().map(|stratum| (stratum.rows, stratum.drawn)).collect::<Vec<_>>(), [(9_978, 370), (10, 1)]);
        assert!(sample.rows.is_sorted_by_key(|drawn| drawn.line));
        assert_eq!(sample, draw(7, log()), "the same seed draws the same");
        assert_ne!(sample.rows, draw(8, log()).rows);
    }

    #[test]
    fn every_row_is_as_likely() {
        let drawn: Vec<u64> =
            (0..200).flat_map(|seed| draw(seed, (1..=2_000).map(|line| decision(line, "a", None))).rows).map(|drawn| drawn.line).collect();
        let halves = drawn.iter().filter(|line| **line <= 1_000).count();
        // 200 draws of 323: half of 64,600, within five standard deviations
        assert_eq!(drawn.len(), 64_600);
        assert!(halves.abs_diff(32_300) < 650, "{halves}");
    }

    #[test]
    fn wishes_that_cannot_be_met() {
        let sampler =
            |half_width, confidence| Sampler::new(Wanted { half_width, confidence, share: 0.5 }, 0, vec![]).map(|_| ()).unwrap_err();
        assert_eq!(sampler(0.0, 0.95), SampleError::NoShare("the half-width"));
        assert_eq!(sampler(0.05, 1.0), SampleError::NoShare("the confidence"));
        assert!(matches!(sampler(0.000_1, 0.95), SampleError::TooLarge(..)));
    }

    proptest! {
        #[test]
        fn shares_add_up(size in 1_u64..500, rows in proptest::collection::vec(1_u64..10_000, 1..20)) {
            let shares = shares(size, &rows);
            prop_assert!(shares.iter().zip(&rows).all(|(share, rows)| (1..=*rows).contains(share)));
            let sum: u64 = shares.iter().sum();
            let all: u64 = rows.iter().sum();
            prop_assert!(sum >= size.min(all) || shares == rows);
            prop_assert!(sum <= size.max(1) + rows.len() as u64);
        }
    }
}
