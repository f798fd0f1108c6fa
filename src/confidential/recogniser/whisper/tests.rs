//! The real library with the real model: notices in three languages, sounds that nobody spoke, and a whole call's path
//! against the same audio without it.

use super::ctranslate2::CTranslate2;
use super::*;
use crate::border::{Day, DoNotContact, FromEar, LeftOut};
use crate::call::{CallId, Moment, NoSummary, Party};
use crate::confidential::codecs::Decoder;
use crate::confidential::notes::{Objection, Quality};
use crate::confidential::pcm::Budget;
use crate::confidential::recogniser::trial::{self, shout, word_errors};
use crate::confidential::resample::Resampler;
use crate::confidential::{Hall, NoteTaker, Settings, Transcript};
use crate::sim;
use crate::wire::rtp::{Codec, Format, Header, Packet, Seq, Ssrc, Timestamp};
use crate::wire::sip::{Event as SipEvent, MAX_DATAGRAM, Uas};
use audio_codec::{Encoder as _, pcma::PcmaEncoder};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

type Whisper = super::Whisper<CTranslate2>;

const FORMAT: Format = Format { codec: Codec::Pcma, payload_type: 8, clock_rate: 8_000, ptime_ms: 20 };

const WIDE: Format = Format { codec: Codec::L16, payload_type: 96, clock_rate: 16_000, ptime_ms: 20 };

/// One for all tests of the process: it takes a second to load and 300 MB.
static MODEL: LazyLock<Arc<Whisper>> = LazyLock::new(|| {
    let whisper =
        Whisper::load(&trial::cache("whisper-base"), 2).unwrap_or_else(|error| panic!("Whisper: {error}"));
    whisper.warm_up().unwrap();
    Arc::new(whisper)
});

struct Shared;

impl Recogniser for Shared {
    type Stream = Stream;

    fn kind(&self) -> border::Recogniser {
        MODEL.kind()
    }

    fn packing(&self) -> Packing {
        MODEL.packing()
    }

    fn open(&self, language: Language) -> Result<Stream, Failure> {
        MODEL.open(language)
    }

    fn listen(&self, stream: &mut Stream, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        MODEL.listen(stream, audio, found)
    }

    fn finish(&self, stream: Stream, found: &mut Found) -> Result<(), Failure> {
        MODEL.finish(stream, found)
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Notes down every word; only a test may.
struct Stenographer;

impl NoteTaker for Stenographer {
    type Note = String;

    fn objection(&self, _: &Transcript, _: Language) -> Objection {
        Objection::None
    }

    fn do_not_contact(&self, _: &Transcript, _: Language) -> Vec<DoNotContact> {
        Vec::new()
    }

    fn summarise(
        &self,
        said: &Transcript,
        _: Language,
        _: Day,
        _: LeftOut,
        _: Quality,
    ) -> Result<String, NoSummary> {
        let words = said.turns.iter().flat_map(|turn| &turn.words);
        Ok(words.map(|word| word.text()).collect::<Vec<_>>().join(" "))
    }
}

fn read(path: impl AsRef<Path>) -> Vec<i16> {
    hound::WavReader::open(path).unwrap().samples().map(Result::unwrap).collect()
}

/// What comes out of a call in which the caller says this at 8 kHz, its packets now and then out of order or twice.
fn through_a_call(samples: &[i16], language: Language) -> String {
    through(FORMAT, &PcmaEncoder::new().encode(samples), language)
}

/// The same at 16 kHz, uncompressed.
fn through_a_wide_call(samples: &[i16], language: Language) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    through(WIDE, &bytes, language)
}

fn through(format: Format, encoded: &[u8], language: Language) -> String {
    let bytes = samples_of(format) as usize * if format.codec == Codec::L16 { 2 } else { 1 };
    let payloads = encoded.chunks_exact(bytes).enumerate();
    let packets = payloads.map(|(n, payload)| packet(format, n, payload)).collect();
    let spaced = disordered(packets).into_iter().enumerate().map(|(n, packet)| (n as u64 * 20_000, packet));
    heard(spaced, format, language)
}

/// The packets now and then out of order or twice.
fn disordered<T: Clone>(mut packets: Vec<T>) -> Vec<T> {
    let mut seed = 7u32;
    for n in 1..packets.len() {
        // A copy pushed to the end comes far too late and must be dropped.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match seed >> 24 {
            0..10 => packets.swap(n - 1, n),
            10..13 => packets.push(packets[n].clone()),
            _ => {}
        }
    }
    packets
}

