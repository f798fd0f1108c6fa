//! The switchboard: every event of the switch goes to the call that it belongs to; a caller who begins to wait
//! becomes a call; the switch is told every two seconds that we are alive.

use super::super::switch::{Begun, Mail, Offered};
use super::dump::never_copied;
use super::keys::Keys;
use super::registry::Entry;
use super::resync::Resync;
use super::terminators::TERMINATORS;
use super::{FreeSwitch, LinkError, News, events, recordings, words};
use crate::call::{CallId, Event, Leg, Moment, Number};
use crate::config::Line;
use crate::wire::esl::{Command, Event as SwitchEvent, EventName, Fault};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Whether calls of a line may be announced now: an ear is ready, there is room.
pub type Willing = Box<dyn Fn(&Line) -> bool + Send + Sync>;

/// A switch's configured lines by their names.
pub(super) type Lines = BTreeMap<String, Arc<Line>>;

/// The lines as they are now; they change when the settings are read anew.
#[derive(Clone)]
pub struct SharedLines(Arc<Mutex<Arc<Lines>>>);

impl SharedLines {
    pub fn new<'a>(lines: impl Iterator<Item = &'a Line>) -> SharedLines {
        SharedLines(Arc::new(Mutex::new(by_name(lines))))
    }

    pub fn replace<'a>(&self, lines: impl Iterator<Item = &'a Line>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = by_name(lines);
    }

    fn now(&self) -> Arc<Lines> {
        // It is replaced in one statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn by_name<'a>(lines: impl Iterator<Item = &'a Line>) -> Arc<Lines> {
    Arc::new(lines.map(|line| (line.name.clone(), Arc::new(line.clone()))).collect())
}

/// The task's state.
pub struct Board {
    switch: FreeSwitch,
    lines: SharedLines,
    begun: mpsc::UnboundedSender<Begun>,
    willing: Willing,
    /// The newest time that the switch told, and when it reached us (F123: its clock is not ours).
    switch_time: Option<(u64, Moment)>,
    lost_since: Option<Moment>,
    next_alive: Moment,
    /// Too many sessions at the switch: copies count among them (R4).
    crowded: bool,
    announcing: bool,
    /// The last refresh, whose answer says that the switch has it.
    alive_job: Option<String>,
    /// Whether the first connection has been made.
    was_up: bool,
    /// Why there is no link, as the log was told.
    trouble: Option<LinkError>,
    /// Why the switch will never let us in unless somebody mends something; nothing as long as it may.
    refused: watch::Sender<Option<LinkError>>,
    keys: Keys,
    /// Lines of which it was told that something kills their key.
    keyless: BTreeSet<String>,
}

impl Board {
    pub fn new(
        switch: FreeSwitch,
        lines: SharedLines,
        begun: mpsc::UnboundedSender<Begun>,
        willing: Willing,
    ) -> Board {
        Board {
            switch,
            lines,
            begun,
            willing,
            switch_time: None,
            lost_since: None,
            next_alive: Moment::START,
            crowded: false,
            announcing: false,
            alive_job: None,
            was_up: false,
            trouble: None,
            refused: watch::Sender::new(None),
            keys: Keys::default(),
            keyless: BTreeSet::new(),
        }
    }

    /// Tells why the switch refuses us, as long as it does and has never let us in.
    pub fn refused(&self) -> watch::Receiver<Option<LinkError>> {
        self.refused.subscribe()
    }

    /// Runs until the link is gone; one that cannot be had is tried again and again.
    pub async fn run(mut self, mut news: mpsc::UnboundedReceiver<News>) {
        let clock = self.switch.clock;
        loop {
            let wake = match self.lost_since {
                Some(lost) => Some(lost + LOST_AFTER),
                None => Some(self.next_alive),
            };
            tokio::select! {
                item = news.recv() => match item {
                    None => return,
                    Some(News::Up) => self.up(),
                    Some(News::Down(error)) => self.down(error),
                    Some(News::Event(event)) => self.event(&event),
                },
                () = clock.sleep_until(wake.filter(|_| self.was_up)) => self.wake(),
            }
        }
    }

    fn up(&mut self) {
        events::SwitchUp { switch: self.switch.name() }.log();
        self.was_up = true;
        self.trouble = None;
        self.refused.send_replace(None);
        self.keys.forget();
        self.lost_since = None;
        self.next_alive = self.switch.clock.now();
        self.ask_the_time();
        let connection = self.switch.registry().connected();
        let (switch, lines) = (self.switch.clone(), self.lines.now());
        let resync = Resync { switch, lines, begun: self.begun.clone(), connection };
        tokio::spawn(resync.run());
    }

