//! Stories of one call, and the properties that no order of events may break.

mod alone;

use super::*;
use crate::call::Stop;
use proptest::prelude::*;

const LENGTH: Duration = Duration::from_millis(3_000);
const WHOLE: Stop = Stop { at: SwitchTime(3_018_000), done: true, answered: true, hung_up: false };

fn leg(name: &str) -> Leg {
    Leg::new(name).unwrap()
}

fn at(ms: u64) -> Moment {
    Moment::from_micros(ms * 1_000)
}

fn fork(name: &str, party: Party) -> Command {
    Command::Fork { leg: leg(name), party, direction: Direction::ToPhone }
}

/// A life and all commands it has given, with the moment of each step.
struct Story {
    life: Life,
    said: Vec<Command>,
}

impl Story {
    fn new() -> Story {
        Story {
            life: Life::new(CallId(1), leg("a"), LENGTH, Consent::NotAsked, AgentLeg::Heard),
            said: Vec::new(),
        }
    }

    fn then(mut self, ms: u64, event: Event) -> Story {
        self.life.handle(event, at(ms));
        self.collect()
    }

    fn time_passes(mut self, ms: u64) -> Story {
        self.life.handle_timeout(at(ms));
        self.collect()
    }

    fn collect(mut self) -> Story {
        while let Some(command) = self.life.poll_command() {
            self.said.push(command);
        }
        self
    }

    fn announced() -> Story {
        Story::new()
            .then(0, Event::Waiting { admitted: Ok(()) })
            .then(30, Event::NoticeStarted { at: SwitchTime(0) })
            .then(3_050, Event::NoticeStopped(WHOLE))
            .then(3_050, Event::NoticeCompleted { file_played: true })
    }

    fn forked() -> Story {
        Story::announced()
            .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
            .then(3_090, Event::ForkOffered { party: Party::Agent, leg: leg("a") })
            .then(8_000, Event::Bridged { agent: leg("b") })
            .then(8_010, Event::Examined { leg: leg("b"), tappable: true })
            .then(8_040, Event::ForkOffered { party: Party::Caller, leg: leg("b") })
            .then(8_064, Event::ForkFlows { party: Party::Caller })
            .then(8_065, Event::ForkFlows { party: Party::Agent })
    }

    fn ending(&self) -> Option<Ending> {
        self.said.iter().find_map(|command| match command {
            Command::Finish(ending) => Some(*ending),
            _ => None,
        })
    }

    fn reason(&self) -> Option<NoSummary> {
        match self.ending() {
            Some(Ending::NoSummary(reason)) => Some(reason),
            _ => None,
        }
    }
}

#[test]
fn a_whole_call_ends_in_a_note() {
    let story = Story::forked().then(60_000, Event::HungUp).then(61_000, Event::EarEnded(EarEnding::Noted));
    assert_eq!(
        story.said,
        [
            Command::PlayNotice,
            Command::NoticeOver,
            Command::MarkAnnounced { from: SwitchTime(0), to: WHOLE.at },
            Command::Open,
            Command::Examine { leg: leg("a") },
            fork("a", Party::Agent),
            Command::HandOver { party: Party::Agent },
            Command::EarBridged,
            Command::Examine { leg: leg("b") },
            fork("b", Party::Caller),
            Command::HandOver { party: Party::Caller },
            Command::EndFork { party: Party::Caller },
            Command::EndFork { party: Party::Agent },
            Command::EarEnd { partial: false },
            Command::Finish(Ending::Noted),
        ]
    );
}

#[test]
fn a_call_hung_up_during_the_notice_is_never_heard() {
    let story = Story::new()
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(1_000, Event::HungUp);
    assert_eq!(story.reason(), Some(NoSummary::NoticeIncomplete));
    assert!(!story.said.contains(&Command::Open));
}

#[test]
fn a_call_that_is_not_admitted_is_declined_at_once() {
    let story = Story::new().then(0, Event::Waiting { admitted: Err(NoSummary::Overload) });
    assert_eq!(story.said, [Command::Decline, Command::Finish(Ending::NoSummary(NoSummary::Overload))]);
}

#[test]
fn a_notice_that_never_begins_leaves_the_call_alone() {
    let story = Story::new().then(0, Event::Waiting { admitted: Ok(()) }).time_passes(2_000);
    assert_eq!(story.reason(), Some(NoSummary::NoticeIncomplete));
}

