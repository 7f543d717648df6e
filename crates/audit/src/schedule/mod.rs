//! When what is reviewed, by whom it is signed off, and what is overdue.

mod ics;
mod plan;
mod rule;

pub use ics::calendar;
pub use plan::{Occurrence, Planned, Review, ScheduleError, SignOff, Signing, Standing, read_reviews, read_sign_offs, standing};
pub use rule::{Rule, RuleError};
