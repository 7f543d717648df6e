//! The text scanner: fold, find, explain. Pure; it takes a [`PlainBody`](model::body::PlainBody), which only a
//! readable conversation gives.
//!
//! Three views of the same text, each with its automaton: words (with look-alike classes, repeats collapsed, forwards and
//! backwards), squeezed letters (keys pulled apart or run together), starred vowels; and an index of typing errors.

mod align;
mod allowed;
mod crossing;
mod dictionary;
mod fillers;
mod fold;
mod keys;
mod lexicon;
mod linear;
mod links;
mod pattern;
mod scanner;
mod seam;
mod squeezed;
mod starred;
mod text;
mod themes;
mod typing;

pub use fold::{fingerprint, fold, link_fingerprint};
pub use lexicon::{Key, Lexicon, LexiconError, Pattern};
pub use linear::{
    DRIFT_STEPS, Drift, Example, Figures, Head, Measured, Model, ModelError, Settings, Source, Trained, cross_validate, measure, psi, train,
};
pub use scanner::scan;
pub use seam::Seam;
pub use themes::Themes;