#[test]
fn a_caller_whom_nobody_answers_gets_no_note() {
    let story = Story::announced().then(20_000, Event::HungUp);
    assert_eq!(story.reason(), Some(NoSummary::Unanswered));
    assert_eq!(story.said.iter().filter(|c| **c == Command::EarStop).count(), 1);
}

#[test]
fn an_objection_ends_the_copies_and_wipes_the_ear() {
    let story = Story::forked().then(30_000, Event::Objected);
    let tail = &story.said[story.said.len() - 4..];
    assert_eq!(
        tail,
        [
            Command::EndFork { party: Party::Caller },
            Command::EndFork { party: Party::Agent },
            Command::EarStop,
            Command::Finish(Ending::NoSummary(NoSummary::Objection)),
        ]
    );
    let story = story.then(30_001, Event::ForkOffered { party: Party::Caller, leg: leg("b") });
    assert_eq!(story.said.last(), Some(&Command::RefuseFork { party: Party::Caller }));
}

#[test]
fn copies_of_which_not_a_packet_comes_end_the_talk_for_us() {
    let story = Story::announced()
        .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
        .then(3_090, Event::ForkOffered { party: Party::Agent, leg: leg("a") })
        .then(8_000, Event::Bridged { agent: leg("b") })
        .then(8_010, Event::Examined { leg: leg("b"), tappable: true })
        .then(8_040, Event::ForkOffered { party: Party::Caller, leg: leg("b") })
        .time_passes(10_100);
    assert!(story.said.contains(&Command::EarEnd { partial: true }));
    assert!(story.said.contains(&Command::EndFork { party: Party::Agent }));
}

#[test]
fn who_objects_in_the_notice_goes_on_to_the_agent_at_once() {
    let story = Story::new()
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(900, Event::Objected);
    let objected = Command::Finish(Ending::NoSummary(NoSummary::Objection));
    assert_eq!(story.said, [Command::PlayNotice, Command::Decline, Command::NoticeOver, objected]);
}

/// Whatever the caller hears by then is not ours to break off.
#[test]
fn who_waits_no_longer_is_never_declined() {
    let late = Story::new().then(0, Event::WaitOver);
    let refused = late.then(1, Event::Waiting { admitted: Err(NoSummary::Overload) });
    assert_eq!(refused.said, [Command::Finish(Ending::NoSummary(NoSummary::Overload))]);
    for event in [Event::Objected, Event::Shutdown] {
        let story = Story::new()
            .then(0, Event::Waiting { admitted: Ok(()) })
            .then(500, Event::WaitOver)
            .then(900, event);
        assert!(!story.said.contains(&Command::Decline), "{:?}", story.said);
        assert!(story.said.contains(&Command::NoticeOver), "{:?}", story.said);
    }
}

#[test]
fn a_notice_that_would_come_too_late_is_not_asked_for() {
    let story = Story::new().then(0, Event::WaitOver).then(1, Event::Waiting { admitted: Ok(()) });
    assert_eq!(story.said, [Command::Finish(Ending::NoSummary(NoSummary::NoticeIncomplete))]);
}

#[test]
fn a_call_is_heard_from_the_bridge_on_as_long_as_a_copy_brings_packets() {
    let bridged = Event::Bridged { agent: leg("b") };
    let story = Story::announced()
        .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
        .then(3_090, Event::ForkOffered { party: Party::Agent, leg: leg("a") })
        .then(3_120, Event::ForkFlows { party: Party::Agent });
    assert!(!story.life.is_heard());
    let story = story.then(8_000, bridged.clone());
    assert!(story.life.is_heard(), "one copy is enough");
    let story = story.then(9_000, Event::Unbridged).time_passes(10_000);
    assert!(!story.life.is_heard(), "nothing is copied while he waits for the next agent");
    let story = story
        .then(12_000, bridged)
        .then(12_010, Event::Examined { leg: leg("a"), tappable: true })
        .then(12_020, Event::ForkFlows { party: Party::Agent });
    assert!(!story.life.is_heard(), "what comes late of the last copy says nothing of the next one");
    let story = story
        .then(12_030, Event::ForkOffered { party: Party::Agent, leg: leg("a") })
        .then(12_040, Event::ForkFlows { party: Party::Agent });
    assert!(story.life.is_heard());
    assert!(!story.then(20_000, Event::HungUp).life.is_heard());
}