    fn down(&mut self, error: LinkError) {
        if self.trouble.as_ref() != Some(&error) {
            events::SwitchDown { switch: self.switch.name(), why: &error }.log();
            self.trouble = Some(error.clone());
        }
        if self.was_up {
            let now = self.switch.clock.now();
            self.lost_since.get_or_insert(now);
        } else {
            self.refused.send_replace(Some(error).filter(LinkError::is_final));
        }
    }

    fn wake(&mut self) {
        let now = self.switch.clock.now();
        self.switch.registry().turn_day(self.switch.clock.today());
        match self.lost_since {
            Some(lost) if now.since(lost) >= LOST_AFTER => {
                // A copy must not outlive what we know of its call.
                self.switch.deliver_all(&Event::SwitchLost);
                self.lost_since = Some(now);
            }
            Some(_) => {}
            None => {
                self.next_alive = now + ALIVE_EVERY;
                self.say_alive(now);
            }
        }
    }

    /// `callgist_alive_until` on the switch's own clock; unsaid, the snippet waits 0 ms for us (F100).
    fn say_alive(&mut self, now: Moment) {
        let Some((micros, seen)) = self.switch_time else { return };
        if self.crowded || !self.lines.now().values().any(|line| (self.willing)(line)) {
            if self.announcing {
                // Not a second longer shall anybody wait for us.
                self.switch.send(NOT_ALIVE);
                self.alive_job = None;
            }
            // A link on which nothing is asked could not be told from one that hangs.
            self.ask_the_time();
            return self.announcing(false);
        }
        let epoch = (micros + u64::try_from(now.since(seen).as_micros()).unwrap_or(0)) / 1_000_000;
        let until = epoch + ALIVE_FOR.as_secs();
        let job = super::uuid();
        if let Ok(say) = Command::bgapi(format!("global_setvar callgist_alive_until={until}"), &job) {
            self.switch.link.send(say);
            self.alive_job = Some(job);
        }
    }

    /// Any answer in the background carries the switch's time.
    fn ask_the_time(&self) {
        if let Ok(ask) = Command::bgapi("global_getvar callgist_alive_until", &super::uuid()) {
            self.switch.link.send(ask);
        }
    }

    /// Whether callers are asked to wait for us, as far as the switch has confirmed it.
    fn announcing(&mut self, now: bool) {
        if now != self.announcing {
            events::Announcing { switch: self.switch.name(), now }.log();
            self.announcing = now;
        }
    }

    fn event(&mut self, event: &SwitchEvent) {
        if let Some(micros) = event.date_micros() {
            let first = self.switch_time.is_none();
            self.switch_time = Some((micros, self.switch.clock.now()));
            if first {
                self.next_alive = self.switch.clock.now();
            }
        }
        match event.name() {
            EventName::Heartbeat => self.heartbeat(event),
            EventName::BackgroundJob => self.job(event),
            // What happens to our own copies is told by SIP; never follow them as calls (R7).
            _ if event.variable("callgist_tap").is_some() => {}
            _ => self.of_a_call(event),
        }
    }

    fn heartbeat(&mut self, event: &SwitchEvent) {
        let number = |name: &str| event.get(name).and_then(|text| text.parse::<u64>().ok());
        if let (Some(count), Some(most)) = (number("Session-Count"), number("Max-Sessions")) {
            self.crowded = count * 5 > most * 4;
        }
    }

    fn job(&mut self, event: &SwitchEvent) {
        let Some(job) = event.job_uuid() else { return };
        if self.alive_job.as_deref() == Some(job) {
            self.announcing(true);
        }
        if let Some(caller) = words::objected_by_command(event) {
            let calls = self.switch.registry().of_caller(caller);
            calls.into_iter().for_each(|call| self.switch.deliver(call, Mail::Event(Event::Objected)));
        }
        let Some((call, party)) = self.switch.registry().take_job(job) else { return };
        if Fault::check(event.body().unwrap_or_default()).is_err() {
            self.switch.deliver(call, Mail::Event(Event::ForkEnded { party }));
        }
    }

    fn of_a_call(&mut self, event: &SwitchEvent) {
        if let (Some(realm), Some(line)) = (self.keys.read(event), event.variable("callgist"))
            && self.keyless.insert(line.to_owned())
        {
            events::KeyDead { line, realm }.log();
        }
        if let Some(line) = words::waiting(event) {
            self.offered(event, line);
        }
        let (a, b) = event.bridge_pair().unzip();
        let calls = self.switch.registry().concerned(&[event.unique_id(), a, b]);
        calls.into_iter().for_each(|call| self.concerns(call, event));
    }

