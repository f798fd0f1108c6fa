//! Stories of calls whose agents are not heard: one copy, of what the caller's own phone sends.

use super::*;

fn alone(consent: Consent) -> Story {
    Story { life: Life::new(CallId(1), leg("a"), LENGTH, consent, AgentLeg::NotHeard), said: Vec::new() }
        .then(0, Event::Waiting { admitted: Ok(()) })
        .then(30, Event::NoticeStarted { at: SwitchTime(0) })
        .then(3_050, Event::NoticeStopped(WHOLE))
        .then(3_050, Event::NoticeCompleted { file_played: true })
}

fn forked() -> Story {
    alone(Consent::NotAsked)
        .then(3_060, Event::Examined { leg: leg("a"), tappable: true })
        .then(3_090, Event::ForkOffered { party: Party::Caller, leg: leg("a") })
        .then(3_120, Event::ForkFlows { party: Party::Caller })
        .then(8_000, Event::Bridged { agent: leg("b") })
}

/// The one copy that is ever made.
fn of_the_caller() -> Command {
    Command::Fork { leg: leg("a"), party: Party::Caller, direction: Direction::FromPhone }
}

fn forks(story: &Story) -> Vec<&Command> {
    story.said.iter().filter(|command| matches!(command, Command::Fork { .. })).collect()
}

#[test]
fn a_call_is_forked_when_its_one_copy_runs_and_ends_in_a_note() {
    let story = forked();
    assert_eq!((story.life.phase(), story.life.is_heard()), (Phase::Forked, true));
    let story = story.time_passes(10_000);
    assert_eq!(story.life.phase(), Phase::Forked, "nothing is missing two seconds after the bridge");
    let story = story.then(60_000, Event::HungUp).then(61_000, Event::EarEnded(EarEnding::Noted));
    assert_eq!(
        story.said,
        [
            Command::PlayNotice,
            Command::NoticeOver,
            Command::MarkAnnounced { from: SwitchTime(0), to: WHOLE.at },
            Command::Open,
            Command::Examine { leg: leg("a") },
            of_the_caller(),
            Command::HandOver { party: Party::Caller },
            Command::EarBridged,
            Command::EndFork { party: Party::Caller },
            Command::EarEnd { partial: false },
            Command::Finish(Ending::Noted),
        ]
    );
}

#[test]
fn an_agents_leg_is_never_looked_at_and_no_copy_of_it_is_taken() {
    let story = forked().then(8_010, Event::Examined { leg: leg("b"), tappable: true });
    assert_eq!(forks(&story), [&of_the_caller()]);
    for (party, of) in [(Party::Caller, "b"), (Party::Agent, "a"), (Party::Agent, "b")] {
        let story = forked().then(8_020, Event::ForkOffered { party, leg: leg(of) });
        assert_eq!(story.said.last(), Some(&Command::RefuseFork { party }), "{party:?} of {of}");
    }
    let story = forked().then(8_020, Event::Examined { leg: leg("b"), tappable: false });
    assert_eq!(story.reason(), None, "a phone of an agent's that cannot be copied is no matter of ours");
}

#[test]
fn a_caller_whose_leg_cannot_be_copied_gets_no_note() {
    let story = alone(Consent::NotAsked).then(3_060, Event::Examined { leg: leg("a"), tappable: false });
    assert_eq!(story.reason(), Some(NoSummary::NotTappable));
}

#[test]
fn a_copy_that_is_late_or_brings_nothing_is_a_gap_of_ours() {
    for flows in [false, true] {
        let mut story = alone(Consent::NotAsked).then(8_000, Event::Bridged { agent: leg("b") });
        if flows {
            story = story
                .then(8_010, Event::Examined { leg: leg("a"), tappable: true })
                .then(8_040, Event::ForkOffered { party: Party::Caller, leg: leg("a") });
        }
        let story = story.time_passes(10_000);
        assert_eq!(story.said.last(), Some(&Command::EarEnd { partial: true }));
    }
}

#[test]
fn what_the_caller_says_between_two_agents_is_not_copied_and_with_the_next_one_it_is_again() {
    let story = forked().then(20_000, Event::Unbridged);
    assert_eq!(story.said.last(), Some(&Command::EndFork { party: Party::Caller }));
    assert!(!story.life.is_heard());
    let story = story.then(20_040, Event::Bridged { agent: leg("c") });
    assert_eq!(story.said.last(), Some(&Command::Examine { leg: leg("a") }));
    let story = story
        .then(20_050, Event::Examined { leg: leg("a"), tappable: true })
        .then(20_090, Event::ForkOffered { party: Party::Caller, leg: leg("a") })
        .then(20_120, Event::ForkFlows { party: Party::Caller })
        .time_passes(23_000);
    assert_eq!((forks(&story).len(), story.life.phase(), story.life.is_heard()), (2, Phase::Forked, true));
    // Who takes over without a moment between them changes nothing of the caller's copy.
    let story = story.then(30_000, Event::Bridged { agent: leg("d") });
    assert_eq!(forks(&story).len(), 2);
    assert!(story.life.is_heard());
    // Nor does he go on in it whose agent talks with somebody else.
    let story = story.then(40_000, Event::AgentTaken);
    assert!(!story.life.is_heard());
}

#[test]
fn what_was_on_its_way_when_the_bridge_ended_makes_no_copy_of_a_caller_who_speaks_to_nobody() {
    let talk = || alone(Consent::NotAsked).then(8_000, Event::Bridged { agent: leg("b") });
    let (examined, offered) = (
        Event::Examined { leg: leg("a"), tappable: true },
        Event::ForkOffered { party: Party::Caller, leg: leg("a") },
    );
    let story = talk().then(8_010, Event::Unbridged).then(8_020, examined.clone());
    assert!(forks(&story).is_empty());
    let story = talk().then(8_010, examined.clone()).then(8_020, Event::Unbridged).then(8_030, offered);
    assert_eq!(story.said.last(), Some(&Command::RefuseFork { party: Party::Caller }));
    // With the next agent it is asked for again.
    let story = story.then(8_040, Event::Bridged { agent: leg("c") }).then(8_050, examined);
    assert_eq!(story.said.last(), Some(&of_the_caller()));
}

#[test]
fn the_key_objects_and_hold_pauses_as_ever() {
    let story = forked().then(20_000, Event::Held { leg: leg("b") });
    assert_eq!(story.said.last(), Some(&Command::EarPaused));
    let story = story.then(25_000, Event::Unheld { leg: leg("b") }).then(30_000, Event::Objected);
    let ended = [
        Command::EarResumed,
        Command::EndFork { party: Party::Caller },
        Command::EarStop,
        Command::Finish(Ending::NoSummary(NoSummary::Objection)),
    ];
    assert_eq!(story.said[story.said.len() - 4..], ended);
}

#[test]
fn whoever_is_asked_is_copied_only_once_he_has_said_yes() {
    let story = alone(Consent::ByKey);
    assert!(!opened(&story) && forks(&story).is_empty());
    let story = story.then(5_010, YES).then(5_020, Event::Examined { leg: leg("a"), tappable: true });
    assert_eq!(forks(&story), [&of_the_caller()]);
}