#[test]
fn a_hold_during_the_notice_refutes_it() {
    let story = Story::new()
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(900, Event::Held { leg: leg("a") })
        .then(3_050, Event::NoticeStopped(WHOLE))
        .then(3_050, Event::NoticeCompleted { file_played: true });
    assert_eq!(story.reason(), Some(NoSummary::NoticeIncomplete));
}

#[test]
fn a_hold_pauses_the_listening_until_both_sides_are_back() {
    let story = Story::forked()
        .then(10_000, Event::Held { leg: leg("b") })
        .then(11_000, Event::Held { leg: leg("a") })
        .then(12_000, Event::Unheld { leg: leg("b") })
        .then(13_000, Event::Unheld { leg: leg("a") });
    let ear = story.said.iter().filter(|c| matches!(c, Command::EarPaused | Command::EarResumed));
    assert_eq!(ear.collect::<Vec<_>>(), [&Command::EarPaused, &Command::EarResumed]);
}

#[test]
fn an_ear_is_told_of_no_hold_before_the_bridge_and_at_the_bridge_of_one_that_lasts() {
    let ear = |story: &Story| {
        let told = |c: &&Command| matches!(c, Command::EarBridged | Command::EarPaused | Command::EarResumed);
        story.said.iter().filter(told).cloned().collect::<Vec<_>>()
    };
    let held = Story::announced().then(4_000, Event::Held { leg: leg("a") });
    let back =
        held.then(5_000, Event::Unheld { leg: leg("a") }).then(8_000, Event::Bridged { agent: leg("b") });
    assert_eq!(ear(&back), [Command::EarBridged], "it would have listened while the phone rang");
    let held = Story::announced().then(4_000, Event::Held { leg: leg("a") });
    let held = held.then(8_000, Event::Bridged { agent: leg("b") });
    assert_eq!(ear(&held), [Command::EarBridged, Command::EarPaused]);
    assert_eq!(ear(&held.then(9_000, Event::Unheld { leg: leg("a") })).last(), Some(&Command::EarResumed));
}

#[test]
fn a_transfer_taps_the_new_agent_and_keeps_the_callers_copy() {
    let story = Story::forked()
        .then(20_000, Event::ForkEnded { party: Party::Caller })
        .then(20_001, Event::Unbridged)
        .then(20_041, Event::Bridged { agent: leg("c") })
        .then(20_050, Event::Examined { leg: leg("c"), tappable: true })
        .then(20_090, Event::ForkOffered { party: Party::Caller, leg: leg("c") })
        .time_passes(25_000)
        .then(40_000, Event::HungUp)
        .then(41_000, Event::EarEnded(EarEnding::Noted));
    assert_eq!(story.ending(), Some(Ending::Noted));
    assert!(story.said.contains(&fork("c", Party::Caller)));
    assert!(story.said.contains(&Command::EarEnd { partial: false }));
}

#[test]
fn an_agent_who_lives_on_elsewhere_is_no_longer_heard() {
    let story = Story::forked().then(20_000, Event::Unbridged).time_passes(21_000);
    let ended = [Party::Caller, Party::Agent].map(|party| Command::EndFork { party });
    assert_eq!(story.said[story.said.len() - 2..], ended);
    let late = story.then(21_010, Event::Examined { leg: leg("b"), tappable: true });
    assert_eq!(late.said[late.said.len() - 2..], ended);
    let story = late.then(22_000, Event::HungUp);
    assert_eq!(story.said.last(), Some(&Command::EarEnd { partial: false }));
    assert!(story.life.announced().is_none());
}

#[test]
fn a_caller_who_waits_for_the_next_agent_is_copied_anew_when_that_one_answers() {
    let story = Story::forked()
        .then(20_000, Event::Unbridged)
        .time_passes(21_000)
        .then(35_000, Event::Bridged { agent: leg("c") })
        .then(35_010, Event::Examined { leg: leg("c"), tappable: true })
        .then(35_010, Event::Examined { leg: leg("a"), tappable: true });
    let forks = [(leg("c"), Party::Caller), (leg("a"), Party::Agent)];
    let forks = forks.map(|(leg, party)| Command::Fork { leg, party, direction: Direction::ToPhone });
    assert_eq!(story.said[story.said.len() - 2..], forks);
    // Also when it is the same one again.
    let story = Story::forked().then(20_000, Event::Unbridged).time_passes(21_000);
    let story = story.then(35_000, Event::Bridged { agent: leg("b") });
    assert_eq!(story.said.last(), Some(&Command::Examine { leg: leg("a") }));
}

