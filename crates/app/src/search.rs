//! Looking for words in what the caller may read, as JSON text in the client format.

use model::filter::{EventFilter, RoomFilter};
use model::limits;
use store::query::search::{Search, SearchPage, SearchResult};

use crate::event_json::{Reader, field, push_event, push_events, push_string};
use crate::history::token_before;
use crate::{App, Caller, Error};

/// A search as a client asks for it.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// What was typed: words, all of which must be there.
    pub term: String,
    /// The keys of contents to look in, as in `body`.
    pub keys: Vec<&'static str>,
    /// In which rooms.
    pub rooms: RoomFilter,
    /// Which events.
    pub filter: EventFilter,
    /// The best first, rather than the newest.
    pub by_rank: bool,
    /// The `next_batch` of the last page.
    pub from: Option<String>,
    /// Events told before and after each result.
    pub around: Option<(usize, usize)>,
    /// The present state of each room with a result.
    pub with_state: bool,
    /// Results are told by room as well.
    pub group_by_room: bool,
}

impl App {
    /// A page of what a search found, the newest or the best first. It looks at the newest
    /// [`limits::SEARCH_EVENTS`] events of the rooms that the caller is or was in, and gives only what
    /// they may read.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] for a token that is none, or too many words; [`Error::LimitExceeded`] for too many searches.
    pub async fn search(&self, caller: &Caller, request: SearchRequest) -> Result<String, Error> {
        self.admit_search(&caller.user_id)?;
        let (until, skip) = match request.from.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => {
                let (until, skip) = place(token).ok_or_else(|| Error::InvalidParam("this is not a token of a search".to_owned()))?;
                (Some(until), skip)
            }
            None => (None, 0),
        };
        let mut words: Vec<String> = request.term.split_whitespace().map(str::to_lowercase).collect();
        words.sort();
        words.dedup();
        if words.len() > limits::SEARCH_WORDS || request.term.len() > limits::SEARCH_TERM_BYTES {
            let (words, bytes) = (limits::SEARCH_WORDS, limits::SEARCH_TERM_BYTES);
            return Err(Error::InvalidParam(format!("a search takes at most {words} words, and {bytes} bytes")));
        }
        let limit = request.filter.limit.unwrap_or(limits::TIMELINE_EVENTS_DEFAULT).clamp(1, limits::SEARCH_RESULTS);
        let around = request.around.map(|(before, after)| (before.min(limits::SEARCH_AROUND), after.min(limits::SEARCH_AROUND)));
        let query = Search {
            user_id: caller.user_id.clone(),
            words: words.clone(),
            keys: request.keys,
            rooms: request.rooms,
            filter: request.filter,
            by_rank: request.by_rank,
            until,
            skip,
            limit,
            around,
            with_state: request.with_state,
        };
        // no word is in everything: looking would only read
        let page = if words.is_empty() { SearchPage::default() } else { self.read_in_turn(&caller.user_id, query).await? };
        let next = page.until.map(|until| format!("f{until}_{}", skip + limit));
        Ok(render(&page, &words, next.as_deref(), request.group_by_room, self.reader(caller)))
    }
}

/// The last event looked at, and the results told, of a token `f<event>_<results>`.
fn place(token: &str) -> Option<(i64, usize)> {
    let (until, skip) = token.strip_prefix('f')?.split_once('_')?;
    let (until, skip): (i64, usize) = (until.parse().ok()?, skip.parse().ok()?);
    (until >= 0 && skip <= limits::SEARCH_EVENTS).then_some((until, skip))
}

fn render(page: &SearchPage, words: &[String], next: Option<&str>, group_by_room: bool, reader: Reader<'_>) -> String {
    let mut out = String::from("{\"search_categories\":{\"room_events\":{\"count\":");
    out.push_str(&page.count.to_string());
    out.push_str(",\"highlights\":[");
    separated(&mut out, words, |out, word| push_string(out, word));
    out.push_str("],\"results\":[");
    separated(&mut out, &page.results, |out, result| push_result(out, result, reader));
    out.push(']');
    if let Some(next) = next {
        field(&mut out, ",\"next_batch\":", next);
    }
    if !page.states.is_empty() {
        out.push_str(",\"state\":{");
        separated(&mut out, &page.states, |out, (room_id, state)| {
            push_string(out, room_id.as_str());
            out.push(':');
            push_events(out, state, Some(room_id.as_str()), reader);
        });
        out.push('}');
    }
    if group_by_room {
        push_groups(&mut out, page);
    }
    out.push_str("}}}");
    out
}

fn push_result(out: &mut String, result: &SearchResult, reader: Reader<'_>) {
    let room_id = Some(result.room_id.as_str());
    out.push_str("{\"rank\":");
    out.push_str(&result.rank.to_string());
    out.push_str(",\"result\":");
    push_event(out, &result.event, room_id, reader);
    if let Some((before, after)) = &result.around {
        let first = before.last().unwrap_or(&result.event).room_pos;
        let last = after.last().unwrap_or(&result.event).room_pos;
        out.push_str(",\"context\":{\"events_before\":");
        push_events(out, before, room_id, reader);
        out.push_str(",\"events_after\":");
        push_events(out, after, room_id, reader);
        field(out, ",\"start\":", &token_before(first));
        field(out, ",\"end\":", &crate::history::token(last));
        out.push('}');
    }
    out.push('}');
}

/// The results of each room, by their IDs.
fn push_groups(out: &mut String, page: &SearchPage) {
    let mut rooms: Vec<&str> = page.results.iter().map(|result| result.room_id.as_str()).collect();
    rooms.sort_unstable();
    rooms.dedup();
    out.push_str(",\"groups\":{\"room_id\":{");
    separated(out, rooms.iter().enumerate(), |out, (order, room_id)| {
        push_string(out, room_id);
        out.push_str(":{\"order\":");
        out.push_str(&order.to_string());
        out.push_str(",\"results\":[");
        let own = page.results.iter().filter(|result| result.room_id.as_str() == *room_id);
        separated(out, own, |out, result| push_string(out, &result.event.event_id));
        out.push_str("]}");
    });
    out.push_str("}}");
}

/// Appends each item with a comma between.
fn separated<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut push: impl FnMut(&mut String, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_nothing_else() {
        assert_eq!(place("f12_30"), Some((12, 30)));
        for token in ["", "f", "f1", "f_", "f-1_2", "f1_-2", "t1_2", "f1_99999999", "fé_1"] {
            assert_eq!(place(token), None, "{token}");
        }
    }
}
