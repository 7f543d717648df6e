//! Finding people by name.

use model::limits;
use model::person::AgeBand;
use store::query::accounts::{Directory, Found};

use crate::{App, Caller, Error};

impl App {
    /// People whose name or ID begins with `term`. Strangers find adults only: minors, and people
    /// whose age is not known, are found by those who share a room with them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search_people(&self, caller: &Caller, term: &str, limit: usize) -> Result<Vec<Found>, Error> {
        let term = term.trim().to_lowercase();
        if term.trim_start_matches('@').is_empty() {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit.min(limits::DIRECTORY_RESULTS)).unwrap_or(i64::MAX);
        let found = self.store.read(Directory { searcher: caller.user_id.clone(), term, limit }).await?;
        Ok(found.into_iter().filter(|person| person.acquainted || person.age_band == AgeBand::Adult).collect())
    }
}
