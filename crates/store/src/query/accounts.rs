//! Accounts for log-in, administration and the directory; their devices.

use model::contact::ContactLimit;
use model::id::{OwnedDeviceId, OwnedUserId};
use model::person::{AccountState, AgeBand, Role};

use crate::args;
use crate::error::StoreError;
use crate::tx::{Query, Tx};
use crate::value::Row;

/// Everything the operator may know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub user_id: OwnedUserId,
    /// The hash of the password in PHC form.
    pub password_hash: Option<String>,
    /// The name shown.
    pub display_name: Option<String>,
    /// Age band as told by the operator.
    pub age_band: AgeBand,
    /// Jurisdiction; empty when unknown.
    pub jurisdiction: String,
    /// What the account may do.
    pub state: AccountState,
    /// Upheld decisions against it.
    pub strikes: i64,
    /// Whether it is the server's own.
    pub service: bool,
    /// When it was made, in milliseconds.
    pub created_ms: i64,
    /// When the person, closing it, asked that what they said be erased.
    pub erase_asked_ms: Option<i64>,
    /// Its tenant.
    pub tenant: String,
    /// Whose account watches over it.
    pub guardian: Option<OwnedUserId>,
    /// What a guardian, or the host platform for them, narrowed its contacts to.
    pub limit: Option<ContactLimit>,
    /// Roles of a member of staff.
    pub roles: Vec<Role>,
}

const COLUMNS_BY_ID: &str = "select user_id, password_hash, display_name, age_band, jurisdiction, state, strikes, service, created_ms, erase_asked_ms, tenant, guardian, contact_limit from users where user_id = $1";

async fn account<T: Tx>(tx: &mut T, row: &Row) -> Result<Account, StoreError> {
    let user_id: OwnedUserId = row.parse(0)?;
    let roles = tx.rows("select role from staff_roles where user_id = $1 order by role", args![&user_id]).await?;
    Ok(Account {
        password_hash: row.text_or_null(1)?.map(str::to_owned),
        display_name: row.text_or_null(2)?.map(str::to_owned),
        age_band: AgeBand::parse(row.text(3)?).unwrap_or_default(),
        jurisdiction: row.text(4)?.to_owned(),
        state: AccountState::parse(row.text(5)?).unwrap_or(AccountState::Locked),
        strikes: row.int(6)?,
        service: row.flag(7)?,
        created_ms: row.int(8)?,
        erase_asked_ms: row.int_or_null(9)?,
        tenant: row.text(10)?.to_owned(),
        guardian: row.text_or_null(11)?.is_some().then(|| row.parse(11)).transpose()?,
        limit: row.text_or_null(12)?.and_then(ContactLimit::parse),
        roles: roles.iter().filter_map(|row| Role::parse(row.text(0).ok()?)).collect(),
        user_id,
    })
}

/// One account by its ID.
#[derive(Clone, Debug)]
pub struct AccountById(pub OwnedUserId);

impl Query for AccountById {
    type Out = Option<Account>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Account>, StoreError> {
        match tx.row(COLUMNS_BY_ID, args![&self.0]).await? {
            Some(row) => account(tx, &row).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Accounts in order of their IDs, a page at a time.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Only those after this ID; empty for the beginning.
    pub after: String,
    /// At most this many.
    pub limit: i64,
}

impl Query for Accounts {
    type Out = Vec<Account>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Account>, StoreError> {
        let sql = "select user_id, password_hash, display_name, age_band, jurisdiction, state, strikes, service, created_ms, erase_asked_ms, tenant, guardian, contact_limit from users \
                   where user_id > $1 and service = 0 order by user_id limit $2";
        let rows = tx.rows(sql, args![&self.after, self.limit]).await?;
        let mut accounts = Vec::with_capacity(rows.len());
        for row in &rows {
            accounts.push(account(tx, row).await?);
        }
        Ok(accounts)
    }
}

/// A device of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its ID.
    pub device_id: OwnedDeviceId,
    /// How it is called.
    pub display_name: Option<String>,
    /// When it last logged in, in milliseconds.
    pub last_seen_ms: i64,
}

/// The devices of a person.
#[derive(Clone, Debug)]
pub struct Devices(pub OwnedUserId);

impl Query for Devices {
    type Out = Vec<Device>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Device>, StoreError> {
        let sql = "select device_id, display_name, last_seen_ms from devices where user_id = $1 order by created_ms, device_id";
        let rows = tx.rows(sql, args![&self.0]).await?;
        rows.iter()
            .map(|row| {
                Ok(Device {
                    device_id: OwnedDeviceId::from(row.text(0)?),
                    display_name: row.text_or_null(1)?.map(str::to_owned),
                    last_seen_ms: row.int(2)?,
                })
            })
            .collect()
    }
}

/// The pattern of texts that begin with `term`; its own wildcards mean themselves.
fn beginning(term: &str) -> String {
    let mut pattern = String::with_capacity(term.len() + 1);
    for letter in term.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Searches people by the beginning of their name or ID. It finds whom the searcher may see, by the conditions of
/// [`model::contact::Pair::may_see`]; they are here in SQL so that a page is not filled by people who are then left out.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Who searches.
    pub searcher: OwnedUserId,
    /// What they typed, lower-case.
    pub term: String,
    /// At most this many.
    pub limit: i64,
}

/// Somebody found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub user_id: OwnedUserId,
    /// The name shown.
    pub display_name: Option<String>,
    /// The picture shown.
    pub avatar_url: Option<String>,
}

impl Query for Directory {
    type Out = Vec<Found>;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Found>, StoreError> {
        let sql = "select u.user_id, u.display_name, u.avatar_url from users u where u.state = 'active' and u.service = 0 and u.user_id <> $1 \
                   and (u.localpart like $2 escape '\\' or lower(u.display_name) like $2 escape '\\' or u.user_id = $3) \
                   and (exists (select 1 from members a join members b on b.room_id = a.room_id where a.user_id = $1 \
                   and a.membership in ('join', 'invite') and b.user_id = u.user_id and b.membership in ('join', 'invite') \
                   and (a.membership = 'join' or b.membership = 'join')) \
                   or u.guardian = $1 or exists (select 1 from users w where w.user_id = $1 and w.guardian = u.user_id) \
                   or (not exists (select 1 from relations r where r.user_id = u.user_id and r.other = $1 and r.blocks = 1) \
                   and (u.age_band = 'adult' or (exists (select 1 from relations r where r.user_id = u.user_id and r.other = $1 and r.follows = 1) \
                   and exists (select 1 from relations r where r.user_id = $1 and r.other = u.user_id and r.follows = 1))))) \
                   order by u.user_id limit $4";
        let pattern = beginning(self.term.trim_start_matches('@').split(':').next().unwrap_or_default());
        let rows = tx.rows(sql, args![&self.searcher, pattern, &self.term, self.limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(Found {
                    user_id: row.parse(0)?,
                    display_name: row.text_or_null(1)?.map(str::to_owned),
                    avatar_url: row.text_or_null(2)?.map(str::to_owned),
                })
            })
            .collect()
    }
}
