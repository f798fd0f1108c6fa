//! Who is who: which leg, job, token and copy belongs to which call, and what it was told last.

use super::super::switch::{Mail, Mailbox};
use super::dump::{Dump, Talk};
use super::order::Order;
use super::pseudonyms::Pseudonyms;
use super::recordings::{Change, Recordings};
use super::words::Tappable;
use crate::border::Day;
use crate::call::{CallId, Event, Leg, Party};
use crate::config::{Agents, Line};
use crate::store::Name;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One call that is being followed.
pub(super) struct Entry {
    pub caller: Leg,
    pub agent: Option<Leg>,
    pub line: Arc<Line>,
    pub mailbox: Mailbox,
    /// The Event-UUID of the notice's playback.
    pub playback: Option<String>,
    /// Those of the questions behind it, on a line that asks for consent.
    pub asked: Vec<String>,
    /// The keys that the dialplan lets end what is played to the caller, where it says so.
    pub terminators: Option<String>,
    /// Legs that were examined and may be copied.
    pub tappable: BTreeMap<Leg, Tappable>,
    /// The switch's leg of each party's copy.
    pub taps: BTreeMap<Party, String>,
    recordings: Recordings,
    /// The first leg of an agent's who had the call, which is not one half of a loopback.
    first_agent: Option<Leg>,
    /// How new what it was told is: of the talk and the caller's holding under the caller's leg, of the agent's
    /// holding under his.
    told: BTreeMap<Leg, Order>,
}

impl Entry {
    pub fn new(caller: Leg, line: Arc<Line>, mailbox: Mailbox) -> Entry {
        Entry {
            caller,
            agent: None,
            line,
            mailbox,
            playback: None,
            asked: Vec::new(),
            terminators: None,
            tappable: BTreeMap::new(),
            taps: BTreeMap::new(),
            recordings: Recordings::default(),
            first_agent: None,
            told: BTreeMap::new(),
        }
    }

    /// The leg whose dump would say the same as this event.
    fn subject(&self, meaning: &Event) -> Option<Leg> {
        match meaning {
            Event::Bridged { .. } | Event::Unbridged | Event::AgentTaken => Some(self.caller.clone()),
            Event::Held { leg } | Event::Unheld { leg } => Some(leg.clone()),
            _ => None,
        }
    }

    /// What it is told of recordings: nothing where the line's notice and texts tell callers of them.
    fn recording(&mut self, leg: &Leg, change: Change<'_>) {
        if self.line.told.recordings_told {
            return;
        }
        let leg = leg.clone();
        match change {
            Change::Began(file) if self.recordings.began(&leg, file) => {
                self.tell(Event::RecordingBegan { leg });
            }
            Change::Ended(file) if self.recordings.ended(&leg, file) => {
                self.tell(Event::RecordingEnded { leg });
            }
            Change::Began(_) | Change::Ended(_) => {}
        }
    }

    /// An agent's leg was looked at. The first one may be anywhere: where calls of the line go is the line's own choice.
    fn agent_seen(&mut self, leg: &Leg, dump: &Dump, name: Option<Name>) {
        let (leg, passing) = (leg.clone(), dump.is_passing());
        // A call that is told no longer reads its mail.
        let _ = self.mailbox.send(Mail::Agent { leg: leg.clone(), name, passing });
        if passing {
            return;
        }
        let is_first = *self.first_agent.get_or_insert_with(|| leg.clone()) == leg;
        if self.is_never_heard(dump) {
            self.tell(if is_first { Event::NeverHeard { leg } } else { Event::WentOutside { leg } });
        } else if !is_first && dump.leads_outside() && !self.line.listen_outside {
            self.tell(Event::WentOutside { leg });
        }
    }

    fn is_never_heard(&self, dump: &Dump) -> bool {
        !dump.leads_outside()
            && dump.extension().is_some_and(|name| self.line.never_heard.extension(name.as_str()))
    }

