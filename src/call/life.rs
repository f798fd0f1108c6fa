//! The state machine of one call: [`Event`]s go in with the time, [`Command`]s come out.
//!
//! Invariants, tested as properties: no order, loss or repetition of events lets [`Command::HandOver`] out without
//! [`Life::announced`], nor after an objection; no wait is ended that is over; whatever a notice changed at the switch is
//! undone; every life ends with exactly one [`Command::Finish`].

mod words;

pub use words::{Answer, Command, EarEnding, Ending, Event, Phase};

use super::proof::{Announced, Evidence, SwitchTime, Verdict};
use super::{AgentLeg, CallId, Consent, Direction, Leg, Moment, NoSummary, Party};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// One party's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fork {
    Asked,
    HandedOver,
    Flowing,
}

/// The life of one call.
#[derive(Debug)]
pub struct Life {
    call: CallId,
    caller: Leg,
    agent: Option<Leg>,
    notice_length: Duration,
    consent: Consent,
    agent_leg: AgentLeg,
    phase: Phase,
    evidence: Evidence,
    announced: Option<Announced>,
    opened: bool,
    /// With whom the caller talks while nobody may listen.
    unheard: Option<Leg>,
    /// The caller waits no longer.
    gone_on: bool,
    /// The question behind the notice is over.
    answered: bool,
    forks: BTreeMap<Party, Fork>,
    held: Vec<Leg>,
    /// The caller's leg is known to be one that cannot be copied.
    uncopyable: bool,
    /// Legs on which the switch records.
    recorded: Vec<Leg>,
    partial: bool,
    deadline: Option<(Moment, Deadline)>,
    commands: VecDeque<Command>,
    /// We were not there from the beginning: the call will have no summary for this reason.
    missed: Option<NoSummary>,
}

/// What is waited for; one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deadline {
    /// The notice to begin, after it was asked for.
    Notice,
    /// The copies to run, after the bridge.
    Forks,
    /// A new bridge or the hang-up, after an unbridge.
    Rebridge,
    /// The same, when it takes longer: another phone rings, or the caller is parked. Nothing is copied meanwhile.
    Apart,
    /// The same, after a copy ended by itself: if nothing comes, the copy was lost and the talk goes on unheard.
    Loss,
    /// The ear's answer.
    Ear,
}

impl Life {
    /// A call whose caller has the leg `caller`, on a line whose notice lasts `notice_length`, that asks for `consent`, and
    /// whose agents are heard or not by `agent_leg`.
    pub fn new(
        call: CallId,
        caller: Leg,
        notice_length: Duration,
        consent: Consent,
        agent_leg: AgentLeg,
    ) -> Life {
        Life {
            call,
            caller,
            agent: None,
            notice_length,
            consent,
            agent_leg,
            phase: Phase::Offered,
            evidence: Evidence::new(consent != Consent::NotAsked),
            announced: None,
            opened: false,
            unheard: None,
            answered: false,
            gone_on: false,
            forks: BTreeMap::new(),
            held: Vec::new(),
            uncopyable: false,
            recorded: Vec::new(),
            partial: false,
            deadline: None,
            commands: VecDeque::new(),
            missed: None,
        }
    }

