//! What the host platform and guardians tell of people, as JSON.

#![expect(clippy::option_option, reason = "null takes away, what is left out stays")]

use app::accounts::admin::Account;
use app::accounts::close::Closed;
use app::accounts::guardians::Ward;
use app::host::Told;
use model::contact::ContactLimit;
use model::id::OwnedUserId;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// People to be made or brought up to date, at most 500.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleBody {
    /// Each is understood by itself: one that is wrong does not hold up the others.
    #[schema(value_type = Vec<ToldPerson>)]
    pub(crate) people: Vec<Value>,
}

/// A person. What is left out stays as it is; null takes away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToldPerson {
    /// Your ID for them: the local part of their user ID (a-z, 0-9 and `._=-/+`).
    pub(crate) id: String,
    /// The name shown, at most 256 bytes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) display_name: Option<Option<String>>,
    /// `u13`, `13-15`, `16-17`, `adult` or `unknown`.
    pub(crate) age_band: Option<String>,
    /// A country, as in `DE`, or a part of one, as in `US-CA`; empty when unknown.
    pub(crate) jurisdiction: Option<String>,
    /// Your ID of the adult who watches over them.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) guardian: Option<Option<String>>,
    /// `friends` or `guardian`: how far their contacts are narrowed. It never widens what the contact policy allows.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(crate) contact_limit: Option<Option<String>>,
}

/// Tells null from left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Relations, at most 500.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationsBody {
    /// Each is understood by itself: one that is wrong does not hold up the others.
    #[schema(value_type = Vec<ToldRelation>)]
    pub(crate) relations: Vec<Value>,
}

/// A relation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToldRelation {
    /// Your ID of the one who follows or blocks.
    pub(crate) from: String,
    /// Your ID of the other.
    pub(crate) to: String,
    /// Which relation.
    pub(crate) kind: ToldRelationKind,
    /// Whether it is so from now on, or no longer.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(crate) active: bool,
}

fn yes() -> bool {
    true
}

/// What one person can be to another. People who follow each other are friends.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToldRelationKind {
    /// The first follows the second.
    Follows,
    /// Each follows the other.
    Mutual,
    /// The first blocks the second.
    Blocks,
}

/// What became of each item, in the order given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemsAnswer {
    pub(crate) results: Vec<ItemAnswer>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemAnswer {
    /// The ID as you gave it.
    id: String,
    /// `created`, `updated`, `unchanged` or `refused`.
    status: &'static str,
    /// The user ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// Why it was refused, in a plain sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl ItemAnswer {
    pub(crate) fn of(id: &str, told: &Told) -> Self {
        let (status, user, error) = match told {
            Told::Created(user) => ("created", Some(user), None),
            Told::Updated(user) => ("updated", Some(user), None),
            Told::Unchanged(user) => ("unchanged", Some(user), None),
            Told::Refused(why) => ("refused", None, Some(why.clone())),
        };
        Self { id: id.to_owned(), status, user_id: user.map(ToString::to_string), error }
    }
}

/// A person as Frankly knows them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonAnswer {
    user_id: String,
    display_name: Option<String>,
    age_band: &'static str,
    jurisdiction: String,
    guardian: Option<String>,
    contact_limit: Option<&'static str>,
    /// `active`, `suspended`, `locked` or `deactivated`.
    state: &'static str,
    /// Milliseconds since the epoch.
    created_ms: i64,
}

impl From<Account> for PersonAnswer {
    fn from(account: Account) -> Self {
        Self {
            user_id: account.user_id.to_string(),
            display_name: account.display_name,
            age_band: account.age_band.as_str(),
            jurisdiction: account.jurisdiction,
            guardian: account.guardian.map(|guardian| guardian.to_string()),
            contact_limit: account.limit.map(ContactLimit::as_str),
            state: account.state.as_str(),
            created_ms: account.created_ms,
        }
    }
}

/// How an account is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {
    /// Whether what the person said is to be erased for those who were not there when it was said.
    #[serde(default)]
    #[schema(default = false)]
    pub(crate) erase: bool,
}

/// What became of an account that was to be closed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosedAnswer {
    user_id: String,
    /// `closed`, or `unchanged` when it was so already.
    status: &'static str,
}

impl ClosedAnswer {
    pub(crate) fn of(user_id: &OwnedUserId, closed: Closed) -> Self {
        let status = match closed {
            Closed::Now => "closed",
            Closed::Before => "unchanged",
        };
        Self { user_id: user_id.to_string(), status }
    }
}

/// Those whom somebody watches over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WardsAnswer {
    pub(crate) wards: Vec<WardAnswer>,
}

/// A young person with a guardian.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WardAnswer {
    user_id: String,
    display_name: Option<String>,
    age_band: &'static str,
    contact_limit: Option<&'static str>,
}

impl From<Ward> for WardAnswer {
    fn from(ward: Ward) -> Self {
        Self {
            user_id: ward.user_id.to_string(),
            display_name: ward.display_name,
            age_band: ward.age_band.as_str(),
            contact_limit: ward.limit.map(ContactLimit::as_str),
        }
    }
}

/// How far a young person's contacts are narrowed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WardBody {
    /// `friends`, `guardian`, or null for no limit.
    pub(crate) contact_limit: Option<String>,
}