#[test]
fn a_caller_who_waits_for_nobody_is_told_of_after_a_while() {
    let story = Story::forked().then(20_000, Event::Unbridged).time_passes(21_000).time_passes(321_000);
    assert_eq!(story.said.last(), Some(&Command::EarEnd { partial: false }));
    assert_eq!(story.life.phase(), Phase::Heard);
}

#[test]
fn an_agent_who_talks_with_somebody_else_is_no_longer_copied_at_once() {
    let story = Story::forked().then(20_000, Event::AgentTaken);
    assert_eq!(story.said.last(), Some(&Command::EndFork { party: Party::Caller }));
}

#[test]
fn a_copy_of_the_last_agents_leg_that_comes_late_is_refused() {
    let story = Story::announced()
        .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
        .then(3_090, Event::ForkOffered { party: Party::Agent, leg: leg("a") })
        .then(8_000, Event::Bridged { agent: leg("b") })
        .then(8_010, Event::Examined { leg: leg("b"), tappable: true })
        .then(8_020, Event::Bridged { agent: leg("c") })
        .then(8_030, Event::Examined { leg: leg("c"), tappable: true })
        .then(8_040, Event::ForkOffered { party: Party::Caller, leg: leg("b") });
    assert_eq!(story.said.last(), Some(&Command::RefuseFork { party: Party::Caller }));
    let story = story.then(8_050, Event::ForkOffered { party: Party::Caller, leg: leg("c") });
    assert_eq!(story.said.last(), Some(&Command::HandOver { party: Party::Caller }));
}

#[test]
fn a_new_agent_is_heard_though_the_last_one_left_the_call_on_hold() {
    let story = Story::forked()
        .then(10_000, Event::Held { leg: leg("b") })
        .then(12_000, Event::Unbridged)
        .then(12_041, Event::Bridged { agent: leg("c") });
    let ear = story.said.iter().filter(|c| matches!(c, Command::EarPaused | Command::EarResumed));
    assert_eq!(ear.collect::<Vec<_>>(), [&Command::EarPaused, &Command::EarResumed]);
}

#[test]
fn a_copy_that_cannot_be_made_while_the_phone_rings_is_asked_for_once_more_at_the_bridge() {
    let story = Story::announced()
        .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
        .then(3_090, Event::ForkEnded { party: Party::Agent })
        .then(3_100, Event::ForkEnded { party: Party::Agent });
    let examined =
        |story: &Story| story.said.iter().filter(|c| **c == Command::Examine { leg: leg("a") }).count();
    assert_eq!(examined(&story), 1);
    assert_eq!(examined(&story.then(8_000, Event::Bridged { agent: leg("b") })), 2);
}

#[test]
fn a_copy_that_is_lost_in_the_talk_makes_the_call_partial() {
    let story = Story::forked().then(20_000, Event::ForkEnded { party: Party::Agent }).time_passes(21_000);
    assert!(story.said.contains(&Command::EarEnd { partial: true }));
}

#[test]
fn a_copy_that_never_comes_makes_the_call_partial() {
    let story = Story::announced().then(8_000, Event::Bridged { agent: leg("b") }).time_passes(10_000);
    assert!(story.said.contains(&Command::EarEnd { partial: true }));
}

#[test]
fn a_leg_without_a_codec_is_never_tapped() {
    let story = Story::announced().then(3_060, Event::Examined { leg: leg("a"), tappable: false });
    assert_eq!(story.reason(), Some(NoSummary::NotTappable));
    assert!(!story.said.iter().any(|c| matches!(c, Command::Fork { .. })));
}

#[test]
fn an_ear_that_dies_costs_the_note_only() {
    let story = Story::forked().then(20_000, Event::EarEnded(EarEnding::Failed));
    assert_eq!(story.reason(), Some(NoSummary::EngineFailed));
}

#[test]
fn a_hold_that_is_told_twice_pauses_once() {
    let story = Story::forked()
        .then(10_000, Event::Held { leg: leg("b") })
        .then(10_500, Event::Held { leg: leg("b") })
        .then(12_000, Event::Unheld { leg: leg("b") });
    let ear = story.said.iter().filter(|c| matches!(c, Command::EarPaused | Command::EarResumed));
    assert_eq!(ear.collect::<Vec<_>>(), [&Command::EarPaused, &Command::EarResumed]);
}

