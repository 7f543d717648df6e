//! What the server keeps for end-to-end encryption: keys, queues of devices, device lists, backups.

mod backup;
mod device_lists;
mod keys;
mod queue;
mod world;
