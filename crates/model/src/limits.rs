//! Every bound of the system, one constant each, with its reason.

// ── HTTP ───────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a request body. An event may have 65,535 bytes; account data (secret storage) needs more.
pub const REQUEST_BYTES: usize = 1024 * 1024;
/// Milliseconds a client may take to send its request head and body, so that slow senders free their memory.
pub const REQUEST_READ_MS: u64 = 20_000;
/// Open connections; beyond it new ones wait in the kernel's queue.
pub const CONNECTIONS: usize = 20_000;
/// Bytes of a connection's buffer: the longest request head, with an inline filter in its query.
pub const CONNECTION_BUFFER_BYTES: usize = 64 * 1024;
/// Milliseconds a stopping server waits for the requests it accepted.
pub const SHUTDOWN_MS: u64 = 10_000;
/// Milliseconds a stopping server leaves for the last answers to reach the wire.
pub const SHUTDOWN_FLUSH_MS: u64 = 100;
/// Longest wait of a `/sync` long poll in milliseconds, whatever the client asks.
pub const SYNC_WAIT_MS: u64 = 55_000;
/// A long poll looks at the database this often even when nobody woke it: a lost wake-up costs latency, never data.
pub const SYNC_RECHECK_MS: u64 = 15_000;
/// Devices of which it is remembered that they were told everything; beyond it all are forgotten and read anew.
pub const SYNC_TOLD_DEVICES: usize = 16_384;
/// Long polls of one device at a time; the oldest is answered early.
pub const SYNC_WAITERS_PER_DEVICE: usize = 4;

// ── Events ─────────────────────────────────────────────────────────────────────────────────────

/// Bytes of an event in its federation form as canonical JSON (spec: "Size limits").
pub const EVENT_BYTES: usize = 65_535;
/// Bytes of `type`, `state_key`, `sender` each (spec: "Size limits").
pub const EVENT_KEY_BYTES: usize = 255;
/// Bytes of a transaction ID; clients use a few dozen.
pub const TXN_ID_BYTES: usize = 255;
/// Milliseconds a transaction ID is remembered, so that a retry after a day offline is still one event.
pub const TXN_KEEP_MS: i64 = 48 * 3_600_000;
/// Transaction IDs that are looked at in one transaction when old ones are let go.
pub const FORGET_TXNS_ROWS: usize = 2_000;
/// Nesting of JSON that is accepted and scanned.
pub const JSON_DEPTH: usize = 64;

// ── Rooms ──────────────────────────────────────────────────────────────────────────────────────

/// Joined members of a room; fan-out on write is right for this size.
pub const ROOM_MEMBERS: usize = 256;
/// Invitations in one `createRoom`.
pub const CREATE_INVITES: usize = 100;
/// Events in the `initial_state` of one `createRoom`.
pub const CREATE_STATE_EVENTS: usize = 100;
/// Pieces of state of one room, memberships left out: whoever sets one has all of them read.
pub const ROOM_STATE_ENTRIES: usize = 5_000;
/// Bytes of the contents of that state.
pub const ROOM_STATE_BYTES: usize = 4 * 1024 * 1024;
/// Rooms in which one person can be at a time.
pub const ROOMS_PER_USER: usize = 10_000;
/// Attempts to write against a room whose state moved under the writer.
pub const WRITE_ATTEMPTS: u32 = 8;

// ── Sync and history ───────────────────────────────────────────────────────────────────────────

