//! Packets and orders about calls go in; notes, reasons, objections and counters come out: all of an ear that is
//! not a process.
//!
//! One receiving thread feeds it ([`Hall::packet`] and the other orders, none of which ever waits for a decode), and
//! the threads of a fixed pool recognise in it ([`Hall::work`]). A call has one ending, told through `answers`; from
//! then on every order about it but `stop` does nothing. No ending with a note comes before every second that was
//! heard has been recognised and searched for an objection.
//!
//! A panic in one call's work ends that call alone. Time is an argument; what is recognised depends on packets and
//! their timestamps, not on when they came, so a call played ten times as fast gives the same note.

use super::guard;
use super::line::{Job, Line};
use super::notes::{self, Objection, Quality};
use super::panics;
use super::pcm::Budget;
use super::queue::Queue;
use super::recogniser::{Failure, Found, Packing, Recogniser};
use super::stack;
use super::turns;
use super::words::Transcript;
use crate::border::{Day, DoNotContact, FromEar, Heard, LeftOut};
use crate::call::{AgentLeg, CallId, Language, Moment, NoSummary, Party};
use crate::wire::rtp::Format;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroize;

/// What an ear may be told about its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Look into an open window at the first pause once its oldest speech is this old, in milliseconds of the call.
    /// Smaller finds an objection sooner and costs more: a look is as dear as a full window.
    pub look_after_ms: u32,
    /// Look into open windows only while no more calls than this are open.
    pub look_calls: usize,
    /// Bytes of audio that may wait before `has_room` says no.
    pub audio_budget: usize,
    /// A party that sends no packet for so long has ended its speech, and its window is looked into. Shorter cuts at a
    /// stall of the switch; longer lets the last words before a hold wait.
    pub idle: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            look_after_ms: 10_000,
            look_calls: 4,
            audio_budget: 512 << 20,
            idle: Duration::from_secs(3),
        }
    }
}

/// Who searches and summarises what was recognised. The product has one, [`Engine`]; tests bring their own.
pub trait NoteTaker: Send + Sync + 'static {
    type Note: Send;

    fn objection(&self, transcript: &Transcript, language: Language) -> Objection;

    fn do_not_contact(&self, transcript: &Transcript, language: Language) -> Vec<DoNotContact>;

    fn summarise(
        &self,
        transcript: &Transcript,
        language: Language,
        today: Day,
        left_out: LeftOut,
        quality: Quality,
    ) -> Result<Self::Note, NoSummary>;
}

/// The engine of [`notes`].
pub struct Engine;

impl NoteTaker for Engine {
    type Note = guard::Guarded;

    fn objection(&self, transcript: &Transcript, language: Language) -> Objection {
        notes::objection(transcript, language)
    }

    fn do_not_contact(&self, transcript: &Transcript, language: Language) -> Vec<DoNotContact> {
        notes::do_not_contact(transcript, language)
    }

    fn summarise(
        &self,
        transcript: &Transcript,
        language: Language,
        today: Day,
        left_out: LeftOut,
        quality: Quality,
    ) -> Result<guard::Guarded, NoSummary> {
        notes::summarise(transcript, language, today, left_out, quality)
    }
}

/// Where a hall's messages go. It is called while the call is locked, so that nothing follows a call's ending.
pub type Answers<Note> = Box<dyn Fn(FromEar<Note>) + Send + Sync>;

/// Everything that one ear hears.
pub struct Hall<R: Recogniser, N: NoteTaker = Engine> {
    recogniser: R,
    note_taker: N,
    settings: Settings,
    answers: Answers<N::Note>,
    calls: Mutex<BTreeMap<CallId, Arc<Mutex<Call<R>>>>>,
    queue: Queue,
    budget: Budget,
}

impl<R: Recogniser> Hall<R, Engine> {
    pub fn new(recogniser: R, settings: Settings, answers: Answers<guard::Guarded>) -> Hall<R, Engine> {
        Hall::with_note_taker(recogniser, Engine, settings, answers)
    }
}

