//! Samples at a stream's rate go in, frames of 16 ms at 16 kHz come out.
//!
//! A polyphase filter (Kaiser window) for any whole-number ratio. It is our own and not the crate `rubato`'s, which was
//! looked at: for one channel and a fixed ratio it takes eighty lines, gives the same output however the packets are
//! split, and its memory can be wiped.

use super::pcm::RATE;
use std::collections::VecDeque;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Samples of a frame: what the voice gate wants at once.
pub(in crate::confidential) const FRAME: usize = 256;

pub(in crate::confidential) struct Resampler {
    /// Output samples per `down` input samples.
    up: usize,
    down: usize,
    /// One row of taps for each of the `up` places that an output sample can have between two input samples, the tap of
    /// the oldest first.
    rows: Vec<Vec<f32>>,
    /// The input samples that the taps still reach, oldest first, and room for a block of new ones.
    past: Box<[f32]>,
    phase: usize,
    /// In a place of its own, for a value that is moved leaves its old place as it was.
    frame: Box<[i16; FRAME]>,
    filled: usize,
    /// Whoever pushes polls after each block, so there is always room.
    ready: VecDeque<[i16; FRAME]>,
    rate: usize,
}

impl Resampler {
    pub(in crate::confidential) fn new(clock_rate: u32) -> Resampler {
        let rate = clock_rate.clamp(LOWEST_RATE, HIGHEST_RATE) as usize;
        let common = gcd(rate, RATE as usize);
        let (up, down) = (RATE as usize / common, rate / common);
        let rows = if up == down { vec![vec![1.0]] } else { filter(up, down) };
        let past = vec![0.0; rows[0].len() - 1 + BLOCK + LANES].into_boxed_slice();
        let (frame, ready) = (Box::new([0; FRAME]), VecDeque::with_capacity(READY));
        Resampler { up, down, rows, past, phase: 0, frame, filled: 0, ready, rate }
    }

    /// Input samples of 80 ms: at any rate a whole number of packets of 10 or 20 ms, of frames and of samples.
    pub(in crate::confidential) fn grid(&self) -> u64 {
        grid(self.rate as u32)
    }

    /// Output samples for so many input samples, a multiple of the grid.
    pub(in crate::confidential) fn out_samples(&self, samples: u64) -> u64 {
        samples / self.grid() * u64::from(RATE) * GRID_MS / 1_000
    }

    /// Takes at most [`BLOCK`] samples; what is beyond is left out.
    pub(in crate::confidential) fn push(&mut self, samples: &[i16]) {
        let samples = &samples[..samples.len().min(BLOCK)];
        let reach = self.rows[0].len() - 1;
        for (place, sample) in self.past[reach..].iter_mut().zip(samples) {
            *place = f32::from(*sample);
        }
        match self.down {
            1 => self.make_many(samples.len()),
            _ => (0..samples.len()).for_each(|at| self.make_some(at)),
        }
        self.past.copy_within(samples.len()..samples.len() + reach, 0);
        self.past[reach..reach + samples.len()].zeroize();
    }

    /// What so many new samples make where the rate goes up by a whole number: several outputs of a row side by side, so
    /// that the compiler makes one instruction of them.
    fn make_many(&mut self, samples: usize) {
        let mut made = [0; BLOCK * MOST_UP];
        for (phase, row) in self.rows.iter().enumerate() {
            for at in (0..samples).step_by(LANES) {
                let mut sums = [0.0; LANES];
                for (tap, past) in row.iter().zip(self.past[at..].windows(LANES)) {
                    for (sum, past) in sums.iter_mut().zip(past) {
                        *sum += tap * past;
                    }
                }
                for (n, sum) in sums.iter().enumerate().take(samples - at) {
                    made[(at + n) * self.up + phase] = whole(*sum);
                }
            }
        }
        made[..samples * self.up].iter().for_each(|sample| self.put(*sample));
        made.zeroize();
    }

    /// What one of the new samples makes where the rates have another ratio.
    fn make_some(&mut self, at: usize) {
        while self.phase < self.up {
            let row = &self.rows[self.phase];
            let sum: f32 = row.iter().zip(&self.past[at..]).map(|(tap, past)| tap * past).sum();
            self.put(whole(sum));
            self.phase += self.down;
        }
        self.phase -= self.up;
    }

    pub(in crate::confidential) fn poll(&mut self) -> Option<[i16; FRAME]> {
        if self.ready.is_empty() {
            return None;
        }
        // What is popped is a copy; the place that it had is wiped.
        let frame = self.ready.front().copied();
        self.ready.front_mut().into_iter().for_each(Zeroize::zeroize);
        self.ready.pop_front();
        frame
    }

    /// Begins a new frame and says how many samples of the old one were dropped.
    pub(in crate::confidential) fn drop_partial_frame(&mut self) -> u64 {
        self.frame.zeroize();
        std::mem::take(&mut self.filled) as u64
    }

    fn put(&mut self, sample: i16) {
        self.frame[self.filled] = sample;
        self.filled += 1;
        if self.filled == FRAME {
            self.ready.push_back(*self.frame);
            self.filled = 0;
        }
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        self.past.zeroize();
        self.ready.iter_mut().for_each(Zeroize::zeroize);
        self.frame.zeroize();
    }
}