/// Timeline events of a room in one sync answer when the filter names no limit.
pub const TIMELINE_EVENTS_DEFAULT: usize = 10;
/// Timeline events of a room in one sync answer, whatever the filter asks.
pub const TIMELINE_EVENTS_MAX: usize = 100;
/// Rows looked at for one room's timeline when most of them are left out, by a filter or because they may not be read.
pub const FILTERED_ROWS: usize = 2_000;
/// Inbox rows read for one sync answer; beyond it the answer is made from room summaries, with `limited`.
pub const INBOX_PAGE_ROWS: usize = 1_000;
/// Timeline events of all rooms together in a first sync; beyond it each room gets fewer.
pub const FIRST_SYNC_EVENTS: usize = 50_000;
/// Bytes of the contents of all rooms together in one sync; beyond it each room is told by its last event.
pub const SYNC_BYTES: usize = 32 * 1024 * 1024;
/// Events that a first sync reads by one statement.
pub const FIRST_SYNC_BATCH: usize = 400;
/// Bytes of the contents of one `/messages` page; beyond it the page ends earlier.
pub const MESSAGES_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Events of such a page that are read by one statement.
pub const MESSAGES_BATCH: usize = 100;
/// Events of one `/messages` page.
pub const MESSAGES_PAGE_MAX: usize = 500;
/// Events on both sides of one `/context` answer.
pub const CONTEXT_EVENTS_MAX: usize = 100;
/// Events looked at that relate to a few others, and references told with one; the newest.
pub const RELATED_EVENTS: usize = 1_000;
/// Steps from an event to those that relate to it, to those that relate to these, and so on.
pub const RELATION_DEPTH: usize = 3;
/// Events that one search looks at, over all rooms: about a tenth of a second.
pub const SEARCH_EVENTS: usize = 20_000;
/// Bytes of contents that one search looks at, over all rooms; so much of them is in memory.
pub const SEARCH_BYTES: usize = 16 * 1024 * 1024;
/// Events that one search reads at a time.
pub const SEARCH_BATCH: usize = 200;
/// Rooms that one search looks into.
pub const SEARCH_ROOMS: usize = 500;
/// Threads in one page.
pub const THREADS_PAGE: usize = 50;
/// Words of one search.
pub const SEARCH_WORDS: usize = 16;
/// Bytes of what is typed for a search.
pub const SEARCH_TERM_BYTES: usize = 1_024;
/// Results in one page of a search.
pub const SEARCH_RESULTS: usize = 100;
/// Events told before or after each result of a search.
pub const SEARCH_AROUND: usize = 20;
/// Events looked at around a moment for the one nearest to it: some may be unreadable.
pub const EVENT_AT_ROWS: usize = 400;
/// Rooms up to this size always send all members; lazy loading begins above.
pub const LAZY_MEMBERS_ABOVE: usize = 32;
/// Milliseconds an inbox row of a message is kept; an older token gets a summary.
pub const INBOX_KEEP_MS: i64 = 30 * 24 * 3_600_000;

/// Inbox rows let go in one transaction, so that writers wait briefly.
pub const COMPACT_ROWS: i64 = 2_000;

/// Lists in one request of sliding sync (MSC4186).
pub const SLIDING_LISTS: usize = 100;
/// Subscriptions to rooms in one request of sliding sync (MSC4186).
pub const SLIDING_SUBSCRIPTIONS: usize = 100;
/// Ranges of one list; clients use one.
pub const SLIDING_RANGES: usize = 20;
/// Patterns for state, room types or tags of one list or subscription; clients use about 20.
pub const SLIDING_PATTERNS: usize = 200;
/// Values in the filters of all lists together: every room is held against all of them.
pub const SLIDING_FILTER_VALUES: usize = 500;
/// Bytes of the name of a connection or of a list.
pub const SLIDING_NAME_BYTES: usize = 255;
/// Rooms told in one answer of sliding sync; the rest comes with the next, which does not wait.
pub const SLIDING_ROOMS: usize = 500;
/// Events looked at for the last that counts as a sign of life of a room.
pub const SLIDING_BUMP_EVENTS: i64 = 200;
/// What one room was asked for in different ways, remembered so as not to be told again.
pub const SLIDING_WANTED_KEPT: usize = 16;
/// Connections of one device; clients have two. The one that rested longest goes.
pub const SLIDING_CONNECTIONS: i64 = 8;
/// Connections of one person, all devices counted: each may hold a megabyte about 10,000 rooms. As above.
pub const SLIDING_CONNECTIONS_PER_USER: i64 = 64;
/// Milliseconds after which an unused connection is let go; its client begins anew.
pub const SLIDING_KEEP_MS: i64 = 7 * 24 * 3_600_000;
/// Milliseconds after which the use of a connection is noted again.
pub const SLIDING_TOUCH_MS: i64 = 24 * 3_600_000;
/// Rooms of connections kept in memory beside the database, over all connections; about 130 bytes each.
pub const SLIDING_CACHE_ROOMS: u64 = 500_000;

