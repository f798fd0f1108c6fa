//! The words on an ear's command line go in, its settings come out.

use crate::call::Language;
use crate::confidential::Settings;
use std::ffi::OsString;
use std::path::PathBuf;

/// What an ear is started with. Nothing comes from its environment.
pub struct Arguments {
    pub model: PathBuf,
    /// The language of a model that has only one.
    pub language: Language,
    /// Threads that decode.
    pub threads: usize,
    /// How many times faster than the wall's its clock runs; the demo's.
    pub factor: f64,
    pub hall: Settings,
}

/// A word is not known, lacks its value, or has one out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentError;

impl Arguments {
    pub fn read(mut words: impl Iterator<Item = OsString>) -> Result<Arguments, ArgumentError> {
        let (model, language, hall) = (PathBuf::new(), Language::En, Settings::default());
        let mut read = Arguments { model, language, threads: 1, factor: 1.0, hall };
        while let Some(word) = words.next() {
            let value = words.next().ok_or(ArgumentError)?;
            match word.to_str() {
                Some("--model") => read.model = value.into(),
                Some("--language") => read.language = language_of(value)?,
                Some("--threads") => read.threads = number(value)?,
                Some("--factor") => read.factor = number(value)?,
                Some("--look-after-ms") => read.hall.look_after_ms = number(value)?,
                Some("--look-calls") => read.hall.look_calls = number(value)?,
                Some("--audio-budget") => read.hall.audio_budget = number(value)?,
                _ => return Err(ArgumentError),
            }
        }
        if read.factor > 1.0 {
            // The demo's switch waits while much is unrecognised, and sends nothing meanwhile: that is no silence.
            read.hall.idle = read.hall.idle.mul_f64(read.factor * 20.0);
        }
        let fits = read.model.is_absolute()
            && (1..=256).contains(&read.threads)
            && (0.1..=1_000.0).contains(&read.factor);
        if fits { Ok(read) } else { Err(ArgumentError) }
    }
}

fn language_of(word: OsString) -> Result<Language, ArgumentError> {
    let languages = [Language::En, Language::De, Language::Fr];
    languages.into_iter().find(|language| word == language.code()).ok_or(ArgumentError)
}

fn number<T: std::str::FromStr>(word: OsString) -> Result<T, ArgumentError> {
    word.to_str().and_then(|text| text.parse().ok()).ok_or(ArgumentError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, ArgumentError> {
        Arguments::read(words.iter().map(OsString::from))
    }

    #[test]
    fn settings_are_read() {
        let words = [
            "--model",
            "/m",
            "--language",
            "de",
            "--threads",
            "3",
            "--factor",
            "12.5",
            "--audio-budget",
            "9",
        ];
        let read = read(&words).ok().unwrap();
        assert_eq!((read.threads, read.factor, read.hall.audio_budget), (3, 12.5, 9));
        assert_eq!(read.language, Language::De);
    }

    #[test]
    fn a_relative_model_no_thread_or_an_unknown_word_is_refused() {
        for bad in [
            &["--model", "m"][..],
            &["--model", "/m", "--threads", "0"],
            &["--model", "/m", "--factor", "NaN"],
            &["--model", "/m", "--language", "kr"],
            &["--model", "/m", "--threads"],
            &["--log", "/tmp/x", "--model", "/m"],
        ] {
            assert!(read(bad).is_err());
        }
    }
}
