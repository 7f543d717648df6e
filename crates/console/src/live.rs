//! Live changes of cases as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use app::Error;
use app::desk::CaseEvent;
use app::review::Staff;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use model::limits;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::Instant;

use crate::Desk;
use crate::error::Refusal;
use crate::session::Reviewer;
use crate::types::priority;

/// A stream ends after this long and the browser opens it anew, so that a session that has ended stops listening.
const STREAM_LIFE: Duration = Duration::from_mins(15);

/// What a live event says; never a word of a message.
#[derive(Debug, Serialize)]
struct Change {
    case_id: i64,
    kind: &'static str,
    priority: &'static str,
    queue: String,
}

struct Listener {
    desk: Desk,
    staff: Staff,
    events: broadcast::Receiver<CaseEvent>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

/// Changes of cases, as they happen: `event: case`, and `event: reload` for a console that fell behind.
#[utoipa::path(get, path = "/_frankly/v1/console/events", responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(crate) async fn events(
    State(desk): State<Desk>,
    Reviewer(staff): Reviewer,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let place = desk.listeners.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
    let events = desk.app.case_events();
    let listener = Listener { desk, staff, events, until: Instant::now() + STREAM_LIFE, _place: place };
    let ping = KeepAlive::new().interval(Duration::from_millis(limits::LIVE_PING_MS)).text("ping");
    Ok(Sse::new(unfold(listener, next)).keep_alive(ping))
}

async fn next(mut listener: Listener) -> Option<(Result<Event, Infallible>, Listener)> {
    loop {
        let received = tokio::time::timeout_at(listener.until, listener.events.recv()).await.ok()?;
        let event = match received {
            Err(RecvError::Closed) => return None,
            Err(RecvError::Lagged(_)) => Event::default().event("reload").data("{}"),
            Ok(changed) => match listener.desk.app.case_head(&listener.staff, changed.case_id).await {
                Ok(Some(head)) => {
                    let change =
                        Change { case_id: changed.case_id.0, kind: changed.kind, priority: priority(head.priority), queue: head.queue };
                    let data = serde_json::to_string(&change).expect("numbers and text are JSON");
                    Event::default().event("case").data(data)
                }
                Ok(None) => continue,
                Err(_) => Event::default().event("reload").data("{}"),
            },
        };
        return Some((Ok(event), listener));
    }
}
