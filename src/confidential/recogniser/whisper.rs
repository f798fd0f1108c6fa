//! Windows of one party's speech go in, words come out: Whisper through CTranslate2 (crate `ct2rs`, oneDNN).
//!
//! `ct2rs` has a whole transcriber, but it hides how sure the model was (`no_speech_prob`, mean log probability) and
//! leaves copies of audio and text behind; so features, words and ghosts are ours and only the network is CTranslate2's.

use super::super::mel::{FRAMES, HOP, Mel};
use super::super::pcm::{PER_MS, Pcm};
use super::files::{Magic, check};
use super::ghosts::{Judgement, keep};
use super::tokens::{Token, starts_ms, words};
use super::{Failure, Found, ModelError, Packing, Recogniser};
use crate::border;
use crate::call::Language;
use ct2rs::sys;
use std::path::Path;
use zeroize::Zeroize;

/// A loaded model.
pub struct Whisper {
    network: sys::Whisper,
    mel: Mel,
    threads: usize,
}

/// What is remembered of a party between two windows.
pub struct Stream {
    language: Language,
    given_ms: u32,
}

impl Whisper {
    /// Loads the model in `folder` for `threads` threads that decode at the same time, each on one core.
    #[inline]
    pub fn load(folder: &Path, threads: usize) -> Result<Whisper, ModelError> {
        check(folder, &FILES)?;
        sys::set_log_level(sys::LogLevel::Off);
        let threads = threads.max(1);
        let config = sys::Config {
            compute_type: sys::ComputeType::INT8,
            device_indices: vec![0; threads],
            num_threads_per_replica: 1,
            ..sys::Config::default()
        };
        let network = sys::Whisper::new(folder, config).map_err(|_| ModelError::Refused)?;
        if !network.is_multilingual() || network.num_languages() != LANGUAGES {
            return Err(ModelError::NotMultilingual);
        }
        let mel = Mel::new(network.n_mels());
        Ok(Whisper { network, mel, threads })
    }

    #[inline]
    fn decode(&self, language: Language, audio: Pcm) -> Result<Window, Failure> {
        let frames = (audio.len() / HOP).clamp(2, FRAMES);
        let mut features = self.mel.features(&audio);
        drop(audio);
        let shape = [1, features.len() / FRAMES, FRAMES];
        let encoded = {
            let view = sys::StorageView::new(&shape, &mut features, sys::Device::CPU).map_err(failed)?;
            self.network.encode(&view, false).map_err(failed)?
        };
        features.zeroize();

        let language = token_of(language);
        let prompt = vec![START.1, language.1, TRANSCRIBE.1, NO_TIMESTAMPS];
        let mut results = self.network.generate(&encoded, &[prompt], &options()).map_err(failed)?;
        let Some(mut result) = results.pop() else { return Err(Failure::Decoding) };
        let (Some(tokens), Some(ids)) = (result.sequences.pop(), result.sequences_ids.pop()) else {
            return Err(Failure::Decoding);
        };
        let judgement = Judgement {
            no_speech: result.no_speech_prob,
            mean_log: result.scores.first().copied().unwrap_or(0.0),
        };
        let mut window =
            Window { tokens, ids: vec![ids], starts: Vec::new(), probabilities: Vec::new(), judgement };
        if window.tokens.is_empty() {
            return Ok(window);
        }
        let start = [START.0, language.0, TRANSCRIBE.0];
        let aligned = self.network.align(&encoded, &start, &window.ids, &[frames], MEDIAN).map_err(failed)?;
        let Some(mut aligned) = aligned.into_iter().next() else { return Err(Failure::Decoding) };
        let pairs = aligned.alignments.iter().map(|pair| (pair.token_x, pair.frame_x));
        window.starts = starts_ms(pairs, window.tokens.len());
        window.probabilities = std::mem::take(&mut aligned.text_token_probs);
        Ok(window)
    }
}

impl Recogniser for Whisper {
    type Stream = Stream;