/// What comes out of a call on the simulated switch: its phones, its bridge, its tap by SIP, its RTP over a socket. As it
/// is, and with packets out of order and twice.
fn through_the_switch(samples: &[i16], language: Language) -> [String; 2] {
    let threads = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let packets = threads.unwrap().block_on(tapped(samples));
    assert!(packets.len() * 160 > samples.len(), "the tap lost a part of the call");
    let (times, datagrams): (Vec<u64>, Vec<Vec<u8>>) = packets.iter().cloned().unzip();
    let worse = disordered(datagrams);
    // What is sent twice comes after the end.
    let last = times.last().copied().into_iter().cycle();
    let worse = times.into_iter().chain(last).zip(worse);
    [heard(packets.into_iter(), FORMAT, language), heard(worse, FORMAT, language)]
}

/// The packets of a write tap of the agent's leg, which carries the caller's voice, with when each came.
async fn tapped(samples: &[i16]) -> Vec<(u64, Vec<u8>)> {
    let clock = sim::SimClock::times(20);
    let settings = sim::Settings { clock: clock.clone(), ..sim::Settings::default() };
    let switch = sim::Switch::start(settings).await.unwrap();
    // The tap is made while nobody speaks.
    let speech = [&vec![0; 6 * 8_000][..], samples].concat();
    let silence = vec![0; speech.len()];
    let answer_after = Some(Duration::from_millis(100));
    let (line, caller_speech, agent_speech) = ("352260000".to_owned(), speech, silence);
    let script = sim::Script { line, caller_speech, agent_speech, answer_after, ..sim::Script::default() };
    let call = switch.call(script).await;
    let agent = agent_of(&switch, call.leg()).await;

    let [sip, rtp] = [(); 2].map(|()| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    let (address, port) = (sip.local_addr().unwrap(), rtp.local_addr().unwrap());
    let server = std::thread::spawn(move || take_the_call(&sip, port));
    rtp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let reader = std::thread::spawn(move || {
        let (mut packets, mut room) = (Vec::new(), [0; 2_048]);
        while let Ok(length) = rtp.recv(&mut room) {
            packets.push((clock.now().as_micros() as u64, room[..length].to_vec()));
            if packets.len() == 1 {
                rtp.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            }
        }
        packets
    });
    let tap = "a0a0a0a0-0000-4000-8000-000000000001";
    let command = [
        "originate {origination_uuid=",
        tap,
        ",absolute_codec_string=PCMA}sofia/callgist/sip:token@",
        &address.to_string(),
        ";transport=udp 'native_eavesdrop:",
        &agent,
        " write' inline",
    ];
    let made = switch.console(&command.concat()).await;
    assert!(made.starts_with("+OK"), "{made}");
    server.join().unwrap();
    let report = call.ended().await;
    assert_eq!(report.taps.len(), 1);
    reader.join().unwrap()
}

/// The agent's leg, once the two are joined.
async fn agent_of(switch: &sim::Switch, caller: &str) -> String {
    loop {
        let channels = switch.console("show channels as json").await;
        let channels: serde_json::Value = serde_json::from_str(&channels).unwrap();
        let rows = channels["rows"].as_array().cloned().unwrap_or_default();
        let other = rows.iter().filter_map(|row| row["uuid"].as_str()).find(|leg| *leg != caller);
        if let Some(leg) = other
            && switch.console(&["uuid_dump ", leg, " json"].concat()).await.contains("\"ACTIVE\"")
        {
            return leg.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Answers one INVITE, and stays until it is acknowledged.
fn take_the_call(sip: &std::net::UdpSocket, rtp: std::net::SocketAddr) {
    let mut uas = Uas::new(sip.local_addr().unwrap(), [7; 32]);
    let mut room = [0; MAX_DATAGRAM];
    let mut acked = false;
    sip.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    while !acked {
        let (length, from) = sip.recv_from(&mut room).unwrap();
        uas.handle(&room[..length], from, Duration::ZERO).unwrap();
        while let Some(event) = uas.poll_event() {
            match event {
                SipEvent::Invited { dialog, .. } => uas.accept(dialog, rtp, Duration::ZERO).unwrap(),
                other => acked |= matches!(other, SipEvent::Acked { .. }),
            }
        }
        while let Some((to, bytes)) = uas.poll_transmit() {
            sip.send_to(&bytes, to).unwrap();
        }
    }
}

/// The words of a call whose caller's packets come so, at microseconds of the call.
fn heard(packets: impl Iterator<Item = (u64, Vec<u8>)>, format: Format, language: Language) -> String {
    let answers = Arc::new(Mutex::new(Vec::new()));
    let kept = answers.clone();
    let answer = Box::new(move |answer| kept.lock().unwrap().push(answer));
    let hall = Hall::with_note_taker(Shared, Stenographer, Settings::default(), answer);
    let (call, day) = (CallId(1), Day { year: 2026, month: 3, day: 5, minute: 600 });
    hall.open(call, language, day, crate::call::AgentLeg::Heard, LeftOut::default());
    hall.hear(call, Party::Caller, format);
    hall.bridged(call, Moment::START);
    for (micros, mut datagram) in packets {
        hall.packet(call, Party::Caller, &mut datagram, Moment::from_micros(micros));
    }
    hall.end(call, false, Moment::START);
    std::thread::scope(|scope| {
        scope.spawn(|| hall.work());
        while hall.open_calls() > 0 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        hall.close();
    });
    let note = answers.lock().unwrap().drain(..).find_map(|answer| match answer {
        FromEar::Noted { note, .. } => Some(note),
        _ => None,
    });
    note.unwrap()
}

fn packet(format: Format, n: usize, payload: &[u8]) -> Vec<u8> {
    let (seq, timestamp) = (Seq(n as u16), Timestamp(n as u32 * samples_of(format)));
    let header = Header { marker: n == 0, payload_type: format.payload_type, seq, timestamp, ssrc: Ssrc(1) };
    Packet { header, payload }.to_bytes()
}

/// Samples in a packet.
fn samples_of(format: Format) -> u32 {
    format.clock_rate / 1_000 * u32::from(format.ptime_ms)
}

/// The same audio as one window, straight from the A-law samples.
fn directly(samples: &[i16], language: Language) -> Found {
    let (mut resampler, mut audio) = (Resampler::new(8_000), Pcm::new(&Budget::default()));
    let alaw = PcmaEncoder::new().encode(samples);
    Decoder::new(Codec::Pcma).decode(&alaw, |sample| {
        resampler.push(&[sample]);
        while let Some(frame) = resampler.poll() {
            audio.push(&frame);
        }
    });
    let (mut stream, mut found) = (MODEL.open(language).unwrap(), Found::default());
    MODEL.listen(&mut stream, audio, &mut found).unwrap();
    found
}

fn text(found: &Found) -> String {
    found.words.iter().map(|word| word.text()).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_notice_is_understood_through_the_path_of_a_call() {
    for language in [Language::En, Language::De, Language::Fr] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds").join(language.code());
        let spoken = std::fs::read_to_string(folder.join("notice.txt")).unwrap();
        let words = trial::plain_words(&spoken).len();
        for (rate, heard) in [
            (8_000, through_a_call(&read(folder.join("8000/notice.wav")), language)),
            (16_000, through_a_wide_call(&read(folder.join("16000/notice.wav")), language)),
        ] {
            let wrong = word_errors(&spoken, &heard);
            assert!(wrong * 5 <= words, "{} at {rate} Hz: {wrong} of {words} words wrong", language.code());
        }
    }
}

#[test]
fn words_come_with_times_in_order_and_probabilities() {
    let samples = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds/en/8000/notice.wav"));
    let found = directly(&samples, Language::En);
    assert!(found.words.is_sorted_by_key(|word| word.start_ms) && found.ghosts == 0);
    let length_ms = (samples.len() / 8) as u32;
    let ends = found.words.iter().all(|word| word.start_ms <= word.end_ms && word.end_ms <= length_ms);
    assert!(ends && found.words.last().unwrap().end_ms > length_ms - 2_000);
    assert!(found.words.iter().all(|word| word.probability > 0.0 && word.probability <= 1.0));
    let sure: f32 = found.words.iter().map(|word| word.probability).sum();
    assert!(sure / found.words.len() as f32 > 0.8);
}

#[test]
fn two_windows_at_once_are_two_windows_one_after_the_other() {
    let samples = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("sounds/en/8000/notice.wav"));
    let alone = text(&directly(&samples, Language::En));
    std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| text(&directly(&samples, Language::En)))).collect();
        both.into_iter().for_each(|one| assert!(one.join().unwrap() == alone));
    });
}

