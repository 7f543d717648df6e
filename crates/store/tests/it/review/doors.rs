//! Which statements can let a body out. A query that is not listed here never names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Queries that give bodies: to members, as their inbox, history or room state shows them, or to
/// the server's own rules. Each selects for one member, or for the state of a room.
const MEMBER_DELIVERY: [&str; 12] = [
    "facts.rs",
    "history.rs",
    "incremental.rs",
    "initial.rs",
    "news.rs",
    "relations.rs",
    "room.rs",
    "room_snapshot.rs",
    "rooms.rs",
    "search.rs",
    "state.rs",
    "stored_event.rs",
];

/// Columns of account data, filters and the like are called `content` too; only these tables hold bodies.
fn names_a_body(text: &str) -> bool {
    // the columns of an event, its content among them
    if text.contains("event_columns!()") {
        return true;
    }
    let statements = text.split('"').skip(1).step_by(2);
    statements.filter(|sql| sql.contains("select")).any(|sql| {
        let events = sql.contains("from events") || sql.contains("join events");
        (events && sql.contains("content")) || sql.contains("blocked_content") || sql.contains("findings")
    })
}

#[test]
fn no_query_but_member_delivery_selects_a_body() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/query");
    let mut seen = 0;
    let mut giving = BTreeSet::new();
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            seen += 1;
            if names_a_body(&fs::read_to_string(&path).unwrap()) {
                giving.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert!(seen > 8);
    assert_eq!(giving, MEMBER_DELIVERY.map(str::to_owned).into(), "each file that selects a body is listed, and no other");
}

#[test]
fn the_test_itself_sees_a_body() {
    assert!(names_a_body(r#"let sql = "select content from events";"#));
    assert!(names_a_body(r#"let sql = "select f.blocked_content from flags f";"#));
    assert!(names_a_body(r#"concat!("select ", event_columns!(), " from events e")"#));
    assert!(!names_a_body(r#"let sql = "select content from account_data";"#));
}
