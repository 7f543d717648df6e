//! What the operator decided, already checked.

mod push;
mod tls;
mod webhook;

use model::id::{OwnedServerName, OwnedUserId, TenantId, UserId};
use model::person::AgeBand;
use model::secret::Secret;

pub use crate::media::MediaBounds;
pub use policy::mode::{ModeRules, OnEncryptionRequest};
pub(crate) use push::on_public_network;
pub use push::{GatewayError, PushGateways};
pub use tls::{Tls, TlsError};
pub use webhook::{Webhook, WebhookError};

/// The settings every use case may look at.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name in user IDs.
    pub server_name: OwnedServerName,
    /// Where clients reach this server, as in `https://chat.example.org`.
    pub base_url: String,
    /// Open registration, no rate limits, no velocity rules; on loopback addresses only.
    pub dev: bool,
    /// Who may register.
    pub registration: Registration,
    /// The age band of those who register, until somebody tells it.
    pub registered_age: AgeBand,
    /// How the host platform logs its members in.
    pub jwt: Option<JwtLogin>,
    /// What a request for encryption gets that the policy does not allow (protocol 6.5).
    pub on_encryption_request: OnEncryptionRequest,
    /// Which modes conversations may have, at the start; others are put in force by [`crate::App::replace_modes`].
    pub modes: ModeRules,
    /// What uploads may take.
    pub media: MediaBounds,
    /// Which push gateways may be called.
    pub push: PushGateways,
    /// Whom to tell about cases.
    pub webhook: Option<Webhook>,
    /// Milliseconds that the text of a refused or redacted message is kept for its case; `None`: without limit.
    pub keep_evidence_ms: Option<i64>,
    /// How members can appeal; told with every refusal.
    pub appeal_contact: String,
    /// The only tenant, for as long as there is one.
    pub tenant: TenantId,
}

/// Who may make an account through the Matrix API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// Everybody (`m.login.dummy`).
    Open,
    /// Who knows the token (`m.login.registration_token`).
    Token(Secret<String>),
    /// Nobody; the operator or the host platform makes accounts.
    Closed,
}

/// Log-in by JSON web tokens of the host platform (HS256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtLogin {
    /// The key that signs them.
    pub secret: Secret<String>,
    /// Who must have issued them (`iss`), where the operator names one.
    pub issuer: Option<String>,
    /// For whom they must be meant (`aud`), where the operator names one.
    pub audience: Option<String>,
}

impl Config {
    /// The account that speaks for the server: notices in rooms and notice rooms.
    pub fn service_user(&self) -> OwnedUserId {
        UserId::parse(format!("@frankly:{}", self.server_name)).expect("a checked server name makes a valid user ID")
    }
}
