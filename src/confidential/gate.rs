//! Frames of 16 ms go in; those in which somebody speaks come out, with a little before and after.
//!
//! The judge is the crate `earshot` (a small neural network, pure Rust, 40 KiB of weights): it was tried on 8 kHz
//! A-law brought up to 16 kHz, see the tests. What it takes for a voice and is none (tones: ringing, busy, keys) is
//! sorted out here. `webrtc-vad` was looked at and left: C code, and music passes it.

use super::pcm::PER_MS;
use super::resample::FRAME;
use super::window::Packer;
use earshot::Detector;
use std::collections::VecDeque;
use zeroize::Zeroize;

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
}

super::never_shown!(Gate);

impl Gate {
    pub(in crate::confidential) fn new() -> Gate {
        Gate {
            detector: Box::default(),
            before: VecDeque::with_capacity(BEFORE + 1),
            rising: 0,
            falling: 0,
            open: false,
            touched: false,
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

    /// Nothing more comes.
    pub(in crate::confidential) fn finish(&mut self, _call_ms: u32, packer: &mut Packer) {
        if std::mem::take(&mut self.open) {
            packer.end();
        }
        self.forget_before();
    }

    fn wait(&mut self, frame: &[i16; FRAME], voice: bool, call_ms: u32, packer: &mut Packer) {
        self.before.push_back(*frame);
        if self.before.len() > BEFORE
            && let Some(mut old) = self.before.pop_front()
        {
            old.zeroize();
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
        let loudest = frame.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        if loudest < QUIETEST {
            self.renew();
            return false;
        }
        self.touched = true;
        let threshold = if self.open { STAYS } else { OPENS };
        self.detector.predict_i16(frame) >= threshold
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

impl Drop for Gate {
    fn drop(&mut self) {
        self.forget_before();
        *self.detector = Detector::default();
    }
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
