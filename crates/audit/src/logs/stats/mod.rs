//! Statistics of samples and of reviewers.

pub mod agree;
pub mod normal;
pub mod sample;
