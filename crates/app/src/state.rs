//! The parts of a running server.

use std::sync::{Arc, RwLock};

use model::clock::{Clock, Entropy};
use model::id::{OwnedRoomId, random_word};
use model::limits;
use model::room::Snapshot;
use moka::sync::Cache;
use policy::contact::ContactPolicy;
use policy::mode::ModeRules;
use store::Store;
use store::command::meta::MetaOnce;
use tokio::sync::OnceCell;

use crate::Error;
use crate::accounts::{Passwords, UiaaSessions};
use crate::behaviour::Behaviour;
use crate::caller::Sessions;
use crate::config::Config;
use crate::desk::Desk;
use crate::media::{Blobs, Media};
use crate::push::Gateway;
use crate::rate::Rates;
use crate::rules::Rules;
use crate::seams::Seams;
use crate::sync::sliding::Connections;
use crate::sync::typing::Typing;
use crate::sync::{TokenKey, Told, Waiters};
use crate::turns::Turns;
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
    pub(crate) passwords: Passwords,
    pub(crate) uiaa: UiaaSessions,
    pub(crate) rates: Rates,
    pub(crate) desk: Desk,
    pub(crate) behaviour: Behaviour,
    pub(crate) seams: Seams,
    /// How the shares of the linear model are spread over the messages judged since the start.
    pub(crate) drift: scan::Drift,
    pub(crate) typing: Typing,
    pub(crate) waiters: Waiters,
    pub(crate) told: Told,
    pub(crate) turns: Arc<Turns>,
    pub(crate) connections: Connections,
    pub(crate) media: Media,
    pub(crate) gateway: Gateway,
    token_key: OnceCell<TokenKey>,
    pub(crate) rules: RwLock<Arc<Rules>>,
    pub(crate) contact: RwLock<Arc<ContactPolicy>>,
    pub(crate) modes: RwLock<Arc<ModeRules>>,
    /// Room snapshots; a stale one is found out by the store and read again.
    pub(crate) rooms: Cache<OwnedRoomId, Arc<Snapshot>>,
}

impl App {
    /// Puts the parts together, with the contact policy that ships.
    pub fn new(config: Config, store: Store, blobs: Blobs, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, rules: Rules) -> Self {
        Self {
            passwords: Passwords::new(config.dev),
            uiaa: UiaaSessions::new(),
            rates: Rates::new(config.dev),
            seams: Seams::new(&*entropy),
            drift: scan::Drift::default(),
            modes: RwLock::new(Arc::new(config.modes.clone())),
            config,
            store,
            clock,
            entropy,
            wake: Wake::default(),
            sessions: Sessions::new(),
            desk: Desk::new(),
            behaviour: Behaviour::new(),
            typing: Typing::default(),
            waiters: Waiters::default(),
            told: Told::default(),
            turns: Arc::default(),
            connections: Connections::new(),
            media: Media::new(blobs),
            gateway: Gateway::default(),
            token_key: OnceCell::new(),
            rules: RwLock::new(Arc::new(rules)),
            contact: RwLock::new(Arc::new(ContactPolicy::shipped())),
            rooms: Cache::new(limits::ROOM_CACHE),
        }
    }

    /// The key of sync tokens, made on the first start of a deployment.
    pub(crate) async fn token_key(&self) -> Result<&TokenKey, Error> {
        let load = async || {
            let command = MetaOnce { key: "token_key", value: random_word(&*self.entropy, 32) };
            Ok(TokenKey::new(self.store.run(command).await?))
        };
        self.token_key.get_or_try_init(load).await
    }
}
