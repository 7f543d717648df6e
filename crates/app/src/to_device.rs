//! Messages from device to device: keys and verification, never shown to people.

use std::collections::BTreeMap;

use model::id::{OwnedDeviceId, OwnedUserId};
use model::json::nesting;
use model::limits;
use store::command::send_to_device::{SendToDevice, SendToDeviceOutcome};

use crate::{App, Caller, Error};

/// Messages as a client sends them.
#[derive(Clone, Debug)]
pub struct ToDeviceMessages {
    /// The type of all of them.
    pub event_type: String,
    /// The client's transaction ID.
    pub txn_id: String,
    /// Contents as sent, by person and device; `None` is every device of the person.
    pub messages: BTreeMap<OwnedUserId, BTreeMap<Option<OwnedDeviceId>, String>>,
}

impl App {
    /// Puts messages into the queues of devices; people and devices that do not exist are passed over.
    /// Suspended people may do this: their own devices need it too.
    ///
    /// # Errors
    /// [`Error::TooLarge`] by number and size, [`Error::BadJson`] for a content that is no object or nested deeper than [`limits::JSON_DEPTH`],
    /// [`Error::LimitExceeded`].
    pub async fn send_to_device(&self, caller: &Caller, sent: ToDeviceMessages) -> Result<(), Error> {
        if sent.txn_id.len() > limits::TXN_ID_BYTES || sent.event_type.len() > limits::EVENT_KEY_BYTES {
            return Err(Error::InvalidParam("the transaction ID or the type is too long".to_owned()));
        }
        let contents = sent.messages.values().flat_map(BTreeMap::values);
        let mut count = 0;
        for content in contents {
            count += 1;
            if content.len() > limits::TO_DEVICE_BYTES {
                return Err(Error::TooLarge(format!("a message to a device has at most {} bytes", limits::TO_DEVICE_BYTES)));
            }
            if !content.trim_start().starts_with('{') || nesting(content) > limits::JSON_DEPTH {
                return Err(Error::BadJson(format!("the content of a message is an object, nested at most {} deep", limits::JSON_DEPTH)));
            }
        }
        let too_much = || Error::TooLarge(format!("at most {} messages can be sent at once; send them in parts", limits::TO_DEVICE_ROWS));
        if count > limits::TO_DEVICE_ROWS {
            return Err(too_much());
        }
        self.admit_to_device(&caller.user_id)?;
        let txn = self.txn(caller, format!("sendToDevice/{}/{}", sent.event_type, sent.txn_id));
        match self.store.run(SendToDevice { txn, event_type: sent.event_type, messages: sent.messages }).await? {
            SendToDeviceOutcome::Sent(told) => {
                self.wake.ring(&told);
                Ok(())
            }
            SendToDeviceOutcome::Replayed => Ok(()),
            SendToDeviceOutcome::TooMuch => Err(too_much()),
        }
    }
}
