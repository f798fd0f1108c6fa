//! Keys that are bound, and keys that are passed on.

use super::*;

/// What the agent's side was told of keys pressed in the talk, and whether they objected.
fn pressed(keys: &[(u64, &str)]) -> (String, bool) {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event plain DTMF CHANNEL_EXECUTE CHANNEL_HANGUP");
    let presses =
        keys.iter().map(|(at, keys)| (When::Bridged(ms(*at)), Act::Keys(Party::Caller, (*keys).into())));
    bench.ended(Script { events: presses.collect(), ..talk(8) });
    let told: String = bench.events.iter().filter_map(|(_, event)| event.get("DTMF-Digit")).collect();
    let objects = |event: &Event| event.application_data() == Some("callgist_objection=caller");
    (told, bench.events.iter().any(|(_, event)| objects(event)))
}

#[test]
fn keys_are_matched_and_passed_on_as_on_a_real_switch() {
    let passed = |text: &str| (text.to_owned(), false);
    let objected = |text: &str| (text.to_owned(), true);
    assert_eq!(pressed(&[(100, "*9")]), objected(""));
    assert_eq!(pressed(&[(100, "9")]), passed("9"));
    assert_eq!(pressed(&[(100, "1939")]), passed("1939"));
    assert_eq!(pressed(&[(100, "*")]), passed("*"));
    assert_eq!(pressed(&[(100, "*5")]), passed("*5"));
    assert_eq!(pressed(&[(100, "*"), (900, "9")]), objected(""));
    assert_eq!(pressed(&[(100, "*"), (2_300, "9")]), passed("*9"));
    assert_eq!(pressed(&[(100, "**9")]), passed("**9"));
    assert_eq!(pressed(&[(100, "1*9")]), objected("1"));
}

#[test]
fn another_realm_kills_our_key_without_an_error() {
    let mut bench = Bench::new();
    bench.call(Script {
        events: vec![(When::Bridged(ms(1_000)), Act::Keys(Party::Caller, "*9".into()))],
        ..talk(4)
    });
    bench.until(ms(4_000));
    let leg = bench.a.clone();
    bench.say(&format!(
        "sendmsg {leg}\ncall-command: execute\nexecute-app-name: bind_digit_action\nexecute-app-arg: \
         local,7,exec[i]:set,other=1"
    ));
    bench.until(ms(8_000));
    let objects = |event: &Event| event.application_data() == Some("callgist_objection=caller");
    assert!(!bench.events.iter().any(|(_, event)| objects(event)));
}
