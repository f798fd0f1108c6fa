//! Sound in pieces of 20 ms: what phones send, what the switch plays, and what a tap makes of both.

use crate::wire::rtp::{Codec, Header, Packet, Seq, Ssrc, Timestamp};
use audio_codec::Encoder;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// 20 ms at 8 kHz.
pub(super) const FRAME: usize = 160;
pub(super) const TICK: Duration = Duration::from_millis(20);

/// One piece of sound with the timestamp of the phone that sent it.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) pcm: [i16; FRAME],
    pub(super) timestamp: Timestamp,
}

/// The 20 ms of `speech` that begin `from` after its start, silence where there is none.
pub(super) fn cut(speech: &[i16], from: Duration) -> [i16; FRAME] {
    let start = usize::try_from(from.as_millis() / 20).unwrap_or(usize::MAX).saturating_mul(FRAME);
    let mut pcm = [0; FRAME];
    let rest = speech.get(start..).unwrap_or_default();
    let there = rest.len().min(FRAME);
    pcm[..there].copy_from_slice(&rest[..there]);
    pcm
}

/// A tone in that rhythm, as `tone_stream://%(on,off,hertz)` makes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tone {
    on: u64,
    off: u64,
    hertz: f64,
}

impl Tone {
    /// Reads `%(1000,4000,425)`, with or without `tone_stream://` before it and `;loops=-1` behind it.
    pub(super) fn parse(text: &str) -> Option<Tone> {
        let text = text.strip_prefix("tone_stream://").unwrap_or(text);
        let inside = text.strip_prefix("%(")?.split(')').next()?;
        let mut numbers = inside.split(',').map(|word| word.trim().parse::<u64>().ok());
        let (on, off, hertz) = (numbers.next()??, numbers.next()??, numbers.next()??);
        Some(Tone { on, off, hertz: hertz as f64 })
    }

    pub(super) fn frame(self, from: Duration) -> [i16; FRAME] {
        let ms = u64::try_from(from.as_millis()).unwrap_or(0);
        let mut pcm = [0; FRAME];
        if ms % (self.on + self.off).max(1) < self.on {
            for (n, sample) in pcm.iter_mut().enumerate() {
                let seconds = (ms * 8 + n as u64) as f64 / 8_000.0;
                *sample = (4_000.0 * (std::f64::consts::TAU * self.hertz * seconds).sin()) as i16;
            }
        }
        pcm
    }
}

/// A file or a tone that is being played to a leg.
pub(super) struct Playing {
    pub(super) path: String,
    pub(super) sound: Sound,
    /// Samples sent so far.
    pub(super) sent: usize,
    /// Ticks for which it waits: a hold costs a running file 260 ms (measured).
    pub(super) pause: u32,
}

#[derive(Clone)]
pub(super) enum Sound {
    File(Arc<[i16]>),
    /// Without end.
    Tone(Tone),
}

impl Playing {
    pub(super) fn is_over(&self) -> bool {
        matches!(&self.sound, Sound::File(samples) if self.sent >= samples.len())
    }

    pub(super) fn next(&mut self) -> [i16; FRAME] {
        let from = TICK * u32::try_from(self.sent / FRAME).unwrap_or(u32::MAX);
        self.sent += FRAME;
        match &self.sound {
            Sound::File(samples) => cut(samples, from),
            Sound::Tone(tone) => tone.frame(from),
        }
    }

    /// `playback_samples`: what was read of the file, which is read in blocks of 16,384 samples.
    pub(super) fn samples_read(&self) -> usize {
        match &self.sound {
            Sound::File(samples) => self.sent.next_multiple_of(BLOCK).min(samples.len()),
            Sound::Tone(_) => self.sent,
        }
    }
}

const BLOCK: usize = 16_384;

/// The phone of one leg, as the switch hears it.
#[derive(Default)]
pub(super) struct Phone {
    pub(super) clock: u32,
    pub(super) hold: Option<Hold>,
    /// While a key is pressed the phone sends no voice.
    pub(super) key_until: Duration,
    /// Attaching a tap, or a command in a bridge, costs that many packets of the voice to the other party.
    pub(super) swallowed: u32,
    /// Packets that come one tick late.
    pub(super) late: Option<Frame>,
    /// What was said during a `uuid_hold` and comes out afterwards.
    pub(super) backlog: VecDeque<Frame>,
    /// Of the backlog, 12 packets in a second are made good.
    pub(super) credit: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// By the phone: it sends nothing.
    Phone,
    /// By the switch: the phone goes on sending.
    Switch,
}

impl Phone {
    /// What the switch reads in one tick, when this arrives from the phone.
    pub(super) fn read(&mut self, arrived: Vec<Frame>) -> Vec<Frame> {
        match self.hold {
            Some(Hold::Phone) => return Vec::new(),
            Some(Hold::Switch) => {
                self.backlog.extend(arrived);
                return Vec::new();
            }
            None if self.backlog.is_empty() => return arrived,
            None => self.backlog.extend(arrived),
        }
        self.credit += 12;
        let extra = self.credit / 50;
        self.credit %= 50;
        let many = (1 + extra as usize).min(self.backlog.len());
        self.backlog.drain(..many).collect()
    }
}

