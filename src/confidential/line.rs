//! One party's packets go in; stretches of audio for the recogniser come out, and its words are kept.
//!
//! The path of a packet: reorder buffer, codec, resampler, an ear for fax machines, voice gate, packing. Every sample
//! has a place on two time lines: that of the call (milliseconds since the bridge) and that of the recogniser's stream,
//! which lacks the silence that the gate took out.

use super::codecs::{Decoder, sample_rate};
use super::fax::Fax;
use super::gate::{self, Gate};
use super::jitter::{Jitter, Packets, Piece};
use super::pcm::{Budget, PER_MS, Pcm};
use super::recogniser::{Found, Packing, Recogniser};
use super::resample::{BLOCK, Resampler};
use super::window::{Given, Packer};
use super::words::Word;
use crate::call::Moment;
use crate::wire::rtp::{Format, Packet};
use std::collections::VecDeque;
use std::time::Duration;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(in crate::confidential) struct Line<R: Recogniser> {
    /// How long a stream may be without a packet before its window is closed all the same.
    idle: Duration,
    tap: Option<Tap>,
    /// When hearing began or went on, and where on the call's time line that was.
    listening: Option<Since>,
    packer: Packer,
    jobs: VecDeque<Job>,
    stream: Option<R::Stream>,
    /// A thread of the pool has the stream.
    busy: bool,
    ending: Ending,
    pub(in crate::confidential) words: Vec<Word>,
    /// What the last look found in the window that is still open.
    pub(in crate::confidential) glimpsed: Vec<Word>,
    pub(in crate::confidential) ghosts: u32,
    pub(in crate::confidential) recognised_ms: u32,
    /// Milliseconds that a thread of the pool is working on.
    in_work_ms: u32,
    /// The call's time up to which this party was heard.
    reached_ms: u32,
    /// Packets of streams that are over.
    earlier: Packets,
}

/// What a thread of the pool does in one turn.
pub(in crate::confidential) enum Job {
    Listen(Pcm),
    /// A look at a window that is still open, which begins at that millisecond of the stream.
    Look(Pcm, u32),
    /// Nothing more will come.
    Finish,
}

/// A turn as a thread of the pool takes it.
pub(in crate::confidential) struct Turn<S> {
    pub(in crate::confidential) stream: Option<S>,
    pub(in crate::confidential) job: Job,
    pub(in crate::confidential) audio_ms: u32,
}

#[derive(Clone, Copy)]
struct Since {
    at: Moment,
    call_ms: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// Nothing more comes; `Finish` is in the queue or in work.
    Closing,
    Done,
}

/// One stream of packets.
struct Tap {
    format: Format,
    jitter: Jitter,
    flowing: bool,
    last_packet: Moment,
    /// What is to be done when no packet comes any more has been done.
    idled: bool,
    path: Option<Path>,
}

/// From one beginning of hearing to its end.
struct Path {
    decoder: Decoder,
    /// Ticks of the stream's clock in a second, and samples that the decoder makes of them.
    clock_rate: u64,
    sample_rate: u64,
    resampler: Resampler,
    fax: Fax,
    gate: Gate,
    /// Where on the call's time line the first sample is.
    start_ms: u32,
    /// Samples that entered the gate.
    passed: u64,
    /// What the packer held when this path began.
    speech_before_ms: u32,
    /// The samples of one packet at the stream's rate; allocated once.
    samples: Vec<i16>,
    /// The last packet was silence.
    quiet: bool,
}

super::never_shown!(Job, Turn<()>, Tap, Path, Resampler);
super::wiped!(Path, Resampler);

impl<R: Recogniser> Line<R> {
    pub(in crate::confidential) fn new(packing: Packing, budget: &Budget, idle: Duration) -> Line<R> {
        Line {
            idle,
            tap: None,
            listening: None,
            packer: Packer::new(packing, budget),
            jobs: VecDeque::new(),
            stream: None,
            busy: false,
            ending: Ending::Open,
            words: Vec::new(),
            glimpsed: Vec::new(),
            ghosts: 0,
            recognised_ms: 0,
            in_work_ms: 0,
            reached_ms: 0,
            earlier: Packets::default(),
        }
    }

    pub(in crate::confidential) fn hear(&mut self, format: Format) {
        self.close_path();
        if let Some(old) = self.tap.take() {
            self.earlier = self.earlier.plus(old.jitter.packets());
        }
        self.tap = Some(Tap::new(format));
    }

    pub(in crate::confidential) fn listen(&mut self, bridged: Moment, now: Moment) {
        if self.listening.is_none() {
            let call_ms = millis(now.since(bridged));
            self.listening = Some(Since { at: now, call_ms });
        }
    }

