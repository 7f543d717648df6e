//! The bounds of what is looked at, one constant each with its reason. This crate names no other of ours than `audit`,
//! so they stand here.

/// Bytes of what git lists of a history: some 250 a change.
pub const GIT_LIST_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of one text of a history; larger ones are left out and counted.
pub const GIT_TEXT_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of what git complains of.
pub const GIT_COMPLAINT_BYTES: u64 = 4 * 1024;

/// Milliseconds for a whole answer of a server.
pub const ANSWER_MS: u64 = 30_000;
/// Bytes of a page: the longest terms of service have some 3 MB with their scripts.
pub const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of an answer's head.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Redirects that are followed.
pub const REDIRECTS: usize = 5;
/// Bytes of a `robots.txt` that are read (RFC 9309 asks for at least these).
pub const ROBOTS_BYTES: usize = 500 * 1024;
/// Rules of a `robots.txt` that are kept.
pub const ROBOTS_RULES: usize = 5_000;
/// Steps of comparing a path with a rule that has wildcards.
pub const ROBOTS_STEPS: usize = 20_000;
/// Hosts whose `robots.txt` is remembered during a run.
pub const ROBOTS_HOSTS: usize = 2_000;
/// Milliseconds between two questions to the same host.
pub const PAUSE_MS: u64 = 2_000;
/// Milliseconds of such a pause, whatever the host asks for.
pub const PAUSE_MS_MAX: u64 = 30_000;
/// Tries of one page in one run.
pub const TRIES: u32 = 3;
/// Milliseconds before the second try; they double.
pub const BACK_OFF_MS: u64 = 2_000;
/// Milliseconds before another try, whatever the host asks for.
pub const BACK_OFF_MS_MAX: u64 = 60_000;

/// Elements and texts of a page.
pub const PAGE_NODES: usize = 400_000;
/// Elements that a piece of a page may open at once, however it is written.
pub const PIECE_NODES: usize = 200_000;
/// Elements within one another that are kept apart; deeper ones are their text.
pub const PAGE_DEPTH: usize = 64;
/// Elements within one another of a page that is read at all.
pub const PAGE_DEPTH_MAX: usize = 5_000;
/// Bytes that a page is parsed by at once; between them it is looked whether it became too much.
pub const PIECE_BYTES: usize = 4 * 1024;
/// Milliseconds for finding the text of a page.
pub const EXTRACT_MS: u64 = 20_000;

/// Bytes of a feed.
pub const FEED_BYTES: usize = 4 * 1024 * 1024;
/// Elements within one another of a feed.
pub const FEED_DEPTH: usize = 64;
/// Entries of a feed; the newest stand first.
pub const FEED_ENTRIES: usize = 500;
/// Characters of an entry's title.
pub const FEED_TITLE_CHARS: usize = 300;
/// Characters of an entry's summary.
pub const FEED_SUMMARY_CHARS: usize = 2_000;
/// Bytes of a file of state.
pub const STATE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of one answer in the transcript of a probe.
pub const TRANSCRIPT_BYTES: usize = 64 * 1024;
