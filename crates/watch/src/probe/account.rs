//! As whom a deployment is probed: accounts that are given, or throw-away ones where anybody may register.

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::{Found, Probe, Target};
use crate::http::{Client, HttpError};
use crate::probe::Talk;
use crate::probe::talk::Reply;

/// Somebody with a password.
#[derive(Clone)]
pub struct Account {
    /// User id or local part.
    pub user: String,
    /// Their password.
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).field("password", &"***").finish()
    }
}

/// Who may be used.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// An adult.
    pub member: Option<Account>,
    /// Another adult, whom the first may write to.
    pub other: Option<Account>,
    /// The user id of somebody under age, whom neither knows.
    pub minor: Option<String>,
    /// Whether throw-away accounts may be registered.
    pub register: bool,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) user: String,
    pub(super) token: String,
    pub(super) password: String,
    pub(super) device: String,
}

/// Those who are logged in.
#[derive(Debug, Clone)]
pub(super) struct Members {
    pub(super) member: Member,
    pub(super) other: Option<Member>,
}

/// Logs in, or registers; `None` when nobody was given.
pub(super) async fn members(client: &Client, target: &Target, probes: &mut Vec<Probe>) -> Option<Members> {
    let mut talk = Talk::with(client, &target.base);
    let people = &target.people;
    let entered = async {
        let member = match (&people.member, people.register) {
            (Some(account), _) => log_in(&mut talk, account).await?,
            (None, true) => register(&mut talk, &format!("probe-{}-a", target.nonce)).await?,
            (None, false) => return Ok(None),
        };
        let other = match (&people.other, people.register) {
            (Some(account), _) => Some(log_in(&mut talk, account).await?),
            (None, true) => Some(register(&mut talk, &format!("probe-{}-b", target.nonce)).await?),
            (None, false) => None,
        };
        Ok::<_, String>(Some(Members { member, other }))
    };
    match entered.await {
        Ok(members) => members,
        Err(reason) => {
            probes.push(Probe::new("log-in", &[], Found::error(reason), &talk));
            None
        }
    }
}

async fn log_in(talk: &mut Talk<'_>, account: &Account) -> Result<Member, String> {
    let body = json!({
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": account.user},
        "password": account.password,
        "initial_device_display_name": "frankly audit probe",
    });
    let reply = talk.ask(Method::POST, "/_matrix/client/v3/login", "", &body).await.map_err(|error| error.to_string())?;
    member(&reply, &account.password).ok_or_else(|| format!("{} cannot log in: {} {}", account.user, reply.status, reply.errcode()))
}

async fn register(talk: &mut Talk<'_>, name: &str) -> Result<Member, String> {
    let password = format!("throw away {name} {}", name.len());
    let body = json!({"username": name, "password": password, "initial_device_display_name": "frankly audit probe"});
    let reply = with_auth(talk, Method::POST, "/_matrix/client/v3/register", "", body, None).await.map_err(|error| error.to_string())?;
    member(&reply, &password).ok_or_else(|| format!("nobody can register here: {} {}", reply.status, reply.errcode()))
}

fn member(reply: &Reply, password: &str) -> Option<Member> {
    let text = |key: &str| reply.body[key].as_str().map(str::to_owned);
    let (user, token, device) = (text("user_id")?, text("access_token")?, text("device_id")?);
    (reply.status == StatusCode::OK).then_some(Member { user, token, device, password: password.to_owned() })
}

/// Asks something for which a server may want to know once more who asks.
pub(super) async fn with_auth(
    talk: &mut Talk<'_>,
    method: Method,
    path: &str,
    token: &str,
    mut body: Json,
    member: Option<&Member>,
) -> Result<Reply, HttpError> {
    let reply = talk.ask(method.clone(), path, token, &body).await?;
    if reply.status != StatusCode::UNAUTHORIZED || !reply.body["flows"].is_array() {
        return Ok(reply);
    }
    let session = reply.body["session"].clone();
    body["auth"] = match member {
        Some(member) => json!({
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": member.user},
            "password": member.password,
            "session": session,
        }),
        None => json!({"type": "m.login.dummy", "session": session}),
    };
    talk.ask(method, path, token, &body).await
}
