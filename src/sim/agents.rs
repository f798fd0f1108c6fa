//! Agents: whom a leg calls, how it rings there, and who answers first.

use super::apps::Stop;
use super::channel::{Answer, Channel, State, What};
use super::dialplan;
use super::media::TICK;
use super::script::Answers;
use super::world::{CallNo, Timer, World};
use std::collections::VecDeque;
use std::time::Duration;

/// Phones called at once are separated by commas, those called next by bars.
pub(super) fn read_targets(argument: &str) -> VecDeque<Vec<String>> {
    argument
        .split('|')
        .map(|group| group.split(',').map(|target| target.trim().to_owned()).collect())
        .collect()
}

impl World {
    /// Calls the next phones that a leg has on its list, and lets the caller hear that they ring; false when there are
    /// none.
    pub(super) fn dial(&mut self, a: &str) -> bool {
        let Some(targets) = self.channels.get_mut(a).and_then(|a| a.dialling()?.next.pop_front()) else {
            return false;
        };
        for target in targets {
            match target.strip_prefix("loopback/") {
                Some(rest) => match rest.strip_prefix("app=playback:") {
                    Some(file) => self.dial_player(a, &target, file),
                    None => self.dial_inside(a, rest.split('/').next().unwrap_or_default()),
                },
                None => {
                    let last = target.rsplit('/').next().unwrap_or_default();
                    let uri = last.strip_prefix("sip:").unwrap_or(last);
                    let name = uri.split('@').next().unwrap_or_default().to_owned();
                    self.dial_agent(a, &target, &name);
                }
            }
        }
        true
    }

    pub(super) fn dial_agent(&mut self, a: &str, target: &str, name: &str) {
        let Some(no) = self.call_of(a) else { return };
        let Some(leg) = self.agent_leg(no, target, name) else {
            return self.after(Duration::ZERO, Timer::Fails(a.to_owned(), "USER_NOT_REGISTERED"));
        };
        self.inherit(&leg, a);
        self.rings_for(a, &leg);
        let since = self.since_start(no);
        if let Some(call) = self.calls.get_mut(&no) {
            call.b = Some(leg.clone());
            call.report.agent_leg = Some(leg.clone());
            call.report.agent_invited.get_or_insert(since);
        }
        self.begins_to_ring(&leg);
        self.expect_answer(no, &leg, name);
        self.ring_back(no, a, &leg);
    }

    pub(super) fn rings_for(&mut self, a: &str, leg: &str) {
        if let Some(dialling) = self.channels.get_mut(a).and_then(Channel::dialling) {
            dialling.ringing.push(leg.to_owned());
        }
    }

    pub(super) fn begins_to_ring(&mut self, leg: &str) {
        self.fire("CHANNEL_OUTGOING", leg, &[], &[]);
        self.fire("CHANNEL_CREATE", leg, &[], &[]);
        self.fire("CHANNEL_ORIGINATE", leg, &[], &[]);
        self.after(Duration::from_millis(1), Timer::Rings(leg.to_owned()));
    }

    /// What that agent does about it, and when the switch gives up.
    pub(super) fn expect_answer(&mut self, no: CallNo, leg: &str, name: &str) {
        let Some(agent) = self.calls.get(&no).and_then(|call| call.script.agent(name)) else { return };
        let dialler = self.dialler(leg).and_then(|a| self.channels.get(&a));
        let limit = dialler.and_then(|a| a.get("call_timeout")?.parse().ok()).map(Duration::from_secs);
        let limit = limit.unwrap_or(RING_TIME);
        let leg = leg.to_owned();
        match agent.answers {
            Answers::After(wait) if wait < limit => self.after(wait, Timer::Answers(leg)),
            Answers::BusyAfter(wait) if wait < limit => self.after(wait, Timer::Fails(leg, "USER_BUSY")),
            _ => self.after(limit, Timer::Fails(leg, "NO_ANSWER")),
        }
    }

