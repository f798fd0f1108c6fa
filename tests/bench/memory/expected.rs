//! A model and a sound go in; the words that the ear's recogniser makes of it, and its token numbers, come out.
//!
//! The libraries are called here as the ears call them. What is recognised differs a little from run to run (Kaldi adds
//! noise, and windows fall elsewhere), so the bench first looks whether what is expected here really is in an ear.

use std::path::Path;

/// What one recogniser made of a sound.
#[derive(Default)]
pub struct Expected {
    pub words: Vec<String>,
    /// Whisper's, by the lines of its vocabulary.
    pub tokens: Vec<usize>,
}

pub fn expected(recogniser: &str, models: &Path, heard: &[i16]) -> Expected {
    match recogniser {
        "vosk" => by_vosk(&models.join("vosk-en"), heard),
        _ => by_whisper(&models.join("whisper-base"), heard),
    }
}

#[cfg(feature = "vosk")]
fn by_vosk(model: &Path, heard: &[i16]) -> Expected {
    vosk::set_log_level(vosk::LogLevel::Error);
    let model = vosk::Model::new(model.to_str().unwrap()).expect("a Vosk model");
    let mut recogniser = vosk::Recognizer::new(&model, 16_000.0).unwrap();
    recogniser.set_words(true);
    let mut words = Vec::new();
    let mut add = |result: vosk::CompleteResult<'_>| {
        let found = result.single().map(|single| single.result).unwrap_or_default();
        words.extend(found.iter().map(|word| word.word.to_owned()));
    };
    for stretch in heard.chunks(3_200) {
        if matches!(recogniser.accept_waveform(stretch), Ok(vosk::DecodingState::Finalized)) {
            add(recogniser.result());
        }
    }
    add(recogniser.final_result());
    Expected { words, tokens: Vec::new() }
}

#[cfg(not(feature = "vosk"))]
fn by_vosk(_model: &Path, _heard: &[i16]) -> Expected {
    panic!("built without Vosk")
}

#[cfg(feature = "whisper")]
#[path = "../../../src/confidential/recogniser/whisper/ctranslate2.rs"]
mod ctranslate2;

#[cfg(feature = "whisper")]
fn by_whisper(model: &Path, heard: &[i16]) -> Expected {
    use callgist::call::Language;
    use callgist::confidential::Pcm;
    use callgist::confidential::recogniser::whisper::{Decoded, Features, Network, Prompt, Whisper};
    use callgist::confidential::recogniser::{Failure, Found, Recogniser};
    use std::sync::Mutex;

    /// What the network wrote.
    static WRITTEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    /// The network, overheard.
    struct Overheard(ctranslate2::CTranslate2);

    impl Network for Overheard {
        fn load(folder: &Path, threads: usize) -> Option<Overheard> {
            ctranslate2::CTranslate2::load(folder, threads).map(Overheard)
        }

        fn languages(&self) -> usize {
            self.0.languages()
        }

        fn bands(&self) -> usize {
            self.0.bands()
        }

        fn decode(&self, window: Features, prompt: &Prompt) -> Result<Decoded, Failure> {
            let decoded = self.0.decode(window, prompt)?;
            WRITTEN.lock().unwrap().extend_from_slice(&decoded.tokens);
            Ok(decoded)
        }
    }

    WRITTEN.lock().unwrap().clear();
    let whisper = Whisper::<Overheard>::load(model, 1).unwrap_or_else(|error| panic!("{error}"));
    let (mut stream, mut found) = (whisper.open(Language::En).unwrap(), Found::default());
    for window in heard.chunks(29 * 16_000) {
        whisper.listen(&mut stream, Pcm::of(window), &mut found).unwrap();
    }
    let written = WRITTEN.lock().unwrap().clone();
    let vocabulary = std::fs::read_to_string(model.join("vocabulary.txt")).unwrap();
    let lines: Vec<&str> = vocabulary.lines().collect();
    let tokens = written.iter().filter_map(|token| lines.iter().position(|line| line == token));
    // `Ġ` is a blank in GPT-2's alphabet.
    let text = written.concat().replace('Ġ', " ");
    Expected { words: text.split_whitespace().map(str::to_owned).collect(), tokens: tokens.collect() }
}

#[cfg(not(feature = "whisper"))]
fn by_whisper(_model: &Path, _heard: &[i16]) -> Expected {
    panic!("built without Whisper")
}
