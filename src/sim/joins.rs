//! Bridges: how two legs are joined, what happens when one of them leaves, and how legs and calls end. The order of
//! events is that of the traces; of bridges made by `uuid_bridge` it was observed on a 1.11.2, too.

use super::agents::NORMAL;
use super::apps::Stop;
use super::channel::{Answer, Channel, State, What};
use super::dialplan::Action;
use super::script::When;
use super::world::{CallNo, Output, Timer, World};
use crate::call::Party;
use std::time::Duration;

/// What becomes of the leg that stays once the other one has left the bridge.
pub(super) enum After {
    /// What its dialplan says: `hangup_after_bridge`, or the next action.
    Own,
    /// It was transferred there.
    Goes(Vec<Action>),
    /// `park_after_bridge`.
    Park,
}

impl World {
    /// The moment of a bridge has come. Whoever is left alone by then goes, or goes on.
    pub(super) fn joins(&mut self, a: &str, b: &str) {
        let alive = |leg: &str| self.channels.get(leg).is_some_and(Channel::is_alive);
        match (alive(a), alive(b)) {
            (false, true) => self.leave(b, NORMAL, Stop::Torn),
            (true, false) => self.goes_own_way(a),
            _ => self.join(a, b),
        }
    }

    /// Two legs hear each other. The first one is A: it alone is told of (F36).
    pub(super) fn join(&mut self, a: &str, b: &str) {
        let alive = |leg: &str| self.channels.get(leg).is_some_and(Channel::is_alive);
        let Some(no) = self.call_of(a).filter(|_| alive(a) && alive(b)) else { return };
        let micros = self.micros();
        for (leg, other, kind) in [(a, b, "originatee"), (b, a, "originator")] {
            self.edit(leg, |channel| {
                channel.call_state = "ACTIVE";
                channel.times.bridged = micros;
                channel.other = Some((kind, other.to_owned()));
                channel.partner = Some(other.to_owned());
                channel.promised = false;
                channel.leads = kind == "originatee";
                channel.set("bridge_uuid", other);
                channel.set("last_bridge_to", other);
                channel.set("signal_bond", other);
            });
        }
        self.edit(b, |leg| leg.state = State::EXCHANGE);
        self.talk_begins(no, a, b);
        self.fire("CHANNEL_BRIDGE", a, &[("Bridge-A-Unique-ID", a), ("Bridge-B-Unique-ID", b)], &[]);
        // As long as the bridge lasts; its own event does not have it yet (B02).
        self.edit(a, |leg| leg.set("bridge_to", b));
        self.edit(b, |leg| leg.set("bridge_to", a));
    }

    /// The same by `uuid_bridge`, as transfers, queues and parking places do it: no application of A ends with it.
    pub(super) fn together(&mut self, a: &str, b: &str) {
        for (leg, other) in [(a, b), (b, a)] {
            let uuid = self.uuid();
            self.edit(leg, |leg| leg.state = State::SOFT_EXECUTE);
            let back =
                [("Application", "uuid_bridge"), ("Application-Data", other), ("Application-UUID", &uuid)];
            self.fire("CHANNEL_EXECUTE", leg, &[], &back);
        }
        self.join(a, b);
    }

    /// Two legs will be joined in a moment: their events name each other already.
    pub(super) fn promise(&mut self, a: &str, b: &str) {
        for (leg, other, kind) in [(a, b, "originatee"), (b, a, "originator")] {
            self.edit(leg, |channel| {
                channel.other = Some((kind, other.to_owned()));
                channel.promised = true;
                channel.todo.clear();
                channel.set("signal_bond", other);
            });
        }
    }