#[test]
fn a_stop_during_the_notice_ends_it() {
    let story = Story::new()
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(900, Event::Shutdown);
    let stopped = Command::Finish(Ending::NoSummary(NoSummary::Shutdown));
    assert_eq!(story.said, [Command::PlayNotice, Command::Decline, Command::NoticeOver, stopped]);
}

#[test]
fn a_call_that_began_without_us_ends_with_its_reason() {
    let reason = |missed, event| {
        let life = Life::missed(CallId(1), leg("a"), missed);
        Story { life, said: Vec::new() }.then(0, Event::Bridged { agent: leg("b") }).then(9, event).reason()
    };
    for missed in [NoSummary::Partial, NoSummary::NoticeIncomplete, NoSummary::NoConsent] {
        assert_eq!(reason(missed, Event::HungUp), Some(missed));
        assert_eq!(reason(missed, Event::Shutdown), Some(missed));
        assert_eq!(reason(missed, Event::Objected), Some(NoSummary::Objection));
    }
}

#[test]
fn a_call_that_is_recorded_before_it_waits_is_declined() {
    let story = Story::new()
        .then(0, Event::RecordingBegan { leg: leg("a") })
        .then(1, Event::Waiting { admitted: Ok(()) });
    assert_eq!(story.said, [Command::Decline, Command::Finish(Ending::NoSummary(NoSummary::Recorded))]);
}

#[test]
fn a_call_that_cannot_be_copied_is_declined_before_its_notice() {
    let story = Story::new()
        .then(0, Event::Examined { leg: leg("a"), tappable: false })
        .then(1, Event::Waiting { admitted: Ok(()) });
    assert_eq!(story.said, [Command::Decline, Command::Finish(Ending::NoSummary(NoSummary::NotTappable))]);
}

#[test]
fn a_recording_of_either_leg_in_the_talk_ends_the_listening() {
    for recorded in ["a", "b"] {
        let story = Story::forked().then(20_000, Event::RecordingBegan { leg: leg(recorded) });
        assert_eq!(story.reason(), Some(NoSummary::Recorded));
        assert!(story.said.contains(&Command::EarStop));
        assert_eq!(story.said.iter().filter(|c| matches!(c, Command::EndFork { .. })).count(), 2);
    }
}

#[test]
fn a_recording_counts_from_the_bridge_on_and_one_that_ended_before_does_not() {
    let rings = || Story::announced().then(3_500, Event::RecordingBegan { leg: leg("a") });
    let bridged = Event::Bridged { agent: leg("b") };
    assert_eq!(rings().reason(), None);
    let story = rings().then(8_000, bridged.clone());
    assert_eq!(story.reason(), Some(NoSummary::Recorded));
    assert!(!story.said.contains(&Command::EarBridged));
    let story = rings().then(4_000, Event::RecordingEnded { leg: leg("a") }).then(8_000, bridged);
    assert_eq!((story.reason(), story.life.phase()), (None, Phase::Bridged));
}

#[test]
fn a_recording_of_a_leg_that_has_left_the_call_does_not_count_and_of_the_next_agent_does() {
    let story = Story::forked().then(20_000, Event::RecordingBegan { leg: leg("c") });
    assert_eq!(story.reason(), None);
    let story = story.then(21_000, Event::Unbridged).then(21_040, Event::Bridged { agent: leg("c") });
    assert_eq!(story.reason(), Some(NoSummary::Recorded));
}

#[test]
fn a_caller_who_is_transferred_outside_is_listened_to_up_to_there() {
    let story = Story::forked()
        .then(20_000, Event::Unbridged)
        .then(20_040, Event::Bridged { agent: leg("c") })
        .then(20_060, Event::WentOutside { leg: leg("b") });
    assert_eq!(story.life.phase(), Phase::Forked, "who has left is nobody's partner");
    let story = story.then(20_080, Event::WentOutside { leg: leg("c") });
    assert!(story.said.contains(&Command::EarEnd { partial: false }));
    let story = story.then(20_090, Event::Examined { leg: leg("c"), tappable: true });
    assert_eq!(story.said.iter().filter(|c| matches!(c, Command::Fork { .. })).count(), 2);
    let story = story.then(25_000, Event::EarEnded(EarEnding::Noted));
    assert_eq!(story.ending(), Some(Ending::Noted));
}

