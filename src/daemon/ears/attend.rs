//! Attends one running ear: orders about calls go to it, its words go to the calls, and at its end every call that it
//! still held is told.

use super::held::Gauge;
use super::judge::{Breach, Heed, Judge};
use super::log::{EarHolds, EarReady, EarSays};
use super::process::{Line, packaged_libraries};
use super::{EarWord, Opening, Settings};
use crate::border::table::{PING_EVERY_S, PONG_WITHIN_S};
use crate::border::{EarExit, FromEar, ModelId, Note, Recogniser, ToEar};
use crate::call::{CallId, Language, Moment, Party};
use crate::daemon::{clock::Clock, models};
use crate::sandbox::trial;
use crate::wire::rtp::Format;
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines, Take};
use tokio::process::{Child, ChildStderr};
use tokio::sync::{mpsc, watch};

/// What is asked of one ear.
pub enum Order {
    Open {
        call: CallId,
        opening: Opening,
        words: Words,
    },
    Hear {
        call: CallId,
        party: Party,
        format: Format,
        socket: UdpSocket,
    },
    /// Any order that carries nothing.
    Tell(ToEar),
}

/// Where the words about one call go.
pub struct Words(Box<dyn Fn(EarWord) + Send>);

impl Words {
    pub fn new(words: impl Fn(EarWord) + Send + 'static) -> Words {
        Words(Box::new(words))
    }

    fn say(&self, word: EarWord) {
        (self.0)(word);
    }
}

/// What an ear that is locked in says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub model: ModelId,
    /// Acts that it tried from each of its threads and was refused.
    pub acts_refused: u16,
}

/// How far an ear has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Starting,
    Ready(Tried),
    /// It runs and should be replaced: work on a call panicked in it.
    Worn,
}

/// An ear that was tried and did not become ready.
#[derive(Debug, PartialEq, Eq)]
pub struct NotReady {
    /// A sentence, with what can be done where that is known.
    pub why: String,
    pub gone: Gone,
}

/// Why an ear is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was killed for this.
    Breach(Breach),
    /// It was not ready in time.
    Slow,
    Exit(EarExit),
    /// Something killed it: a fault of its own, or its sandbox (SIGSYS).
    Signal(i32),
    Unknown,
}

impl Gone {
    fn of(status: ExitStatus) -> Gone {
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        match (code, status.signal()) {
            (Some(code), _) => Gone::Exit(EarExit::of(code)),
            (_, Some(signal)) => Gone::Signal(signal),
            _ => Gone::Unknown,
        }
    }

    /// A sentence for the log about the ear of these settings, and what can be done.
    pub fn words(self, ear: &Settings) -> String {
        match self {
            Gone::Breach(breach) => format!("killed: {breach}"),
            Gone::Slow => "killed: it was not ready in time".to_owned(),
            Gone::Exit(EarExit::NotRefused(act)) => {
                format!("its lock does not hold: {}", trial::name(act).unwrap_or("an act was not refused"))
            }
            Gone::Exit(EarExit::Library) => match ear.recogniser {
                Recogniser::Vosk => format!(
                    "its library cannot be loaded: put libvosk.so into {}",
                    packaged_libraries(&ear.program).display()
                ),
                Recogniser::Whisper => {
                    format!("{}: ldd {} names it", EarExit::Library.words(), ear.program.display())
                }
            },
            Gone::Exit(EarExit::Model) => {
                let language = ear.languages.first().copied().unwrap_or(Language::En);
                let model = models::name(ear.recogniser, language);
                format!("{}: callgist models fetch --again {model} brings it anew", EarExit::Model.words())
            }
            Gone::Exit(exit) => exit.words().to_owned(),
            Gone::Signal(libc::SIGSYS) => {
                "it asked the kernel for something that is not on its list".to_owned()
            }
            Gone::Signal(signal) => format!("ended by signal {signal}"),
            Gone::Unknown => "ended".to_owned(),
        }
    }
}

/// One running ear.
pub struct Attended<'a> {
    pub settings: &'a Settings,
    pub clock: Clock,
    pub child: Child,
    pub line: Line,
    pub orders: mpsc::UnboundedReceiver<Order>,
    pub state: watch::Sender<State>,
    pub gauge: Arc<Gauge>,
}

