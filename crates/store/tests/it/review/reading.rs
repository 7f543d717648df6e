//! Bodies leave to staff by one door, and the record is written first.

use model::case::MessageState;
use model::conversation::Mode;
use model::limits;
use model::verdict::Action;
use store::command::reveal::{Reveal, RevealOutcome, Revealed};
use store::query::access_records::{AccessOfMember, AccessPage};
use store::{Command, Row, StoreError, Tx, Value};

use super::world::{START, World, make_room, opening, user, verdict, with_world};

fn opened(outcome: RevealOutcome) -> Revealed {
    match outcome {
        RevealOutcome::Revealed(revealed) => revealed,
        other => panic!("not revealed: {other:?}"),
    }
}

fn texts(revealed: &Revealed) -> Vec<String> {
    let body = |content: &str| serde_json::from_str::<serde_json::Value>(content).unwrap()["body"].as_str().unwrap_or("-").to_owned();
    revealed.messages.iter().map(|message| body(&message.content)).collect()
}

/// Reveals with a transaction that swallows what is written into one table.
struct Sabotaged {
    reveal: Reveal,
    table: &'static str,
}

struct Swallowing<'a, T> {
    inner: &'a mut T,
    insert: String,
    read: Vec<String>,
}

impl<T: Tx> Tx for Swallowing<'_, T> {
    async fn rows(&mut self, sql: &'static str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        if sql.starts_with(&self.insert) {
            // pretends that it was written, under a number that could be real
            return self.inner.rows("select 1", &[]).await;
        }
        let rows = self.inner.rows(sql, args).await?;
        self.read.extend(rows.iter().map(|row| format!("{row:?}")));
        Ok(rows)
    }

    async fn exec(&mut self, sql: &'static str, args: &[Value]) -> Result<u64, StoreError> {
        if sql.starts_with(&self.insert) { Ok(1) } else { self.inner.exec(sql, args).await }
    }
}

impl Command for Sabotaged {
    type Out = (Result<RevealOutcome, String>, Vec<String>);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let mut tx = Swallowing { inner: tx, insert: format!("insert into {}", self.table), read: vec![] };
        let outcome = self.reveal.run(&mut tx).await.map_err(|error| error.to_string());
        Ok((outcome, tx.read))
    }
}

async fn without_record_nothing(world: &World, table: &'static str) {
    let (_, case) = world.says("the secret word", Some(opening()), START).await;
    let refused = world.is_refused("the secret refusal", START).await;
    for case_id in [case.unwrap(), refused] {
        world.claims(case_id, &world.rita, START).await;
        let (outcome, read) = world.store.run(Sabotaged { reveal: world.reveal(case_id, START), table }).await.unwrap();
        assert!(!format!("{outcome:?}").contains("secret"), "a body came out without its record: {outcome:?}");
        assert!(read.iter().all(|row| !row.contains("secret")), "a body was selected without its record");
    }
}