    /// A number outside is nobody's business, nor an extension that is never heard, and any other is told as the line has
    /// it.
    fn name_of(&self, dump: &Dump, pseudonyms: &mut Pseudonyms, today: Day) -> Option<Name> {
        if dump.leads_outside() {
            return Name::new("outside").ok();
        }
        let extension = dump.extension().filter(|_| !self.is_never_heard(dump))?;
        match self.line.agents {
            Agents::None => None,
            Agents::Pseudonym => pseudonyms.name(&extension, today),
            Agents::Kept => Some(extension),
        }
    }

    fn tell(&self, event: Event) {
        // A call that is told no longer reads its mail.
        let _ = self.mailbox.send(Mail::Event(event));
    }
}

/// A question about a leg that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    connection: u64,
    events: u64,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Told,
    /// Something newer was told meanwhile: ask again.
    Stale,
    /// The connection on which it was asked is gone.
    Late,
}

/// All calls that are being followed.
#[derive(Default)]
pub(super) struct Registry {
    pub calls: BTreeMap<CallId, Entry>,
    /// One leg may be of several calls: an agent who asks back, two callers whom somebody joined.
    legs: BTreeSet<(Leg, CallId)>,
    /// Job-UUIDs of copies that were asked for.
    jobs: BTreeMap<String, (CallId, Party)>,
    /// Counts connections: what the switch said on another one is not compared.
    connection: u64,
    pseudonyms: Pseudonyms,
}

impl Registry {
    /// Adds a call, unless its caller is followed already.
    pub fn add(&mut self, call: CallId, entry: Entry) -> bool {
        if self.follows(&entry.caller) || self.calls.contains_key(&call) {
            return false;
        }
        self.legs.insert((entry.caller.clone(), call));
        self.calls.insert(call, entry);
        true
    }

    /// Whether there is a call whose caller has this leg.
    pub fn follows(&self, caller: &Leg) -> bool {
        self.calls.values().any(|entry| entry.caller == *caller)
    }

    /// The call whose caller has this leg, if there is one.
    pub fn of_caller(&self, caller: &str) -> Option<CallId> {
        let mut calls = self.calls.iter();
        calls.find(|(_, entry)| entry.caller.as_str() == caller).map(|(call, _)| *call)
    }

    /// Every call with its caller's leg.
    pub fn callers(&self) -> Vec<(CallId, Leg)> {
        self.calls.iter().map(|(call, entry)| (*call, entry.caller.clone())).collect()
    }

    pub fn agent(&self, call: CallId) -> Option<Leg> {
        self.calls.get(&call)?.agent.clone()
    }

