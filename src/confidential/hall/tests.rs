//! Whole calls through a hall with a recogniser that follows a script.

use super::*;
use crate::border::{Channels, Purpose, WhoseNumber};
use crate::confidential::Pcm;
use crate::confidential::words::Word;
use crate::wire::rtp::{Codec, Header, Packet, Seq, Ssrc, Timestamp};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

const FORMAT: Format = Format { codec: Codec::L16, payload_type: 96, clock_rate: 8_000, ptime_ms: 20 };
const TODAY: Day = Day { year: 2026, month: 3, day: 5, minute: 600 };
const CALL: CallId = CallId(7);

/// Gives a word for every half second it is given, numbered in the stream.
struct Scripted {
    packing: Packing,
    /// Does something at each stretch, before it answers.
    at_work: Box<dyn Fn(Language) -> Result<(), Failure> + Send + Sync>,
}

impl Scripted {
    fn new(at_work: impl Fn(Language) -> Result<(), Failure> + Send + Sync + 'static) -> Scripted {
        Scripted { packing: Packing::Windows { longest_ms: 29_000 }, at_work: Box::new(at_work) }
    }

    fn willing() -> Scripted {
        Scripted::new(|_| Ok(()))
    }
}

struct Given {
    language: Language,
    ms: u32,
}

impl Recogniser for Scripted {
    type Stream = Given;

    fn kind(&self) -> crate::border::Recogniser {
        crate::border::Recogniser::Vosk
    }

    fn packing(&self) -> Packing {
        self.packing
    }

    fn open(&self, language: Language) -> Result<Given, Failure> {
        Ok(Given { language, ms: 0 })
    }

    fn listen(&self, stream: &mut Given, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        let loudness: u64 = audio.slices().flatten().map(|sample| u64::from(sample.unsigned_abs())).sum();
        let end_ms = stream.ms + (audio.len() / 16) as u32;
        for at in (stream.ms..end_ms).step_by(500) {
            // The text depends on the samples, so two runs that differ in one sample differ in words.
            found.words.push(Word::new(format!("{}-{loudness}", at / 500), at, at + 400, 0.8));
        }
        stream.ms = end_ms;
        drop(audio);
        (self.at_work)(stream.language)
    }

