//! Sound in pieces of a packet's length: what phones send, what the switch plays, and what a tap makes of both.

use super::coder::{Coder, filler, ticks_per_sample};
use crate::wire::rtp::{Codec, Header, Packet, Seq, Ssrc, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// 20 ms: how long the switch takes for most things, and how long most packets are.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// How much sound is in one packet (`ptime`); the legs of a call are carried at its beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat(pub(super) Duration);

impl Beat {
    /// At 8 kHz.
    pub(super) fn samples(self) -> usize {
        usize::try_from(self.0.as_millis()).unwrap_or(20) * 8
    }

    /// Where in what is said the packet begins that is due `from` after its start.
    fn place(self, from: Duration) -> usize {
        let packets = from.as_millis() / self.0.as_millis().max(1);
        usize::try_from(packets).unwrap_or(usize::MAX).saturating_mul(self.samples())
    }

    /// The piece of `speech` that is due `from` after its start, silence where there is none.
    pub(super) fn cut(self, speech: &[i16], from: Duration) -> Vec<i16> {
        piece(speech, self.place(from), self.samples())
    }
}

/// One packet's sound with the timestamp of the phone that sent it.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) pcm: Vec<i16>,
    pub(super) timestamp: Timestamp,
}

fn piece(speech: &[i16], at: usize, samples: usize) -> Vec<i16> {
    let rest = speech.get(at..).unwrap_or_default();
    let mut pcm = rest[..rest.len().min(samples)].to_vec();
    pcm.resize(samples, 0);
    pcm
}

/// A tone in that rhythm, as `tone_stream://%(on,off,hertz)` makes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tone {
    on: u64,
    off: u64,
    hertz: f64,
    /// How often, where it ends.
    loops: Option<u64>,
}

impl Tone {
    /// Reads `%(1000,4000,425)`, with or without `tone_stream://` before it and `;loops=-1` behind it.
    pub(super) fn parse(text: &str) -> Option<Tone> {
        let loops = text.rsplit_once(";loops=").and_then(|(_, loops)| loops.parse().ok());
        let text = text.strip_prefix("tone_stream://").unwrap_or(text);
        let inside = text.strip_prefix("%(")?.split(')').next()?;
        let mut numbers = inside.split(',').map(|word| word.trim().parse::<u64>().ok());
        let (on, off, hertz) = (numbers.next()??, numbers.next()??, numbers.next()??);
        Some(Tone { on, off, hertz: hertz as f64, loops })
    }

    pub(super) fn frame(self, from: Duration, samples: usize) -> Vec<i16> {
        let ms = u64::try_from(from.as_millis()).unwrap_or(0);
        let mut pcm = vec![0; samples];
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
    Tone(Tone),
}

impl Playing {
    pub(super) fn is_over(&self) -> bool {
        match &self.sound {
            Sound::File(samples) => self.sent >= samples.len(),
            Sound::Tone(Tone { on, off, loops, .. }) => {
                loops.is_some_and(|loops| self.sent as u64 >= (on + off) * 8 * loops)
            }
        }
    }

