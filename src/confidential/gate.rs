//! Frames of 16 ms go in; those in which somebody speaks come out, with a little before and after.
//!
//! The judge is the crate `earshot` (a small neural network, pure Rust, 40 KiB of weights), tried on 8 kHz A-law
//! brought up to 16 kHz: in 18 spoken calls it is sure of nearly every frame, and pink and white noise never pass.
//! It takes ringing and hold music for voices, so those are sorted out here:
//!
//! * A *tone* is a frame that four past samples foretell almost wholly, as they do one or two sine waves.
//! * *Music* never rests. Speech had 14 % of frames without a voice in its densest 15 s, five pieces of hold music at
//!   most 0.6 %. What has passed by then is the recogniser's to doubt; the first rest opens the gate again, for a
//!   speaker taken for music would be an objection lost.
//!
//! `webrtc-vad` was looked at and left: it is C, and made for 8 kHz but blinder.

use super::pcm::PER_MS;
use super::resample::FRAME;
use super::window::Packer;
use earshot::Detector;
use std::collections::VecDeque;
use std::hint::black_box;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(in crate::confidential) struct Gate {
    detector: Box<Detector>,
    /// The last frames, kept while nobody speaks: a word's beginning is heard only after it.
    before: VecDeque<[i16; FRAME]>,
    /// Frames of voice in a row, while closed.
    rising: usize,
    /// Frames since the last voice, while open.
    falling: usize,
    open: bool,
    /// The detector has heard something since it was last new.
    touched: bool,
    rests: Rests,
}

super::never_shown!(Gate);
super::wiped!(Gate);

impl Gate {
    pub(in crate::confidential) fn new() -> Gate {
        Gate {
            detector: Box::default(),
            before: VecDeque::with_capacity(BEFORE + 1),
            rising: 0,
            falling: 0,
            open: false,
            touched: false,
            rests: Rests::default(),
        }
    }

    /// Takes the next frame, which ends at `call_ms`.
    pub(in crate::confidential) fn handle(
        &mut self,
        frame: &[i16; FRAME],
        call_ms: u32,
        packer: &mut Packer,
    ) {
        let voice = self.is_voice(frame);
        match self.open {
            true => self.go_on(frame, voice, call_ms, packer),
            false => self.wait(frame, voice, call_ms, packer),
        }
    }

    /// Nobody speaks.
    pub(in crate::confidential) fn is_closed(&self) -> bool {
        !self.open
    }

    /// Nothing more comes.
    pub(in crate::confidential) fn finish(&mut self, _call_ms: u32, packer: &mut Packer) {
        if std::mem::take(&mut self.open) {
            packer.end();
        }
        self.forget_before();
    }

    fn wait(&mut self, frame: &[i16; FRAME], voice: bool, call_ms: u32, packer: &mut Packer) {
        self.before.push_back(*frame);
        if self.before.len() > BEFORE {
            // What is popped is a copy; the place that it had is the one to be wiped.
            self.before.front_mut().into_iter().for_each(Zeroize::zeroize);
            self.before.pop_front();
        }
        self.rising = if voice { self.rising + 1 } else { 0 };
        if self.rising < RISING {
            return;
        }
        self.open = true;
        self.falling = 0;
        packer.begin(call_ms.saturating_sub((self.before.len() * FRAME / PER_MS) as u32));
        for frame in &self.before {
            packer.voice(frame, call_ms);
        }
        self.forget_before();
    }

    fn go_on(&mut self, frame: &[i16; FRAME], voice: bool, call_ms: u32, packer: &mut Packer) {
        packer.voice(frame, call_ms);
        self.falling = if voice { 0 } else { self.falling + 1 };
        if self.falling >= AFTER {
            self.open = false;
            self.rising = 0;
            packer.end();
        }
    }

    fn is_voice(&mut self, frame: &[i16; FRAME]) -> bool {
        if is_silence(frame) {
            self.renew();
            self.rests.note(true);
            return false;
        }
        self.touched = true;
        let threshold = if self.open { STAYS } else { OPENS };
        let score = self.detector.predict_i16(frame);
        self.rests.note(score < STAYS);
        score >= threshold && !self.rests.music && unforetold(frame) > TONE
    }

    /// In silence the detector starts afresh, so that what it says depends on what is spoken next and not on how long
    /// the silence was.
    fn renew(&mut self) {
        if std::mem::take(&mut self.touched) {
            *self.detector = Detector::default();
        }
    }

    fn forget_before(&mut self) {
        self.before.iter_mut().for_each(Zeroize::zeroize);
        self.before.clear();
    }
}

/// Nothing in it is loud enough to be heard.
pub(in crate::confidential) fn is_silence(samples: &[i16]) -> bool {
    samples.iter().all(|sample| sample.unsigned_abs() < QUIETEST)
}

impl Drop for Gate {
    /// What the detector keeps is written over; what nobody looks at would be left out by the compiler.
    fn drop(&mut self) {
        self.forget_before();
        *self.detector = Detector::default();
        black_box(&*self.detector);
    }
}

impl ZeroizeOnDrop for Gate {}

/// How often whoever makes the sound takes a rest.
#[derive(Default)]
struct Rests {
    last: VecDeque<bool>,
    count: usize,
    in_a_row: usize,
    music: bool,
}

