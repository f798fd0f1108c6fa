//! One byte string is what happens to the sockets of two calls: packets in order and not, doubled, lost, of strangers, of any
//! bytes, and what the daemon orders meanwhile.
//!
//! They go through the ear's own front, so through its reorder buffer, codecs, voice gate, windows and note engine. Its
//! recogniser says words of our own choice at times that no recogniser would give them. What the ear answers is judged as
//! the daemon judges it.

use super::hand::{Hand, left_out};
use callgist::border::{self, Day, FromEar, Heard, LeftOut, MAX_MESSAGE, Note, decode, encode};
use callgist::call::{AgentLeg, CallId, Language, Moment, Party};
use callgist::confidential::guard::Guarded;
use callgist::confidential::recogniser::{Failure, Found, Packing, Recogniser};
use callgist::confidential::{Hall, Pcm, Settings, Word};
use callgist::daemon::ears::{Heed, Judge};
use callgist::sim::Coder;
use callgist::wire::rtp::{Codec, Format, Header, Packet, Seq, Ssrc, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

/// An ear without a recogniser: no panic in a call's work, nothing that the daemon would call a breach, one ending a call and
/// nothing after it or after a stop, never more audio held or recognised than came and a margin, no more time listened to
/// than can have passed, and nothing held when the last call has gone.
pub fn media(bytes: &[u8]) {
    let mut hand = Hand::new(bytes);
    let told = hand.byte();
    let packing = if told & 1 > 0 { Packing::Stream } else { Packing::Windows { longest_ms: 28_000 } };
    let settings = Settings {
        look_calls: usize::from(told >> 1 & 3),
        look_after_ms: u32::from(hand.byte()) * 100,
        ..Settings::default()
    };
    let answers = Arc::new(Answers::default());
    let took = answers.clone();
    let hall =
        Hall::new(Babbler::new(packing, hand.wide()), settings, Box::new(move |said| took.take(&said)));
    std::thread::scope(|scope| {
        scope.spawn(|| hall.work());
        let agent_leg = if told & 8 > 0 { AgentLeg::NotHeard } else { AgentLeg::Heard };
        Ear::new(&hall, &answers, agent_leg, left_out(told >> 4)).live(&mut hand);
        hall.close();
    });
}

struct Ear<'a> {
    hall: &'a Hall<Babbler>,
    answers: &'a Answers,
    agent_leg: AgentLeg,
    left_out: LeftOut,
    now: Moment,
    /// More would make an input slow, and no more is learnt.
    packets: u32,
    /// How often a stretch of speech may have been cut short by an order or by silence.
    cuts: u64,
    /// Every packet came when its time had come.
    honest: bool,
    calls: BTreeMap<CallId, Call>,
}

/// A call as its daemon knows it.
struct Call {
    streams: [Stream; 2],
    bridged: Option<Moment>,
    ended: bool,
}

/// The sender of one party's packets.
struct Stream {
    format: Format,
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    /// Which frame of speech comes next.
    frame: usize,
    /// One that is late.
    kept_back: Option<Vec<u8>>,
    last: Vec<u8>,
    /// Milliseconds of sound and of silence that its packets can have brought, at most.
    brought_ms: u64,
}

