//! The null server: the least that can take a durable message and deliver it, to compare real servers with.
//!
//! It speaks just enough of the Matrix client-server API for the load of this crate, keeps everything in memory, and
//! appends each message to a file that is synced before the answer (group commit). It checks nothing and forgets all
//! when it ends.

mod fault;
mod journal;
mod state;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use self::fault::{Fault, Temper};
use self::journal::Journal;
use self::state::State;
use crate::error::SimError;
use crate::http::Origin;
use crate::limits;

/// Where the null server listens, and what it does wrong.
#[derive(Clone, Debug)]
pub struct NullOptions {
    /// A loopback address; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of the journal; without one nothing is written.
    pub data: Option<PathBuf>,
    /// The fault it has.
    pub fault: Fault,
    /// How difficult it is.
    pub temper: Temper,
}

/// A null server that listens.
pub struct NullServer {
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    journal: Option<Journal>,
    fault: Fault,
    temper: Temper,
    sends: AtomicU64,
}

type Reply = (StatusCode, String);

impl NullServer {
    /// Binds the address and opens the journal.
    pub async fn bind(options: NullOptions) -> Result<Self, SimError> {
        if !options.listen.ip().is_loopback() {
            return Err(SimError::Usage("the null server listens on loopback addresses only".to_owned()));
        }
        let failed = |source| SimError::io(format!("listening on {}", options.listen), source);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let journal = options.data.as_ref().map(|data| Journal::open(&data.join("null.log"))).transpose()?;
        let shared = Shared { state: Mutex::default(), journal, fault: options.fault, temper: options.temper, sends: AtomicU64::new(0) };
        Ok(Self { listener, shared: Arc::new(shared) })
    }

    /// Where it listens.
    pub fn origin(&self) -> Result<Origin, SimError> {
        Ok(Origin::local(self.listener.local_addr().map_err(|source| SimError::io("reading the null server's address", source))?))
    }

