//! The models that can be fetched: where their makers publish them, and the hashes that are known.

use crate::border::Recogniser;
use crate::call::Language;

/// A model, as the models' folder names it.
pub struct Model {
    pub name: &'static str,
    /// The folder that the ears read; two models of one language share it.
    pub folder: &'static str,
    pub recogniser: Recogniser,
    pub languages: &'static [Language],
    /// About so many bytes are fetched.
    pub bytes: u64,
    pub files: &'static [File],
}

/// One file of a model.
pub struct File {
    pub name: &'static str,
    pub url: &'static str,
    /// The published hash. Where none is known, the first fetch keeps what it got in `models.lock`, and later ones
    /// refuse another.
    pub sha256: Option<&'static str>,
}

pub fn named(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.name == name)
}

pub const MODELS: &[Model] = &[
    Model {
        name: "whisper-base",
        folder: "whisper-base",
        recogniser: Recogniser::Whisper,
        languages: &[Language::En, Language::De, Language::Fr],
        bytes: 147_900_000,
        files: &[
            whisper(
                "config.json",
                "https://huggingface.co/Systran/faster-whisper-base/resolve/main/config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            whisper(
                "tokenizer.json",
                "https://huggingface.co/Systran/faster-whisper-base/resolve/main/tokenizer.json",
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            whisper(
                "vocabulary.txt",
                "https://huggingface.co/Systran/faster-whisper-base/resolve/main/vocabulary.txt",
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
            whisper(
                "model.bin",
                "https://huggingface.co/Systran/faster-whisper-base/resolve/main/model.bin",
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
        ],
    },
    vosk(
        "vosk-en",
        "vosk-en",
        &[Language::En],
        41_000_000,
        &[zip(
            "vosk-model-small-en-us-0.15.zip",
            "https://alphacephei.com/vosk/models/vosk-model-small-en-us-0.15.zip",
        )],
    ),
    vosk(
        "vosk-de",
        "vosk-de",
        &[Language::De],
        45_000_000,
        &[zip(
            "vosk-model-small-de-0.15.zip",
            "https://alphacephei.com/vosk/models/vosk-model-small-de-0.15.zip",
        )],
    ),
    vosk(
        "vosk-fr",
        "vosk-fr",
        &[Language::Fr],
        41_000_000,
        &[zip(
            "vosk-model-small-fr-0.22.zip",
            "https://alphacephei.com/vosk/models/vosk-model-small-fr-0.22.zip",
        )],
    ),
    vosk(
        "vosk-en-large",
        "vosk-en",
        &[Language::En],
        1_900_000_000,
        &[zip("vosk-model-en-us-0.22.zip", "https://alphacephei.com/vosk/models/vosk-model-en-us-0.22.zip")],
    ),
    vosk(
        "vosk-de-large",
        "vosk-de",
        &[Language::De],
        2_000_000_000,
        &[zip("vosk-model-de-0.21.zip", "https://alphacephei.com/vosk/models/vosk-model-de-0.21.zip")],
    ),
    vosk(
        "vosk-fr-large",
        "vosk-fr",
        &[Language::Fr],
        1_500_000_000,
        &[zip("vosk-model-fr-0.22.zip", "https://alphacephei.com/vosk/models/vosk-model-fr-0.22.zip")],
    ),
];

const fn whisper(name: &'static str, url: &'static str, sha256: &'static str) -> File {
    File { name, url, sha256: Some(sha256) }
}

const fn zip(name: &'static str, url: &'static str) -> File {
    File { name, url, sha256: None }
}

const fn vosk(
    name: &'static str,
    folder: &'static str,
    languages: &'static [Language],
    bytes: u64,
    files: &'static [File],
) -> Model {
    Model { name, folder, recogniser: Recogniser::Vosk, languages, bytes, files }
}