    fn finish(&self, _: Given, _: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Writes down everything; objects or asks once enough words are there.
#[derive(Default)]
struct Notary {
    objection: Option<(usize, Objection)>,
    request_at: Option<usize>,
}

fn told(transcript: &Transcript) -> String {
    let word = |word: &Word| format!("{}@{}", word.text(), word.start_ms);
    let turn = |turn: &super::super::Turn| {
        let words: Vec<String> = turn.words.iter().map(word).collect();
        format!("{}: {}", if turn.speaker.is_caller() { "C" } else { "A" }, words.join(" "))
    };
    transcript.turns.iter().map(turn).collect::<Vec<_>>().join("\n")
}

fn count(transcript: &Transcript) -> usize {
    transcript.turns.iter().map(|turn| turn.words.len()).sum()
}

impl NoteTaker for Notary {
    type Note = String;

    fn objection(&self, transcript: &Transcript, _: Language) -> Objection {
        match self.objection {
            Some((words, objection)) if count(transcript) >= words => objection,
            _ => Objection::None,
        }
    }

    fn do_not_contact(&self, transcript: &Transcript, _: Language) -> Vec<DoNotContact> {
        let asked = self.request_at.is_some_and(|words| count(transcript) >= words);
        let (channels, purpose, number) = (Channels::ALL, Purpose::Advertising, WhoseNumber::Caller);
        if asked { vec![DoNotContact { channels, purpose, number }] } else { Vec::new() }
    }

    fn summarise(
        &self,
        said: &Transcript,
        _: Language,
        _: Day,
        _: LeftOut,
        _: Quality,
    ) -> Result<String, NoSummary> {
        if count(said) == 0 { Err(NoSummary::NothingSaid) } else { Ok(told(said)) }
    }
}

struct Stage {
    hall: Arc<Hall<Scripted, Notary>>,
    answers: mpsc::Receiver<FromEar<String>>,
    seq: [u16; 2],
    /// What the streams' timestamps count from.
    first: u16,
    now_ms: u64,
}

impl Stage {
    fn new(recogniser: Scripted, notary: Notary) -> Stage {
        Stage::with(recogniser, notary, Settings::default())
    }

    fn with(recogniser: Scripted, notary: Notary, settings: Settings) -> Stage {
        let (send, answers) = mpsc::channel();
        let answer = Box::new(move |answer| drop(send.send(answer)));
        let hall = Arc::new(Hall::with_note_taker(recogniser, notary, settings, answer));
        Stage { hall, answers, seq: [0; 2], first: 0, now_ms: 0 }
    }

    fn now(&self) -> Moment {
        Moment::from_micros(self.now_ms * 1_000)
    }

    fn open(&mut self, call: CallId) {
        self.hall.open(call, Language::En, TODAY, AgentLeg::Heard, LeftOut::default());
        PARTIES.iter().for_each(|party| self.hall.hear(call, *party, FORMAT));
    }

    fn bridged(&mut self, call: CallId) {
        self.hall.bridged(call, self.now());
    }

    /// Sends 20 ms for each party; the clock goes on by `step_ms`.
    fn tick(&mut self, call: CallId, speaks: [bool; 2], step_ms: u64) {
        for party in PARTIES {
            let since = u32::from(self.seq[party as usize] - self.first);
            self.send(call, party, speaks[party as usize], Timestamp(since * 160));
        }
        self.now_ms += step_ms;
    }

    fn send(&mut self, call: CallId, party: Party, speaks: bool, timestamp: Timestamp) {
        let seq = &mut self.seq[party as usize];
        let payload = if speaks { voice(*seq) } else { vec![0; 320] };
        let header = Header { marker: false, payload_type: 96, seq: Seq(*seq), timestamp, ssrc: Ssrc(1) };
        *seq = seq.wrapping_add(1);
        let mut datagram = Packet { header, payload: &payload }.to_bytes();
        self.hall.packet(call, party, &mut datagram, self.now());
        assert!(datagram.iter().all(|byte| *byte == 0), "the datagram was not wiped");
    }

    /// Sends a party's voice and nothing of the other's, as phones do that are silent in pauses (DTX).
    fn says(&mut self, call: CallId, party: Party, seconds: u64) {
        for _ in 0..seconds * 50 {
            let ticks = u32::try_from(self.now_ms * 8).unwrap();
            self.send(call, party, true, Timestamp(ticks));
            self.now_ms += 20;
        }
    }

    fn talk(&mut self, call: CallId, speaks: [bool; 2], seconds: u64) {
        (0..seconds * 50).for_each(|_| self.tick(call, speaks, 20));
    }

    fn end(&mut self, call: CallId) {
        self.hall.end(call, false, self.now());
    }

    /// Does all work that waits, on this thread.
    fn work(&self) {
        while !self.hall.queue.is_empty() {
            let (call, party) = self.hall.queue.next().unwrap();
            self.hall.serve(call, party);
        }
    }

    fn answers(&self) -> Vec<FromEar<String>> {
        self.answers.try_iter().filter(|answer| !matches!(answer, FromEar::Flowing { .. })).collect()
    }
}

/// 20 ms of the notice, over and over: a real voice, for the gate judges for itself.
fn voice(n: u16) -> Vec<u8> {
    let notice = include_bytes!("../../../sounds/en/8000/notice.wav");
    let samples = &notice[44..];
    let at = usize::from(n) * 320 % (samples.len() / 320 * 320);
    samples[at..at + 320].as_chunks::<2>().0.iter().flat_map(|two| [two[1], two[0]]).collect()
}

#[test]
fn a_call_ends_with_what_both_said_in_turns() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 5);
    stage.talk(CALL, [false, true], 5);
    stage.talk(CALL, [true, false], 5);
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    let [FromEar::Noted { call: CALL, heard, note }] = &answers[..] else { panic!("{answers:?}") };
    let speakers: Vec<&str> = note.lines().map(|line| &line[..1]).collect();
    assert_eq!(speakers, ["C", "A", "C"]);
    assert!((14_900..15_100).contains(&heard.listened_ms), "{heard:?}");
    assert!(heard.speech_ms > 10_000 && heard.words > 20 && heard.backlog_ms == 0, "{heard:?}");
    assert_eq!((stage.hall.open_calls(), stage.hall.buffered()), (0, 0));
}

