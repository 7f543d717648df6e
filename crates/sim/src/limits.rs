//! Every bound of the measuring tool, with its reason.

/// Senders in one run: each holds one connection and one task, and two people are registered for it.
pub const SENDERS_MAX: u32 = 4_096;
/// Idle connections in one run: below the usual limit of open files.
pub const CONNECTIONS_MAX: u32 = 20_000;
/// Length of one load, in seconds.
pub const SECONDS_MAX: u64 = 3_600;
/// Messages of one load: their acknowledgements are kept in memory (16 bytes each).
pub const MESSAGES_MAX: u64 = 20_000_000;
/// Open-loop rate, per second: one pacing thread keeps up with it.
pub const RATE_MAX: u32 = 50_000;
/// Rooms of one person in `sync`.
pub const ROOMS_MAX: u32 = 20_000;
/// Kills in one crash test.
pub const KILLS_MAX: u32 = 1_000;
/// Body of one message; an event must stay under 64 KiB on every Matrix server.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// Shortest body that has room for the tag.
pub const BODY_BYTES_MIN: usize = 64;
/// One response: an initial sync of a very large account fits.
pub const RESPONSE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// One request body that the built-in server accepts.
pub const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// One request without a long poll.
pub const REQUEST_TIMEOUT_MS: u64 = 60_000;
/// The `timeout` of a long poll.
pub const POLL_TIMEOUT_MS: u64 = 30_000;
/// How often one request is repeated after a 429.
pub const LIMITED_RETRIES_MAX: u32 = 200;
/// Longest wait that a server's 429 can ask for.
pub const RETRY_WAIT_MS_MAX: u64 = 60_000;
/// Wait after a 429 that names none.
pub const RETRY_WAIT_MS_DEFAULT: u64 = 500;
/// Repeats of a failed send under ordinary load; the transaction id stays the same.
pub const SEND_RETRIES_MAX: u32 = 5;
/// Pause before a failed request is repeated.
pub const RETRY_PAUSE_MS: u64 = 50;
/// Messages of one Megolm session before the next begins (spec "m.room.encryption": the recommended default).
pub const SESSION_MESSAGES: u32 = 100;
/// One-time keys that a device keeps on the server, as clients do.
pub const ONE_TIME_KEYS: usize = 50;
/// Rows of one `/messages` page.
pub const PAGE_ROWS: u32 = 500;
/// Pages of one timeline: more than `MESSAGES_MAX` of one room needs.
pub const PAGES_MAX: u32 = 100_000;
/// A started server answers within this time.
pub const START_TIMEOUT_MS: u64 = 60_000;
/// A server asked to stop is gone within this time, else it is killed.
pub const STOP_TIMEOUT_MS: u64 = 20_000;
/// Recipients have this long to receive the last messages after the senders stopped.
pub const DRAIN_TIMEOUT_MS: u64 = 20_000;
/// Parallel set-up requests: registration hashes a password, more would only queue.
pub const SETUP_PARALLEL: usize = 4;
/// Batch of the built-in server's writer thread: one fdatasync covers it.
pub const NULL_BATCH_MAX: usize = 1_024;
/// Events that the built-in server keeps in memory.
pub const NULL_EVENTS_MAX: usize = 20_000_000;
/// Timeline rows in one sync of the built-in server; beyond it the timeline is limited.
pub const NULL_TIMELINE_MAX: usize = 50;
