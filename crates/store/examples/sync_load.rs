//! How much CPU a first sync and a sync with one new message cost the store, by number of rooms.
//! `cargo run --release -p frankly-store --example sync_load -- [REPEATS]`

use model::filter::{EventFilter, RoomFilter};
use model::id::OwnedDeviceId;
use model::seq::InboxPos;
use store::query::sync::{Sync, SyncOutcome};

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
    let repeats: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50);
    for rooms in [10_usize, 100, 1_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store::Store::open_sqlite(&folder.path().join("frankly.db")).expect("a database");
        let people: Vec<_> = (0..50).map(|n| world::user(&format!("u{n}"))).collect();
        store.run(world::AddPeople(people.clone())).await.expect("people");
        let mut last = None;
        for n in 0..rooms {
            let room = world::room_of(&store, &[people[0].clone(), people[1 + n % 49].clone()]).await;
            for message in 0..20 {
                world::say(&store, &room, &people[n % 2], &format!("a message of ordinary length {message}"), None).await.expect("sent");
            }
            last = Some(room);
        }
        let ask = |since| Sync {
            user_id: people[0].clone(),
            device_id: OwnedDeviceId::from("PHONE"),
            since,
            queue: InboxPos::ZERO,
            timeline: EventFilter::default(),
            rooms: RoomFilter::default(),
            full_state: false,
            include_leave: false,
            lazy_members: false,
            state_after: false,
            threads: false,
        };
        let cpu = cpu_ms();
        let mut pos = None;
        for _ in 0..repeats {
            let SyncOutcome::News(news) = store.read(ask(None)).await.expect("news") else { continue };
            assert_eq!(news.joined.len(), rooms);
            pos = Some(news.pos);
        }
        let first = (cpu_ms() - cpu) * 1_000 / repeats;
        let room = last.expect("at least one room");
        world::say(&store, &room, &people[0], "new", None).await.expect("sent");
        let cpu = cpu_ms();
        for _ in 0..repeats * 200 {
            let SyncOutcome::News(news) = store.read(ask(pos)).await.expect("news") else { continue };
            assert_eq!(news.joined.len(), 1);
        }
        println!("{rooms} rooms: {first} µs CPU a first sync, {} µs one with a message", (cpu_ms() - cpu) * 1_000 / (repeats * 200));
    }
}
