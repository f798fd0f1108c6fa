//! The codecs that a phone speaks: 20 ms of speech at 8 kHz go in as payloads, payloads come out as what they sound like.

use super::phone::{FRAME, Sound, sound};
use audio_codec::Decoder;
use audio_codec::g722::G722Decoder;
use audio_codec::pcma::PcmaDecoder;
use audio_codec::pcmu::PcmuDecoder;
use callgist::sim::Coder;
use callgist::wire::rtp;
use opus_rs::OpusDecoder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Pcma,
    Pcmu,
    G722,
    Opus,
    /// Nobody here decodes it, the switch neither: it hands on what comes (`mod_g729` without a licence).
    G729,
}

/// How the switch names it, in its settings and on its channels.
pub fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::G722 => "G722",
        Codec::Opus => "opus",
        Codec::G729 => "G729",
    }
}

/// The module that the switch has it from; both laws are in its core.
pub fn module(codec: Codec) -> Option<&'static str> {
    match codec {
        Codec::G722 => Some("mod_spandsp"),
        Codec::Opus => Some("mod_opus"),
        Codec::G729 => Some("mod_g729"),
        Codec::Pcma | Codec::Pcmu => None,
    }
}

/// The payload type under which the codec is spoken: that of the switch's offer, or our own.
pub fn payload_type(codec: Codec, offer: &str) -> u8 {
    let offered = offer.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::G729 => 18,
        Codec::Opus => offered
            .filter(|(_, map)| map.to_ascii_lowercase().starts_with("opus/"))
            .find_map(|(number, _)| number.parse().ok())
            .unwrap_or(OPUS),
    }
}

/// As `a=rtpmap` says it.
pub fn rtpmap(codec: Codec) -> String {
    let rate = if codec == Codec::Opus { "48000/2" } else { "8000" };
    format!("{}/{rate}", name(codec))
}

/// Ticks of the RTP clock in 20 ms.
pub fn ticks(codec: Codec) -> u32 {
    if codec == Codec::Opus { 960 } else { FRAME as u32 }
}

/// What encodes one stream that is said.
pub enum Says {
    Coder(Box<Coder>),
    G729,
}

impl Says {
    pub fn new(codec: Codec) -> Says {
        let known = match codec {
            Codec::Pcma => rtp::Codec::Pcma,
            Codec::Pcmu => rtp::Codec::Pcmu,
            Codec::G722 => rtp::Codec::G722,
            Codec::Opus => rtp::Codec::Opus,
            Codec::G729 => return Says::G729,
        };
        Says::Coder(Box::new(Coder::new(known)))
    }

    pub fn encode(&mut self, frame: &[i16]) -> Vec<u8> {
        match self {
            Says::Coder(coder) => coder.encode(frame),
            // Two frames of ten milliseconds; that they are no speech is nobody's business.
            Says::G729 => rand::random::<[u8; 20]>().into(),
        }
    }
}

/// What decodes one stream that is heard.
pub enum Hears {
    Pcma(PcmaDecoder),
    Pcmu(PcmuDecoder),
    G722(Box<G722Decoder>),
    Opus(Box<OpusDecoder>),
    G729,
}

impl Hears {
    pub fn new(codec: Codec) -> Hears {
        match codec {
            Codec::G722 => Hears::G722(Box::default()),
            Codec::Opus => Hears::Opus(Box::new(OpusDecoder::new(8_000, 1).unwrap())),
            Codec::Pcmu => Hears::Pcmu(PcmuDecoder::new()),
            Codec::Pcma => Hears::Pcma(PcmaDecoder::new()),
            Codec::G729 => Hears::G729,
        }
    }

    pub fn hear(&mut self, payload: &[u8]) -> Sound {
        match self {
            Hears::Pcma(decoder) => sound(&decoder.decode(payload)),
            Hears::Pcmu(decoder) => sound(&decoder.decode(payload)),
            // At 16 kHz.
            Hears::G722(decoder) => {
                let samples: Vec<i16> = decoder.decode(payload).into_iter().step_by(2).collect();
                sound(&samples)
            }
            Hears::Opus(decoder) => {
                let mut samples = [0.0; FRAME];
                let length = decoder.decode(payload, FRAME, &mut samples).unwrap_or_default();
                let whole: Vec<i16> = samples[..length].iter().map(|s| (s * 32_767.0) as i16).collect();
                sound(&whole)
            }
            Hears::G729 => Sound::Voice,
        }
    }
}

/// Of the dynamic ones (RFC 3551, 6).
const OPUS: u8 = 96;
