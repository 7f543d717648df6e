//! The bounds of drift, one constant each with its reason: this part names no other crate of ours, so they stand here.

/// Characters of a page's text that are compared; the longest terms of service have some 400,000.
pub const PAGE_CHARS: usize = 2_000_000;
/// Sentences of a page.
pub const PAGE_SENTENCES: usize = 50_000;
/// Bytes looked at for the end of a link's target or of a tag in Markdown.
pub const TARGET_BYTES: usize = 2_048;
/// Brackets within a link's target.
pub const TARGET_BRACKETS: usize = 32;
/// Characters of a sentence in which a date of the last update may stand.
pub const DATED_CHARS: usize = 200;
/// Sentences by which two texts may differ and still be aligned in order; beyond it they are compared as bags.
pub const ALIGNED_DIFFERENCE: usize = 3_000;
/// Characters of a quote in a finding.
pub const QUOTE_CHARS: usize = 600;
/// Quotes in a finding; the number left out is told.
pub const QUOTES: usize = 12;
/// Texts of one document that are remembered; the oldest is forgotten.
pub const TEXTS_REMEMBERED: usize = 1_000;
/// Changed sentences of one document of which it is remembered that they were told, or stayed.
pub const TOLD_REMEMBERED: usize = 20_000;
/// Languages in which one document is followed.
pub const LANGUAGES: usize = 8;
/// Bytes of a file of declarations.
pub const DECLARATIONS_BYTES: usize = 4 * 1024 * 1024;
/// Documents that one file declares.
pub const DOCUMENTS: usize = 10_000;
/// Pages that are put together to one document.
pub const PAGES: usize = 40;
/// Selectors of one page.
pub const SELECTORS: usize = 64;
/// Bytes of one selector.
pub const SELECTOR_BYTES: usize = 1_000;