#[test]
fn nobody_speaks_in_silence_noise_and_ringing() {
    let seconds = |count: usize| 0..count * 8_000;
    let wave = |n: usize, hertz: f64| (n as f64 * hertz * std::f64::consts::TAU / 8_000.0).sin();
    let silence = seconds(20).map(|_| 0i16).collect::<Vec<_>>();
    let ringing = seconds(20).map(|n| if n / 8_000 % 5 == 0 { (wave(n, 425.0) * 5_000.0) as i16 } else { 0 });
    let noise = seconds(20).map(|n| ((n * n * 7_919 + n * 104_729) % 601) as i16 - 300);
    for sound in [silence, ringing.collect(), noise.collect()] {
        assert!(through_a_call(&sound, Language::En).is_empty(), "words out of nothing");
    }
}

#[test]
fn a_broken_model_folder_is_an_error_that_names_the_file() {
    let refused = |folder: &Path| Whisper::load(folder, 1).err().unwrap();
    assert_eq!(refused(Path::new("/nowhere")), ModelError::NoFolder);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refused(folder.path()), ModelError::Missing { file: "model.bin" });
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("model.bin", b"<html>not found</html>");
    assert_eq!(refused(folder.path()), ModelError::Broken { file: "model.bin" });
    let whole = trial::cache("whisper-base");
    for file in ["config.json", "vocabulary.txt"] {
        std::fs::copy(whole.join(file), folder.path().join(file)).unwrap();
    }
    // Right at its beginning and cut short.
    put("model.bin", &std::fs::read(whole.join("model.bin")).unwrap()[..1_000_000]);
    assert_eq!(refused(folder.path()), ModelError::Refused);
}

