//! Themes of a conversation: counted by kind within a window, bounded, forgotten.

use model::clock::Timestamp;
use model::limits;
use store::Store;
use store::command::note_themes::{ForgetThemes, NoteThemes};

use crate::on_both;
use crate::world::user;

const T: i64 = 1_700_000_000_000;
const WINDOW: i64 = limits::THEMES_WINDOW_MS;

async fn note(store: &Store, place: &str, sender: &str, themes: &[&str], at: i64) -> i64 {
    let themes = themes.iter().map(|theme| (*theme).to_owned()).collect();
    store
        .run(NoteThemes { room_id: format!("!{place}:example.org").try_into().unwrap(), sender: user(sender), themes, now: Timestamp(at) })
        .await
        .unwrap()
}

on_both! {
    async fn different_themes_of_one_sender_in_one_room_are_counted(store: Store) {
        assert_eq!(note(&store, "a", "eve", &["p.theme_age"], T).await, 1);
        assert_eq!(note(&store, "a", "eve", &["p.theme_age"], T + 1).await, 1, "the same again");
        assert_eq!(note(&store, "a", "mia", &["p.theme_gift"], T + 2).await, 1, "somebody else");
        assert_eq!(note(&store, "b", "eve", &["p.theme_gift"], T + 3).await, 1, "somewhere else");
        assert_eq!(note(&store, "a", "eve", &["p.theme_gift", "p.theme_secrecy"], T + 4).await, 3);
        assert_eq!(note(&store, "a", "eve", &["p.theme_meeting"], T + 1 + WINDOW).await, 3, "the first is too long ago");
        assert_eq!(store.run(ForgetThemes { now: Timestamp(T + 3 + WINDOW) }).await.unwrap(), 3);
        assert_eq!(note(&store, "a", "eve", &["p.theme_age"], T + 4 + WINDOW).await, 2);
    }

    async fn what_is_kept_of_one_pair_is_bounded(store: Store) {
        let many: Vec<String> = (0..limits::THEMES_KEPT + 9).map(|n| format!("p.theme_{n:03}")).collect();
        for (at, theme) in (T..).zip(&many) {
            note(&store, "a", "eve", &[theme], at).await;
        }
        let most = i64::try_from(limits::THEMES_KEPT).unwrap();
        assert_eq!(note(&store, "a", "eve", &[&many[0]], T + 1_000).await, most, "the oldest went");
    }
}
