//! A small phone: SIP over UDP (RFC 3261), one codec over RTP, one call at a time; what it did and heard is kept as times.

use super::coding::{self, Codec, Hears, Says};
use super::stamped::Stamped;
use callgist::wire::rtp::{Header, Packet, Seq, Ssrc, Timestamp};
use callgist::wire::sip::{Message, Method, Start, Status};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When the parties begin to talk: both voices of a recording keep their places from here on.
pub type Talk = Arc<OnceLock<Instant>>;

/// What is said, from the talk's begin on; 8 kHz.
pub struct Voice {
    pub speech: Arc<[i16]>,
    pub talk: Talk,
    /// The one codec that the phone speaks.
    pub codec: Codec,
}

/// One packet that was heard.
#[derive(Clone, Copy)]
pub struct Heard {
    /// When the machine had it.
    pub at: Instant,
    pub seq: Seq,
    pub ssrc: Ssrc,
    pub sound: Sound,
    pub print: u64,
}

/// One packet that was said.
#[derive(Clone, Copy)]
pub struct Said {
    pub at: Instant,
    /// By how much the phone was late with it.
    pub late: Duration,
    /// The same as that of the packet that is heard: the switch changes nothing in it where both speak one codec.
    pub print: u64,
}

fn print(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(payload);
    hasher.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    Silence,
    /// The tone of 425 Hz that a caller hears while a phone rings.
    Ringing,
    Voice,
}

/// What has become of the phone's call.
#[derive(Default)]
pub struct State {
    /// When the INVITE was sent or came.
    pub invited: Option<Instant>,
    pub answered: Option<Instant>,
    /// The status of a refusal.
    pub refused: Option<u16>,
    /// What it asked for in the call, in place of its own codec.
    changed: Option<Codec>,
    /// When either side hung up.
    pub ended: Option<Instant>,
    pub heard: Vec<Heard>,
    /// From the talk's begin on, keys left out.
    pub said: Vec<Said>,
    /// The longest time by which the phone itself was late with a packet: the machine is busy then.
    pub late: Duration,
    /// Keys that the other side pressed, by the time stamps of their packets: each comes many times.
    pressed: Vec<(Timestamp, u8)>,
    dialog: Option<Dialog>,
    rtp: Option<Stream>,
    keys: VecDeque<u8>,
    /// What is said next in place of the voice: keys as tones.
    tones: VecDeque<[i16; FRAME]>,
}

impl State {
    /// Packets that never came, told by the gaps in their numbers.
    pub fn lost(&self) -> usize {
        let pairs = self.heard.windows(2).filter(|pair| pair[0].ssrc == pair[1].ssrc);
        pairs.map(|pair| usize::from(pair[1].seq.0.wrapping_sub(pair[0].seq.0).saturating_sub(1))).sum()
    }

    /// The keys that the other side pressed.
    pub fn dialled(&self) -> String {
        self.pressed.iter().map(|(_, key)| char::from(b"0123456789*#"[usize::from(*key)])).collect()
    }

    /// Whether this codec was agreed.
    pub fn speaks(&self, codec: Codec) -> bool {
        self.rtp.is_some_and(|stream| stream.codec == codec)
    }

    /// How many packets of this kind came between the two.
    pub fn count(&self, sound: Sound, from: Instant, to: Instant) -> usize {
        self.heard.iter().filter(|heard| heard.sound == sound && (from..to).contains(&heard.at)).count()
    }

    /// The longest time without any packet between the two.
    pub fn longest_gap(&self, from: Instant, to: Instant) -> Duration {
        let within = self.heard.iter().map(|heard| heard.at).filter(|at| (from..to).contains(at));
        let times: Vec<Instant> = [from].into_iter().chain(within).chain([to]).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }
}

/// Where the other side receives, in which codec, and under which payload type the voice goes both ways.
#[derive(Clone, Copy)]
struct Stream {
    to: SocketAddr,
    codec: Codec,
    voice: u8,
}