impl<R: Recogniser, N: NoteTaker> Hall<R, N> {
    pub fn with_note_taker(
        recogniser: R,
        note_taker: N,
        settings: Settings,
        answers: Answers<N::Note>,
    ) -> Hall<R, N> {
        let (calls, queue, budget) = Default::default();
        Hall { recogniser, note_taker, settings, answers, calls, queue, budget }
    }

    /// A call begins, of whose note that is left out.
    pub fn open(&self, call: CallId, language: Language, today: Day, agent_leg: AgentLeg, left_out: LeftOut) {
        let (packing, idle) = (self.recogniser.packing(), self.settings.idle);
        let new = Call::new(language, today, agent_leg, left_out, packing, &self.budget, idle);
        self.calls().entry(call).or_insert_with(|| Arc::new(Mutex::new(new)));
    }

    /// A party's packets come in this format from here on; a second time for the same party, its stream begins anew. Of a
    /// party that is not to be heard, every packet is wiped undecoded.
    pub fn hear(&self, call: CallId, party: Party, format: Format) {
        self.with(call, |call| {
            if call.agent_leg.voices().contains(&party) {
                call.line(party).hear(format);
            }
        });
    }

    /// Takes one datagram of a party and wipes it.
    pub fn packet(&self, id: CallId, party: Party, datagram: &mut [u8], now: Moment) {
        let look_ms = self.look_after();
        self.with(id, |call| {
            let (first, ended) = (call.line(party).packet(datagram, look_ms, now), call.ending.is_some());
            if first {
                (self.answers)(FromEar::Flowing { call: id, party });
            }
            match call.line(party).is_fax() {
                true => self.ended_by_a_fax(id, call),
                false => self.enqueue(id, call.line(party), party, ended),
            }
        });
        datagram.zeroize();
    }

    /// The parties are joined; what they said before is not heard.
    pub fn bridged(&self, call: CallId, now: Moment) {
        self.with(call, |call| call.listen(now));
    }

    pub fn paused(&self, id: CallId, _now: Moment) {
        self.with(id, |call| {
            for party in PARTIES {
                call.line(party).pause();
                self.enqueue(id, call.line(party), party, false);
            }
        });
    }

    /// Before the bridge there is nothing to go on with.
    pub fn resumed(&self, call: CallId, now: Moment) {
        self.with(call, |call| {
            if call.bridged.is_some() {
                call.listen(now);
            }
        });
    }

    /// The call is over: what is left is recognised, then comes `Noted`, `NotNoted` or `Objected`.
    pub fn end(&self, id: CallId, partial: bool, _now: Moment) {
        self.with(id, |call| {
            if call.ending.is_some() {
                return;
            }
            call.ending = Some(Ending { partial });
            for party in PARTIES {
                call.line(party).end();
                self.enqueue(id, call.line(party), party, true);
            }
        });
    }

    /// Wipes the call and answers `Stopped`. A stretch that a recogniser is reading at this moment is wiped when it
    /// has been read, and what it yields is dropped unread.
    pub fn stop(&self, id: CallId) {
        // Bound first: a call is never locked while the list of calls is.
        let stopped = self.calls().remove(&id);
        if let Some(call) = stopped {
            lock(&call).wipe();
        }
        (self.answers)(FromEar::Stopped { call: id });
    }

    /// What one thread of the pool does until [`Hall::close`].
    pub fn work(&self) {
        while let Some((call, party)) = self.queue.next() {
            stack::deep(|| self.serve(call, party));
        }
    }

    /// Lets the threads of the pool end; calls that are still open get no ending.
    pub fn close(&self) {
        self.queue.close();
        let calls = std::mem::take(&mut *self.calls());
        calls.into_values().for_each(|call| lock(&call).wipe());
    }

    /// Sends counters that are due and looks into windows of parties that have fallen silent altogether.
    pub fn handle_timeout(&self, now: Moment) {
        let ids: Vec<CallId> = self.calls().keys().copied().collect();
        let look_ms = self.look_after();
        for id in ids {
            self.with(id, |call| {
                if call.counters_due(now) {
                    (self.answers)(FromEar::Counters { call: id, heard: call.heard() });
                }
                let ended = call.ending.is_some();
                for party in PARTIES {
                    call.line(party).idle(look_ms, now);
                    self.enqueue(id, call.line(party), party, ended);
                }
            });
        }
    }

