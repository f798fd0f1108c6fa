//! What is run inside a sleep by `sendmsg`: files, breaks, questions.

use super::*;

#[test]
fn without_event_lock_a_second_file_plays_inside_the_first_and_with_it_after_it() {
    let stops = |lock: &str| {
        let mut bench = Bench::new();
        bench.at_sleep = AtSleep::Hangs;
        bench.call(talk(1));
        let leg = bench.a.clone();
        for file in [NOTICE, "/n/short.wav"] {
            bench.say(&format!(
                "sendmsg {leg}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: {file}{lock}"
            ));
        }
        bench.until(ms(8_000));
        let stops = bench.events.iter().filter(|(_, event)| event.get("Event-Name") == Some("PLAYBACK_STOP"));
        stops.map(|(_, event)| event.playback_path().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(stops(""), ["/n/short.wav", NOTICE]);
    assert_eq!(stops("\nevent-lock: true"), [NOTICE, "/n/short.wav"]);
}

#[test]
fn a_file_that_is_not_there_plays_in_no_time_and_without_a_word() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    bench.call(talk(1));
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: /n/none.wav"
    ));
    bench.until(ms(2_000));
    let done = bench.event("CHANNEL_EXECUTE_COMPLETE A playback");
    assert_eq!(done.application_response(), Some("FILE NOT FOUND"));
    assert!(!bench.story().iter().any(|line| line.starts_with("PLAYBACK")));
    assert_eq!(bench.time_of("CHANNEL_EXECUTE_COMPLETE A sleep"), 520);
}

#[test]
fn a_break_in_the_notice_ends_the_sleep_too_and_in_the_ringing_nothing() {
    let mut bench = Bench::new();
    let events = vec![(When::Noticed(ms(1_000)), Act::Break), (When::Started(ms(1_300)), Act::Break)];
    let report = bench.ended(Script { events, ..talk(1) });
    assert_eq!(report.agent_invited, Some(ms(1_040)));
    assert!(report.bridged.is_some());
}

#[test]
fn a_call_that_is_transferred_behind_its_notice_goes_to_a_file_and_to_nobodys_phone() {
    let mut bench = Bench::new();
    bench.call(talk(1));
    let leg = bench.a.clone();
    bench.until(ms(1_000));
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: transfer\nevent-lock: true\nexecute-app-arg: \
         'set:callgist_waiting=false,bridge:loopback/app=playback:/n/ask.wav' inline"
    ));
    bench.until(ms(9_000));
    assert!((3_660..3_800).contains(&bench.time_of("CHANNEL_BRIDGE A")));
    assert_eq!(bench.event("CHANNEL_BRIDGE A").variable("callgist_waiting"), Some("false"));
    let report = bench.report.unwrap();
    assert_eq!(report.notice_heard, ms(3_680));
    // The file's two seconds.
    assert!(report.agent_packets >= 100, "{report:?}");
}

/// The time from the sleep to the agent's INVITE, and the consent that was given.
fn asked(keys: Option<(u64, &str)>) -> (u64, Option<String>) {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    let press = keys.map(|(at, keys)| (When::Started(ms(at - 190)), Act::Keys(Party::Caller, keys.into())));
    bench.call(Script { events: press.into_iter().collect(), ..talk(1) });
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: play_and_get_digits\nexecute-app-arg: \
         ${{cond(${{callgist_waiting}} == true ? 1 1 1 3000 # /n/ask.wav /n/none.wav callgist_consent [19] 3000 : no)}}"
    ));
    bench.until(ms(9_000));
    let invited = bench.time_of("CHANNEL_EXECUTE A bridge");
    (invited, bench.event("CHANNEL_BRIDGE A").variable("callgist_consent").map(str::to_owned))
}

#[test]
fn a_question_in_the_sleep_takes_a_key_or_waits_for_none() {
    for (at, key, consent) in [(1_100, "1", Some("1")), (3_600, "9", Some("9")), (1_100, "5", None)] {
        let (invited, given) = asked(Some((at, key)));
        assert!((at + 20..at + 80).contains(&invited), "{invited}");
        assert_eq!(given.as_deref(), consent);
    }
    let (waited, consent) = asked(None);
    assert!((5_000..5_100).contains(&waited), "{waited}");
    assert_eq!(consent, None);
}
