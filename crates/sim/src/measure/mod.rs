//! The measurements, one to a file: options, the run, and its report.

pub mod crash;
pub mod deliver;
pub mod grow;
pub mod idle;
pub mod mixed;
pub mod selftest;
pub mod send;
pub mod sync;

use crate::process::Machine;
use crate::report::Conditions;
use crate::server::{Target, TargetOptions};

fn conditions(options: &TargetOptions, target: &Target, machine: Machine) -> Conditions {
    let address = target.origin().address().to_string();
    Conditions { seed: options.seed, address, spawned: target.is_spawned(), machine }
}