// ── People ─────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a local part of a user ID (the whole ID has at most 255).
pub const LOCALPART_BYTES: usize = 200;
/// Bytes of a password; longer ones only burn CPU.
pub const PASSWORD_BYTES: usize = 512;
/// Devices of one account.
pub const DEVICES_PER_USER: usize = 100;
/// Bytes of a display name.
pub const DISPLAY_NAME_BYTES: usize = 256;
/// Bytes of a whole profile as canonical JSON, name and picture included (spec "Profiles").
pub const PROFILE_BYTES: usize = 64 * 1024;
/// Bytes of the name of a profile field (spec "Profiles").
pub const PROFILE_KEY_BYTES: usize = 255;
/// Bytes of one piece of account data; secret storage needs more than an event.
pub const ACCOUNT_DATA_BYTES: usize = 256 * 1024;
/// Pieces of account data of one account, those of rooms included.
pub const ACCOUNT_DATA_ENTRIES: i64 = 30_000;
/// Types, or senders, in one part of a filter; clients name a few. Events are held against all of them.
pub const FILTER_VALUES: usize = 200;
/// Bytes of all account data of one account: a first sync tells it whole. Clients use a fraction of a megabyte.
pub const ACCOUNT_DATA_TOTAL_BYTES: i64 = 8 * 1024 * 1024;
/// The last places of a room among which what is unread is counted after a receipt; clients show 99 at most.
pub const UNREAD_PLACES: i64 = 2_000;
/// Receipts in threads that are kept of one person in one room; those of the latest events.
pub const THREAD_RECEIPTS: i64 = 200;
/// Receipts of one room in one sync answer: one's own, those of no thread, the latest.
pub const RECEIPTS_TOLD: usize = 2 * ROOM_MEMBERS;
/// Bytes of a stored filter.
pub const FILTER_BYTES: usize = 64 * 1024;
/// Stored filters of one account; the oldest go.
pub const FILTERS_PER_USER: usize = 200;
/// People in one directory answer.
pub const DIRECTORY_RESULTS: usize = 50;
/// Password hashes computed at a time: each takes 19 MiB.
pub const PASSWORD_HASHES_AT_ONCE: usize = 2;
/// Open user-interactive authentication sessions.
pub const UIAA_SESSIONS: u64 = 10_000;
/// Milliseconds an access token counts that can be refreshed: long enough that a refresh is rare beside what it saves.
pub const ACCESS_TOKEN_MS: i64 = 3_600_000;
/// Sessions (tokens) kept in memory.
pub const SESSION_CACHE: u64 = 50_000;
/// Seconds a session is trusted without asking the database, so that a lock made elsewhere takes hold.
pub const SESSION_CACHE_S: u64 = 30;
/// Rooms whose snapshot is kept in memory.
pub const ROOM_CACHE: u64 = 20_000;
/// Typing notices kept in memory.
pub const TYPING_ROOMS: u64 = 20_000;
/// Longest time a typing notice stands, in milliseconds.
pub const TYPING_MS_MAX: u64 = 120_000;

// ── Contact ────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a contact policy.
pub const CONTACT_POLICY_BYTES: usize = 256 * 1024;
/// Rules of a contact policy; every pair of people is held against them from the top.
pub const CONTACT_RULES: usize = 200;
/// Attempts to reach strangers that are kept of one person; the oldest go.
pub const CONTACTS_KEPT: i64 = 2_000;
/// Milliseconds for which they are kept.
pub const CONTACT_KEEP_MS: i64 = 7 * 24 * 3_600_000;
/// Bytes of a request of the host platform: [`HOST_BATCH`] people with long names.
pub const HOST_REQUEST_BYTES: usize = 1024 * 1024;
/// Bytes of the name of a key of the host platform.
pub const HOST_KEY_NAME_BYTES: usize = 64;
/// People, or relations, that the host platform tells in one request.
pub const HOST_BATCH: usize = 500;
/// People whom one person follows or blocks.
pub const RELATIONS_PER_USER: i64 = 20_000;

// ── Keys and devices ───────────────────────────────────────────────────────────────────────────

