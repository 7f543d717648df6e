//! Media on both databases: announced, filled, counted, followed, let go of.

use model::clock::Timestamp;
use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::limits;
use proptest::prelude::*;
use store::command::append_events::Step;
use store::command::media::{
    AnnounceMedia, Announced, ExpireMedia, FailMedia, File, FillMedia, Filling, FinishMedia, Finished, RemoveMedia,
};
use store::command::update_user::{UpdateUser, UserChange};
use store::query::media::{MediaById, MediaGone};
use store::{Query, Store, StoreError, Tx, args};

use crate::on_both;
use crate::world::{AddPeople, append, done, draft, room_of, step, user};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const PLENTY: i64 = 1 << 40;

/// The ID that media of this name have: 32 characters.
pub(crate) fn name(media: &str) -> String {
    format!("{media:x<32}")
}

fn text() -> File {
    File { content_type: "text/plain".to_owned(), file_name: Some("a.txt".to_owned()) }
}

fn announce(media: &str, owner: &OwnedUserId, file: Option<File>) -> AnnounceMedia {
    AnnounceMedia { media_id: name(media), owner: owner.clone(), file, quota_bytes: PLENTY, now: NOW }
}

fn fill(media: &str, owner: &OwnedUserId, now: Timestamp) -> FillMedia {
    FillMedia { media_id: name(media), owner: owner.clone(), file: text(), now }
}

fn finish(media: &str, bytes: i64) -> FinishMedia {
    FinishMedia { media_id: name(media), bytes, sha256: [7; 32], in_place: true, quota_bytes: PLENTY }
}

/// Media that have come.
pub(crate) async fn is_uploaded(store: &Store, owner: &OwnedUserId, media: &str, bytes: i64) {
    assert_eq!(store.run(announce(media, owner, Some(text()))).await.unwrap(), Announced::Done);
    assert_eq!(store.run(finish(media, bytes)).await.unwrap(), Finished::Ready);
}

/// The state of media; empty when nothing is known of them.
pub(crate) async fn state(store: &Store, media: &str) -> String {
    store.read(MediaById { media_id: name(media) }).await.unwrap().map(|media| media.state).unwrap_or_default()
}

/// What a person's media take, as counted and as it is.
struct Use(OwnedUserId);

impl Query for Use {
    type Out = (i64, i64);

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(i64, i64), StoreError> {
        let counted = tx.row("select bytes from media_use where owner = $1", args![&self.0]).await?.map_or(Ok(0), |row| row.int(0))?;
        let sql = "select bytes from media where owner = $1 and state in ('ready', 'evidence')";
        let rows = tx.rows(sql, args![&self.0]).await?;
        let bytes = rows.iter().map(|row| Ok(row.int(0)?.max(limits::MEDIA_BYTES_MIN))).sum::<Result<i64, StoreError>>()?;
        Ok((counted, bytes))
    }
}

