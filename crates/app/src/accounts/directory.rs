//! Finding people by name.

use model::limits;
use store::query::accounts::{Directory, Found};

use crate::{App, Caller, Error};

impl App {
    /// People whose name or ID begins with `term`. Strangers find adults only: young people, and people whose age is
    /// not known, are found by their friends, their guardian, and those who are in a conversation with them.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] for too many searches.
    pub async fn search_people(&self, caller: &Caller, term: &str, limit: usize) -> Result<Vec<Found>, Error> {
        self.admit_search(&caller.user_id)?;
        let term = term.trim().to_lowercase();
        if term.trim_start_matches('@').is_empty() {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit.min(limits::DIRECTORY_RESULTS)).unwrap_or(i64::MAX);
        self.read_in_turn(&caller.user_id, Directory { searcher: caller.user_id.clone(), term, limit }).await
    }
}
