//! The parts of a running server.

use std::sync::{Arc, RwLock};

use model::clock::{Clock, Entropy};
use model::id::OwnedRoomId;
use model::limits;
use model::room::Snapshot;
use moka::sync::Cache;
use store::Store;

use crate::behaviour::Behaviour;
use crate::caller::Sessions;
use crate::config::Config;
use crate::desk::Desk;
use crate::rules::Rules;
use crate::wake::Wake;

/// A running server without its HTTP.
#[derive(Debug)]
pub struct App {
    /// What the operator decided.
    pub config: Config,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) wake: Wake,
    pub(crate) sessions: Sessions,
    pub(crate) desk: Desk,
    pub(crate) behaviour: Behaviour,
    pub(crate) rules: RwLock<Arc<Rules>>,
    /// Room snapshots; a stale one is found out by the store and read again.
    pub(crate) rooms: Cache<OwnedRoomId, Arc<Snapshot>>,
}

impl App {
    /// Puts the parts together.
    pub fn new(config: Config, store: Store, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: Rules) -> Self {
        Self {
            config,
            store,
            clock,
            entropy,
            wake: Wake::default(),
            sessions: Sessions::new(),
            desk: Desk::new(),
            behaviour: Behaviour::new(),
            rules: RwLock::new(Arc::new(rules)),
            rooms: Cache::new(limits::ROOM_CACHE),
        }
    }
}
