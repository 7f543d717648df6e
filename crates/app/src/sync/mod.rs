//! What a person has to see: read at once, or waited for.

mod render;
pub mod sliding;
mod token;
mod told;
pub mod typing;
mod waiters;

use std::time::Duration;

use model::filter::{EventFilter, RoomFilter};
use model::limits;
use store::command::ack_device_queue::AckDeviceQueue;
use store::query::sync::{HeavySync, News, Sync, SyncOutcome};
pub use token::SyncToken;
pub(crate) use token::TokenKey;
pub(crate) use told::Told;
use typing::TypingNews;
pub(crate) use waiters::Waiters;

use crate::{App, Caller, Error};

/// A sync as a client asks for it.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// The `next_batch` of the last answer.
    pub since: Option<String>,
    /// How long to wait for something, in milliseconds.
    pub timeout_ms: u64,
    /// The whole state of every room.
    pub full_state: bool,
    /// What the client wants to see.
    pub filter: SyncFilter,
}

/// The parts of a client's filter that the server works with.
#[derive(Clone, Debug, Default)]
pub struct SyncFilter {
    /// Timelines.
    pub timeline: EventFilter,
    /// State sections.
    pub state: EventFilter,
    /// Receipts and typing.
    pub ephemeral: EventFilter,
    /// Account data of rooms.
    pub room_account_data: EventFilter,
    /// Global account data.
    pub account_data: EventFilter,
    /// Rooms.
    pub rooms: RoomFilter,
    /// Rooms that were left.
    pub include_leave: bool,
    /// Members in the state section only as the timeline needs them.
    pub lazy_load_members: bool,
    /// Which state is told with a timeline.
    pub state_section: StateSection,
    /// Whether what is unread of threads is told apart.
    pub unread_threads: bool,
}

/// Which state a sync tells with a timeline (MSC4222).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateSection {
    /// As it was before the timeline, under `state`.
    #[default]
    Before,
    /// As it is after the timeline, under `state_after`.
    After,
    /// The same, under the name it had before it was part of the specification.
    AfterUnstable,
}

impl App {
    /// Answers a sync as JSON text: at once when there is something new, else when there is or the time is up.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a token that was not issued to this person.
    pub async fn sync(&self, caller: &Caller, request: Box<SyncRequest>) -> Result<String, Error> {
        let key = Box::pin(self.token_key()).await?;
        let since = request.since.as_deref().filter(|token| !token.is_empty());
        let since = since.map(|token| key.open(&caller.user_id, &caller.device_id, token)).transpose()?;
        let deadline = tokio::time::Instant::now() + Duration::from_millis(request.timeout_ms.min(limits::SYNC_WAIT_MS));
        let mut turn = self.waiters.enter(&caller.user_id, &caller.device_id);
        let bell = self.wake.bell(&caller.user_id);
        let mut told = since.filter(|_| !request.full_state && request.timeout_ms > 0 && self.store.is_alone());
        loop {
            // listen before reading, so that what happens between the two is heard
            let heard = bell.heard();
            tokio::pin!(heard);
            heard.as_mut().enable();
            let rings = bell.rings();
            if !told.take().is_some_and(|since| self.told.all(&caller.user_id, &caller.device_id, since, &bell)) {
                let (news, typing) = Box::pin(self.news(caller, &request, since)).await?;
                if news.device.acknowledged {
                    Box::pin(self.let_go_of_received(caller, since)).await?;
                }
                let nothing = news.is_empty() && typing.rooms.is_empty();
                let first = since.is_none() || request.full_state;
                if !nothing || first || tokio::time::Instant::now() >= deadline || turn.is_over() {
                    let next = SyncToken { inbox: news.pos, queue: news.device.queue, typing: typing.epoch };
                    if news.device.messages.is_empty() {
                        self.told.remember(&caller.user_id, &caller.device_id, next, &bell, rings);
                    }
                    let next = key.seal(&caller.user_id, &caller.device_id, next);
                    return Ok(self.render(caller, &request, &next, &news, &typing.rooms));
                }
            }
            let recheck = tokio::time::Instant::now() + Duration::from_millis(limits::SYNC_RECHECK_MS);
            tokio::select! {
                () = &mut heard => {}
                () = turn.over() => {}
                () = tokio::time::sleep_until(deadline.min(recheck)) => {}
            }
        }
    }

    /// Deletes what the device's own token shows to have been received. Nothing is remembered between
    /// requests: what the database holds is the truth.
    async fn let_go_of_received(&self, caller: &Caller, since: Option<SyncToken>) -> Result<(), Error> {
        let upto = since.unwrap_or_default().queue;
        self.store.run(AckDeviceQueue { user_id: caller.user_id.clone(), device_id: caller.device_id.clone(), upto }).await?;
        Ok(())
    }

    async fn news(&self, caller: &Caller, request: &SyncRequest, since: Option<SyncToken>) -> Result<(Box<News>, TypingNews), Error> {
        let query = Sync {
            user_id: caller.user_id.clone(),
            device_id: caller.device_id.clone(),
            since: since.map(|token| token.inbox),
            queue: since.unwrap_or_default().queue,
            timeline: request.filter.timeline.clone(),
            rooms: request.filter.rooms.clone(),
            full_state: request.full_state,
            include_leave: request.filter.include_leave,
            lazy_members: request.filter.lazy_load_members,
            state_after: request.filter.state_section != StateSection::Before,
            threads: request.filter.unread_threads,
        };
        let outcome = if since.is_none() || request.full_state {
            Box::pin(self.read_in_turn(&caller.user_id, HeavySync(query))).await?
        } else {
            self.store.read(query).await?
        };
        let SyncOutcome::News(mut news) = outcome else {
            return Err(Error::InvalidParam("this sync token is ahead of what the server has".to_owned()));
        };
        news.account_data = Self::with_push_rules(caller, since.is_none(), std::mem::take(&mut news.account_data));
        let mut typing = self.typing.changed_for(&caller.user_id, since.map_or(0, |token| token.typing));
        typing.rooms.retain(|room| request.filter.rooms.matches(room) && request.filter.ephemeral.matches("m.typing", "", ""));
        Ok((news, typing))
    }
}