/// What a request within the call is made of.
struct Dialog {
    peer: SocketAddr,
    target: String,
    local: String,
    remote: String,
    call_id: String,
    cseq: u32,
    /// The INVITE that began it, and what the agent's phone answered last.
    invite: Message,
    said: Vec<u8>,
}

pub struct Phone {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    sip: UdpSocket,
    rtp: Stamped,
    voice: Voice,
    /// Whose phone is to ring, where the number does not say it.
    agent: Option<SocketAddr>,
    /// How long an agent's phone rings.
    ring: Duration,
    over: AtomicBool,
    state: Mutex<State>,
}

impl Phone {
    /// Calls `number` at the switch.
    pub fn calls(number: &str, switch: SocketAddr, voice: Voice) -> Phone {
        Phone::dials(number, switch, None, voice)
    }

    /// The same, and names the agent's phone in a header of its own.
    pub fn calls_agent(number: &str, switch: SocketAddr, agent: SocketAddr, voice: Voice) -> Phone {
        Phone::dials(number, switch, Some(agent), voice)
    }

    fn dials(number: &str, switch: SocketAddr, agent: Option<SocketAddr>, voice: Voice) -> Phone {
        let phone = Phone::start((switch.ip(), 0).into(), Duration::ZERO, agent, voice);
        phone.shared.invite(number, switch);
        phone
    }

    /// Waits at `address` for calls, rings, and answers.
    pub fn waits(address: SocketAddr, ring: Duration, voice: Voice) -> Phone {
        Phone::start(address, ring, None, voice)
    }

