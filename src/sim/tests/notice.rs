//! The notice in the guarded sleep, and what the switch says when it is broken off.

use super::*;

/// N01, "alive play"; the bridge is followed in the next test.
const NOTICE_STORY: [&str; 22] = [
    "CHANNEL_EXECUTE_COMPLETE A export",
    "CHANNEL_EXECUTE A answer",
    "CHANNEL_ANSWER A",
    "CHANNEL_EXECUTE_COMPLETE A answer",
    "CHANNEL_EXECUTE A bind_digit_action",
    "CHANNEL_EXECUTE_COMPLETE A bind_digit_action",
    "CHANNEL_EXECUTE A digit_action_set_realm",
    "CHANNEL_EXECUTE_COMPLETE A digit_action_set_realm",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A sleep",
    "CHANNEL_EXECUTE A playback",
    "PLAYBACK_START A",
    "PLAYBACK_STOP A",
    "CHANNEL_EXECUTE_COMPLETE A playback",
    "CHANNEL_EXECUTE_COMPLETE A sleep",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
];

#[test]
fn the_notice_is_played_into_the_guarded_sleep_as_on_a_real_switch() {
    let mut bench = Bench::new();
    let report = bench.ended(talk(1));
    assert_eq!(bench.story()[..22], NOTICE_STORY);
    assert_eq!(bench.time_of("PLAYBACK_START A"), 20);
    assert_eq!(bench.time_of("PLAYBACK_STOP A"), 3_700);
    assert_eq!(bench.time_of("CHANNEL_EXECUTE_COMPLETE A sleep"), 3_720);
    assert_eq!(bench.event("CHANNEL_EXECUTE_COMPLETE A sleep").application_response(), Some("FILE PLAYED"));
    assert_eq!(bench.event("CHANNEL_EXECUTE A playback").application_data(), Some(NOTICE));
    assert_eq!(bench.event("CHANNEL_EXECUTE_COMPLETE A playback").application_uuid(), Some("own-1"));
    assert_eq!(report.notice_heard, ms(3_680));
    assert_eq!(report.agent_invited, Some(ms(3_720)));
    assert_eq!(report.file_heard_in_talk, Duration::ZERO);
}

#[test]
fn a_dead_sidecar_costs_nothing_a_hung_one_520_ms_and_one_that_declines_next_to_nothing() {
    let invited = |bench: &mut Bench| bench.ended(talk(1)).agent_invited.unwrap().as_millis();
    let mut dead = Bench::new();
    dead.api("global_setvar callgist_alive_until=1");
    dead.at_sleep = AtSleep::Hangs;
    assert_eq!(invited(&mut dead), 0);
    let mut hung = Bench::new();
    hung.at_sleep = AtSleep::Hangs;
    assert_eq!(invited(&mut hung), 520);
    let mut declines = Bench::new();
    declines.at_sleep = AtSleep::Declines;
    assert_eq!(invited(&mut declines), 20);
    assert!(!declines.story().iter().any(|line| line.starts_with("PLAYBACK")));
}

#[test]
fn a_notice_that_comes_too_late_is_not_heard() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    bench.call(talk(3));
    bench.until(ms(1_500));
    let a = bench.a.clone();
    bench.play_notice(&a);
    bench.until(ms(2_000));
    let late = bench.event("CHANNEL_EXECUTE_COMPLETE A playback");
    assert_eq!(
        (late.application_response(), late.application_data()),
        (Some("FILE NOT FOUND"), Some("silence_stream://0"))
    );
    assert!(!bench.story().iter().any(|line| line.starts_with("PLAYBACK")));
}

/// One row of the table of what proves that a file was played: status, response, state, read, elapsed.
fn proof(act: Option<Act>) -> (String, String, String, String, u64) {
    let mut bench = Bench::new();
    let events = act.map(|act| (When::Noticed(ms(1_000)), act)).into_iter().collect();
    bench.call(Script { events, ..talk(1) });
    bench.until(ms(12_000));
    let of = |event: &Event, name: &str| event.get(name).unwrap_or_default().to_owned();
    let stops: Vec<&Event> =
        bench.events.iter().map(|(_, e)| e).filter(|e| of(e, "Event-Name") == "PLAYBACK_STOP").collect();
    let stop = stops.iter().find(|event| event.playback_path() == Some(NOTICE)).unwrap();
    let complete = bench.events.iter().map(|(_, event)| event).find(|event| {
        event.application_uuid() == Some("own-1") && of(event, "Event-Name") == "CHANNEL_EXECUTE_COMPLETE"
    });
    let start = bench.event("PLAYBACK_START A").date_micros().unwrap();
    let elapsed = (stop.date_micros().unwrap() - start) / 1_000;
    (
        of(stop, "Playback-Status"),
        of(complete.unwrap(), "Application-Response"),
        of(stop, "Answer-State"),
        of(stop, "variable_playback_ms"),
        elapsed,
    )
}

#[test]
fn what_is_said_of_a_broken_notice_is_as_misleading_as_on_a_real_switch() {
    let row = |status: &str, response: &str, state: &str, read: &str, elapsed: u64| {
        (status.to_owned(), response.to_owned(), state.to_owned(), read.to_owned(), elapsed)
    };
    let keys = |keys: &str| Some(Act::Keys(Party::Caller, keys.into()));
    let played = row("done", "FILE PLAYED", "answered", "3662", 3_680);
    assert_eq!(proof(None), played);
    assert_eq!(proof(Some(Act::Break)), row("break", "FILE PLAYED", "answered", "2048", 1_000));
    assert_eq!(
        proof(Some(Act::HangUp(Party::Caller))),
        row("done", "PLAYBACK ERROR", "hangup", "2048", 1_000)
    );
    assert_eq!(proof(Some(Act::Kill(Party::Caller))), row("done", "FILE PLAYED", "hangup", "2048", 1_000));
    assert_eq!(proof(Some(Act::Divert)), row("done", "PLAYBACK ERROR", "answered", "2048", 1_000));
    assert_eq!(proof(Some(Act::StopFile)), row("done", "FILE PLAYED", "answered", "2048", 1_000));
    assert_eq!(proof(Some(Act::SeekFile(2_000))), row("done", "FILE PLAYED", "answered", "3662", 1_680));
    assert_eq!(
        proof(Some(Act::Broadcast("/n/short.wav".into()))),
        row("done", "FILE PLAYED", "answered", "3662", 4_500)
    );
    assert_eq!(proof(Some(Act::Hold(Party::Caller))), row("done", "FILE PLAYED", "answered", "3662", 3_940));
    // A star ends a file by default; here it may also begin *9, so it does after 1.5 s.
    assert_eq!(proof(keys("*")).4, 1_000 + 190 + 1_540);
    assert_eq!(proof(keys("5")), played);
}
