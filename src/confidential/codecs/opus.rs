//! Opus (RFC 6716) over RTP (RFC 7587): packets of 2.5 to 120 ms, in mono or stereo, with pauses in which nothing is
//! sent; one channel at 16 kHz comes out.
//!
//! The decoder is the crate `opus-rs`, a port of libopus to Rust under its licence (BSD-3-Clause): no C, no generated
//! code, no memory that is both written and run, so it works in an ear that is locked in. Its `unsafe` is for vector
//! instructions and unchecked tables. `audio-codec`'s own wrapper of it takes packets of 20 ms alone.

use crate::confidential::stack;
use opus_rs::OpusDecoder;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(in crate::confidential) struct Opus {
    /// Nothing where it cannot be made; then there is silence.
    decoder: Option<Box<OpusDecoder>>,
    samples: Box<[f32; LONGEST]>,
}

impl Opus {
    pub(super) fn new() -> Opus {
        let decoder = OpusDecoder::new(RATE, 1).ok().map(Box::new);
        Opus { decoder, samples: Box::new([0.0; LONGEST]) }
    }

    /// A packet that cannot be decoded is silence of its length.
    pub(super) fn decode(&mut self, payload: &[u8], sample: impl FnMut(i16)) {
        let length = ticks_in(payload) as usize / TICKS_PER_SAMPLE;
        self.make(payload, length, sample);
    }

    /// Carries on with what was said last, fading; true.
    pub(super) fn conceal(&mut self, samples: usize, mut sample: impl FnMut(i16)) -> bool {
        let mut left = samples;
        while left > 0 {
            let length = left.min(LONGEST_CONCEALED);
            // It makes up whole steps of 2.5 ms; what is more than was asked for is left out.
            let mut wanted = length;
            self.make(&[], length.next_multiple_of(STEP), |made| {
                if wanted > 0 {
                    wanted -= 1;
                    sample(made);
                }
            });
            left -= length;
        }
        true
    }

    fn make(&mut self, payload: &[u8], length: usize, mut sample: impl FnMut(i16)) {
        let room = &mut self.samples[..length];
        if let Some(decoder) = &mut self.decoder
            && length > 0
            && stack::deep(|| decoder.decode(payload, length, room)).is_err()
        {
            room.zeroize();
        }
        let whole = |made: f32| (made * 32_768.0).round().clamp(f32::from(i16::MIN), f32::from(i16::MAX));
        room.iter().for_each(|made| sample(whole(*made) as i16));
        room.zeroize();
    }
}

impl Opus {
    /// The decoder keeps the last 60 ms and cannot be told to forget them, so it is given nothing to remember: silence in
    /// each of its two ways of coding, until the last of what was said has been written over.
    pub(super) fn forget(&mut self) {
        for packet in [SILENT_CELT, SILENT_SILK, SILENT_CELT] {
            for _ in 0..FORGETS_AFTER {
                self.decode(packet, |_| {});
            }
        }
    }
}

impl Drop for Opus {
    fn drop(&mut self) {
        self.forget();
    }
}

impl ZeroizeOnDrop for Opus {}

/// Ticks of the clock, 48 kHz, that a packet lasts (RFC 6716, 3.1 and 3.2); none of one that is malformed.
pub(super) fn ticks_in(payload: &[u8]) -> u32 {
    let Some(toc) = payload.first() else { return 0 };
    let frames = match (toc & 3, payload.get(1)) {
        (0, _) => 1,
        (1 | 2, _) => 2,
        (_, Some(count)) => u32::from(count & 0x3f),
        (_, None) => return 0,
    };
    let ticks = frames * frame_ticks(toc >> 3);
    if ticks <= MOST_TICKS { ticks } else { 0 }
}

/// Ticks of one frame, by the configuration in the first five bits (RFC 6716, table 2).
fn frame_ticks(configuration: u8) -> u32 {
    match configuration {
        0..12 => [480, 960, 1_920, 2_880][usize::from(configuration % 4)],
        12..16 => [480, 960][usize::from(configuration % 2)],
        _ => [120, 240, 480, 960][usize::from(configuration % 4)],
    }
}

const RATE: i32 = 16_000;
const TICKS_PER_SAMPLE: usize = 3;

/// 2.5 ms.
const STEP: usize = 40;

/// 120 ms: longer packets there are none.
const MOST_TICKS: u32 = 5_760;
const LONGEST: usize = MOST_TICKS as usize / TICKS_PER_SAMPLE;

/// What is made up at once.
const LONGEST_CONCEALED: usize = 320;

/// 20 ms of silence, coded as CELT does it, and as SILK does.
const SILENT_CELT: &[u8] = &[0xf8, 0xff, 0xfe];
const SILENT_SILK: &[u8] = &[0x48, 0x07, 0xc9];

/// Packets after which nothing depends on what was before them; a test tries it.
const FORGETS_AFTER: usize = 10;