    pub(super) fn next(&mut self, samples: usize) -> Vec<i16> {
        let at = self.sent;
        self.sent += samples;
        match &self.sound {
            Sound::File(file) => piece(file, at, samples),
            Sound::Tone(tone) => tone.frame(Duration::from_millis(at as u64 / 8), samples),
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
    /// What is said on it from the first bridge on.
    pub(super) speech: Arc<[i16]>,
    /// What is said before that.
    pub(super) before: Arc<[i16]>,
    /// The first bridge.
    pub(super) from: Option<Duration>,
    /// An agent asks another one back on it: what that one says is not said yet.
    pub(super) asks_back: bool,
    /// Timestamps of what it sends, and of what it is sent.
    pub(super) clock: u32,
    pub(super) written: u32,
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
    beat: Beat,
    seq: Seq,
    ssrc: Ssrc,
    /// Where the time line of fillers has got to: small numbers, counted since the tap began.
    private: u32,
    /// Which time line the last packet was on: 0 before the first packet.
    line: u8,
    coder: Coder,
    /// Of a leg that speaks in packets of another length: what does not fill one of ours yet (F82).
    rest: Vec<i16>,
    packed: u32,
}

impl TapStream {
    pub(super) fn new(codec: Codec, payload_type: u8, beat: Beat, seq: u16, ssrc: u32) -> TapStream {
        let (seq, ssrc) = (Seq(seq), Ssrc(ssrc));
        TapStream {
            codec,
            payload_type,
            beat,
            seq,
            ssrc,
            private: 0,
            line: 0,
            coder: Coder::new(codec),
            rest: Vec::new(),
            packed: 0,
        }
    }

    /// One tick of the tapped leg.
    pub(super) fn tick(&mut self, samples: usize) {
        self.private = self.private.wrapping_add(samples as u32);
    }

    /// A copy of a packet that the switch read or wrote: it alone, or what of it fills packets of our own length.
    pub(super) fn copy(&mut self, frame: &Frame) -> Vec<Vec<u8>> {
        if frame.pcm.len() != self.beat.samples() {
            return self.repack(&frame.pcm);
        }
        let payload = self.coder.encode(&frame.pcm);
        vec![self.packet(1, frame.timestamp, &payload)]
    }

    /// A packet's length in which nothing was read. For A-law, too, its bytes are 0xFF, which is no silence there.
    pub(super) fn filler(&mut self, samples: usize) -> Vec<Vec<u8>> {
        let Some(payload) = filler(self.codec, samples) else { return Vec::new() };
        if samples == self.beat.samples() {
            return vec![self.packet(2, Timestamp(self.private), &payload)];
        }
        // As A-law those bytes are no silence (F77).
        let sample = if self.codec == Codec::Pcma { 848 } else { 0 };
        self.repack(&vec![sample; samples])
    }

    /// Decoded and encoded again: of G.711 the bytes stay what they are. Such packets have one time line.
    fn repack(&mut self, pcm: &[i16]) -> Vec<Vec<u8>> {
        self.rest.extend_from_slice(pcm);
        let mut packets = Vec::new();
        while self.rest.len() >= self.beat.samples() {
            let pcm: Vec<i16> = self.rest.drain(..self.beat.samples()).collect();
            let payload = self.coder.encode(&pcm);
            packets.push(self.packet(1, Timestamp(self.packed), &payload));
            self.packed = self.packed.wrapping_add(self.beat.samples() as u32);
        }
        packets
    }

    fn packet(&mut self, line: u8, timestamp: Timestamp, payload: &[u8]) -> Vec<u8> {
        let marker = self.line != line;
        self.line = line;
        let timestamp = Timestamp(timestamp.0.wrapping_mul(ticks_per_sample(self.codec)));
        let header =
            Header { marker, payload_type: self.payload_type, seq: self.seq, timestamp, ssrc: self.ssrc };
        self.seq = self.seq.next();
        Packet { header, payload }.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Beat = Beat(TICK);

    fn frame(n: u32) -> Frame {
        Frame { pcm: vec![100; 160], timestamp: Timestamp(164_640 + 160 * n) }
    }

    #[test]
    fn a_switch_between_the_two_time_lines_jumps_and_sets_the_marker() {
        let mut tap = TapStream::new(Codec::Pcma, 8, BEAT, 24_192, 7);
        tap.tick(160);
        tap.tick(160);
        let mut bytes = tap.filler(160);
        tap.tick(160);
        bytes.extend(tap.copy(&frame(0)));
        bytes.extend(tap.copy(&frame(1)));
        let heads: Vec<(u16, u32, bool)> = bytes
            .iter()
            .map(|bytes| Packet::parse(bytes).unwrap().header)
            .map(|header| (header.seq.0, header.timestamp.0, header.marker))
            .collect();
        assert_eq!(heads, [(24_192, 320, true), (24_193, 164_640, true), (24_194, 164_800, false)]);
        assert!(Packet::parse(&bytes[0]).unwrap().payload == [0xff; 160]);
    }

    #[test]
    fn packets_of_another_length_are_cut_anew_and_lose_no_byte() {
        for (leg, tap) in [(30, 20), (20, 30), (60, 20), (10, 60), (40, 20)] {
            let beat = |ms| Beat(Duration::from_millis(ms));
            let mut stream = TapStream::new(Codec::Pcma, 8, beat(tap), 1, 1);
            let said: Vec<i16> = (0..4_800).map(|n| n * 5).collect();
            let frames = said.chunks(beat(leg).samples());
            let packets: Vec<Vec<u8>> = frames
                .flat_map(|pcm| stream.copy(&Frame { pcm: pcm.to_vec(), timestamp: Timestamp(9) }))
                .collect();
            let parsed: Vec<Packet> = packets.iter().map(|bytes| Packet::parse(bytes).unwrap()).collect();
            assert!(parsed.iter().all(|packet| packet.payload.len() == beat(tap).samples()));
            assert!(
                parsed.iter().map(|packet| packet.payload).collect::<Vec<_>>().concat()
                    == Coder::new(Codec::Pcma).encode(&said)
            );
            let steps = parsed.windows(2).map(|two| two[1].header.timestamp.since(two[0].header.timestamp));
            assert!({ steps }.all(|step| step == beat(tap).samples() as i32));
        }
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
            playing.next(160);
        }
        assert_eq!((playing.samples_read(), playing.is_over()), (16_384, false));
        for _ in 50..184 {
            playing.next(160);
        }
        assert_eq!((playing.samples_read(), playing.is_over()), (29_302, true));
    }

    #[test]
    fn a_tone_sounds_and_pauses_in_its_rhythm() {
        let tone = Tone::parse("tone_stream://%(1000,4000,425);loops=-1").unwrap();
        assert_eq!(Some(tone), Tone::parse("%(1000,4000,425)"));
        let once = Tone::parse("tone_stream://%(1000,100,600);loops=1").map(Sound::Tone).unwrap();
        let mut playing = Playing { path: String::new(), sound: once, sent: 0, pause: 0 };
        while !playing.is_over() {
            playing.next(160);
        }
        assert_eq!(playing.sent, 8_800);
        assert!(tone.frame(Duration::from_millis(500), 160).iter().any(|s| *s != 0));
        assert!(tone.frame(Duration::from_millis(1_500), 160).iter().all(|s| *s == 0));
        assert_eq!(Tone::parse("garbage"), None);
    }
}