    pub(in crate::confidential) fn pause(&mut self) {
        self.close_path();
        self.listening = None;
    }

    /// Nothing more is heard; what is left becomes the last jobs.
    pub(in crate::confidential) fn end(&mut self) {
        self.pause();
        self.packer.close_window();
        self.take_windows();
        self.jobs.push_back(Job::Finish);
        self.ending = Ending::Closing;
    }

    /// Takes a datagram; true when it is the first packet of its stream.
    pub(in crate::confidential) fn packet(
        &mut self,
        datagram: &[u8],
        look_ms: Option<u32>,
        now: Moment,
    ) -> bool {
        let Ok(packet) = Packet::parse(datagram) else { return false };
        let Some(tap) = &mut self.tap else { return false };
        let voice = packet.header.payload_type == tap.format.payload_type;
        if !voice && packet.header.payload_type != COMFORT_NOISE || self.ending != Ending::Open {
            return false;
        }
        let first = !std::mem::replace(&mut tap.flowing, true);
        tap.last_packet = now;
        tap.idled = false;
        let Some(since) = self.listening else { return first };
        let arrived_ms = since.call_time(now);
        if tap.path.is_none() {
            tap.jitter.begin();
            tap.path = Some(Path::new(&tap.format, arrived_ms.max(self.reached_ms), self.packer.speech_ms()));
        }
        let silent_yet = self.packer.speech_ms();
        if let Some(path) = tap.path.as_mut().filter(|path| path.speech_before_ms == silent_yet) {
            path.settle(arrived_ms);
        }
        match voice {
            true => tap.jitter.handle(&packet, now),
            false => tap.jitter.handle_voiceless(&packet.header, now),
        }
        self.reached_ms = tap.drain(&mut self.packer, look_ms).max(self.reached_ms);
        self.take_windows();
        first
    }

    /// Looks into the window of a party that sends nothing at all any more, for no packet will do it.
    pub(in crate::confidential) fn idle(&mut self, look_ms: Option<u32>, now: Moment) {
        let silent = self.timeout().is_some_and(|at| now >= at);
        if let Some(tap) = self.tap.as_mut().filter(|_| silent) {
            tap.idled = true;
        }
        if silent && look_ms.is_some() {
            self.close_path();
            self.packer.look();
            self.take_windows();
        }
    }

    /// When this party will have been silent for too long.
    pub(in crate::confidential) fn timeout(&self) -> Option<Moment> {
        let tap = self.tap.as_ref().filter(|tap| tap.path.is_some() && !tap.idled)?;
        if self.packer.is_empty() {
            return None;
        }
        Some(tap.last_packet + self.idle)
    }

    pub(in crate::confidential) fn wants_turn(&self) -> bool {
        !self.busy && !self.jobs.is_empty()
    }

    pub(in crate::confidential) fn take_turn(&mut self) -> Option<Turn<R::Stream>> {
        if self.busy {
            return None;
        }
        let job = self.jobs.pop_front()?;
        self.busy = true;
        self.in_work_ms = job.audio_ms();
        let stream = if matches!(job, Job::Look(..)) { None } else { self.stream.take() };
        Some(Turn { stream, audio_ms: job.audio_ms(), job })
    }

    pub(in crate::confidential) fn put_back(
        &mut self,
        stream: Option<R::Stream>,
        mut found: Found,
        audio_ms: u32,
    ) {
        self.busy = false;
        self.in_work_ms = 0;
        self.stream = stream;
        self.recognised_ms = self.recognised_ms.saturating_add(audio_ms);
        self.ghosts = self.ghosts.saturating_add(found.ghosts);
        self.glimpsed.clear();
        self.place(&mut found.words, 0, self.recognised_ms);
        self.words.append(&mut found.words);
        if self.ending == Ending::Closing && self.jobs.is_empty() {
            self.ending = Ending::Done;
        }
    }

    /// What a look found; it serves until the window has been recognised whole.
    pub(in crate::confidential) fn glimpse(&mut self, mut found: Found, begins_ms: u32, audio_ms: u32) {
        self.busy = false;
        self.in_work_ms = 0;
        self.place(&mut found.words, begins_ms, begins_ms.saturating_add(audio_ms));
        self.glimpsed = std::mem::take(&mut found.words);
    }

    /// Gives words the call's time; theirs counts from there in the stream, and what was recognised ends there. A
    /// recogniser lets a last word reach beyond its window, where another stretch may begin meanwhile.
    fn place(&mut self, words: &mut [Word], begins_ms: u32, ends_ms: u32) {
        for word in words {
            let [start_ms, end_ms] =
                [word.start_ms, word.end_ms].map(|at| begins_ms.saturating_add(at).min(ends_ms));
            (word.start_ms, word.end_ms) = self.packer.call_time(start_ms.min(end_ms), end_ms);
        }
    }

