//! OSCAL (NIST's Open Security Controls Assessment Language) 1.2: reading and writing without loss.
//!
//! What these structs do not name is kept in `extra`, so that a document of somebody else is written again with all
//! that it had. Identifiers are made from what they name (UUID version 5): the same run makes the same document.

#[macro_use]
mod model;
mod catalog;
mod found;
mod mapping;
mod plan;
mod poam;
mod results;

use jiff::civil::Date;
use uuid::Uuid;

pub use catalog::{catalog, profile};
pub use found::*;
pub use mapping::mapping;
pub use model::*;
pub use plan::plan;
pub use poam::poam;
pub use results::results;

/// The version of OSCAL that is written.
pub const OSCAL_VERSION: &str = "1.2.1";
/// The namespace of our properties.
pub const NS: &str = "urn:frankly:audit";

/// The identifier of something, made from its name.
fn id_of(name: &str) -> String {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, NS.as_bytes());
    Uuid::new_v5(&namespace, name.as_bytes()).to_string()
}

/// Midnight of a day, in UTC.
fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The end of a day, in UTC.
fn end_of_day(day: Date) -> String {
    format!("{day}T23:59:59Z")
}

/// A text as the value of a property: one line without space at its ends.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn metadata(title: &str, day: Date, version: &str) -> Metadata {
    Metadata {
        title: title.to_owned(),
        last_modified: midnight(day),
        version: version.to_owned(),
        oscal_version: OSCAL_VERSION.to_owned(),
        props: Vec::new(),
        remarks: None,
        extra: Extra::new(),
    }
}

fn prop(name: &str, value: &str) -> Prop {
    Prop { name: name.to_owned(), value: line(value), ns: Some(NS.to_owned()), class: None, extra: Extra::new() }
}

#[cfg(test)]
pub(crate) mod tests;
