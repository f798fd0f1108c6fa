//! What people and operators do to a call: keys, holds, transfers of every kind, recordings.

use super::agents::NORMAL;
use super::apps::{MUSIC, Stop};
use super::channel::{Answer, App, Bug, Channel, State, What};
use super::dialplan::Action;
use super::joins::After;
use super::media::{Hold, Playing, TICK};
use super::script::{Act, Agent, Answers};
use super::world::{CallNo, Timer, World};
use crate::call::Party;
use crate::wire::esl::Event;
use std::time::Duration;

impl World {
    pub(super) fn act(&mut self, no: CallNo, act: Act) {
        if self.calls.get(&no).is_none_or(|call| call.over) {
            return;
        }
        match act {
            Act::Keys(party, keys) => self.press(no, party, &keys),
            Act::Hold(party) => self.hold(no, party, Hold::Phone),
            Act::SwitchHold(party) => self.hold(no, party, Hold::Switch),
            Act::Resume(party) | Act::SwitchResume(party) => self.resume(no, party),
            Act::HangUp(party) => self.hang_up(no, party, false),
            Act::Kill(party) => self.hang_up(no, party, true),
            Act::Transfer { speech, answer_after } => {
                let answers = Answers::After(answer_after);
                let agent = Agent { name: "agent2".into(), speech, answers };
                if let Some(call) = self.calls.get_mut(&no) {
                    call.script.others.retain(|other| other.name != agent.name);
                    call.script.others.push(agent);
                }
                self.refer(no, "6002");
            }
            Act::TransferTo(number) => self.refer(no, &number),
            Act::HandOver(talk) => self.ask_back(no, talk),
            Act::JoinOther => self.join_other(no),
            Act::DialIn { name, number } => self.dial_in(no, &name, &number),
            Act::KeepCaller => {
                if let Some((a, b)) = self.pair(no) {
                    self.b_leaves(&a, &b, NORMAL, After::Park);
                }
            }
            Act::KeepAgent => self.on_caller(no, |world, leg| world.send_b(leg, "6009")),
            Act::Confer => self.on_caller(no, |world, leg| world.send_both(leg, "6108")),
            Act::Divert => self.on_caller(no, |world, leg| world.send(leg, "6009")),
            Act::Break => self.on_caller(no, |world, leg| world.edit(leg, |leg| leg.break_asked = true)),
            Act::Broadcast(file) => self.on_caller(no, |world, leg| {
                world.edit(leg, |leg| leg.playing().map_or((), |playing| playing.pause += BROADCAST_PAUSE));
                let told = world.broadcast(&file, &[("event-lock", "true"), ("lead-frames", "5")]);
                world.begin(leg, &Action::new("playback", &file), None, Some(told));
            }),
            Act::StopFile => self.on_caller(no, |world, leg| world.stop_file(leg)),
            Act::SeekFile(ms) => self.on_caller(no, |world, leg| world.seek_file(leg, ms)),
            Act::Record(party) => self.record_party(no, party, true),
            Act::StopRecord(party) => self.record_party(no, party, false),
        }
    }

    fn on_caller(&mut self, no: CallNo, act: impl FnOnce(&mut World, &str)) {
        if let Some(leg) = self.leg_of(no, Party::Caller) {
            act(self, &leg);
        }
    }

    /// The caller and the leg that he is joined to.
    fn pair(&self, no: CallNo) -> Option<(String, String)> {
        let a = self.leg_of(no, Party::Caller)?;
        let b = self.channels.get(&a)?.partner.clone()?;
        Some((a, b))
    }

    pub(super) fn stop_file(&mut self, leg: &str) {
        if self.channels.get_mut(leg).is_some_and(|channel| channel.playing().is_some()) {
            self.playback_ends(leg, Stop::Done);
        }
    }

