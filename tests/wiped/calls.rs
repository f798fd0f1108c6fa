//! Whole calls through a hall, in every codec and to every ending; nothing that is given back meanwhile holds a canary.

use crate::allocator::{alone, watched};
use crate::canary::{self, Sound};
use crate::places::assert_none;
use callgist::border::{self, Day, DoNotContact, FromEar, MAX_MESSAGE};
use callgist::call::{AgentLeg, CallId, Language, Moment, NoSummary, Party};
use callgist::confidential::guard::Guarded;
use callgist::confidential::notes::{Objection, Quality};
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
use callgist::confidential::{
    Answers, Engine, Hall, NoteTaker, Pcm, Settings, Transcript, WIPED_BY_A_PACKET, WIPED_BY_WORK, Word,
    panic_hook,
};
use callgist::wire::rtp::{Header, Packet, Seq, Ssrc, Timestamp};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use zeroize::Zeroize;

const CALL: CallId = CallId(7);
const TODAY: Day = Day { year: 2026, month: 3, day: 5, minute: 600 };

/// What each party says, `@` and a digit for a word that is looked for, `#` for the number.
pub type Script = [&'static str; 2];

pub const A_NOTE: Script = [
    "Hello, my @1 dishwasher has been leaking since Thursday. Could you please send somebody to repair the @1 \
     dishwasher? My number is # .",
    "Good morning. I will send a technician for the @1 dishwasher on Friday at half past ten. I will call you back on # . \
     We cannot refund the @2 because it was Doctor @4 who ordered it. That makes 49.90 euros for the @5 .",
];

const AN_OBJECTION: Script = [
    "Hello, my @1 is broken. I object to the summary, please switch it off.",
    "I understand, the @2 is off.",
];

/// Only one of them speaks, so there is no note.
const A_REFUSAL: Script = ["Hello, my @1 is broken and I want a new @2 . My password is @3 .", ""];

/// How a recogniser or a note taker behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    Panics,
    Fails,
}

struct Scripted {
    script: Script,
    packing: Packing,
    manner: Manner,
    opened: AtomicUsize,
}

impl Scripted {
    fn of(call: &Call) -> Scripted {
        let Call { script, packing, recogniser: manner, .. } = *call;
        Scripted { script, packing, manner, opened: AtomicUsize::new(0) }
    }
}

