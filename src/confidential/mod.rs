//! All that holds what was said: RTP packets go in, a guarded note comes out; memory only.
//!
//! Nothing here opens a file, logs or formats; types of this folder have no `Debug`, `Display`, `Clone` or
//! `Serialize` and are wiped on drop.

pub mod guard;
pub mod notes;
pub mod recogniser;
mod words;

pub use words::{Speaker, Transcript, Turn, Word};