impl<'a> Ear<'a> {
    fn new(hall: &'a Hall<Babbler>, answers: &'a Answers, agent_leg: AgentLeg, left_out: LeftOut) -> Ear<'a> {
        let (now, calls) = (Moment::START, BTreeMap::new());
        Ear { hall, answers, agent_leg, left_out, now, packets: 0, cuts: 1, honest: true, calls }
    }

    fn live(&mut self, hand: &mut Hand<'_>) {
        self.open(hand);
        while !hand.is_empty() && self.packets < MOST_PACKETS {
            let (id, party) = (CallId(u64::from(hand.byte() & 1)), hand.one_of(&PARTIES));
            // Of an agent who is not heard there is no copy.
            let party = if self.agent_leg == AgentLeg::Heard { party } else { Party::Caller };
            if !self.calls.contains_key(&id) {
                self.open(hand);
                continue;
            }
            self.happens(id, party, hand);
            self.check();
        }
        let open: Vec<CallId> = self.calls.keys().copied().collect();
        for (at, id) in open.into_iter().enumerate() {
            match at {
                0 => self.end(id),
                _ => self.stop(id),
            }
        }
        self.answers.wait_until_all_have_ended();
        self.check();
        assert_eq!((self.hall.open_calls(), self.hall.buffered(), self.hall.backlog_ms()), (0, 0, 0));
    }

    fn open(&mut self, hand: &mut Hand<'_>) {
        let id = CallId(self.calls.len() as u64);
        let language = hand.one_of(&[Language::En, Language::De, Language::Fr]);
        let streams = PARTIES.map(|_| Stream::new(format(hand)));
        self.answers.expect(id, language, self.now);
        self.hall.open(
            id,
            language,
            Day { year: 2026, month: 1, day: 5, minute: 0 },
            self.agent_leg,
            self.left_out,
        );
        for party in self.agent_leg.voices() {
            self.hall.hear(id, *party, streams[*party as usize].format);
        }
        self.calls.insert(id, Call { streams, bridged: None, ended: false });
        if hand.byte() & 7 > 0 {
            self.bridge(id);
        }
    }

    fn happens(&mut self, id: CallId, party: Party, hand: &mut Hand<'_>) {
        match hand.byte() % 32 {
            0..6 => {
                for _ in 0..hand.byte() % 64 {
                    let packet = self.stream(id, party).speech();
                    self.now = self.now + PACKET;
                    self.packet(id, party, packet);
                }
            }
            6 | 7 => {
                // As fast as they can be sent.
                self.honest = false;
                for _ in 0..hand.byte() % 64 {
                    let packet = self.stream(id, party).speech();
                    self.packet(id, party, packet);
                }
            }
            8 | 9 => {
                self.honest = false;
                let length = usize::from(hand.byte()) * 2;
                let packet = self.stream(id, party).with(hand.some(length));
                self.packet(id, party, packet);
            }
            10 | 11 => {
                for _ in 0..hand.byte() % 32 {
                    let packet = self.stream(id, party).filler();
                    self.now = self.now + PACKET;
                    self.packet(id, party, packet);
                }
            }
            12 => {
                let lost = hand.byte();
                self.honest = false;
                let stream = self.stream(id, party);
                (0..lost).for_each(|_| drop(stream.speech()));
                stream.may_miss(lost.into());
            }
            13 => {
                let packet = self.stream(id, party).speech();
                self.now = self.now + PACKET;
                if let Some(late) = self.stream(id, party).kept_back.replace(packet) {
                    self.packet(id, party, late);
                }
            }
            14 => {
                let again = self.stream(id, party).last.clone();
                self.packet(id, party, again);
            }
            15 => {
                self.honest = false;
                let stream = self.stream(id, party);
                stream.may_miss(FARTHEST);
                stream.seq = hand.wide();
            }
            16 => {
                self.honest = false;
                self.stream(id, party).timestamp = u32::from(hand.wide()) << (hand.byte() & 16);
            }
            17 => {
                self.honest = false;
                let stream = self.stream(id, party);
                stream.ssrc = stream.ssrc.wrapping_add(1);
            }
            18 => {
                let stream = self.stream(id, party);
                let ours = std::mem::replace(&mut stream.ssrc, 77);
                let packet = stream.speech();
                stream.ssrc = ours;
                self.now = self.now + PACKET;
                self.packet(id, party, packet);
            }
            19 | 20 => self.now = self.now + Duration::from_millis(u64::from(hand.byte()) * 20),
            21 => self.now = self.now + Duration::from_secs(hand.byte().into()),
            22 => self.time_out(),
            23 => {
                self.cuts += 1;
                self.hall.paused(id, self.now);
            }
            24 => self.hall.resumed(id, self.now),
            25 => self.bridge(id),
            26 => {
                self.cuts += 1;
                let format = format(hand);
                let stream = self.stream(id, party);
                *stream = Stream { brought_ms: stream.brought_ms, ..Stream::new(format) };
                self.answers.handed_over(id, party);
                self.hall.hear(id, party, format);
            }
            27 => {
                // Comfort noise, telephone events, and what else has another number.
                self.honest = false;
                let kind = hand.one_of(&[13, 101, 0, 8, 96]);
                let packet = self.stream(id, party).of_type(kind, &[0; 4]);
                self.packet(id, party, packet);
            }
            28 => {
                self.honest = false;
                let length = usize::from(hand.byte());
                let datagram = hand.some(length).to_vec();
                self.stream(id, party).may_miss(FARTHEST);
                self.packet(id, party, datagram);
            }
            29 if hand.byte() & 3 == 0 => self.end(id),
            30 if hand.byte() & 3 == 0 => self.stop(id),
            _ => {
                if let Some(next) = self.hall.poll_timeout() {
                    self.now = self.now.max(next);
                }
                self.time_out();
            }
        }
    }

    fn time_out(&mut self) {
        self.cuts += 4;
        self.answers.time_is(self.now);
        self.hall.handle_timeout(self.now);
    }

    fn stream(&mut self, id: CallId, party: Party) -> &mut Stream {
        &mut self.calls.get_mut(&id).expect("it is open").streams[party as usize]
    }

    fn packet(&mut self, id: CallId, party: Party, mut datagram: Vec<u8>) {
        self.packets += 1;
        self.answers.time_is(self.now);
        let stream = self.stream(id, party);
        stream.brought_ms += most_ms(&stream.format, datagram.len());
        stream.last.clone_from(&datagram);
        self.hall.packet(id, party, &mut datagram, self.now);
        assert!(datagram.iter().all(|byte| *byte == 0), "a datagram was left unwiped");
    }

    fn bridge(&mut self, id: CallId) {
        let now = self.now;
        let call = self.calls.get_mut(&id).expect("it is open");
        if call.bridged.is_none() && !call.ended {
            call.bridged = Some(now);
            self.answers.bridged(id, now);
            self.hall.bridged(id, now);
        }
    }

    fn end(&mut self, id: CallId) {
        self.calls.get_mut(&id).expect("it is open").ended = true;
        self.hall.end(id, false, self.now);
    }

    fn stop(&mut self, id: CallId) {
        self.calls.get_mut(&id).expect("it is open").ended = true;
        // Of a call that has had its ending the daemon asks nothing.
        if self.answers.stopping(id) {
            self.hall.stop(id);
        }
    }

    fn check(&self) {
        let brought: u64 =
            self.calls.values().flat_map(|call| &call.streams).map(|stream| stream.brought_ms).sum();
        let passed = self.now.millis();
        // A look is one copy of one open window for each party; each stretch ends in a block that is not full.
        let most_ms = 3 * (2 * passed + brought) + self.cuts * 1_000 + 4 * 28_000;
        let (buffered, backlog_ms) = (self.hall.buffered() as u64, self.hall.backlog_ms());
        assert!(
            buffered <= most_ms * BYTES_A_MS && backlog_ms <= most_ms,
            "{buffered} bytes, {backlog_ms} ms"
        );
        for (id, call) in &self.calls {
            let Some(heard) = self.answers.last_heard(*id) else { continue };
            let Heard { listened_ms, speech_ms, recognised_ms, .. } = heard;
            let [listened, speech, recognised] = [listened_ms, speech_ms, recognised_ms].map(u64::from);
            // Two parties; each sample is given once.
            assert!(speech <= 2 * listened + 500, "{speech} ms of speech in {listened}");
            // A recogniser that follows a stream is given a silence behind each sentence.
            assert!(recognised <= 3 * speech + 1_000 * self.cuts, "{recognised} ms recognised of {speech}");
            assert!(call.bridged.is_some() || listened == 0, "{listened} ms listened to before the bridge");
            let passed = call.bridged.map_or(0, |bridged| self.now.since(bridged).as_millis() as u64);
            // A gap is believed when the clock saw about the same.
            let brought: u64 = call.streams.iter().map(|stream| stream.brought_ms).sum();
            assert!(listened <= passed * 4 / 3 + brought + 500, "{listened} ms listened to in {passed}");
            assert!(
                !self.honest || listened <= passed + 1_000,
                "{listened} ms listened to in {passed}, honestly"
            );
        }
    }
}