    /// When [`Hall::handle_timeout`] is wanted next; `None` while no call has been bridged.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let calls: Vec<_> = self.calls().values().cloned().collect();
        calls.iter().filter_map(|call| lock(call).timeout()).min()
    }

    /// Whether one more call may be opened.
    pub fn has_room(&self) -> bool {
        self.buffered() < self.settings.audio_budget
    }

    /// Bytes of audio held.
    pub fn buffered(&self) -> usize {
        self.budget.bytes()
    }

    /// Milliseconds of audio that wait for the recogniser or are in it, all calls together.
    pub fn backlog_ms(&self) -> u64 {
        let calls: Vec<_> = self.calls().values().cloned().collect();
        calls.iter().map(|call| u64::from(lock(call).heard().backlog_ms)).sum()
    }

    /// Calls that have not had their ending.
    pub fn open_calls(&self) -> usize {
        self.calls().len()
    }

    fn look_after(&self) -> Option<u32> {
        (self.open_calls() <= self.settings.look_calls).then_some(self.settings.look_after_ms)
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<CallId, Arc<Mutex<Call<R>>>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a call that has not ended; a panic there is that call's ending.
    fn with<T>(&self, id: CallId, act: impl FnOnce(&mut Call<R>) -> T) -> Option<T> {
        let call = self.calls().get(&id).cloned()?;
        let mut call = lock(&call);
        if call.gone {
            return None;
        }
        match stack::shallow(|| panics::caught(|| act(&mut call))) {
            Ok(value) => Some(value),
            Err(place) => {
                let answer = FromEar::Panicked { call: id, file: place.file, line: place.line };
                self.conclude(id, &mut call, answer);
                None
            }
        }
    }

    fn enqueue(&self, id: CallId, line: &mut Line<R>, party: Party, ended: bool) {
        if line.wants_turn() {
            self.queue.push(id, party, ended);
        }
    }

    /// One turn: the party's next stretch is recognised, then the call is searched.
    fn serve(&self, id: CallId, party: Party) {
        let Some(Some((turn, language))) =
            self.with(id, |call| Some((call.line(party).take_turn()?, call.language)))
        else {
            return;
        };
        // The call is not locked here, so it can be stopped while this takes its seconds.
        let look = if let Job::Look(_, begins_ms) = &turn.job { Some(*begins_ms) } else { None };
        let result = panics::caught(|| self.recognise(turn.stream, turn.job, language));
        self.with(id, |call| match result {
            Ok(Ok((stream, found))) => {
                // A stream's recogniser says nothing for most of its stretches; what has been searched is not searched again.
                let says = found.words() > 0;
                match look {
                    Some(begins_ms) => call.line(party).glimpse(found, begins_ms, turn.audio_ms),
                    None => {
                        call.line(party).put_back(stream, found, turn.audio_ms);
                        if says {
                            self.note_requests(id, call);
                        }
                    }
                }
                if says {
                    self.search(id, call);
                }
                self.go_on(id, call, party);
            }
            Ok(Err(_)) => {
                let (heard, reason) = (call.heard(), NoSummary::EngineFailed);
                self.conclude(id, call, FromEar::NotNoted { call: id, heard, reason });
            }
            Err(place) => {
                self.conclude(id, call, FromEar::Panicked { call: id, file: place.file, line: place.line });
            }
        });
    }

    fn recognise(
        &self,
        stream: Option<R::Stream>,
        job: Job,
        language: Language,
    ) -> Result<(Option<R::Stream>, Found), Failure> {
        let mut found = Found::default();
        match job {
            Job::Listen(audio) => {
                let mut stream = stream.map_or_else(|| self.recogniser.open(language), Ok)?;
                self.recogniser.listen(&mut stream, audio, &mut found)?;
                Ok((Some(stream), found))
            }
            Job::Look(audio, _) => {
                self.recogniser.look(language, audio, &mut found)?;
                Ok((None, found))
            }
            Job::Finish => {
                stream.map_or(Ok(()), |stream| self.recogniser.finish(stream, &mut found))?;
                Ok((None, found))
            }
        }
    }

    /// Looks for requests in everything recognised so far.
    fn note_requests(&self, id: CallId, call: &mut Call<R>) {
        let transcript = call.transcript();
        let requests = self.note_taker.do_not_contact(&transcript, call.language);
        call.put_back(transcript);
        for request in requests {
            self.request(id, call, request);
        }
    }

    /// Looks for an objection in everything recognised so far and in what looks found.
    fn search(&self, id: CallId, call: &mut Call<R>) {
        let recognised = call.add_glimpses();
        let transcript = call.transcript();
        let objection = self.note_taker.objection(&transcript, call.language);
        call.put_back(transcript);
        call.part_glimpses(recognised);
        let heard = call.heard();
        let reason = NoSummary::ObjectionSuspected;
        match objection {
            Objection::None => {}
            Objection::Suspected => self.conclude(id, call, FromEar::NotNoted { call: id, heard, reason }),
            Objection::Heard => self.conclude(id, call, FromEar::Objected { call: id }),
        }
    }

    /// Tells a request that has not been told; the daemon takes two a call.
    fn request(&self, id: CallId, call: &mut Call<R>, request: DoNotContact) {
        if call.requests.len() < MOST_REQUESTS && !call.requests.contains(&request) {
            call.requests.push(request);
            (self.answers)(FromEar::DoNotContact { call: id, request });
        }
    }

    fn go_on(&self, id: CallId, call: &mut Call<R>, party: Party) {
        if call.gone {
            return;
        }
        let ended = call.ending.is_some();
        self.enqueue(id, call.line(party), party, ended);
        if let Some(ending) = &call.ending
            && PARTIES.iter().all(|party| call.lines[*party as usize].is_done())
        {
            let partial = ending.partial;
            self.note(id, call, partial);
        }
    }

    /// Everything is recognised and searched: the call's note, or why there is none.
    fn note(&self, id: CallId, call: &mut Call<R>, partial: bool) {
        let (heard, quality) = (call.heard(), call.quality());
        let transcript = call.transcript();
        let noted = match partial {
            true => Err(NoSummary::Partial),
            false => {
                let Call { language, today, left_out, .. } = call;
                self.note_taker.summarise(&transcript, *language, *today, *left_out, quality)
            }
        };
        drop(transcript);
        let answer = match noted {
            Ok(note) => FromEar::Noted { call: id, heard, note },
            Err(reason) => FromEar::NotNoted { call: id, heard, reason },
        };
        self.conclude(id, call, answer);
    }

    /// A fax or a modem: there is nobody to listen to.
    fn ended_by_a_fax(&self, id: CallId, call: &mut Call<R>) {
        let (heard, reason) = (call.heard(), NoSummary::Fax);
        self.conclude(id, call, FromEar::NotNoted { call: id, heard, reason });
    }

    /// The one ending: wiped first, told then.
    fn conclude(&self, id: CallId, call: &mut Call<R>, answer: FromEar<N::Note>) {
        call.wipe();
        self.calls().remove(&id);
        (self.answers)(answer);
    }
}