fn shown(sender: &OwnedUserId, media: &str) -> Step {
    let content = format!(r#"{{"msgtype":"m.image","body":"a","url":"mxc://example.org/{}"}}"#, name(media));
    step(draft(sender, "m.room.message", None, &content), vec![sender.clone()])
}

async fn shows(store: &Store, room: &OwnedRoomId, sender: &OwnedUserId, media: &str) -> OwnedEventId {
    done(append(store, room, vec![shown(sender, media)]).await.unwrap())[0].event_id.clone()
}

async fn takes_back(store: &Store, room: &OwnedRoomId, sender: &OwnedUserId, event: &OwnedEventId) {
    let redaction = draft(sender, "m.room.redaction", None, &format!(r#"{{"redacts":"{event}"}}"#));
    let step = Step { redacts: Some(event.clone()), ..step(redaction, vec![sender.clone()]) };
    while let Err(error) = append(store, room, vec![step.clone()]).await {
        assert!(matches!(error, StoreError::Stale), "{error}");
    }
}

on_both! {
    async fn an_address_is_announced_filled_once_and_found(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        assert_eq!(store.run(announce("a", &ana, None)).await.unwrap(), Announced::Done);
        assert_eq!(store.run(fill("a", &ben, NOW)).await.unwrap(), Filling::NotYours);
        assert_eq!(store.run(fill("nothing", &ana, NOW)).await.unwrap(), Filling::Unknown);
        assert_eq!(store.run(fill("a", &ana, NOW)).await.unwrap(), Filling::Begun);
        assert_eq!(store.run(fill("a", &ana, NOW)).await.unwrap(), Filling::AlreadyThere);
        store.run(FailMedia { media_id: name("a") }).await.unwrap();
        assert_eq!(state(&store, "a").await, "reserved");
        assert_eq!(store.run(fill("a", &ana, NOW)).await.unwrap(), Filling::Begun);
        assert_eq!(store.run(finish("a", 9)).await.unwrap(), Finished::Ready);
        assert_eq!(store.run(finish("a", 9)).await.unwrap(), Finished::Gone);
        assert_eq!(store.run(fill("a", &ana, NOW)).await.unwrap(), Filling::AlreadyThere);
        let found = store.read(MediaById { media_id: name("a") }).await.unwrap().unwrap();
        assert_eq!((found.bytes, found.sha256, found.in_place, found.owner), (9, Some(vec![7; 32]), true, ana));
        assert_eq!((found.content_type.as_str(), found.file_name.as_deref()), ("text/plain", Some("a.txt")));
    }

    async fn what_does_not_come_is_let_go_of(store: Store) {
        let ana = user("ana");
        for media in ["announced", "coming"] {
            store.run(announce(media, &ana, (media == "coming").then(text))).await.unwrap();
        }
        is_uploaded(&store, &ana, "there", 5).await;
        store.run(announce("failed", &ana, Some(text()))).await.unwrap();
        store.run(FailMedia { media_id: name("failed") }).await.unwrap();
        assert_eq!(store.read(MediaGone).await.unwrap(), [name("failed")]);
        let end = NOW.plus_ms(limits::MEDIA_PENDING_MS);
        assert_eq!(store.run(fill("announced", &ana, end)).await.unwrap(), Filling::Unknown);
        assert_eq!(store.run(ExpireMedia { now: end.plus_ms(-1) }).await.unwrap(), 0);
        assert_eq!(store.run(ExpireMedia { now: end }).await.unwrap(), 2);
        assert_eq!(store.run(finish("coming", 5)).await.unwrap(), Finished::Gone);
        let gone = store.read(MediaGone).await.unwrap();
        assert_eq!(gone, [name("announced"), name("coming"), name("failed")]);
        store.run(RemoveMedia { media_ids: vec![name("announced"), name("coming"), name("failed"), name("there")] }).await.unwrap();
        assert_eq!((state(&store, "coming").await.as_str(), state(&store, "there").await.as_str()), ("", "ready"));
    }

    async fn names_without_files_are_bounded(store: Store) {
        for n in 0..limits::MEDIA_PENDING {
            assert_eq!(store.run(announce(&n.to_string(), &user("ana"), None)).await.unwrap(), Announced::Done);
        }
        assert_eq!(store.run(announce("more", &user("ana"), Some(text()))).await.unwrap(), Announced::TooMany);
        assert_eq!(store.run(announce("more", &user("ben"), None)).await.unwrap(), Announced::Done);
    }

    async fn a_quota_holds_whatever_comes_at_once(store: Store) {
        let ana = user("ana");
        let quota_bytes = 10 * limits::MEDIA_BYTES_MIN;
        for n in 0..20 {
            store.run(announce(&n.to_string(), &ana, Some(text()))).await.unwrap();
        }
        let finishes = (0..20).map(|n| store.run(FinishMedia { quota_bytes, ..finish(&n.to_string(), 1) }));
        let outcomes = futures_util::future::join_all(finishes).await;
        let ready = outcomes.into_iter().filter(|outcome| *outcome.as_ref().unwrap() == Finished::Ready).count();
        assert_eq!(ready, 10);
        let (counted, real) = store.read(Use(ana.clone())).await.unwrap();
        assert_eq!((counted, real), (quota_bytes, quota_bytes));
        let refused = store.run(AnnounceMedia { quota_bytes, ..announce("more", &ana, None) }).await.unwrap();
        assert_eq!(refused, Announced::Full);
    }

    async fn of_two_events_that_let_go_at_once_one_is_the_last(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let rooms = [room_of(&store, &[ana.clone(), ben.clone()]).await, room_of(&store, std::slice::from_ref(&ana)).await];
        for round in 0..5 {
            let media = format!("m{round}");
            is_uploaded(&store, &ana, &media, 5).await;
            let events = [shows(&store, &rooms[0], &ana, &media).await, shows(&store, &rooms[1], &ana, &media).await];
            let both = (0..2).map(|n| takes_back(&store, &rooms[n], &ana, &events[n]));
            futures_util::future::join_all(both).await;
            assert_eq!(state(&store, &media).await, "gone");
        }
        assert_eq!(store.read(Use(ana)).await.unwrap(), (0, 0));
    }

    async fn all_of_a_person_goes_when_they_wish_it(store: Store) {
        let (ana, ben) = (user("ana"), user("ben"));
        store.run(AddPeople(vec![ana.clone(), ben.clone()])).await.unwrap();
        let room = room_of(&store, &[ana.clone(), ben.clone()]).await;
        for (owner, media) in [(&ana, "a"), (&ben, "b")] {
            is_uploaded(&store, owner, media, 5).await;
            shows(&store, &room, owner, media).await;
        }
        let closes = |user: &OwnedUserId, erase| UpdateUser { user_id: user.clone(), change: UserChange::Deactivate { erase, tell_webhook: false }, now: NOW };
        store.run(closes(&ben, false)).await.unwrap();
        store.run(closes(&ana, true)).await.unwrap();
        assert_eq!((state(&store, "a").await.as_str(), state(&store, "b").await.as_str()), ("gone", "ready"));
    }
}

/// What can happen to media.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Upload(i64),
    Show(usize, usize),
    TakeBack(usize),
    Sweep,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => (0..20_000_i64).prop_map(Deed::Upload),
        4 => (0..4_usize, 0..2_usize).prop_map(|(media, who)| Deed::Show(media, who)),
        3 => (0..8_usize).prop_map(Deed::TakeBack),
        1 => Just(Deed::Sweep),
    ];
    prop::collection::vec(deed, 1..30)
}

/// Media by name: whether their owner ana has shown them, and the events that show them now.
#[derive(Default)]
struct Model {
    media: Vec<(String, bool)>,
    events: Vec<(usize, OwnedEventId, usize)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn media_are_there_while_something_shows_them_and_the_count_is_right(deeds in deeds()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open_sqlite(&folder.path().join("frankly.db")).unwrap();
            play(&store, &deeds).await;
        });
    }
}