impl Rests {
    fn note(&mut self, rest: bool) {
        self.last.push_back(rest);
        self.count += usize::from(rest);
        if self.last.len() > WATCHED {
            self.count -= usize::from(self.last.pop_front().unwrap_or(false));
            self.music |= self.count < FEWEST_RESTS;
        }
        self.in_a_row = if rest { self.in_a_row + 1 } else { 0 };
        if self.music && self.in_a_row >= RISING {
            *self = Rests::default();
        }
    }
}

/// The share of a frame's energy that its own past does not foretell: least squares over the last four samples, at
/// 8 kHz, because above 4 kHz there is nothing in a telephone's sound.
fn unforetold(frame: &[i16; FRAME]) -> f64 {
    let mut samples = [0.0; FRAME / 2];
    for (cell, sample) in samples.iter_mut().zip(frame.iter().step_by(2)) {
        *cell = f64::from(*sample);
    }
    let product = |i: usize, j: usize| {
        let pairs = samples[ORDER - i..].iter().zip(&samples[ORDER - j..]);
        pairs.take(samples.len() - ORDER).map(|(a, b)| a * b).sum::<f64>()
    };
    let energy = product(0, 0).max(1.0);
    let mut rows = [[0.0; ORDER + 1]; ORDER];
    for (i, row) in rows.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell = product(i + 1, (j + 1) % (ORDER + 1));
        }
        // A little of nothing, so that a pure tone can be solved too.
        row[i] += energy * 1e-7;
    }
    let foretold = solve(rows);
    let rest = energy - (0..ORDER).map(|i| foretold[i] * product(i + 1, 0)).sum::<f64>();
    samples.zeroize();
    rest / energy
}

/// Gauss: each row holds the weights and, last, their sum.
fn solve(mut rows: [[f64; ORDER + 1]; ORDER]) -> [f64; ORDER] {
    for i in 0..ORDER {
        let pivot = rows[i];
        for row in &mut rows[i + 1..] {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(pivot).skip(i).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    let mut found = [0.0; ORDER];
    for i in (0..ORDER).rev() {
        let known: f64 = (i + 1..ORDER).map(|j| rows[i][j] * found[j]).sum();
        found[i] = (rows[i][ORDER] - known) / rows[i][i];
    }
    found
}

/// The score from which a voice begins, and the one below which it has ended. Lower lets in noise, higher loses soft
/// beginnings.
const OPENS: f32 = 0.5;
const STAYS: f32 = 0.35;

/// Frames of voice that open the gate: a click has fewer.
const RISING: usize = 3;

/// Frames from before that are let through once it opens: 256 ms.
const BEFORE: usize = 16;

/// Frames without voice that close it: 400 ms, longer than the pauses between words.
const AFTER: usize = 25;

/// A frame without a sample of this size is silence whatever is in it; -60 dB of full scale.
const QUIETEST: u16 = 32;

/// Unforetold share up to which a frame is a tone. A-law leaves 0.0003 of a sine and 0.0006 of two; of voiced speech
/// under 0.001 is rare and bridged by [`AFTER`].
const TONE: f64 = 0.001;

/// Two sine waves need four samples.
const ORDER: usize = 4;

/// Frames that are watched for rests: 15 s.
const WATCHED: usize = 937;

/// Fewer rests than 3 % of them are music.
const FEWEST_RESTS: usize = 28;

#[cfg(test)]
mod tests {
    use super::super::pcm::Budget;
    use super::super::recogniser::Packing;
    use super::*;

    const PACKING: Packing = Packing::Windows { longest_ms: 29_000 };

    /// Milliseconds that pass of so many samples.
    fn passed(samples: impl Iterator<Item = i16>) -> u32 {
        let (mut gate, mut packer) = (Gate::new(), Packer::new(PACKING, &Budget::default()));
        let samples: Vec<i16> = samples.collect();
        for (n, frame) in samples.as_chunks::<FRAME>().0.iter().enumerate() {
            gate.handle(frame, (n as u32 + 1) * 16, &mut packer);
        }
        packer.speech_ms()
    }

    fn tone(hertz: &[f64], seconds: usize) -> impl Iterator<Item = i16> {
        let wave = move |n: usize| {
            let at = |hertz: &f64| (n as f64 * hertz * std::f64::consts::TAU / 16_000.0).sin();
            (hertz.iter().map(at).sum::<f64>() * 6_000.0) as i16
        };
        (0..seconds * 16_000).map(wave)
    }

    #[test]
    fn silence_and_noise_do_not_pass() {
        assert_eq!(passed(std::iter::repeat_n(8, 48_000)), 0);
        let mut seed = 1u32;
        let noise = std::iter::from_fn(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((seed >> 16) as i16 / 64)
        });
        assert_eq!(passed(noise.take(48_000)), 0);
    }

    #[test]
    fn ringing_and_keys_do_not_pass() {
        for tones in [&[425.0][..], &[440.0, 480.0], &[697.0, 1_209.0]] {
            assert_eq!(passed(tone(tones, 3)), 0);
        }
    }

    #[test]
    fn what_never_rests_is_music_until_it_rests() {
        let mut rests = Rests::default();
        (0..WATCHED).for_each(|_| rests.note(false));
        assert!(!rests.music);
        rests.note(false);
        assert!(rests.music);
        (0..RISING).for_each(|_| rests.note(true));
        assert!(!rests.music);
        (0..4 * WATCHED).for_each(|n| rests.note(n % 20 == 0));
        assert!(!rests.music, "one rest in twenty frames is speech");
    }
}