impl Attended<'_> {
    /// Attends the ear until it has ended, tells its calls, and says why it ended.
    pub async fn attend(mut self) -> Gone {
        let mut desk = Desk {
            recogniser: self.settings.recogniser,
            clock: self.clock,
            judge: Judge::new(self.settings.recogniser),
            words: BTreeMap::new(),
            stops: BTreeMap::new(),
            gauge: Arc::clone(&self.gauge),
            told: Moment::START,
        };
        let mut explained = self.child.stderr.take().map(lines);
        let broken = self.serve(&mut desk, &mut explained).await;
        if broken.is_none() {
            // It has closed its end: its own last word, the exit code, is about to come.
            let _ = tokio::time::timeout(LAST_WORD, self.child.wait()).await;
        }
        // Whether it broke a rule, hangs or has ended already: after this it has.
        let _ = self.child.start_kill();
        let ended = self.child.wait().await;
        if *self.state.borrow() == State::Starting {
            // What it had to explain may still be in the pipe. The pipe ends with the ear.
            while let Some(line) = next(&mut explained).await {
                EarSays { recogniser: desk.recogniser, line: &line }.log();
            }
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            if let Order::Open { words, .. } = order {
                words.say(EarWord::Failed { place: None });
            }
        }
        desk.fail_all();
        broken.unwrap_or_else(|| ended.map_or(Gone::Unknown, Gone::of))
    }

    /// Until the ear breaks a rule (which is told) or ends.
    async fn serve(&mut self, desk: &mut Desk, explained: &mut Explained) -> Option<Gone> {
        let must_be_ready = desk.wall(LONGEST_START);
        let (mut pings, mut ping_at, mut pong_by) = (0u32, desk.wall(PING_EVERY), None);
        loop {
            let ready = *self.state.borrow() != State::Starting;
            let pinging = desk.judge.awaits_pong();
            let late = [
                pong_by.filter(|_| pinging),
                desk.stops.values().min().copied(),
                (!ready).then_some(must_be_ready),
            ];
            let late = late.into_iter().flatten().min();
            tokio::select! {
                biased;
                said = self.line.receive() => match said {
                    Ok(Some(said)) => match desk.take(said) {
                        Ok(state) => if let Some(state) = state { self.state.send_replace(state); },
                        Err(breach) => return Some(Gone::Breach(breach)),
                    },
                    Ok(None) => return None,
                    Err(breach) => return Some(Gone::Breach(breach)),
                },
                order = self.orders.recv() => match order {
                    Some(order) => if let Err(breach) = desk.obey(&self.line, order) {
                        return Some(Gone::Breach(breach));
                    },
                    // Nobody is left who could ask it for anything.
                    None => return None,
                },
                line = next(explained), if !ready && explained.is_some() => {
                    if let Some(line) = line {
                        EarSays { recogniser: desk.recogniser, line: &line }.log();
                    }
                }
                () = self.clock.sleep_until(Some(ping_at)), if ready && !pinging => {
                    pings = pings.wrapping_add(1);
                    (ping_at, pong_by) = (desk.wall(PING_EVERY), Some(desk.wall(PONG_WITHIN)));
                    desk.judge.pinged(pings);
                    if let Err(breach) = self.line.send(&ToEar::Ping { number: pings }) {
                        return Some(Gone::Breach(breach));
                    }
                }
                () = self.clock.sleep_until(late) => {
                    return Some(if ready { Gone::Breach(Breach::Silent) } else { Gone::Slow });
                }
            }
        }
    }
}

/// What is known of the calls in one ear.
struct Desk {
    recogniser: crate::border::Recogniser,
    clock: Clock,
    judge: Judge,
    words: BTreeMap<CallId, Words>,
    /// Until when each stop must have been answered.
    stops: BTreeMap<CallId, Moment>,
    gauge: Arc<Gauge>,
    /// When the log was told last what is held.
    told: Moment,
}

impl Desk {
    /// So long from now on the wall, whatever the demo's factor: an ear is no faster for it.
    fn wall(&self, wait: Duration) -> Moment {
        self.clock.now() + wait * self.clock.factor()
    }

    /// Heeds one message; the ear's new state, if it has one.
    fn take(&mut self, said: FromEar<Note>) -> Result<Option<State>, Breach> {
        match self.judge.take(said, self.clock.now())? {
            Heed::Ready { model, acts_refused } => {
                EarReady { recogniser: self.recogniser, acts_refused }.log();
                Ok(Some(State::Ready(Tried { model, acts_refused })))
            }
            Heed::Word { call, word, rotate } => {
                let ends = word.ends();
                self.count(call, &word);
                if let Some(words) = self.words.get(&call) {
                    words.say(word);
                }
                if ends {
                    self.words.remove(&call);
                    self.stops.remove(&call);
                }
                Ok(rotate.then_some(State::Worn))
            }
            Heed::Nothing => Ok(None),
        }
    }

