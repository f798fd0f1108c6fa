//! Whole calls: the order of their events, what they say, and how they end.

use super::*;

/// F01: what follows the bridge, with two taps and the caller hanging up.
const TALK_STORY: [&str; 36] = [
    "CHANNEL_EXECUTE A bridge",
    "CHANNEL_CREATE B",
    "CHANNEL_ANSWER B",
    "CHANNEL_BRIDGE A",
    "CHANNEL_CREATE T",
    "CHANNEL_CREATE T",
    "CHANNEL_ANSWER T",
    "CHANNEL_ANSWER T",
    "BACKGROUND_JOB -",
    "CHANNEL_EXECUTE T native_eavesdrop",
    "MEDIA_BUG_START A",
    "BACKGROUND_JOB -",
    "CHANNEL_EXECUTE T native_eavesdrop",
    "MEDIA_BUG_START B",
    "CHANNEL_HOLD B",
    "CHANNEL_EXECUTE A playback",
    "PLAYBACK_START A",
    "PLAYBACK_STOP A",
    "CHANNEL_EXECUTE_COMPLETE A playback",
    "CHANNEL_UNHOLD B",
    "CHANNEL_EXECUTE A set",
    "CHANNEL_EXECUTE_COMPLETE A set",
    "CHANNEL_HANGUP A",
    "CHANNEL_HANGUP B",
    "CHANNEL_UNBRIDGE A",
    "CHANNEL_HANGUP_COMPLETE B",
    "CHANNEL_EXECUTE_COMPLETE A bridge",
    "CHANNEL_HANGUP_COMPLETE A",
    "MEDIA_BUG_STOP A",
    "CHANNEL_EXECUTE_COMPLETE T native_eavesdrop",
    "CHANNEL_HANGUP T",
    "CHANNEL_HANGUP_COMPLETE T",
    "MEDIA_BUG_STOP B",
    "CHANNEL_EXECUTE_COMPLETE T native_eavesdrop",
    "CHANNEL_HANGUP T",
    "CHANNEL_HANGUP_COMPLETE T",
];

#[test]
fn a_whole_call_with_taps_a_hold_and_an_objection_is_told_in_the_order_of_the_trace() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(700)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(1_700)), Act::Resume(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Keys(Party::Caller, "*9".into())),
    ];
    let report = bench.ended(Script { events, ..talk(4) });
    let story = bench.story();
    assert_eq!(story[22..], TALK_STORY, "{:#?}", &story[22..]);
    let bridge = bench.event("CHANNEL_BRIDGE A");
    assert_eq!(bridge.bridge_pair(), Some((&*bench.a, &*bench.b)));
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), Some("NORMAL_CLEARING"));
    assert_eq!(bench.event("CHANNEL_CREATE B").variable("callgist"), Some("main"));
    assert_eq!(bench.event("CHANNEL_CREATE T").variable("callgist"), None);
    let objection = bench.events.iter().rfind(|(_, event)| event.application() == Some("set")).unwrap();
    assert_eq!(objection.1.application_data(), Some("callgist_objection=caller"));
    assert_eq!(bench.event("CHANNEL_HANGUP A").variable("callgist_objection"), Some("caller"));
    assert_eq!((report.cause.as_str(), report.taps.len(), bench.byes), ("NORMAL_CLEARING", 2, 2));
}

