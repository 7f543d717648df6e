//! The OpenAPI document; web types are generated from it.

use http::StatusCode;

use crate::world::World;

#[tokio::test]
async fn the_document_is_the_one_on_record() {
    let world = World::new().await;
    let answer = world.browser().get("openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_json_snapshot!(answer.body);
}
