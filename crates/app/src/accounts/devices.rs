//! A person's devices, and their password.

use model::id::OwnedDeviceId;
use model::limits;
use model::secret::Secret;
use serde_json::Value;
use store::command::pushers::EndPushers;
use store::command::session::{LogOut, RenameDevice};
use store::command::update_user::{UpdateUser, UserChange};
pub use store::query::accounts::Device;
use store::query::accounts::Devices;

use crate::{App, Caller, Error};

impl App {
    /// The caller's devices.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<Device>, Error> {
        Ok(self.store.read(Devices(caller.user_id.clone())).await?)
    }

    /// One of the caller's devices.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they have no such device.
    pub async fn device(&self, caller: &Caller, device_id: &OwnedDeviceId) -> Result<Device, Error> {
        let found = self.devices(caller).await?.into_iter().find(|device| device.device_id == *device_id);
        found.ok_or_else(|| Error::NotFound("you have no such device".to_owned()))
    }

    /// Renames one of the caller's devices.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they have no such device.
    pub async fn rename_device(&self, caller: &Caller, device_id: OwnedDeviceId, display_name: Option<String>) -> Result<(), Error> {
        if display_name.as_ref().is_some_and(|name| name.len() > limits::DISPLAY_NAME_BYTES) {
            return Err(Error::TooLarge(format!("a device's name has at most {} bytes", limits::DISPLAY_NAME_BYTES)));
        }
        let known = self.store.run(RenameDevice { user_id: caller.user_id.clone(), device_id, display_name }).await?;
        if known { Ok(()) } else { Err(Error::NotFound("you have no such device".to_owned())) }
    }

    /// Logs devices of the caller out.
    ///
    /// # Errors
    /// [`Error::Uiaa`] until the password was shown.
    pub async fn delete_devices(&self, caller: &Caller, devices: Vec<OwnedDeviceId>, auth: Option<&Value>) -> Result<(), Error> {
        self.shows_password(caller, auth).await?;
        let told = self.store.run(LogOut { user_id: caller.user_id.clone(), devices: Some(devices), except: None }).await?;
        self.wake.ring(&told);
        self.forget_sessions(&caller.user_id);
        Ok(())
    }

    /// Changes the caller's password and, if asked, logs their other devices out.
    ///
    /// # Errors
    /// [`Error::Uiaa`] until the present password was shown.
    pub async fn change_password(
        &self,
        caller: &Caller,
        password: Secret<String>,
        log_out_others: bool,
        auth: Option<&Value>,
    ) -> Result<(), Error> {
        self.shows_password(caller, auth).await?;
        let hash = self.hash_password(&password).await?;
        let command = UpdateUser { user_id: caller.user_id.clone(), change: UserChange::Password(hash), now: self.clock.now() };
        self.store.run(command).await?;
        // whoever set them may have known the old password
        let except = Some(caller.device_id.clone());
        self.store.run(EndPushers { user_id: caller.user_id.clone(), except }).await?;
        if log_out_others {
            let except = Some(caller.device_id.clone());
            let told = self.store.run(LogOut { user_id: caller.user_id.clone(), devices: None, except }).await?;
            self.wake.ring(&told);
        }
        self.forget_sessions(&caller.user_id);
        Ok(())
    }
}