#[test]
fn the_headers_of_an_event_stand_in_the_order_of_the_trace_and_say_the_same() {
    let raw = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/esl/F01-filters-and-taps.server.raw"
    ));
    let (mut codec, mut bytes) = (ClientCodec::default(), BytesMut::from(&raw.unwrap()[..]));
    let mut golden: BTreeMap<String, (Vec<String>, Vec<Vec<String>>)> = BTreeMap::new();
    while let Some(frame) = codec.decode(&mut bytes).unwrap() {
        if let Frame::Event(event, _) = frame {
            let known = golden.entry(kind(&event)).or_insert_with(|| (names(&event), Vec::new()));
            known.1.push(states(&event));
        }
    }
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(700)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(1_700)), Act::Resume(Party::Agent)),
        (When::Bridged(ms(2_000)), Act::Keys(Party::Caller, "*9".into())),
    ];
    bench.ended(Script { events, ..talk(2) });
    let mut compared = 0;
    for (_, event) in &bench.events {
        if let Some((headers, values)) = golden.get(&kind(event)) {
            let ours = names(event);
            let differ = ours.iter().zip(headers).find(|(ours, theirs)| ours != theirs);
            assert_eq!((differ, ours.len()), (None, headers.len()), "{}", kind(event));
            let ours = states(event);
            let differ: Vec<_> =
                ours.iter().filter(|ours| !values.iter().any(|all| all.contains(ours))).collect();
            assert!(values.contains(&ours), "{} {differ:?}", kind(event));
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

/// What does not depend on who calls when.
fn states(event: &Event) -> Vec<String> {
    let names = [
        "Event-Calling-File",
        "Event-Calling-Function",
        "Event-Calling-Line-Number",
        "Channel-State",
        "Channel-Call-State",
        "Channel-State-Number",
        "Channel-HIT-Dialplan",
        "Answer-State",
        "Hangup-Cause",
        "Channel-Read-Codec-Name",
        "Other-Type",
        "Media-Bug-Function",
        "Playback-Status",
        "Application-Response",
    ];
    let own = event.get("Channel-Call-UUID") == event.get("Unique-ID");
    let values = names.iter().map(|name| format!("{name}={}", event.get(name).unwrap_or("")));
    values.chain([format!("own call: {own}")]).collect()
}

/// What events are alike: name, direction, and whether another leg is named.
fn kind(event: &Event) -> String {
    let part = |name: &str| event.get(name).unwrap_or_default().to_owned();
    let other = event.get("Other-Type").is_some();
    let tap = event.get("variable_callgist_tap").is_some();
    format!(
        "{} {} {other} {tap} {}",
        part("Event-Name"),
        part("Call-Direction"),
        event.application().unwrap_or("")
    )
}

/// The headers that are no channel variables, and not those that come and go.
fn names(event: &Event) -> Vec<String> {
    let all = event.headers().iter().map(|(name, _)| name.to_owned());
    all.filter(|name| {
        !name.starts_with("variable_") && !name.contains("Callee-ID") && !name.contains("Codec")
    })
    .collect()
}

#[test]
fn an_agent_who_hangs_up_leaves_first_and_the_unbridge_names_no_cause() {
    let mut bench = Bench::new();
    bench.ended(Script { hangup_by: Party::Agent, ..talk(1) });
    let story = bench.story();
    let end = story.iter().position(|line| line == "CHANNEL_HANGUP B").unwrap();
    assert_eq!(
        story[end..],
        [
            "CHANNEL_HANGUP B",
            "CHANNEL_HANGUP_COMPLETE B",
            "CHANNEL_UNBRIDGE A",
            "CHANNEL_HANGUP A",
            "CHANNEL_EXECUTE_COMPLETE A bridge",
            "CHANNEL_HANGUP_COMPLETE A"
        ]
    );
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), None);
}

#[test]
fn whoever_hangs_up_at_whatever_moment_about_the_bridge_the_call_ends() {
    let agent = Some(ms(100));
    for (by, at) in (3_700..3_900).step_by(4).flat_map(|at| [(Party::Caller, at), (Party::Agent, at)]) {
        let mut bench = Bench::new();
        let hangs_up = (When::Started(ms(at)), Act::HangUp(by));
        bench.call(Script { events: vec![hangs_up], answer_after: agent, ..talk(20) });
        bench.until(ms(at + 2_000));
        let agents_leg = bench.report.as_ref().and_then(|report| report.agent_leg.clone());
        // Of an agent who is not called yet, nobody can hang up.
        let early = by == Party::Agent && bench.report.is_none() && at < 3_800;
        assert!(early || bench.report.is_some(), "{by:?} hung up after {at} ms, and {agents_leg:?} lives on");
    }
}

#[test]
fn a_caller_hears_ringing_and_a_call_that_nobody_takes_ends() {
    let mut bench = Bench::new();
    let report = bench.ended(Script { answer_after: None, ..talk(1) });
    assert_eq!((report.bridged, report.cause.as_str()), (None, "NO_ANSWER"));
    assert_eq!(report.ended, ms(3_720 + 60_000));
    assert!(report.ringing_heard >= ms(11_000), "{:?}", report.ringing_heard);
}

#[test]
fn a_wrong_ringback_kills_the_call() {
    let snippet = Settings::default().snippet.replace("'${transfer_ringback}' ==", "${transfer_ringback} ==");
    let mut bench = Bench::with(Settings { snippet, reorder: 0.0, ..Settings::default() });
    let report = bench.ended(Script { answer_after: Some(ms(1_000)), ..talk(1) });
    assert_eq!((report.bridged, report.cause.as_str()), (None, "NO_ANSWER"));
}

