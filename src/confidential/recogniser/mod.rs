//! Audio goes in, words come out: the seam behind which both recognisers stand.
//!
//! Whisper takes whole windows and forgets them; Vosk follows a stream. Both give words with start, end and
//! probability, timed in milliseconds of the audio that the stream was given. Whatever names a recogniser's own
//! library is `#[inline]`: it must be compiled where it is used, for the daemon's binary may not link one.

use super::words::Word;
use super::{Pcm, never_shown};
use crate::border;
use crate::call::Language;

/// A library that recognises speech, with its model. Shared by all threads of the pool.
pub trait Recogniser: Send + Sync + 'static {
    /// What is remembered of one party between two stretches of its audio; it is dropped with the party's call.
    type Stream: Send + 'static;

    fn kind(&self) -> border::Recogniser;

    fn packing(&self) -> Packing;

    fn open(&self, language: Language) -> Result<Self::Stream, Failure>;

    /// Recognises the party's next stretch of audio and wipes it as soon as it is read.
    fn listen(&self, stream: &mut Self::Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure>;

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
    /// Words found.
    pub fn words(&self) -> usize {
        self.words.len()
    }
}
