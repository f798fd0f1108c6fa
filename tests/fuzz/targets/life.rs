//! One byte string is the story of one call: what happens to it, one event after the other.
//!
//! Beside the life an observer keeps a book of its own: what was told of the notice and of consent, which copies there are,
//! and whether an ear that does what it is told would listen. No command may contradict the book.

use super::hand::Hand;
use callgist::call::{
    AgentLeg, Answer, CallId, Command, Consent, Direction, EarEnding, Ending, Event, Leg, Life, Moment,
    NoSummary, Party, Phase, Stop, SwitchTime,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A call's life: no socket without the proof, none after an objection, no ear that listens before the bridge, on hold or
/// after the end, no wait ended that is over, every notice undone, and one ending.
pub fn call(bytes: &[u8]) {
    let mut hand = Hand::new(bytes);
    let first = hand.byte();
    let consent = match first % 4 {
        0 => Some(Consent::NotAsked),
        1 => Some(Consent::ByKey),
        2 => Some(Consent::ByKeyOrAgent),
        _ => None,
    };
    let agent_leg = if first & 4 > 0 { AgentLeg::NotHeard } else { AgentLeg::Heard };
    let mut book = Book::new(consent, agent_leg);
    while !hand.is_empty() {
        match hand.byte() % 16 {
            0..4 => book.time_passes(Duration::from_millis(u64::from(hand.wide()) * 8)),
            4 => book.the_next_deadline_comes(),
            _ => {
                let event = event(&mut hand);
                book.happens(event);
            }
        }
    }
    book.happens(Event::HungUp);
    // An ear that never answers is given up, so time alone ends it.
    for _ in 0..8 {
        book.the_next_deadline_comes();
    }
    assert_eq!((book.life.phase(), book.life.poll_timeout(), book.endings), (Phase::Finished, None, 1));
}

struct Book {
    life: Life,
    now: Moment,
    consent: Consent,
    agent_leg: AgentLeg,
    /// It began without us.
    missed: bool,
    starts: Vec<SwitchTime>,
    stops: Vec<Stop>,
    completed: Vec<bool>,
    held_in_the_notice: bool,
    yes: Vec<SwitchTime>,
    objected: bool,
    gone_on: bool,
    question_over: bool,
    notices: i32,
    opened: bool,
    bridged: bool,
    /// The caller's talk with somebody is interrupted.
    apart: bool,
    listens: bool,
    asked_for_the_rest: bool,
    stopped: u32,
    copies: BTreeMap<Party, Copied>,
    held: Vec<Leg>,
    endings: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum Copied {
    Asked(Leg),
    Given,
}

impl Book {
    fn new(consent: Option<Consent>, agent_leg: AgentLeg) -> Book {
        let life = match consent {
            Some(consent) => Life::new(CALL, caller(), LENGTH, consent, agent_leg),
            None => Life::missed(CALL, caller(), NoSummary::Partial),
        };
        Book {
            life,
            now: Moment::START,
            consent: consent.unwrap_or(Consent::NotAsked),
            agent_leg,
            missed: consent.is_none(),
            starts: Vec::new(),
            stops: Vec::new(),
            completed: Vec::new(),
            held_in_the_notice: false,
            yes: Vec::new(),
            objected: false,
            gone_on: false,
            question_over: false,
            notices: 0,
            opened: false,
            bridged: false,
            apart: false,
            listens: false,
            asked_for_the_rest: false,
            stopped: 0,
            copies: BTreeMap::new(),
            held: Vec::new(),
            endings: 0,
        }
    }

    fn time_passes(&mut self, time: Duration) {
        self.now = self.now + time;
        self.life.handle_timeout(self.now);
        self.commands(None);
    }

    fn the_next_deadline_comes(&mut self) {
        let Some(when) = self.life.poll_timeout() else { return };
        self.now = self.now.max(when);
        self.life.handle_timeout(self.now);
        assert!(
            self.life.poll_timeout().is_none_or(|next| next > self.now),
            "it would be called without end"
        );
        self.commands(None);
    }

    fn happens(&mut self, event: Event) {
        self.note(&event);
        let (had_proof, agent) = (self.life.announced().is_some(), self.life.agent().cloned());
        self.life.handle(event.clone(), self.now);
        if agent.as_ref() != self.life.agent() {
            // Who has left the call does not keep it on hold.
            self.held.retain(|leg| Some(leg) != agent.as_ref());
        }
        self.commands(Some(&event));
        let over = self.asked_for_the_rest || self.endings > 0;
        assert_eq!(
            self.listens,
            self.bridged && self.held.is_empty() && !over,
            "{event:?}, held: {:?}",
            self.held
        );
        if let Some(proof) = self.life.announced() {
            assert_eq!(proof.call(), CALL);
            assert!(!self.objected && self.endings == 0 && !self.missed);
            if !had_proof {
                let (from, to) = self.proof().expect("a proof of what did not happen");
                assert_eq!((from, to), proof.times());
                let agreed = self.consent != Consent::NotAsked;
                assert!(!agreed || proof.consented().is_some_and(|at| self.yes.contains(&at)));
            }
        }
        let nobody_listens = self.life.announced().is_none();
        assert!(!nobody_listens || !self.life.is_heard(), "it is heard and nothing proves that it may be");
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::WaitOver => self.gone_on = true,
            Event::NoticeStarted { at } => self.starts.push(*at),
            Event::NoticeStopped(stop) => self.stops.push(*stop),
            Event::NoticeCompleted { file_played } => self.completed.push(*file_played),
            Event::Answered(answer) => {
                self.question_over |= self.life.phase() == Phase::Announced;
                if let Answer::Yes { at } = answer {
                    self.yes.push(*at);
                }
            }
            Event::Confirmed { at } => self.yes.push(*at),
            Event::Objected | Event::EarEnded(EarEnding::Objected) => self.objected = true,
            Event::Held { leg } => {
                self.held_in_the_notice |= self.life.phase() == Phase::Playing;
                if self.life.phase() != Phase::Finished && !self.held.contains(leg) {
                    self.held.push(leg.clone());
                }
            }
            Event::Unheld { leg } => self.held.retain(|held| held != leg),
            Event::ForkEnded { party } => _ = self.copies.remove(party),
            Event::Bridged { .. } => self.apart = false,
            Event::Unbridged | Event::AgentTaken => {
                self.apart |= matches!(self.life.phase(), Phase::Bridged | Phase::Forked);
            }
            _ => {}
        }
    }

    /// When the notice began and ended, if it was played to its end and nothing spoils the proof.
    fn proof(&self) -> Option<(SwitchTime, SwitchTime)> {
        let ([from], [stop], [true]) = (&self.starts[..], &self.stops[..], &self.completed[..]) else {
            return None;
        };
        let lasted = Duration::from_micros(stop.at.0.saturating_sub(from.0)) + Duration::from_millis(60);
        let whole = stop.done && stop.answered && !stop.hung_up && lasted >= LENGTH;
        let understood = stop.at.0 + 500_000;
        let agreed = self.consent == Consent::NotAsked || self.yes.iter().any(|at| at.0 >= understood);
        (whole && agreed && !self.held_in_the_notice).then_some((*from, stop.at))
    }

    fn commands(&mut self, event: Option<&Event>) {
        let mut count = 0;
        while let Some(command) = self.life.poll_command() {
            count += 1;
            assert!(count <= 16, "one event makes a flood");
            self.obey(command, event);
        }
    }

    fn obey(&mut self, command: Command, event: Option<&Event>) {
        let ends_a_copy = matches!(command, Command::RefuseFork { .. } | Command::EndFork { .. });
        assert!(self.endings == 0 || ends_a_copy, "after the end: {command:?}");
        assert!(!self.missed || ends_a_copy || matches!(command, Command::Finish(_)), "{command:?}");
        let listens = matches!(
            command,
            Command::PlayNotice
                | Command::Open
                | Command::Fork { .. }
                | Command::HandOver { .. }
                | Command::EarBridged
                | Command::EarResumed
        );
        assert!(!(self.objected && listens), "after an objection: {command:?}");
        match command {
            Command::PlayNotice => self.notices += 1,
            Command::NoticeOver => {
                self.notices -= 1;
                assert!(self.notices >= 0);
            }
            Command::Decline => assert!(!self.gone_on, "what he hears by now is not ours"),
            Command::EndQuestion => {
                let asked = self.consent != Consent::NotAsked && !self.question_over;
                assert!(asked && !self.gone_on, "it would be a key in something else");
            }
            Command::MarkAnnounced { from, to } => {
                assert!(from <= to);
                assert_eq!(
                    (self.starts.first(), self.stops.first().map(|stop| stop.at)),
                    (Some(&from), Some(to))
                );
            }
            Command::Open => {
                assert!(self.proof().is_some() && !self.opened);
                self.opened = true;
            }
            Command::Examine { leg } => assert!(self.opened && self.is_of_the_call(&leg)),
            Command::Fork { leg, party, direction } => {
                assert!(self.opened && self.is_of_the_call(&leg) && self.life.announced().is_some());
                if self.agent_leg == AgentLeg::Heard {
                    // No switch bridges a leg with itself; then there is no other side.
                    let itself = self.life.agent() == Some(&caller());
                    assert!(
                        itself || (party == Party::Agent) == (leg == caller()),
                        "the copy of the other side"
                    );
                    assert_eq!(direction, Direction::ToPhone);
                } else {
                    // Of his own leg, so that no agent's voice can be in it, and never while he speaks to nobody.
                    assert_eq!((party, &leg), (Party::Caller, &caller()));
                    assert_eq!((direction, self.apart), (Direction::FromPhone, false));
                }
                assert_eq!(
                    self.copies.insert(party, Copied::Asked(leg)),
                    None,
                    "a second copy of the same side"
                );
            }
            Command::HandOver { party } => {
                assert!(self.life.announced().is_some(), "a socket, and no proof");
                assert!(!self.apart || self.agent_leg == AgentLeg::Heard, "the caller speaks to nobody");
                let Some(Event::ForkOffered { leg, .. }) = event else { panic!("nothing was offered") };
                assert_eq!(self.copies.insert(party, Copied::Given), Some(Copied::Asked(leg.clone())));
            }
            Command::RefuseFork { .. } => assert!(matches!(event, Some(Event::ForkOffered { .. }))),
            Command::EndFork { party } => _ = self.copies.remove(&party),
            Command::EarBridged => {
                assert!(self.opened && !self.bridged && !self.asked_for_the_rest);
                (self.bridged, self.listens) = (true, true);
            }
            Command::EarPaused => self.listens = false,
            Command::EarResumed => {
                assert!(self.opened && !self.asked_for_the_rest);
                self.listens = true;
            }
            Command::EarEnd { .. } => {
                assert!(self.bridged && !self.asked_for_the_rest && self.copies.is_empty());
                (self.asked_for_the_rest, self.listens) = (true, false);
            }
            Command::EarStop => {
                assert!(self.opened);
                self.stopped += 1;
                self.listens = false;
            }
            Command::Finish(ending) => {
                self.endings += 1;
                assert_eq!((self.notices, self.endings), (0, 1));
                assert!(self.copies.is_empty(), "a copy outlives the call: {:?}", self.copies);
                let wipes = self.opened && ending != Ending::Noted;
                assert_eq!(self.stopped, u32::from(wipes), "an ear that nobody told");
                assert!(ending != Ending::Noted || self.asked_for_the_rest && !self.objected);
            }
        }
        assert!(
            self.bridged || !self.listens,
            "an ear that does what it is told would listen before the bridge"
        );
    }

    fn is_of_the_call(&self, leg: &Leg) -> bool {
        *leg == caller() || self.life.agent() == Some(leg)
    }
}

fn event(hand: &mut Hand<'_>) -> Event {
    match hand.byte() % 32 {
        0 | 1 => Event::Waiting { admitted: Ok(()) },
        2 => Event::Waiting { admitted: Err(hand.one_of(NoSummary::ALL)) },
        3 => Event::WaitOver,
        4 | 5 => Event::NoticeStarted { at: SwitchTime(u64::from(hand.byte()) * 1_000) },
        6 | 7 => Event::NoticeStopped(WHOLE),
        8 => {
            let marks = hand.byte();
            Event::NoticeStopped(Stop {
                at: SwitchTime(u64::from(hand.wide()) * 100),
                done: marks & 1 == 0,
                answered: marks & 2 == 0,
                hung_up: marks & 4 != 0,
            })
        }
        9 => Event::NoticeCompleted { file_played: !hand.byte().is_multiple_of(8) },
        10 => Event::Answered(Answer::Yes { at: a_key(hand) }),
        11 => Event::Answered(hand.one_of(&[Answer::No, Answer::Silence])),
        12 => Event::Confirmed { at: a_key(hand) },
        13 | 14 => Event::Bridged { agent: leg(hand) },
        15 => Event::Unbridged,
        16 => Event::AgentTaken,
        17 => Event::WentOutside { leg: leg(hand) },
        18 => Event::NeverHeard { leg: leg(hand) },
        19 | 20 => Event::Examined { leg: leg(hand), tappable: !hand.byte().is_multiple_of(8) },
        21 | 22 => Event::ForkOffered { party: party(hand), leg: leg(hand) },
        23 => Event::ForkFlows { party: party(hand) },
        24 => Event::ForkEnded { party: party(hand) },
        25 => Event::RecordingBegan { leg: leg(hand) },
        26 => Event::RecordingEnded { leg: leg(hand) },
        27 => Event::Held { leg: leg(hand) },
        28 => Event::Unheld { leg: leg(hand) },
        29 => match hand.byte() % 4 {
            0 => Event::Objected,
            1 => Event::HungUp,
            2 => Event::SwitchLost,
            _ => Event::Shutdown,
        },
        30 => Event::EarEnded(hand.one_of(&[EarEnding::Noted, EarEnding::Failed, EarEnding::Objected])),
        _ => Event::EarEnded(EarEnding::NotNoted(hand.one_of(NoSummary::ALL))),
    }
}

fn party(hand: &mut Hand<'_>) -> Party {
    hand.one_of(&[Party::Caller, Party::Agent])
}

fn leg(hand: &mut Hand<'_>) -> Leg {
    Leg::new(hand.one_of(&["b", "a", "c"])).expect("a name")
}

fn caller() -> Leg {
    Leg::new("a").expect("a name")
}

/// Up to half a minute after the switch's clock began.
fn a_key(hand: &mut Hand<'_>) -> SwitchTime {
    SwitchTime(u64::from(hand.wide()) * 500)
}

const CALL: CallId = CallId(1);
const LENGTH: Duration = Duration::from_millis(3_000);
const WHOLE: Stop = Stop { at: SwitchTime(3_018_000), done: true, answered: true, hung_up: false };
