//! One party's packets, as phones and switches send them: in every codec and length, with losses, pauses and changes.

use super::*;
use crate::border;
use crate::call::Language;
use crate::confidential::recogniser::Failure;
use crate::wire::rtp::{Codec, Header, Seq, Ssrc, Timestamp};

#[test]
fn what_is_said_is_heard_alike_in_every_codec() {
    let said = spoken();
    let reference = heard(WIDE, &of_l16(&said, 320));
    assert!(reference.len() > 2 * 16_000);
    for (file, ticks, seconds) in
        [("mono-20ms.opus", 960, 4), ("mono-60ms.opus", 2_880, 4), ("stereo-10ms.opus", 480, 2)]
    {
        let reference = heard(WIDE, &of_l16(&said[..seconds * 16_000], 320));
        alike(&reference, &heard(OPUS, &of_golden(file, ticks)), file);
    }
    let g722 = std::fs::read("tests/golden/rtp/speech.g722").unwrap();
    let packets: Vec<Sent> =
        g722.chunks(160).enumerate().map(|(n, payload)| sent(n, 160, 20, 9, payload)).collect();
    alike(&reference, &heard(G722, &packets), "G.722");
}

#[test]
fn packets_of_every_length_are_heard_alike() {
    let said = spoken();
    let reference = heard(WIDE, &of_l16(&said, 320));
    for (ms, what) in [(10, "10 ms"), (30, "30 ms"), (40, "40 ms"), (60, "60 ms")] {
        alike(&reference, &heard(WIDE, &of_l16(&said, ms * 16)), what);
    }
}

#[test]
fn a_new_source_with_packets_of_another_length_goes_on_where_the_old_one_ended() {
    let said = spoken();
    let half = said.len() / 1_920 * 960;
    let mut packets = of_l16(&said[..half], 320);
    let first_at = packets.len() as u64 * 20;
    for (n, payload) in in_bytes(&said[half..], 960).iter().enumerate() {
        let mut packet = sent(n + 700, 960, 60, WIDE.payload_type, payload);
        (packet.ssrc, packet.at_ms) = (2, first_at + n as u64 * 60);
        packets.push(packet);
    }
    let (reference, changed) = (heard(WIDE, &of_l16(&said, 320)), heard(WIDE, &packets));
    // The first packet of a new source may be a stray one, and is not heard.
    assert!(changed.len().abs_diff(reference.len()) < 4_000, "{} {}", changed.len(), reference.len());
}

#[test]
fn packets_of_another_type_are_not_taken_for_speech() {
    let mut packets = of_l16(&spoken(), 320);
    packets.iter_mut().for_each(|packet| packet.payload_type = 101);
    assert!(heard(WIDE, &packets).is_empty());
}

#[test]
fn a_pause_in_which_opus_sends_nothing_is_as_long_as_it_was() {
    let packets = of_golden("dtx-20ms.opus", 960);
    assert!(packets.len() < 150, "nothing was left out");
    let mut line = listening(OPUS);
    send(&mut line, &packets);
    assert!(line.listened_ms().abs_diff(4_000) < 100, "{}", line.listened_ms());
    assert_eq!(line.packets().lost, 0);
}

#[test]
fn comfort_noise_in_a_pause_is_neither_speech_nor_a_loss() {
    let mut packets = of_l16(&spoken(), 320);
    for packet in &mut packets[60..70] {
        (packet.payload_type, packet.payload) = (13, vec![0x40]);
    }
    let mut line = listening(WIDE);
    send(&mut line, &packets);
    assert_eq!(line.packets().lost, 0);
    assert!(line.listened_ms().abs_diff(4_000) < 100, "{}", line.listened_ms());
}

#[test]
fn a_lost_packet_of_opus_leaves_no_hole_in_a_word() {
    let all = of_golden("mono-20ms.opus", 960);
    let kept: Vec<Sent> =
        all.iter().enumerate().filter(|(n, _)| n % 10 != 5).map(|(_, p)| p.clone()).collect();
    let (whole, holed) = (heard(OPUS, &all), heard(OPUS, &kept));
    assert!(whole.len().abs_diff(holed.len()) < 3_200, "{} {}", whole.len(), holed.len());
    assert!(holes(&holed) <= holes(&whole) + 1, "{} {}", holes(&whole), holes(&holed));
}

#[test]
fn a_fax_is_told_from_its_tone() {
    let tone: Vec<i16> = (0..48_000)
        .map(|n| ((f64::from(n) * 2_100.0 * std::f64::consts::TAU / 16_000.0).sin() * 6_000.0) as i16)
        .collect();
    let mut line = listening(WIDE);
    send(&mut line, &of_l16(&tone, 320));
    assert!(line.is_fax());
    let mut line = listening(WIDE);
    send(&mut line, &of_l16(&spoken(), 320));
    assert!(!line.is_fax());
}

// ---------------------------------------------------------------- the phone

#[derive(Clone)]
struct Sent {
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    payload_type: u8,
    payload: Vec<u8>,
    at_ms: u64,
}

