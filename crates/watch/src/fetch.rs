//! Fetching pages politely: what `robots.txt` allows, one at a time, not often, and only what changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::decode::decode;
use crate::http::{Answer, Client, Followed, HttpError, Journey, Question};
use crate::limits;
use crate::robots::Robots;

/// How long to wait between questions.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// Between two questions to the same host, unless it asks for longer.
    pub pause_ms: u64,
    /// Before a second try; it doubles.
    pub back_off_ms: u64,
}

impl Default for Manners {
    fn default() -> Self {
        Self { pause_ms: limits::PAUSE_MS, back_off_ms: limits::BACK_OFF_MS }
    }
}

/// What a server said of a page, so that it can be asked whether it changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// Its `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A page as it came.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its bytes.
    pub body: Bytes,
    /// What kind of text it says it is.
    pub content_type: Option<String>,
    /// Who gave it.
    pub url: Url,
    /// To ask again with.
    pub validators: Validators,
}

/// Why a page was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The host does not want it.
    #[error("robots.txt of {0} does not allow it")]
    Robots(String),
    /// What the host wants cannot be found out.
    #[error("robots.txt of {0} cannot be read, so nothing is fetched there")]
    RobotsUnknown(String),
    /// Another status than 200.
    #[error("the answer is {0}")]
    Status(StatusCode),
    /// It leads to a page on which one logs in.
    #[error("it leads to a page for logging in: {0}")]
    LogInWall(Url),
    /// It is neither text nor a page.
    #[error("it is {0}, not a page")]
    NotText(String),
    /// No answer.
    #[error("{0}")]
    Http(#[from] HttpError),
}

impl Refusal {
    /// Whether another try may go better.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => {
                status.is_server_error() || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
            Self::Http(error) => error.is_unreachable(),
            _ => false,
        }
    }
}

/// Fetches.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    manners: Manners,
    hosts: BTreeMap<String, HostState>,
}

#[derive(Debug)]
struct HostState {
    /// `None` when they cannot be read.
    robots: Option<Robots>,
    asked: Instant,
}

impl Fetcher {
    /// A fetcher over this client.
    pub fn new(client: Client, manners: Manners) -> Self {
        Self { client, manners, hosts: BTreeMap::new() }
    }

    /// Fetches a page; `None` when it is as it was.
    pub async fn fetch(&mut self, url: &Url, known: &Validators) -> Result<Option<Fetched>, Refusal> {
        let mut tries = 1;
        loop {
            let (refusal, wanted_ms) = match self.tried(url, known).await {
                Ok(fetched) => return Ok(fetched),
                Err(refused) => refused,
            };
            if tries >= limits::TRIES || !refusal.may_pass() {
                return Err(refusal);
            }
            let wait_ms = wanted_ms.unwrap_or(self.manners.back_off_ms << (tries - 1));
            tokio::time::sleep(Duration::from_millis(wait_ms.min(limits::BACK_OFF_MS_MAX))).await;
            tries += 1;
        }
    }

