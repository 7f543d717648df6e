//! Lines that `./test` counts, and waiting with a bound.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long anything may take to come true.
const WAIT: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

static PASSED: AtomicUsize = AtomicUsize::new(0);

/// Prints how a check came out; the first that fails ends the run.
pub(crate) fn check(name: &str, holds: bool) -> Result<()> {
    if holds {
        PASSED.fetch_add(1, Ordering::Relaxed);
        println!("ok matrix-sdk: {name}");
        Ok(())
    } else {
        println!("not ok matrix-sdk: {name}");
        bail!("{name}")
    }
}

/// A check that two things are the same.
pub(crate) fn same<T: PartialEq + Debug>(name: &str, found: &T, wanted: &T) -> Result<()> {
    if found != wanted {
        println!("{found:?} is not {wanted:?}");
    }
    check(name, found == wanted)
}

/// A check that something comes true within the bound.
pub(crate) async fn until(name: &str, mut holds: impl AsyncFnMut() -> bool) -> Result<()> {
    let end = Instant::now() + WAIT;
    while Instant::now() < end {
        if holds().await {
            return check(name, true);
        }
        tokio::time::sleep(LOOK).await;
    }
    check(name, holds().await)
}

/// How many checks passed.
pub(crate) fn passed() -> usize {
    PASSED.load(Ordering::Relaxed)
}
