//! Windows of one party's speech go in, words come out: Whisper, over a network that somebody else computes.
//!
//! `ct2rs` has a whole transcriber, but it hides how sure the model was (`no_speech_prob`, mean log probability) and
//! leaves copies of audio and text behind; so features, words and ghosts are ours and only the [`Network`] is CTranslate2's.
//!
//! The library never names `ct2rs`: whatever program links a crate that does gets the crate's bridge to C++ linked in,
//! called or not, and the daemon's may hold nothing of it. `whisper/ctranslate2.rs` is compiled into the ear.

pub use super::super::mel::FRAMES;
use super::super::mel::{HOP, Mel};
use super::super::pcm::{PER_MS, Pcm};
use super::files::{Magic, check};
use super::ghosts::{Judgement, keep};
use super::memory;
use super::tokens::{Token, starts_ms, words};
use super::{Failure, Found, ModelError, Packing, Recogniser};
use crate::border;
use crate::call::Language;
use std::path::Path;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The network that turns a window's features into tokens; CTranslate2's in the ear.
pub trait Network: Send + Sync + Sized + 'static {
    /// For `threads` threads that decode at the same time, each on one core. Nothing when the library refuses the model.
    fn load(folder: &Path, threads: usize) -> Option<Self>;

    /// How many languages the model speaks; none when it was made for one only.
    fn languages(&self) -> usize;

    /// How many bands of the mel scale it wants.
    fn bands(&self) -> usize;

    /// Wipes the features once they are read.
    fn decode(&self, window: Features, prompt: &Prompt) -> Result<Decoded, Failure>;
}

/// What one window sounds like.
pub struct Features {
    /// Band after band, [`FRAMES`] values each.
    pub values: Zeroizing<Vec<f32>>,
    /// How many of the frames hold speech and no filling.
    pub frames: usize,
}

/// What the network is told before it begins: four tokens, the first three by number and text.
pub struct Prompt {
    pub start: [Special; 3],
    pub then: &'static str,
}

/// What the network gave for one window, wiped when it is done with.
pub struct Decoded {
    pub tokens: Vec<String>,
    pub probabilities: Vec<f32>,
    /// Which token was being spoken in which frame.
    pub places: Vec<(i64, i64)>,
    pub no_speech: f32,
    /// Mean natural logarithm of the tokens' probability.
    pub mean_log: f32,
}

impl Drop for Decoded {
    fn drop(&mut self) {
        self.tokens.zeroize();
    }
}

impl ZeroizeOnDrop for Decoded {}

/// A loaded model.
pub struct Whisper<N> {
    network: N,
    mel: Mel,
    threads: usize,
}

/// What is remembered of a party between two windows.
pub struct Stream {
    language: Language,
    given_ms: u32,
}

impl<N: Network> Whisper<N> {
    /// Loads the model in `folder` for `threads` threads that decode at the same time, each on one core.
    pub fn load(folder: &Path, threads: usize) -> Result<Whisper<N>, ModelError> {
        check(folder, &FILES)?;
        let threads = threads.max(1);
        memory::keep();
        let network = N::load(folder, threads).ok_or(ModelError::Refused)?;
        if network.languages() != LANGUAGES {
            return Err(ModelError::NotMultilingual);
        }
        let mel = Mel::new(network.bands());
        Ok(Whisper { network, mel, threads })
    }

    fn decode(&self, language: Language, audio: Pcm) -> Result<Decoded, Failure> {
        let frames = (audio.len() / HOP).clamp(2, FRAMES);
        let window = Features { values: self.mel.features(&audio), frames };
        drop(audio);
        let prompt = Prompt { start: [START, token_of(language), TRANSCRIBE], then: NO_TIMESTAMPS };
        let decoded = self.network.decode(window, &prompt);
        memory::give_back();
        decoded
    }
}

impl<N: Network> Recogniser for Whisper<N> {
    type Stream = Stream;

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Whisper
    }

    fn packing(&self) -> Packing {
        Packing::Windows { longest_ms: LONGEST_MS }
    }

    fn open(&self, language: Language) -> Result<Stream, Failure> {
        Ok(Stream { language, given_ms: 0 })
    }

    fn listen(&self, stream: &mut Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        let begins_ms = stream.given_ms;
        let length_ms = u32::try_from(audio.len() / PER_MS).unwrap_or(u32::MAX);
        stream.given_ms = stream.given_ms.saturating_add(length_ms);
        self.decode(stream.language, audio)?.tell(begins_ms, length_ms, found);
        Ok(())
    }

    fn finish(&self, _stream: Stream, _found: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

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

super::never_shown!(Features, Decoded, Stream);
super::super::wiped!(Zeroizing<Vec<f32>>, Decoded);

impl Decoded {
    fn tell(&self, begins_ms: u32, length_ms: u32, found: &mut Found) {
        let starts = match self.tokens.is_empty() {
            true => Vec::new(),
            false => starts_ms(self.places.iter().copied(), self.tokens.len()),
        };
        let last = starts.last().copied().unwrap_or(length_ms);
        let place = |n: usize| starts.get(n).copied().unwrap_or(last).min(length_ms);
        let token = |(n, text)| Token {
            text,
            probability: self.probabilities.get(n).copied().unwrap_or(0.0),
            start_ms: begins_ms + place(n),
            end_ms: begins_ms + place(n + 1),
        };
        let tokens: Vec<Token<'_>> = self.tokens.iter().map(String::as_str).enumerate().map(token).collect();
        let words = words(&tokens);
        let texts: Vec<&str> = words.iter().map(|word| word.text()).collect();
        let kept = keep(Judgement { no_speech: self.no_speech, mean_log: self.mean_log }, &texts);
        for (word, keep) in words.into_iter().zip(kept) {
            match keep {
                true => found.words.push(word),
                false => found.ghosts += 1,
            }
        }
    }
}

/// The tokens' numbers below hold where there are 99 languages.
const LANGUAGES: usize = 99;

/// A token's number and its text; the same in every multilingual Whisper model.
pub type Special = (usize, &'static str);

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

#[cfg(test)]
mod ctranslate2;
#[cfg(test)]
mod tests;
