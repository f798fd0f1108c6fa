//! Sound at 8 kHz goes in, a codec's payloads come out; some codecs keep what was before.

use crate::wire::rtp::Codec;
use audio_codec::Encoder;
use audio_codec::g722::G722Encoder;
use opus_rs::{Application, OpusEncoder};

/// What encodes one stream.
pub struct Coder {
    codec: Codec,
    g722: Box<G722Encoder>,
    /// The last sample, from which the one between it and the next is made: G.722 has twice as many.
    last: i16,
    opus: Option<Box<OpusEncoder>>,
}

impl Coder {
    pub fn new(codec: Codec) -> Coder {
        let opus = (codec == Codec::Opus).then(opus_encoder).flatten();
        Coder { codec, g722: Box::default(), last: 0, opus }
    }

    pub fn encode(&mut self, pcm: &[i16]) -> Vec<u8> {
        match self.codec {
            Codec::Pcma => audio_codec::pcma::PcmaEncoder::new().encode(pcm),
            Codec::Pcmu => audio_codec::pcmu::PcmuEncoder::new().encode(pcm),
            Codec::L16 => pcm.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
            Codec::G722 => {
                let twice = self.doubled(pcm);
                self.g722.encode(&twice)
            }
            Codec::Opus => self.opus(pcm),
        }
    }

    fn doubled(&mut self, pcm: &[i16]) -> Vec<i16> {
        let mut twice = Vec::with_capacity(2 * pcm.len());
        for sample in pcm {
            twice.push(self.last.midpoint(*sample));
            twice.push(*sample);
            self.last = *sample;
        }
        twice
    }

    fn opus(&mut self, pcm: &[i16]) -> Vec<u8> {
        let Some(opus) = &mut self.opus else { return Vec::new() };
        let samples: Vec<f32> = pcm.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
        let mut packet = vec![0; LARGEST_OPUS];
        let length = opus.encode(&samples, samples.len(), &mut packet).unwrap_or_default();
        packet.truncate(length);
        packet
    }
}

/// Of the least effort: many calls are coded at once, and by a program that may not be optimised.
fn opus_encoder() -> Option<Box<OpusEncoder>> {
    let mut encoder = OpusEncoder::new(8_000, 1, Application::Voip).ok()?;
    encoder.complexity = 0;
    Some(Box::new(encoder))
}

/// What stands in a packet of so many samples that the switch makes because it had nothing to read; none of Opus
/// (F76).
pub(super) fn filler(codec: Codec, samples: usize) -> Option<Vec<u8>> {
    match codec {
        Codec::Opus => None,
        Codec::L16 => Some(vec![0xff; 2 * samples]),
        Codec::Pcma | Codec::Pcmu | Codec::G722 => Some(vec![0xff; samples]),
    }
}

/// Ticks of the stream's clock in one of our samples.
pub(super) fn ticks_per_sample(codec: Codec) -> u32 {
    if codec == Codec::Opus { 6 } else { 1 }
}

/// RFC 6716, 3.2.1.
const LARGEST_OPUS: usize = 1_275;