impl Stream {
    fn new(format: Format) -> Stream {
        Stream {
            format,
            seq: 65_530,
            timestamp: 0,
            ssrc: 1,
            frame: 0,
            kept_back: None,
            last: Vec::new(),
            brought_ms: 0,
        }
    }

    fn speech(&mut self) -> Vec<u8> {
        let frames = &SPEECH[&(self.format.codec, self.format.clock_rate)];
        self.frame = (self.frame + 1) % frames.len();
        self.with(&frames[self.frame])
    }

    /// So many packets of it do not come.
    fn may_miss(&mut self, packets: u64) {
        self.brought_ms += packets * u64::from(self.format.ptime_ms);
    }

    fn with(&mut self, payload: &[u8]) -> Vec<u8> {
        self.of_type(self.format.payload_type, payload)
    }

    fn filler(&mut self) -> Vec<u8> {
        let main = self.timestamp;
        self.timestamp = u32::from(self.seq) * 160 + 7;
        let packet = self.with(&[0xff; 160]);
        self.timestamp = main;
        packet
    }

    fn of_type(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let header = Header {
            marker: false,
            payload_type,
            seq: Seq(self.seq),
            timestamp: Timestamp(self.timestamp),
            ssrc: Ssrc(self.ssrc),
        };
        self.seq = self.seq.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.format.clock_rate / 50);
        Packet { header, payload }.to_bytes()
    }
}