/// One-time keys kept of one device; clients upload 50 to 100. More are refused, none is ever pushed out.
pub const ONE_TIME_KEYS: i64 = 1_000;
/// One-time keys of one device that are remembered after they were given out: clients keep up to 5,000 private halves.
pub const CLAIMED_KEYS_KEPT: i64 = 5_000;
/// Algorithms of which a device has a fallback key; clients know one.
pub const FALLBACK_KEYS: usize = 8;
/// Bytes of a device's identity, of a cross-signing key and of a one-time key each.
pub const KEY_BYTES: usize = 16 * 1024;
/// People in one query of keys, and devices in one claim.
pub const KEYS_QUERIED: usize = 2_000;
/// Signed keys in one upload of signatures: each signature is checked.
pub const SIGNED_KEYS: usize = 500;
/// Signatures looked at on one signed key.
pub const SIGNATURES_PER_KEY: usize = 16;
/// Messages from device to device in one sync answer; with more waiting the next sync answers at once.
pub const TO_DEVICE_PAGE_ROWS: usize = 100;
/// Messages of one sender that wait for one device; below the 2,000 that a ratchet can skip.
pub const TO_DEVICE_PER_SENDER: i64 = 1_000;
/// Messages that one request puts into queues, all devices counted.
pub const TO_DEVICE_ROWS: usize = 5_000;
/// Bytes that one request puts into queues, all devices counted.
pub const TO_DEVICE_REQUEST_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of one message from device to device; as of an event.
pub const TO_DEVICE_BYTES: usize = 64 * 1024;

/// Versions of a key backup that one person keeps; clients delete the old one when they begin anew.
pub const BACKUP_VERSIONS: i64 = 20;
/// Keys in one backup.
pub const BACKUP_KEYS: i64 = 100_000;
/// Keys in one request to a backup; clients send 100 to 200.
pub const BACKUP_KEYS_AT_ONCE: usize = 2_000;
/// Keys of a backup that are read at a time: an answer with all of them is sent as it is read.
pub const BACKUP_PAGE_KEYS: usize = 1_000;
/// Bytes of one key in a backup; clients' keys have about 1,000.
pub const BACKUP_KEY_BYTES: usize = 4 * 1024;
/// Bytes of what the algorithm of a backup needs: a public key, and signatures on it.
pub const BACKUP_AUTH_BYTES: usize = 16 * 1024;
/// Positions skipped by a database brought back from a copy: more than were given since the copy was made.
pub const RESTORE_GAP: i64 = 1 << 32;

// ── Media ──────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a part in which media are written to disk; so much of an upload is in memory.
pub const BLOB_PART_BYTES: usize = 256 * 1024;
/// The same for a bucket: S3 takes no smaller parts than 5 MiB.
pub const BLOB_PART_BYTES_S3: usize = 5 * 1024 * 1024;
/// Attempts of one call to a bucket.
pub const BUCKET_ATTEMPTS: usize = 4;
/// Milliseconds one call to a bucket may take.
pub const BUCKET_CALL_MS: u64 = 30_000;
/// Uploads at a time, all people together: each may hold a part in memory.
pub const UPLOADS_AT_ONCE: usize = 64;
/// Uploads of one person at a time.
pub const UPLOADS_PER_USER: usize = 4;
/// Longest upload in milliseconds, however steadily it comes: 100 MiB at a megabit a second.
pub const UPLOAD_MS: u64 = 15 * 60_000;
/// Milliseconds between two pieces of an upload.
pub const UPLOAD_PAUSE_MS: u64 = 20_000;
/// Milliseconds an upload that was announced may take to come.
pub const MEDIA_PENDING_MS: i64 = 24 * 3_600_000;
/// Announced uploads of one person that have not come.
pub const MEDIA_PENDING: i64 = 50;
/// What the smallest file counts in a person's quota: a file and a row are there whatever it holds.
pub const MEDIA_BYTES_MIN: i64 = 4 * 1024;
/// Bytes of a file's name.
pub const FILE_NAME_BYTES: usize = 255;
/// Media that one event is known to show; more are shown and not followed.
pub const MEDIA_PER_EVENT: usize = 16;
/// Longest wait for media that are on their way, in milliseconds.
pub const MEDIA_WAIT_MS: u64 = 60_000;
/// Downloads that wait for media on their way, all people together.
pub const MEDIA_WAITERS: usize = 1_000;
/// Media whose bytes are deleted between two looks at the database.
pub const MEDIA_SWEEP_ROWS: usize = 64;
/// Media to be deleted are looked for this often even when nobody rang, in milliseconds.
pub const MEDIA_SWEEP_MS: u64 = 60_000;
/// Pixels of a picture that is made small: 24 megapixels are what telephones make. 4 bytes each in memory.
pub const PICTURE_PIXELS: u64 = 25_000_000;
/// Pixels of one side of such a picture.
pub const PICTURE_SIDE: u32 = 16_384;
/// Bytes that decoding a picture may take.
pub const PICTURE_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// Bytes that what stands beside the pixels of a picture may take: colour profiles come packed, and a few kB unpack to all there is.
pub const PICTURE_EXTRAS_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of the file of such a picture.
pub const PICTURE_BYTES: u64 = 32 * 1024 * 1024;
/// Pictures made small at a time.
pub const THUMBNAILS_AT_ONCE: usize = 2;
/// Requests that wait for a picture to be made small.
pub const THUMBNAILS_WAITING: usize = 64;
/// Milliseconds to make a picture small.
pub const THUMBNAIL_MS: u64 = 10_000;
/// Pictures remembered that could not be made small, so that nobody is made to try again and again.
pub const THUMBNAILS_FAILED: u64 = 10_000;

