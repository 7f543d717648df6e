//! Judging messaging platforms by dated, quoted evidence.
//!
//! Everything here is a function of what it is given: texts, readers, a date. Files, the network and the clock
//! belong to the binary. Absence of evidence is [`value::Value::Unknown`], never a "no"; there is no grade.

pub mod controls;
pub mod date;
pub mod drift;
pub mod evidence;
pub mod exit;
pub mod fault;
pub mod judge;
pub mod logs;
mod markup;
pub mod oscal;
pub mod policy;
pub mod registry;
pub mod report;
pub mod schedule;
pub mod train;
pub mod value;
