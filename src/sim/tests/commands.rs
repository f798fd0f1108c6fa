//! What is told of commands themselves: API, and the two kinds of PRIVATE_COMMAND.

use super::*;

/// A whole call as a subscriber to everything hears it: a hold by the phone, a hold by the switch.
fn everything() -> Bench {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event plain ALL");
    bench.at_sleep = AtSleep::Hangs;
    let events = vec![
        (When::Bridged(ms(1_000)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(2_000)), Act::Resume(Party::Agent)),
    ];
    bench.ended(Script { events, ..talk(4) });
    bench
}

fn all<'a>(event: &'a Event, name: &str) -> Vec<&'a str> {
    let texts = event.headers().iter().filter(|(have, _)| *have == name);
    texts
        .filter_map(|(_, value)| match value {
            Value::Text(text) => Some(&**text),
            Value::List(_) => None,
        })
        .collect()
}

/// The names of an event's headers, without those that come and go.
fn names(event: &Event) -> Vec<&str> {
    event.headers().iter().map(|(name, _)| name).filter(|name| !name.contains("Callee-ID")).collect()
}

fn golden() -> Vec<Event> {
    let raw =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/esl/B01-call-plain.server.raw"));
    let (mut codec, mut bytes) = (ClientCodec::default(), BytesMut::from(&raw.unwrap()[..]));
    let frames = std::iter::from_fn(|| codec.decode(&mut bytes).unwrap());
    frames
        .filter_map(|frame| match frame {
            Frame::Event(event, _) => Some(event),
            _ => None,
        })
        .collect()
}

#[test]
fn the_event_of_music_on_hold_has_its_beginning_twice_as_in_the_trace() {
    let bench = everything();
    let golden = golden();
    let is_command = |event: &&Event| event.get("Event-Name") == Some("COMMAND");
    let (ours, theirs) = (bench.event("COMMAND A"), golden.iter().find(is_command).unwrap());
    assert_eq!(names(ours), names(theirs));
    assert_eq!(all(ours, "Event-Name"), ["COMMAND", "PRIVATE_COMMAND"]);
    for name in [
        "Event-Name",
        "Event-Calling-File",
        "Event-Calling-Function",
        "Event-Calling-Line-Number",
        "call-command",
        "execute-app-name",
        "execute-app-arg",
        "event-lock-pri",
        "lead-frames",
        "loops",
        "Channel-State",
        "Answer-State",
    ] {
        assert_eq!(all(ours, name), all(theirs, name), "{name}");
    }
}

#[test]
fn it_is_told_when_the_music_has_ended_and_is_older_than_it() {
    let bench = everything();
    let story = bench.story();
    let at = |line: &str| story.iter().position(|have| have == line).unwrap();
    assert_eq!(at("COMMAND A"), at("CHANNEL_EXECUTE_COMPLETE A playback") + 1);
    assert_eq!(at("CHANNEL_UNHOLD B"), at("COMMAND A") + 1);
    let numbers: Vec<u64> =
        all(bench.event("COMMAND A"), "Event-Sequence").iter().map(|text| text.parse().unwrap()).collect();
    let of = |line: &str| bench.event(line).sequence().unwrap();
    assert!(
        of("CHANNEL_HOLD B") < numbers[0] && numbers[0] < of("CHANNEL_EXECUTE A playback"),
        "{numbers:?}"
    );
    assert!(of("CHANNEL_EXECUTE_COMPLETE A playback") < numbers[1] && numbers[1] < of("CHANNEL_UNHOLD B"));
    let golden = golden();
    let theirs = golden.iter().position(|event| event.get("Event-Name") == Some("COMMAND")).unwrap();
    assert_eq!(golden[theirs - 1].application(), Some("playback"));
    assert_eq!(golden[theirs - 1].get("Event-Name"), Some("CHANNEL_EXECUTE_COMPLETE"));
}

#[test]
fn a_subscriber_to_command_alone_hears_nothing_and_one_to_private_command_both_kinds() {
    let heard = |names: &str| {
        let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
        bench.say("auth ClueCon");
        bench.say(&format!("event json {names}"));
        bench.at_sleep = AtSleep::Hangs;
        let events = vec![
            (When::Bridged(ms(500)), Act::Hold(Party::Agent)),
            (When::Bridged(ms(1_000)), Act::Resume(Party::Agent)),
        ];
        bench.call(Script { events, ..talk(5) });
        bench.until(ms(3_000));
        let leg = bench.a.clone();
        bench.say(&format!(
            "sendmsg {leg}\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: a=b"
        ));
        bench.until(ms(9_000));
        bench.events.iter().map(|(_, event)| all(event, "Event-Name").join("+")).collect::<Vec<_>>()
    };
    assert!(heard("COMMAND").is_empty());
    assert_eq!(heard("PRIVATE_COMMAND"), ["COMMAND+PRIVATE_COMMAND", "PRIVATE_COMMAND"]);
}

#[test]
fn a_sendmsg_is_told_when_it_has_run_with_the_headers_of_the_trace() {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event json ALL");
    bench.at_sleep = AtSleep::Hangs;
    bench.call(talk(3));
    bench.until(ms(1_000));
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: a=b\nEvent-UUID: own-7"
    ));
    bench.until(ms(3_000));
    let told = bench.event("PRIVATE_COMMAND A");
    let golden = golden();
    let is_alike = |event: &&Event| {
        event.get("Event-Name") == Some("PRIVATE_COMMAND") && event.get("execute-app-name") == Some("push")
    };
    let theirs = golden.iter().find(is_alike).unwrap();
    let before = |names: Vec<&str>| names.into_iter().take_while(|name| *name != "Other-Type").count();
    assert_eq!(names(told)[..before(names(told))], names(theirs)[..before(names(theirs))]);
    assert_eq!(told.get("Command"), Some(&*format!("sendmsg {leg}")));
    assert_eq!(told.get("Event-UUID"), Some("own-7"));
    let story = bench.story();
    let at = story.iter().position(|line| line == "PRIVATE_COMMAND A").unwrap();
    assert_eq!(bench.events[at - 1].1.application_uuid(), Some("own-7"));
}

#[test]
fn every_api_command_is_told_after_what_it_causes_and_those_of_a_dialplan_too() {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event json ALL");
    bench.at_sleep = AtSleep::Hangs;
    bench.say("api global_setvar callgist_alive_until=1");
    bench.say("bgapi version\nJob-UUID: job-1");
    bench.call(talk(2));
    bench.until(ms(4_000));
    let apis: Vec<&str> = bench.events.iter().filter_map(|(_, event)| event.get("API-Command")).collect();
    assert_eq!(apis, ["global_setvar", "version", "strepoch", "cond", "cond"]);
    let golden = golden();
    let theirs = golden.iter().find(|event| event.get("Event-Name") == Some("API")).unwrap();
    assert_eq!(names(&bench.events[0].1), names(theirs));
    assert_eq!(bench.events[0].1.get("API-Command-Argument"), Some("callgist_alive_until=1"));
    let story = bench.story();
    assert_eq!(story[1..3], ["API -", "BACKGROUND_JOB -"]);
}
