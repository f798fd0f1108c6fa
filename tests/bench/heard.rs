//! Packets of both parties go through the ear's own hall, as fast as it takes them; what that cost comes out, by part.

use crate::cpu::{process_cpu, thread_cpu};
use crate::spoken::FORMAT;
use callgist::border::{Day, DoNotContact, FromEar, Heard, LeftOut};
use callgist::call::{AgentLeg, CallId, Language, Moment, NoSummary, Party};
use callgist::confidential::guard::Guarded;
use callgist::confidential::notes::{Objection, Quality};
use callgist::confidential::recogniser::Recogniser;
use callgist::confidential::{Engine, Hall, NoteTaker, Settings, Transcript};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// CPU seconds of calls, and what was let through to the recogniser.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub all: f64,
    /// The thread that takes packets: order, decode, resample, fax, gate.
    pub media_and_gate: f64,
    /// Objections, requests and notes looked for.
    pub note: f64,
    pub speech_s: f64,
}

impl Cost {
    pub fn plus(self, other: Cost) -> Cost {
        Cost {
            all: self.all + other.all,
            media_and_gate: self.media_and_gate + other.media_and_gate,
            note: self.note + other.note,
            speech_s: self.speech_s + other.speech_s,
        }
    }
}

/// Packets with the time at which each comes.
pub type Arrivals = Vec<(Moment, Vec<u8>)>;

/// One after the other, 20 ms apart.
pub fn on_time(packets: Vec<Vec<u8>>) -> Arrivals {
    let at = |n: usize| Moment::START + Duration::from_millis(20) * u32::try_from(n).unwrap();
    packets.into_iter().enumerate().map(|(n, packet)| (at(n), packet)).collect()
}

/// A loaded recogniser in its hall, and one thread that works in it; no window is looked into before it is closed.
pub struct Ear<R: Recogniser> {
    hall: Arc<Hall<R, Timed>>,
    endings: Receiver<Heard>,
    worker: Option<JoinHandle<()>>,
}

impl<R: Recogniser> Ear<R> {
    pub fn new(recogniser: R) -> Ear<R> {
        let (tell, endings) = channel();
        let tell = Mutex::new(tell);
        let answers = Box::new(move |answer: FromEar<Guarded>| {
            let heard = match answer {
                FromEar::Noted { heard, .. } | FromEar::NotNoted { heard, .. } => heard,
                FromEar::Objected { .. } | FromEar::Panicked { .. } => Heard::default(),
                _ => return,
            };
            tell.lock().unwrap().send(heard).unwrap();
        });
        let settings = Settings { look_calls: 0, ..Settings::default() };
        let hall = Arc::new(Hall::with_note_taker(recogniser, Timed, settings, answers));
        let working = Arc::clone(&hall);
        let worker = std::thread::spawn(move || working.work());
        Ear { hall, endings, worker: Some(worker) }
    }

    /// Hears one call to its end.
    pub fn hear(&self, number: u64, language: Language, sides: [Arrivals; 2]) -> Cost {
        let call = CallId(number);
        let noted_before = NOTE_NS.load(Ordering::Relaxed);
        let (before, own) = (process_cpu(), thread_cpu());
        self.hall.open(
            call,
            language,
            Day { year: 2026, month: 1, day: 5, minute: 600 },
            AgentLeg::Heard,
            LeftOut::default(),
        );
        for party in PARTIES {
            self.hall.hear(call, party, FORMAT);
        }
        self.hall.bridged(call, Moment::START);
        let end = self.feed(call, sides);
        let media_and_gate = thread_cpu() - own;
        self.hall.end(call, false, end);
        let heard = self.endings.recv().unwrap();
        let all = process_cpu() - before;
        assert!(heard.speech_ms > 0, "the call was ended by what was said in it: take another one");
        let note = (NOTE_NS.load(Ordering::Relaxed) - noted_before) as f64 / 1e9;
        Cost { all, media_and_gate, note, speech_s: f64::from(heard.speech_ms) / 1_000.0 }
    }

    /// In the order of their arrival; when the last one came.
    fn feed(&self, call: CallId, sides: [Arrivals; 2]) -> Moment {
        let of =
            |(party, side): (Party, Arrivals)| side.into_iter().map(move |(at, packet)| (at, party, packet));
        let mut all: Vec<_> = PARTIES.into_iter().zip(sides).flat_map(of).collect();
        all.sort_by_key(|(at, ..)| *at);
        let end = all.last().map_or(Moment::START, |(at, ..)| *at);
        for (at, party, mut packet) in all {
            self.hall.packet(call, party, &mut packet, at);
        }
        end
    }
}

impl<R: Recogniser> Drop for Ear<R> {
    fn drop(&mut self) {
        self.hall.close();
        if let Some(worker) = self.worker.take() {
            // What it panicked of was said already.
            let _ = worker.join();
        }
    }
}

/// The product's own, and how long it takes.
struct Timed;

impl NoteTaker for Timed {
    type Note = Guarded;

    fn objection(&self, transcript: &Transcript, language: Language) -> Objection {
        timed(|| Engine.objection(transcript, language))
    }

    fn do_not_contact(&self, transcript: &Transcript, language: Language) -> Vec<DoNotContact> {
        timed(|| Engine.do_not_contact(transcript, language))
    }

    fn summarise(
        &self,
        transcript: &Transcript,
        language: Language,
        today: Day,
        left_out: LeftOut,
        quality: Quality,
    ) -> Result<Guarded, NoSummary> {
        timed(|| Engine.summarise(transcript, language, today, left_out, quality))
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let before = thread_cpu();
    let done = work();
    NOTE_NS.fetch_add(((thread_cpu() - before) * 1e9) as u64, Ordering::Relaxed);
    done
}

/// One hall hears at a time.
static NOTE_NS: AtomicU64 = AtomicU64::new(0);

const PARTIES: [Party; 2] = [Party::Caller, Party::Agent];
