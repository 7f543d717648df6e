//! The answer to a sync as JSON text, written straight out: it is the server's largest answer.

use std::collections::{BTreeMap, BTreeSet};

use model::id::OwnedRoomId;
use model::limits;
use store::query::stored_event::StoredEvent;
use store::query::sync::{DeviceNews, JoinedNews, News, Receipt, Timeline, Unread};

use super::{StateSection, SyncFilter, SyncRequest};
use crate::event_json::{Reader, field, push_events, push_string};
use crate::{App, Caller};

impl App {
    pub(super) fn render(&self, caller: &Caller, request: &SyncRequest, next: &str, news: &News, typing: &[OwnedRoomId]) -> String {
        let mut out = String::with_capacity(1_024 + news.joined.iter().map(room_bytes).sum::<usize>());
        let filter = &request.filter;
        let reader = self.reader(caller);
        field(&mut out, "{\"next_batch\":", next);
        push_device(&mut out, &news.device);
        out.push_str(",\"presence\":{\"events\":[]}");
        out.push_str(",\"account_data\":{\"events\":");
        push_account_data(&mut out, &news.account_data, &filter.account_data);
        out.push_str("},\"rooms\":{\"join\":{");
        self.push_joined(&mut out, reader, filter, news, typing);
        out.push_str("},\"invite\":{");
        push_each(&mut out, &news.invited, |out, (room_id, stripped)| {
            field(out, "", room_id.as_str());
            out.push_str(":{\"invite_state\":{\"events\":");
            out.push_str(stripped);
            out.push_str("}}");
        });
        out.push_str("},\"leave\":{");
        push_each(&mut out, &news.left, |out, left| {
            field(out, "", left.room_id.as_str());
            out.push_str(":{");
            push_timeline(out, &left.timeline, filter, reader, None);
            out.push_str(",\"account_data\":{\"events\":[]}}");
        });
        out.push_str("},\"knock\":{}}}");
        out
    }

    fn push_joined(&self, out: &mut String, reader: Reader<'_>, filter: &SyncFilter, news: &News, typing: &[OwnedRoomId]) {
        let only_typing = typing.iter().filter(|room| news.joined.iter().all(|joined| joined.room_id != **room));
        let mut first = true;
        for joined in &news.joined {
            comma(out, &mut first);
            let types = typing.contains(&joined.room_id);
            self.push_room(out, reader, filter, joined, types);
        }
        for room_id in only_typing {
            comma(out, &mut first);
            field(out, "", room_id.as_str());
            out.push_str(":{\"ephemeral\":{\"events\":[");
            self.push_typing(out, room_id);
            out.push_str("]}}");
        }
    }

    fn push_room(&self, out: &mut String, reader: Reader<'_>, filter: &SyncFilter, joined: &JoinedNews, types: bool) {
        field(out, "", joined.room_id.as_str());
        out.push_str(":{");
        let members = joined.summary.as_ref().filter(|_| joined.whole).map_or(0, |summary| summary.joined);
        push_timeline(out, &joined.timeline, filter, reader, Some(members));
        if let Some(summary) = &joined.summary {
            out.push_str(",\"summary\":{\"m.heroes\":[");
            push_each(out, &summary.heroes, |out, hero| push_string(out, hero));
            push_number(out, "],\"m.joined_member_count\":", summary.joined);
            push_number(out, ",\"m.invited_member_count\":", summary.invited);
            out.push('}');
        }
        push_unread(out, &joined.unread, filter.unread_threads);
        out.push_str(",\"ephemeral\":{\"events\":[");
        let receipts = !joined.receipts.is_empty() && filter.ephemeral.matches("m.receipt", "", "");
        if receipts {
            push_receipts(out, &joined.receipts);
        }
        if types && filter.ephemeral.matches("m.typing", "", "") {
            if receipts {
                out.push(',');
            }
            self.push_typing(out, &joined.room_id);
        }
        out.push_str("]},\"account_data\":{\"events\":");
        push_account_data(out, &joined.account_data, &filter.room_account_data);
        out.push_str("}}");
    }

    pub(super) fn push_typing(&self, out: &mut String, room_id: &OwnedRoomId) {
        out.push_str("{\"type\":\"m.typing\",\"content\":{\"user_ids\":[");
        push_each(out, &self.typing.in_room(room_id), |out, user| push_string(out, user.as_str()));
        out.push_str("]}}");
    }
}

/// What is unread of a room, and of its threads where they are told apart.
fn push_unread(out: &mut String, unread: &Unread, threads: bool) {
    push_number(out, ",\"unread_notifications\":{\"highlight_count\":", unread.highlight);
    push_number(out, ",\"notification_count\":", unread.notify);
    out.push('}');
    if threads {
        out.push_str(",\"unread_thread_notifications\":{");
        push_each(out, &unread.threads, |out, (thread, notify, highlight)| {
            push_string(out, thread);
            push_number(out, ":{\"highlight_count\":", *highlight);
            push_number(out, ",\"notification_count\":", *notify);
            out.push('}');
        });
        out.push('}');
    }
}

/// What is for the device alone. The counts are in every answer: a device that misses them uploads no keys.
fn push_device(out: &mut String, device: &DeviceNews) {
    out.push(',');
    push_keys(out, device);
    out.push_str(",\"to_device\":{\"events\":");
    push_messages(out, device);
    out.push('}');
}

