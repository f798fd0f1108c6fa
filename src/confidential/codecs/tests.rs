//! Each codec against what another library made, and against what was said.

use super::*;
use audio_codec::{Decoder as _, pcma::PcmaDecoder, pcmu::PcmuDecoder};
use proptest::prelude::*;

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
    assert_eq!(ticks_in(Codec::L16, &[0; 5]), 2);
}

#[test]
fn a_payload_gives_as_many_samples_as_its_time_has() {
    for (codec, clock_rate) in [
        (Codec::Pcma, 8_000),
        (Codec::Pcmu, 8_000),
        (Codec::L16, 16_000),
        (Codec::G722, 8_000),
        (Codec::Opus, 48_000),
    ] {
        let format = Format { codec, payload_type: 0, clock_rate, ptime_ms: 20 };
        for length in [1, 2, 3, 7, 160] {
            // As Opus it is a packet of one CELT frame.
            let payload = vec![0xf8; length];
            let samples = ticks_in(codec, &payload) * sample_rate(&format) / clock_rate;
            assert_eq!(decoded(codec, &payload).len(), samples as usize, "{codec:?} {length}");
        }
    }
}

// ---------------------------------------------------------------- speech that other libraries coded

#[test]
fn speech_that_spandsp_coded_in_g722_is_heard_as_it_was_said() {
    let coded = std::fs::read("tests/golden/rtp/speech.g722").unwrap();
    let mut decoder = Decoder::new(Codec::G722);
    let mut heard = Vec::new();
    coded.chunks(160).for_each(|packet| decoder.decode(packet, |sample| heard.push(sample)));
    assert_eq!(heard.len(), 4 * 16_000);
    let alike = likeness(&spoken(4), &heard);
    assert!(alike > 0.98, "{alike}");
}

#[test]
fn speech_that_libopus_coded_is_heard_as_it_was_said() {
    for (file, samples, least) in [
        ("mono-20ms.opus", 4 * 16_000, 0.9),
        ("mono-60ms.opus", 66 * 960, 0.9),
        ("stereo-10ms.opus", 2 * 16_000, 0.9),
    ] {
        let mut decoder = Decoder::new(Codec::Opus);
        let mut heard = Vec::new();
        packets(file).iter().for_each(|packet| decoder.decode(packet, |sample| heard.push(sample)));
        assert_eq!(heard.len(), samples, "{file}");
        let alike = likeness(&spoken(4)[..samples], &heard);
        assert!(alike > least, "{file}: {alike}");
    }
}

#[test]
fn a_lost_packet_of_opus_is_carried_over_and_fades() {
    let mut decoder = Decoder::new(Codec::Opus);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let loudest = loudest_second();
    packets("mono-20ms.opus")[..loudest].iter().for_each(|packet| {
        before.clear();
        decoder.decode(packet, |sample| before.push(sample));
    });
    assert!(decoder.conceal(50 * 320 + 7, |sample| after.push(sample)));
    assert_eq!(after.len(), 50 * 320 + 7);
    assert!(energy(&after[..320]) > energy(&before) / 10.0, "the word breaks off");
    assert!(energy(&after[40 * 320..]) < energy(&before) / 100.0, "it does not fade");
    assert!(!Decoder::new(Codec::G722).conceal(320, |_| {}));
}

#[test]
fn a_packet_of_opus_that_is_broken_is_silence_of_its_length() {
    let packet = &packets("mono-20ms.opus")[60];
    for broken in [&packet[..1], &[0x4b, 0x3f], &[0xff, 0x00, 0x01], &[0x4a, 0xff, 0xff, 0xff]] {
        let mut decoder = Decoder::new(Codec::Opus);
        let mut count = 0;
        decoder.decode(broken, |_| count += 1);
        assert_eq!(count, ticks_in(Codec::Opus, broken) / 3, "{broken:?}");
    }
    assert_eq!(ticks_in(Codec::Opus, &[]), 0);
    assert_eq!(ticks_in(Codec::Opus, &[0x4b, 0x3f]), 0, "longer than 120 ms");
}

#[test]
fn the_decoder_of_opus_remembers_nothing_once_it_was_made_to_forget() {
    for voiced in ["mono-20ms.opus", "stereo-10ms.opus"] {
        let (mut one, mut other) = (opus::Opus::new(), opus::Opus::new());
        packets(voiced)[..100].iter().for_each(|packet| one.decode(packet, |_| {}));
        one.forget();
        other.forget();
        for packet in &packets("mono-20ms.opus")[120..140] {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            one.decode(packet, |sample| a.push(sample));
            other.decode(packet, |sample| b.push(sample));
            assert!(a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) <= 1), "{voiced}");
        }
    }
}

proptest! {
    #[test]
    fn no_payload_makes_a_decoder_panic_or_lose_time(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..20)
    ) {
        for (codec, clock_rate) in [(Codec::G722, 8_000), (Codec::Opus, 48_000)] {
            let format = Format { codec, payload_type: 9, clock_rate, ptime_ms: 20 };
            let mut decoder = Decoder::new(codec);
            for payload in &payloads {
                let mut count = 0;
                decoder.decode(payload, |_| count += 1);
                let ticks = u64::from(ticks_in(codec, payload));
                prop_assert_eq!(count, ticks * u64::from(sample_rate(&format)) / u64::from(clock_rate));
                decoder.conceal(320, |_| {});
            }
        }
    }
}

/// What was said: the beginning of the notice as it was when this was coded.
fn spoken(seconds: usize) -> Vec<i16> {
    let mut reader = hound::WavReader::open("tests/golden/rtp/speech.wav").unwrap();
    reader.samples().map(Result::unwrap).take(seconds * 16_000).collect()
}

/// Two bytes for each packet's length, and then the packet.
fn packets(file: &str) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(["tests/golden/rtp/", file].concat()).unwrap();
    let mut rest = &bytes[..];
    std::iter::from_fn(|| {
        let (length, after) = rest.split_at_checked(2)?;
        let (packet, after) = after.split_at(usize::from(u16::from_be_bytes([length[0], length[1]])));
        rest = after;
        Some(packet.to_vec())
    })
    .collect()
}

/// Packets up to the middle of a loud second.
fn loudest_second() -> usize {
    let spoken = spoken(4);
    let of = |n: &usize| energy(&spoken[n * 320..(n + 1) * 320]) as u64;
    (20..150).max_by_key(of).unwrap()
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64
}

/// How alike two stretches are, 1 being the same, when one is moved by a codec's delay.
fn likeness(said: &[i16], heard: &[i16]) -> f64 {
    let alike = |delay: usize| {
        let pairs = said.iter().zip(&heard[delay..]).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let (product, a, b) =
            pairs.fold((0.0, 1.0, 1.0), |(p, x, y), (a, b)| (p + a * b, x + a * a, y + b * b));
        product / (a * b).sqrt()
    };
    (0..400).map(alike).fold(0.0, f64::max)
}
