//! What is split over messages is judged when its last piece comes.

use app::Error;

use crate::world::World;

#[tokio::test]
async fn a_blocked_phrase_over_three_messages_is_refused_at_the_third() {
    let world = World::new().await;
    world.says("block").await.unwrap();
    world.says("wo").await.unwrap();
    let refused = world.says("rd").await;
    assert!(matches!(refused, Err(Error::Safety { .. })), "{refused:?}");
    assert_eq!(world.inbox(&world.ben).await.last().unwrap(), "wo");
    assert_eq!(world.count("select count(*) from flags where action = 'block' and sender = $1", world.ana.user_id.as_str()).await, 1);
}

#[tokio::test]
async fn a_refused_word_casts_no_shadow_on_what_is_said_next() {
    let world = World::new().await;
    for text in ["a blockword", "block", "blockword"] {
        let _refused_or_not = world.says(text).await;
        world.says("d and more").await.unwrap();
    }
}

#[tokio::test]
async fn a_held_word_in_two_halves_withholds_the_second() {
    let world = World::new().await;
    world.says("hold").await.unwrap();
    world.says("word").await.unwrap();
    assert_eq!(world.inbox(&world.ben).await.last().unwrap(), "hold");
    assert_eq!(world.inbox(&world.ana).await.last().unwrap(), "word");
}

#[tokio::test]
async fn messages_that_have_nothing_to_do_with_each_other_pass() {
    let world = World::new().await;
    for text in ["the road was blocked", "word of it came late", "hold on", "in other words", "a flag", "and nothing more"] {
        world.says(text).await.unwrap();
    }
    assert_eq!(world.count("select count(*) from flags where sender = $1", world.ana.user_id.as_str()).await, 0);
}

#[tokio::test]
async fn halves_an_hour_apart_are_two_messages() {
    let world = World::new().await;
    world.says("hold").await.unwrap();
    world.clock.advance_ms(3_600_001);
    world.says("word").await.unwrap();
    assert_eq!(world.inbox(&world.ben).await.last().unwrap(), "word");
}