/// One call while it is heard.
struct Call<R: Recogniser> {
    language: Language,
    today: Day,
    agent_leg: AgentLeg,
    left_out: LeftOut,
    lines: [Line<R>; 2],
    bridged: Option<Moment>,
    counters_at: Moment,
    ending: Option<Ending>,
    requests: Vec<DoNotContact>,
    /// It has had its ending; a thread that still holds it must let go.
    gone: bool,
}

struct Ending {
    partial: bool,
}

impl<R: Recogniser> Call<R> {
    fn new(
        language: Language,
        today: Day,
        agent_leg: AgentLeg,
        left_out: LeftOut,
        packing: Packing,
        budget: &Budget,
        idle: Duration,
    ) -> Call<R> {
        Call {
            language,
            today,
            agent_leg,
            left_out,
            lines: PARTIES.map(|_| Line::new(packing, budget, idle)),
            bridged: None,
            counters_at: Moment::START,
            ending: None,
            requests: Vec::new(),
            gone: false,
        }
    }

    fn line(&mut self, party: Party) -> &mut Line<R> {
        &mut self.lines[party as usize]
    }

    /// From `now` on both parties are heard.
    fn listen(&mut self, now: Moment) {
        if self.ending.is_some() {
            return;
        }
        let bridged = *self.bridged.get_or_insert(now);
        if bridged == now {
            self.counters_at = now + COUNTERS_EVERY;
        }
        self.lines.iter_mut().for_each(|line| line.listen(bridged, now));
    }

