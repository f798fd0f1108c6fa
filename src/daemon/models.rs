//! Where the recognisers' models stand, and whether what stands there is one.

use crate::border::Recogniser;
use crate::call::Language;
use crate::config::Config;
use std::fmt;
use std::path::{Path, PathBuf};

/// A model that cannot be used.
#[derive(Debug)]
pub struct ModelError {
    recogniser: Recogniser,
    folder: PathBuf,
    missing: Option<&'static str>,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recogniser, folder, missing } = self;
        write!(f, "the {} model {} cannot be used: ", recogniser.word(), folder.display())?;
        match missing {
            None => f.write_str("the folder is not there")?,
            Some(file) => write!(f, "{file} is missing in it")?,
        }
        match recogniser {
            Recogniser::Whisper => {
                f.write_str("; `callgist models fetch whisper-base` brings one, and [ears] models says where it is")
            }
            Recogniser::Vosk => {
                f.write_str("; `callgist models list` names those that can be fetched, or set [[line]] recogniser to \"whisper\"")
            }
        }
    }
}

impl std::error::Error for ModelError {}

/// The model's folder: one Whisper model for all languages, one Vosk model for each.
///
/// `CALLGIST_VOSK_MODEL_EN` (`_DE`, `_FR`) names a Vosk model that stands elsewhere.
pub fn folder(config: &Config, recogniser: Recogniser, language: Language) -> PathBuf {
    match recogniser {
        Recogniser::Whisper => config.ears.models.join(name(recogniser, language)),
        Recogniser::Vosk => {
            let named = std::env::var_os(format!("CALLGIST_VOSK_MODEL_{}", language.code().to_uppercase()));
            let usual = || config.ears.models.join(name(recogniser, language));
            named.filter(|name| !name.is_empty()).map_or_else(usual, PathBuf::from)
        }
    }
}

/// The model's name in that folder and for `callgist models fetch`.
pub fn name(recogniser: Recogniser, language: Language) -> String {
    match recogniser {
        Recogniser::Whisper => "whisper-base".to_owned(),
        Recogniser::Vosk => format!("vosk-{}", language.code()),
    }
}

/// Whether the folder has what every model of its kind has; loading it is the ear's.
pub fn check(config: &Config, recogniser: Recogniser, language: Language) -> Result<(), ModelError> {
    let folder = folder(config, recogniser, language);
    let missing = if folder.is_dir() { first_missing(&folder, needed(recogniser)) } else { Some(None) };
    match missing {
        None => Ok(()),
        Some(missing) => Err(ModelError { recogniser, folder, missing }),
    }
}

/// The files without which a folder holds no model.
pub fn needed(recogniser: Recogniser) -> &'static [&'static str] {
    match recogniser {
        Recogniser::Whisper => &["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"],
        Recogniser::Vosk => &["am/final.mdl", "conf/mfcc.conf"],
    }
}

fn first_missing(folder: &Path, needed: &[&'static str]) -> Option<Option<&'static str>> {
    needed.iter().find(|file| !folder.join(file).is_file()).map(|file| Some(*file))
}
