//! The answer to a sliding sync as JSON text, in either form.

use std::collections::BTreeMap;

use model::filter::EventFilter;
use model::id::OwnedRoomId;
use store::query::sliding::{Members, RoomNews, Standing};
use store::query::sync::DeviceNews;

use super::request::{Form, SlidingRequest};
use crate::event_json::{Reader, field, push_events, push_string};
use crate::sync::render::{comma, push_account_data, push_each, push_keys, push_messages, push_number, push_receipts};
use crate::{App, Caller};

/// What is answered.
pub(super) struct Answer<'a> {
    pub(super) pos: String,
    /// How many rooms each list has.
    pub(super) counts: BTreeMap<String, usize>,
    pub(super) rooms: Vec<Labelled>,
    pub(super) account_data: Vec<(String, String)>,
    pub(super) device: DeviceNews,
    /// What lets go of the messages to the device.
    pub(super) next_batch: String,
    pub(super) typing: &'a [OwnedRoomId],
}

/// A room with what its connection says of it.
pub(super) struct Labelled {
    /// Whether its person calls it direct, where that is news.
    pub(super) direct: Option<bool>,
    /// The lists that show it.
    pub(super) lists: Vec<String>,
    pub(super) news: RoomNews,
}

/// What the two forms call the same things.
struct Names {
    timeline: &'static str,
    stripped: &'static str,
    expanded: &'static str,
}

impl Names {
    fn of(form: Form) -> Self {
        match form {
            Form::Deployed => {
                Self { timeline: ",\"timeline\":", stripped: ",\"invite_state\":", expanded: ",\"unstable_expanded_timeline\":true" }
            }
            Form::Accepted => {
                Self { timeline: ",\"timeline_events\":", stripped: ",\"stripped_state\":", expanded: ",\"expanded_timeline\":true" }
            }
        }
    }
}

impl App {
    pub(super) fn render_sliding(&self, caller: &Caller, request: &SlidingRequest, answer: &Answer<'_>) -> String {
        let reader = self.reader(caller);
        let mut out = String::with_capacity(1_024 + answer.rooms.iter().map(room_bytes).sum::<usize>());
        field(&mut out, "{\"pos\":", &answer.pos);
        if let Some(txn_id) = &request.txn_id {
            field(&mut out, ",\"txn_id\":", txn_id);
        }
        out.push_str(",\"lists\":{");
        push_each(&mut out, &answer.counts, |out, (name, count)| {
            push_string(out, name);
            push_number(out, ":{\"count\":", i64::try_from(*count).unwrap_or(i64::MAX));
            out.push('}');
        });
        out.push_str("},\"rooms\":{");
        push_each(&mut out, answer.rooms.iter().filter(|room| room.news.shown), |out, room| {
            field(out, "", room.news.room_id.as_str());
            out.push(':');
            push_room(out, reader, request.form, room);
        });
        out.push_str("},\"extensions\":{");
        self.push_extensions(&mut out, request, answer);
        out.push_str("}}");
        out
    }

    fn push_extensions(&self, out: &mut String, request: &SlidingRequest, answer: &Answer<'_>) {
        let (asked, mut first) = (&request.extensions, true);
        if asked.to_device.is_some() {
            comma(out, &mut first);
            field(out, "\"to_device\":{\"next_batch\":", &answer.next_batch);
            out.push_str(",\"events\":");
            push_messages(out, &answer.device);
            out.push('}');
        }
        if asked.e2ee {
            comma(out, &mut first);
            out.push_str("\"e2ee\":{");
            push_keys(out, &answer.device);
            out.push('}');
        }
        if asked.account_data.is_some() {
            comma(out, &mut first);
            let everything = EventFilter::default();
            out.push_str("\"account_data\":{\"global\":");
            push_account_data(out, &answer.account_data, &everything);
            out.push_str(",\"rooms\":{");
            push_each(out, answer.rooms.iter().filter(|room| !room.news.account_data.is_empty()), |out, room| {
                field(out, "", room.news.room_id.as_str());
                out.push(':');
                push_account_data(out, &room.news.account_data, &everything);
            });
            out.push_str("}}");
        }
        if asked.receipts.is_some() {
            comma(out, &mut first);
            out.push_str("\"receipts\":{\"rooms\":{");
            push_each(out, answer.rooms.iter().filter(|room| !room.news.receipts.is_empty()), |out, room| {
                field(out, "", room.news.room_id.as_str());
                out.push(':');
                push_receipts(out, &room.news.receipts);
            });
            out.push_str("}}");
        }
        if asked.typing.is_some() {
            comma(out, &mut first);
            out.push_str("\"typing\":{\"rooms\":{");
            push_each(out, answer.typing, |out, room_id| {
                field(out, "", room_id.as_str());
                out.push(':');
                self.push_typing(out, room_id);
            });
            out.push_str("}}");
        }
    }
}