    /// A new connection was made; gives its number.
    pub fn connected(&mut self) -> u64 {
        self.calls.values_mut().for_each(|entry| entry.told.clear());
        self.connection += 1;
        self.connection
    }

    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// Tells a call what an event with this number means, unless an answer that is newer told already.
    pub fn tell(&mut self, call: CallId, sequence: Option<u64>, meaning: Event) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        let subject = entry.subject(&meaning);
        if !subject.is_none_or(|leg| entry.told.entry(leg).or_default().event(sequence)) {
            return;
        }
        entry.tell(meaning.clone());
        if let Event::Bridged { agent } = &meaning {
            self.set_agent(call, agent);
        }
    }

    /// Tells a call that a recording began or ended on one of its legs.
    pub fn tell_recording(&mut self, call: CallId, leg: &Leg, change: Change<'_>) {
        if let Some(entry) = self.calls.get_mut(&call) {
            entry.recording(leg, change);
        }
    }

    /// Tells a call whose leg this is, if it is an agent's.
    pub fn tell_agent(&mut self, call: CallId, leg: &Leg, dump: &Dump, today: Day) {
        if let Some(entry) = self.calls.get_mut(&call).filter(|entry| entry.caller != *leg) {
            let name = entry.name_of(dump, &mut self.pseudonyms, today);
            entry.agent_seen(leg, dump, name);
        }
    }

    /// The day may have changed: then yesterday's names lead nowhere.
    pub fn turn_day(&mut self, today: Day) {
        self.pseudonyms.turn(today);
    }

    /// To be called before the switch is asked about a leg of the call.
    pub fn ask(&self, call: CallId, leg: &Leg) -> Option<Asked> {
        let entry = self.calls.get(&call)?;
        let events = entry.told.get(leg).map_or(0, Order::events);
        Some(Asked { connection: self.connection, events })
    }

    /// Tells a call what the switch answered about one of its legs, unless something newer was told. An objection is
    /// never old.
    pub fn answer(&mut self, call: CallId, leg: &Leg, asked: Asked, dump: &Dump) -> Answered {
        if asked.connection != self.connection {
            return Answered::Late;
        }
        let Some(entry) = self.calls.get_mut(&call) else { return Answered::Told };
        let of_caller = *leg == entry.caller;
        if of_caller && dump.objected() {
            entry.tell(Event::Objected);
            return Answered::Told;
        }
        if of_caller && dump.has_gone_on() {
            entry.tell(Event::WaitOver);
        }
        let sequence = dump.sequence();
        let order = entry.told.entry(leg.clone()).or_default();
        if !order.is_new(sequence, asked.events) {
            return Answered::Stale;
        }
        let talk = match dump.talk() {
            _ if !of_caller => None,
            Talk::With(agent) => Some(Event::Bridged { agent }),
            // A bridge that was told and is not in the dump yet is only beginning (B02).
            Talk::Over(last) => (entry.agent == Some(last)).then_some(Event::Unbridged),
            Talk::Untold => None,
        };
        if talk.is_some() || !of_caller {
            order.believe(sequence);
        }
        let (held, unheld) = (Event::Held { leg: leg.clone() }, Event::Unheld { leg: leg.clone() });
        entry.tell(if dump.held() { held } else { unheld });
        if let Some(talk) = talk {
            entry.tell(talk.clone());
            if let Event::Bridged { agent } = &talk {
                self.set_agent(call, agent);
            }
        }
        Answered::Told
    }

    /// Every call whose caller or agent one of these legs is.
    pub fn concerned(&self, legs: &[Option<&str>]) -> BTreeSet<CallId> {
        let legs = legs.iter().flatten().filter_map(|leg| Leg::new(leg).ok());
        let of = |leg: Leg| self.legs.range((leg.clone(), CallId(0))..=(leg, CallId(u64::MAX)));
        legs.flat_map(of).map(|(_, call)| *call).collect()
    }

    pub fn set_agent(&mut self, call: CallId, agent: &Leg) {
        let Some(entry) = self.calls.get_mut(&call) else { return };
        if let Some(old) = entry.agent.replace(agent.clone()).filter(|old| *old != entry.caller) {
            self.legs.remove(&(old, call));
        }
        self.legs.insert((agent.clone(), call));
    }

    pub fn add_job(&mut self, job: &str, call: CallId, party: Party) {
        self.jobs.insert(job.to_owned(), (call, party));
    }

    pub fn take_job(&mut self, job: &str) -> Option<(CallId, Party)> {
        self.jobs.remove(job)
    }

    /// A copy is no longer wanted: what becomes of the command that asked for it concerns nobody.
    pub fn drop_jobs(&mut self, call: CallId, party: Party) {
        self.jobs.retain(|_, asked| *asked != (call, party));
    }

    /// Whether a copy's leg is one of ours that lives.
    pub fn holds_tap(&self, tap: &str) -> bool {
        self.calls.values().any(|entry| entry.taps.values().any(|held| held == tap))
    }

    /// Forgets a call; gives its caller's leg.
    pub fn remove(&mut self, call: CallId) -> Option<Leg> {
        self.legs.retain(|(_, held)| *held != call);
        self.jobs.retain(|_, (held, _)| *held != call);
        self.calls.remove(&call).map(|entry| entry.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT};
    use serde_json::json;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    fn leg(name: &str) -> Leg {
        Leg::new(name).unwrap()
    }

    fn registry(callers: &[(u64, &str)]) -> Registry {
        let mut registry = Registry::default();
        callers.iter().for_each(|(call, caller)| drop(followed(&mut registry, *call, caller)));
        registry
    }

    /// Adds a call; what it is told arrives here.
    fn followed(registry: &mut Registry, call: u64, caller: &str) -> UnboundedReceiver<Mail> {
        let line = Arc::new(Config::parse(DEFAULT).unwrap().lines[0].clone());
        let (mailbox, mail) = unbounded_channel();
        assert!(registry.add(CallId(call), Entry::new(leg(caller), line, mailbox)));
        mail
    }

    fn told(mail: &mut UnboundedReceiver<Mail>) -> Vec<Event> {
        std::iter::from_fn(|| mail.try_recv().ok())
            .filter_map(|mail| match mail {
                Mail::Event(event) => Some(event),
                _ => None,
            })
            .collect()
    }

    fn dump(sequence: u64, bridge_to: &str, last: &str) -> Dump {
        let fields = json!({
            "Event-Sequence": sequence.to_string(),
            "variable_bridge_to": bridge_to, "variable_last_bridge_to": last,
        });
        Dump::parse(&fields.to_string()).unwrap()
    }

    /// A call whose caller `a` talks with `b`, as event number 90 told.
    fn talking() -> (Registry, UnboundedReceiver<Mail>) {
        let mut registry = Registry::default();
        let mut mail = followed(&mut registry, 1, "a");
        registry.tell(CallId(1), Some(90), Event::Bridged { agent: leg("b") });
        told(&mut mail);
        (registry, mail)
    }

    fn concerned(registry: &Registry, leg: &str) -> Vec<u64> {
        registry.concerned(&[Some(leg), None]).into_iter().map(|call| call.0).collect()
    }

    #[test]
    fn two_callers_whom_somebody_joined_both_hear_of_each_other_and_keep_their_own_calls() {
        let mut registry = registry(&[(1, "a"), (2, "z")]);
        registry.set_agent(CallId(1), &Leg::new("z").unwrap());
        assert_eq!(concerned(&registry, "z"), [1, 2]);
        registry.set_agent(CallId(1), &Leg::new("b").unwrap());
        assert_eq!(concerned(&registry, "z"), [2]);
        registry.remove(CallId(1));
        assert_eq!((concerned(&registry, "a"), concerned(&registry, "z")), (vec![], vec![2]));
    }

    #[test]
    fn an_agent_of_two_calls_is_known_in_both_until_one_of_them_ends() {
        let mut registry = registry(&[(1, "a"), (2, "z")]);
        let agent = Leg::new("b").unwrap();
        registry.set_agent(CallId(1), &agent);
        registry.set_agent(CallId(2), &agent);
        assert_eq!(concerned(&registry, "b"), [1, 2]);
        registry.remove(CallId(2));
        assert_eq!(concerned(&registry, "b"), [1]);
    }

    #[test]
    fn a_stale_dump_does_not_undo_a_newer_bridge() {
        let (mut registry, mut mail) = talking();
        let asked = registry.ask(CallId(1), &leg("a")).unwrap();
        registry.tell(CallId(1), Some(101), Event::Bridged { agent: leg("c") });
        told(&mut mail);
        let between = dump(100, "", "b");
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &between), Answered::Stale);
        assert_eq!(told(&mut mail), []);
        assert_eq!(registry.calls[&CallId(1)].agent, Some(leg("c")));
    }

    #[test]
    fn events_that_a_dump_has_overtaken_do_not_bring_the_old_agent_back() {
        let (mut registry, mut mail) = talking();
        registry.connected();
        let asked = registry.ask(CallId(1), &leg("a")).unwrap();
        let now = dump(100, "c", "c");
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &now), Answered::Told);
        registry.tell(CallId(1), Some(95), Event::Unbridged);
        registry.tell(CallId(1), Some(98), Event::Bridged { agent: leg("b") });
        let bridged = Event::Bridged { agent: leg("c") };
        assert_eq!(told(&mut mail), [Event::Unheld { leg: leg("a") }, bridged]);
    }

    #[test]
    fn a_bridge_that_has_ended_meanwhile_is_told_and_one_that_begins_is_left_alone() {
        let (mut registry, mut mail) = talking();
        registry.connected();
        let asked = registry.ask(CallId(1), &leg("a")).unwrap();
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &dump(100, "", "x")), Answered::Told);
        assert_eq!(told(&mut mail), [Event::Unheld { leg: leg("a") }]);
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &dump(101, "", "b")), Answered::Told);
        assert_eq!(told(&mut mail), [Event::Unheld { leg: leg("a") }, Event::Unbridged]);
    }

    #[test]
    fn an_objection_in_a_stale_dump_counts() {
        let (mut registry, mut mail) = talking();
        let asked = registry.ask(CallId(1), &leg("a")).unwrap();
        let fields = json!({ "Event-Sequence": "80", "variable_callgist_objection": "caller" });
        let dump = Dump::parse(&fields.to_string()).unwrap();
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &dump), Answered::Told);
        assert_eq!(told(&mut mail), [Event::Objected]);
    }

    #[test]
    fn an_answer_of_an_earlier_connection_tells_nothing() {
        let (mut registry, mut mail) = talking();
        let asked = registry.ask(CallId(1), &leg("a")).unwrap();
        registry.connected();
        assert_eq!(registry.answer(CallId(1), &leg("a"), asked, &dump(100, "", "b")), Answered::Late);
        assert_eq!(told(&mut mail), []);
    }

    /// How an agent is told whose leg was looked at on that day of a month.
    fn seen(registry: &mut Registry, mail: &mut UnboundedReceiver<Mail>, extension: &str, day: u8) -> String {
        let fields = json!({ "Call-Direction": "outbound", "Caller-Destination-Number": extension });
        let today = Day { year: 2026, month: 11, day, minute: 600 };
        registry.tell_agent(CallId(1), &leg("b"), &Dump::parse(&fields.to_string()).unwrap(), today);
        let Ok(Mail::Agent { name, .. }) = mail.try_recv() else { panic!("no agent was told") };
        name.map_or_else(|| "nobody".to_owned(), |name| name.as_str().to_owned())
    }

    fn with_agents(agents: Agents) -> (Registry, UnboundedReceiver<Mail>) {
        let mut registry = Registry::default();
        let mut line = Config::parse(DEFAULT).unwrap().lines.remove(0);
        line.agents = agents;
        let (mailbox, mail) = unbounded_channel();
        registry.add(CallId(1), Entry::new(leg("a"), Arc::new(line), mailbox));
        (registry, mail)
    }

    #[test]
    fn an_agent_is_told_by_nothing_by_a_name_of_the_day_or_by_the_extension() {
        let (mut registry, mut mail) = with_agents(Agents::None);
        assert_eq!(seen(&mut registry, &mut mail, "1002", 3), "nobody");
        let (mut registry, mut mail) = with_agents(Agents::Kept);
        assert_eq!(seen(&mut registry, &mut mail, "1002", 3), "1002");
        let (mut registry, mut mail) = with_agents(Agents::Pseudonym);
        let first = seen(&mut registry, &mut mail, "1002", 3);
        assert!(first.starts_with("agent-") && !first.contains("1002"), "{first}");
        assert_eq!(seen(&mut registry, &mut mail, "1002", 3), first);
        assert_ne!(seen(&mut registry, &mut mail, "1003", 3), first);
        assert_ne!(seen(&mut registry, &mut mail, "1002", 4), first);
        let (mut restarted, mut mail) = with_agents(Agents::Pseudonym);
        assert_ne!(seen(&mut restarted, &mut mail, "1002", 3), first);
    }

    #[test]
    fn the_key_of_a_day_is_forgotten_though_nobody_asks_for_a_name_on_the_next() {
        let (mut registry, mut mail) = with_agents(Agents::Pseudonym);
        let first = seen(&mut registry, &mut mail, "1002", 3);
        registry.turn_day(Day { year: 2026, month: 11, day: 4, minute: 0 });
        assert_ne!(seen(&mut registry, &mut mail, "1002", 3), first);
    }

    #[test]
    fn a_caller_is_followed_once() {
        let mut registry = registry(&[(1, "a")]);
        let line = registry.calls[&CallId(1)].line.clone();
        let entry = |caller: &str| Entry::new(leg(caller), line.clone(), unbounded_channel().0);
        assert!(!registry.add(CallId(2), entry("a")));
        assert!(!registry.add(CallId(1), entry("b")));
        assert!(registry.add(CallId(2), entry("b")));
    }
}
