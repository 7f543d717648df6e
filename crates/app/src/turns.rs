//! Heavy reads of one person wait for one another, so that nobody takes the places of all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::id::OwnedUserId;
use model::limits;
use store::{Query, StoreError, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{App, Error};

/// Who reads, or waits to.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    people: Mutex<HashMap<OwnedUserId, Arc<Semaphore>>>,
}

/// One read's place among those of its person; given back when the read has ended or is not wanted any more.
#[derive(Debug)]
struct Turn {
    turns: Arc<Turns>,
    user: OwnedUserId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    async fn take(self: &Arc<Self>, user: &OwnedUserId) -> Result<Turn, Error> {
        let places = {
            let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(people.entry(user.clone()).or_insert_with(|| Arc::new(Semaphore::new(limits::HEAVY_READS_PER_USER))))
        };
        // made before it waits: also who goes away meanwhile leaves nothing behind
        let mut turn = Turn { turns: Arc::clone(self), user: user.clone(), permit: None };
        let permit = places.acquire_owned().await;
        turn.permit = Some(permit.map_err(|_| Error::Internal("the places of a person are never closed".to_owned()))?);
        Ok(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut people = self.turns.people.lock().unwrap_or_else(PoisonError::into_inner);
        // who else reads or waits holds on to it
        if people.get(&self.user).is_some_and(|places| Arc::strong_count(places) == 1) {
            people.remove(&self.user);
        }
    }
}

/// A heavy read that keeps its place until it has ended: its client may go away, the work goes on.
struct InTurn<Q> {
    query: Q,
    _turn: Turn,
}

impl<Q: Query> Query for InTurn<Q> {
    type Out = Q::Out;
    const HEAVY: bool = true;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Q::Out, StoreError> {
        self.query.run(tx).await
    }
}

impl App {
    /// Reads what may take long, when it is this person's turn.
    pub(crate) async fn read_in_turn<Q: Query>(&self, user: &OwnedUserId, query: Q) -> Result<Q::Out, Error> {
        let turn = self.turns.take(user).await?;
        Ok(self.store.read(InTurn { query, _turn: turn }).await?)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use model::id::UserId;

    use super::*;

    #[tokio::test]
    async fn a_person_waits_for_themselves_and_for_nobody_else() {
        let turns = Arc::new(Turns::default());
        let [ana, ben] = ["@ana:example.org", "@ben:example.org"].map(|id| UserId::parse(id).unwrap());
        let mut held = Vec::new();
        for _ in 0..limits::HEAVY_READS_PER_USER {
            held.push(turns.take(&ana).await.unwrap());
        }
        let mut waiting = Box::pin(turns.take(&ana));
        assert!((&mut waiting).now_or_never().is_none());
        drop(turns.take(&ben).await.unwrap());
        held.pop();
        drop(waiting.await.unwrap());
        // who gives up while waiting leaves nothing behind either
        held.push(turns.take(&ana).await.unwrap());
        let mut given_up = Box::pin(turns.take(&ana));
        assert!((&mut given_up).now_or_never().is_none());
        drop(given_up);
        drop(held);
        assert!(turns.people.lock().unwrap().is_empty());
    }
}
