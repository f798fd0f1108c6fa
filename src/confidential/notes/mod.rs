//! A call's recognised words go in; a guarded note, an objection or requests not to be contacted come out.
//!
//! The steps are pure and stand one to a file; none of them knows a language, the languages are data.

use super::{Transcript, guard::Guarded};
use crate::border::{Day, DoNotContact};
use crate::call::{Language, NoSummary};

/// How well the call was heard, in whole per cents; it becomes the note's trust label.
#[derive(Clone, Copy)]
pub struct Quality {
    /// Mean probability of the recognised words.
    pub confidence_pct: u8,
    /// Recognised words that passed the gates for ghost words and doubt.
    pub kept_pct: u8,
    /// RTP packets that arrived, of those that should have.
    pub arrived_pct: u8,
}

/// Whether somebody on the call does not want a summary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Objection {
    None,
    /// It may have been one; doubt protects.
    Suspected,
    Heard,
}

/// Writes the note of a call, or says why there is none.
pub fn summarise(
    transcript: &Transcript,
    language: Language,
    today: Day,
    quality: Quality,
) -> Result<Guarded, NoSummary> {
    let _ = (transcript, language, today, quality);
    Err(NoSummary::Unintelligible)
}

/// Looks for an objection in what has been recognised so far.
pub fn objection(transcript: &Transcript, language: Language) -> Objection {
    let _ = (transcript, language);
    Objection::None
}

/// Requests not to be contacted, at most two.
pub fn do_not_contact(transcript: &Transcript, language: Language) -> Vec<DoNotContact> {
    let _ = (transcript, language);
    Vec::new()
}
