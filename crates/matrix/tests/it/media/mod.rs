//! Media over HTTP: what goes up comes down, to whom, and what does not.

mod bounds;
mod canary;
mod down;
mod gone;
mod later;
mod small;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::Value;

use crate::world::{Answer, Person, encoded};

/// A picture of 800 by 200 pixels.
fn picture() -> Vec<u8> {
    STANDARD.decode(include_str!("picture.txt").trim()).unwrap()
}

/// The same kind of file, which says that it has 50,000 by 50,000 pixels.
const BOMB: &str = "iVBORw0KGgoAAAANSUhEUgAAw1AAAMNQCAYAAABLrz3KAAAADUlEQVR42mM4ESV3AgAFNwIJlaOixAAAAABJRU5ErkJggg==";

impl Person {
    /// Uploads a file; the answer as it came.
    async fn sends_up(&self, content_type: &str, name: &str, body: impl Into<Body>) -> Answer {
        let path = format!("/_matrix/media/v3/upload?filename={}", encoded(name));
        self.asks(Method::POST, &path, &[("content-type", content_type)], body).await
    }

    /// Uploads a file and gives its address.
    async fn uploads(&self, content_type: &str, name: &str, body: impl Into<Body>) -> String {
        let answer = self.sends_up(content_type, name, body).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        answer["content_uri"].as_str().unwrap().to_owned()
    }

    /// Downloads what is at an address; `rest` follows it in the path.
    async fn downloads(&self, address: &str, rest: &str) -> Answer {
        self.asks(Method::GET, &format!("/_matrix/client/v1/media/download/{}{rest}", place(address)), &[], "").await
    }

    async fn thumbnail(&self, address: &str, wish: &str) -> Answer {
        self.asks(Method::GET, &format!("/_matrix/client/v1/media/thumbnail/{}?{wish}", place(address)), &[], "").await
    }
}

/// Server and ID of an address, as they stand in paths.
fn place(address: &str) -> &str {
    address.strip_prefix("mxc://").unwrap()
}