// ── Push ───────────────────────────────────────────────────────────────────────────────────────

/// Pushers of one account: one for each application on each device.
pub const PUSHERS_PER_USER: i64 = 50;
/// Bytes of a pushkey (spec: "at most 512 bytes").
pub const PUSHKEY_BYTES: usize = 512;
/// Bytes of an application's ID (spec: "at most 64").
pub const APP_ID_BYTES: usize = 64;
/// Bytes of what a gateway is to be given with each message.
pub const PUSHER_DATA_BYTES: usize = 4 * 1024;
/// Bytes of a gateway's address.
pub const GATEWAY_URL_BYTES: usize = 2 * 1024;
/// Bytes read of a gateway's answer: it lists pushkeys.
pub const GATEWAY_ANSWER_BYTES: usize = 64 * 1024;
/// Milliseconds one call to a gateway may take.
pub const GATEWAY_TIMEOUT_MS: u64 = 10_000;
/// Calls for one pusher in a row; [`PUSH_LEASE_MS`] is longer than all of them.
pub const PUSH_CALLS: usize = 5;
/// Milliseconds a pusher is reserved for who tells it: nobody else does meanwhile, also in another process.
pub const PUSH_LEASE_MS: i64 = 70_000;
/// People whose devices are told of news at a time.
pub const PUSHES_AT_ONCE: usize = 32;
/// Inbox rows looked at for one pusher; of more only the newest are told, as after a gateway was long away.
pub const PUSH_PAGE_ROWS: usize = 100;
/// Inbox rows without any news after which it is noted that they were looked at.
pub const PUSH_NOTE_ROWS: usize = 32;
/// Milliseconds after which an event is no news any more.
pub const PUSH_KEEP_MS: i64 = 24 * 3_600_000;
/// Pushers whose gateway failed are looked at this often, in milliseconds.
pub const PUSH_TICK_MS: u64 = 1_000;
/// Everybody who has a pusher is looked at this often, in milliseconds: a lost wake-up costs latency, never a message.
pub const PUSH_RECHECK_MS: u64 = 15_000;
/// People with pushers found by one such look.
pub const PUSH_RECHECK_ROWS: usize = 1_000;
/// Notifications in one page.
pub const NOTIFICATIONS_PAGE: usize = 100;
/// Events looked at for one page of notifications.
pub const NOTIFICATIONS_LOOKED_AT: usize = 300;
/// Gateways that an operator names.
pub const GATEWAYS: usize = 64;

// ── Rates ──────────────────────────────────────────────────────────────────────────────────────

/// Milliseconds between log-ins or registrations of one address, in the long run.
pub const STRANGER_PERIOD_MS: u64 = 3_000;
/// Log-ins or registrations of one address at once.
pub const STRANGER_BURST: u32 = 20;
/// Milliseconds between passwords that one logged-in person shows, in the long run.
pub const PASSWORD_PERIOD_MS: u64 = 6_000;
/// Passwords that one logged-in person shows at once.
pub const PASSWORD_BURST: u32 = 10;
/// Milliseconds between looks of one person at profiles that are hidden from them, in the long run.
pub const PROBE_PERIOD_MS: u64 = 10_000;
/// Looks of one person at profiles that are hidden from them at once: a page of mentions, not a list of names.
pub const PROBE_BURST: u32 = 60;
/// Milliseconds between events, rooms or invitations of one person, in the long run.
pub const SENDER_PERIOD_MS: u64 = 200;
/// Events, rooms or invitations of one person at once.
pub const SENDER_BURST: u32 = 50;
/// People of whom it is remembered whether the contact policy bounds what they send.
pub const SENDER_BOUNDS: u64 = 50_000;
/// Seconds for which it is: so long another age band or a strike takes to show in how much somebody may send.
pub const SENDER_BOUND_S: u64 = 60;
/// Milliseconds between requests of one person to put messages into devices' queues, in the long run.
pub const TO_DEVICE_PERIOD_MS: u64 = 50;
/// Such requests of one person at once: keys for the devices of a large room come in many parts.
pub const TO_DEVICE_BURST: u32 = 500;