/// About how many bytes a room will take.
fn room_bytes(room: &Labelled) -> usize {
    let events = room.news.timeline.iter().chain(&room.news.state);
    512 + events.map(|event| 400 + event.content.len()).sum::<usize>()
}

fn push_room(out: &mut String, reader: Reader<'_>, form: Form, room: &Labelled) {
    let (news, names) = (&room.news, Names::of(form));
    out.push_str(if news.initial { "{\"initial\":true" } else { "{\"initial\":false" });
    if form == Form::Accepted {
        field(out, ",\"membership\":", membership(&news.standing));
        if !room.lists.is_empty() {
            out.push_str(",\"lists\":[");
            push_each(out, &room.lists, |out, name| push_string(out, name));
            out.push(']');
        }
    }
    if let Some(stamp) = news.bump_ms {
        push_number(out, ",\"bump_stamp\":", stamp);
    }
    if let Some(direct) = room.direct {
        out.push_str(if direct { ",\"is_dm\":true" } else { ",\"is_dm\":false" });
    }
    push_text(out, ",\"name\":", news.name.as_ref(), form == Form::Accepted && !news.initial);
    push_text(out, ",\"avatar\":", news.avatar.as_ref(), !news.initial);
    if let Some(members) = &news.members {
        push_members(out, members);
    }
    if let Some((notify, highlight)) = news.unread.filter(|_| form == Form::Deployed) {
        push_number(out, ",\"notification_count\":", notify);
        push_number(out, ",\"highlight_count\":", highlight);
    }
    if let Standing::Invite(stripped) = &news.standing {
        out.push_str(names.stripped);
        out.push_str(stripped);
        out.push('}');
        return;
    }
    if news.expanded {
        out.push_str(names.expanded);
    }
    out.push_str(if news.limited { ",\"limited\":true" } else { ",\"limited\":false" });
    if let Some(prev) = news.prev {
        field(out, ",\"prev_batch\":", &format!("t{prev}"));
    }
    push_number(out, ",\"num_live\":", i64::try_from(news.live).unwrap_or(i64::MAX));
    out.push_str(",\"required_state\":");
    push_events(out, &news.state, None, reader);
    out.push_str(names.timeline);
    push_events(out, &news.timeline, None, reader);
    out.push('}');
}

fn membership(standing: &Standing) -> &'static str {
    match standing {
        Standing::Join => "join",
        Standing::Invite(_) => "invite",
        Standing::Out(membership) => membership.as_str(),
    }
}

/// A field that changed; one that was taken away is `null` where the form has that.
fn push_text(out: &mut String, name: &str, changed: Option<&Option<String>>, nullable: bool) {
    match changed {
        Some(Some(text)) => field(out, name, text),
        Some(None) if nullable => {
            out.push_str(name);
            out.push_str("null");
        }
        _ => {}
    }
}

fn push_members(out: &mut String, members: &Members) {
    push_number(out, ",\"joined_count\":", members.joined);
    push_number(out, ",\"invited_count\":", members.invited);
    if members.heroes.is_empty() {
        return;
    }
    out.push_str(",\"heroes\":[");
    push_each(out, &members.heroes, |out, hero| {
        field(out, "{\"user_id\":", &hero.user_id);
        push_text(out, ",\"displayname\":", Some(&hero.display_name), false);
        push_text(out, ",\"avatar_url\":", Some(&hero.avatar_url), false);
        out.push('}');
    });
    out.push(']');
}
