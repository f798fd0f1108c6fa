//! Our Whisper, and what its network gave, kept by party, which no part of the ear gives out.

#[path = "../../src/confidential/recogniser/whisper/ctranslate2.rs"]
mod ctranslate2;

use crate::spoken::{Spoken, plain_words, word_errors};
use callgist::border;
use callgist::call::Language;
use callgist::confidential::Pcm;
use callgist::confidential::recogniser::whisper::{self, Decoded, Features, Network, Prompt, Whisper};
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
pub use ctranslate2::CTranslate2;
use std::cell::Cell;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The recogniser of the ear; it knows which stream a thread is listening to.
pub struct Spying<N: Network = CTranslate2>(Whisper<Watched<N>>);

/// The beam that others usually search with.
#[allow(dead_code, reason = "only where ours is beside others")]
pub type Usual = CTranslate2<5>;

impl<N: Network> Spying<N> {
    /// With one thread, warmed up.
    pub fn load(model: &Path) -> Spying<N> {
        let whisper = Whisper::load(model, 1).unwrap_or_else(|error| panic!("{}: {error}", model.display()));
        whisper.warm_up().unwrap();
        SEEN.lock().unwrap().clear();
        Spying(whisper)
    }
}

impl<N: Network> Recogniser for Spying<N> {
    type Stream = (usize, whisper::Stream);

    fn kind(&self) -> border::Recogniser {
        self.0.kind()
    }

    fn packing(&self) -> Packing {
        self.0.packing()
    }

    fn open(&self, language: Language) -> Result<Self::Stream, Failure> {
        Ok((STREAMS.fetch_add(1, Ordering::Relaxed), self.0.open(language)?))
    }

    fn listen(&self, stream: &mut Self::Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        NOW.set(stream.0);
        self.0.listen(&mut stream.1, audio, found)
    }

    fn finish(&self, stream: Self::Stream, found: &mut Found) -> Result<(), Failure> {
        self.0.finish(stream.1, found)
    }

    fn warm_up(&self) -> Result<(), Failure> {
        self.0.warm_up()
    }
}

/// The network, and what it gave.
struct Watched<N>(N);

impl<N: Network> Network for Watched<N> {
    fn load(folder: &Path, threads: usize) -> Option<Watched<N>> {
        N::load(folder, threads).map(Watched)
    }

    fn languages(&self) -> usize {
        self.0.languages()
    }

    fn bands(&self) -> usize {
        self.0.bands()
    }

    fn decode(&self, window: Features, prompt: &Prompt) -> Result<Decoded, Failure> {
        let decoded = self.0.decode(window, prompt)?;
        let tokens = decoded.tokens.iter().filter(|token| !token.starts_with("<|"));
        let bytes: Vec<u8> = tokens.flat_map(|token| token.chars()).filter_map(byte).collect();
        SEEN.lock().unwrap().push((NOW.get(), String::from_utf8_lossy(&bytes).into_owned()));
        Ok(decoded)
    }
}

/// What was heard of both sides since it was asked for last: of the two streams, the one that is more like what the
/// caller said is his.
pub fn text_of(call: &Spoken) -> [String; 2] {
    let mut streams: std::collections::BTreeMap<usize, String> = Default::default();
    for (stream, text) in std::mem::take(&mut *SEEN.lock().unwrap()) {
        streams.entry(stream).or_default().push_str(&text);
    }
    let mut texts = streams.into_values();
    let [one, other] = [0, 1].map(|_| texts.next().unwrap_or_default());
    assert_eq!(texts.next(), None, "a third stream");
    let errors = |caller: &str, agent: &str| {
        let of = |written: &str, heard: &str| word_errors(&plain_words(written), &plain_words(heard));
        of(&call.written[0], caller) + of(&call.written[1], agent)
    };
    if errors(&one, &other) <= errors(&other, &one) { [one, other] } else { [other, one] }
}

/// The byte that a character of GPT-2's alphabet stands for.
fn byte(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    let stands_for_itself = |byte: &u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if stands_for_itself(&code) {
        return u8::try_from(code).ok();
    }
    let index = usize::try_from(code.checked_sub(0x100)?).ok()?;
    let other = (0..=0xff).filter(|byte| !stands_for_itself(byte)).nth(index)?;
    u8::try_from(other).ok()
}

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
}

static STREAMS: AtomicUsize = AtomicUsize::new(0);

static SEEN: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());