/// The numbers of its packets begin again on the way.
#[test]
fn a_call_of_four_hours_is_heard_to_its_end_and_waits_for_nothing_meanwhile() {
    const EXCHANGES: u64 = 120;
    const APART_MS: u64 = 120_000;
    const TWO_WINDOWS: usize = 2 * 29 * 16_000 * size_of::<i16>();
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.seq = [60_000; 2];
    stage.open(CALL);
    stage.bridged(CALL);
    for exchange in 0..EXCHANGES {
        stage.now_ms = exchange * APART_MS;
        stage.says(CALL, Party::Caller, 2);
        stage.says(CALL, Party::Agent, 2);
        stage.hall.handle_timeout(stage.now());
        stage.work();
        assert!(stage.hall.buffered() < TWO_WINDOWS, "{} bytes in {exchange}", stage.hall.buffered());
    }
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    let Some(FromEar::Noted { heard, note, .. }) = answers.last() else { panic!("{answers:?}") };
    let begun = |line: &str| line.split(['@', ' ']).nth(2).unwrap().parse::<u64>().unwrap();
    // A turn begins with a moment of what was before it.
    let exchange = |line: &str| (begun(line) + 1_000) / APART_MS;
    let turns: Vec<(&str, u64)> = note.lines().map(|line| (&line[..1], exchange(line))).collect();
    let expected: Vec<(&str, u64)> =
        (0..EXCHANGES).flat_map(|number| [("C", number), ("A", number)]).collect();
    assert_eq!(turns, expected);
    assert!(stage.seq.iter().all(|seq| *seq < 60_000) && heard.backlog_ms == 0, "{heard:?}");
}

#[test]
fn what_is_said_before_the_bridge_is_not_heard() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.talk(CALL, [true, true], 3);
    assert_eq!(stage.hall.buffered(), 0);
    stage.hall.paused(CALL, stage.now());
    stage.hall.resumed(CALL, stage.now());
    stage.talk(CALL, [true, true], 3);
    assert_eq!(stage.hall.buffered(), 0, "the end of a hold is no bridge");
    stage.bridged(CALL);
    stage.talk(CALL, [false, false], 2);
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    let [FromEar::NotNoted { heard, reason: NoSummary::NothingSaid, .. }] = &answers[..] else {
        panic!("{answers:?}")
    };
    assert_eq!(heard.speech_ms, 0);
}

#[test]
fn of_an_agent_who_is_not_heard_every_packet_is_wiped_undecoded() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.hall.open(CALL, Language::En, TODAY, AgentLeg::NotHeard, LeftOut::default());
    // Also where a daemon gives his socket all the same.
    PARTIES.iter().for_each(|party| stage.hall.hear(CALL, *party, FORMAT));
    stage.bridged(CALL);
    stage.talk(CALL, [false, true], 4);
    assert_eq!(stage.hall.buffered(), 0);
    stage.says(CALL, Party::Caller, 3);
    stage.now_ms += 4_000;
    stage.says(CALL, Party::Agent, 3);
    stage.says(CALL, Party::Caller, 3);
    let flowing: Vec<FromEar<String>> = stage.answers.try_iter().collect();
    assert!(!flowing.contains(&FromEar::Flowing { call: CALL, party: Party::Agent }), "{flowing:?}");
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    let [FromEar::Noted { note, heard, .. }] = &answers[..] else { panic!("{answers:?}") };
    let who: String = note.lines().map(|line| &line[..1]).collect();
    assert_eq!(who, "CC", "a long pause of the caller's ends his turn: {note}");
    assert!((4_000..8_000).contains(&heard.speech_ms), "{heard:?}");
}

