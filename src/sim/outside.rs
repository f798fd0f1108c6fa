//! Calls that one of the switch's own profiles makes to another, as `doctor --call` has it do: a caller from outside, who
//! says what the applications of the calling leg play; and agents who are a file.

use super::agents::NORMAL;
use super::channel::{Answer, Channel, State};
use super::dialplan;
use super::script::{Act, Agent, Answers, Script, When};
use super::tap::{Job, Originate};
use super::world::World;
use crate::call::Party;
use std::sync::Arc;
use std::time::Duration;

impl World {
    /// `originate {...}sofia/callgist/sip:<number>@... '...,playback:<file>' inline`: the leg that comes in is the call's.
    pub(super) fn calls_in(&mut self, originate: &Originate, job: Job) {
        let number = originate.uri.strip_prefix("sip:").and_then(|uri| uri.split('@').next());
        let number = number.unwrap_or_default().to_owned();
        if !self.settings.profile || dialplan::actions(&self.settings.snippet, &number).is_empty() {
            return self.tell(job, "-ERR NO_ROUTE_DESTINATION\n");
        }
        let file = originate.apps.iter().find(|action| action.application == "playback");
        let said = file.map_or_else(Vec::new, |action| self.said(&action.argument));
        let uuid = originate.get("origination_uuid").map(str::to_owned).unwrap_or_else(|| self.uuid());
        let mut phone = Channel::new(uuid.clone(), None, false, format!("sofia/callgist/{number}"));
        (phone.answer, phone.state) = (Answer::Answered, State::EXECUTE);
        phone.destination.clone_from(&number);
        self.channels.insert(uuid.clone(), phone);
        self.fire("CHANNEL_CREATE", &uuid, &[], &[]);
        let caller = originate.get("origination_caller_id_number").map(str::to_owned);
        let script = Script {
            line: number,
            caller,
            caller_speech: said,
            events: presses(originate),
            ..Script::default()
        };
        let (no, _) = self.place(script, None);
        self.loops.insert(uuid.clone(), no);
        self.tell(job, &format!("+OK {uuid}\n"));
    }

    /// `loopback/app=playback:<file>`: nobody's phone rings, and the file is what the agent says.
    pub(super) fn dial_player(&mut self, a: &str, target: &str, file: &str) {
        let speech = self.said(file);
        let Some(call) = self.call_of(a).and_then(|no| self.calls.get_mut(&no)) else { return };
        let answers = Answers::After(Duration::from_millis(20));
        call.script.others.push(Agent { name: file.to_owned(), speech, answers });
        self.dial_agent(a, target, file);
    }

    /// `transfer '<inline dialplan>' inline`, by the leg itself.
    pub(super) fn transfers_itself(&mut self, leg: &str, argument: &str) {
        match super::tap::read_apps(argument) {
            Some(todo) => self.send_on(leg, todo),
            None => self.leave(leg, NORMAL, super::apps::Stop::Torn),
        }
    }

    fn said(&self, file: &str) -> Vec<i16> {
        (self.files)(&self.path(file)).map_or_else(Vec::new, |sound: Arc<[i16]>| sound.to_vec())
    }
}

/// The keys that `send_dtmf` of the calling leg presses, once its `sleep` before is over.
fn presses(originate: &Originate) -> Vec<(When, Act)> {
    let mut slept = Duration::ZERO;
    let mut events = Vec::new();
    for action in &originate.apps {
        match action.application.as_str() {
            "sleep" => slept += Duration::from_millis(action.argument.parse().unwrap_or(0)),
            "send_dtmf" => {
                let keys = action.argument.split('@').next().unwrap_or_default();
                events.push((When::Started(slept), Act::Keys(Party::Caller, keys.to_owned())));
            }
            _ => {}
        }
    }
    events
}
