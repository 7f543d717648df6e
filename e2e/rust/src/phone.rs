//! A phone: one device of a person, with its store in a folder, syncing as Element X does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::api::client::account::register;
use matrix_sdk::ruma::api::client::keys::get_keys;
use matrix_sdk::ruma::api::client::uiaa::{AuthData, Dummy};
use matrix_sdk::ruma::events::AnyMessageLikeEventContent;
use matrix_sdk::ruma::events::room::message::RoomMessageEventContent;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, assign};
use matrix_sdk::{Client, Room, RoomState};
use matrix_sdk_ui::sync_service::SyncService;
use tempfile::TempDir;

/// The file beside the store that holds the session's tokens.
const SESSION: &str = "session.json";
/// How many events of a room a sync brings at most; more of them are asked for by reading back.
const TIMELINE_EVENTS: u32 = 20;
/// How often a request that found no server is sent again before the queue of what is to be sent waits.
const RETRIES: usize = 3;

/// How often the server is asked for keys that are to be there soon.
const LOOK: Duration = Duration::from_millis(50);

/// Who logs in where.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The server's address.
    pub(crate) url: String,
    /// The local part of the user ID.
    pub(crate) user: String,
    /// Their password.
    pub(crate) password: String,
}

/// What a phone does about cross-signing and backups without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// As Element X: cross-signing and a backup are set up at the first log-in.
    Full,
    /// Keys come from other devices alone, so that one that is lost is not made up for by a backup.
    DevicesOnly,
}

/// A device with its syncs.
pub(crate) struct Phone {
    /// The library's client.
    pub(crate) client: Client,
    /// The room list and the encryption sync.
    pub(crate) service: SyncService,
    /// The store's folder, where it is to go with the phone.
    home: Option<TempDir>,
}

impl Account {
    /// Makes the account; nobody is logged in.
    pub(crate) async fn register(&self) -> Result<()> {
        let client = Client::builder().homeserver_url(&self.url).build().await?;
        let mut request = register::v3::Request::new();
        request.username = Some(self.user.clone());
        request.password = Some(self.password.clone());
        request.auth = Some(AuthData::Dummy(Dummy::new()));
        request.inhibit_login = true;
        client.matrix_auth().register(request).await.with_context(|| format!("registering {}", self.user))?;
        Ok(())
    }

    /// Logs in on a new device, whose store lives as long as the phone, and starts to sync.
    pub(crate) async fn phone(&self, care: Care) -> Result<Phone> {
        let home = tempfile::tempdir()?;
        let mut phone = Phone::open(self, home.path(), care).await?;
        phone.home = Some(home);
        phone.service.start().await;
        Ok(phone)
    }
}

impl Phone {
    /// Opens the store in `place`, and logs in when it has no session yet. Syncs start with `service.start()`.
    pub(crate) async fn open(account: &Account, place: &Path, care: Care) -> Result<Self> {
        let settings = match care {
            Care::Full => EncryptionSettings {
                auto_enable_cross_signing: true,
                auto_enable_backups: true,
                backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
            },
            Care::DevicesOnly => EncryptionSettings { auto_enable_cross_signing: true, ..EncryptionSettings::default() },
        };
        let client = Client::builder()
            .homeserver_url(&account.url)
            .sqlite_store(place, None)
            .with_encryption_settings(settings)
            .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
            .request_config(RequestConfig::new().retry_limit(RETRIES))
            .build()
            .await?;
        let session = place.join(SESSION);
        if session.exists() {
            client.restore_session(serde_json::from_slice::<MatrixSession>(&fs::read(&session)?)?).await?;
        } else {
            client.matrix_auth().login_username(&account.user, &account.password).initial_device_display_name("phone").send().await?;
            keep(&session, &client.matrix_auth().session().context("a session after the log-in")?)?;
        }
        client.encryption().wait_for_e2ee_initialization_tasks().await;
        let service =
            SyncService::builder(client.clone()).with_offline_mode().with_room_list_timeline_limit(TIMELINE_EVENTS).build().await?;
        Ok(Self { client, service, home: None })
    }

    /// Waits until the server gives out this device's keys: what others say before that is not for it.
    pub(crate) async fn is_published(&self) -> Result<()> {
        let (user, device) = (self.user_id(), self.client.device_id().context("a phone is logged in")?.to_owned());
        loop {
            let request = assign!(get_keys::v3::Request::new(), { device_keys: BTreeMap::from([(user.clone(), vec![device.clone()])]) });
            let answer = self.client.send(request).await?;
            if answer.device_keys.get(&user).is_some_and(|devices| devices.contains_key(&device)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The user ID.
    pub(crate) fn user_id(&self) -> OwnedUserId {
        self.client.user_id().expect("a phone is logged in").to_owned()
    }

    /// The room, which must be known.
    pub(crate) fn room(&self, room: &OwnedRoomId) -> Result<Room> {
        self.client.get_room(room).with_context(|| format!("{} does not know {room}", self.user_id()))
    }

    /// Accepts all invitations; says into which rooms.
    pub(crate) async fn accept_invitations(&self) -> Result<Vec<OwnedRoomId>> {
        let mut joined = Vec::new();
        for room in self.client.invited_rooms() {
            room.join().await?;
            joined.push(room.room_id().to_owned());
        }
        Ok(joined)
    }

    /// Follows all joined rooms closely, as an app does with the one on its screen.
    pub(crate) async fn subscribe_to_all(&self) {
        let rooms: Vec<OwnedRoomId> = self.client.joined_rooms().iter().map(|room| room.room_id().to_owned()).collect();
        let names: Vec<_> = rooms.iter().map(AsRef::as_ref).collect();
        self.service.room_list_service().subscribe_to_rooms(&names).await;
    }

    /// Puts a text into the queue of what is to be sent, which survives a restart.
    pub(crate) async fn queue_text(&self, room: &OwnedRoomId, body: &str) -> Result<()> {
        let room = self.room(room)?;
        ensure!(room.state() == RoomState::Joined, "{} is not in {}", self.user_id(), room.room_id());
        let content = AnyMessageLikeEventContent::RoomMessage(RoomMessageEventContent::text_plain(body));
        room.send_queue().send(content).await?;
        Ok(())
    }
}

/// Writes the session so that it is there as a whole or not at all.
fn keep(path: &PathBuf, session: &MatrixSession) -> Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, serde_json::to_vec(session)?)?;
    fs::rename(&fresh, path)?;
    Ok(())
}