    /// Serves until the future is dropped.
    pub async fn run(self) {
        let slots = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX as usize));
        let mut connections = JoinSet::new();
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("the semaphore is never closed");
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(limits::RETRY_PAUSE_MS)).await;
                continue;
            };
            // Without it every answer waits for the last packet's acknowledgement; refused only on a dead socket.
            let _ = stream.set_nodelay(true);
            let shared = Arc::clone(&self.shared);
            connections.spawn(async move {
                let service = service_fn(|request| answer(&shared, request));
                // A client that goes away is not worth a word.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                drop(slot);
            });
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = shared.route(request).await.unwrap_or_else(|| (StatusCode::NOT_FOUND, error("M_UNRECOGNIZED")));
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    if status == StatusCode::TOO_MANY_REQUESTS {
        response = response.header("retry-after", "0");
    }
    Ok(response.body(Full::new(Bytes::from(body))).expect("status and headers are constants"))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn route(&self, request: Request<Incoming>) -> Option<Reply> {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix("/_matrix/client/")?;
        let mut segments = path.split('/');
        let first = (segments.next()?, segments.next());
        if first == ("versions", None) {
            return Some((StatusCode::OK, r#"{"versions":["v1.12"]}"#.to_owned()));
        }
        let body = Limited::new(body, limits::REQUEST_BYTES_MAX).collect().await.ok()?.to_bytes();
        if path == "v3/register" {
            return self.register(&body);
        }
        let token = head.headers.get("authorization")?.to_str().ok()?;
        let person: usize = token.strip_prefix("Bearer t")?.parse().ok()?;
        if !self.state().exists(person) {
            return Some((StatusCode::UNAUTHORIZED, error("M_UNKNOWN_TOKEN")));
        }
        let query = head.uri.query().unwrap_or("");
        let ok = |body: String| Some((StatusCode::OK, body));
        match (&head.method, first.1?, segments.next(), segments.next(), segments.next(), segments.next()) {
            (&Method::GET, "sync", None, ..) => ok(self.sync(person, query).await),
            (&Method::POST, "createRoom", None, ..) => ok(format!(r#"{{"room_id":"!r{}:null"}}"#, self.state().open_room(person))),
            (&Method::POST, "join", Some(room), ..) => {
                self.state().join(person, room_index(room)?)?;
                ok("{}".to_owned())
            }
            (&Method::PUT, "rooms", Some(room), Some("send"), Some(kind @ ("m.room.message" | "m.room.encrypted")), Some(transaction)) => {
                self.send(person, room_index(room)?, kind, transaction, body).await
            }
            (&Method::GET, "rooms", Some(room), Some("messages"), ..) => {
                let from = parameter(query, "from").and_then(|from| from.strip_prefix('r')?.parse().ok());
                let limit = parameter(query, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(10);
                ok(self.state().history(room_index(room)?, from, limit)?)
            }
            (_, "rooms", Some(_), Some("typing" | "receipt"), ..) => ok("{}".to_owned()),
            _ => None,
        }
    }

    fn register(&self, body: &[u8]) -> Option<Reply> {
        #[derive(Deserialize)]
        struct Registration {
            username: String,
            auth: Option<Stage>,
        }
        #[derive(Deserialize)]
        struct Stage {
            session: Option<String>,
        }
        let wish: Registration = serde_json::from_slice(body).ok()?;
        let session = wish.auth.and_then(|auth| auth.session);
        if self.temper.challenges && session.as_deref() != Some("null-session") {
            let flows = r#"{"session":"null-session","flows":[{"stages":["m.login.dummy"]}],"params":{}}"#;
            return Some((StatusCode::UNAUTHORIZED, flows.to_owned()));
        }
        let Some(person) = self.state().register(&wish.username) else {
            return Some((StatusCode::BAD_REQUEST, error("M_USER_IN_USE")));
        };
        Some((StatusCode::OK, format!(r#"{{"user_id":"@p{person}:null","access_token":"t{person}","device_id":"D"}}"#)))
    }

    async fn send(&self, person: usize, room: usize, kind: &str, transaction: &str, content: Bytes) -> Option<Reply> {
        let nth = self.sends.fetch_add(1, Ordering::Relaxed) + 1;
        if is_every(self.temper.limits_every, nth) {
            let body = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Slower, please.","retry_after_ms":1}"#;
            return Some((StatusCode::TOO_MANY_REQUESTS, body.to_owned()));
        }
        if let Some(event_id) = self.state().earlier(person, room, transaction) {
            return Some((StatusCode::OK, format!(r#"{{"event_id":"{event_id}"}}"#)));
        }
        if serde_json::from_slice::<IgnoredAny>(&content).is_err() {
            return Some((StatusCode::BAD_REQUEST, error("M_NOT_JSON")));
        }
        if let Some(journal) = &self.journal
            && !journal.append(content.clone()).await
        {
            return Some((StatusCode::INTERNAL_SERVER_ERROR, error("M_UNKNOWN")));
        }
        let event_id = self.state().send(person, room, kind, transaction, &content, self.fault)?;
        if is_every(self.temper.stumbles_every, nth) {
            return Some((StatusCode::SERVICE_UNAVAILABLE, error("M_UNKNOWN")));
        }
        Some((StatusCode::OK, format!(r#"{{"event_id":"{event_id}"}}"#)))
    }

    async fn sync(&self, person: usize, query: &str) -> String {
        let since = parameter(query, "since").and_then(|since| since.strip_prefix('s')?.parse().ok());
        let timeout_ms = parameter(query, "timeout").and_then(|timeout| timeout.parse().ok()).unwrap_or(0);
        let (Some(since), wait_ms @ 1..) = (since, u64::min(timeout_ms, limits::POLL_TIMEOUT_MS)) else {
            return self.state().sync(person, since.unwrap_or(0), false).expect("an answer without waiting is never empty");
        };
        let wake = self.state().wake(person);
        let wait = async {
            loop {
                // Registered before the state is read, so that nothing falls between the two.
                let woken = wake.notified();
                let mut woken = std::pin::pin!(woken);
                woken.as_mut().enable();
                let answer = self.state().sync(person, since, true);
                match answer {
                    Some(answer) => return answer,
                    None => woken.await,
                }
            }
        };
        match tokio::time::timeout(Duration::from_millis(wait_ms), wait).await {
            Ok(answer) => answer,
            Err(_) => self.state().sync(person, since, false).expect("an answer without waiting is never empty"),
        }
    }
}

fn is_every(period: u64, nth: u64) -> bool {
    period > 0 && nth.is_multiple_of(period)
}

fn room_index(escaped: &str) -> Option<usize> {
    escaped.strip_prefix("%21r").or(escaped.strip_prefix("!r"))?.split(['%', ':']).next()?.parse().ok()
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn error(code: &str) -> String {
    format!(r#"{{"errcode":"{code}","error":"The null server knows no better."}}"#)
}