/// The bar: at most five words worse in total. All figures are printed. What is longer than a window is left out:
/// directly, only its beginning would be recognised.
#[test]
fn the_path_of_a_call_costs_at_most_five_words() {
    let Some(prompts) = prompts() else { return };
    let (mut by_path, mut by_worse_way, mut by_hand, mut spoken_words) = (0, 0, 0, 0);
    let fits = |(_, samples): &(String, Vec<i16>)| samples.len() <= LONGEST_MS as usize * 8;
    let everything: Vec<(String, Vec<i16>)> = packs(&prompts).into_iter().filter(fits).collect();
    for (spoken, samples) in &everything {
        by_hand += word_errors(spoken, &text(&directly(samples, Language::En)));
        let [path, worse_way] = through_the_switch(samples, Language::En);
        by_path += word_errors(spoken, &path);
        by_worse_way += word_errors(spoken, &worse_way);
        spoken_words += trial::plain_words(spoken).len();
    }
    let windows = everything.len();
    shout(&format!(
        "{windows} windows, {spoken_words} words: {by_path} wrong through the simulated switch, {by_worse_way} with \
         packets out of order and twice, {by_hand} directly"
    ));
    assert!(by_path <= by_hand + 5 && by_worse_way <= by_hand + 5);
}

/// Debian's human English prompts of five words or more, every sixth (all of them with CALLGIST_PROMPTS=all): text
/// and 8 kHz samples.
fn prompts() -> Option<Vec<(String, Vec<i16>)>> {
    let sounds = Path::new("/usr/share/asterisk/sounds/en_US_f_Allison");
    let texts = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
    let texts = std::process::Command::new("gzip").args(["-dc", texts]).output().ok()?;
    if !sounds.is_dir() || !texts.status.success() {
        shout("SKIPPED: word errors of human prompts. apt-get install asterisk-core-sounds-en{,-wav}");
        return None;
    }
    let texts = String::from_utf8_lossy(&texts.stdout).into_owned();
    let lines = texts.lines().filter_map(|line| line.split_once(": "));
    let prompts = lines.filter_map(|(name, text)| {
        let path = sounds.join(format!("{}.wav", name.trim()));
        let words = trial::plain_words(text).len();
        // What stands in brackets is a direction and is not spoken.
        let is_spoken = words >= 5 && !text.contains(['[', '(', '<', '*']) && path.is_file();
        is_spoken.then(|| (text.trim().to_owned(), read(path)))
    });
    let step = if std::env::var("CALLGIST_PROMPTS").is_ok_and(|which| which == "all") { 1 } else { 6 };
    Some(prompts.step_by(step).collect())
}

/// Prompts one after the other with 0.4 s between them, as many as fit into a window.
fn packs(prompts: &[(String, Vec<i16>)]) -> Vec<(String, Vec<i16>)> {
    let mut packs: Vec<(String, Vec<i16>)> = Vec::new();
    for (text, samples) in prompts {
        let fits = |pack: &&mut (String, Vec<i16>)| pack.1.len() + samples.len() < 28 * 8_000;
        match packs.last_mut().filter(fits) {
            Some((spoken, audio)) => {
                spoken.push(' ');
                spoken.push_str(text);
                audio.extend([0; 3_200]);
                audio.extend(samples);
            }
            None => packs.push((text.clone(), samples.clone())),
        }
    }
    packs
}