/// The packets of one tap on its way out.
pub(super) struct TapStream {
    codec: Codec,
    payload_type: u8,
    seq: Seq,
    ssrc: Ssrc,
    /// Where the time line of fillers has got to: small numbers, counted since the tap began.
    private: u32,
    /// Which time line the last packet was on: 0 before the first packet.
    line: u8,
}

impl TapStream {
    pub(super) fn new(codec: Codec, payload_type: u8, seq: u16, ssrc: u32) -> TapStream {
        TapStream { codec, payload_type, seq: Seq(seq), ssrc: Ssrc(ssrc), private: 0, line: 0 }
    }

    /// One tick of the tap's own clock.
    pub(super) fn tick(&mut self) {
        self.private = self.private.wrapping_add(FRAME as u32);
    }

    /// A copy of a packet that the switch read or wrote.
    pub(super) fn copy(&mut self, frame: &Frame) -> Vec<u8> {
        let payload = encode(self.codec, &frame.pcm);
        self.packet(1, frame.timestamp, &payload)
    }

    /// 20 ms in which nothing was read. For A-law, too, its bytes are 0xFF, which is no silence there.
    pub(super) fn filler(&mut self) -> Vec<u8> {
        let payload = vec![0xff; encode(self.codec, &[0; FRAME]).len()];
        self.packet(2, Timestamp(self.private), &payload)
    }

    fn packet(&mut self, line: u8, timestamp: Timestamp, payload: &[u8]) -> Vec<u8> {
        let marker = self.line != line;
        self.line = line;
        let header =
            Header { marker, payload_type: self.payload_type, seq: self.seq, timestamp, ssrc: self.ssrc };
        self.seq = self.seq.next();
        Packet { header, payload }.to_bytes()
    }
}

fn encode(codec: Codec, pcm: &[i16]) -> Vec<u8> {
    match codec {
        Codec::Pcma => audio_codec::pcma::PcmaEncoder::new().encode(pcm),
        Codec::Pcmu => audio_codec::pcmu::PcmuEncoder::new().encode(pcm),
        Codec::L16 => pcm.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: u32) -> Frame {
        Frame { pcm: [100; FRAME], timestamp: Timestamp(164_640 + 160 * n) }
    }

    #[test]
    fn a_switch_between_the_two_time_lines_jumps_and_sets_the_marker() {
        let mut tap = TapStream::new(Codec::Pcma, 8, 24_192, 7);
        let mut bytes = Vec::new();
        tap.tick();
        tap.tick();
        bytes.push(tap.filler());
        tap.tick();
        bytes.push(tap.copy(&frame(0)));
        bytes.push(tap.copy(&frame(1)));
        let heads: Vec<(u16, u32, bool)> = bytes
            .iter()
            .map(|bytes| Packet::parse(bytes).unwrap().header)
            .map(|header| (header.seq.0, header.timestamp.0, header.marker))
            .collect();
        assert_eq!(heads, [(24_192, 320, true), (24_193, 164_640, true), (24_194, 164_800, false)]);
        assert!(Packet::parse(&bytes[0]).unwrap().payload == [0xff; 160]);
    }

    #[test]
    fn what_was_said_in_a_switchs_hold_comes_out_afterwards_a_little_faster() {
        let mut phone = Phone { hold: Some(Hold::Switch), ..Phone::default() };
        for n in 0..100 {
            assert!(phone.read(vec![frame(n)]).is_empty());
        }
        phone.hold = None;
        let first_second: usize = (0..50).map(|n| phone.read(vec![frame(100 + n)]).len()).sum();
        assert_eq!(first_second, 62);
        assert_eq!(phone.backlog.len(), 88);
    }

    #[test]
    fn nothing_of_what_was_said_in_a_phones_hold_comes_out() {
        let mut phone = Phone { hold: Some(Hold::Phone), ..Phone::default() };
        assert!(phone.read(vec![frame(0)]).is_empty());
        phone.hold = None;
        assert_eq!(phone.read(vec![frame(1)]).len(), 1);
    }

    #[test]
    fn a_file_counts_as_read_in_blocks() {
        let file: Arc<[i16]> = vec![0; 29_302].into();
        let mut playing = Playing { path: String::new(), sound: Sound::File(file), sent: 0, pause: 0 };
        for _ in 0..50 {
            playing.next();
        }
        assert_eq!((playing.samples_read(), playing.is_over()), (16_384, false));
        for _ in 50..184 {
            playing.next();
        }
        assert_eq!((playing.samples_read(), playing.is_over()), (29_302, true));
    }

    #[test]
    fn a_tone_sounds_and_pauses_in_its_rhythm() {
        let tone = Tone::parse("tone_stream://%(1000,4000,425);loops=-1").unwrap();
        assert_eq!(Some(tone), Tone::parse("%(1000,4000,425)"));
        assert!(tone.frame(Duration::from_millis(500)).iter().any(|s| *s != 0));
        assert!(tone.frame(Duration::from_millis(1_500)).iter().all(|s| *s == 0));
        assert_eq!(Tone::parse("garbage"), None);
    }
}