    fn talk_begins(&mut self, no: CallNo, a: &str, b: &str) {
        let (now, since) = (self.now, self.since_start(no));
        let asks_back =
            [a, b].iter().any(|leg| self.channels.get(*leg).is_some_and(|leg| leg.phone.asks_back));
        for leg in [a, b] {
            self.edit(leg, |leg| {
                if leg.half.is_none() && !asks_back {
                    leg.phone.from.get_or_insert(now);
                }
            });
        }
        let with = self.talks_with(a).filter(|_| self.calls.get(&no).is_some_and(|call| call.a == a));
        let Some(call) = self.calls.get_mut(&no) else { return };
        if call.a != a && call.a != b {
            return;
        }
        call.ringing = None;
        let agent = with.unwrap_or_else(|| if call.a == a { b.to_owned() } else { a.to_owned() });
        call.report.agent_leg = Some(agent.clone());
        call.b = Some(agent);
        let first = call.talk_from.is_none();
        call.talk_from.get_or_insert(now);
        call.report.bridged.get_or_insert(since);
        self.end_when_all_is_said(no);
        if first {
            self.due(no, |when| match when {
                When::Bridged(wait) => Some(wait),
                _ => None,
            });
        }
    }

    /// One second after both have said everything, unless the script says when.
    fn end_when_all_is_said(&mut self, no: CallNo) {
        let said = |leg: &String| {
            let phone = &self.channels.get(leg)?.phone;
            Some(phone.from? + Duration::from_micros(phone.speech.len() as u64 * 125))
        };
        let said = self.legs(no).iter().filter_map(said).max().unwrap_or(self.now);
        let Some(call) = self.calls.get_mut(&no).filter(|call| call.script.hangup_after.is_none()) else {
            return;
        };
        let ends = said + Duration::from_secs(1);
        call.ends = Some(ends);
        self.at(ends, Timer::ScriptEnds(no));
    }

    /// A bridge ends: told of A alone, which may already be promised to somebody else (F36).
    pub(super) fn part(&mut self, a: &str, b: &str) {
        for leg in [a, b] {
            self.edit(leg, |leg| {
                leg.partner = None;
                leg.set("bridge_to", "");
            });
        }
        self.fire("CHANNEL_UNBRIDGE", a, &[("Bridge-A-Unique-ID", a), ("Bridge-B-Unique-ID", b)], &[]);
    }

    // Endings