impl ZeroizeOnDrop for Resampler {}

/// The nearest sample.
fn whole(sum: f32) -> i16 {
    // `as` stops at the ends.
    (sum + 0.5_f32.copysign(sum)) as i16
}

/// Samples that are taken at once: a packet of 20 ms at 8 kHz. More need more room, fewer more moving.
pub(in crate::confidential) const BLOCK: usize = 160;

/// Outputs that are made side by side. Twice as many do not fit into a processor's registers.
const LANES: usize = 16;

/// The lowest rate goes up so many times.
const MOST_UP: usize = (RATE / LOWEST_RATE) as usize;

/// Frames that one block can make, and one more.
const READY: usize = BLOCK * MOST_UP / FRAME + 2;

/// Ticks of a clock in 80 ms.
pub(in crate::confidential) fn grid(clock_rate: u32) -> u64 {
    u64::from(clock_rate.clamp(LOWEST_RATE, HIGHEST_RATE)) * GRID_MS / 1_000
}

/// A windowed sinc, cut into one row per phase; each row's last tap belongs to the newest input sample.
fn filter(up: usize, down: usize) -> Vec<Vec<f32>> {
    let widest = up.max(down) as f64;
    let taps = (TAPS * widest / up as f64).ceil() as usize;
    let (length, cutoff) = (taps * up, PASS / widest);
    let middle = (length - 1) as f64 / 2.0;
    let tap = |n: usize| {
        let x = n as f64 - middle;
        let edge = (1.0 - (x / (middle + 1.0)).powi(2)).max(0.0).sqrt();
        sinc(x * cutoff) * cutoff * bessel(BETA * edge) / bessel(BETA)
    };
    let row = |phase: usize| (0..taps).rev().map(|k| (tap(k * up + phase) * up as f64) as f32).collect();
    let rows = (0..up).map(row);
    rows.collect()
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let step = |(sum, term): (f64, f64), n: i32| {
        let term = term * (x / 2.0 / f64::from(n)).powi(2);
        (sum + term, term)
    };
    (1..40).fold((1.0, 1.0), step).0
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Rates outside these are no telephone's; they are heard at the nearer end instead of taking memory without bound.
const LOWEST_RATE: u32 = 4_000;
const HIGHEST_RATE: u32 = 96_000;

const GRID_MS: u64 = 80;

/// Input samples that one output sample is made of when the rate goes up. More is steeper and dearer.
const TAPS: f64 = 32.0;

/// Share of the lower rate's band that passes: 3.6 kHz of a telephone's 4.
const PASS: f64 = 0.92;

/// Kaiser's parameter: 80 dB of attenuation.
const BETA: f64 = 7.9;

#[cfg(test)]
mod tests {
    use super::*;

    fn through(rate: u32, samples: &[i16]) -> Vec<i16> {
        let mut resampler = Resampler::new(rate);
        let mut out = Vec::new();
        for some in samples.chunks(BLOCK) {
            resampler.push(some);
            out.extend(std::iter::from_fn(|| resampler.poll()).flatten());
        }
        out
    }

    fn tone(rate: u32, hertz: f64) -> Vec<i16> {
        let step = hertz * std::f64::consts::TAU / f64::from(rate);
        (0..rate).map(|n| ((f64::from(n) * step).sin() * 10_000.0) as i16).collect()
    }

    fn loudness(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_keeps_its_loudness_and_its_time_at_every_rate() {
        for rate in [8_000, 16_000, 32_000, 44_100, 48_000] {
            let out = through(rate, &tone(rate, 1_000.0));
            assert!(out.len().abs_diff(16_000) <= FRAME, "{rate}: {}", out.len());
            let loud = loudness(&out[1_000..15_000]);
            assert!((loud / 7_071.0 - 1.0).abs() < 0.01, "{rate}: {loud}");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_taken_out() {
        let out = through(48_000, &tone(48_000, 10_000.0));
        assert!(loudness(&out[1_000..15_000]) < 10.0);
        let up = through(8_000, &tone(8_000, 3_000.0));
        let mirror = tone(16_000, 5_000.0);
        let correlation: f64 = up.iter().zip(&mirror).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!((correlation / up.len() as f64).abs() < 2e5);
    }

    #[test]
    fn samples_come_out_the_same_however_they_are_split() {
        for rate in [4_000, 8_000, 16_000, 44_100, 48_000] {
            let voice = tone(rate, 700.0);
            for size in [1, 7, 80, BLOCK - 1] {
                let mut resampler = Resampler::new(rate);
                let mut out = Vec::new();
                for some in voice.chunks(size) {
                    resampler.push(some);
                    out.extend(std::iter::from_fn(|| resampler.poll()).flatten());
                }
                assert!(out == through(rate, &voice), "{rate} in pieces of {size}");
            }
        }
    }

    #[test]
    fn sixteen_kilohertz_pass_untouched() {
        let samples = tone(16_000, 440.0);
        assert!(through(16_000, &samples) == samples[..samples.len() / FRAME * FRAME]);
    }

    #[test]
    fn a_grid_is_a_whole_number_of_frames() {
        for rate in [8_000, 16_000, 48_000] {
            let resampler = Resampler::new(rate);
            assert_eq!(resampler.out_samples(resampler.grid()) % FRAME as u64, 0);
        }
    }
}
