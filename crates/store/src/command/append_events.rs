//! Appends events to a room: messages, state, memberships. The one way an event gets into a room.

use std::collections::BTreeMap;

use model::id::{OwnedEventId, OwnedRoomId, OwnedUserId};
use model::room::auth_keys;
use model::ruma::RoomVersionId;
use model::ruma::room_version_rules::RoomVersionRules;

use super::device_lists;
use super::fanout::{self, Append, Appended, MembershipChange};
use super::open_flag::{self, NewFlag};
use super::redaction;
use super::sealed::{self, SealedMark};
use super::txn::{self, Answer, Txn};
use crate::error::StoreError;
use crate::tx::{Command, Tx};

/// The state events by type and state key, as far as they authorise what is appended.
pub type AuthState = BTreeMap<(String, String), OwnedEventId>;

/// Appends `steps` in order, all or none.
#[derive(Clone, Debug)]
pub struct AppendEvents {
    /// The room.
    pub room_id: OwnedRoomId,
    /// Its room version.
    pub version: RoomVersionId,
    /// The version of the state that the caller judged by.
    pub state_version: i64,
    /// State events that may authorise the steps.
    pub auth: AuthState,
    /// What to append.
    pub steps: Vec<Step>,
    /// The client's transaction, when it has one: a replay appends nothing. Names the first step's event.
    pub txn: Option<Txn>,
    /// A finding about the first step's event, which opens a case in the same transaction.
    pub flag: Option<NewFlag>,
}

/// One event and what it does to a membership.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event and its recipients.
    pub append: Append,
    /// The membership it sets, for `m.room.member`.
    pub membership: Option<SetMembership>,
    /// The event it redacts, for `m.room.redaction`.
    pub redacts: Option<OwnedEventId>,
    /// What was checked, for an encrypted event.
    pub sealed: Option<SealedMark>,
}

/// A membership as the event sets it.
#[derive(Clone, Debug)]
pub struct SetMembership {
    /// Whose.
    pub user: OwnedUserId,
    /// `join`, `invite`, `leave`, `ban` or `knock`.
    pub membership: &'static str,
    /// For an invitation: what the invited person sees of the room, a JSON array of stripped state.
    pub stripped: Option<String>,
    /// Whether the person is in the room before and after: only the event moves, not their edge.
    pub profile_only: bool,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// Done; one entry a step, and the case it opened.
    Done(Vec<Appended>, Option<model::id::CaseId>),
    /// The transaction had been answered before.
    Replayed(Answer),
}

impl Command for AppendEvents {
    type Out = AppendOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<AppendOutcome, StoreError> {
        if let Some(txn) = &self.txn
            && let Some(answer) = txn::answer(tx, txn).await?
        {
            return Ok(AppendOutcome::Replayed(answer));
        }
        let rules = rules_of(&self.version)?;
        let appended = run_steps(tx, &self.room_id, self.state_version, self.auth.clone(), &rules, &self.steps).await?;
        let first = appended.first().ok_or_else(|| StoreError::Database("nothing to append".to_owned()))?;
        if let Some(txn) = &self.txn {
            txn::remember(tx, txn, &Answer::Accepted(first.event_id.clone())).await?;
        }
        let case = match &self.flag {
            Some(flag) => Some(open_flag::open(tx, flag, Some(&first.event_id)).await?),
            None => None,
        };
        Ok(AppendOutcome::Done(appended, case))
    }
}

/// The hashing and redaction rules of a room version.
///
/// # Errors
/// For a version this server does not know.
pub(crate) fn rules_of(version: &RoomVersionId) -> Result<RoomVersionRules, StoreError> {
    version.rules().ok_or_else(|| StoreError::Database(format!("room version {version} is unknown")))
}

/// Appends the steps one after another; each may be authorised by the ones before it.
pub(crate) async fn run_steps<T: Tx>(
    tx: &mut T,
    room_id: &OwnedRoomId,
    mut state_version: i64,
    mut auth: AuthState,
    rules: &RoomVersionRules,
    steps: &[Step],
) -> Result<Vec<Appended>, StoreError> {
    let mut done = Vec::with_capacity(steps.len());
    for step in steps {
        let draft = &step.append.draft;
        let is_state = draft.state_key.is_some();
        let place = fanout::next_place(tx, room_id, state_version, is_state).await?;
        let keys = auth_keys(&draft.event_type, draft.state_key.as_deref(), &draft.sender, &draft.content);
        let auth_events = keys.into_iter().filter_map(|(event_type, key)| auth.get(&(event_type.to_owned(), key)).cloned()).collect();
        let mut appended = fanout::append(tx, room_id, place, &step.append, auth_events, rules).await?;
        if let Some(state_key) = &draft.state_key {
            state_version += 1;
            auth.insert((draft.event_type.clone(), state_key.clone()), appended.event_id.clone());
        }
        if let Some(set) = &step.membership {
            apply_membership(tx, room_id, set, &appended).await?;
        }
        if let Some(target) = &step.redacts {
            state_version += i64::from(redaction::prune(tx, room_id, target, &appended.event_id, rules).await?);
        }
        if let Some(mark) = &step.sealed {
            appended.oddities = sealed::note(tx, room_id, step, mark, &appended.event_id).await?;
        }
        done.push(appended);
    }
    Ok(done)
}

async fn apply_membership<T: Tx>(tx: &mut T, room_id: &OwnedRoomId, set: &SetMembership, appended: &Appended) -> Result<(), StoreError> {
    if set.profile_only {
        let sql = "update members set member_pos = $3 where room_id = $1 and user_id = $2";
        tx.exec(sql, crate::args![room_id, &set.user, appended.room_pos.get()]).await?;
        return Ok(());
    }
    let inbox_pos = appended.reached.iter().find(|(user, _)| *user == set.user).map(|(_, pos)| *pos);
    let change = MembershipChange { membership: set.membership, room_pos: appended.room_pos, inbox_pos, stripped: set.stripped.as_deref() };
    match set.membership {
        "join" => {
            fanout::set_membership(tx, room_id, &set.user, &change).await?;
            device_lists::met(tx, room_id, &set.user).await
        }
        "leave" | "ban" => {
            let before = device_lists::membership(tx, room_id, &set.user).await?;
            fanout::set_membership(tx, room_id, &set.user, &change).await?;
            device_lists::parted(tx, room_id, &set.user, before.as_deref()).await
        }
        _ => fanout::set_membership(tx, room_id, &set.user, &change).await,
    }
}