    #[inline]
    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Whisper
    }

    #[inline]
    fn packing(&self) -> Packing {
        Packing::Windows { longest_ms: LONGEST_MS }
    }

    #[inline]
    fn open(&self, language: Language) -> Result<Stream, Failure> {
        Ok(Stream { language, given_ms: 0 })
    }

    #[inline]
    fn listen(&self, stream: &mut Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        let begins_ms = stream.given_ms;
        let length_ms = u32::try_from(audio.len() / PER_MS).unwrap_or(u32::MAX);
        stream.given_ms = stream.given_ms.saturating_add(length_ms);
        self.decode(stream.language, audio)?.tell(begins_ms, length_ms, found);
        Ok(())
    }

    #[inline]
    fn finish(&self, _stream: Stream, _found: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    #[inline]
    fn warm_up(&self) -> Result<(), Failure> {
        // A quiet hum: enough for every layer to run with the shapes of a full window; as many at once as there are
        // threads, so that none of them does anything for the first time later.
        let hum: Vec<i16> = (0..LONGEST_MS as usize * PER_MS).map(|n| (n % 160) as i16 * 8 - 640).collect();
        std::thread::scope(|scope| {
            let decode = || self.decode(Language::En, Pcm::of(&hum)).map(drop);
            let all: Vec<_> = (0..self.threads).map(|_| scope.spawn(decode)).collect();
            all.into_iter().try_for_each(|one| one.join().unwrap_or(Err(Failure::Decoding)))
        })
    }
}

/// What was decoded, wiped when it is done with.
struct Window {
    tokens: Vec<String>,
    /// One list of numbers, in the form that `align` wants.
    ids: Vec<Vec<usize>>,
    starts: Vec<u32>,
    probabilities: Vec<f32>,
    judgement: Judgement,
}

super::never_shown!(Window, Stream, Whisper);

impl Window {
    fn tell(&self, begins_ms: u32, length_ms: u32, found: &mut Found) {
        let last = self.starts.last().copied().unwrap_or(length_ms);
        let place = |n: usize| self.starts.get(n).copied().unwrap_or(last).min(length_ms);
        let token = |(n, text)| Token {
            text,
            probability: self.probabilities.get(n).copied().unwrap_or(0.0),
            start_ms: begins_ms + place(n),
            end_ms: begins_ms + place(n + 1),
        };
        let tokens: Vec<Token<'_>> = self.tokens.iter().map(String::as_str).enumerate().map(token).collect();
        let words = words(&tokens);
        let texts: Vec<&str> = words.iter().map(|word| word.text()).collect();
        let kept = keep(self.judgement, &texts);
        for (word, keep) in words.into_iter().zip(kept) {
            match keep {
                true => found.words.push(word),
                false => found.ghosts += 1,
            }
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.tokens.zeroize();
        self.ids.zeroize();
    }
}

#[inline]
fn options() -> sys::WhisperOptions {
    sys::WhisperOptions {
        beam_size: BEAM,
        return_scores: true,
        return_no_speech_prob: true,
        ..Default::default()
    }
}

/// The library's own words about a failure may hold what it was decoding.
#[inline]
fn failed<E>(_error: E) -> Failure {
    Failure::Decoding
}

/// The tokens' numbers below hold where there are 99 languages.
const LANGUAGES: usize = 99;

/// A token's number and its text; the same in every multilingual Whisper model.
type Special = (usize, &'static str);

const START: Special = (50_258, "<|startoftranscript|>");
const TRANSCRIBE: Special = (50_359, "<|transcribe|>");
const NO_TIMESTAMPS: &str = "<|notimestamps|>";

fn token_of(language: Language) -> Special {
    match language {
        Language::En => (50_259, "<|en|>"),
        Language::De => (50_261, "<|de|>"),
        Language::Fr => (50_265, "<|fr|>"),
    }
}

/// A model begins with four bytes of version, the length of a name in two, and the name of what it is.
const FILES: [(&str, Magic); 3] = [
    ("model.bin", Magic { at: 6, bytes: b"WhisperSpec" }),
    ("config.json", Magic { at: 0, bytes: b"{" }),
    ("vocabulary.txt", Magic::SOMETHING),
];

/// A second less than Whisper's 30, so that the last word is not cut by rounding.
const LONGEST_MS: u32 = 29_000;

/// Wider finds a little more and takes longer.
const BEAM: usize = 5;

/// Width of the filter that smooths attention before words are put in time, as OpenAI's.
const MEDIAN: i64 = 7;

#[cfg(test)]
mod tests;