#[test]
fn what_is_said_while_paused_is_not_heard_and_its_time_passes() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 4);
    stage.hall.paused(CALL, stage.now());
    stage.talk(CALL, [true, true], 20);
    stage.hall.resumed(CALL, stage.now());
    stage.talk(CALL, [false, true], 4);
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    let [FromEar::Noted { note, heard, .. }] = &answers[..] else { panic!("{answers:?}") };
    let start =
        |line: &str| line.split('@').nth(1).unwrap().split(' ').next().unwrap().parse::<u32>().unwrap();
    let starts: Vec<u32> = note.lines().map(start).collect();
    assert!(starts.len() == 2 && starts[0] < 2_000 && (24_000..26_000).contains(&starts[1]), "{starts:?}");
    assert!(heard.speech_ms < 9_000);
}

#[test]
fn a_call_played_faster_gives_the_same_words_at_the_same_times() {
    let play = |step_ms: &dyn Fn(u32) -> u64| {
        let mut stage = Stage::new(Scripted::willing(), Notary::default());
        stage.open(CALL);
        stage.bridged(CALL);
        for n in 0..2_000u32 {
            let turn = n / 400 % 3;
            stage.tick(CALL, [turn == 0, turn == 1], step_ms(n));
        }
        stage.end(CALL);
        stage.work();
        match stage.answers().pop() {
            Some(FromEar::Noted { note, .. }) => note,
            other => panic!("{other:?}"),
        }
    };
    let real = play(&|_| 20);
    assert!(real.lines().count() >= 3);
    assert_eq!(play(&|_| 2), real);
    assert_eq!(play(&|n| if n % 50 == 0 { 900 } else { 3 }), real);
}

#[test]
fn which_packet_is_heard_first_and_when_the_recogniser_is_done_change_no_word() {
    let play = |silent: u16, work_every: u32| {
        let mut stage = Stage::new(Scripted::willing(), Notary::default());
        stage.open(CALL);
        stage.bridged(CALL);
        stage.now_ms = 100;
        stage.first = 1_000 - silent;
        stage.seq = [stage.first; 2];
        (0..silent).for_each(|_| stage.tick(CALL, [false, false], 20));
        for n in 0..2_000u32 {
            stage.tick(CALL, [n / 350 % 3 == 0, n / 350 % 3 == 1], 20);
            if n % work_every == 0 {
                stage.work();
            }
        }
        stage.end(CALL);
        stage.work();
        let Some(FromEar::Noted { note, .. }) = stage.answers().pop() else { panic!("no note") };
        // Each party's words in turn: between parties, times that differ by a packet may change the order.
        let lines =
            ["C:", "A:"].into_iter().flat_map(|who| note.lines().filter(move |line| line.starts_with(who)));
        let words = lines.flat_map(|line| line.split(' ').skip(1)).map(|word| {
            let (text, at) = word.split_once('@').unwrap();
            (text.to_owned(), at.parse::<i64>().unwrap() - 20 * i64::from(silent))
        });
        words.collect::<Vec<_>>()
    };
    let heard = play(20, 5_000);
    assert!(heard.len() > 40, "{heard:?}");
    for (silent, work_every) in [(20, 7), (21, 333), (22, 97), (23, 731)] {
        let other = play(silent, work_every);
        assert_eq!(other.len(), heard.len());
        for ((text, at), (other_text, other_at)) in heard.iter().zip(&other) {
            assert_eq!(text, other_text);
            assert!((at - other_at).abs() <= 20, "{text}: {at} and {other_at}");
        }
    }
}

#[test]
fn nothing_is_noted_before_everything_is_recognised() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, true], 40);
    stage.end(CALL);
    while !stage.hall.queue.is_empty() {
        assert!(stage.answers().is_empty());
        let (call, party) = stage.hall.queue.next().unwrap();
        stage.hall.serve(call, party);
    }
    assert!(matches!(stage.answers()[..], [FromEar::Noted { .. }]));
}