    /// A call that began without us, or before we were started anew: only its end is waited for, or an objection. There
    /// will be no summary for this reason, and there is no way from here to [`Life::announced`].
    pub fn missed(call: CallId, caller: Leg, reason: NoSummary) -> Life {
        // None of its voices is copied.
        let life = Life::new(call, caller, Duration::MAX, Consent::NotAsked, AgentLeg::NotHeard);
        Life { missed: Some(reason), ..life }
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The proof, as long as it holds: gone after an objection and after the end.
    pub fn announced(&self) -> Option<&Announced> {
        self.announced.as_ref()
    }

    /// Whether the ear hears the call at this moment: it is bridged, and a copy that the ear was given brings packets.
    pub fn is_heard(&self) -> bool {
        self.flows() && matches!(self.phase, Phase::Bridged | Phase::Forked)
    }

    fn flows(&self) -> bool {
        self.forks.values().any(|fork| *fork == Fork::Flowing)
    }

    pub fn agent(&self) -> Option<&Leg> {
        self.agent.as_ref()
    }

    pub fn poll_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Moment> {
        self.deadline.map(|(when, _)| when)
    }

    pub fn handle(&mut self, event: Event, now: Moment) {
        if self.phase == Phase::Finished {
            return self.after_the_end(event);
        }
        if let Some(reason) = self.missed {
            return self.of_a_missed(event, reason);
        }
        match event {
            Event::Waiting { admitted } => self.waiting(admitted, now),
            Event::WaitOver => self.gone_on = true,
            Event::NoticeStarted { at } => {
                self.deadline = self.deadline.filter(|(_, what)| *what != Deadline::Notice);
                self.evidence.started(at);
            }
            Event::NoticeStopped(stop) => {
                self.evidence.stopped(stop);
                self.judge(now);
            }
            Event::NoticeCompleted { file_played } => {
                self.evidence.completed(file_played);
                self.judge(now);
            }
            Event::Answered(answer) => self.answered(answer, now),
            Event::Confirmed { at } => self.confirmed(at, now),
            Event::Bridged { agent } => self.bridged(agent, now),
            Event::Unbridged => self.unbridged(now),
            Event::AgentTaken => {
                self.drop_fork(Party::Caller);
                self.unbridged(now);
            }
            Event::WentOutside { leg } => self.went_outside(&leg, now),
            Event::NeverHeard { leg } => self.never_heard(&leg),
            Event::Examined { leg, tappable } => self.examined(leg, tappable),
            Event::ForkOffered { party, leg } => self.fork_offered(party, &leg),
            Event::ForkFlows { party } => self.fork_flows(party),
            Event::ForkEnded { party } => self.fork_ended(party, now),
            Event::RecordingBegan { leg } => self.recording_began(leg),
            Event::RecordingEnded { leg } => self.recorded.retain(|recorded| *recorded != leg),
            Event::Held { leg } => self.held(leg),
            Event::Unheld { leg } => self.unheld(&leg),
            Event::Objected => self.objected(),
            Event::HungUp => self.hung_up(now),
            Event::SwitchLost => self.lost(now),
            Event::EarEnded(ending) => self.ear_ended(ending),
            Event::Shutdown => self.shut_down(),
        }
    }

    pub fn handle_timeout(&mut self, now: Moment) {
        let Some((_, what)) = self.deadline.take_if(|(when, _)| *when <= now) else { return };
        match what {
            Deadline::Notice => self.finish(Ending::NoSummary(NoSummary::NoticeIncomplete)),
            Deadline::Forks => self.forks_late(now),
            Deadline::Rebridge => self.apart(now),
            Deadline::Apart => self.end_talk(now),
            Deadline::Loss => {
                self.partial = true;
                self.end_talk(now);
            }
            Deadline::Ear => self.finish(Ending::NoSummary(NoSummary::EngineFailed)),
        }
    }

    fn of_a_missed(&mut self, event: Event, reason: NoSummary) {
        match event {
            Event::Objected => self.objected(),
            Event::HungUp | Event::SwitchLost | Event::Shutdown => self.finish(Ending::NoSummary(reason)),
            // No copy is asked for, so whatever is offered is as unwanted as after the end.
            event => self.after_the_end(event),
        }
    }

    /// A copy that is offered or begins after the end must not live on.
    fn after_the_end(&mut self, event: Event) {
        match event {
            Event::ForkOffered { party, .. } => self.commands.push_back(Command::RefuseFork { party }),
            Event::ForkFlows { party } => self.commands.push_back(Command::EndFork { party }),
            _ => {}
        }
    }

    fn waiting(&mut self, admitted: Result<(), NoSummary>, now: Moment) {
        if self.phase != Phase::Offered {
            return;
        }
        let copyable = if self.uncopyable { Err(NoSummary::NotTappable) } else { Ok(()) };
        let unrecorded = if self.is_recorded() { Err(NoSummary::Recorded) } else { Ok(()) };
        let in_time = if self.gone_on { Err(NoSummary::NoticeIncomplete) } else { Ok(()) };
        match admitted.and(copyable).and(unrecorded).and(in_time) {
            Ok(()) => {
                self.phase = Phase::Playing;
                self.deadline = Some((now + NOTICE_STARTS_WITHIN, Deadline::Notice));
                self.commands.push_back(Command::PlayNotice);
            }
            Err(reason) => {
                self.decline();
                self.finish(Ending::NoSummary(reason));
            }
        }
    }

    fn decline(&mut self) {
        if self.gone_on {
            return;
        }
        self.commands.push_back(Command::Decline);
        let asked = self.phase == Phase::Announced && self.consent != Consent::NotAsked;
        if asked && !self.answered && self.unheard.is_none() {
            self.commands.push_back(Command::EndQuestion);
        }
    }

    fn judge(&mut self, now: Moment) {
        if !matches!(self.phase, Phase::Playing | Phase::Announced) {
            return;
        }
        match self.evidence.prove(self.call, self.notice_length) {
            Verdict::Open => {}
            Verdict::Refuted => self.finish(Ending::NoSummary(NoSummary::NoticeIncomplete)),
            Verdict::Told(from, to) => self.told(from, to),
            Verdict::Proved(announced) => {
                let (from, to) = announced.times();
                self.told(from, to);
                self.allowed(announced, now);
            }
        }
    }

    /// The notice was played to its end.
    fn told(&mut self, from: SwitchTime, to: SwitchTime) {
        if self.phase == Phase::Playing {
            self.phase = Phase::Announced;
            self.deadline = None;
            self.commands.extend([Command::NoticeOver, Command::MarkAnnounced { from, to }]);
        }
    }

    /// The caller may be heard; where an agent said so for him, their talk has begun.
    fn allowed(&mut self, announced: Announced, now: Moment) {
        self.announced = Some(announced);
        self.opened = true;
        self.phase = Phase::Allowed;
        self.commands.push_back(Command::Open);
        // The copy that hangs on the caller's leg is made now, where nobody speaks: each attach costs the party 40 ms
        // once (F84).
        self.commands.push_back(Command::Examine { leg: self.caller.clone() });
        if let Some(agent) = self.unheard.take() {
            self.bridged(agent, now);
        }
    }

    fn answered(&mut self, answer: Answer, now: Moment) {
        if self.phase != Phase::Announced {
            return;
        }
        self.answered = true;
        match answer {
            Answer::Yes { at } if self.evidence.consented(at) => self.judge(now),
            Answer::No => self.finish(Ending::NoSummary(NoSummary::NoConsent)),
            // A yes that came too early is none.
            Answer::Yes { .. } | Answer::Silence => self.unanswered(),
        }
    }

    /// No answer means no, unless the agent may still ask.
    fn unanswered(&mut self) {
        if self.consent != Consent::ByKeyOrAgent {
            self.finish(Ending::NoSummary(NoSummary::NoConsent));
        }
    }

    fn confirmed(&mut self, at: SwitchTime, now: Moment) {
        let may = self.consent == Consent::ByKeyOrAgent && self.unheard.is_some();
        if may && self.evidence.consented(at) {
            self.judge(now);
        }
    }

    fn bridged(&mut self, agent: Leg, now: Moment) {
        match self.phase {
            Phase::Offered | Phase::Playing => {
                // The call went on without a notice played to its end.
                self.evidence.spoil();
                return self.finish(Ending::NoSummary(NoSummary::NoticeIncomplete));
            }
            Phase::Announced => {
                self.unheard = Some(agent);
                return self.unanswered();
            }
            _ => {}
        }
        if self.phase == Phase::Heard || self.agent.as_ref() == Some(&agent) && !self.between_bridges() {
            return;
        }
        let first = self.agent.is_none();
        if let Some(old) = self.agent.replace(agent.clone()).filter(|old| *old != agent) {
            // Whoever left the call on hold does not take it back.
            self.unheld(&old);
            if self.agent_leg == AgentLeg::Heard {
                self.drop_fork(Party::Caller);
            }
        }
        if self.is_recorded() {
            return self.finish(Ending::NoSummary(NoSummary::Recorded));
        }
        if first {
            self.phase = Phase::Bridged;
            self.commands.push_back(Command::EarBridged);
            if !self.held.is_empty() {
                self.commands.push_back(Command::EarPaused);
            }
        }
        self.deadline = Some((now + FORKS_RUN_WITHIN, Deadline::Forks));
        for party in self.agent_leg.voices() {
            if let Some((leg, _)) = self.source(*party).filter(|_| !self.forks.contains_key(party)) {
                self.commands.push_back(Command::Examine { leg });
            }
        }
        self.forked();
    }

    fn unbridged(&mut self, now: Moment) {
        self.unheard = None;
        if matches!(self.phase, Phase::Bridged | Phase::Forked) && !self.awaits(Deadline::Apart) {
            if self.agent_leg == AgentLeg::NotHeard {
                // It would go on with what the caller says to nobody.
                self.drop_fork(Party::Caller);
            }
            self.deadline = Some((now + REBRIDGED_WITHIN, Deadline::Rebridge));
        }
    }

    /// Where a party's voice is copied. What each is *sent* has nothing in it that was said on hold; where the agent is
    /// not heard, the caller's own leg is the only one that no agent's voice can ever be in, whoever joins the talk.
    fn source(&self, party: Party) -> Option<(Leg, Direction)> {
        match (party, self.agent_leg) {
            (Party::Agent, AgentLeg::Heard) => Some((self.caller.clone(), Direction::ToPhone)),
            (Party::Caller, AgentLeg::Heard) => Some((self.agent.clone()?, Direction::ToPhone)),
            (Party::Caller, AgentLeg::NotHeard) => Some((self.caller.clone(), Direction::FromPhone)),
            (Party::Agent, AgentLeg::NotHeard) => None,
        }
    }

    /// What was before is noted. Whoever is outside has heard no notice, so nothing is waited for, not even the return.
    fn went_outside(&mut self, leg: &Leg, now: Moment) {
        let talks = matches!(self.phase, Phase::Bridged | Phase::Forked);
        if talks && self.agent.as_ref() == Some(leg) {
            self.end_talk(now);
        }
    }

    /// What arrived until the switch said whose leg it is gets wiped.
    fn never_heard(&mut self, leg: &Leg) {
        if self.agent.as_ref() == Some(leg) {
            self.finish(Ending::NoSummary(NoSummary::Excluded));
        }
    }

    /// The copies end, for each may follow its leg into another call; the talk may go on with somebody else.
    fn apart(&mut self, now: Moment) {
        self.end_forks();
        self.deadline = Some((now + APART_AT_MOST, Deadline::Apart));
    }

    fn examined(&mut self, leg: Leg, tappable: bool) {
        if self.phase == Phase::Offered && leg == self.caller {
            // A notice would promise what cannot be kept.
            self.uncopyable = !tappable;
            return;
        }
        let voices = self.agent_leg.voices().iter().copied();
        let mut sources = voices.filter_map(|party| Some((party, self.source(party)?)));
        let Some((party, (leg, direction))) = sources.find(|(_, (of, _))| *of == leg) else { return };
        let talks = matches!(self.phase, Phase::Allowed | Phase::Bridged | Phase::Forked);
        let to_nobody = self.agent_leg == AgentLeg::NotHeard && self.awaits(Deadline::Rebridge);
        if !talks || to_nobody || self.awaits(Deadline::Apart) || self.forks.contains_key(&party) {
            return;
        }
        if !tappable {
            return self.finish(Ending::NoSummary(NoSummary::NotTappable));
        }
        self.forks.insert(party, Fork::Asked);
        self.commands.push_back(Command::Fork { leg, party, direction });
    }

    fn fork_offered(&mut self, party: Party, leg: &Leg) {
        // A copy of the last agent's leg that comes late carries a stranger's voice.
        let source = self.source(party).is_some_and(|(of, _)| of == *leg);
        let asked = source && self.forks.get(&party) == Some(&Fork::Asked);
        let talks = matches!(self.phase, Phase::Allowed | Phase::Bridged | Phase::Forked);
        if asked && talks && self.announced.is_some() {
            self.forks.insert(party, Fork::HandedOver);
            self.commands.push_back(Command::HandOver { party });
        } else {
            self.commands.push_back(Command::RefuseFork { party });
        }
    }

    fn fork_flows(&mut self, party: Party) {
        // What comes late of a copy that has ended says nothing of the next one.
        if let Some(fork @ Fork::HandedOver) = self.forks.get_mut(&party) {
            *fork = Fork::Flowing;
        }
        self.forked();
    }

    /// Every copy runs and the parties talk.
    fn forked(&mut self) {
        let all = self.all_handed_over();
        if all && self.phase == Phase::Bridged {
            self.phase = Phase::Forked;
        }
        if all && self.flows() && self.awaits(Deadline::Forks) {
            self.deadline = None;
        }
    }

    fn all_handed_over(&self) -> bool {
        let handed_over = |party| matches!(self.forks.get(party), Some(Fork::HandedOver | Fork::Flowing));
        self.agent_leg.voices().iter().all(handed_over)
    }

    fn fork_ended(&mut self, party: Party, now: Moment) {
        if self.forks.remove(&party).is_none() {
            return;
        }
        match self.phase {
            // Before the bridge nothing is lost: the copy is asked for again at the bridge, and only there, or a copy
            // that cannot be made would be asked for without end while the phone rings.
            Phase::Allowed => {}
            // The hang-up that ended it may be on its way (F63: 14 to 36 ms), or a new agent (F90).
            Phase::Bridged | Phase::Forked if !self.between_bridges() => {
                self.deadline = Some((now + REBRIDGED_WITHIN, Deadline::Loss));
            }
            _ => {}
        }
    }

    /// A recording that ends before the bridge has none of the talk in it, so it is only remembered until then. One that
    /// runs in the talk ends the listening for good: callers are told of a summary alone.
    fn recording_began(&mut self, leg: Leg) {
        self.recorded.push(leg);
        if matches!(self.phase, Phase::Bridged | Phase::Forked) && self.is_recorded() {
            self.finish(Ending::NoSummary(NoSummary::Recorded));
        }
    }

    /// Whether the switch records one of the legs that talk.
    fn is_recorded(&self) -> bool {
        self.recorded.iter().any(|leg| *leg == self.caller || self.agent.as_ref() == Some(leg))
    }

    fn held(&mut self, leg: Leg) {
        if self.phase == Phase::Playing {
            self.evidence.spoil();
        }
        if self.held.contains(&leg) {
            return;
        }
        self.held.push(leg);
        if self.is_talk() && self.held.len() == 1 {
            self.commands.push_back(Command::EarPaused);
        }
    }

    fn unheld(&mut self, leg: &Leg) {
        let before = self.held.len();
        self.held.retain(|held| held != leg);
        if self.is_talk() && before > 0 && self.held.is_empty() {
            self.commands.push_back(Command::EarResumed);
        }
    }

    /// To an ear that was not told of the bridge, a hold that ends would be the beginning of the talk.
    fn is_talk(&self) -> bool {
        matches!(self.phase, Phase::Bridged | Phase::Forked)
    }

    /// Who objects in the middle of the notice or of the question need not hear the rest of it.
    fn objected(&mut self) {
        if matches!(self.phase, Phase::Playing | Phase::Announced) {
            self.decline();
        }
        self.finish(Ending::NoSummary(NoSummary::Objection));
    }

    /// A notice that promises a summary is not played on when there will be none, nor is a question asked for one.
    fn shut_down(&mut self) {
        if matches!(self.phase, Phase::Playing | Phase::Announced) {
            self.decline();
        }
        self.finish(Ending::NoSummary(NoSummary::Shutdown));
    }

    fn hung_up(&mut self, now: Moment) {
        match self.phase {
            Phase::Offered | Phase::Playing => self.finish(Ending::NoSummary(NoSummary::NoticeIncomplete)),
            Phase::Announced => self.finish(Ending::NoSummary(NoSummary::NoConsent)),
            Phase::Allowed => self.finish(Ending::NoSummary(NoSummary::Unanswered)),
            Phase::Bridged | Phase::Forked => self.end_talk(now),
            Phase::Heard | Phase::Finished => {}
        }
    }

    fn lost(&mut self, now: Moment) {
        match self.phase {
            Phase::Bridged | Phase::Forked => {
                self.partial = true;
                self.end_talk(now);
            }
            Phase::Heard => {}
            _ => self.finish(Ending::NoSummary(NoSummary::Partial)),
        }
    }

    /// Two seconds after the bridge a copy is still missing, or not a packet has come. Of two copies one alone may be of a
    /// phone that sends nothing while nobody speaks.
    fn forks_late(&mut self, now: Moment) {
        if !self.all_handed_over() || !self.flows() {
            self.partial = true;
            self.end_talk(now);
        }
    }

    fn end_talk(&mut self, now: Moment) {
        self.phase = Phase::Heard;
        self.end_forks();
        self.announced = None;
        self.deadline = Some((now + EAR_ANSWERS_WITHIN, Deadline::Ear));
        self.commands.push_back(Command::EarEnd { partial: self.partial });
    }

    fn ear_ended(&mut self, ending: EarEnding) {
        match ending {
            EarEnding::Noted if self.phase == Phase::Heard => self.finish(Ending::Noted),
            // A note of a call that has not ended is no note of it.
            EarEnding::Noted | EarEnding::Failed => self.finish(Ending::NoSummary(NoSummary::EngineFailed)),
            EarEnding::NotNoted(reason) => self.finish(Ending::NoSummary(reason)),
            EarEnding::Objected => self.finish(Ending::NoSummary(NoSummary::Objection)),
        }
    }

    fn finish(&mut self, ending: Ending) {
        if self.phase == Phase::Finished {
            return;
        }
        self.commands.retain(|command| !matches!(command, Command::HandOver { .. } | Command::Fork { .. }));
        self.end_forks();
        if self.phase == Phase::Playing {
            self.commands.push_back(Command::NoticeOver);
        }
        if self.opened && ending != Ending::Noted {
            self.commands.push_back(Command::EarStop);
        }
        self.phase = Phase::Finished;
        self.announced = None;
        self.deadline = None;
        self.commands.push_back(Command::Finish(ending));
    }

    fn end_forks(&mut self) {
        for (party, _) in std::mem::take(&mut self.forks) {
            self.commands.push_back(Command::EndFork { party });
        }
    }

    fn drop_fork(&mut self, party: Party) {
        if self.forks.remove(&party).is_some() {
            self.commands.push_back(Command::EndFork { party });
        }
    }

    fn between_bridges(&self) -> bool {
        [Deadline::Rebridge, Deadline::Apart, Deadline::Loss].iter().any(|what| self.awaits(*what))
    }

    fn awaits(&self, what: Deadline) -> bool {
        self.deadline.is_some_and(|(_, awaited)| awaited == what)
    }
}

/// The guarded sleep lasts 500 ms and a nested playback starts within 40 ms (F99): later, the caller has gone on.
const NOTICE_STARTS_WITHIN: Duration = Duration::from_secs(2);

/// More than this of the talk unheard is a gap that we caused (`partial`); the first packet comes 24 to 64 ms
/// after the command (F113).
const FORKS_RUN_WITHIN: Duration = Duration::from_secs(2);

/// A transfer bridges again within 41 ms of the unbridge (F117); longer, and a copy might follow its leg into
/// another call (F91).
const REBRIDGED_WITHIN: Duration = Duration::from_secs(1);

/// How long a talk may be interrupted by a ringing phone or a parking place and still be the same; longer keeps what
/// was said in memory for one that may never go on.
const APART_AT_MOST: Duration = Duration::from_secs(5 * 60);

/// How long an ear may work on a call that has ended; shorter loses notes on a busy machine, longer keeps
/// speech in memory.
const EAR_ANSWERS_WITHIN: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests;
