//! Samples at 16 kHz go in, the log-mel features of one Whisper window come out.
//!
//! As OpenAI's `log_mel_spectrogram` does it: 25 ms Hann windows every 10 ms, mirrored at the beginning, zeros after
//! the end up to 30 s, 80 (or 128) bands on Slaney's mel scale, eight decades under the loudest. (`ct2rs` has its own,
//! which takes the loudest of each frame for that of the window and keeps copies of the audio.)

use super::pcm::{Pcm, RATE};
use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// Frames of a whole window.
pub const FRAMES: usize = 3_000;

/// Samples from one frame to the next.
pub(in crate::confidential) const HOP: usize = 160;

pub(in crate::confidential) struct Mel {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: Vec<f32>,
    bands: Vec<Band>,
}

/// A triangle on the frequency axis: the first bin it touches and its weights.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Mel {
    pub(in crate::confidential) fn new(bands: usize) -> Mel {
        let hann = |n: usize| 0.5 - 0.5 * (n as f32 * std::f32::consts::TAU / FFT as f32).cos();
        Mel {
            fft: RealFftPlanner::new().plan_fft_forward(FFT),
            hann: (0..FFT).map(hann).collect(),
            bands: triangles(bands),
        }
    }

    /// One row of [`FRAMES`] for each band. What is longer than 30 s is left out.
    pub(in crate::confidential) fn features(&self, audio: &Pcm) -> Zeroizing<Vec<f32>> {
        let padded = padded(audio);
        let mut features = Zeroizing::new(vec![SILENCE; self.bands.len() * FRAMES]);
        let mut input = Zeroizing::new(vec![0.0; FFT]);
        let mut spectrum = vec![Complex32::default(); FFT / 2 + 1];
        let mut scratch = vec![Complex32::default(); self.fft.get_scratch_len()];
        let used = (audio.len() + FFT).div_ceil(HOP).min(FRAMES);
        for frame in 0..used {
            let samples = &padded[frame * HOP..frame * HOP + FFT];
            for ((cell, sample), weight) in input.iter_mut().zip(samples).zip(&self.hann) {
                *cell = sample * weight;
            }
            // It fails only for buffers of the wrong length; these are the plan's own.
            let _ = self.fft.process_with_scratch(&mut input, &mut spectrum, &mut scratch);
            for (row, band) in self.bands.iter().enumerate() {
                features[row * FRAMES + frame] = band.energy(&spectrum).max(1e-10).log10();
            }
        }
        wipe(&mut spectrum);
        wipe(&mut scratch);
        level(&mut features);
        features
    }
}

/// What nobody looks at afterwards would be left as it is by the compiler.
fn wipe(cells: &mut [Complex32]) {
    for cell in cells {
        cell.re.zeroize();
        cell.im.zeroize();
    }
}

impl Band {
    fn energy(&self, spectrum: &[Complex32]) -> f32 {
        let bins = spectrum[self.first..].iter();
        self.weights.iter().zip(bins).map(|(weight, bin)| weight * bin.norm_sqr()).sum()
    }
}

/// The audio with half a transform in front of it, mirrored, and zeros behind.
fn padded(audio: &Pcm) -> Zeroizing<Vec<f32>> {
    let mut padded = Zeroizing::new(vec![0.0; FRAMES * HOP + FFT]);
    let room = FRAMES * HOP;
    for (cell, sample) in padded[FFT / 2..][..room].iter_mut().zip(audio.slices().flatten()) {
        *cell = f32::from(*sample) / 32_768.0;
    }
    for n in 0..FFT / 2 {
        padded[FFT / 2 - 1 - n] = padded[FFT / 2 + 1 + n];
    }
    padded
}

fn level(features: &mut [f32]) {
    let loudest = features.iter().copied().fold(SILENCE, f32::max);
    for cell in features {
        *cell = (cell.max(loudest - 8.0) + 4.0) / 4.0;
    }
}

/// Slaney's filters: each triangle reaches from its lower to its upper neighbour and has the same area.
fn triangles(bands: usize) -> Vec<Band> {
    let top = hertz_to_mel(f64::from(RATE) / 2.0);
    let edges: Vec<f64> = (0..bands + 2).map(|n| mel_to_hertz(top * n as f64 / (bands + 1) as f64)).collect();
    let bin_width = f64::from(RATE) / FFT as f64;
    let triangle = |edge: &[f64]| {
        let weight = |bin: usize| {
            let hertz = bin as f64 * bin_width;
            let (rise, fall) =
                ((hertz - edge[0]) / (edge[1] - edge[0]), (edge[2] - hertz) / (edge[2] - edge[1]));
            rise.min(fall).max(0.0) * 2.0 / (edge[2] - edge[0])
        };
        let touched: Vec<usize> = (0..=FFT / 2).filter(|bin| weight(*bin) > 0.0).collect();
        let first = touched.first().copied().unwrap_or(0);
        Band { first, weights: touched.iter().map(|bin| weight(*bin) as f32).collect() }
    };
    edges.windows(3).map(triangle).collect()
}

/// Linear up to 1 kHz, logarithmic above.
fn mel_to_hertz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1_000.0 * ((mel - 15.0) * LOG_STEP).exp() }
}

fn hertz_to_mel(hertz: f64) -> f64 {
    if hertz < 1_000.0 { hertz * 3.0 / 200.0 } else { 15.0 + (hertz / 1_000.0).ln() / LOG_STEP }
}

/// ln(6.4) / 27.
const LOG_STEP: f64 = 0.068_751_777_420_949_12;

const FFT: usize = 400;

/// log10 of the least energy that counts.
const SILENCE: f32 = -10.0;

#[cfg(test)]
mod tests {
    use super::super::pcm::Budget;
    use super::*;

    fn tone(hertz: f32) -> Pcm {
        let mut pcm = Pcm::new(&Budget::default());
        let sample = |n: u32| ((n as f32 * hertz * std::f32::consts::TAU / 16_000.0).sin() * 8_000.0) as i16;
        (0..16_000).for_each(|n| pcm.push(&[sample(n)]));
        pcm
    }

    #[test]
    fn the_filters_are_those_of_whisper() {
        // From `mel_filters.npz` of OpenAI's package: a few cells of the filter bank for 80 bands.
        let bands = triangles(80);
        let cell = |row: usize, bin: usize| {
            let band: &Band = &bands[row];
            bin.checked_sub(band.first).and_then(|n| band.weights.get(n)).copied().unwrap_or(0.0)
        };
        assert!((cell(0, 1) - 0.024_862_6).abs() < 1e-6, "{}", cell(0, 1));
        assert!((cell(1, 1) - 0.001_990_8).abs() < 1e-6, "{}", cell(1, 1));
        assert_eq!(cell(0, 2), 0.0);
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_silence_is_level() {
        let mel = Mel::new(80);
        let features = mel.features(&tone(1_000.0));
        let frame = |n: usize| (0..80).map(|row| features[row * FRAMES + n]).collect::<Vec<f32>>();
        let loudest = |row: &[f32]| row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!(mel.bands[loudest(&frame(50))].first, 25, "1 kHz is bin 25, where this band begins");
        assert!(frame(2_000).iter().all(|cell| *cell == frame(2_000)[0]));
        assert!(
            (frame(50)[loudest(&frame(50))] - frame(2_000)[0] - 2.0).abs() < 1e-3,
            "eight decades, a quarter each"
        );
    }
}