/// The packet number `n` of a stream of packets of so many ticks and milliseconds.
fn sent(n: usize, ticks: u32, ms: u64, payload_type: u8, payload: &[u8]) -> Sent {
    let (seq, timestamp) = (n as u16, n as u32 * ticks);
    Sent { seq, timestamp, ssrc: 1, payload_type, payload: payload.to_vec(), at_ms: n as u64 * ms }
}

fn in_bytes(said: &[i16], samples: usize) -> Vec<Vec<u8>> {
    said.chunks(samples)
        .map(|packet| packet.iter().flat_map(|sample| sample.to_be_bytes()).collect())
        .collect()
}

fn of_l16(said: &[i16], samples: usize) -> Vec<Sent> {
    let packets = in_bytes(said, samples);
    let ms = samples as u64 / 16;
    (0..).zip(&packets).map(|(n, packet)| sent(n, samples as u32, ms, WIDE.payload_type, packet)).collect()
}

/// Two bytes for each packet's length, and then the packet; one of no length was not sent, and has no number.
fn of_golden(file: &str, ticks: u32) -> Vec<Sent> {
    let bytes = std::fs::read(["tests/golden/rtp/", file].concat()).unwrap();
    let (mut rest, mut packets, mut n) = (&bytes[..], Vec::new(), 0);
    while let Some((length, after)) = rest.split_at_checked(2) {
        let (packet, after) = after.split_at(usize::from(u16::from_be_bytes([length[0], length[1]])));
        rest = after;
        if !packet.is_empty() {
            let mut sent = sent(n, ticks, u64::from(ticks) / 48, OPUS.payload_type, packet);
            sent.seq = packets.len() as u16;
            packets.push(sent);
        }
        n += 1;
    }
    packets
}

fn spoken() -> Vec<i16> {
    let mut reader = hound::WavReader::open("sounds/en/16000/notice.wav").unwrap();
    reader.samples().map(Result::unwrap).take(4 * 16_000).collect()
}

// ---------------------------------------------------------------- the line

struct Nobody;

impl Recogniser for Nobody {
    type Stream = ();

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Vosk
    }

    fn packing(&self) -> Packing {
        PACKING
    }

    fn open(&self, _: Language) -> Result<(), Failure> {
        Ok(())
    }

    fn listen(&self, (): &mut (), _: Pcm, _: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&self, (): (), _: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

fn listening(format: Format) -> Line<Nobody> {
    let mut line = Line::new(PACKING, &Budget::default(), Duration::from_secs(3));
    line.hear(format);
    line.listen(Moment::START, Moment::START);
    line
}

fn send(line: &mut Line<Nobody>, packets: &[Sent]) {
    for packet in packets {
        let header = Header {
            marker: false,
            payload_type: packet.payload_type,
            seq: Seq(packet.seq),
            timestamp: Timestamp(packet.timestamp),
            ssrc: Ssrc(packet.ssrc),
        };
        let datagram = Packet { header, payload: &packet.payload }.to_bytes();
        line.packet(&datagram, None, Moment::from_micros(packet.at_ms * 1_000));
    }
}

/// The speech that goes to the recogniser.
fn heard(format: Format, packets: &[Sent]) -> Vec<i16> {
    let mut line = listening(format);
    send(&mut line, packets);
    line.end();
    let mut samples = Vec::new();
    while let Some(Turn { job, audio_ms, .. }) = line.take_turn() {
        if let Job::Listen(audio) = job {
            samples.extend(audio.slices().flatten());
        }
        line.put_back(None, Found::default(), audio_ms);
    }
    samples
}

/// As much speech, and as loud, in each quarter of a second.
#[track_caller]
fn alike(said: &[i16], heard: &[i16], what: &str) {
    assert!(said.len().abs_diff(heard.len()) < said.len() / 8, "{what}: {} {}", said.len(), heard.len());
    let loudness = |samples: &[i16]| -> Vec<f64> {
        let mean =
            |piece: &[i16]| piece.iter().map(|s| f64::from(*s).abs()).sum::<f64>() / piece.len() as f64;
        samples.chunks(4_000).map(mean).collect()
    };
    let (a, b) = (loudness(said), loudness(heard));
    let pairs = || a.iter().zip(&b);
    let product: f64 = pairs().map(|(a, b)| a * b).sum();
    let (x, y): (f64, f64) = (pairs().map(|(a, _)| a * a).sum(), pairs().map(|(_, b)| b * b).sum());
    let share = product / (x * y).sqrt();
    assert!(share > 0.93, "{what}: {share}");
}

/// Stretches of 10 ms without any sound.
fn holes(samples: &[i16]) -> usize {
    samples.chunks_exact(160).filter(|piece| piece.iter().all(|sample| *sample == 0)).count()
}

const PACKING: Packing = Packing::Windows { longest_ms: 29_000 };
const WIDE: Format = Format { codec: Codec::L16, payload_type: 96, clock_rate: 16_000, ptime_ms: 20 };
const G722: Format = Format { codec: Codec::G722, payload_type: 9, clock_rate: 8_000, ptime_ms: 20 };
const OPUS: Format = Format { codec: Codec::Opus, payload_type: 102, clock_rate: 48_000, ptime_ms: 20 };