    fn ring_back(&mut self, no: CallNo, a: &str, b: &str) {
        let Some(channel) = self.channels.get(a) else { return };
        let Some(text) = channel.get("transfer_ringback").or(channel.get("ringback")).map(str::to_owned)
        else {
            return;
        };
        let known =
            text.starts_with('/') || text.contains("://") || text.starts_with("%(") || text == "silence";
        if !known {
            // Neither path nor stream nor tone: the call dies (F105).
            return self.after(Duration::from_millis(40), Timer::Fails(b.to_owned(), "NO_ANSWER"));
        }
        let ringing = self.ringback(&text).map(|sound| (sound, self.now));
        if let Some(call) = self.calls.get_mut(&no).filter(|call| call.a == a) {
            call.ringing = ringing;
        }
    }

    /// An agent's leg, as a phone of the switch's profile is called; it belongs to nobody yet.
    pub(super) fn agent_leg(&mut self, no: CallNo, target: &str, name: &str) -> Option<String> {
        let agent = self.calls.get(&no)?.script.agent(name)?;
        let (uuid, micros) = (self.uuid(), self.micros());
        self.sessions += 1;
        let host = target.split('@').nth(1).unwrap_or("127.0.0.1:6060");
        let gateway = target.strip_prefix("sofia/gateway/").and_then(|rest| rest.split('/').next());
        // A gateway's calls go out over the profile that it belongs to.
        let (profile, channel_name) = match gateway {
            Some(_) => ("external", format!("sofia/external/{name}")),
            None => ("internal", format!("sofia/internal/{name}@{host}")),
        };
        let mut leg = Channel::new(uuid.clone(), Some(no.0), false, channel_name.clone());
        if let Some(gateway) = gateway {
            leg.set("sip_gateway_name", gateway);
        }
        leg.session = self.sessions;
        leg.destination = name.to_owned();
        leg.times.created = micros;
        leg.phone.speech = agent.speech.into();
        let session = leg.session.to_string();
        for (name, value) in [
            ("direction", "outbound"),
            ("is_outbound", "true"),
            ("uuid", &*uuid),
            ("session_id", &session),
            ("sip_profile_name", profile),
            ("channel_name", &channel_name),
        ] {
            leg.set(name, value);
        }
        self.set_clocks(&mut leg);
        self.channels.insert(uuid.clone(), leg);
        Some(uuid)
    }

    /// A leg that another one has called names it, and has what that one exports.
    fn inherit(&mut self, leg: &str, a: &str) {
        let Some(caller) = self.channels.get(a) else { return };
        let (name, number) = (caller.caller_name.clone(), caller.caller_number.clone());
        let list = caller.get("export_vars").map(str::to_owned);
        let exported: Vec<(String, String)> = list
            .iter()
            .flat_map(|list| list.split(','))
            .map(|name| (name.to_owned(), caller.get(name).unwrap_or_default().to_owned()))
            .collect();
        let a = a.to_owned();
        self.edit(leg, |leg| {
            (leg.caller_name, leg.caller_number) = (name, number);
            leg.other = Some(("originator", a.clone()));
            leg.call_uuid.clone_from(&a);
            leg.set("originator", &a);
            if let Some(list) = list {
                leg.set("export_vars", &list);
            }
            exported.iter().for_each(|(name, value)| leg.set(name, value));
            leg.set("originating_leg_uuid", &a);
            leg.set("call_uuid", &a);
        });
    }

