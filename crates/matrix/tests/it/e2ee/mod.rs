//! What clients rely on for end-to-end encryption: keys, device lists, messages to devices, backups.

mod backup;
mod claims;
pub(crate) mod client;
mod cross_signing;
mod device_lists;
mod restored;
mod suspended;
mod to_device;
mod upload;
