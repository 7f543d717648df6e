//! How much CPU an appended message costs the store: 64 writers, 500 direct rooms.
//! `cargo run --release -p frankly-store --example append_load -- [SECONDS]`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[path = "../tests/it/world.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests use more of it")]
mod world;

fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|n| fields.get(*n)?.parse::<u64>().ok()).sum();
    ticks * 10
}

#[tokio::main]
async fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = store::Store::open_sqlite(&folder.path().join("frankly.db")).expect("a database");
    let people: Vec<_> = (0..200).map(|n| world::user(&format!("u{n}"))).collect();
    store.run(world::AddPeople(people.clone())).await.expect("people");
    let mut rooms = Vec::new();
    for n in 0..500 {
        let pair = [people[n % 200].clone(), people[(n + 7) % 200].clone()];
        let room_id = world::room_of(&store, &pair).await;
        let room = store.read(store::query::room_snapshot::RoomSnapshot { room_id }).await.expect("a snapshot").expect("a room");
        rooms.push((room, pair[0].clone()));
    }
    let (rooms, sent) = (Arc::new(rooms), Arc::new(AtomicU64::new(0)));
    let (start, cpu) = (Instant::now(), cpu_ms());
    let mut writers = Vec::new();
    for writer in 0..64_usize {
        let (store, rooms, sent) = (store.clone(), Arc::clone(&rooms), Arc::clone(&sent));
        writers.push(tokio::spawn(async move {
            let mut n = writer;
            while start.elapsed() < Duration::from_secs(seconds) {
                let (room, sender) = &rooms[n % rooms.len()];
                let text = "a message of ordinary length, as people write them to each other every day of the week";
                world::say_over(&store, room, sender, text, Some(&format!("{n}"))).await.expect("sent");
                sent.fetch_add(1, Ordering::Relaxed);
                n += 64;
            }
        }));
    }
    for writer in writers {
        writer.await.expect("a writer");
    }
    let sent = sent.load(Ordering::Relaxed);
    let bytes: u64 = std::fs::read_dir(folder.path())
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum();
    println!(
        "{} messages/s, {} µs CPU a message, {} bytes a message",
        sent / seconds,
        (cpu_ms() - cpu) * 1000 / sent.max(1),
        bytes / sent.max(1)
    );
}
