//! Push rules: the default set, and what a person made of it. They are account data of type `m.push_rules`.

use model::id::OwnedUserId;
use model::ruma::push::Ruleset;
use serde_json::json;

use crate::account_data::PUSH_RULES;
use crate::{App, Caller, Error};

impl App {
    /// A person's push rules.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn push_rules(&self, user: &OwnedUserId) -> Result<Ruleset, Error> {
        let stored = self.stored_account_data(user, None, PUSH_RULES).await?;
        let stored = stored.and_then(|content| serde_json::from_str::<Content>(&content).ok());
        Ok(stored.map_or_else(|| Ruleset::server_default(user), |content| content.global))
    }

    /// Replaces a person's push rules; their devices see it in the next sync.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_push_rules(&self, user: &OwnedUserId, rules: &Ruleset) -> Result<(), Error> {
        let content = json!({"global": rules}).to_string();
        self.store_account_data(user, None, PUSH_RULES, content).await
    }

    /// Account data of a sync; the first one has push rules even when the person never changed any.
    pub(crate) fn with_push_rules(caller: &Caller, first: bool, mut data: Vec<(String, String)>) -> Vec<(String, String)> {
        if first && data.iter().all(|(data_type, _)| data_type != PUSH_RULES) {
            let rules = Ruleset::server_default(&caller.user_id);
            data.push((PUSH_RULES.to_owned(), json!({"global": rules}).to_string()));
        }
        data
    }
}

#[derive(serde::Deserialize)]
struct Content {
    global: Ruleset,
}
