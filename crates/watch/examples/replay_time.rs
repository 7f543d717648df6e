//! How long a replay of 5,000 commits takes: `cargo run --release -p frankly-watch --example replay_time`.

#[path = "../tests/it/history.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests read more of it, and may fail")]
mod history;

use std::time::Instant;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = history::make(folder.path(), 5, 5_000, 40);
    let began = Instant::now();
    let done = watch::replay::replay(folder.path(), &watch::replay::Wish::default(), |_, _| {}).expect("git reads what it has made");
    let took = began.elapsed();
    println!(
        "{} commits of {} documents in {took:.2?}: {} changes, {} that matter, {} alerts",
        done.commits,
        done.tally.documents,
        done.tally.raw_changes,
        made.events.len(),
        done.tally.alerts
    );
}
