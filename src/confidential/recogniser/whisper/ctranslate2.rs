//! Features go in, tokens come out: the network under Whisper, computed by CTranslate2 (crate `ct2rs`, oneDNN).
//!
//! Compiled into the Whisper ear, and into what measures or tests it; see the module above for why not into the
//! library.

use callgist::confidential::recogniser::Failure;
use callgist::confidential::recogniser::whisper::{Decoded, FRAMES, Features, Network, Prompt};
use ct2rs::sys;
use std::path::Path;
use zeroize::Zeroizing;

/// A model that CTranslate2 has loaded, and the width of the beam that it is searched with.
pub struct CTranslate2<const WIDTH: usize = BEAM>(sys::Whisper);

impl<const WIDTH: usize> Network for CTranslate2<WIDTH> {
    fn load(folder: &Path, threads: usize) -> Option<CTranslate2<WIDTH>> {
        sys::set_log_level(sys::LogLevel::Off);
        let config = sys::Config {
            compute_type: sys::ComputeType::INT8,
            device_indices: vec![0; threads],
            num_threads_per_replica: 1,
            ..sys::Config::default()
        };
        sys::Whisper::new(folder, config).ok().map(CTranslate2)
    }

    fn languages(&self) -> usize {
        if self.0.is_multilingual() { self.0.num_languages() } else { 0 }
    }

    fn bands(&self) -> usize {
        self.0.n_mels()
    }

    fn decode(&self, mut window: Features, prompt: &Prompt) -> Result<Decoded, Failure> {
        let shape = [1, window.values.len() / FRAMES, FRAMES];
        let frames = window.frames;
        let encoded = {
            let view = sys::StorageView::new(&shape, &mut window.values, sys::Device::CPU).map_err(failed)?;
            self.0.encode(&view, false).map_err(failed)?
        };
        drop(window);

        let told = [prompt.start.map(|(_, text)| text).as_slice(), &[prompt.then]].concat();
        let mut results = self.0.generate(&encoded, &[told], &options(WIDTH)).map_err(failed)?;
        let Some(mut result) = results.pop() else { return Err(Failure::Decoding) };
        let (Some(tokens), Some(ids)) = (result.sequences.pop(), result.sequences_ids.pop()) else {
            return Err(Failure::Decoding);
        };
        let mut decoded = Decoded {
            tokens,
            probabilities: Vec::new(),
            places: Vec::new(),
            no_speech: result.no_speech_prob,
            mean_log: result.scores.first().copied().unwrap_or(0.0),
        };
        let ids = Zeroizing::new(vec![ids]);
        if decoded.tokens.is_empty() {
            return Ok(decoded);
        }
        let start = prompt.start.map(|(number, _)| number);
        let aligned = self.0.align(&encoded, &start, &ids, &[frames], MEDIAN).map_err(failed)?;
        let Some(mut aligned) = aligned.into_iter().next() else { return Err(Failure::Decoding) };
        decoded.places = aligned.alignments.iter().map(|pair| (pair.token_x, pair.frame_x)).collect();
        decoded.probabilities = std::mem::take(&mut aligned.text_token_probs);
        Ok(decoded)
    }
}

fn options(beam_size: usize) -> sys::WhisperOptions {
    sys::WhisperOptions { beam_size, return_scores: true, return_no_speech_prob: true, ..Default::default() }
}

/// The library's own words about a failure may hold what it was decoding.
fn failed<E>(_error: E) -> Failure {
    Failure::Decoding
}

/// Wider finds a little more and takes longer.
const BEAM: usize = 5;

/// Width of the filter that smooths attention before words are put in time, as OpenAI's.
const MEDIAN: i64 = 7;