/// Milliseconds between searches of one person, for words or for people, in the long run.
pub const SEARCH_PERIOD_MS: u64 = 1_000;
/// Such searches of one person at once: a letter typed is one.
pub const SEARCH_BURST: u32 = 30;
/// Milliseconds between receipts, read markers or pieces of account data of one person, in the long run.
pub const NOTE_PERIOD_MS: u64 = 100;
/// Such notes of one person at once: a client that sets itself up, or reads many rooms.
pub const NOTE_BURST: u32 = 300;

/// Milliseconds between uploads of one person, in the long run.
pub const UPLOAD_PERIOD_MS: u64 = 500;
/// Uploads of one person at once: an album.
pub const UPLOAD_BURST: u32 = 60;

/// Milliseconds between refreshes of one person's sessions, in the long run.
pub const REFRESH_PERIOD_MS: u64 = 10_000;
/// Refreshes of one person at once: all their devices after a morning without network.
pub const REFRESH_BURST: u32 = 120;

// ── Scanning ───────────────────────────────────────────────────────────────────────────────────

/// Hits of one term set kept of one message; more say nothing new. Each set is counted apart, so that many hits of one
/// hide none of another.
pub const SCAN_HITS: usize = 64;
/// Pieces of text in one event; an event of more is refused, because all of it is looked at or none.
pub const SCAN_PARTS: usize = 256;
/// Bytes of a reaction in a sealed conversation, where it is in plain text: a picture or a word, not a message.
pub const SEALED_CLEAR_BYTES: usize = 512;
/// Bytes of an event of call or verification signalling in a sealed conversation, where it is in plain text.
pub const SEALED_SIGNAL_BYTES: usize = 32 * 1024;
/// Bytes of a request to compare keys in a sealed conversation, sent in plain text: two user IDs, a device, methods, a fixed sentence.
pub const SEALED_REQUEST_BYTES: usize = 1_024;
/// Messages after which clients make a new session at the latest (spec `m.room.encryption`, the recommended number).
pub const SESSION_MESSAGES: i64 = 100;
/// Milliseconds after which clients make a new session at the latest (spec `m.room.encryption`, the recommended week).
pub const SESSION_MS: i64 = 7 * 24 * 3_600_000;
/// Bytes of a pack file.
pub const PACK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a file of mode policies.
pub const MODE_FILE_BYTES: usize = 256 * 1024;
/// Mode policies in force, and choices among them.
pub const MODE_POLICIES: usize = 256;
/// Bytes of the name of a mode policy, which goes into every create event.
pub const MODE_POLICY_NAME_BYTES: usize = 64;
/// Largest file of certificate authorities.
pub const CA_FILE_BYTES: usize = 1024 * 1024;
/// Packs loaded at a time.
pub const PACKS: usize = 64;
/// Milliseconds between two looks at the folder of the packs; a look reads names and times only.
pub const PACKS_POLL_MS: u64 = 2_000;
/// Rules of all packs together.
pub const RULES: usize = 2_000;
/// Keys of all packs together.
pub const LEXICON_KEYS: usize = 1_000_000;
/// Keys that one key with placeholders may stand for; a pack multiplies, it does not explode.
pub const PLACEHOLDER_KEYS: usize = 20_000;
/// Files that one pack may include, those they include counted.
pub const PACK_INCLUDES: usize = 64;
/// Stretches of a text that one reason points at.
pub const REASON_SPANS: usize = 32;
/// Bytes of the file of a linear model.
pub const MODEL_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of one key.
pub const LEXICON_KEY_BYTES: usize = 256;
/// Bytes a compiled regular expression of a pack may take.
pub const REGEX_BYTES: usize = 4 * 1024 * 1024;
/// Longest time limit of a withheld message, in milliseconds.
pub const HOLD_MS_MAX: i64 = 7 * 24 * 3_600_000;
/// Characters remembered of the last messages of one sender in one room: a key that is split over messages is shorter.
pub const SEAM_CHARS: usize = 200;
/// Pairs of room and sender whose last messages are remembered, 1.6 KB of text each at the very most.
pub const SEAM_SENDERS: u64 = 20_000;
/// Milliseconds without a message after which they are forgotten; what is split over an hour is no longer one sentence.
pub const SEAM_IDLE_MS: u64 = 3_600_000;
/// Milliseconds within which different themes of one sender in one conversation are counted together.
pub const THEMES_WINDOW_MS: i64 = 7 * 24 * 3_600_000;
/// Themes kept of one sender in one conversation; the oldest go.
pub const THEMES_KEPT: usize = 32;
/// Senders and pairs whose recent behaviour is remembered in memory.
pub const BEHAVIOUR_SENDERS: u64 = 100_000;

