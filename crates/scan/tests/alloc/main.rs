//! Nothing is allocated for a message of clean ASCII; its own binary, because the allocator counts for all of it.

use std::alloc::System;

use evasion::benign;
use model::body::PlainBody;
use scan::{Key, Lexicon, fingerprint, scan};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn clean_ascii_is_scanned_without_an_allocation() {
    let keys = ["kill yourself", "idiot", "gift card", "send nudes", "worthless", "ass", "verify your account"];
    let lexicon = Lexicon::build(keys.map(|key| Key { term: "t".to_owned(), key: key.to_owned() })).unwrap();
    let bodies: Vec<PlainBody> = benign().into_iter().filter(|line| line.is_ascii()).map(PlainBody::of_text).collect();
    assert!(bodies.len() > 400);
    let look = || bodies.iter().filter(|body| !scan(body, &lexicon).hits.is_empty() || fingerprint(body) == 1).count();
    // the buffers grow to their size once
    assert_eq!(look(), 0);
    let region = Region::new(COUNTING);
    assert_eq!(look(), 0);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}
