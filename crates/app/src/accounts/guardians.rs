//! What a guardian may do: see whom they watch over, and narrow who can have conversations with them.

use model::contact::ContactLimit;
use model::id::OwnedUserId;
use store::command::narrow_ward::NarrowWard;
pub use store::query::wards::Ward;
use store::query::wards::Wards;

use crate::{App, Caller, Error};

impl App {
    /// Those whom the caller watches over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wards(&self, caller: &Caller) -> Result<Vec<Ward>, Error> {
        Ok(self.store.read(Wards(caller.user_id.clone())).await?)
    }

    /// Narrows the contacts of somebody the caller watches over, from the next door on. `None` takes the limit back:
    /// then the contact policy alone decides.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else, whether they exist or not.
    pub async fn narrow_ward(&self, caller: &Caller, ward: &OwnedUserId, limit: Option<ContactLimit>) -> Result<(), Error> {
        caller.may_write()?;
        let command = NarrowWard { guardian: caller.user_id.clone(), ward: ward.clone(), limit };
        if self.store.run(command).await? { Ok(()) } else { Err(Error::NotFound("you are not the guardian of such a person".to_owned())) }
    }
}