#[test]
fn windows_are_looked_into_while_there_is_room() {
    let looked_into = |calls: usize| {
        let settings = Settings { look_calls: calls, ..Settings::default() };
        let mut stage = Stage::with(Scripted::willing(), Notary::default(), settings);
        stage.open(CALL);
        stage.bridged(CALL);
        stage.talk(CALL, [true, false], 3);
        stage.talk(CALL, [false, false], 9);
        !stage.hall.queue.is_empty()
    };
    assert!(looked_into(1) && !looked_into(0));
}

#[test]
fn what_a_look_finds_is_in_no_note_and_asks_for_nothing() {
    let answers_with = |look_calls: usize| {
        let settings = Settings { look_calls, ..Settings::default() };
        let notary = Notary { request_at: Some(1), ..Notary::default() };
        let mut stage = Stage::with(Scripted::willing(), notary, settings);
        stage.open(CALL);
        stage.bridged(CALL);
        let mut looks = 0;
        for _ in 0..2 {
            stage.talk(CALL, [true, true], 3);
            stage.talk(CALL, [false, false], 9);
            looks += usize::from(!stage.hall.queue.is_empty());
            stage.work();
            assert!(stage.answers().iter().all(|answer| matches!(answer, FromEar::Counters { .. })));
        }
        assert_eq!(looks, 2 * look_calls, "both parties' looks were waited for");
        stage.end(CALL);
        stage.work();
        let last = stage.answers();
        assert!(matches!(last[..], [FromEar::DoNotContact { .. }, FromEar::Noted { .. }]), "{last:?}");
        format!("{last:?}")
    };
    assert_eq!(answers_with(1), answers_with(0));
}

#[test]
fn a_look_that_still_waits_when_its_window_is_full_is_saved() {
    let worked = |before_the_end: bool| {
        let times = Arc::new(AtomicUsize::new(0));
        let counts = times.clone();
        let recogniser = Scripted::new(move |_| {
            counts.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let mut stage = Stage::new(recogniser, Notary::default());
        stage.open(CALL);
        stage.bridged(CALL);
        stage.talk(CALL, [true, true], 3);
        stage.talk(CALL, [false, false], 9);
        assert!(!stage.hall.queue.is_empty(), "looks wait");
        if before_the_end {
            stage.work();
        }
        stage.end(CALL);
        stage.work();
        assert!(matches!(stage.answers()[..], [.., FromEar::Noted { .. }]));
        times.load(Ordering::Relaxed)
    };
    assert_eq!((worked(true), worked(false)), (4, 2));
}

#[test]
fn the_window_of_a_party_that_falls_silent_altogether_is_looked_into_by_the_clock() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    let due = stage.hall.poll_timeout().unwrap();
    assert!(due <= stage.now() + Duration::from_secs(3));
    stage.hall.handle_timeout(due);
    assert!(!stage.hall.queue.is_empty());
}

#[test]
fn a_timeout_that_was_handled_is_not_wanted_again() {
    let settings = Settings { look_calls: 0, ..Settings::default() };
    let mut stage = Stage::with(Scripted::willing(), Notary::default(), settings);
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    for _ in 0..5 {
        let due = stage.hall.poll_timeout().unwrap();
        stage.hall.handle_timeout(due);
        assert!(stage.hall.poll_timeout().unwrap() > due);
    }
}

#[test]
fn counters_come_no_more_than_once_in_ten_seconds() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    assert_eq!(stage.hall.poll_timeout(), None);
    stage.bridged(CALL);
    let mut times = Vec::new();
    for _ in 0..35 * 50 {
        stage.tick(CALL, [false, false], 20);
        stage.hall.handle_timeout(stage.now());
        times.extend(stage.answers().iter().map(|_| stage.now_ms));
    }
    assert!(times.len() == 3 && times.is_sorted_by(|a, b| b - a >= 10_000), "{times:?}");
}