    /// A call to a number of the switch itself: two halves, of which the second runs the dialplan and looks like a
    /// caller (F117).
    fn dial_inside(&mut self, a: &str, number: &str) {
        let Some(no) = self.call_of(a) else { return };
        let codec = self.calls.get(&no).map_or(crate::wire::rtp::Codec::Pcma, |call| call.script.codec);
        let (first, second) = (self.uuid(), self.uuid());
        for (uuid, other, half, inbound) in [(&first, &second, "A", false), (&second, &first, "B", true)] {
            let name = format!("loopback/{number}-{}", half.to_ascii_lowercase());
            self.sessions += 1;
            let mut leg = Channel::new(uuid.clone(), Some(no.0), inbound, name.clone());
            leg.session = self.sessions;
            leg.destination = number.to_owned();
            leg.half = Some(other.clone());
            leg.times.created = self.micros();
            for (name, value) in [
                ("direction", leg.direction()),
                ("uuid", uuid),
                ("channel_name", &name),
                ("other_loopback_leg_uuid", other),
                ("loopback_leg", half),
            ] {
                leg.set(name, value);
            }
            leg.agree_inside(codec);
            self.channels.insert(uuid.clone(), leg);
            self.inherit(uuid, a);
        }
        // The second half is nobody's other leg.
        self.edit(&second, |leg| {
            leg.other = None;
            leg.call_uuid.clone_from(&leg.uuid);
            leg.set("originator", "");
            leg.todo = dialplan::actions(EXTENSIONS, number).into();
        });
        self.rings_for(a, &first);
        self.begins_to_ring(&first);
        self.fire("CHANNEL_CREATE", &second, &[], &[]);
        self.edit(&second, |leg| (leg.state, leg.call_state) = (State::EXECUTE, "RINGING"));
        self.go_on(&second);
        self.ring_back(no, a, &first);
    }

    pub(super) fn rings(&mut self, b: &str) {
        let micros = self.micros();
        let ringing = self.channels.get(b).is_some_and(|leg| leg.is_alive() && leg.answer == Answer::Ringing);
        if ringing {
            self.edit(b, |leg| leg.times.progress = micros);
            self.fire("CHANNEL_PROGRESS", b, &[], &[]);
            self.edit(b, |leg| leg.call_state = "RINGING");
        }
    }

    /// Who has called this leg and still waits for it.
    pub(super) fn dialler(&self, leg: &str) -> Option<String> {
        let waits = |channel: &&Channel| {
            channel.apps.iter().any(|app| match &app.what {
                What::Bridge(dialling) | What::Queue(dialling) => {
                    dialling.ringing.iter().any(|ringing| ringing == leg)
                }
                _ => false,
            })
        };
        self.channels.values().find(waits).map(|channel| channel.uuid.clone())
    }

    pub(super) fn answers(&mut self, b: &str) {
        let ringing = self.channels.get(b).is_some_and(|leg| leg.is_alive() && leg.answer == Answer::Ringing);
        let (Some(no), Some(a), true) = (self.call_of(b), self.dialler(b), ringing) else { return };
        let (since, micros) = (self.since_start(no), self.micros());
        let Some(call) = self.calls.get_mut(&no) else { return };
        call.report.agent_answered.get_or_insert(since);
        call.report.agent_leg = Some(b.to_owned());
        call.b = Some(b.to_owned());
        if call.a == a {
            call.ringing = None;
        }
        let (codec, bypass, beat) =
            (call.script.agent_codec.unwrap_or(call.script.codec), call.script.bypass_media, call.beat);
        self.edit(b, |leg| {
            leg.answer = Answer::Answered;
            leg.times.answered = micros;
            leg.state = State::CONSUME;
            leg.set("endpoint_disposition", "ANSWER");
            if !bypass {
                leg.agree(codec, beat);
            }
        });
        self.fire("CHANNEL_ANSWER", b, &[], &[]);
        self.lose_race(&a, b);
        self.pass_answer(&a);
        if !self.leaves_queue(&a, b) {
            self.after(TICK, Timer::Joins(a, b.to_owned()));
        }
    }

    /// The other phones that were called with this one stop ringing.
    fn lose_race(&mut self, a: &str, b: &str) {
        let Some(dialling) = self.channels.get_mut(a).and_then(Channel::dialling) else { return };
        let losers: Vec<String> =
            std::mem::take(dialling).ringing.into_iter().filter(|leg| leg != b).collect();
        losers.iter().for_each(|leg| self.mark_hangup(leg, "LOSE_RACE"));
        losers.iter().for_each(|leg| self.is_gone(leg));
    }

