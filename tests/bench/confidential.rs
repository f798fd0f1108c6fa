//! The ear's own gate, fax detector and resampler, compiled into a bench, so that their share can be measured alone.

#![allow(dead_code, unused_imports, unused_macros, reason = "the ear and its unit tests need more of it")]

#[path = "../../src/confidential/fax.rs"]
mod fax;
#[path = "../../src/confidential/gate.rs"]
mod gate;
#[path = "../../src/confidential/never_shown.rs"]
mod never_shown;
#[path = "../../src/confidential/pcm.rs"]
mod pcm;
#[path = "../../src/confidential/resample.rs"]
mod resample;
#[path = "../../src/confidential/window.rs"]
mod window;

mod recogniser {
    pub use callgist::confidential::recogniser::Packing;
}

use crate::cpu::thread_cpu;
use never_shown::{lacks, never_printed, never_shown, wiped};
use recogniser::Packing;

/// Samples at 8 kHz as the gate gets them.
pub fn frames(samples: &[i16]) -> Vec<[i16; resample::FRAME]> {
    let mut resampler = resample::Resampler::new(8_000);
    let mut frames = Vec::new();
    for some in samples.chunks(resample::BLOCK) {
        resampler.push(some);
        frames.extend(std::iter::from_fn(|| resampler.poll()));
    }
    frames
}

/// What the gate lets through of frames, as the packer gives it to a recogniser; `alone` makes a window of each utterance.
pub fn gated(frames: &[[i16; resample::FRAME]], packing: Packing, alone: bool) -> Vec<Vec<i16>> {
    let (mut gate, mut packer) = (gate::Gate::new(), window::Packer::new(packing, &pcm::Budget::default()));
    let mut given = Vec::new();
    let mut take = |packer: &mut window::Packer| {
        while let Some(window::Given::Window(window)) = packer.poll() {
            given.push(window.slices().flatten().copied().collect());
        }
    };
    for (n, frame) in frames.iter().enumerate() {
        let now_ms = (n as u32 + 1) * 16;
        gate.handle(frame, now_ms, &mut packer);
        packer.tick(now_ms, None);
        if alone && gate.is_closed() {
            packer.close_window();
        }
        take(&mut packer);
    }
    gate.finish(frames.len() as u32 * 16, &mut packer);
    packer.close_window();
    take(&mut packer);
    given
}

/// Who listens to every frame of one party before a recogniser does.
pub struct Judges {
    fax: fax::Fax,
    gate: gate::Gate,
    packer: window::Packer,
}

impl Judges {
    pub fn new() -> Judges {
        let packer = window::Packer::new(Packing::Stream, &pcm::Budget::default());
        Judges { fax: fax::Fax::default(), gate: gate::Gate::new(), packer }
    }

    /// CPU seconds for these frames.
    pub fn judge(&mut self, frames: &[[i16; resample::FRAME]]) -> f64 {
        let before = thread_cpu();
        for (n, frame) in frames.iter().enumerate() {
            let now_ms = (n as u32 + 1) * 16;
            self.fax.handle(frame, now_ms);
            self.gate.handle(frame, now_ms, &mut self.packer);
            self.packer.tick(now_ms, None);
            while let Some(given) = self.packer.poll() {
                drop(given);
            }
        }
        thread_cpu() - before
    }
}
