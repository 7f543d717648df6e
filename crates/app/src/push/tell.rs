//! Telling a person's applications of what came into their inbox.

use futures_util::future::join_all;
use model::clock::Timestamp;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::limits;
use model::person::AccountState;
use model::ruma::push::{Action, Ruleset};
use model::seq::InboxPos;
use serde_json::Value as Json;
use store::command::pushers::{ClaimPusher, NoteProgress, PusherKey, RemovePusher};
use store::query::news::{Inbox, Item, NewsSince, What};
use store::query::pushers::{Behind, Progress, Pusher, Pushers};

use super::gateway::Answer;
use super::message::{self, Telling};
use super::rules::Place;
use crate::event_json::push_event;
use crate::jobs::pause_ms;
use crate::{App, Caller, Error};

/// What is to be posted, and how far the pusher is once it was.
struct Call {
    body: Json,
    pos: InboxPos,
}

/// What there is to do for a pusher.
struct Plan {
    calls: Vec<Call>,
    /// How far it is after them.
    upto: InboxPos,
    unread: i64,
    /// Whether there is more behind.
    more: bool,
}

impl App {
    /// Tells applications whatever is due now; the jobs do the same by themselves.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver_pushes(&self) -> Result<(), Error> {
        for user in self.store.read(Behind { now: self.clock.now() }).await? {
            self.tell_applications(&user, true).await?;
        }
        Ok(())
    }

    /// Tells all applications of a person what is new; one that cannot be reached is left for later. `note`: also write
    /// down how far they are when there was nothing to tell.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn tell_applications(&self, user: &OwnedUserId, note: bool) -> Result<(), Error> {
        loop {
            let pushers = self.store.read(Pushers(user.clone())).await?;
            let due = pushers.iter().filter(|(_, progress)| progress.next <= self.clock.now());
            let outcomes = join_all(due.map(|(pusher, progress)| self.tell_application(user, pusher, *progress, note))).await;
            let more = outcomes.into_iter().collect::<Result<Vec<bool>, Error>>()?;
            if !more.contains(&true) {
                return Ok(());
            }
        }
    }

    /// Gives whether there is more to be told at once.
    async fn tell_application(&self, user: &OwnedUserId, pusher: &Pusher, progress: Progress, note: bool) -> Result<bool, Error> {
        let query = NewsSince { user_id: user.clone(), since: progress.told, limit: limits::PUSH_PAGE_ROWS };
        let inbox = self.store.read(query).await?;
        let key = PusherKey { user_id: user.clone(), app_id: pusher.app_id.clone(), pushkey: pusher.pushkey.clone() };
        let plan = self.plan(user, pusher, progress, &inbox).await?;
        if plan.calls.is_empty() {
            let moved = plan.upto > progress.told;
            if moved && (note || inbox.looked_at >= limits::PUSH_NOTE_ROWS) {
                let progress = Progress { told: plan.upto, attempts: 0, next: Timestamp::default(), ..progress };
                self.store.run(NoteProgress { key, progress }).await?;
            }
            return Ok(false);
        }
        if !self.store.run(ClaimPusher { key: key.clone(), told: progress.told, now: self.clock.now() }).await? {
            return Ok(false);
        }
        self.call(key, pusher, progress, plan).await
    }

    async fn call(&self, key: PusherKey, pusher: &Pusher, before: Progress, plan: Plan) -> Result<bool, Error> {
        let mut told = before.told;
        for call in plan.calls {
            let answer = self.gateway.post(&self.config.push, self.config.dev, &pusher.url, &pusher.pushkey, &call.body).await;
            let outcome = match &answer {
                Answer::Done => "done",
                Answer::Rejected => "rejected",
                Answer::Later(_) => "later",
            };
            metrics::counter!("frankly_pushes_total", "outcome" => outcome).increment(1);
            match answer {
                Answer::Done => told = call.pos,
                Answer::Rejected => {
                    self.store.run(RemovePusher(key)).await?;
                    return Ok(false);
                }
                Answer::Later(reason) => {
                    let attempts = before.attempts.saturating_add(1);
                    tracing::debug!(%reason, attempts, "a push gateway did not answer well; it is called again later");
                    let next = self.clock.now().plus_ms(pause_ms(attempts, &*self.entropy));
                    let progress = Progress { told, attempts, next, ..before };
                    self.store.run(NoteProgress { key, progress }).await?;
                    return Ok(false);
                }
            }
        }
        let progress = Progress { told: plan.upto, unread: plan.unread, attempts: 0, next: Timestamp::default() };
        self.store.run(NoteProgress { key, progress }).await?;
        Ok(plan.more)
    }

    /// What a pusher is to be told of an inbox.
    async fn plan(&self, user: &OwnedUserId, pusher: &Pusher, progress: Progress, inbox: &Inbox) -> Result<Plan, Error> {
        let nothing = Plan { calls: Vec::new(), upto: inbox.upto.max(progress.told), unread: inbox.unread, more: false };
        if !inbox.open || inbox.upto <= progress.told || !self.config.push.allow(&pusher.url, self.config.dev) {
            return Ok(nothing);
        }
        let mut plan = nothing;
        let fresh: Vec<&Item> = inbox.items.iter().filter(|item| !item.read && self.is_news(item)).collect();
        let rules = if fresh.is_empty() { Ruleset::new() } else { self.push_rules(user).await? };
        let reader = Caller { user_id: user.clone(), device_id: OwnedDeviceId::from(""), state: AccountState::Active };
        for item in fresh {
            let room = self.snapshot(&item.room_id).await?;
            let actions = Place::of(&room, user).actions(&rules, &self.as_told(&reader, item)).await?;
            if !actions.iter().any(Action::should_notify) {
                continue;
            }
            if plan.calls.len() == limits::PUSH_CALLS {
                plan.more = true;
                plan.upto = plan.calls.last().map_or(progress.told, |call| call.pos);
                return Ok(plan);
            }
            let telling = Telling::of(item, user.as_str(), actions);
            plan.calls.push(Call { body: message::about(&telling, item, &room, pusher, inbox.unread), pos: item.pos });
        }
        // something was read elsewhere
        if plan.calls.is_empty() && inbox.unread < progress.unread {
            plan.calls.push(Call { body: message::count(pusher, inbox.unread), pos: plan.upto });
        }
        Ok(plan)
    }

    fn is_news(&self, item: &Item) -> bool {
        let sent = match &item.what {
            What::Event(event) => event.origin_ts,
            What::Invitation { origin_ts, .. } => *origin_ts,
        };
        self.clock.now().since_ms(Timestamp(sent)) <= limits::PUSH_KEEP_MS
    }

    /// An event of the caller's inbox in the client format.
    pub(super) fn as_told(&self, caller: &Caller, item: &Item) -> String {
        match &item.what {
            What::Event(event) => {
                let mut out = String::new();
                push_event(&mut out, event, Some(item.room_id.as_str()), self.reader(caller));
                out
            }
            What::Invitation { event_id, origin_ts, stripped } => {
                let mut events: Vec<Json> = serde_json::from_str(stripped).unwrap_or_default();
                let mut invitation = events.pop().unwrap_or_default();
                invitation["event_id"] = event_id.as_str().into();
                invitation["origin_server_ts"] = (*origin_ts).into();
                invitation["room_id"] = item.room_id.as_str().into();
                invitation.to_string()
            }
        }
    }
}