#[test]
fn of_a_talk_with_somebody_who_is_never_heard_the_ear_wipes_what_it_has() {
    let story = Story::forked().then(8_070, Event::NeverHeard { leg: leg("c") });
    assert_eq!(story.life.phase(), Phase::Forked, "that is nobody's partner");
    let story = story.then(8_080, Event::NeverHeard { leg: leg("b") });
    assert_eq!(story.ending(), Some(Ending::NoSummary(NoSummary::Excluded)));
    assert!(story.said.contains(&Command::EarStop) && story.life.announced().is_none());
    assert_eq!(story.said.iter().filter(|c| matches!(c, Command::EndFork { .. })).count(), 2);
}

// ---------------------------------------------------------------- consent

/// A call whose notice was played to its end, on a line that asks.
fn asked(consent: Consent) -> Story {
    Story { life: Life::new(CallId(1), leg("a"), LENGTH, consent, AgentLeg::Heard), said: Vec::new() }
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(3_050, Event::NoticeStopped(WHOLE))
        .then(3_050, Event::NoticeCompleted { file_played: true })
}

const YES: Event = Event::Answered(Answer::Yes { at: SwitchTime(5_000_000) });
const SAYS_AGENT: Event = Event::Confirmed { at: SwitchTime(20_000_000) };

fn opened(story: &Story) -> bool {
    story.said.contains(&Command::Open)
}

#[test]
fn a_caller_who_is_asked_is_not_heard_before_he_has_said_yes() {
    let story = asked(Consent::ByKey);
    let mark = Command::MarkAnnounced { from: SwitchTime(0), to: WHOLE.at };
    assert_eq!(story.said, [Command::PlayNotice, Command::NoticeOver, mark]);
    assert!(story.life.announced().is_none() && story.life.phase() == Phase::Announced);
    let story = story.then(5_010, YES);
    assert_eq!(story.said[3..], [Command::Open, Command::Examine { leg: leg("a") }]);
    assert_eq!(story.life.announced().unwrap().consented(), Some(SwitchTime(5_000_000)));
}

#[test]
fn no_answer_means_no_and_so_does_every_way_out_of_the_question() {
    let bridged = Event::Bridged { agent: leg("b") };
    for event in [Event::Answered(Answer::No), Event::Answered(Answer::Silence), bridged, Event::HungUp] {
        let story = asked(Consent::ByKey).then(9_000, event.clone());
        assert_eq!(story.reason(), Some(NoSummary::NoConsent), "{event:?}");
        let story = story.then(9_100, YES);
        assert!(!opened(&story), "{event:?}");
    }
}

#[test]
fn a_key_that_was_pressed_in_the_notice_is_no_answer_to_what_was_not_asked_yet() {
    let early = Event::Answered(Answer::Yes { at: SwitchTime(3_200_000) });
    assert_eq!(asked(Consent::ByKey).then(3_250, early.clone()).reason(), Some(NoSummary::NoConsent));
    let in_it = Story {
        life: Life::new(CallId(1), leg("a"), LENGTH, Consent::ByKey, AgentLeg::Heard),
        said: Vec::new(),
    }
    .then(0, Event::Waiting { admitted: Ok(()) })
    .then(30, Event::NoticeStarted { at: SwitchTime(0) })
    .then(1_000, YES);
    assert_eq!((in_it.reason(), in_it.life.phase()), (None, Phase::Playing));
}

#[test]
fn who_objects_in_the_question_is_not_asked_on_and_an_objection_takes_a_consent_back() {
    let story = asked(Consent::ByKey).then(4_000, Event::Objected);
    let objected = Command::Finish(Ending::NoSummary(NoSummary::Objection));
    assert_eq!(story.said[3..], [Command::Decline, Command::EndQuestion, objected]);
    let silent = asked(Consent::ByKeyOrAgent).then(11_000, Event::Answered(Answer::Silence));
    let story = silent.then(11_100, Event::Objected);
    assert!(!story.said.contains(&Command::EndQuestion), "it is over: {:?}", story.said);
    let story = asked(Consent::ByKey).then(5_010, YES).then(6_000, Event::Objected);
    assert_eq!(story.reason(), Some(NoSummary::Objection));
    assert!(story.life.announced().is_none() && story.said.contains(&Command::EarStop));
}

