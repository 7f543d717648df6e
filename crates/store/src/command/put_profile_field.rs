//! Changes one field of a profile, name and picture aside.

use model::id::OwnedUserId;
use model::limits;
use model::ruma::{CanonicalJsonObject, CanonicalJsonValue};

use crate::args;
use crate::error::StoreError;
use crate::query::profile::fields_of;
use crate::tx::{Command, Tx};

/// Sets a field, or takes it away.
#[derive(Clone, Debug)]
pub struct PutProfileField {
    /// Whose.
    pub user_id: OwnedUserId,
    /// Which field.
    pub key: String,
    /// Its value; `None` takes it away.
    pub value: Option<CanonicalJsonValue>,
}

impl Command for PutProfileField {
    /// Whether the profile stays within [`limits::PROFILE_BYTES`]; nothing was changed otherwise.
    type Out = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        // the account's row is the lock under which changes to a profile take turns
        let sql = "update users set strikes = strikes where user_id = $1 returning display_name, avatar_url";
        let Some(row) = tx.row(sql, args![&self.user_id]).await? else { return Ok(true) };
        let mut fields = fields_of(tx, &self.user_id).await?;
        match &self.value {
            Some(value) => fields.insert(self.key.clone(), value.clone()),
            None => fields.remove(&self.key),
        };
        if self.value.is_some() && whole_bytes(&fields, row.text_or_null(0)?, row.text_or_null(1)?) > limits::PROFILE_BYTES {
            return Ok(false);
        }
        if fields.is_empty() {
            tx.exec("delete from profiles where user_id = $1", args![&self.user_id]).await?;
            return Ok(true);
        }
        let sql = "insert into profiles (user_id, fields) values ($1, $2) on conflict (user_id) do update set fields = excluded.fields";
        tx.exec(sql, args![&self.user_id, json_text(&fields)]).await?;
        Ok(true)
    }
}

/// Bytes of the whole profile as canonical JSON, name and picture included (spec "Profiles").
fn whole_bytes(fields: &CanonicalJsonObject, name: Option<&str>, picture: Option<&str>) -> usize {
    let mut whole = fields.clone();
    for (key, value) in [("displayname", name), ("avatar_url", picture)] {
        if let Some(value) = value {
            whole.insert(key.to_owned(), CanonicalJsonValue::String(value.to_owned()));
        }
    }
    json_text(&whole).len()
}

fn json_text(fields: &CanonicalJsonObject) -> String {
    serde_json::to_string(fields).expect("canonical JSON can be written")
}