    /// One party is gone. `killed` tells `uuid_kill` from a phone's BYE.
    pub(super) fn hang_up(&mut self, no: CallNo, by: Party, killed: bool) {
        let Some(call) = self.calls.get(&no).filter(|call| !call.over) else { return };
        let caller = call.a.clone();
        // Where the caller has gone, whoever is left.
        let left = || self.legs(no).into_iter().find(|leg| by == Party::Caller && *leg != caller);
        let leg = self.leg_of(no, by).or_else(left);
        if let Some(leg) = leg {
            self.leave(&leg, NORMAL, if killed { Stop::Killed } else { Stop::Torn });
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
        self.leave(leg, NORMAL, Stop::Killed);
    }

    /// A leg ends. With A of a bridge its B ends; B leaves first, and A 20 ms later goes its own way.
    pub(super) fn leave(&mut self, leg: &str, cause: &str, stop: Stop) {
        let Some(channel) = self.channels.get(leg).filter(|leg| leg.is_alive()) else { return };
        match (channel.partner.clone(), channel.leads) {
            (Some(b), true) => self.a_leaves(leg, &b, cause, stop),
            (Some(a), false) => self.b_leaves(&a, leg, cause, After::Own),
            (None, _) if channel.answer == Answer::Ringing && self.dialler(leg).is_some() => {
                self.fails(leg, "USER_BUSY");
            }
            (None, _) => self.alone_leaves(leg, cause, stop),
        }
    }

    fn a_leaves(&mut self, a: &str, b: &str, cause: &str, stop: Stop) {
        self.music_ends(a);
        self.mark_hangup(a, cause);
        self.mark_hangup(b, cause);
        self.unwind(b, stop);
        self.part(a, b);
        self.last_words(b);
        self.unwind(a, stop);
        self.is_gone(a);
        self.after(Duration::from_millis(36), Timer::DropTaps(b.to_owned()));
        self.leave_half(b, cause);
    }

    pub(super) fn b_leaves(&mut self, a: &str, b: &str, cause: &str, after: After) {
        self.edit(b, |leg| leg.phone.hold = None);
        self.mark_hangup(b, cause);
        self.unwind(b, Stop::Torn);
        self.last_words(b);
        self.after(Duration::from_millis(36), Timer::DropTaps(b.to_owned()));
        self.after(Duration::from_millis(20), Timer::Parted(a.to_owned(), b.to_owned(), after));
        self.leave_half(b, cause);
    }

    fn alone_leaves(&mut self, leg: &str, cause: &str, stop: Stop) {
        self.mark_hangup(leg, cause);
        let ringing = self.channels.get_mut(leg).and_then(Channel::dialling).map(std::mem::take);
        let ringing = ringing.map_or_else(Vec::new, |dialling| dialling.ringing);
        ringing.iter().for_each(|b| self.mark_hangup(b, "ORIGINATOR_CANCEL"));
        ringing.iter().for_each(|b| {
            self.is_gone(b);
            self.leave_half(b, "ORIGINATOR_CANCEL");
        });
        self.unwind(leg, stop);
        self.is_gone(leg);
        self.leave_half(leg, cause);
    }

    fn leave_half(&mut self, leg: &str, cause: &str) {
        if let Some(half) = self.half_of(leg) {
            self.leave(&half, cause, Stop::Torn);
        }
    }

    /// A goes on once B has left.
    pub(super) fn parted(&mut self, a: &str, b: &str, after: After) {
        if self.channels.get(a).is_none_or(|a| !a.is_alive() || a.partner.as_deref() != Some(b)) {
            return;
        }
        self.music_ends(a);
        if matches!(after, After::Goes(_)) {
            self.edit(a, |leg| leg.other = None);
        }
        self.part(a, b);
        match after {
            After::Own => self.goes_own_way(a),
            After::Goes(todo) => {
                self.unwind(a, Stop::Torn);
                self.edit(a, |leg| leg.todo = todo.into());
                self.after(Duration::from_millis(18), Timer::GoesOn(a.to_owned()));
            }
            After::Park => {
                self.unwind(a, Stop::Torn);
                self.edit(a, |leg| leg.todo = [Action::new("park", "")].into());
                self.go_on(a);
            }
        }
    }

    fn goes_own_way(&mut self, a: &str) {
        let Some(channel) = self.channels.get(a) else { return };
        let joined = channel.apps.is_empty();
        let serves = channel.apps.iter().any(|app| matches!(app.what, What::Serves));
        let ends = channel.get("hangup_after_bridge") == Some("true") && !serves;
        if joined || ends {
            self.mark_hangup(a, NORMAL);
            self.unwind(a, Stop::Torn);
            self.is_gone(a);
            return self.leave_half(a, NORMAL);
        }
        self.unwind(a, Stop::Torn);
        self.go_on(a);
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

    /// A leg's last events, and 14 ms later the end of what copies it.
    pub(super) fn is_gone(&mut self, leg: &str) {
        self.last_words(leg);
        self.after(Duration::from_millis(14), Timer::DropTaps(leg.to_owned()));
    }

    /// The last two events of a leg. `Hangup-Cause` stands twice in the first of them (F9).
    pub(super) fn last_words(&mut self, leg: &str) {
        self.edit(leg, |leg| {
            (leg.state, leg.call_state) = (State::REPORTING, "HANGUP");
            leg.call_uuid.clone_from(&leg.uuid);
        });
        let Some(cause) = self.channels.get(leg).and_then(|leg| leg.cause.clone()) else { return };
        self.fire("CHANNEL_HANGUP_COMPLETE", leg, &[("Hangup-Cause", &cause)], &[]);
        self.records_end(leg);
        self.fire("CHANNEL_DESTROY", leg, &[], &[]);
        self.edit(leg, |leg| (leg.gone, leg.state) = (true, State::DESTROYED));
        let Some(no) = self.call_of(leg) else { return };
        let Some(call) = self.calls.get_mut(&no) else { return };
        if call.a == leg || call.report.cause.is_empty() {
            call.report.cause = cause;
        }
        if self.legs(no).is_empty() {
            self.close(no);
        }
    }

    fn close(&mut self, no: CallNo) {
        let since = self.since_start(no);
        let Some(call) = self.calls.get_mut(&no).filter(|call| !call.over) else { return };
        call.over = true;
        call.report.ended = since;
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