    /// A leg that was not answered before is so when the one it has called is; of a loopback, both halves.
    fn pass_answer(&mut self, a: &str) {
        let (micros, half) = (self.micros(), self.half_of(a));
        for leg in half.iter().map(|half| &**half).chain([a]) {
            if self.channels.get(leg).is_none_or(|leg| leg.is_answered()) {
                continue;
            }
            if half.is_none() {
                self.fire("CHANNEL_PROGRESS", leg, &[], &[]);
            }
            self.edit(leg, |leg| {
                leg.answer = Answer::Answered;
                leg.times.answered = micros;
                leg.set("endpoint_disposition", "ANSWER");
            });
            self.fire("CHANNEL_ANSWER", leg, &[], &[]);
        }
        let Some(half) = half else { return };
        let Some(a) = self.dialler(&half) else { return };
        self.lose_race(&a, &half);
        self.after(TICK * 2, Timer::Joins(a, half.clone()));
        self.after(BOWS_OUT, Timer::BowsOut(half));
    }

    /// A phone is never picked up, or refuses; where none rings any more the next ones are called.
    pub(super) fn fails(&mut self, b: &str, cause: &'static str) {
        let ringing = self.channels.get(b).is_some_and(|leg| leg.is_alive() && leg.answer == Answer::Ringing);
        let dialler = self.dialler(b);
        if ringing && dialler.is_some() {
            self.mark_hangup(b, cause);
            self.is_gone(b);
        }
        let a = match dialler {
            Some(a) => a,
            // There is no such phone.
            None if self.channels.get_mut(b).is_some_and(|leg| leg.dialling().is_some()) => b.to_owned(),
            None => return,
        };
        let Some(dialling) = self.channels.get_mut(&a).and_then(Channel::dialling) else { return };
        dialling.ringing.retain(|leg| leg != b);
        let none_rings = dialling.ringing.is_empty();
        if none_rings && !self.offers_again(&a) && !self.dial(&a) {
            self.bridge_fails(&a, cause);
        }
    }

    /// Nobody answered: the dialplan goes on where it says so, or the caller is hung up.
    fn bridge_fails(&mut self, a: &str, cause: &'static str) {
        let status = match cause {
            "USER_BUSY" => "BUSY",
            "NO_ANSWER" => "NOANSWER",
            _ => "CHANUNAVAIL",
        };
        if let Some(call) = self.call_of(a).and_then(|no| self.calls.get_mut(&no)).filter(|call| call.a == a)
        {
            call.ringing = None;
        }
        self.edit(a, |leg| {
            leg.set("originate_disposition", cause);
            leg.set("DIALSTATUS", status);
        });
        if self.channels.get(a).is_some_and(|leg| leg.get("continue_on_fail") == Some("true")) {
            self.complete(a);
            return self.go_on(a);
        }
        self.leave(a, cause, Stop::Torn);
    }

    /// What is left of a loopback once both sides are there: nothing. The caller is joined to the agent himself (F117).
    pub(super) fn bows_out(&mut self, first: &str) {
        let Some(second) = self.half_of(first) else { return };
        let partner = |world: &World, leg: &str| world.channels.get(leg)?.partner.clone();
        let (Some(caller), Some(agent)) = (partner(self, first), partner(self, &second)) else { return };
        self.mark_hangup(first, NORMAL);
        self.mark_hangup(&second, NORMAL);
        self.edit(&caller, |leg| leg.other = Some(("originatee", agent.clone())));
        self.last_words(first);
        self.part(&second, &agent);
        self.unwind(&second, Stop::Torn);
        self.part(&caller, first);
        self.unwind(&caller, Stop::Torn);
        self.last_words(&second);
        for half in [first, &second] {
            self.after(TICK, Timer::DropTaps(half.to_owned()));
        }
        self.after(TICK * 2, Timer::Together(caller, agent));
    }
}

pub(super) const EXTENSIONS: &str = include_str!("extensions.xml");
pub(super) const NORMAL: &str = "NORMAL_CLEARING";
/// `call_timeout`, as FreeSWITCH has it by default.
const RING_TIME: Duration = Duration::from_secs(60);
/// From the answer to the bowout.
const BOWS_OUT: Duration = Duration::from_millis(2_080);