#[test]
fn a_spoken_yes_counts_from_the_agents_key_on_and_only_where_the_line_has_it_so() {
    let talks = |consent| asked(consent).then(12_000, Event::Bridged { agent: leg("b") });
    let story = talks(Consent::ByKeyOrAgent);
    assert_eq!((story.reason(), opened(&story)), (None, false));
    let story = story.then(20_010, SAYS_AGENT);
    let examine = |name| Command::Examine { leg: leg(name) };
    let opened_late = [Command::Open, examine("a"), Command::EarBridged, examine("b"), examine("a")];
    assert_eq!(story.said[3..], opened_late);
    assert_eq!(story.life.phase(), Phase::Bridged);
    assert!(!opened(&talks(Consent::ByKey).then(20_010, SAYS_AGENT)));
}

#[test]
fn an_agent_confirms_nothing_after_a_no_nor_where_nobody_talks() {
    let bridged = Event::Bridged { agent: leg("b") };
    let no =
        asked(Consent::ByKeyOrAgent).then(5_000, Event::Answered(Answer::No)).then(6_000, bridged.clone());
    assert_eq!(no.reason(), Some(NoSummary::NoConsent));
    let silent = asked(Consent::ByKeyOrAgent).then(11_000, Event::Answered(Answer::Silence));
    assert!(!opened(&silent.then(11_500, SAYS_AGENT)), "his phone still rings");
    let parted = asked(Consent::ByKeyOrAgent).then(12_000, bridged).then(15_000, Event::Unbridged);
    let parted = parted.then(20_010, SAYS_AGENT);
    assert!(!opened(&parted));
    assert_eq!(parted.then(30_000, Event::HungUp).reason(), Some(NoSummary::NoConsent));
}

fn any_event() -> impl Strategy<Value = Event> {
    let legs = prop_oneof![Just(leg("a")), Just(leg("b")), Just(leg("c"))];
    let party = prop_oneof![Just(Party::Caller), Just(Party::Agent)];
    let stop = (any::<bool>(), any::<bool>(), any::<bool>(), 0u64..4_000_000)
        .prop_map(|(done, answered, hung_up, at)| Stop { at: SwitchTime(at), done, answered, hung_up });
    prop_oneof![
        3 => Just(Event::Waiting { admitted: Ok(()) }),
        1 => Just(Event::Waiting { admitted: Err(NoSummary::Overload) }),
        1 => Just(Event::WaitOver),
        3 => Just(Event::NoticeStarted { at: SwitchTime(0) }),
        3 => Just(Event::NoticeStopped(WHOLE)),
        1 => stop.prop_map(Event::NoticeStopped),
        3 => any::<bool>().prop_map(|file_played| Event::NoticeCompleted { file_played }),
        3 => legs.clone().prop_map(|agent| Event::Bridged { agent }),
        1 => Just(Event::Unbridged),
        1 => Just(Event::AgentTaken),
        1 => legs.clone().prop_map(|leg| Event::WentOutside { leg }),
        1 => legs.clone().prop_map(|leg| Event::NeverHeard { leg }),
        3 => (legs.clone(), prop::bool::weighted(0.9)).prop_map(|(leg, tappable)| Event::Examined { leg, tappable }),
        4 => (party.clone(), legs.clone()).prop_map(|(party, leg)| Event::ForkOffered { party, leg }),
        2 => party.clone().prop_map(|party| Event::ForkFlows { party }),
        1 => party.prop_map(|party| Event::ForkEnded { party }),
        1 => legs.clone().prop_map(|leg| Event::RecordingBegan { leg }),
        1 => legs.clone().prop_map(|leg| Event::RecordingEnded { leg }),
        1 => legs.clone().prop_map(|leg| Event::Held { leg }),
        1 => legs.prop_map(|leg| Event::Unheld { leg }),
        1 => Just(Event::Objected),
        1 => Just(Event::HungUp),
        2 => (2_000_000u64..9_000_000).prop_map(|at| Event::Answered(Answer::Yes { at: SwitchTime(at) })),
        1 => Just(Event::Answered(Answer::No)),
        1 => Just(Event::Answered(Answer::Silence)),
        2 => (2_000_000u64..9_000_000).prop_map(|at| Event::Confirmed { at: SwitchTime(at) }),
        1 => Just(Event::SwitchLost),
        1 => Just(Event::EarEnded(EarEnding::Noted)),
        1 => Just(Event::EarEnded(EarEnding::Failed)),
        1 => Just(Event::EarEnded(EarEnding::Objected)),
        1 => Just(Event::EarEnded(EarEnding::NotNoted(NoSummary::OneSided))),
        1 => Just(Event::Shutdown),
    ]
}

fn any_agent_leg() -> impl Strategy<Value = AgentLeg> {
    prop_oneof![Just(AgentLeg::Heard), Just(AgentLeg::NotHeard)]
}