async fn play(store: &Store, deeds: &[Deed]) {
    let people = [user("ana"), user("ben")];
    store.run(AddPeople(people.to_vec())).await.unwrap();
    let room = room_of(store, &people).await;
    let mut model = Model::default();
    for deed in deeds {
        match *deed {
            Deed::Upload(bytes) => {
                let media = format!("m{}", model.media.len());
                is_uploaded(store, &people[0], &media, bytes).await;
                model.media.push((media, false));
            }
            Deed::Show(media, who) if !model.media.is_empty() => {
                let media = media % model.media.len();
                if state(store, &model.media[media].0).await == "ready" {
                    let event = shows(store, &room, &people[who], &model.media[media].0).await;
                    model.events.push((media, event, who));
                    model.media[media].1 |= who == 0;
                }
            }
            Deed::TakeBack(event) if !model.events.is_empty() => {
                let (_, event, who) = model.events.remove(event % model.events.len());
                takes_back(store, &room, &people[who], &event).await;
            }
            Deed::Sweep => store.run(RemoveMedia { media_ids: store.read(MediaGone).await.unwrap() }).await.unwrap(),
            Deed::Show(..) | Deed::TakeBack(_) => {}
        }
        for (index, (media, linked)) in model.media.iter().enumerate() {
            let shown = model.events.iter().any(|(shown, ..)| *shown == index);
            let known = state(store, media).await;
            // once its owner showed it, it is there exactly as long as something shows it
            assert!(if shown || !linked { known == "ready" } else { known == "gone" || known.is_empty() }, "{media}: {known}, {deeds:?}");
        }
        let (counted, real) = store.read(Use(people[0].clone())).await.unwrap();
        assert_eq!(counted, real);
    }
}