with_world! {
    async fn without_the_access_record_no_body_is_selected(world: World) {
        without_record_nothing(&world, "access_records").await;
    }

    async fn without_its_subjects_no_body_is_selected(world: World) {
        without_record_nothing(&world, "access_subjects").await;
    }

    async fn the_same_sabotage_of_nothing_lets_the_body_through(world: World) {
        let (_, case) = world.says("the secret word", Some(opening()), START).await;
        world.claims(case.unwrap(), &world.rita, START).await;
        let reveal = world.reveal(case.unwrap(), START);
        let (outcome, _) = world.store.run(Sabotaged { reveal, table: "no_such_table" }).await.unwrap();
        assert!(format!("{outcome:?}").contains("secret"));
    }

    async fn a_read_shows_the_message_with_five_before_and_after_and_is_on_record(world: World) {
        for n in 0..8 {
            world.says(&format!("before {n}"), None, START.plus_ms(n)).await;
        }
        let (_, case) = world.says("the one", Some(verdict(Action::Annotate)), START.plus_ms(10)).await;
        for n in 0..8 {
            world.says(&format!("after {n}"), None, START.plus_ms(20 + n)).await;
        }
        let case = case.unwrap();
        world.claims(case, &world.rita, START).await;
        let revealed = opened(world.reveals(case, START.plus_ms(30)).await);
        let expected = ["before 3", "before 4", "before 5", "before 6", "before 7", "the one", "after 0", "after 1", "after 2", "after 3", "after 4"];
        assert_eq!(texts(&revealed), expected);
        let anchors: Vec<_> = revealed.messages.iter().filter(|message| message.anchor).collect();
        assert_eq!((anchors.len(), anchors[0].state), (1, MessageState::Visible));
        assert_eq!(revealed.hits.len(), 1);

        let page = world.store.read(AccessPage { staff: None, before: None, limit: 10 }).await.unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].access_id, revealed.access_id);
        assert_eq!(page[0].subjects, [world.ana.clone(), world.ben.clone()]);
        assert_eq!(page[0].events, 11);
        for member in [&world.ana, &world.ben] {
            let own = world.store.read(AccessOfMember { user_id: member.clone() }).await.unwrap();
            assert_eq!(own.len(), 1);
            assert_eq!(own[0].source.as_deref(), Some("scan"));
        }
        assert_eq!(world.store.read(AccessOfMember { user_id: user("sam") }).await.unwrap(), []);
    }

    async fn the_window_can_be_narrow_and_never_wider_than_five(world: World) {
        for n in 0..8 {
            world.says(&format!("before {n}"), None, START).await;
        }
        let (_, case) = world.says("the one", Some(verdict(Action::Annotate)), START).await;
        let case = case.unwrap();
        world.claims(case, &world.rita, START).await;
        for (window, messages) in [(0, 1), (2, 3), (5, 6), (500, 6)] {
            let outcome = world.store.run(Reveal { window, ..world.reveal(case, START) }).await.unwrap();
            assert_eq!(opened(outcome).messages.len(), messages, "window {window}");
        }
    }

    async fn only_the_living_claim_of_the_reader_opens_a_case(world: World) {
        let (_, case) = world.says("the one", Some(opening()), START).await;
        let case = case.unwrap();
        assert_eq!(world.reveals(case, START).await, RevealOutcome::NotClaimed);
        world.claims(case, &user("sam"), START).await;
        assert_eq!(world.reveals(case, START).await, RevealOutcome::NotClaimed);
        let lapsed = START.plus_ms(limits::CLAIM_MS);
        world.claims(case, &world.rita, lapsed).await;
        assert_eq!(world.reveals(case, lapsed.plus_ms(limits::CLAIM_MS)).await, RevealOutcome::NotClaimed);
        assert_eq!(world.int("select count(*) from access_records where staff <> $1", "").await, 0);
        opened(world.reveals(case, lapsed).await);
    }

    async fn a_refused_message_is_read_from_its_flag_between_its_neighbours(world: World) {
        world.says("before", None, START).await;
        let case = world.is_refused("refused words", START.plus_ms(5)).await;
        world.says("after", None, START.plus_ms(10)).await;
        world.claims(case, &world.rita, START).await;
        let revealed = opened(world.reveals(case, START.plus_ms(20)).await);
        assert_eq!(texts(&revealed), ["before", "refused words", "after"]);
        assert!(revealed.messages[1].anchor);
        assert_eq!(revealed.messages[1].event_id, None);
        assert_eq!(world.store.read(AccessOfMember { user_id: world.ana.clone() }).await.unwrap()[0].events, 3);
    }

    async fn a_sealed_conversation_cannot_be_opened(world: World) {
        let sealed = make_room(&world.store, &world.ana, &world.ben, Mode::Sealed).await;
        let world = World { room: sealed, ..world };
        let (_, case) = world.says("ciphertext", Some(opening()), START).await;
        world.claims(case.unwrap(), &world.rita, START).await;
        assert_eq!(world.reveals(case.unwrap(), START).await, RevealOutcome::Sealed);
        assert_eq!(world.int("select count(*) from access_records where staff <> $1", "").await, 0);
    }
}

/// What a random sequence of steps may do to two cases.
#[derive(Clone, Copy, Debug)]
enum Step {
    Claim(bool),
    Release(bool),
    Reveal(bool),
    Wait,
    Decide,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let step = prop_oneof![
        any::<bool>().prop_map(Step::Claim),
        any::<bool>().prop_map(Step::Release),
        any::<bool>().prop_map(Step::Reveal),
        any::<bool>().prop_map(Step::Reveal),
        Just(Step::Wait),
        Just(Step::Decide),
    ];
    proptest::collection::vec(step, 1..14)
}

/// Whatever is done in whatever order: bodies came out exactly as often as records were written, and
/// only to who held the case at that moment.
async fn every_revealed_byte_is_on_record(world: World, steps: Vec<Step>) {
    let sam = user("sam");
    let (_, case) = world.says("the secret word", Some(opening()), START).await;
    let case = case.unwrap();
    let (mut now, mut holder, mut revealed) = (START, None::<bool>, 0);
    for step in steps {
        let staff = |who: bool| if who { world.rita.clone() } else { sam.clone() };
        match step {
            Step::Claim(who) => {
                if world.claims(case, &staff(who), now).await == store::command::claim_case::ClaimOutcome::Claimed {
                    holder = Some(who);
                }
            }
            Step::Release(who) => {
                let command = store::command::claim_case::ReleaseClaim { case_id: case, staff: staff(who), now };
                if world.store.run(command).await.unwrap() {
                    holder = None;
                }
            }
            Step::Reveal(who) => {
                let outcome = world.store.run(Reveal { staff: staff(who), ..world.reveal(case, now) }).await.unwrap();
                let out = format!("{outcome:?}").contains("secret");
                assert_eq!(out, holder == Some(who), "{outcome:?}");
                revealed += i64::from(out);
            }
            Step::Wait => {
                now = now.plus_ms(limits::CLAIM_MS);
                holder = None;
            }
            Step::Decide => {
                let command = world.decision(case, model::case::Outcome::Dismiss, now);
                if matches!(world.store.run(command).await.unwrap(), store::command::decide_case::DecideOutcome::Decided(_)) {
                    holder = None;
                }
            }
        }
        assert_eq!(world.int("select count(*) from access_records where staff <> $1", "").await, revealed);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]
    #[test]
    fn bytes_revealed_means_a_record_exists(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            every_revealed_byte_is_on_record(World::sqlite().await, steps.clone()).await;
            if let Some(world) = World::postgres().await {
                every_revealed_byte_is_on_record(world, steps).await;
            }
        });
    }
}