    pub(super) fn seek_file(&mut self, leg: &str, ms: u32) {
        let skip = |playing: &mut Playing| playing.sent += ms as usize * 8;
        if let Some(playing) = self.channels.get_mut(leg).and_then(|channel| channel.playing()) {
            skip(playing);
        }
    }

    /// Each key sounds for 160 ms, during which the phone sends no voice, and is told when it is released.
    fn press(&mut self, no: CallNo, party: Party, keys: &str) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let until = self.now + KEY * u32::try_from(keys.chars().count()).unwrap_or(1);
        self.edit(&leg, |leg| leg.phone.key_until = until);
        for (n, key) in (1..).zip(keys.chars()) {
            self.after(KEY * n, Timer::Key(leg.clone(), key));
        }
    }

    // Holds

    pub(super) fn hold(&mut self, no: CallNo, party: Party, how: Hold) {
        if let Some(leg) = self.leg_of(no, party) {
            self.hold_leg(&leg, how);
        }
    }

    fn hold_leg(&mut self, leg: &str, how: Hold) {
        let micros = self.micros();
        let Some(channel) = self.channels.get_mut(leg).filter(|leg| leg.phone.hold.is_none()) else { return };
        channel.phone.hold = Some(how);
        channel.call_state = "HELD";
        channel.times.hold = micros;
        if let Some(playing) = channel.playing() {
            playing.pause = HOLD_PAUSE;
        }
        let other = channel.partner.clone();
        self.fire("CHANNEL_HOLD", leg, &[], &[]);
        if let Some(other) = other {
            let lock = if how == Hold::Phone { "event-lock-pri" } else { "event-lock" };
            let told = self.broadcast(MUSIC, &[(lock, "true"), ("lead-frames", "5"), ("loops", "-1")]);
            self.after(Duration::from_millis(160), Timer::Music(other, told));
        }
    }

    pub(super) fn resume(&mut self, no: CallNo, party: Party) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let Some(channel) = self.channels.get_mut(&leg) else { return };
        if channel.phone.hold.take().is_none() {
            return;
        }
        if let Some(other) = channel.partner.clone() {
            self.music_ends(&other);
        }
        self.unheld(&leg);
    }

    fn unheld(&mut self, leg: &str) {
        self.edit(leg, |leg| leg.call_state = "UNHELD");
        self.fire("CHANNEL_UNHOLD", leg, &[], &[]);
        self.edit(leg, |leg| leg.call_state = "ACTIVE");
    }

    /// The event of a broadcast as it begins; it is told when the file has run, and has its number from here (F9).
    fn broadcast(&mut self, file: &str, more: &[(&str, &str)]) -> Event {
        let sequence = self.sequence();
        let stamp = self.stamp("COMMAND", sequence);
        let headers =
            [("call-command", "execute"), ("execute-app-name", "playback"), ("execute-app-arg", file)];
        headers.iter().chain(more).fold(stamp, |event, (name, value)| event.with(name, value))
    }

    fn record_party(&mut self, no: CallNo, party: Party, start: bool) {
        if let Some(leg) = self.leg_of(no, party) {
            self.record(&leg, &format!("/var/lib/freeswitch/recordings/{leg}.wav"), start);
        }
    }

    /// `uuid_record`, and `record_session` of the dialplan (F122). A recording that runs is not begun again.
    pub(super) fn record(&mut self, leg: &str, path: &str, start: bool) {
        let bug = Bug { function: "session_record", target: path.to_owned() };
        let runs = self.channels.get(leg).is_some_and(|leg| leg.bugs.contains(&bug));
        if runs == start {
            return;
        }
        self.edit(leg, |leg| match start {
            true => leg.bugs.push(bug),
            false => leg.bugs.retain(|other| *other != bug),
        });
        let front = [("Media-Bug-Function", "session_record"), ("Media-Bug-Target", path)];
        let (bug, record) =
            if start { ("MEDIA_BUG_START", "RECORD_START") } else { ("MEDIA_BUG_STOP", "RECORD_STOP") };
        self.fire(bug, leg, &front, &[]);
        self.fire(record, leg, &[], &[("Record-File-Path", path)]);
    }

    /// Recordings end with their leg.
    pub(super) fn records_end(&mut self, leg: &str) {
        let bugs = self.channels.get(leg).map(|leg| leg.bugs.clone()).unwrap_or_default();
        for bug in bugs.iter().filter(|bug| bug.function == "session_record") {
            self.record(leg, &bug.target, false);
        }
    }

    // Transfers

    /// The agent's phone sends the caller to a number and hangs up (T11). Where the agent is A, as in mod_fifo, he
    /// ends first and the caller becomes A (F118).
    fn refer(&mut self, no: CallNo, number: &str) {
        let Some((caller, agent)) = self.pair(no) else { return };
        let todo = self.route(no, number);
        if self.channels.get(&caller).is_some_and(|caller| caller.leads) {
            return self.b_leaves(&caller, &agent, NORMAL, After::Goes(todo));
        }
        self.part(&agent, &caller);
        self.unwind(&agent, Stop::Torn);
        self.mark_hangup(&agent, NORMAL);
        self.is_gone(&agent);
        self.edit(&caller, |caller| {
            caller.other = None;
            caller.call_uuid.clone_from(&caller.uuid);
            caller.state = State::EXECUTE;
            caller.todo = todo.into();
        });
        self.after(Duration::from_millis(18), Timer::GoesOn(caller));
    }

    /// `uuid_transfer`: what runs on a leg is torn off, whoever it is joined to is dropped, and it begins again at a
    /// number (T12).
    pub(super) fn send(&mut self, leg: &str, number: &str) {
        if let Some(no) = self.call_of(leg) {
            let todo = self.route(no, number);
            self.send_on(leg, todo);
        }
    }

    /// `uuid_park`.
    pub(super) fn park(&mut self, leg: &str) {
        self.send_on(leg, vec![Action::new("park", "")]);
    }

    pub(super) fn send_on(&mut self, leg: &str, todo: Vec<Action>) {
        let Some(channel) = self.channels.get_mut(leg) else { return };
        let (partner, leads) = (channel.partner.clone(), channel.leads);
        let ringing =
            channel.dialling().map(std::mem::take).map_or_else(Vec::new, |dialling| dialling.ringing);
        for b in ringing {
            self.leave(&b, "ORIGINATOR_CANCEL", Stop::Torn);
        }
        match partner {
            Some(b) if leads => self.drop_b(leg, &b, None),
            Some(a) => {
                self.part(&a, leg);
                self.leave(&a, NORMAL, Stop::Torn);
            }
            None => {}
        }
        self.unwind(leg, Stop::Torn);
        self.edit(leg, |leg| {
            leg.state = State::EXECUTE;
            leg.todo = todo.into();
        });
        self.go_on(leg);
    }

    /// B of a bridge ends, and A stays and is promised to the next one, if there is one.
    fn drop_b(&mut self, a: &str, b: &str, next: Option<&str>) {
        self.mark_hangup(b, NORMAL);
        self.unwind(b, Stop::Torn);
        self.last_words(b);
        self.after(Duration::from_millis(36), Timer::DropTaps(b.to_owned()));
        self.music_ends(a);
        self.edit(a, |leg| leg.other = next.map(|next| ("originatee", next.to_owned())));
        self.part(a, b);
        if let Some(half) = self.half_of(b) {
            self.leave(&half, NORMAL, Stop::Torn);
        }
    }

    /// `uuid_transfer -bleg`: the leg joined to this one begins again at a number, and this one ends (T12b).
    pub(super) fn send_b(&mut self, a: &str, number: &str) {
        let Some(b) = self.channels.get(a).and_then(|a| a.partner.clone()) else { return };
        self.music_ends(a);
        self.begin_again(&b, number);
        self.part(a, &b);
        self.mark_hangup(a, NORMAL);
        self.unwind(a, Stop::Torn);
        self.is_gone(a);
    }

    /// `uuid_transfer -both`: each begins again there (observed on a 1.11.2: B first, then UNBRIDGE, then A).
    pub(super) fn send_both(&mut self, a: &str, number: &str) {
        let Some(b) = self.channels.get(a).and_then(|a| a.partner.clone()) else { return };
        self.music_ends(a);
        self.begin_again(&b, number);
        self.edit(a, |leg| leg.other = None);
        self.part(a, &b);
        self.unwind(a, Stop::Torn);
        self.begin_again(a, number);
    }

    fn begin_again(&mut self, leg: &str, number: &str) {
        let Some(no) = self.call_of(leg) else { return };
        let todo = self.route(no, number);
        self.edit(leg, |leg| {
            leg.state = State::EXECUTE;
            (leg.other, leg.partner) = (None, None);
            leg.call_uuid.clone_from(&leg.uuid);
            leg.todo = todo.into();
        });
        self.go_on(leg);
    }

    /// `uuid_bridge`: both are taken from whatever they are in, and joined 40 ms later (T14).
    pub(super) fn uuid_bridge(&mut self, a: &str, c: &str) {
        for (leg, next) in [(a, c), (c, a)] {
            let Some(channel) = self.channels.get(leg) else { return };
            match (channel.partner.clone(), channel.leads) {
                (Some(b), true) => self.drop_b(leg, &b, Some(next)),
                (Some(other), false) => {
                    self.part(&other, leg);
                    self.goes_on_without(&other);
                }
                (None, _) => {}
            }
            self.unwind(leg, Stop::Torn);
        }
        self.promise(a, c);
        self.after(TICK * 2, Timer::Together(a.to_owned(), c.to_owned()));
    }

    fn goes_on_without(&mut self, a: &str) {
        self.unwind(a, Stop::Torn);
        self.leave(a, NORMAL, Stop::Torn);
    }

    /// `originate ... &park` of a second agent, then `uuid_bridge` (T14): his leg is not marked.
    fn join_other(&mut self, no: CallNo) {
        let Some(a) = self.leg_of(no, Party::Caller) else { return };
        let Some(c) = self.agent_leg(no, "sofia/internal/sip:agent2@127.0.0.1:6062", "agent2") else {
            return;
        };
        self.begins_to_ring(&c);
        self.after(Duration::from_millis(20), Timer::Parks(c.clone()));
        self.after(Duration::from_millis(40), Timer::UuidBridge(a, c));
    }

    pub(super) fn parks(&mut self, leg: &str) {
        self.picks_up(leg);
        self.begin(leg, &Action::new("park", ""), None, None);
    }

    /// A phone that the switch has called by itself, or that calls it, is answered.
    pub(super) fn picks_up(&mut self, leg: &str) {
        let micros = self.micros();
        let Some(call) = self.call_of(leg).and_then(|no| self.calls.get(&no)) else { return };
        let (codec, beat) = (call.script.agent_codec.unwrap_or(call.script.codec), call.beat);
        self.edit(leg, |leg| {
            leg.answer = Answer::Answered;
            leg.times.answered = micros;
            leg.set("endpoint_disposition", "ANSWER");
            leg.agree(codec, beat);
        });
        self.fire("CHANNEL_ANSWER", leg, &[], &[]);
        self.edit(leg, |leg| (leg.state, leg.call_state) = (State::EXECUTE, "ACTIVE"));
    }

    // Attended transfer

    /// The agent holds the caller and calls the second agent; `talk` later he sends REFER with Replaces (T13).
    fn ask_back(&mut self, no: CallNo, talk: Duration) {
        let Some((_, agent)) = self.pair(no) else { return };
        self.hold_leg(&agent, Hold::Phone);
        let Some(own) = self.dials_in(no, "agent", "6002") else { return };
        self.edit(&own, |leg| leg.phone.asks_back = true);
        self.comes_in(&own);
        self.after(talk, Timer::Refers(agent, own));
    }

    /// REFER with Replaces: the second agent's leg is taken from the one that asked back, which is parked and ends a
    /// second later.
    pub(super) fn refers(&mut self, agent: &str, own: &str) {
        let partner = |world: &World, leg: &str| world.channels.get(leg)?.partner.clone();
        let (Some(a), Some(c)) = (partner(self, agent), partner(self, own)) else { return };
        self.edit(&a, |leg| leg.other = Some(("originatee", c.clone())));
        self.music_stops(&a, Stop::Torn);
        self.part(own, &c);
        self.unwind(own, Stop::Torn);
        self.edit(own, |leg| leg.todo.clear());
        self.fire("CHANNEL_PARK", own, &[], &[]);
        self.edit(own, |leg| leg.apps.push(App::inside(What::Park)));
        self.after(TICK, Timer::HandsOver(a, agent.to_owned(), c));
        self.after(Duration::from_secs(1), Timer::Leaves(own.to_owned(), "ATTENDED_TRANSFER"));
    }

    pub(super) fn hands_over(&mut self, a: &str, agent: &str, c: &str) {
        let joined =
            self.channels.get(a).is_some_and(|a| a.is_alive() && a.partner.as_deref() == Some(agent));
        if !joined {
            return;
        }
        self.edit(agent, |leg| leg.phone.hold = None);
        self.unheld(agent);
        self.edit(agent, |leg| leg.call_state = "UNHELD");
        self.drop_b(a, agent, Some(c));
        self.unwind(a, Stop::Torn);
        self.promise(a, c);
        self.after(TICK, Timer::Together(a.to_owned(), c.to_owned()));
    }

    // Calls from inside

    /// An agent calls a number of the switch: an inbound leg that nothing marks.
    fn dial_in(&mut self, no: CallNo, name: &str, number: &str) {
        if let Some(leg) = self.dials_in(no, name, number) {
            let speech =
                self.calls.get(&no).and_then(|call| call.script.agent(name)).map(|agent| agent.speech);
            self.edit(&leg, |leg| leg.phone.speech = speech.unwrap_or_default().into());
            self.comes_in(&leg);
        }
    }

    fn dials_in(&mut self, no: CallNo, name: &str, number: &str) -> Option<String> {
        let call = self.calls.get(&no)?;
        let (codec, beat) = (call.script.agent_codec.unwrap_or(call.script.codec), call.beat);
        let uuid = self.uuid();
        let channel_name = format!("sofia/internal/{name}@127.0.0.1:6060");
        let mut leg = Channel::new(uuid.clone(), Some(no.0), true, channel_name.clone());
        self.sessions += 1;
        leg.session = self.sessions;
        leg.caller_name = name.to_owned();
        leg.caller_number = name.to_owned();
        leg.destination = number.to_owned();
        leg.times.created = self.micros();
        for (name, value) in [("direction", "inbound"), ("uuid", &*uuid), ("channel_name", &channel_name)] {
            leg.set(name, value);
        }
        leg.agree(codec, beat);
        leg.todo = self.route(no, number).into();
        self.set_clocks(&mut leg);
        self.channels.insert(uuid.clone(), leg);
        Some(uuid)
    }

    fn comes_in(&mut self, leg: &str) {
        self.fire("CHANNEL_CREATE", leg, &[], &[]);
        self.edit(leg, |leg| (leg.state, leg.call_state) = (State::EXECUTE, "RINGING"));
        self.go_on(leg);
    }
}

/// From the press of a key to its release.
const KEY: Duration = Duration::from_millis(190);
/// Ticks that a running file loses before another one is played into it.
const BROADCAST_PAUSE: u32 = 5;
/// Ticks that a running file loses to a hold.
const HOLD_PAUSE: u32 = 13;