fn any_consent() -> impl Strategy<Value = Consent> {
    prop_oneof![Just(Consent::NotAsked), Just(Consent::ByKey), Just(Consent::ByKeyOrAgent)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_order_of_events_hands_a_socket_over_without_the_proof(
        consent in any_consent(), agent_leg in any_agent_leg(), events in proptest::collection::vec((any_event(), 0u64..3_000), 0..60)
    ) {
        let mut life = Life::new(CallId(1), leg("a"), LENGTH, consent, agent_leg);
        let (mut now, mut objected, mut finished, mut whole) = (0, false, 0, false);
        let (mut gone_on, mut notices, mut consented) = (false, 0, consent == Consent::NotAsked);
        for (event, pause) in events {
            now += pause;
            let offered = match &event {
                Event::ForkOffered { leg, .. } => Some(leg.clone()),
                _ => None,
            };
            objected |= matches!(event, Event::Objected | Event::EarEnded(EarEnding::Objected));
            gone_on |= event == Event::WaitOver;
            whole |= event == Event::NoticeStopped(WHOLE)
                || matches!(&event, Event::NoticeStopped(stop) if stop.at.0 >= 2_980_000);
            consented |= match event {
                Event::Answered(Answer::Yes { .. }) => whole,
                Event::Confirmed { .. } => whole && consent == Consent::ByKeyOrAgent,
                _ => false,
            };
            life.handle_timeout(at(now));
            life.handle(event, at(now));
            while let Some(command) = life.poll_command() {
                let harmless = matches!(command, Command::RefuseFork { .. } | Command::EndFork { .. });
                prop_assert!(finished == 0 || harmless);
                match command {
                    Command::HandOver { party } => {
                        prop_assert!(life.announced().is_some());
                        prop_assert!(whole && consented && !objected);
                        let ours = offered == Some(leg("a")) || offered.as_ref() == life.agent();
                        prop_assert!(ours);
                        prop_assert!(agent_leg.voices().contains(&party));
                    }
                    Command::Fork { leg: of, party, direction } if agent_leg == AgentLeg::NotHeard => {
                        prop_assert_eq!(
                            (of, party, direction),
                            (leg("a"), Party::Caller, Direction::FromPhone)
                        );
                    }
                    Command::Decline | Command::EndQuestion => prop_assert!(!gone_on),
                    Command::PlayNotice => notices += 1,
                    Command::NoticeOver => notices -= 1,
                    Command::Finish(_) => {
                        finished += 1;
                        prop_assert_eq!(notices, 0);
                    }
                    _ => {}
                }
            }
            prop_assert!(!objected || life.announced().is_none() && !life.is_heard());
            let talks = matches!(life.phase(), Phase::Bridged | Phase::Forked);
            prop_assert!(!(talks && life.is_recorded()));
            prop_assert_eq!(finished == 1, life.phase() == Phase::Finished);
        }
    }

    #[test]
    fn a_call_that_began_without_us_is_never_listened_to(
        events in proptest::collection::vec((any_event(), 0u64..3_000), 0..60)
    ) {
        let mut life = Life::missed(CallId(1), leg("a"), NoSummary::Partial);
        let (mut now, mut finished) = (0, 0);
        let hung_up = [(Event::HungUp, 1)];
        for (event, pause) in events.into_iter().chain(hung_up) {
            now += pause;
            life.handle_timeout(at(now));
            life.handle(event, at(now));
            prop_assert!(life.announced().is_none());
            while let Some(command) = life.poll_command() {
                match command {
                    Command::Finish(_) => finished += 1,
                    Command::RefuseFork { .. } | Command::EndFork { .. } => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
        prop_assert_eq!(finished, 1);
    }

    #[test]
    fn every_life_ends_by_itself_once_the_caller_is_gone(
        consent in any_consent(), agent_leg in any_agent_leg(), events in proptest::collection::vec((any_event(), 0u64..3_000), 0..40)
    ) {
        let mut life = Life::new(CallId(1), leg("a"), LENGTH, consent, agent_leg);
        let mut now = 0;
        for (event, pause) in events {
            now += pause;
            life.handle(event, at(now));
        }
        life.handle(Event::HungUp, at(now));
        while let Some(when) = life.poll_timeout() {
            life.handle_timeout(when);
        }
        prop_assert_eq!(life.phase(), Phase::Finished);
    }
}
