//! The server's own account: it speaks in rooms, and nobody can log in as it.

use model::person::AgeBand;
use store::command::create_user::CreateUser;

use crate::{App, Error};

impl App {
    /// Makes the service account when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ensure_service_account(&self) -> Result<(), Error> {
        let command = CreateUser {
            user_id: self.config.service_user(),
            password_hash: None,
            display_name: Some("Frankly".to_owned()),
            age_band: AgeBand::Adult,
            jurisdiction: String::new(),
            tenant: self.config.tenant.0.clone(),
            service: true,
            now: self.clock.now(),
        };
        self.store.run(command).await?;
        Ok(())
    }
}
