//! What a person's rules told them of, newest first.

use std::collections::BTreeMap;

use model::id::OwnedRoomId;
use model::limits;
use model::ruma::push::Action;
use model::seq::InboxPos;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use store::query::news::{Item, NewsBefore, What};

use super::rules::Place;
use crate::{App, Caller, Error};

impl App {
    /// A page of the events that the caller's rules tell them of, in the client format. It reaches as far back as the
    /// inbox lists events ([`limits::INBOX_KEEP_MS`]).
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a token that is none.
    pub async fn notifications(&self, caller: &Caller, from: Option<&str>, limit: usize, highlights_only: bool) -> Result<Json, Error> {
        let limit = limit.clamp(1, limits::NOTIFICATIONS_PAGE);
        let before = from.filter(|token| !token.is_empty()).map(place).transpose()?;
        let query = NewsBefore { user_id: caller.user_id.clone(), before, limit: limits::NOTIFICATIONS_LOOKED_AT };
        let page = self.store.read(query).await?;
        let rules = self.push_rules(&caller.user_id).await?;
        let mut places: BTreeMap<&OwnedRoomId, Place> = BTreeMap::new();
        let (mut told, mut end) = (Vec::new(), page.end);
        for item in &page.items {
            if !places.contains_key(&item.room_id) {
                places.insert(&item.room_id, Place::of(&*self.snapshot(&item.room_id).await?, &caller.user_id));
            }
            let event = self.as_told(caller, item);
            let actions = places[&item.room_id].actions(&rules, &event).await?;
            let notifies = actions.iter().any(Action::should_notify);
            if !notifies || (highlights_only && !actions.iter().any(Action::is_highlight)) {
                continue;
            }
            if told.len() == limit {
                // this one comes first on the next page
                end = InboxPos::new(item.pos.get().saturating_add(1));
                break;
            }
            told.push(notification(item, event, &actions)?);
        }
        let mut page = json!({ "notifications": told });
        if let Some(end) = end {
            page["next_token"] = end.to_string().into();
        }
        Ok(page)
    }
}

fn place(token: &str) -> Result<InboxPos, Error> {
    let place = token.parse().ok().and_then(InboxPos::new);
    place.ok_or_else(|| Error::InvalidParam("this is not a token of notifications".to_owned()))
}

fn notification(item: &Item, event: String, actions: &[Action]) -> Result<Json, Error> {
    let ts = match &item.what {
        What::Event(event) => event.origin_ts,
        What::Invitation { origin_ts, .. } => *origin_ts,
    };
    let event: Box<RawValue> = RawValue::from_string(event).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(json!({"actions": actions, "event": event, "read": item.read, "room_id": item.room_id, "ts": ts}))
}
