//! Sliding sync (MSC4186): a client names lists of rooms and single rooms, and is told those that change.
//!
//! One engine serves both forms of the endpoint; a form is a way to read the request and to write the
//! answer. The client's token holds the position up to which it was told everything, and names a version of
//! its connection: what it was told of which room (`connection`). Most answers leave the connection as
//! it is, and nothing is written.

mod connection;
#[cfg(test)]
mod cost_tests;
mod engine;
mod kept;
mod render;
mod request;
mod tell;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use kept::Connections;
use kept::Open;
use model::limits;
use model::seq::InboxPos;
pub use request::{Extensions, Filters, Form, List, Scope, SlidingRequest, ToDevice};
use store::command::put_connection::ConnectionKey;
use store::query::sliding::{HeavySliding, Sliding, SlidingNews, SlidingOutcome, Whole};

use self::engine::{Engine, Next};
use super::typing::TypingNews;
use super::{SyncToken, TokenKey};
use crate::{App, Caller, Error};

/// Parts the version of a connection from the position in a token.
const VERSION_END: char = '~';

/// One request, with all that was found out before looking for news.
struct Round<'a> {
    caller: &'a Caller,
    request: Arc<SlidingRequest>,
    lists: String,
    open: &'a Open,
    since: Option<SyncToken>,
    /// The place in the device's queue that it says it has received.
    queue: InboxPos,
}

/// The sync token within a token of sliding sync, which is good for reading history, too.
pub(crate) fn position_in(token: &str) -> &str {
    token.split_once(VERSION_END).map_or(token, |(_, position)| position)
}

impl App {
    /// Answers a sliding sync as JSON text: at once when there is something to tell, else when there is or the time is up.
    ///
    /// # Errors
    /// [`Error::UnknownPos`] for a place that cannot be gone on from, [`Error::InvalidParam`] beyond a bound.
    pub async fn sliding_sync(&self, caller: &Caller, request: SlidingRequest) -> Result<String, Error> {
        request.check()?;
        let key = Box::pin(self.token_key()).await?;
        let (version, since) = open_pos(key, caller, request.pos.as_deref())?;
        let connection =
            ConnectionKey { user_id: caller.user_id.clone(), device_id: caller.device_id.clone(), conn_id: request.conn_id.clone() };
        let open = Box::pin(self.open_connection(connection, version)).await?;
        let queue = received(key, caller, &request)?;
        let deadline = tokio::time::Instant::now() + Duration::from_millis(request.timeout_ms.min(limits::SYNC_WAIT_MS));
        let lists = request.lists_digest();
        let round = Round { caller, request: Arc::new(request), lists, open: &open, since, queue };
        let mut turn = self.waiters.enter(&caller.user_id, &caller.device_id);
        loop {
            // listen before reading, so that what happens between the two is heard
            let bell = self.wake.bell(&caller.user_id);
            let heard = bell.heard();
            tokio::pin!(heard);
            heard.as_mut().enable();
            let (news, typing) = Box::pin(self.sliding_news(&round)).await?;
            if news.device.acknowledged {
                Box::pin(self.let_go_of_received(caller, Some(SyncToken { queue: round.queue, ..SyncToken::default() }))).await?;
            }
            if round.is_to_be_told(&news, &typing) || tokio::time::Instant::now() >= deadline || turn.is_over() {
                return Box::pin(self.sliding_answer(&round, key, news, &typing)).await;
            }
            drop((news, typing));
            let recheck = tokio::time::Instant::now() + Duration::from_millis(limits::SYNC_RECHECK_MS);
            tokio::select! {
                () = &mut heard => {}
                () = turn.over() => {}
                () = tokio::time::sleep_until(deadline.min(recheck)) => {}
            }
        }
    }

    async fn sliding_news(&self, round: &Round<'_>) -> Result<(SlidingNews<Next>, TypingNews), Error> {
        let caller = round.caller;
        // what is light is tried first, unless it is known that it cannot do
        let light = if round.since.is_none() || round.lists_changed() { None } else { Some(self.store.read(round.query()).await?) };
        let outcome = match light {
            None | Some(SlidingOutcome::Much) => Box::pin(self.read_in_turn(&caller.user_id, HeavySliding(round.query()))).await?,
            Some(outcome) => outcome,
        };
        let SlidingOutcome::News(mut news) = outcome else { return Err(Error::UnknownPos) };
        if round.request.extensions.account_data.is_some() {
            let anew = round.engine().asks_anew().0;
            news.account_data = Self::with_push_rules(caller, anew, std::mem::take(&mut news.account_data));
        }
        let mut typing = self.typing.changed_for(&caller.user_id, round.since.map_or(0, |token| token.typing));
        // who types in a room that is shown for the first time may have begun before
        let shown = news.rooms.iter().filter(|room| room.initial && !self.typing.in_room(&room.room_id).is_empty());
        let shown: Vec<_> = shown.map(|room| room.room_id.clone()).filter(|room_id| !typing.rooms.contains(room_id)).collect();
        typing.rooms.extend(shown);
        typing.rooms.retain(|room_id| round.tells_typing(&news.next, room_id));
        Ok((*news, typing))
    }