#[test]
fn an_objection_wipes_the_call_and_nothing_after_it_is_heard() {
    let notary = Notary { objection: Some((3, Objection::Heard)), request_at: Some(2) };
    let mut stage = Stage::new(Scripted::willing(), notary);
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    stage.talk(CALL, [false, false], 9);
    stage.work();
    let answers = stage.answers();
    assert!(matches!(answers[..], [FromEar::Objected { call: CALL }]), "{answers:?}");
    stage.talk(CALL, [true, true], 3);
    stage.end(CALL);
    stage.work();
    assert!(stage.answers().is_empty());
    assert_eq!((stage.hall.open_calls(), stage.hall.buffered()), (0, 0));
}

#[test]
fn doubt_about_an_objection_is_the_calls_ending_too() {
    let notary = Notary { objection: Some((1, Objection::Suspected)), request_at: None };
    let mut stage = Stage::new(Scripted::willing(), notary);
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    assert!(matches!(answers[..], [FromEar::NotNoted { reason: NoSummary::ObjectionSuspected, .. }]));
}

#[test]
fn a_gap_of_ours_gives_no_note_but_an_objection_goes_before_it() {
    for (objection, partial) in [(None, true), (Some((1, Objection::Heard)), false)] {
        let mut stage = Stage::new(Scripted::willing(), Notary { objection, request_at: None });
        stage.open(CALL);
        stage.bridged(CALL);
        stage.talk(CALL, [true, false], 3);
        stage.hall.end(CALL, true, stage.now());
        stage.work();
        let answers = stage.answers();
        let is_partial = matches!(answers[..], [FromEar::NotNoted { reason: NoSummary::Partial, .. }]);
        assert_eq!(is_partial, partial, "{answers:?}");
    }
}

#[test]
fn a_stop_never_waits_for_a_decode_and_what_it_yields_is_dropped() {
    let (go, wait) = mpsc::channel::<()>();
    let (started, starts) = mpsc::channel::<()>();
    let (wait, started) = (Mutex::new(wait), Mutex::new(started));
    let mut stage = Stage::new(
        Scripted::new(move |_| {
            started.lock().unwrap().send(()).unwrap();
            wait.lock().unwrap().recv().map_err(|_| Failure::Decoding)
        }),
        Notary::default(),
    );
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    stage.end(CALL);
    let hall = stage.hall.clone();
    let worker = std::thread::spawn(move || hall.work());
    starts.recv().unwrap();
    stage.hall.stop(CALL);
    assert!(matches!(stage.answers()[..], [FromEar::Stopped { call: CALL }]));
    assert_eq!(stage.hall.buffered(), 0, "the script has read and dropped the stretch it was given");
    go.send(()).unwrap();
    stage.hall.close();
    worker.join().unwrap();
    assert!(stage.answers().is_empty());
}

#[test]
fn a_panic_ends_its_own_call_only() {
    let french = |language| if language == Language::Fr { panic!("in a test") } else { Ok(()) };
    let mut stage = Stage::new(Scripted::new(french), Notary::default());
    stage.open(CALL);
    stage.hall.open(CallId(8), Language::Fr, TODAY, AgentLeg::Heard, LeftOut::default());
    stage.hall.hear(CallId(8), Party::Caller, FORMAT);
    for call in [CALL, CallId(8)] {
        stage.bridged(call);
        stage.talk(call, [true, false], 3);
        stage.end(call);
    }
    stage.work();
    let answers = stage.answers();
    let panicked = |answer: &FromEar<String>| matches!(answer, FromEar::Panicked { call: CallId(8), .. });
    let noted = |answer: &FromEar<String>| matches!(answer, FromEar::Noted { call: CALL, .. });
    assert!(answers.len() == 2 && answers.iter().any(panicked) && answers.iter().any(noted), "{answers:?}");
    assert_eq!((stage.hall.open_calls(), stage.hall.buffered()), (0, 0));
}