/// What an SDP answer of ours may agree.
fn format(hand: &mut Hand<'_>) -> Format {
    let (codec, payload_type, clock_rate) = hand.one_of(&CODECS);
    let ptime_ms = hand.one_of(&[20, 20, 20, 10, 30, 40, 60, 120]);
    Format { codec, payload_type, clock_rate, ptime_ms }
}

/// Milliseconds that one datagram can bring: its own, and what a jump of its time may make of it.
fn most_ms(format: &Format, bytes: usize) -> u64 {
    let its_own = match format.codec {
        Codec::Opus => 120,
        _ => bytes as u64 * 1_000 / u64::from(format.clock_rate),
    };
    its_own + u64::from(format.ptime_ms) + 600
}

// ---------------------------------------------------------------- the recogniser

/// Says something of every stretch, at times of its own.
struct Babbler {
    packing: Packing,
    seed: u16,
    said: AtomicU32,
}

impl Babbler {
    fn new(packing: Packing, seed: u16) -> Babbler {
        Babbler { packing, seed, said: AtomicU32::new(0) }
    }

    fn say(&self, found: &mut Found) {
        for _ in 0..self.seed % 5 {
            let number = self.said.fetch_add(1, Ordering::Relaxed);
            let mixed =
                number.wrapping_mul(2_654_435_761).rotate_left(self.seed.into()) ^ u32::from(self.seed);
            let word = WORDS[mixed as usize % WORDS.len()];
            let at = if self.seed & 32 > 0 { mixed >> 8 } else { number * 300 };
            let ends =
                if self.seed & 64 > 0 { at.wrapping_sub(mixed & 1_023) } else { at.saturating_add(280) };
            found.add(Word::new(word.to_owned(), at, ends, 0.9));
        }
    }
}

impl Recogniser for Babbler {
    type Stream = ();

    fn kind(&self) -> border::Recogniser {
        border::Recogniser::Whisper
    }

    fn packing(&self) -> Packing {
        self.packing
    }

    fn open(&self, _: Language) -> Result<(), Failure> {
        Ok(())
    }

    fn listen(&self, (): &mut (), _: Pcm, found: &mut Found) -> Result<(), Failure> {
        self.say(found);
        Ok(())
    }

    fn finish(&self, (): (), found: &mut Found) -> Result<(), Failure> {
        self.say(found);
        Ok(())
    }

    fn warm_up(&self) -> Result<(), Failure> {
        Ok(())
    }
}

// ---------------------------------------------------------------- the daemon

/// What the ear said, each word judged as the daemon does it.
#[derive(Default)]
struct Answers {
    told: Mutex<Told>,
    changed: Condvar,
}

struct Told {
    judge: Judge,
    now: Moment,
    open: BTreeSet<CallId>,
    heard: BTreeMap<CallId, Heard>,
}

impl Default for Told {
    fn default() -> Told {
        let mut judge = Judge::new(border::Recogniser::Whisper);
        let (recogniser, model) = (border::Recogniser::Whisper, border::ModelId([0; 8]));
        judge
            .take(FromEar::Ready { recogniser, model, acts_refused: 1 }, Moment::START)
            .expect("it is ready");
        let (open, heard) = Default::default();
        Told { judge, now: Moment::START, open, heard }
    }
}