/// Counts of the device's keys, and whose devices changed.
pub(super) fn push_keys(out: &mut String, device: &DeviceNews) {
    out.push_str("\"device_one_time_keys_count\":");
    out.push_str(&device.key_counts);
    out.push_str(",\"device_unused_fallback_key_types\":");
    out.push_str(&device.fallback_types);
    out.push_str(",\"device_lists\":{\"changed\":[");
    push_each(out, &device.changed, |out, user| push_string(out, user));
    out.push_str("],\"left\":[");
    push_each(out, &device.left, |out, user| push_string(out, user));
    out.push_str("]}");
}

/// The messages to a device.
pub(super) fn push_messages(out: &mut String, device: &DeviceNews) {
    out.push('[');
    push_each(out, &device.messages, |out, message| {
        field(out, "{\"type\":", &message.event_type);
        field(out, ",\"sender\":", &message.sender);
        out.push_str(",\"content\":");
        out.push_str(&message.content);
        out.push('}');
    });
    out.push(']');
}

/// About how many bytes a room will take, so that a large answer is not copied as it grows.
fn room_bytes(joined: &JoinedNews) -> usize {
    let events = joined.timeline.events.iter().chain(&joined.timeline.state);
    512 + events.map(|event| 400 + event.content.len()).sum::<usize>()
}

/// Timeline and state. `members` is the size of a joined room: lazy loading begins above a bound.
fn push_timeline(out: &mut String, timeline: &Timeline, filter: &SyncFilter, reader: Reader<'_>, members: Option<i64>) {
    out.push_str("\"timeline\":{\"events\":");
    push_events(out, &timeline.events, None, reader);
    out.push_str(if timeline.limited { ",\"limited\":true" } else { ",\"limited\":false" });
    if timeline.limited || !timeline.events.is_empty() {
        field(out, ",\"prev_batch\":", &format!("t{}", timeline.prev));
    }
    out.push_str(match filter.state_section {
        StateSection::Before => "},\"state\":{\"events\":",
        StateSection::After => "},\"state_after\":{\"events\":",
        StateSection::AfterUnstable => "},\"org.matrix.msc4222.state_after\":{\"events\":",
    });
    let many = members.is_some_and(|members| members > i64::try_from(limits::LAZY_MEMBERS_ABOVE).unwrap_or(i64::MAX));
    let senders: BTreeSet<&str> = timeline.events.iter().map(|event| event.sender.as_str()).collect();
    let wanted = |event: &&StoredEvent| {
        let lazy = many && filter.lazy_load_members && event.event_type == "m.room.member";
        let needed = event.state_key.as_deref().is_some_and(|user| senders.contains(user) || user == reader.caller.user_id.as_str());
        (!lazy || needed) && filter.state.matches(&event.event_type, &event.sender, &event.content)
    };
    if filter.state_section == StateSection::Before {
        push_events(out, timeline.state.iter().filter(wanted), None, reader);
    } else {
        push_events(out, state_after(timeline).into_iter().filter(wanted), None, reader);
    }
    out.push('}');
}

/// The state as it is after the timeline: of each type and key the latest event.
fn state_after(timeline: &Timeline) -> Vec<&StoredEvent> {
    let mut latest: BTreeMap<(&str, &str), &StoredEvent> = BTreeMap::new();
    for event in timeline.state.iter().chain(&timeline.events) {
        let Some(state_key) = event.state_key.as_deref() else { continue };
        let kept = latest.entry((&event.event_type, state_key)).or_insert(event);
        if event.room_pos > kept.room_pos {
            *kept = event;
        }
    }
    let mut state: Vec<&StoredEvent> = latest.into_values().collect();
    state.sort_by_key(|event| event.room_pos);
    state
}

pub(super) fn push_account_data(out: &mut String, data: &[(String, String)], filter: &model::filter::EventFilter) {
    out.push('[');
    push_each(out, data.iter().filter(|(data_type, _)| filter.matches(data_type, "", "")), |out, (data_type, content)| {
        field(out, "{\"type\":", data_type);
        out.push_str(",\"content\":");
        out.push_str(content);
        out.push('}');
    });
    out.push(']');
}

/// One `m.receipt` event: by event, by type, by person.
pub(super) fn push_receipts(out: &mut String, receipts: &[Receipt]) {
    let mut tree: BTreeMap<&str, BTreeMap<&str, BTreeMap<&str, serde_json::Value>>> = BTreeMap::new();
    for receipt in receipts {
        let mut value = serde_json::json!({"ts": receipt.ts});
        if !receipt.thread_id.is_empty() {
            value["thread_id"] = receipt.thread_id.as_str().into();
        }
        let readers = tree.entry(&receipt.event_id).or_default().entry(&receipt.receipt_type).or_default();
        // of two on one event there is room for one: that of no thread says more
        if receipt.thread_id.is_empty() || !readers.contains_key(receipt.user_id.as_str()) {
            readers.insert(&receipt.user_id, value);
        }
    }
    out.push_str("{\"type\":\"m.receipt\",\"content\":");
    out.push_str(&serde_json::json!(tree).to_string());
    out.push('}');
}

pub(super) fn push_number(out: &mut String, name: &str, number: i64) {
    out.push_str(name);
    out.push_str(&number.to_string());
}

/// Appends each item with a comma between.
pub(super) fn push_each<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut push: impl FnMut(&mut String, T)) {
    let mut first = true;
    for item in items {
        comma(out, &mut first);
        push(out, item);
    }
}

pub(super) fn comma(out: &mut String, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(',');
    }
}