    fn start(address: SocketAddr, ring: Duration, agent: Option<SocketAddr>, voice: Voice) -> Phone {
        let bound = |address: SocketAddr| {
            let socket = UdpSocket::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
            socket.set_read_timeout(Some(GLANCE)).unwrap();
            socket
        };
        let shared = Arc::new(Shared {
            sip: bound(address),
            rtp: Stamped::on(bound((address.ip(), 0).into())),
            voice,
            agent,
            ring,
            over: AtomicBool::new(false),
            state: Mutex::default(),
        });
        let threads = [Shared::signal, Shared::speak, Shared::listen].map(|work| {
            std::thread::spawn({
                let shared = shared.clone();
                move || {
                    step_forward();
                    work(&shared);
                }
            })
        });
        Phone { shared, threads: threads.into() }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Where it is called.
    pub fn address(&self) -> SocketAddr {
        self.shared.sip.local_addr().unwrap()
    }

    /// Waits until the state gives something.
    #[track_caller]
    pub fn until<T>(&self, what: &str, within: Duration, seen: impl Fn(&State) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = seen(&self.state()) {
                return found;
            }
            assert!(begun.elapsed() < within, "within {within:?} the phone was not {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    pub fn answered(&self) -> Instant {
        self.until("answered", PATIENCE, |state| state.answered)
    }

    #[track_caller]
    pub fn invited(&self) -> Instant {
        self.until("called", PATIENCE, |state| state.invited)
    }

    /// Presses keys (RFC 4733), one after the other.
    pub fn press(&self, keys: &str) {
        let codes = keys.bytes().map(|key| match key {
            b'0'..=b'9' => key - b'0',
            b'*' => 10,
            b'#' => 11,
            _ => panic!("no such key"),
        });
        self.state().keys.extend(codes);
    }

    /// Presses keys by SIP INFO, as phones do that know no RFC 4733.
    pub fn press_by_info(&self, keys: &str) {
        for key in keys.chars() {
            let mut state = self.state();
            let mut dialog = state.dialog.take().expect("a call in which keys are pressed");
            // Our own messages know no INFO, which nobody but phones sends.
            let mut info = self.shared.within(&mut dialog, Method::Options);
            info.push("Content-Type", "application/dtmf-relay");
            info.body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
            let text = String::from_utf8(info.to_bytes()).unwrap().replace("OPTIONS", "INFO");
            self.shared.sip.send_to(text.as_bytes(), dialog.peer).unwrap();
            state.dialog = Some(dialog);
            drop(state);
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Presses keys as tones in the sound (ITU-T Q.23), each for 120 ms and as long a pause behind it.
    pub fn press_as_tones(&self, keys: &str) {
        let tones = keys.chars().flat_map(|key| tones_of(key).into_iter().chain([[0; FRAME]; 6]));
        self.state().tones.extend(tones);
    }

    /// Asks for another codec in the call (RFC 3261, 14).
    pub fn changes_to(&self, codec: Codec) {
        let mut state = self.state();
        let mut dialog = state.dialog.take().expect("a call that may change");
        dialog.invite = self.shared.offers(&mut dialog, codec);
        self.shared.send(&dialog.invite, dialog.peer);
        state.dialog = Some(dialog);
        state.changed = Some(codec);
    }

    pub fn hang_up(&self) {
        self.shared.bye();
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.shared.bye();
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A thread that failed has said why.
            let _ = thread.join();
        }
    }
}

// ---------------------------------------------------------------- SIP

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn send(&self, message: &Message, to: SocketAddr) {
        self.sip.send_to(&message.to_bytes(), to).unwrap();
    }

    fn contact(&self) -> String {
        format!("<sip:phone@{}>", self.sip.local_addr().unwrap())
    }

    fn signal(&self) {
        let mut datagram = [0; 65_535];
        while !self.is_over() {
            self.answer_when_rung();
            let Ok((length, from)) = self.sip.recv_from(&mut datagram) else { continue };
            let message = Message::parse(&datagram[..length]).expect("the switch speaks SIP");
            match message.start {
                Start::Response { status } => self.response(&message, status),
                Start::Request { method, .. } => self.request(&message, method, from),
            }
        }
    }

    fn invite(&self, number: &str, switch: SocketAddr) {
        let target = format!("sip:{number}@{switch}");
        let mut state = self.state();
        state.invited = Some(Instant::now());
        let mut dialog = Dialog {
            peer: switch,
            remote: format!("<{target}>"),
            local: format!("<sip:{CALLER}@{}>;tag={}", self.sip.local_addr().unwrap(), token()),
            target,
            call_id: token(),
            cseq: 0,
            invite: Message::request(Method::Invite, ""),
            said: Vec::new(),
        };
        dialog.invite = self.offers(&mut dialog, self.voice.codec);
        self.send(&dialog.invite, switch);
        state.dialog = Some(dialog);
    }

    /// The INVITE that offers one codec.
    fn offers(&self, dialog: &mut Dialog, codec: Codec) -> Message {
        let mut invite = self.within(dialog, Method::Invite);
        if let Some(agent) = self.agent {
            invite.push(AGENT, &agent.to_string());
        }
        invite.push("Content-Type", "application/sdp");
        invite.body = self.sdp(codec, coding::payload_type(codec, ""));
        invite
    }

    /// A request of the call, with its next number.
    fn within(&self, dialog: &mut Dialog, method: Method) -> Message {
        if method != Method::Ack {
            dialog.cseq += 1;
        }
        let mut request = Message::request(method, &dialog.target);
        let via = format!("SIP/2.0/UDP {};rport;branch=z9hG4bK{}", self.sip.local_addr().unwrap(), token());
        request.push("Via", &via);
        request.push("Max-Forwards", "70");
        request.push("From", &dialog.local);
        request.push("To", &dialog.remote);
        request.push("Call-ID", &dialog.call_id);
        request.push("CSeq", &format!("{} {}", dialog.cseq, method.name()));
        request.push("Contact", &self.contact());
        request
    }

    fn response(&self, message: &Message, status: Status) {
        let (_, Method::Invite) = message.cseq() else { return };
        if !status.is_final() {
            return;
        }
        let mut state = self.state();
        let Some(mut dialog) = state.dialog.take() else { return };
        dialog.remote = message.text("To").to_owned();
        if status.is_success() {
            dialog.target = message.get("Contact").expect("a Contact in the answer").address().to_owned();
            state.rtp = Some(self.stream(state.changed, &message.body));
            state.answered.get_or_insert_with(Instant::now);
        } else {
            state.refused = Some(status.code());
        }
        let mut ack = self.within(&mut dialog, Method::Ack);
        if !status.is_success() {
            // It belongs to the INVITE's own transaction (RFC 3261, 17.1.1.3).
            ack.replace("Via", dialog.invite.text("Via"));
        }
        self.send(&ack, dialog.peer);
        state.dialog = Some(dialog);
    }

    fn request(&self, message: &Message, method: Method, from: SocketAddr) {
        let answer = |status| Message::response(message, status, "phone");
        match method {
            Method::Ack => {}
            Method::Invite => self.invited(message, from),
            Method::Bye => {
                self.send(&answer(Status::OK), from);
                self.state().ended.get_or_insert_with(Instant::now);
            }
            Method::Cancel => {
                self.send(&answer(Status::OK), from);
                let mut state = self.state();
                state.ended.get_or_insert_with(Instant::now);
                if let Some(dialog) = &state.dialog {
                    self.send(&Message::response(&dialog.invite, Status::TERMINATED, "phone"), from);
                }
            }
            Method::Options | Method::Other => self.send(&answer(Status::OK), from),
        }
    }

    fn invited(&self, message: &Message, from: SocketAddr) {
        let mut state = self.state();
        if let Some(dialog) = &state.dialog
            && dialog.call_id == message.text("Call-ID")
        {
            self.sip.send_to(&dialog.said, from).unwrap();
            return;
        }
        let mut ringing = Message::response(message, Status::RINGING, "phone");
        ringing.push("Contact", &self.contact());
        self.send(&ringing, from);
        let rtp = Some(self.stream(None, &message.body));
        *state = State { invited: Some(Instant::now()), rtp, ..State::default() };
        state.dialog = Some(Dialog {
            peer: from,
            target: message.get("Contact").expect("a Contact in the INVITE").address().to_owned(),
            local: ringing.text("To").to_owned(),
            remote: message.text("From").to_owned(),
            call_id: message.text("Call-ID").to_owned(),
            cseq: 0,
            said: ringing.to_bytes(),
            invite: message.clone(),
        });
    }

    /// An agent's phone is taken off the hook when it has rung long enough.
    fn answer_when_rung(&self) {
        let mut state = self.state();
        let due = state.invited.is_some_and(|at| at.elapsed() >= self.ring);
        if !due || state.answered.is_some() || state.ended.is_some() {
            return;
        }
        let Some(Stream { codec, voice, .. }) = state.rtp else { return };
        let Some(dialog) = state.dialog.as_mut().filter(|dialog| !dialog.said.is_empty()) else { return };
        let mut answer = Message::response(&dialog.invite, Status::OK, "phone");
        answer.push("Contact", &self.contact());
        answer.push("Content-Type", "application/sdp");
        answer.body = self.sdp(codec, voice);
        dialog.said = answer.to_bytes();
        self.send(&answer, dialog.peer);
        let now = Instant::now();
        state.answered = Some(now);
        self.voice.talk.get_or_init(|| now);
    }

    fn bye(&self) {
        let mut state = self.state();
        if state.answered.is_none() || state.ended.is_some() {
            return;
        }
        state.ended = Some(Instant::now());
        if let Some(mut dialog) = state.dialog.take() {
            let bye = self.within(&mut dialog, Method::Bye);
            self.send(&bye, dialog.peer);
        }
    }

    fn sdp(&self, codec: Codec, voice: u8) -> Vec<u8> {
        let rtp = self.rtp.socket().local_addr().unwrap();
        let (ip, port, map) = (rtp.ip(), rtp.port(), coding::rtpmap(codec));
        format!(
            "v=0\r\no=phone 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {voice} {KEY_TYPE}\r\na=rtpmap:{voice} {map}\r\n\
             a=rtpmap:{KEY_TYPE} telephone-event/8000\r\na=fmtp:{KEY_TYPE} 0-15\r\na=ptime:20\r\n"
        )
        .into_bytes()
    }

    /// The other side's half of the talk, as its offer or answer says it.
    fn stream(&self, changed: Option<Codec>, sdp: &[u8]) -> Stream {
        let codec = changed.unwrap_or(self.voice.codec);
        let sdp = std::str::from_utf8(sdp).expect("a session description is text");
        let after = |start: &str| sdp.lines().find_map(|line| line.strip_prefix(start)).expect(start);
        let port = after("m=audio ").split(' ').next().unwrap();
        let to = format!("{}:{port}", after("c=IN IP4 ").trim()).parse().unwrap();
        Stream { to, codec, voice: coding::payload_type(codec, sdp) }
    }
}

fn token() -> String {
    format!("{:016x}", rand::random::<u64>())
}

// ---------------------------------------------------------------- RTP

impl Shared {
    /// A packet every 20 ms from the answer on: speech, silence, or a key.
    fn speak(&self) {
        let mut codec = self.voice.codec;
        let mut encoder = Says::new(codec);
        let (mut seq, mut timestamp) = (Seq(rand::random()), Timestamp(rand::random()));
        let ssrc = Ssrc(rand::random());
        let mut key: Option<Key> = None;
        let mut next = Instant::now();
        while !self.is_over() {
            next += TICK;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            let late = next.elapsed();
            let (stream, pressed, tone) = {
                let mut state = self.state();
                state.late = state.late.max(late);
                let talks = state.answered.is_some() && state.ended.is_none();
                let pressed = if key.is_none() && talks { state.keys.pop_front() } else { None };
                let tone = if talks { state.tones.pop_front() } else { None };
                (state.rtp.filter(|_| talks), pressed, tone)
            };
            if let Some(stream) = stream.filter(|stream| stream.codec != codec) {
                codec = stream.codec;
                encoder = Says::new(codec);
            }
            key = key.or(pressed.map(|code| Key { code, begun: timestamp, packets: 0 }));
            let payload;
            let header =
                |payload_type, timestamp| Header { marker: false, payload_type, seq, timestamp, ssrc };
            let header = match &mut key {
                Some(pressed) => {
                    payload = pressed.next();
                    header(KEY_TYPE, pressed.begun)
                }
                None => {
                    payload = encoder.encode(&tone.unwrap_or_else(|| self.frame(next)));
                    header(stream.map_or(0, |stream| stream.voice), timestamp)
                }
            };
            key = key.filter(|key| key.packets < KEY_PACKETS);
            if let Some(Stream { to, voice, .. }) = stream {
                let at = Instant::now();
                self.rtp.socket().send_to(&Packet { header, payload: &payload }.to_bytes(), to).unwrap();
                seq = Seq(seq.0.wrapping_add(1));
                if header.payload_type == voice && self.voice.talk.get().is_some() {
                    self.state().said.push(Said { at, late, print: print(&payload) });
                }
            }
            timestamp = timestamp.plus(coding::ticks(codec));
        }
    }

    /// The 20 ms of speech that are due now.
    fn frame(&self, now: Instant) -> [i16; FRAME] {
        let mut frame = [0; FRAME];
        let Some(begun) = self.voice.talk.get() else { return frame };
        let ticks = now.saturating_duration_since(*begun).as_millis() / TICK.as_millis();
        let start = usize::try_from(ticks).unwrap() * FRAME;
        let rest = self.voice.speech.get(start..).unwrap_or_default();
        let there = rest.len().min(FRAME);
        frame[..there].copy_from_slice(&rest[..there]);
        frame
    }

    fn listen(&self) {
        let mut codec = self.voice.codec;
        let mut hears = Hears::new(codec);
        let mut datagram = [0; 2_048];
        while !self.is_over() {
            let Ok((length, at)) = self.rtp.receive(&mut datagram) else { continue };
            let Ok(packet) = Packet::parse(&datagram[..length]) else { continue };
            let Some(stream) = self.state().rtp else { continue };
            if stream.codec != codec {
                codec = stream.codec;
                hears = Hears::new(codec);
            }
            if stream.voice == packet.header.payload_type {
                let Header { seq, ssrc, .. } = packet.header;
                let sound = hears.hear(packet.payload);
                self.state().heard.push(Heard { at, seq, ssrc, sound, print: print(packet.payload) });
            } else if packet.header.payload_type == KEY_TYPE {
                let key = (packet.header.timestamp, packet.payload[0]);
                let pressed = &mut self.state().pressed;
                if !pressed.contains(&key) {
                    pressed.push(key);
                }
            }
        }
    }
}

/// A key that is being pressed (RFC 4733, 2.5).
struct Key {
    code: u8,
    begun: Timestamp,
    packets: u16,
}

impl Key {
    fn next(&mut self) -> Vec<u8> {
        self.packets += 1;
        // The end is said three times.
        let ends = self.packets > KEY_PACKETS - 3;
        let duration = self.packets.min(KEY_PACKETS - 2) * FRAME as u16;
        let [high, low] = duration.to_be_bytes();
        vec![self.code, if ends { 0x8a } else { 0x0a }, high, low]
    }
}

/// 120 ms of the two tones of a key.
fn tones_of(key: char) -> [[i16; FRAME]; 6] {
    let at = "123A456B789C*0#D".find(key).expect("a key");
    let (low, high) = ([697.0, 770.0, 852.0, 941.0][at / 4], [1_209.0, 1_336.0, 1_477.0, 1_633.0][at % 4]);
    let wave = |hertz: f64, n: usize| (std::f64::consts::TAU * hertz * n as f64 / 8_000.0).sin();
    let sample = |n: usize| ((wave(low, n) + wave(high, n)) * 6_000.0) as i16;
    std::array::from_fn(|frame| std::array::from_fn(|n| sample(frame * FRAME + n)))
}

/// A phone is a machine of its own at any site: here it goes before the switch's host's own work, where that is allowed.
fn step_forward() {
    let _ = rustix::process::setpriority_process(None, -5);
}

/// Tells ringing from a voice by how much of its power lies at 425 Hz.
pub fn sound(samples: &[i16]) -> Sound {
    let power = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    if power / (samples.len().max(1) as f64) < 100.0 * 100.0 {
        return Sound::Silence;
    }
    let turn = std::f64::consts::TAU * 425.0 / 8_000.0;
    let part = |wave: fn(f64) -> f64| {
        let sum: f64 = samples.iter().enumerate().map(|(n, s)| f64::from(*s) * wave(turn * n as f64)).sum();
        sum.powi(2)
    };
    let tone = (part(f64::sin) + part(f64::cos)) * 2.0 / samples.len() as f64;
    if tone > 0.7 * power { Sound::Ringing } else { Sound::Voice }
}

/// The header that names the agent's phone.
pub const AGENT: &str = "X-Agent";
const KEY_TYPE: u8 = 101;
/// A key is held for 120 ms.
const KEY_PACKETS: u16 = 8;
/// 20 ms at 8 kHz.
pub const FRAME: usize = 160;
const TICK: Duration = Duration::from_millis(20);
/// How often a thread looks whether the phone is gone.
const GLANCE: Duration = Duration::from_millis(10);
/// Nothing in a call takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// A number from a range that is kept free for fiction.
pub const CALLER: &str = "+442079460123";