    async fn sliding_answer(
        &self,
        round: &Round<'_>,
        key: &TokenKey,
        mut news: SlidingNews<Next>,
        typing: &TypingNews,
    ) -> Result<String, Error> {
        let caller = round.caller;
        let counts = news.next.shape.counts.clone();
        let rooms = round.labelled(std::mem::take(&mut news.rooms), &news.next);
        let (pos, device) = (news.pos, news.device);
        let version = self.keep_connection(round.open, news.next).await?;
        let token = SyncToken { inbox: pos, queue: InboxPos::ZERO, typing: typing.epoch };
        let pos = format!("{version}{VERSION_END}{}", key.seal(&caller.user_id, &caller.device_id, token));
        let received = SyncToken { queue: device.queue, ..SyncToken::default() };
        let next_batch = key.seal(&caller.user_id, &caller.device_id, received);
        let answer = render::Answer { pos, counts, rooms, account_data: news.account_data, device, next_batch, typing: &typing.rooms };
        Ok(self.render_sliding(caller, &round.request, &answer))
    }
}

impl Round<'_> {
    fn engine(&self) -> Engine {
        Engine {
            request: Arc::clone(&self.request),
            connection: Arc::clone(&self.open.connection),
            lists: self.lists.clone(),
            first: self.since.is_none(),
        }
    }

    fn query(&self) -> Sliding<Engine> {
        let (extensions, chooser) = (&self.request.extensions, self.engine());
        let data_anew = chooser.asks_anew().0;
        Sliding {
            user_id: self.caller.user_id.clone(),
            device_id: self.caller.device_id.clone(),
            since: self.since.map(|token| token.inbox),
            queue: self.queue,
            messages: extensions.to_device.as_ref().map_or(0, |asked| asked.limit.unwrap_or(limits::TO_DEVICE_PAGE_ROWS)),
            e2ee: extensions.e2ee,
            account_data: extensions.account_data.as_ref().map(|_| if data_anew { Whole::All } else { Whole::Changes }),
            chooser,
        }
    }

    fn lists_changed(&self) -> bool {
        self.lists != self.open.connection.shape.lists
    }

    fn is_to_be_told(&self, news: &SlidingNews<Next>, typing: &TypingNews) -> bool {
        let quiet = news.rooms.is_empty() && news.account_data.is_empty() && news.device.is_empty() && typing.rooms.is_empty();
        !quiet || self.since.is_none() || self.lists_changed() || news.next.shape.more
    }

    /// Whether a room is followed, and typing in it asked for.
    fn tells_typing(&self, next: &Next, room_id: &model::id::OwnedRoomId) -> bool {
        let Some(scope) = &self.request.extensions.typing else { return false };
        let told = match next.rooms.get(room_id) {
            Some(changed) => changed.as_ref(),
            None => self.open.connection.rooms.get(room_id),
        };
        told.filter(|told| told.is_live()).is_some_and(|told| {
            let names = told.lists.iter().filter_map(|list| self.request.lists.keys().nth(usize::from(*list)));
            scope.covers(room_id, names.map(String::as_str), told.subscribed)
        })
    }

    /// The rooms with what the connection says of them.
    fn labelled(&self, rooms: Vec<store::query::sliding::RoomNews>, next: &Next) -> Vec<render::Labelled> {
        let labelled = |news: store::query::sliding::RoomNews| {
            let before = self.open.connection.rooms.get(&news.room_id);
            let told = next.rooms.get(&news.room_id).map_or(before, Option::as_ref);
            let direct = told.is_some_and(|told| told.direct);
            let lists = told.map_or(&[][..], |told| &told.lists);
            let lists = lists.iter().filter_map(|list| self.request.lists.keys().nth(usize::from(*list))).cloned().collect();
            let direct_changed = if news.initial { direct } else { before.is_some_and(|before| before.direct != direct) };
            render::Labelled { direct: direct_changed.then_some(direct), lists, news }
        };
        rooms.into_iter().map(labelled).collect()
    }
}

/// The version and the position that a token names.
fn open_pos(key: &TokenKey, caller: &Caller, pos: Option<&str>) -> Result<(Option<String>, Option<SyncToken>), Error> {
    let Some(pos) = pos.filter(|pos| !pos.is_empty()) else { return Ok((None, None)) };
    let (version, position) = pos.split_once(VERSION_END).ok_or(Error::UnknownPos)?;
    let token = key.open(&caller.user_id, &caller.device_id, position).map_err(|_| Error::UnknownPos)?;
    Ok((Some(version.to_owned()), Some(token)))
}

/// The place in the device's queue that the request says has been received.
fn received(key: &TokenKey, caller: &Caller, request: &SlidingRequest) -> Result<InboxPos, Error> {
    let since = request.extensions.to_device.as_ref().and_then(|asked| asked.since.as_deref()).filter(|since| !since.is_empty());
    let token = since.map(|token| key.open(&caller.user_id, &caller.device_id, token)).transpose()?;
    Ok(token.unwrap_or_default().queue)
}