    fn counters_due(&mut self, now: Moment) -> bool {
        let due = self.bridged.is_some() && now >= self.counters_at;
        if due {
            self.counters_at = now + COUNTERS_EVERY;
        }
        due
    }

    fn timeout(&self) -> Option<Moment> {
        self.bridged?;
        self.lines.iter().filter_map(Line::timeout).chain([self.counters_at]).min()
    }

    fn transcript(&mut self) -> Transcript {
        let [caller, agent] = &mut self.lines;
        match self.agent_leg {
            AgentLeg::Heard => turns::merge(&mut caller.words, &mut agent.words),
            AgentLeg::NotHeard => turns::alone(&mut caller.words),
        }
    }

    /// Puts what looks found behind what was recognised; how many words each party had before.
    fn add_glimpses(&mut self) -> [usize; 2] {
        PARTIES.map(|party| {
            let line = self.line(party);
            let recognised = line.words.len();
            line.words.append(&mut line.glimpsed);
            recognised
        })
    }

    fn part_glimpses(&mut self, recognised: [usize; 2]) {
        for (party, recognised) in PARTIES.into_iter().zip(recognised) {
            let line = self.line(party);
            line.glimpsed = line.words.split_off(recognised.min(line.words.len()));
        }
    }

    fn put_back(&mut self, transcript: Transcript) {
        let (caller, agent) = turns::part(transcript);
        self.line(Party::Caller).words = caller;
        self.line(Party::Agent).words = agent;
    }

    fn heard(&self) -> Heard {
        let [caller, agent] = &self.lines;
        Heard {
            listened_ms: caller.listened_ms().max(agent.listened_ms()),
            speech_ms: caller.speech_ms().saturating_add(agent.speech_ms()),
            recognised_ms: caller.recognised_ms.saturating_add(agent.recognised_ms),
            backlog_ms: caller.backlog_ms().saturating_add(agent.backlog_ms()),
            words: caller.word_count().saturating_add(agent.word_count()),
            lost_packets: caller.packets().lost.saturating_add(agent.packets().lost),
        }
    }

    fn quality(&self) -> Quality {
        let [caller, agent] = &self.lines;
        let words = caller.words.iter().chain(&agent.words);
        let (count, sum) =
            words.fold((0u32, 0.0), |(n, sum), word| (n + 1, sum + f64::from(word.probability)));
        let confidence = if count == 0 { 0.0 } else { sum / f64::from(count) };
        let ghosts = caller.ghosts.saturating_add(agent.ghosts);
        let (lost, arrived) = (
            caller.packets().lost.saturating_add(agent.packets().lost),
            caller.packets().arrived.saturating_add(agent.packets().arrived),
        );
        Quality {
            confidence_pct: (confidence * 100.0).round().clamp(0.0, 100.0) as u8,
            kept_pct: per_cent(count, count.saturating_add(ghosts)),
            arrived_pct: per_cent(arrived, arrived.saturating_add(lost)),
        }
    }

    fn wipe(&mut self) {
        self.gone = true;
        self.lines.iter_mut().for_each(Line::wipe);
    }
}

fn per_cent(part: u32, whole: u32) -> u8 {
    if whole == 0 { 100 } else { (u64::from(part) * 100 / u64::from(whole)).min(100) as u8 }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was held is answered by wiping the call, so what is poisoned is empty.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In the order in which they index a call's lines.
const PARTIES: [Party; 2] = [Party::Caller, Party::Agent];

/// The daemon kills an ear that sends counters more than once in ten seconds of its clock; the half second more is
/// room for messages that wait.
const COUNTERS_EVERY: Duration = Duration::from_millis(10_500);

/// Requests not to be contacted that one call may make.
const MOST_REQUESTS: usize = 2;

#[cfg(test)]
mod tests;