/// What a party has not yet said.
struct Unsaid(&'static str);

impl Recogniser for Scripted {
    type Stream = Unsaid;

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Whisper
    }

    fn packing(&self) -> Packing {
        self.packing
    }

    fn open(&self, _language: Language) -> Result<Unsaid, Failure> {
        Ok(Unsaid(self.script[self.opened.fetch_add(1, Ordering::Relaxed) % 2]))
    }

    fn listen(&self, unsaid: &mut Unsaid, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        drop(audio);
        for (at, word) in std::mem::take(&mut unsaid.0).split_whitespace().enumerate() {
            let start = at as u32 * 40;
            found.add(Word::new(spoken(word), start, start + 40, 0.97));
        }
        match self.manner {
            Manner::Honest => Ok(()),
            Manner::Panics => panic!("{} {}", canary::word(1), found.words()),
            Manner::Fails => Err(Failure::Decoding),
        }
    }

    fn look(&self, _language: Language, audio: Pcm, found: &mut Found) -> Result<(), Failure> {
        drop(audio);
        found.add(Word::new(spoken("@1"), 0, 40, 0.97));
        LOOKS.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn finish(&self, _unsaid: Unsaid, _found: &mut Found) -> Result<(), Failure> {
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// How often a scripted recogniser looked into an open window.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

/// A word of a script as a recogniser would give it, in a text of its own.
pub fn spoken(word: &str) -> String {
    match word.as_bytes() {
        [b'@', number] => canary::word(usize::from(number - b'0')).to_owned(),
        b"#" => canary::number().to_owned(),
        _ => word.to_owned(),
    }
}

/// The product's engine, which may panic in the middle of a note.
struct NoteTakerOf(Manner);

impl NoteTaker for NoteTakerOf {
    type Note = Guarded;

    fn objection(&self, transcript: &Transcript, language: Language) -> Objection {
        Engine.objection(transcript, language)
    }

    fn do_not_contact(&self, transcript: &Transcript, language: Language) -> Vec<DoNotContact> {
        Engine.do_not_contact(transcript, language)
    }

    fn summarise(
        &self,
        transcript: &Transcript,
        language: Language,
        today: Day,
        quality: Quality,
    ) -> Result<Guarded, NoSummary> {
        let note = Engine.summarise(transcript, language, today, quality);
        assert!(self.0 == Manner::Honest);
        note
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a note, in which some of the canaries stand.
    Note {
        canaries: usize,
    },
    NoNote(NoSummary),
    Objection,
    Stopped,
    Panic,
}

/// What comes out of an ear, as it goes out: encoded and wiped.
fn ending(answer: FromEar<Guarded>) -> Option<End> {
    let mut room = [0; MAX_MESSAGE];
    let sent = border::encode(&answer, &mut room).unwrap();
    let canaries = (0..sent.len()).filter(|at| canary::within(&sent[*at..]).is_some()).count();
    room.zeroize();
    match answer {
        FromEar::Noted { .. } => Some(End::Note { canaries }),
        FromEar::NotNoted { reason, .. } => Some(End::NoNote(reason)),
        FromEar::Objected { .. } => Some(End::Objection),
        FromEar::Panicked { .. } => Some(End::Panic),
        FromEar::Stopped { .. } => Some(End::Stopped),
        _ => None,
    }
}

/// A call to be held.
pub struct Call {
    script: Script,
    sound: Sound,
    packing: Packing,
    recogniser: Manner,
    note_taker: Manner,
    /// The caller presses the key instead of hanging up.
    stopped: bool,
    /// Both are silent before that until their windows were looked into.
    looked_into: bool,
}

const WINDOWS: Packing = Packing::Windows { longest_ms: 29_000 };

impl Call {
    pub fn of(script: Script, sound: Sound) -> Call {
        let (recogniser, note_taker) = (Manner::Honest, Manner::Honest);
        Call { script, sound, packing: WINDOWS, recogniser, note_taker, stopped: false, looked_into: false }
    }

    /// Holds it; its ending, which nothing that was given back may have outlived.
    #[track_caller]
    fn hold(self) -> End {
        let recogniser = Scripted::of(&self);
        self.hold_with(recogniser)
    }

    /// The same with another recogniser.
    #[track_caller]
    pub fn hold_with<R: Recogniser>(self, recogniser: R) -> End {
        // Lexicons are compiled once, and stay.
        let _ = Engine.objection(&Transcript::new(Vec::new()), Language::En);
        std::panic::set_hook(Box::new(panic_hook));
        let (end, found) = watched(|| self.go_through_a_hall(recogniser));
        let _ = std::panic::take_hook();
        assert_none(&found);
        end
    }

    fn go_through_a_hall<R: Recogniser>(self, recogniser: R) -> End {
        let (send, endings) = mpsc::channel();
        let answers = move |answer| {
            // Nobody waits for a second one.
            let _ = ending(answer).map(|end| send.send(end));
        };
        let hall = self.hall(recogniser, Box::new(answers));
        let end = std::thread::scope(|scope| {
            self.speak(&hall);
            assert!(hall.buffered() > 0, "nothing was heard");
            scope.spawn(|| hall.work());
            if self.looked_into {
                self.be_silent(&hall);
                let waiting = Instant::now();
                while LOOKS.load(Ordering::Relaxed) < 2 {
                    assert!(waiting.elapsed() < Duration::from_secs(60), "nobody looked into the windows");
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            let now = Moment::from_micros(60_000_000);
            match self.stopped {
                true => hall.stop(CALL),
                false => hall.end(CALL, false, now),
            }
            let end = endings.recv().unwrap();
            hall.close();
            end
        });
        assert!(hall.buffered() == 0 && hall.open_calls() == 0);
        end
    }

    fn hall<R: Recogniser>(&self, recogniser: R, answers: Answers<Guarded>) -> Hall<R, NoteTakerOf> {
        let note_taker = NoteTakerOf(self.note_taker);
        Hall::with_note_taker(recogniser, note_taker, Settings::default(), answers)
    }

    /// The caller says the whole sound, then the agent does.
    fn speak<R: Recogniser>(&self, hall: &Hall<R, NoteTakerOf>) {
        hall.open(CALL, Language::En, TODAY, AgentLeg::Heard);
        PARTIES.iter().for_each(|party| hall.hear(CALL, *party, self.sound.format()));
        hall.bridged(CALL, Moment::START);
        for (nth, party) in PARTIES.into_iter().enumerate() {
            let before = nth * self.sound.payloads().len();
            for (seq, payload) in self.sound.payloads().iter().enumerate() {
                self.send(hall, party, seq, payload, before + seq);
            }
        }
    }

    /// Longer than it takes until an open window is looked into.
    fn be_silent<R: Recogniser>(&self, hall: &Hall<R, NoteTakerOf>) {
        let spoken = self.sound.payloads();
        let silence = vec![0; spoken[0].len()];
        for tick in 0..600 {
            for party in PARTIES {
                self.send(hall, party, spoken.len() + tick, &silence, 2 * spoken.len() + tick);
            }
        }
    }

    /// A packet that comes so many times 20 ms after the call began.
    fn send<R: Recogniser>(
        &self,
        hall: &Hall<R, NoteTakerOf>,
        party: Party,
        seq: usize,
        payload: &[u8],
        tick: usize,
    ) {
        let format = self.sound.format();
        let header = Header {
            marker: false,
            payload_type: format.payload_type,
            seq: Seq(seq as u16),
            timestamp: Timestamp(seq as u32 * format.clock_rate / 50),
            ssrc: Ssrc(1),
        };
        let mut datagram = Packet { header, payload }.to_bytes();
        hall.packet(CALL, party, &mut datagram, Moment::from_micros(tick as u64 * 20_000));
    }
}

const PARTIES: [Party; 2] = [Party::Caller, Party::Agent];

#[test]
fn a_call_that_ends_in_a_note_leaves_nothing_in_any_codec() {
    let _alone = alone();
    for sound in Sound::ALL {
        let end = Call::of(A_NOTE, sound).hold();
        assert!(matches!(end, End::Note { canaries } if canaries > 0), "{sound:?}: {end:?}");
    }
}

/// A stack overflow ends this process, and names the thread.
#[test]
#[cfg_attr(debug_assertions, ignore = "a debug build's frames are deeper")]
fn no_packet_leaves_anything_deeper_on_the_stack_than_is_wiped_there() {
    let wiped = |sound| if matches!(sound, Sound::Opus) { WIPED_BY_WORK } else { WIPED_BY_A_PACKET };
    /// The frames between the thread's first one and the packet's, and what the system keeps there.
    const ABOVE: usize = 16 << 10;
    let _alone = alone();
    for sound in Sound::ALL {
        let call = Call::of(A_NOTE, sound);
        let hall = call.hall(Scripted::of(&call), Box::new(drop));
        std::thread::scope(|scope| {
            let thread =
                std::thread::Builder::new().name(format!("{sound:?}")).stack_size(wiped(sound) + ABOVE);
            thread.spawn_scoped(scope, || call.speak(&hall)).unwrap();
        });
        assert!(hall.buffered() > 0, "nothing was heard");
    }
}

#[test]
fn a_call_that_is_heard_as_a_stream_leaves_nothing() {
    let _alone = alone();
    let end = Call { packing: Packing::Stream, ..Call::of(A_NOTE, Sound::L16) }.hold();
    assert!(matches!(end, End::Note { .. }), "{end:?}");
}

#[test]
fn a_look_into_an_open_window_leaves_nothing() {
    let _alone = alone();
    LOOKS.store(0, Ordering::Relaxed);
    let end = Call { looked_into: true, ..Call::of(A_NOTE, Sound::L16) }.hold();
    assert!(matches!(end, End::Note { .. }), "{end:?}");
    assert_eq!(LOOKS.load(Ordering::Relaxed), 2, "each voice's window");
}

#[test]
fn an_objection_leaves_nothing() {
    let _alone = alone();
    assert_eq!(Call::of(AN_OBJECTION, Sound::Pcma).hold(), End::Objection);
}

#[test]
fn an_objection_by_key_leaves_nothing_in_any_codec() {
    let _alone = alone();
    for sound in Sound::ALL {
        assert_eq!(Call { stopped: true, ..Call::of(A_NOTE, sound) }.hold(), End::Stopped);
    }
}

#[test]
fn a_call_without_a_note_leaves_nothing() {
    let _alone = alone();
    assert_eq!(Call::of(A_REFUSAL, Sound::Pcma).hold(), End::NoNote(NoSummary::OneSided));
}

#[test]
fn a_recogniser_that_panics_with_what_was_said_leaves_nothing() {
    let _alone = alone();
    assert_eq!(Call { recogniser: Manner::Panics, ..Call::of(A_NOTE, Sound::L16) }.hold(), End::Panic);
}

#[test]
fn a_recogniser_that_fails_leaves_nothing() {
    let _alone = alone();
    let end = Call { recogniser: Manner::Fails, ..Call::of(A_NOTE, Sound::L16) }.hold();
    assert_eq!(end, End::NoNote(NoSummary::EngineFailed));
}

#[test]
fn a_note_taker_that_panics_leaves_nothing() {
    let _alone = alone();
    assert_eq!(Call { note_taker: Manner::Panics, ..Call::of(A_NOTE, Sound::L16) }.hold(), End::Panic);
}
