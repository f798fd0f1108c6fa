//! A packet's payload goes in, samples come out one by one.
//!
//! G.711 is two tables of 256 entries (ITU-T G.711, tables 1a and 2a); written out here because the crates that hold
//! them return each packet in a vector of their own, which nobody wipes.

use crate::wire::rtp::Codec;

pub(in crate::confidential) struct Decoder {
    codec: Codec,
}

impl Decoder {
    pub(in crate::confidential) fn new(codec: Codec) -> Decoder {
        Decoder { codec }
    }

    /// Hands over each sample in turn. Half a sample at the end of an L16 payload is left out.
    pub(in crate::confidential) fn decode(&self, payload: &[u8], mut sample: impl FnMut(i16)) {
        match self.codec {
            Codec::Pcma => payload.iter().for_each(|byte| sample(ALAW[usize::from(*byte)])),
            Codec::Pcmu => payload.iter().for_each(|byte| sample(ULAW[usize::from(*byte)])),
            Codec::L16 => {
                payload.chunks_exact(2).for_each(|two| sample(i16::from_be_bytes([two[0], two[1]])))
            }
        }
    }
}

/// Samples in a payload of so many bytes.
pub(in crate::confidential) fn samples_in(codec: Codec, bytes: usize) -> u32 {
    let samples = match codec {
        Codec::Pcma | Codec::Pcmu => bytes,
        Codec::L16 => bytes / 2,
    };
    u32::try_from(samples).unwrap_or(u32::MAX)
}

const ALAW: [i16; 256] = table(true);
const ULAW: [i16; 256] = table(false);

const fn table(alaw: bool) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        samples[byte] = if alaw { from_alaw(byte as u8) } else { from_ulaw(byte as u8) };
        byte += 1;
    }
    samples
}

const fn from_alaw(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let (segment, step) = ((bits >> 4 & 7) as u32, (bits & 15) as i16);
    let size = match segment {
        0 => step * 16 + 8,
        _ => (step * 16 + 264) << (segment - 1),
    };
    if bits & 0x80 == 0 { -size } else { size }
}

const fn from_ulaw(byte: u8) -> i16 {
    let bits = !byte;
    let (segment, step) = ((bits >> 4 & 7) as u32, (bits & 15) as i16);
    let size = ((step * 8 + 132) << segment) - 132;
    if bits & 0x80 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio_codec::{Decoder as _, pcma::PcmaDecoder, pcmu::PcmuDecoder};

    fn decoded(codec: Codec, payload: &[u8]) -> Vec<i16> {
        let mut samples = Vec::new();
        Decoder::new(codec).decode(payload, |sample| samples.push(sample));
        samples
    }

    #[test]
    fn g711_is_what_a_kept_crate_makes_of_it() {
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decoded(Codec::Pcma, &every), PcmaDecoder::new().decode(&every));
        assert_eq!(decoded(Codec::Pcmu, &every), PcmuDecoder::new().decode(&every));
    }

    #[test]
    fn the_figures_of_the_findings_hold() {
        assert_eq!(decoded(Codec::Pcma, &[0xff, 0xd5, 0x55]), [848, 8, -8]);
        assert_eq!(decoded(Codec::Pcmu, &[0xff, 0x7f, 0x00, 0x80]), [0, 0, -32_124, 32_124]);
    }

    #[test]
    fn l16_is_in_network_byte_order_and_half_a_sample_is_none() {
        assert_eq!(decoded(Codec::L16, &[0x01, 0x02, 0xff, 0xfe, 0x7f]), [258, -2]);
        assert_eq!(samples_in(Codec::L16, 5), 2);
    }
}
