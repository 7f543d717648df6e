//! Those whom a guardian watches over.

use model::contact::ContactLimit;
use model::id::OwnedUserId;
use model::person::AgeBand;

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};

/// Looks the wards of a guardian up; who has grown up is none any more.
#[derive(Clone, Debug)]
pub struct Wards(pub OwnedUserId);

/// A young person and how far their contacts are narrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ward {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name they show.
    pub display_name: Option<String>,
    /// Age band.
    pub age_band: AgeBand,
    /// The limit.
    pub limit: Option<ContactLimit>,
}

/// The most that are shown; a guardian has a few.
const WARDS_MAX: i64 = 100;

impl Query for Wards {
    type Out = Vec<Ward>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Ward>, StoreError> {
        let sql = "select user_id, display_name, age_band, contact_limit from users where guardian = $1 and age_band <> 'adult' order by user_id limit $2";
        let rows = tx.rows(sql, args![&self.0, WARDS_MAX]).await?;
        let read = |row: &crate::Row| {
            Ok(Ward {
                user_id: row.parse(0)?,
                display_name: row.text_or_null(1)?.map(str::to_owned),
                age_band: AgeBand::parse(row.text(2)?).unwrap_or_default(),
                limit: row.text_or_null(3)?.and_then(ContactLimit::parse),
            })
        };
        rows.iter().map(read).collect()
    }
}
