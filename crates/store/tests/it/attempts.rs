//! Attempts to reach strangers: counted by people, bounded, forgotten; and the one case they open.

use model::clock::Timestamp;
use model::contact::ContactCounters;
use model::id::CaseId;
use model::limits;
use model::verdict::{Action, Reason, Verdict};
use store::command::note_contacts::{Contact, ForgetContacts, NoteContacts, Noted};
use store::command::open_contact_case::{ContactCase, OpenContactCase};
use store::query::case_detail::CaseDetail;
use store::{Command, Store, StoreError, Tx, args};

use crate::on_both;
use crate::world::{AddPeople, user};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The moment at which everything begins.
const T: i64 = 1_700_000_000_000;

fn contact(name: &str, young: bool, refused: bool) -> Contact {
    Contact { target: user(name), young, refused }
}

async fn note(store: &Store, contacts: Vec<Contact>, most_24h: Option<i64>, at: i64) -> Noted {
    store.run(NoteContacts { opener: user("eve"), contacts, most_24h, now: Timestamp(at) }).await.unwrap()
}

fn counted(contacts_1h: i64, contacts_24h: i64, young_24h: i64, young_refused_24h: i64) -> Noted {
    Noted::Counted(ContactCounters { contacts_1h, contacts_24h, young_24h, young_refused_24h })
}

fn alert(severity: u8) -> Verdict {
    let reason = Reason {
        rule: "frankly@1/some-young".to_owned(),
        harm: "child_safety.grooming".to_owned(),
        severity,
        action: Action::Annotate,
        shadow: false,
        queue: "child-safety".to_owned(),
        explain: "3 minors".to_owned(),
        score: 0.5,
        ..Reason::default()
    };
    Verdict { action: Action::Annotate, reasons: vec![reason], ..Verdict::default() }
}

async fn opens(store: &Store, severity: u8, young_24h: i64, at: i64) -> ContactCase {
    let counters = ContactCounters { young_24h, ..ContactCounters::default() };
    let (subject, verdict, now) = (user("eve"), alert(severity), Timestamp(at));
    store.run(OpenContactCase { subject, verdict, counters, now, tell_webhook: true }).await.unwrap()
}

/// A case is decided, as far as these commands look at it.
struct Decided(CaseId, i64);

impl Command for Decided {
    type Out = i64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<i64, StoreError> {
        tx.exec("update cases set state = 'decided', decided_ms = $2 where case_id = $1", args![self.0.0, self.1]).await?;
        tx.row("select count(*) from outbox", args![]).await?.map_or(Ok(0), |row| row.int(0))
    }
}

on_both! {
    async fn people_are_counted_and_not_attempts(store: Store) {
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        assert_eq!(note(&store, vec![contact("a", false, false), contact("mia", true, true)], None, T).await, counted(2, 2, 1, 1));
        for again in 1..5 {
            assert_eq!(note(&store, vec![contact("mia", true, true)], None, T + again).await, counted(2, 2, 1, 1), "the same person again");
        }
        assert_eq!(note(&store, vec![contact("leo", true, false)], None, T + 2 * HOUR).await, counted(1, 3, 2, 1));
        assert_eq!(note(&store, vec![contact("b", false, false)], None, T + 25 * HOUR).await, counted(1, 2, 1, 0), "windows slide");
        assert_eq!(note(&store, vec![contact("a", false, false)], None, T + 26 * HOUR).await, counted(1, 2, 0, 0), "new again after a day");
    }

    async fn more_than_one_may_make_in_a_day_is_refused_with_a_time(store: Store) {
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        assert_eq!(note(&store, vec![contact("a", false, false), contact("b", false, true)], Some(3), T).await, counted(2, 2, 0, 0));
        let over = note(&store, vec![contact("c", false, false), contact("d", false, false)], Some(3), T + HOUR).await;
        assert_eq!(over, Noted::Over { retry_after_ms: 23 * HOUR }, "both or none");
        assert_eq!(note(&store, vec![contact("c", false, false)], Some(3), T + HOUR).await, counted(1, 3, 0, 0));
        assert!(matches!(note(&store, vec![contact("d", false, false)], Some(3), T + HOUR).await, Noted::Over { .. }));
        assert_eq!(note(&store, vec![contact("a", false, false)], Some(3), T + HOUR).await, counted(1, 3, 0, 0), "who was reached may be again");
        assert_eq!(note(&store, vec![contact("d", false, false)], Some(3), T + DAY + 1).await, counted(1, 2, 0, 0));
        assert!(matches!(note(&store, vec![contact("z", false, false)], Some(0), T + 9 * DAY).await, Noted::Over { .. }));
    }

    async fn what_is_kept_is_bounded_and_forgotten(store: Store) {
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        let many = usize::try_from(limits::CONTACTS_KEPT).unwrap() + 10;
        let contacts = (0..many).map(|n| contact(&format!("n{n:05}"), false, false)).collect();
        assert_eq!(note(&store, contacts, None, T).await, counted(limits::CONTACTS_KEPT, limits::CONTACTS_KEPT, 0, 0));
        assert_eq!(store.run(ForgetContacts { now: Timestamp(T + limits::CONTACT_KEEP_MS) }).await.unwrap(), 0);
        let forgotten = store.run(ForgetContacts { now: Timestamp(T + limits::CONTACT_KEEP_MS + 1) }).await.unwrap();
        assert_eq!(forgotten, u64::try_from(limits::CONTACTS_KEPT).unwrap());
    }

    async fn there_is_one_open_case_and_it_says_the_newest(store: Store) {
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        let ContactCase::Opened(case) = opens(&store, 3, 3, T).await else { panic!("no case") };
        assert_eq!(opens(&store, 3, 3, T + 1).await, ContactCase::Same(case));
        assert_eq!(opens(&store, 3, 4, T + 2).await, ContactCase::Updated(case));
        assert_eq!(opens(&store, 4, 10, T + 3).await, ContactCase::Updated(case), "and it becomes more urgent");
        let detail = store.read(CaseDetail { case_id: case, now: Timestamp(T + 4) }).await.unwrap().unwrap();
        assert_eq!((detail.case.source.as_str(), detail.case.severity, detail.case.queue.as_str()), ("contact", 4, "child-safety"));
        assert_eq!((detail.case.room_id, detail.case.event_id, detail.case.message_state), (None, None, None));
        assert_eq!(detail.reasons[0].explain, "3 minors");
        assert_eq!(detail.case.subject.unwrap().user_id, user("eve"));
        assert_eq!(store.run(Decided(case, T + 5)).await.unwrap(), 2, "the webhook is told of the opening and the rise");
        assert!(matches!(opens(&store, 3, 3, T + 6).await, ContactCase::Opened(next) if next != case));
    }

    async fn what_was_judged_is_not_counted_again(store: Store) {
        store.run(AddPeople(vec![user("eve")])).await.unwrap();
        for name in ["a", "b", "c"] {
            note(&store, vec![contact(name, true, true)], None, T).await;
        }
        let ContactCase::Opened(case) = opens(&store, 3, 3, T).await else { panic!("no case") };
        store.run(Decided(case, T + 10)).await.unwrap();
        assert_eq!(note(&store, vec![contact("d", true, true)], None, T + 20).await, counted(1, 1, 1, 1));
        assert_eq!(note(&store, vec![contact("a", true, true)], None, T + 30).await, counted(1, 1, 2, 2), "an attempt after it counts");
        assert!(matches!(note(&store, vec![contact("e", false, false)], Some(4), T + 40).await, Noted::Over { .. }), "bounds go on");
    }
}