    /// Reads the gauge, and tells the log now and then.
    fn count(&mut self, call: CallId, word: &EarWord) {
        if word.ends() {
            return self.gauge.gone(call);
        }
        let EarWord::Counters { heard } = word else { return };
        self.gauge.counted(call, heard);
        let now = self.clock.now();
        if now.since(self.told) >= TOLD_EVERY {
            self.told = now;
            EarHolds { recogniser: self.recogniser, held: self.gauge.held(now) }.log();
        }
    }

    /// Passes an order on, unless the ear no longer holds its call.
    fn obey(&mut self, line: &Line, order: Order) -> Result<(), Breach> {
        let now = self.clock.now();
        match order {
            Order::Open { call, opening, words } => {
                let Opening { language, today, agent_leg, left_out } = opening;
                self.judge.opened(call, language, now);
                self.words.insert(call, words);
                line.send(&ToEar::Open { call, language, today, agent_leg, left_out })
            }
            Order::Hear { call, party, format, socket } if self.judge.holds(call) => {
                self.judge.handed_over(call, party);
                line.send_with(&ToEar::Hear { call, party, format }, socket)
            }
            Order::Hear { .. } => Ok(()),
            Order::Tell(order) => self.tell(line, order),
        }
    }

    fn tell(&mut self, line: &Line, order: ToEar) -> Result<(), Breach> {
        match order {
            ToEar::Bridged { call } => {
                let now = self.clock.now();
                self.judge.bridged(call, now);
                if self.judge.holds(call) {
                    self.gauge.bridged(call, now);
                }
                self.tell_of(line, call, order)
            }
            ToEar::Paused { call } | ToEar::Resumed { call } | ToEar::End { call, .. } => {
                self.tell_of(line, call, order)
            }
            ToEar::Stop { call } => {
                if self.judge.holds(call) {
                    self.stops.insert(call, self.wall(STOPPED_WITHIN));
                    line.send(&order)?;
                    self.judge.stopping(call);
                }
                Ok(())
            }
            ToEar::Retire => line.send(&order),
            // These are sent where their descriptor or their number is known.
            ToEar::Open { .. } | ToEar::Hear { .. } | ToEar::Ping { .. } => Ok(()),
        }
    }

    fn tell_of(&self, line: &Line, call: CallId, order: ToEar) -> Result<(), Breach> {
        if self.judge.holds(call) { line.send(&order) } else { Ok(()) }
    }

    fn fail_all(&mut self) {
        for (call, words) in std::mem::take(&mut self.words) {
            self.gauge.gone(call);
            words.say(EarWord::Failed { place: None });
        }
    }
}

/// An ear's standard error, of which only so much is read; `None` after its end.
type Explained = Option<Lines<BufReader<Take<ChildStderr>>>>;

fn lines(pipe: ChildStderr) -> Lines<BufReader<Take<ChildStderr>>> {
    BufReader::new(pipe.take(LONGEST_EXPLANATION)).lines()
}

async fn next(explained: &mut Explained) -> Option<String> {
    let line = explained.as_mut()?.next_line().await.ok().flatten();
    if line.is_none() {
        *explained = None;
    }
    line
}

/// More often finds a hang sooner; it costs a packet each way.
const PING_EVERY: Duration = Duration::from_secs(PING_EVERY_S as u64);

/// Each call's counters come once in ten seconds; of a hundred calls one line is enough.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// The thread that answers never decodes, but a busy machine may let it wait. Longer leaves calls in a hung ear
/// longer; with the start of a new one it must stay under ten seconds.
const PONG_WITHIN: Duration = Duration::from_secs(PONG_WITHIN_S as u64);

/// After an objection nothing of the call may stay: an ear that does not say within this time that it has wiped it
/// is ended, and the kernel wipes it.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);

/// An ear that has closed its end of the pair is on its way out.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The largest models load for half a minute from a slow disk.
const LONGEST_START: Duration = Duration::from_secs(180);

/// What an ear has to explain fits in a few lines.
const LONGEST_EXPLANATION: u64 = 16_384;
