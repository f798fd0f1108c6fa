//! A packet's payload goes in, samples come out one by one, as many as the packet's time on the stream's clock says.
//!
//! The clock need not be the samples' own: G.722 counts 8,000 ticks for 16,000 samples (RFC 3551, 4.5.2), and Opus
//! always 48,000 (RFC 7587, 4.1), whatever it is decoded to. We have it decoded to 16 kHz at once, so that its sound is
//! resampled once, inside the codec. There is no G.729: the one decoder that could be had (`g729-sys`, also behind
//! `audio-codec`) names bcg729 as its source, which is under the GPL; the crate itself says otherwise.

mod g711;
mod g722;
mod opus;

use crate::wire::rtp::{Codec, Format};

pub(in crate::confidential) enum Decoder {
    Pcma,
    Pcmu,
    L16,
    G722(g722::G722),
    Opus(opus::Opus),
}

super::never_shown!(Decoder, g722::G722, opus::Opus);
super::wiped!(g722::G722, opus::Opus);

impl Decoder {
    pub(in crate::confidential) fn new(codec: Codec) -> Decoder {
        match codec {
            Codec::Pcma => Decoder::Pcma,
            Codec::Pcmu => Decoder::Pcmu,
            Codec::L16 => Decoder::L16,
            Codec::G722 => Decoder::G722(g722::G722::new()),
            Codec::Opus => Decoder::Opus(opus::Opus::new()),
        }
    }

    /// Hands over each sample in turn. Half a sample at the end of an L16 payload is left out.
    pub(in crate::confidential) fn decode(&mut self, payload: &[u8], mut sample: impl FnMut(i16)) {
        match self {
            Decoder::Pcma => payload.iter().for_each(|byte| sample(g711::ALAW[usize::from(*byte)])),
            Decoder::Pcmu => payload.iter().for_each(|byte| sample(g711::ULAW[usize::from(*byte)])),
            Decoder::L16 => {
                payload.chunks_exact(2).for_each(|two| sample(i16::from_be_bytes([two[0], two[1]])))
            }
            Decoder::G722(g722) => g722.decode(payload, sample),
            Decoder::Opus(opus) => opus.decode(payload, sample),
        }
    }

    /// Makes up so many samples for a packet that is missing, where the codec knows how; false where it does not, and
    /// then nothing is handed over.
    pub(in crate::confidential) fn conceal(&mut self, samples: usize, sample: impl FnMut(i16)) -> bool {
        match self {
            Decoder::Opus(opus) => opus.conceal(samples, sample),
            _ => false,
        }
    }
}

/// Ticks of the stream's clock that a payload lasts.
pub(in crate::confidential) fn ticks_in(codec: Codec, payload: &[u8]) -> u32 {
    let bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => bytes,
        Codec::L16 => bytes / 2,
        Codec::Opus => opus::ticks_in(payload),
    }
}

/// Samples per second that come out of the decoder.
pub(in crate::confidential) fn sample_rate(format: &Format) -> u32 {
    match format.codec {
        Codec::Pcma | Codec::Pcmu | Codec::L16 => format.clock_rate,
        Codec::G722 | Codec::Opus => 16_000,
    }
}

#[cfg(test)]
mod tests;
