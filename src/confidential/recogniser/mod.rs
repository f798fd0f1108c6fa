//! Audio goes in, words come out: the seam behind which both recognisers stand.
//!
//! Whisper takes whole windows and forgets them; Vosk follows a stream. Both give words with start, end and
//! probability, timed in milliseconds of the audio that the stream was given. The daemon's binary may link neither:
//! what names Vosk's library is `#[inline]`, so it is compiled where it is used, and what names Whisper's is no part of
//! this library at all (`whisper/ctranslate2.rs`).

#[cfg(any(feature = "vosk", feature = "whisper", test))]
mod files;
#[cfg(any(feature = "whisper", test))]
mod ghosts;
#[cfg(any(feature = "vosk", feature = "whisper", test))]
mod memory;
#[cfg(any(feature = "whisper", test))]
mod tokens;
#[cfg(all(test, any(feature = "vosk", feature = "whisper")))]
mod trial;
#[cfg(feature = "vosk")]
pub mod vosk;
#[cfg(feature = "whisper")]
pub mod whisper;

use super::words::Word;
use super::{Pcm, never_shown};
use crate::border;
use crate::call::Language;
use std::fmt;

/// A library that recognises speech, with its model. Shared by all threads of the pool.
pub trait Recogniser: Send + Sync + 'static {
    /// What is remembered of one party between two stretches of its audio; it is dropped with the party's call.
    type Stream: Send + 'static;

    fn kind(&self) -> border::Recogniser;

    fn packing(&self) -> Packing;

    fn open(&self, language: Language) -> Result<Self::Stream, Failure>;

    /// Recognises the party's next stretch of audio and wipes it as soon as it is read.
    fn listen(&self, stream: &mut Self::Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure>;

    /// Recognises the audio of a window that is still open; it is given again with what comes after it.
    fn look(&self, language: Language, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        let mut stream = self.open(language)?;
        self.listen(&mut stream, audio, found)
    }

    /// What a stream still held back.
    fn finish(&self, stream: Self::Stream, found: &mut Found) -> Result<(), Failure>;

    /// Decodes one full window of nothing, so that threads are started, files read and code compiled before the lock.
    fn warm_up(&self) -> Result<(), Failure>;
}

/// How a recogniser wants its audio.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// In windows of at most so many milliseconds, as full as possible: each costs nearly the same.
    Windows { longest_ms: u32 },
    /// As it comes.
    Stream,
}

/// The library could not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The model's folder lacks a file, or one is broken.
    Model,
    /// The model does not speak that language.
    Language,
    /// It failed while decoding.
    Decoding,
}

/// What was recognised.
#[derive(Default)]
pub struct Found {
    /// In order, timed in milliseconds since the stream's first sample.
    pub(in crate::confidential) words: Vec<Word>,
    /// Words that were thrown away because nobody may have said them.
    pub(in crate::confidential) ghosts: u32,
}

never_shown!(Found);

impl Found {
    /// Adds a word; they are added in order. It is a way in for a recogniser that stands outside, and there is none out.
    pub fn add(&mut self, word: Word) {
        self.words.push(word);
    }

    /// Words found.
    pub fn words(&self) -> usize {
        self.words.len()
    }
}

/// Why a model cannot be used. None of it names a path: who asked knows the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// There is no such folder.
    NoFolder,
    Missing {
        file: &'static str,
    },
    /// The file is not of the kind that its name says, or it is cut short.
    Broken {
        file: &'static str,
    },
    /// The files look right, but the library does not take them.
    Refused,
    /// It is not one of the multilingual models that are known here.
    NotMultilingual,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelError::NoFolder => f.write_str("there is no such folder"),
            ModelError::Missing { file } => write!(f, "the file {file} is missing"),
            ModelError::Broken { file } => write!(f, "the file {file} is broken or of another kind"),
            ModelError::Refused => f.write_str("the library does not take it"),
            ModelError::NotMultilingual => {
                f.write_str("it is not a multilingual Whisper model up to large-v2")
            }
        }
    }
}

impl std::error::Error for ModelError {}