    /// It is no person who is heard here.
    pub(in crate::confidential) fn is_fax(&self) -> bool {
        let path = self.tap.as_ref().and_then(|tap| tap.path.as_ref());
        path.is_some_and(|path| path.fax.is_heard())
    }

    /// Everything of this party is recognised.
    pub(in crate::confidential) fn is_done(&self) -> bool {
        self.ending == Ending::Done
    }

    pub(in crate::confidential) fn listened_ms(&self) -> u32 {
        self.reached_ms
    }

    pub(in crate::confidential) fn speech_ms(&self) -> u32 {
        self.packer.speech_ms()
    }

    pub(in crate::confidential) fn backlog_ms(&self) -> u32 {
        self.jobs.iter().map(Job::audio_ms).fold(self.in_work_ms, u32::saturating_add)
    }

    pub(in crate::confidential) fn word_count(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(u32::MAX)
    }

    pub(in crate::confidential) fn packets(&self) -> Packets {
        self.tap.as_ref().map_or(self.earlier, |tap| self.earlier.plus(tap.jitter.packets()))
    }

    /// Forgets all that was heard and said.
    pub(in crate::confidential) fn wipe(&mut self) {
        self.tap = None;
        self.listening = None;
        self.jobs.clear();
        self.stream = None;
        self.words.zeroize();
        self.glimpsed.zeroize();
        self.packer.wipe();
    }

    fn close_path(&mut self) {
        if let Some(tap) = &mut self.tap
            && tap.path.is_some()
        {
            tap.jitter.flush();
            self.reached_ms = tap.drain(&mut self.packer, None).max(self.reached_ms);
            if let Some(mut path) = tap.path.take() {
                path.finish(&mut self.packer);
            }
        }
        self.take_windows();
    }

    fn take_windows(&mut self) {
        while let Some(given) = self.packer.poll() {
            // A look that still waits is overtaken: all of it is in what comes now.
            self.jobs.retain(|job| !matches!(job, Job::Look(..)));
            self.jobs.push_back(match given {
                Given::Window(audio) => Job::Listen(audio),
                Given::Look(audio, begins_ms) => Job::Look(audio, begins_ms),
            });
        }
    }
}

impl Job {
    fn audio_ms(&self) -> u32 {
        match self {
            Job::Listen(audio) | Job::Look(audio, _) => {
                u32::try_from(audio.len() / PER_MS).unwrap_or(u32::MAX)
            }
            Job::Finish => 0,
        }
    }
}

impl Since {
    fn call_time(&self, now: Moment) -> u32 {
        self.call_ms.saturating_add(millis(now.since(self.at)))
    }
}

impl Tap {
    fn new(format: Format) -> Tap {
        let jitter = Jitter::new(&format);
        Tap { format, jitter, flowing: false, last_packet: Moment::START, idled: false, path: None }
    }

    /// Sends on what the reorder buffer lets go and returns the call's time reached.
    fn drain(&mut self, packer: &mut Packer, look_ms: Option<u32>) -> u32 {
        let Some(path) = &mut self.path else { return 0 };
        while let Some(piece) = self.jitter.poll() {
            path.piece(piece, packer, look_ms);
        }
        path.now_ms()
    }
}

impl Path {
    fn new(format: &Format, start_ms: u32, speech_before_ms: u32) -> Path {
        Path {
            decoder: Decoder::new(format.codec),
            clock_rate: u64::from(format.clock_rate.max(1)),
            sample_rate: u64::from(sample_rate(format)),
            resampler: Resampler::new(sample_rate(format)),
            fax: Fax::default(),
            gate: Gate::new(),
            start_ms,
            passed: 0,
            speech_before_ms,
            samples: Vec::with_capacity(MOST_SAMPLES),
            quiet: false,
        }
    }

    /// Puts the beginning where the quickest of the first packets says it was, as long as nobody has spoken: packets
    /// can only be late. So one slow packet does not move a party's words against the other's.
    fn settle(&mut self, arrived_ms: u32) {
        let passed_ms = self.now_ms() - self.start_ms;
        if passed_ms <= SETTLES_FOR_MS {
            self.start_ms = self.start_ms.min(arrived_ms.saturating_sub(passed_ms));
        }
    }

