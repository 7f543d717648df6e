//! Profiles: name, picture, and what else a person shows of themselves.

use model::id::OwnedUserId;
use model::json::parse_object;
use model::ruma::CanonicalJsonObject;

use super::people::{Person, PersonSeen};
use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Reads a profile with the eyes of somebody, as [`PersonSeen`].
#[derive(Clone, Debug)]
pub struct ProfileSeen(pub PersonSeen);

impl Query for ProfileSeen {
    /// The person, and what they show beside name and picture.
    type Out = Option<(Person, CanonicalJsonObject)>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Out, StoreError> {
        let Some(person) = self.0.run(tx).await? else { return Ok(None) };
        let fields = fields_of(tx, &person.user_id).await?;
        Ok(Some((person, fields)))
    }
}

/// What somebody shows beside name and picture.
pub(crate) async fn fields_of<T: Tx>(tx: &mut T, user: &OwnedUserId) -> Result<CanonicalJsonObject, StoreError> {
    let row = tx.row("select fields from profiles where user_id = $1", args![user]).await?;
    let Some(row) = row else { return Ok(CanonicalJsonObject::new()) };
    parse_object(row.text(0)?).map_err(|error| StoreError::Database(format!("stored profile: {error}")))
}
