//! A conversation with a server, written down without secrets.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde_json::{Value as Json, json};
use url::Url;

use crate::http::{Client, HttpError, Question};
use crate::limits;

/// Keys whose values are secrets.
const SECRETS: [&str; 7] = ["access_token", "refresh_token", "password", "token", "session", "login_token", "device_id"];

/// One question and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// Method and path.
    pub asked: String,
    /// What was said.
    #[serde(skip_serializing_if = "Json::is_null")]
    pub said: Json,
    /// The status, or why there is none.
    pub answer: String,
    /// What was answered.
    #[serde(skip_serializing_if = "Json::is_null")]
    pub body: Json,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body; `Null` when it is no JSON.
    pub body: Json,
}

impl Reply {
    /// The code of a Matrix error.
    pub fn errcode(&self) -> &str {
        self.body["errcode"].as_str().unwrap_or_default()
    }

    /// Whether the server does not know such a question.
    pub fn is_unknown(&self) -> bool {
        matches!(self.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) && matches!(self.errcode(), "" | "M_UNRECOGNIZED")
    }
}

/// A conversation on its way.
#[derive(Debug)]
pub struct Talk<'a> {
    client: &'a Client,
    base: &'a Url,
    exchanges: Vec<Exchange>,
}

impl<'a> Talk<'a> {
    /// With whom.
    pub fn with(client: &'a Client, base: &'a Url) -> Self {
        Self { client, base, exchanges: Vec::new() }
    }

    /// Asks as whoever has this token; an empty one is nobody's.
    pub async fn ask(&mut self, method: Method, path: &str, token: &str, body: &Json) -> Result<Reply, HttpError> {
        let answered = self.exchange(&method, path, token, body).await;
        let (answer, shown) = match &answered {
            Ok(reply) => (reply.status.as_u16().to_string(), without_secrets(&reply.body)),
            Err(error) => (error.to_string(), Json::Null),
        };
        let shown = if shown.to_string().len() > limits::TRANSCRIPT_BYTES { json!("left out for its length") } else { shown };
        self.exchanges.push(Exchange { asked: format!("{method} {path}"), said: without_secrets(body), answer, body: shown });
        answered
    }

    /// Notes something that is no question of HTTP.
    pub fn note(&mut self, asked: &str, answer: String, body: Json) {
        self.exchanges.push(Exchange { asked: asked.to_owned(), said: Json::Null, answer, body });
    }

    async fn exchange(&self, method: &Method, path: &str, token: &str, body: &Json) -> Result<Reply, HttpError> {
        let url = self.base.join(path).map_err(|_| HttpError::Question(path.to_owned()))?;
        let mut question = Question { method: method.clone(), ..Question::get(url) };
        if !token.is_empty() {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| HttpError::Question("a token".to_owned()))?;
            value.set_sensitive(true);
            question.headers.push((AUTHORIZATION, value));
        }
        if !body.is_null() {
            question.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
            question.body = Bytes::from(body.to_string());
        }
        let followed = if *method == Method::GET { self.client.follow(question).await?.answer } else { self.client.ask(&question).await? };
        Ok(Reply { status: followed.status, body: serde_json::from_slice(&followed.body).unwrap_or(Json::Null) })
    }

    /// What was said so far, as JSON.
    pub fn transcript(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.exchanges).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn without_secrets(value: &Json) -> Json {
    match value {
        Json::Object(object) => object
            .iter()
            .map(|(key, value)| {
                let is_secret = SECRETS.contains(&key.as_str()) && !value.is_object();
                (key.clone(), if is_secret { json!("***") } else { without_secrets(value) })
            })
            .collect(),
        Json::Array(list) => list.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

/// A part of a path, percent-encoded.
pub(super) fn part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_written_down() {
        let said = json!({"password": "x", "auth": {"session": "y", "list": [{"access_token": "z"}]}, "user": "ana"});
        assert_eq!(
            without_secrets(&said),
            json!({"password": "***", "auth": {"session": "***", "list": [{"access_token": "***"}]}, "user": "ana"})
        );
        assert_eq!(part("!a:b/c"), "%21a%3Ab%2Fc");
    }
}