// ── Safety work ────────────────────────────────────────────────────────────────────────────────

/// Messages shown before and after the one a case is about.
pub const REVEAL_WINDOW_EVENTS: usize = 5;
/// Cases in one page of the queue.
pub const QUEUE_PAGE_ROWS: usize = 100;
/// Bytes of a reason a reviewer or reporter writes.
pub const REASON_BYTES: usize = 4_096;
/// Milliseconds a claim on a case lasts without a sign of life.
pub const CLAIM_MS: i64 = 10 * 60_000;
/// Withheld messages resolved, and claims ended, in one transaction.
pub const EXPIRY_BATCH_ROWS: usize = 64;
/// Texts kept as evidence that are deleted in one transaction when their time is over.
pub const EVIDENCE_BATCH_ROWS: usize = 64;
/// The server looks for withheld messages and claims whose time is up this often, in milliseconds.
pub const EXPIRY_TICK_MS: u64 = 1_000;
/// Reports on one target that raise its case to P1; no number of reports alone makes a P0.
pub const REPORTS_TO_RAISE: i64 = 3;
/// Access records in one page.
pub const ACCESS_PAGE_ROWS: usize = 100;
/// Reports and decisions shown with a case; the newest.
pub const CASE_DETAIL_ROWS: usize = 100;
/// Live events a console may lag behind before it is told to reload.
pub const LIVE_EVENTS: usize = 256;
/// Milliseconds between the pings of a live stream, so that proxies keep it open.
pub const LIVE_PING_MS: u64 = 15_000;
/// Milliseconds for which a wrong staff log-in counts.
pub const STAFF_LOGIN_WINDOW_MS: u64 = 60_000;
/// Wrong log-ins of one staff account within [`STAFF_LOGIN_WINDOW_MS`]; then it has to wait.
pub const STAFF_LOGIN_FAILURES: u32 = 10;
/// Bytes of a request to the staff API; reasons and notes are the largest.
pub const CONSOLE_REQUEST_BYTES: usize = 32 * 1024;
/// Staff consoles listening for live events.
pub const CONSOLE_LISTENERS: usize = 256;
/// Staff log-ins last this long, in milliseconds.
pub const STAFF_SESSION_MS: i64 = 12 * 3_600_000;

// ── Outbox ─────────────────────────────────────────────────────────────────────────────────────

/// Deliveries taken from the outbox at a time.
pub const OUTBOX_BATCH_ROWS: usize = 32;
/// Milliseconds a delivery is reserved for the worker that took it; longer than one call may take.
pub const OUTBOX_LEASE_MS: i64 = 60_000;
/// The outbox is looked at this often even when nobody rang, in milliseconds.
pub const OUTBOX_TICK_MS: u64 = 500;
/// Milliseconds a finished delivery is kept for replay.
pub const OUTBOX_KEEP_MS: i64 = 30 * 24 * 3_600_000;
/// Deliveries in one page of the console.
pub const OUTBOX_PAGE_ROWS: usize = 100;
/// Attempts of one notice before it is kept as failed.
pub const NOTICE_ATTEMPTS: u32 = 8;
/// Attempts of one webhook before it is kept as failed, for replay by hand.
pub const WEBHOOK_ATTEMPTS: u32 = 12;
/// First pause between attempts in milliseconds; doubled each time up to [`WEBHOOK_BACKOFF_MS_MAX`].
pub const WEBHOOK_BACKOFF_MS: i64 = 1_000;
/// Longest pause between attempts in milliseconds.
pub const WEBHOOK_BACKOFF_MS_MAX: i64 = 3_600_000;
/// Milliseconds one webhook call may take.
pub const WEBHOOK_TIMEOUT_MS: u64 = 10_000;

