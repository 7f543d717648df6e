//! Histories with noise and changes that matter: nothing that matters is lost, and little else is told.

use audit::drift::finding::{Finding, Kind, State};
use jiff::Timestamp;
use watch::replay::{Replayed, Wish, replay};

use crate::history::{Made, make};

const HOUR: i64 = 3_600;

fn replayed(seed: u64, commits: usize, documents: usize) -> (Made, Replayed) {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), seed, commits, documents);
    let done = replay(folder.path(), &Wish::default(), |_, _| {}).unwrap();
    (made, done)
}

fn says<'a>(done: &'a Replayed, mark: &str) -> Vec<&'a Finding> {
    let quotes = |finding: &&Finding| finding.quotes.iter().any(|quote| quote.after.as_ref().is_some_and(|after| after.contains(mark)));
    done.ledger.findings.iter().filter(|finding| finding.state != State::Retracted).filter(quotes).collect()
}

#[test]
fn little_is_told_and_nothing_that_matters_is_lost() {
    for seed in [1, 2, 3] {
        let (made, done) = replayed(seed, 1_500, 20);
        assert_eq!((done.commits, done.tally.raw_changes), (made.commits, made.changes));
        let fewer = 100 * (made.changes - done.tally.alerts) / made.changes;
        println!(
            "seed {seed}: {} changes, {} of them matter, {} alerts: {fewer} % fewer",
            made.changes,
            made.events.len(),
            done.tally.alerts
        );
        println!("{:?} {:?} {} retracted", done.tally.classes, done.tally.findings, done.tally.retracted);
        assert!(fewer >= 80, "{fewer} %");
        let (mut looked_at, mut late) = (0, 0);
        for event in made.events.iter().filter(|event| event.at + 84 * HOUR < made.end) {
            let found = says(&done, &event.mark);
            let at = Timestamp::from_second(event.at).unwrap();
            let soonest = found.iter().map(|finding| finding.told.duration_since(at).as_hours()).min();
            let Some(soonest) = soonest else { panic!("seed {seed}: lost: {event:?}") };
            // nobody can tell of what cannot be seen: then with the first fetch that sees it again
            let hidden = made.hidden.iter().filter(|(document, from, _)| *document == event.document && *from >= event.at);
            let hours = |time: i64| (time - event.at) / HOUR;
            let latest = hidden.fold(84, |latest, (_, from, to)| if hours(*from) <= latest { latest.max(hours(*to) + 1) } else { latest });
            assert!(soonest <= latest, "seed {seed}: {soonest} hours, at most {latest}: {event:?}\n{found:#?}");
            late += i64::from(soonest > 84);
            assert!(!event.grave || soonest == 0, "seed {seed}: {soonest} hours: {event:?}");
            assert!(found.iter().all(|finding| finding.kind == Kind::Change), "{found:?}");
            let document = |finding: &&Finding| format!("{}/{}", finding.about.service, finding.about.document);
            assert!(found.iter().all(|finding| document(finding) == event.document));
            looked_at += 1;
        }
        assert!(looked_at > 50 && late * 20 < looked_at, "{late} of {looked_at} after their hold, for the page was not to be seen");
    }
}

#[test]
fn two_replays_say_the_same_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), 9, 400, 6);
    let said = || {
        let done = replay(folder.path(), &Wish::default(), |_, _| {}).unwrap();
        (serde_json::to_string(&done.ledger).unwrap(), serde_json::to_string(&done.tally).unwrap())
    };
    assert_eq!(said(), said());
}

#[test]
fn only_the_documents_that_were_asked_for_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), 4, 300, 6);
    let wish =
        Wish { service: Some("Service 1".to_owned()), platforms: [("Service 1".to_owned(), "one".to_owned())].into(), ..Wish::default() };
    let done = replay(folder.path(), &wish, |_, _| {}).unwrap();
    assert_eq!(done.tally.documents, 3);
    assert!(done.left_out["documents of other services"] > 50);
    assert!(done.ledger.findings.iter().all(|finding| finding.about.platform.as_deref() == Some("one")));
    let marks = audit::drift::monitor::stale(done.ledger.findings.iter());
    assert!(marks.iter().any(|mark| mark.platform == "one" && mark.control == "ACC-3"), "{marks:?}");
}