#[test]
fn a_transfer_keeps_the_caller_and_his_tap_and_brings_a_new_leg() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "write")];
    let transfer = Act::Transfer { speech: steps(100, 5_000), answer_after: ms(100) };
    let report = bench.ended(Script { events: vec![(When::Bridged(ms(1_000)), transfer)], ..talk(3) });
    let bridges: Vec<&Event> = bench
        .events
        .iter()
        .map(|(_, e)| e)
        .filter(|e| e.get("Event-Name") == Some("CHANNEL_BRIDGE"))
        .collect();
    let pairs: Vec<(&str, &str)> = bridges.iter().filter_map(|event| event.bridge_pair()).collect();
    assert_eq!(pairs.len(), 2);
    assert_eq!(pairs[0].0, pairs[1].0);
    assert_ne!(pairs[0].1, pairs[1].1);
    assert_eq!(bridges[1].variable("callgist"), Some("main"));
    // The second originate of the same name is refused; the first tap hears both agents.
    assert_eq!(report.taps.len(), 1);
    let heard = bench.payloads("tap-Caller-write");
    assert!(heard.len() > 150, "{}", heard.len());
}

#[test]
fn a_caller_may_be_dropped_while_the_agents_leg_and_its_tap_live_on() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "read")];
    let no = bench.call(Script { events: vec![(When::Bridged(ms(500)), Act::KeepAgent)], ..talk(10) });
    bench.until(ms(7_000));
    let before = bench.payloads("tap-Agent-read").len();
    bench.until(ms(8_000));
    assert_eq!(bench.payloads("tap-Agent-read").len() - before, 50);
    assert_eq!(bench.event("CHANNEL_UNBRIDGE A").hangup_cause(), None);
    bench.act(no, Act::HangUp(Party::Agent));
    bench.until(ms(9_000));
    assert!(bench.report.is_some());
}

#[test]
fn a_call_for_which_there_is_no_room_is_refused() {
    let mut bench = Bench::with(Settings { max_sessions: 1, ..Settings::default() });
    let refused = bench.ended(talk(1));
    assert_eq!((refused.cause.as_str(), refused.answered), ("NORMAL_TEMPORARY_FAILURE", None));
}

#[test]
fn a_caller_may_stay_parked_when_the_agent_has_gone() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read")];
    let no = bench.call(Script { events: vec![(When::Bridged(ms(500)), Act::KeepCaller)], ..talk(10) });
    bench.until(ms(7_000));
    let story = bench.story();
    let unbridged = story.iter().position(|line| line == "CHANNEL_UNBRIDGE A").unwrap();
    let after = &story[unbridged..];
    assert_eq!(after[1..3], ["CHANNEL_EXECUTE_COMPLETE A bridge", "CHANNEL_EXECUTE A park"], "{after:#?}");
    assert!(
        !after
            .iter()
            .any(|line| line.starts_with("CHANNEL_HANGUP A") || line.starts_with("MEDIA_BUG_STOP A"))
    );
    bench.act(no, Act::HangUp(Party::Caller));
    bench.until(ms(8_000));
    assert!(bench.story().contains(&"MEDIA_BUG_STOP A".to_owned()));
    assert!(bench.report.is_some());
}

#[test]
fn a_recording_is_seen_as_a_media_bug_of_another_kind() {
    let mut bench = Bench::new();
    bench.call(Script { events: vec![(When::Bridged(ms(500)), Act::Record(Party::Agent))], ..talk(3) });
    bench.until(ms(5_500));
    let bug = bench.event("MEDIA_BUG_START B");
    assert_eq!(bug.media_bug_function(), Some("session_record"));
    let path = bug.media_bug_target().unwrap().to_owned();
    let b = bench.b.clone();
    assert!(bench.api(&format!("uuid_buglist {b}")).contains(&path));
}

#[test]
fn a_recording_that_a_command_or_the_dialplan_begins_ends_with_its_leg() {
    let mut bench = Bench::new();
    bench.call(Script { leads_to: "6003".into(), ..talk(1) });
    bench.until(ms(4_000));
    let a = bench.a.clone();
    assert!(bench.api(&format!("uuid_buglist {a}")).contains(&format!("/recordings/{a}.wav")));
    assert_eq!(bench.api(&format!("uuid_record {a} start /tmp/rec.wav")), "+OK Success\n");
    bench.until(ms(12_000));
    let story = bench.story();
    let recordings = |name: &str| {
        let of = |event: &&(Duration, Event)| event.1.get("Event-Name") == Some(name);
        let recorded = |event: &&(Duration, Event)| event.1.media_bug_function() == Some("session_record");
        bench.events.iter().filter(of).filter(recorded).count()
    };
    assert_eq!((recordings("MEDIA_BUG_START"), recordings("MEDIA_BUG_STOP")), (2, 2), "{story:#?}");
    let gone = story.iter().position(|line| line == "CHANNEL_HANGUP_COMPLETE A").unwrap();
    assert!(gone < story.iter().position(|line| line == "MEDIA_BUG_STOP A").unwrap(), "{story:#?}");
    assert_eq!(bench.api(&format!("uuid_buglist {a}")), "-ERR no reply\n");
}