impl Answers {
    fn with<T>(&self, act: impl FnOnce(&mut Told) -> T) -> T {
        act(&mut self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    fn time_is(&self, now: Moment) {
        self.with(|told| told.now = now);
    }

    fn expect(&self, call: CallId, language: Language, now: Moment) {
        self.with(|told| {
            told.judge.opened(call, language, now);
            told.open.insert(call);
        });
    }

    fn bridged(&self, call: CallId, now: Moment) {
        self.with(|told| told.judge.bridged(call, now));
    }

    fn handed_over(&self, call: CallId, party: Party) {
        self.with(|told| told.judge.handed_over(call, party));
    }

    /// Whether the call has not had its ending.
    fn stopping(&self, call: CallId) -> bool {
        self.with(|told| {
            let holds = told.judge.holds(call);
            told.judge.stopping(call);
            holds
        })
    }

    fn last_heard(&self, call: CallId) -> Option<Heard> {
        self.with(|told| told.heard.get(&call).copied())
    }

    fn take(&self, said: &FromEar<Guarded>) {
        let mut room = [0; MAX_MESSAGE];
        let bytes = encode(said, &mut room).expect("a message that does not fit");
        let said: FromEar<Note> = decode(bytes).expect("a message that cannot be read");
        self.with(|told| {
            match &said {
                FromEar::Panicked { file, line, .. } => panic!("a call's work panicked: {file}:{line}"),
                FromEar::Counters { call, heard }
                | FromEar::Noted { call, heard, .. }
                | FromEar::NotNoted { call, heard, .. } => _ = told.heard.insert(*call, *heard),
                _ => {}
            }
            match told.judge.take(said, told.now) {
                Ok(Heed::Word { call, word, .. }) => {
                    assert!(told.open.contains(&call), "something comes after a call's ending");
                    if word.ends() {
                        told.open.remove(&call);
                    }
                }
                Ok(_) => {}
                Err(breach) => panic!("the daemon would end this ear: {breach}"),
            }
        });
        self.changed.notify_all();
    }

    fn wait_until_all_have_ended(&self) {
        let told = self.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let patience = Duration::from_secs(20);
        let waited = self.changed.wait_timeout_while(told, patience, |told| !told.open.is_empty());
        assert!(waited.is_ok_and(|(_, waited)| !waited.timed_out()), "a call without an ending");
    }
}

// ---------------------------------------------------------------- what is sent

/// Payloads by codec and clock rate.
type Spoken = BTreeMap<(Codec, u32), Vec<Vec<u8>>>;

/// Twenty milliseconds each of a spoken notice, in every format.
static SPEECH: LazyLock<Spoken> = LazyLock::new(|| {
    let samples = |wav: &[u8]| -> Vec<i16> {
        wav[44..].as_chunks::<2>().0.iter().map(|two| i16::from_le_bytes(*two)).collect()
    };
    let narrow = samples(include_bytes!("../../../sounds/en/8000/notice.wav"));
    let wide = samples(include_bytes!("../../../sounds/en/16000/notice.wav"));
    let coded = |codec: Codec, sound: &[i16], frame: usize| -> Vec<Vec<u8>> {
        let mut coder = Coder::new(codec);
        sound.chunks_exact(frame).take(200).map(|frame| coder.encode(frame)).collect()
    };
    CODECS
        .iter()
        .map(|(codec, _, clock_rate)| {
            let wide_sound = (*codec, *clock_rate) == (Codec::L16, 16_000);
            let frames = if wide_sound { coded(*codec, &wide, 320) } else { coded(*codec, &narrow, 160) };
            ((*codec, *clock_rate), frames)
        })
        .collect()
});

const CODECS: [(Codec, u8, u32); 6] = [
    (Codec::Pcma, 8, 8_000),
    (Codec::Pcmu, 0, 8_000),
    (Codec::L16, 97, 8_000),
    (Codec::L16, 98, 16_000),
    (Codec::G722, 9, 8_000),
    (Codec::Opus, 116, 48_000),
];

const WORDS: [&str; 24] = [
    "hello", "invoice", "is", "wrong", "I", "will", "call", "you", "back", "tomorrow", "at", "three",
    "o'clock", "please", "do", "not", "record", "this", "4111", "1111", "1111", "1111", "84,50", "euros",
];

const PARTIES: [Party; 2] = [Party::Caller, Party::Agent];
const PACKET: Duration = Duration::from_millis(20);
const MOST_PACKETS: u32 = 1_500;
/// Packets that may be missing at once before it is a new beginning.
const FARTHEST: u64 = 1_000;
/// At 16 kHz and 16 bits.
const BYTES_A_MS: u64 = 32;
