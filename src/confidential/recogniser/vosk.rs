//! One party's speech goes in as it comes, words come out when a sentence ends: Vosk (Kaldi) through the crate `vosk`.
//!
//! One model is shared by all recognisers made from it; each party has a recogniser of its own, whose memory is given
//! back when its call ends.

use super::super::pcm::Pcm;
use super::super::words::Word;
use super::files::{self, Magic};
use super::memory::GivesBack;
use super::{Failure, Found, ModelError, Packing, Recogniser};
use crate::border;
use crate::call::Language;
use ::vosk as library;
use std::path::Path;

/// A loaded model, which speaks one language.
pub struct Vosk {
    model: library::Model,
    language: Language,
}

/// One party's recogniser; its memory goes back to the kernel with it.
pub struct Stream(library::Recognizer, GivesBack);

super::never_shown!(Vosk, Stream);

impl Vosk {
    /// Loads the model in `folder`, which is one for `language`.
    #[inline]
    pub fn load(folder: &Path, language: Language) -> Result<Vosk, ModelError> {
        check(folder)?;
        library::set_log_level(library::LogLevel::Error);
        let path = folder.to_str().ok_or(ModelError::NoFolder)?;
        let model = library::Model::new(path).ok_or(ModelError::Refused)?;
        Ok(Vosk { model, language })
    }
}

impl Recogniser for Vosk {
    type Stream = Stream;

    #[inline]
    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Vosk
    }

    #[inline]
    fn packing(&self) -> Packing {
        Packing::Stream
    }

    #[inline]
    fn open(&self, language: Language) -> Result<Stream, Failure> {
        if language != self.language {
            return Err(Failure::Language);
        }
        let mut recogniser = library::Recognizer::new(&self.model, RATE).ok_or(Failure::Model)?;
        recogniser.set_words(true);
        Ok(Stream(recogniser, GivesBack))
    }

    #[inline]
    fn listen(&self, stream: &mut Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        for samples in audio.slices() {
            match stream.0.accept_waveform(samples) {
                Ok(library::DecodingState::Finalized) => tell(stream.0.result(), found),
                Ok(library::DecodingState::Running) => {}
                Ok(library::DecodingState::Failed) | Err(_) => return Err(Failure::Decoding),
            }
        }
        Ok(())
    }

    #[inline]
    fn finish(&self, mut stream: Stream, found: &mut Found) -> Result<(), Failure> {
        tell(stream.0.final_result(), found);
        Ok(())
    }

    #[inline]
    fn warm_up(&self) -> Result<(), Failure> {
        let mut stream = self.open(self.language)?;
        let hum: Vec<i16> = (0..16_000).map(|n| (n % 160) * 8 - 640).collect();
        stream.0.accept_waveform(&hum).map_err(|_| Failure::Decoding)?;
        self.finish(stream, &mut Found::default())
    }
}

/// Takes the words out of a result, which borrows the library's own text: no copy of it is made but the words.
#[inline]
fn tell(result: library::CompleteResult<'_>, found: &mut Found) {
    let words = result.single().map(|single| single.result).unwrap_or_default();
    found.words.extend(words.iter().map(|word| {
        Word::new(word.word.to_owned(), millis(word.start), millis(word.end), word.conf.clamp(0.0, 1.0))
    }));
}

fn millis(seconds: f32) -> u32 {
    // A negative or absurd time becomes the nearest end of what fits.
    (seconds * 1_000.0).round() as u32
}

fn check(folder: &Path) -> Result<(), ModelError> {
    files::check(folder, &ACOUSTIC)?;
    // A model has one great graph or the two halves of one.
    if folder.join("graph/HCLG.fst").exists() {
        files::check(folder, &WHOLE_GRAPH)
    } else {
        files::check(folder, &HALVES)
    }
}

/// Kaldi's binary files begin with a zero and a B.
const KALDI: Magic = Magic { at: 0, bytes: b"\0B" };

/// OpenFst's number, little end first.
const OPEN_FST: Magic = Magic { at: 0, bytes: &[0xd6, 0xfd, 0xb2, 0x7e] };

const ACOUSTIC: [(&str, Magic); 4] = [
    ("am/final.mdl", KALDI),
    ("conf/mfcc.conf", Magic::SOMETHING),
    ("conf/model.conf", Magic::SOMETHING),
    ("graph/phones/word_boundary.int", Magic::SOMETHING),
];

const WHOLE_GRAPH: [(&str, Magic); 2] = [("graph/HCLG.fst", OPEN_FST), ("graph/words.txt", Magic::SOMETHING)];

const HALVES: [(&str, Magic); 2] = [("graph/HCLr.fst", OPEN_FST), ("graph/Gr.fst", OPEN_FST)];

/// Samples per second, as Vosk wants to hear it.
const RATE: f32 = 16_000.0;

#[cfg(test)]
mod tests;