#[test]
fn a_recogniser_that_fails_gives_a_reason() {
    let mut stage = Stage::new(Scripted::new(|_| Err(Failure::Decoding)), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    stage.end(CALL);
    stage.work();
    assert!(matches!(stage.answers()[..], [FromEar::NotNoted { reason: NoSummary::EngineFailed, .. }]));
}

#[test]
fn there_is_no_room_while_too_much_audio_waits() {
    let settings = Settings { audio_budget: 100_000, ..Settings::default() };
    let mut stage = Stage::with(Scripted::willing(), Notary::default(), settings);
    stage.open(CALL);
    stage.bridged(CALL);
    assert!(stage.hall.has_room());
    stage.talk(CALL, [true, false], 8);
    assert!(!stage.hall.has_room());
    stage.end(CALL);
    stage.work();
    assert!(stage.hall.has_room());
}

#[test]
fn a_stream_gets_its_audio_while_somebody_speaks() {
    let recogniser = Scripted { packing: Packing::Stream, ..Scripted::willing() };
    let mut stage = Stage::new(recogniser, Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    stage.talk(CALL, [true, false], 3);
    stage.work();
    assert!(stage.hall.backlog_ms() == 0 && stage.answers().is_empty());
    stage.end(CALL);
    stage.work();
    assert!(matches!(&stage.answers()[..], [FromEar::Noted { heard, .. }] if heard.recognised_ms > 2_000));
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Open,
    Hear,
    Packet,
    Bridged,
    Paused,
    Resumed,
    End,
    Stop,
    Work,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_the_order_a_call_has_one_ending_and_nothing_after(
        orders in proptest::collection::vec(
            proptest::sample::select(vec![
                Order::Open, Order::Hear, Order::Packet, Order::Packet, Order::Bridged, Order::Paused,
                Order::Resumed, Order::End, Order::Stop, Order::Work,
            ]),
            0..60,
        ),
    ) {
        let mut stage = Stage::new(Scripted::willing(), Notary::default());
        // The daemon never opens a call twice.
        let mut opened = false;
        for order in orders {
            match order {
                Order::Open if !opened => { stage.hall.open(CALL, Language::En, TODAY, AgentLeg::Heard, LeftOut::default()); opened = true; }
                Order::Open | Order::Hear => stage.hall.hear(CALL, Party::Caller, FORMAT),
                Order::Packet => (0..30).for_each(|_| stage.tick(CALL, [true, false], 20)),
                Order::Bridged => stage.bridged(CALL),
                Order::Paused => stage.hall.paused(CALL, stage.now()),
                Order::Resumed => stage.hall.resumed(CALL, stage.now()),
                Order::End => stage.end(CALL),
                Order::Stop => stage.hall.stop(CALL),
                Order::Work => stage.work(),
            }
        }
        stage.end(CALL);
        stage.work();
        let answers = stage.answers();
        let endings = answers.iter().filter(|answer| !matches!(answer, FromEar::Stopped { .. })).count();
        let stopped = answers.len() > endings;
        prop_assert!(endings <= 1);
        prop_assert!(!opened || stopped || endings == 1);
        prop_assert_eq!((stage.hall.open_calls(), stage.hall.buffered()), (0, 0));
    }
}

#[test]
fn a_fax_ends_the_call_and_is_told_once() {
    let mut stage = Stage::new(Scripted::willing(), Notary::default());
    stage.open(CALL);
    stage.bridged(CALL);
    for n in 0..150u32 {
        let sample = |k: u32| {
            let angle = f64::from(n * 160 + k) * 2_100.0 * std::f64::consts::TAU / 8_000.0;
            (angle.sin() * 6_000.0) as i16
        };
        let payload: Vec<u8> = (0..160).flat_map(|k| sample(k).to_be_bytes()).collect();
        let (seq, timestamp) = (Seq(n as u16), Timestamp(n * 160));
        let header = Header { marker: false, payload_type: 96, seq, timestamp, ssrc: Ssrc(1) };
        let mut datagram = Packet { header, payload: &payload }.to_bytes();
        stage.hall.packet(CALL, Party::Agent, &mut datagram, stage.now());
        stage.now_ms += 20;
    }
    stage.end(CALL);
    stage.work();
    let answers = stage.answers();
    assert!(
        matches!(answers[..], [FromEar::NotNoted { call: CALL, reason: NoSummary::Fax, .. }]),
        "{answers:?}"
    );
    assert_eq!((stage.hall.open_calls(), stage.hall.buffered()), (0, 0));
}