    fn piece(&mut self, piece: Piece, packer: &mut Packer, look_ms: Option<u32>) {
        match piece {
            Piece::Audio(payload) => {
                let (decoder, samples) = (&mut self.decoder, &mut self.samples);
                decoder.decode(payload.bytes(), |sample| gather(samples, sample));
                self.sound(packer, look_ms);
            }
            Piece::Gap { ticks } if self.is_short(ticks) => self.conceal(ticks, packer, look_ms),
            Piece::Silence { ticks } | Piece::Gap { ticks } => self.silence(ticks, packer, look_ms),
        }
    }

    fn sound(&mut self, packer: &mut Packer, look_ms: Option<u32>) {
        self.align();
        for from in (0..self.samples.len()).step_by(BLOCK) {
            let to = self.samples.len().min(from + BLOCK);
            self.resampler.push(&self.samples[from..to]);
            self.pass(packer, look_ms);
        }
        // Its room holds none: each packet's samples are wiped here, so there is nothing to wipe behind these.
        self.samples.as_mut_slice().zeroize();
        self.samples.clear();
    }

    fn is_short(&self, ticks: u64) -> bool {
        ticks * 1_000 <= self.clock_rate * CONCEALED_MS
    }

    /// A word goes on through a packet that is lost, where the codec can carry it on.
    fn conceal(&mut self, ticks: u64, packer: &mut Packer, look_ms: Option<u32>) {
        let (decoder, samples) = (&mut self.decoder, &mut self.samples);
        let wanted = ticks * self.sample_rate / self.clock_rate;
        match decoder.conceal(wanted as usize, |sample| gather(samples, sample)) {
            true => self.sound(packer, look_ms),
            false => self.silence(ticks, packer, look_ms),
        }
    }

    /// Where sound begins after silence, a frame begins too. So what the gate hears depends on the sound alone, and not
    /// on the packet that was the first to be heard; the silence left out is counted as time.
    fn align(&mut self) {
        let was_quiet = std::mem::replace(&mut self.quiet, gate::is_silence(&self.samples));
        if was_quiet && !self.quiet && self.gate.is_closed() {
            self.passed += self.resampler.drop_partial_frame();
        }
    }

    /// A long silence is stepped over: the gate sees its beginning, and then the clock is put forward.
    fn silence(&mut self, ticks: u64, packer: &mut Packer, look_ms: Option<u32>) {
        let samples = ticks * self.sample_rate / self.clock_rate;
        let grid = self.resampler.grid();
        let seen = SILENCE_SEEN_GRIDS * grid;
        let skipped = samples.saturating_sub(seen) / grid * grid;
        self.quiet = true;
        let mut left = (samples - skipped) as usize;
        while left > 0 {
            let some = left.min(BLOCK);
            self.resampler.push(&[0; BLOCK][..some]);
            self.pass(packer, look_ms);
            left -= some;
        }
        self.passed += self.resampler.out_samples(skipped);
    }

    fn pass(&mut self, packer: &mut Packer, look_ms: Option<u32>) {
        while let Some(mut frame) = self.resampler.poll() {
            self.passed += frame.len() as u64;
            let now_ms = self.now_ms();
            self.fax.handle(&frame, now_ms);
            self.gate.handle(&frame, now_ms, packer);
            packer.tick(now_ms, look_ms);
            frame.zeroize();
        }
    }

    fn finish(&mut self, packer: &mut Packer) {
        self.gate.finish(self.now_ms(), packer);
    }

    fn now_ms(&self) -> u32 {
        let passed_ms = u32::try_from(self.passed / PER_MS as u64).unwrap_or(u32::MAX);
        self.start_ms.saturating_add(passed_ms)
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        self.samples.zeroize();
    }
}

impl ZeroizeOnDrop for Path {}

/// Takes a sample of a packet; the longest has room.
fn gather(samples: &mut Vec<i16>, sample: i16) {
    if samples.len() < MOST_SAMPLES {
        samples.push(sample);
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// How much of a stream's beginning tells where it lies on the call's time line. Longer would be surer, but speech
/// fixes it anyway.
const SETTLES_FOR_MS: u32 = 3_000;

/// Samples of a packet that are heard: 120 ms, the longest packet of any codec, at 48 kHz.
const MOST_SAMPLES: usize = 5_760;

/// The longest gap that is carried over. A codec's own guess fades within it, and a pause in which nothing is sent is
/// longer.
const CONCEALED_MS: u64 = 60;

/// Comfort noise (RFC 3389, 4): a payload type of its own, whatever the codec.
const COMFORT_NOISE: u8 = 13;

/// How much of a long silence the gate is shown, in grids of 80 ms: more than its hangover, so that speech ends.
const SILENCE_SEEN_GRIDS: u64 = 25;

#[cfg(test)]
mod tests;
