//! A call through Whisper's own path: features, tokens, words and the doubt about them, around a network that hears
//! nothing and gives the tokens of a script.

use crate::allocator::alone;
use crate::calls::{A_NOTE, Call, End, spoken};
use crate::canary::Sound;
use callgist::confidential::recogniser::Failure;
use callgist::confidential::recogniser::whisper::{Decoded, Features, Network, Prompt, Whisper};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Gives each window the tokens of the next party's script.
struct Told(AtomicUsize);

impl Network for Told {
    fn load(_folder: &Path, _threads: usize) -> Option<Told> {
        Some(Told(AtomicUsize::new(0)))
    }

    fn languages(&self) -> usize {
        99
    }

    fn bands(&self) -> usize {
        80
    }

    fn decode(&self, window: Features, _prompt: &Prompt) -> Result<Decoded, Failure> {
        drop(window);
        let script = A_NOTE[self.0.fetch_add(1, Ordering::Relaxed) % 2].split_whitespace();
        let mut tokens = Vec::new();
        for word in script {
            let word = zeroize::Zeroizing::new(spoken(word));
            let mut token = String::with_capacity(2 + word.len());
            token.push('Ġ');
            token.push_str(&word);
            tokens.push(token);
        }
        let places = (0..tokens.len() as i64).map(|at| (at, at * 2)).collect();
        let probabilities = vec![0.97; tokens.len()];
        Ok(Decoded { tokens, probabilities, places, no_speech: 0.01, mean_log: -0.2 })
    }
}

#[test]
fn whispers_path_from_a_window_to_a_note_leaves_nothing() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, &[u8]); 3] =
        [("model.bin", b"\x06\0\0\0\x0b\0WhisperSpec"), ("config.json", b"{}"), ("vocabulary.txt", b"none")];
    files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
    let whisper = Whisper::<Told>::load(folder.path(), 1).unwrap();
    let end = Call::of(A_NOTE, Sound::Pcma).hold_with(whisper);
    assert!(matches!(end, End::Note { canaries } if canaries > 0), "{end:?}");
}
