//! What people and operators do to a call, and how calls end: the order of events is that of the traces.

use super::apps::{MUSIC, Stop};
use super::channel::{Answer, Bug, State};
use super::dialplan::Action;
use super::media::{Hold, Playing};
use super::script::Act;
use super::world::{AGENT, CallNo, Output, Timer, World};
use crate::call::Party;
use crate::wire::esl::Event;
use std::time::Duration;

/// What becomes of the caller once the agent's leg has left the bridge.
pub(super) enum After {
    /// `hangup_after_bridge`.
    HangUp,
    /// To another agent.
    Transfer,
    /// `park_after_bridge`.
    Park,
}

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
                if let Some(call) = self.calls.get_mut(&no) {
                    call.agent_speech = speech;
                    call.answer_after = Some(answer_after);
                }
                self.agent_leaves(no, After::Transfer);
            }
            Act::KeepCaller => self.agent_leaves(no, After::Park),
            Act::KeepAgent => self.keep_agent(no),
            Act::Divert => self.divert(no),
            Act::Break => self.on_caller(no, |world, leg| world.edit(leg, |leg| leg.break_asked = true)),
            Act::Broadcast(file) => self.on_caller(no, |world, leg| {
                world.edit(leg, |leg| leg.playing().map_or((), |playing| playing.pause += BROADCAST_PAUSE));
                let told = world.broadcast(&file, &[("event-lock", "true"), ("lead-frames", "5")]);
                world.begin(leg, &Action::new("playback", &file), None, Some(told));
            }),
            Act::StopFile => self.on_caller(no, |world, leg| world.stop_file(leg)),
            Act::SeekFile(ms) => self.on_caller(no, |world, leg| world.seek_file(leg, ms)),
            Act::Record(party) => self.record(no, party, true),
            Act::StopRecord(party) => self.record(no, party, false),
        }
    }

    fn on_caller(&mut self, no: CallNo, act: impl FnOnce(&mut World, &str)) {
        if let Some(leg) = self.leg_of(no, Party::Caller) {
            act(self, &leg);
        }
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
        if let Some(call) = self.calls.get_mut(&no) {
            call.phone(party).key_until = until;
        }
        for (n, key) in (1..).zip(keys.chars()) {
            self.after(KEY * n, Timer::Key(leg.clone(), key));
        }
    }

    pub(super) fn hold(&mut self, no: CallNo, party: Party, how: Hold) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let micros = self.micros();
        let Some(call) = self.calls.get_mut(&no) else { return };
        let (bridged, phone) = (call.bridged, call.phone(party));
        if phone.hold.is_some() {
            return;
        }
        phone.hold = Some(how);
        self.edit(&leg, |leg| {
            leg.call_state = "HELD";
            leg.times.hold = micros;
            if let Some(playing) = leg.playing() {
                playing.pause = HOLD_PAUSE;
            }
        });
        self.fire("CHANNEL_HOLD", &leg, &[], &[]);
        if let Some(other) = self.leg_of(no, other(party)).filter(|_| bridged) {
            let lock = if how == Hold::Phone { "event-lock-pri" } else { "event-lock" };
            let told = self.broadcast(MUSIC, &[(lock, "true"), ("lead-frames", "5"), ("loops", "-1")]);
            self.after(Duration::from_millis(160), Timer::Music(other, no, told));
        }
    }

    /// The event of a broadcast as it begins; it is told when the file has run, and has its number from here (F9).
    fn broadcast(&mut self, file: &str, more: &[(&str, &str)]) -> Event {
        let sequence = self.sequence();
        let stamp = self.stamp("COMMAND", sequence);
        let headers =
            [("call-command", "execute"), ("execute-app-name", "playback"), ("execute-app-arg", file)];
        headers.iter().chain(more).fold(stamp, |event, (name, value)| event.with(name, value))
    }

    pub(super) fn resume(&mut self, no: CallNo, party: Party) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let Some(call) = self.calls.get_mut(&no) else { return };
        if call.phone(party).hold.take().is_none() {
            return;
        }
        if let Some(other) = self.leg_of(no, other(party)) {
            self.music_ends(&other);
        }
        self.edit(&leg, |leg| leg.call_state = "UNHELD");
        self.fire("CHANNEL_UNHOLD", &leg, &[], &[]);
        self.edit(&leg, |leg| leg.call_state = "ACTIVE");
    }

    fn record(&mut self, no: CallNo, party: Party, start: bool) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let path = format!("/var/lib/freeswitch/recordings/{leg}.wav");
        let bug = Bug { function: "session_record", target: path.clone() };
        self.edit(&leg, |leg| match start {
            true => leg.bugs.push(bug.clone()),
            false => leg.bugs.retain(|other| *other != bug),
        });
        let front = [("Media-Bug-Function", "session_record"), ("Media-Bug-Target", &*path)];
        let (bug, record) =
            if start { ("MEDIA_BUG_START", "RECORD_START") } else { ("MEDIA_BUG_STOP", "RECORD_STOP") };
        self.fire(bug, &leg, &front, &[]);
        self.fire(record, &leg, &[], &[("Record-File-Path", &path)]);
    }

    // Endings

    /// One party is gone. `killed` tells `uuid_kill` from a phone's BYE.
    pub(super) fn hang_up(&mut self, no: CallNo, by: Party, killed: bool) {
        let stop = if killed { Stop::Killed } else { Stop::Torn };
        let Some(call) = self.calls.get(&no).filter(|call| !call.over) else { return };
        match (call.bridged, by, self.leg_of(no, by)) {
            (true, Party::Caller, Some(a)) => self.caller_leaves(no, &a, stop),
            (true, Party::Agent, Some(_)) => self.agent_leaves(no, After::HangUp),
            (false, Party::Caller, Some(a)) => self.caller_gives_up(no, &a, "NORMAL_CLEARING", stop),
            (false, Party::Agent, Some(b)) => self.agent_alone_ends(no, &b),
            (false, Party::Caller, None) => {
                if let Some(b) = self.leg_of(no, Party::Agent) {
                    self.agent_alone_ends(no, &b);
                }
            }
            _ => {}
        }
    }

    /// `uuid_kill` of any leg.
    pub(super) fn kill(&mut self, leg: &str) {
        if self.taps.contains_key(leg) {
            return self.end_tap(leg, true);
        }
        if self.loops.contains_key(leg) {
            return self.end_loop(leg);
        }
        if let Some((no, party)) = self.party_of(leg) {
            self.hang_up(no, party, true);
        }
    }

    /// In the talk: the agent's leg ends with the caller's.
    fn caller_leaves(&mut self, no: CallNo, a: &str, stop: Stop) {
        let Some(b) = self.leg_of(no, Party::Agent) else { return self.caller_gives_up(no, a, NORMAL, stop) };
        self.music_ends(a);
        self.mark_hangup(a, NORMAL);
        self.mark_hangup(&b, NORMAL);
        self.unwind(&b, stop);
        self.unbridge(no, a, &b);
        self.reported(&b);
        self.unwind(a, stop);
        self.reported(a);
        self.after(Duration::from_millis(14), Timer::DropTaps(a.to_owned()));
        self.after(Duration::from_millis(36), Timer::DropTaps(b));
        self.close(no, NORMAL);
    }

    /// Before the talk, or alone.
    fn caller_gives_up(&mut self, no: CallNo, a: &str, cause: &str, stop: Stop) {
        self.mark_hangup(a, cause);
        if let Some(b) = self.leg_of(no, Party::Agent) {
            self.mark_hangup(&b, "ORIGINATOR_CANCEL");
            self.reported(&b);
            self.after(Duration::from_millis(14), Timer::DropTaps(b));
        }
        self.unwind(a, stop);
        self.reported(a);
        self.after(Duration::from_millis(14), Timer::DropTaps(a.to_owned()));
        self.close(no, cause);
    }

    /// The agent's phone is never picked up, or the switch gives up.
    pub(super) fn nobody_answers(&mut self, no: CallNo, b: &str, cause: &'static str) {
        let ringing = self.channels.get(b).is_some_and(|leg| !leg.gone && leg.answer == Answer::Ringing);
        if !ringing {
            return;
        }
        self.mark_hangup(b, cause);
        self.reported(b);
        self.after(Duration::from_millis(14), Timer::DropTaps(b.to_owned()));
        if let Some(a) = self.leg_of(no, Party::Caller) {
            self.caller_gives_up(no, &a, cause, Stop::Torn);
        }
    }

    /// In the talk: first the agent's leg ends, 20 ms later the caller's leaves the bridge.
    fn agent_leaves(&mut self, no: CallNo, after: After) {
        let Some(b) = self.leg_of(no, Party::Agent) else { return };
        if !self.calls.get(&no).is_some_and(|call| call.bridged) {
            return;
        }
        if let Some(call) = self.calls.get_mut(&no) {
            call.phone(Party::Agent).hold = None;
        }
        self.mark_hangup(&b, NORMAL);
        self.unwind(&b, Stop::Torn);
        self.reported(&b);
        self.after(Duration::from_millis(36), Timer::DropTaps(b));
        self.after(Duration::from_millis(20), Timer::Unbridges(no, after));
    }

    pub(super) fn unbridges(&mut self, no: CallNo, after: After) {
        let Some(call) = self.calls.get(&no).filter(|call| call.bridged) else { return };
        let (Some(b), Some(a)) = (call.b.clone(), self.leg_of(no, Party::Caller)) else { return };
        self.music_ends(&a);
        self.unbridge(no, &a, &b);
        match after {
            After::HangUp => {
                self.mark_hangup(&a, NORMAL);
                self.unwind(&a, Stop::Torn);
                self.reported(&a);
                self.after(Duration::from_millis(14), Timer::DropTaps(a));
                self.close(no, NORMAL);
            }
            After::Transfer => {
                self.unwind(&a, Stop::Torn);
                self.edit(&a, |leg| {
                    leg.other = None;
                    leg.todo = [Action::new("set", "transferred=true"), Action::new("bridge", AGENT)].into();
                });
                self.after(Duration::from_millis(18), Timer::GoesOn(a));
            }
            After::Park => {
                self.unwind(&a, Stop::Torn);
                self.edit(&a, |leg| leg.todo = [Action::new("park", "")].into());
                self.fire("CHANNEL_PARK", &a, &[], &[]);
                self.go_on(&a);
            }
        }
    }

    fn unbridge(&mut self, no: CallNo, a: &str, b: &str) {
        if let Some(call) = self.calls.get_mut(&no) {
            call.bridged = false;
        }
        for leg in [a, b] {
            self.edit(leg, |leg| leg.set("bridge_to", ""));
        }
        self.fire("CHANNEL_UNBRIDGE", a, &[("Bridge-A-Unique-ID", a), ("Bridge-B-Unique-ID", b)], &[]);
    }

    /// The caller is dropped and the agent's leg goes on alone, with its tap (F91).
    fn keep_agent(&mut self, no: CallNo) {
        let bridged = self.calls.get(&no).is_some_and(|call| call.bridged);
        let (Some(a), Some(b), true) =
            (self.leg_of(no, Party::Caller), self.leg_of(no, Party::Agent), bridged)
        else {
            return;
        };
        self.music_ends(&a);
        self.edit(&b, |leg| leg.state = State::EXECUTE);
        self.begin(&b, &Action::new("answer", ""), None, None);
        self.begin(&b, &Action::new("echo", ""), None, None);
        self.unbridge(no, &a, &b);
        self.mark_hangup(&a, NORMAL);
        self.unwind(&a, Stop::Torn);
        self.reported(&a);
        self.after(Duration::from_millis(14), Timer::DropTaps(a));
    }

    fn agent_alone_ends(&mut self, no: CallNo, b: &str) {
        if self.channels.get(b).is_some_and(|leg| leg.answer == Answer::Ringing) {
            return self.nobody_answers(no, b, "USER_BUSY");
        }
        self.mark_hangup(b, NORMAL);
        self.unwind(b, Stop::Torn);
        self.reported(b);
        self.after(Duration::from_millis(14), Timer::DropTaps(b.to_owned()));
        self.close(no, NORMAL);
    }

    /// `uuid_transfer` of the caller: what runs is torn off and another dialplan begins.
    pub(super) fn divert(&mut self, no: CallNo) {
        let Some(a) = self.leg_of(no, Party::Caller) else { return };
        let todo = [Action::new("answer", ""), Action::new("echo", "")];
        if let Some(b) = self.leg_of(no, Party::Agent) {
            self.mark_hangup(&b, NORMAL);
            self.reported(&b);
            self.after(Duration::from_millis(36), Timer::DropTaps(b.clone()));
            if self.calls.get(&no).is_some_and(|call| call.bridged) {
                self.music_ends(&a);
                self.unbridge(no, &a, &b);
            }
        }
        self.unwind(&a, Stop::Torn);
        self.edit(&a, |leg| leg.todo = todo.into());
        self.go_on(&a);
    }

    pub(super) fn mark_hangup(&mut self, leg: &str, cause: &str) {
        let micros = self.micros();
        self.edit(leg, |leg| {
            leg.cause = Some(cause.to_owned());
            leg.answer = Answer::Hangup;
            leg.times.hangup = micros;
            leg.set("hangup_cause", cause);
            leg.todo.clear();
            leg.queue.clear();
        });
        self.fire("CHANNEL_HANGUP", leg, &[], &[]);
    }

    /// The last two events of a leg. `Hangup-Cause` stands twice in the first of them (F9).
    pub(super) fn reported(&mut self, leg: &str) {
        self.edit(leg, |leg| {
            (leg.state, leg.call_state) = (State::REPORTING, "HANGUP");
            leg.call_uuid.clone_from(&leg.uuid);
        });
        let Some(cause) = self.channels.get(leg).and_then(|leg| leg.cause.clone()) else { return };
        self.fire("CHANNEL_HANGUP_COMPLETE", leg, &[("Hangup-Cause", &cause)], &[]);
        self.fire("CHANNEL_DESTROY", leg, &[], &[]);
        self.edit(leg, |leg| (leg.gone, leg.state) = (true, State::DESTROYED));
    }

    fn close(&mut self, no: CallNo, cause: &str) {
        let since = self.since_start(no);
        if let Some(call) = self.calls.get_mut(&no) {
            call.over = true;
            call.report.ended = since;
            call.report.cause = cause.to_owned();
        }
        self.after(Duration::from_millis(80), Timer::Finish(no));
    }

    /// Forgets a call and says what came of it.
    pub(super) fn finish(&mut self, no: CallNo) {
        let Some(mut call) = self.calls.remove(&no) else { return };
        let legs: Vec<String> =
            self.channels.values().filter(|leg| leg.call == Some(no.0)).map(|leg| leg.uuid.clone()).collect();
        for leg in &legs {
            self.drop_taps(leg);
            self.channels.remove(leg);
        }
        let halves: Vec<String> =
            self.loops.iter().filter(|(_, of)| **of == no).map(|(half, _)| half.clone()).collect();
        halves.iter().for_each(|half| self.end_loop(half));
        call.report.taps = self.reports(no);
        self.output(Output::Ended(no, call.report));
    }
}

pub(super) fn other(party: Party) -> Party {
    match party {
        Party::Caller => Party::Agent,
        Party::Agent => Party::Caller,
    }
}

const NORMAL: &str = "NORMAL_CLEARING";
/// From the press of a key to its release.
const KEY: Duration = Duration::from_millis(190);
/// Ticks that a running file loses before another one is played into it.
const BROADCAST_PAUSE: u32 = 5;
/// Ticks that a running file loses to a hold.
const HOLD_PAUSE: u32 = 13;