// ── Store ──────────────────────────────────────────────────────────────────────────────────────

/// Commands waiting for the SQLite writer; beyond it senders wait.
pub const WRITER_QUEUE: usize = 1_024;
/// Commands in one commit of the SQLite writer.
pub const GROUP_COMMIT: usize = 256;
/// Commands after which SQLite's write-ahead log is copied into the database file, beside the writer.
pub const CHECKPOINT_COMMANDS: usize = 4_096;
/// Frames of the write-ahead log (2 KiB each) above which it is emptied and begun anew.
pub const LOG_FRAMES: i64 = 32_000;
/// How long nothing must have been written before the write-ahead log is emptied.
pub const LOG_QUIET_MS: u64 = 500;
/// Rooms whose last event the SQLite writer remembers.
pub const TAILS: usize = 10_000;
/// Read connections of SQLite.
pub const SQLITE_READERS: usize = 4;
/// Of these, such as heavy reads may take: the rest is left to light ones, as every request has.
pub const SQLITE_HEAVY_READERS: usize = 3;
/// Pooled connections to PostgreSQL.
pub const POSTGRES_CONNECTIONS: usize = 24;
/// Heavy reads of PostgreSQL at a time: the other connections are left to writes and to light reads.
pub const POSTGRES_HEAVY_READS: usize = 12;
/// Heavy reads of one person at a time; their others wait, so that no account takes all places.
pub const HEAVY_READS_PER_USER: usize = 2;
/// Attempts of a PostgreSQL transaction that lost a race (40001, 40P01).
pub const TRANSACTION_ATTEMPTS: u32 = 10;

// ── Audit: logs ────────────────────────────────────────────────────────────────────────────────

/// Bytes of one row of a moderation log. The longest statement of reasons has some 20,000; a quote that never closes ends here.
pub const AUDIT_LOG_LINE_BYTES: usize = 1024 * 1024;
/// Rows of 32 bytes that are sorted in memory before they go to a temporary file: 64 MiB.
pub const AUDIT_LOG_SORTED_ENTRIES: usize = 2 * 1024 * 1024;
/// Hours that a calendar of entries remembers: more than a hundred years.
pub const AUDIT_LOG_HOURS: usize = 1_000_000;
/// Categories and outcomes that are told apart; each has a histogram of at most some 200 kB.
pub const AUDIT_LOG_CATEGORIES: usize = 256;
/// Reviewers that are told apart.
pub const AUDIT_LOG_REVIEWERS: usize = 50_000;
/// Explanations whose number is counted; one that a share of more than two of so many decisions have is always among them.
pub const AUDIT_LOG_TEXTS: usize = 65_536;
/// Rows of a sample for a second look; nobody looks at more.
pub const AUDIT_SAMPLE_ROWS: usize = 100_000;
/// Strata of a sample.
pub const AUDIT_SAMPLE_STRATA: usize = 5_000;
/// Times that one review comes again: once a day for more than ten years.
pub const AUDIT_OCCURRENCES: usize = 5_000;
/// Periods of a rule that are looked through, most of which may have no day of it.
pub const AUDIT_PERIODS: i32 = 20_000;
// ── Audit ──────────────────────────────────────────────────────────────────────────────────────

/// Bytes of a registry of platforms; a hundred platforms with every control claimed have one or two million.
pub const AUDIT_REGISTRY_BYTES: usize = 16 * 1024 * 1024;
/// Platforms of a registry.
pub const AUDIT_PLATFORMS: usize = 1_000;
/// Claims about one platform: every control in a few regions.
pub const AUDIT_CLAIMS: usize = 1_000;
/// Bytes of a quote: a fragment, not a page.
pub const AUDIT_QUOTE_BYTES: usize = 500;
/// Bytes of a rationale.
pub const AUDIT_TEXT_BYTES: usize = 2_000;
/// Bytes of a snapshot of a source; pages of vendors have up to a few million.
pub const AUDIT_SNAPSHOT_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a file of evidence, a policy, or results to compare with.
pub const AUDIT_FILE_BYTES: usize = 256 * 1024 * 1024;