    /// One try; what was refused, and how long the host wants to be left alone.
    async fn tried(&mut self, url: &Url, known: &Validators) -> Result<Option<Fetched>, (Refusal, Option<u64>)> {
        let mut question = Question::get(url.clone());
        let fields = [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)];
        let said = |(name, value): (HeaderName, &Option<String>)| {
            value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()).map(|value| (name, value))
        };
        question.headers.extend(fields.into_iter().filter_map(said));
        let is_known = !question.headers.is_empty();
        let mut journey = Journey::new(question);
        let answer = loop {
            // where a redirect leads must be allowed too
            let next = journey.question.url.clone();
            self.allowed(&next).await.map_err(|refusal| (refusal, None))?;
            self.pause(&next).await;
            if let Some(answer) = self.client.step(&mut journey).await.map_err(|error| (error.into(), None))? {
                break answer;
            }
        };
        let followed = Followed { answer, url: journey.question.url, hops: journey.hops };
        let wanted_ms = retry_after_ms(&followed.answer);
        understood(followed, url, is_known).map_err(|refusal| (refusal, wanted_ms))
    }

    /// Whether the host wants this page to be fetched.
    async fn allowed(&mut self, url: &Url) -> Result<(), Refusal> {
        let origin = url.origin().ascii_serialization();
        if !self.hosts.contains_key(&origin) {
            if self.hosts.len() >= limits::ROBOTS_HOSTS {
                self.hosts.pop_first();
            }
            let robots = self.robots_of(url).await;
            self.hosts.insert(origin.clone(), HostState { robots, asked: Instant::now() });
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        match self.hosts.get(&origin).and_then(|host| host.robots.as_ref()) {
            None => {
                self.hosts.remove(&origin);
                Err(Refusal::RobotsUnknown(origin))
            }
            Some(robots) if robots.allows(&path) => Ok(()),
            Some(_) => Err(Refusal::Robots(origin)),
        }
    }

    /// What a host wants: without a `robots.txt` anything, and `None` when it cannot be known.
    async fn robots_of(&self, url: &Url) -> Option<Robots> {
        let address = url.join("/robots.txt").ok()?;
        let followed = self.client.follow(Question::get(address)).await.ok()?;
        let status = followed.answer.status;
        if status.is_success() {
            let body = &followed.answer.body;
            return Some(Robots::read(&String::from_utf8_lossy(&body[..body.len().min(limits::ROBOTS_BYTES)])));
        }
        (status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS).then(Robots::default)
    }

    /// Waits until the host may be asked again.
    async fn pause(&mut self, url: &Url) {
        let Some(host) = self.hosts.get_mut(&url.origin().ascii_serialization()) else { return };
        let asked_for = host.robots.as_ref().and_then(|robots| robots.delay_ms).unwrap_or_default();
        let pause = Duration::from_millis(self.manners.pause_ms.max(asked_for.min(limits::PAUSE_MS_MAX)));
        tokio::time::sleep(pause.saturating_sub(host.asked.elapsed())).await;
        host.asked = Instant::now();
    }
}

fn understood(followed: Followed, asked: &Url, is_known: bool) -> Result<Option<Fetched>, Refusal> {
    let Followed { answer, url, hops } = followed;
    if let Some(wall) = hops.iter().find(|hop| is_log_in(hop) && !is_log_in(asked)) {
        return Err(Refusal::LogInWall(wall.clone()));
    }
    if answer.status == StatusCode::NOT_MODIFIED && is_known {
        return Ok(None);
    }
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
        return Err(Refusal::LogInWall(url));
    }
    if answer.status != StatusCode::OK {
        return Err(Refusal::Status(answer.status));
    }
    let content_type = answer.header(CONTENT_TYPE).map(str::to_owned);
    let kind = content_type.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.is_empty() || kind.starts_with("text/") || ["html", "xml", "json"].iter().any(|one| kind.contains(one));
    if !is_text {
        return Err(Refusal::NotText(kind));
    }
    if asks_for_password(&answer) {
        return Err(Refusal::LogInWall(url));
    }
    let field = |name: HeaderName| answer.header(name).map(str::to_owned);
    let validators = Validators { etag: field(ETAG), last_modified: field(LAST_MODIFIED) };
    Ok(Some(Fetched { content_type, url, validators, body: answer.body }))
}

/// Whether an address is of a page on which one logs in.
fn is_log_in(url: &Url) -> bool {
    let words = ["login", "log-in", "signin", "sign-in", "auth", "accounts", "sso", "session", "checkpoint", "consent"];
    let host = url.host_str().unwrap_or_default();
    let parts = url.path().split(['/', '.', '_']).chain(host.split('.'));
    parts.map(str::to_ascii_lowercase).any(|part| words.contains(&part.as_str()))
}

/// Whether a page asks for a password and says little else.
fn asks_for_password(answer: &Answer) -> bool {
    const SHORT_BYTES: usize = 60_000;
    if answer.body.len() > SHORT_BYTES {
        return false;
    }
    let text = decode(&answer.body, answer.header(CONTENT_TYPE)).text.to_ascii_lowercase();
    let asks = ["type=\"password\"", "type='password'", "type=password"].iter().any(|field| text.contains(field));
    asks && text.matches("<p").count() < 20
}

/// How long a host wants to be left alone, when it says so in seconds.
fn retry_after_ms(answer: &Answer) -> Option<u64> {
    answer.header(RETRY_AFTER)?.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_for_logging_in_are_known_by_their_address() {
        let is = |text: &str| is_log_in(&Url::parse(text).unwrap());
        assert!(
            is("https://example.org/login?next=/terms") && is("https://accounts.example.org/x") && is("https://example.org/u/sign-in.html")
        );
        assert!(!is("https://example.org/terms") && !is("https://example.org/authors"));
    }
}