    fn concerns(&self, call: CallId, event: &SwitchEvent) {
        let (meaning, objected) = {
            let registry = self.switch.registry();
            let Some(entry) = registry.calls.get(&call) else { return };
            let notice = entry.line.notice.to_string_lossy();
            let question = entry.line.question().map(|path| path.to_string_lossy()).unwrap_or_default();
            let known = words::Known {
                caller: &entry.caller,
                agent: entry.agent.as_ref(),
                notice: &notice,
                playback: entry.playback.as_deref(),
                asked: &entry.asked,
                question: &question,
            };
            (words::meaning(event, &known), words::objected(event))
        };
        if objected {
            self.switch.deliver(call, Mail::Event(Event::Objected));
        }
        let leg = event.unique_id().and_then(|leg| Leg::new(leg).ok());
        if let (Some(leg), Some(change)) = (leg, recordings::change(event)) {
            self.switch.registry().tell_recording(call, &leg, change);
        }
        if let (Some(Event::HungUp), Some(cause)) = (&meaning, event.hangup_cause()) {
            self.switch.deliver(call, Mail::Cause(cause.into()));
        }
        if let Some(meaning) = meaning {
            self.switch.registry().tell(call, event.sequence(), meaning);
        }
    }

    /// A caller waits. A leg that was announced before, or that objected, goes on at once: no second notice.
    fn offered(&mut self, event: &SwitchEvent, line: &str) {
        let Some(leg) = event.unique_id().and_then(|leg| Leg::new(leg).ok()) else { return };
        let known = !self.switch.registry().concerned(&[Some(leg.as_str())]).is_empty();
        let told = event.variable("callgist_notice").is_some() || words::objected(event);
        let lines = self.lines.now();
        let Some(line) = lines.get(line).filter(|_| !known && !told) else {
            tokio::spawn(self.switch.clone().ends_wait(leg));
            return;
        };
        let call = CallId(rand::random());
        let (mailbox, mail) = mpsc::unbounded_channel();
        let mut entry = Entry::new(leg.clone(), line.clone(), mailbox.clone());
        entry.terminators = event.variable(TERMINATORS).map(str::to_owned);
        if !self.switch.registry().add(call, entry) {
            return;
        }
        self.switch.name_call(&leg, call);
        if never_copied(|name| event.get(name)) {
            self.switch.deliver(call, Mail::Event(Event::Examined { leg: leg.clone(), tappable: false }));
        }
        let (caller, called) = (number(|name| event.get(name), line), called(event, line));
        let switch = Arc::new(self.switch.clone());
        let offered = Offered { call, switch, line: line.clone(), leg, caller, called, mail, mailbox };
        tokio::spawn(self.switch.clone().begins(offered, self.begun.clone()));
    }
}

/// The caller's number, unless it is withheld; `get` reads a header.
pub(super) fn number<'a>(get: impl Fn(&str) -> Option<&'a str>, line: &Line) -> Option<Number> {
    let withheld = get("Caller-Privacy-Hide-Number") == Some("true");
    let number = get("Caller-Caller-ID-Number").filter(|_| !withheld)?;
    Number::in_country(number, &line.country_code).ok()
}

/// The number that was dialled, in E.164: the line's own where the switch leaves out its beginning.
fn called(event: &SwitchEvent, line: &Line) -> Option<Number> {
    let dialled = Number::new(event.get("Caller-Destination-Number")?).ok()?;
    let digits = dialled.as_str().trim_start_matches(['+', '0']);
    if !digits.is_empty() && line.number.as_str().ends_with(digits) {
        return Some(line.number.clone());
    }
    Number::in_country(dialled.as_str(), &line.country_code).ok()
}

/// A time that is past: nobody waits for us.
pub(super) const NOT_ALIVE: &str = "global_setvar callgist_alive_until=0";

/// A refresh that is lost once must not look like a dead sidecar.
const ALIVE_EVERY: Duration = Duration::from_secs(2);

/// Longer, and a sidecar that has died costs callers half a second for longer; it must outlast one lost refresh.
const ALIVE_FOR: Duration = Duration::from_secs(5);

/// Without the event socket an objection by key cannot reach us; after this long nothing more is heard.
const LOST_AFTER: Duration = Duration::from_secs(5);
