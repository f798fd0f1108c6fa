//! Groups, queues, parking places, loopbacks and transfers: each told in the order in which a FreeSWITCH 1.11.2 told it
//! (observed for this file), or in that of the trace that is named.

use super::*;

/// What happened after the notice, with the legs called by the order in which they came: L1 is the caller. Only what a
/// daemon follows is there.
fn told(script: Script) -> Vec<String> {
    let mut bench = Bench::with(Settings { reorder: 0.0, ..Settings::default() });
    bench.say("auth ClueCon");
    bench.say("event json ALL");
    bench.at_sleep = AtSleep::Hangs;
    bench.ended(Script { hangup_after: Some(ms(9_000)), ..script });
    let mut legs: Vec<String> = Vec::new();
    let mut name = |leg: &str| {
        let at = legs.iter().position(|known| known == leg).unwrap_or_else(|| {
            legs.push(leg.to_owned());
            legs.len() - 1
        });
        format!("L{}", at + 1)
    };
    let mut lines = Vec::new();
    for (_, event) in &bench.events {
        let Some(what) =
            event.get("Event-Name").and_then(|name| name.strip_prefix("CHANNEL_").or(Some(name)))
        else {
            continue;
        };
        let app = event.application().unwrap_or_default();
        let Some(leg) = event.unique_id().map(&mut name) else { continue };
        let line = match what {
            "BRIDGE" | "UNBRIDGE" => {
                let (a, b) = event.bridge_pair().map(|(a, b)| (name(a), name(b))).unwrap();
                assert_eq!(leg, a);
                let cause = event.hangup_cause().map_or("", |_| " with cause");
                format!("{what} {a} {b}{cause}")
            }
            "EXECUTE" | "EXECUTE_COMPLETE" if FOLLOWED.contains(&app) => format!("{what} {leg} {app}"),
            "PLAYBACK_START" | "RECORD_START" | "RECORD_STOP" | "CREATE" | "HOLD" | "UNHOLD" | "PARK"
            | "UNPARK" => {
                format!("{what} {leg}")
            }
            "PLAYBACK_STOP" => format!("{what} {leg} {}", event.get("Playback-Status").unwrap()),
            "ANSWER" if leg != "L1" => format!("{what} {leg}"),
            "HANGUP" => format!("{what} {leg} {}", event.hangup_cause().unwrap()),
            "HANGUP_COMPLETE" => format!("COMPLETE {leg}"),
            _ => continue,
        };
        lines.push(line);
    }
    lines
}

const FOLLOWED: [&str; 8] = [
    "bridge",
    "uuid_bridge",
    "callcenter",
    "fifo",
    "valet_park",
    "record",
    "conference",
    "play_and_get_digits",
];

fn agent(name: &str, answers: Answers) -> Agent {
    Agent { name: name.into(), speech: steps(500, 5_000), answers }
}

fn after(wait: u64) -> Answers {
    Answers::After(ms(wait))
}

fn leads_to(number: &str) -> Script {
    Script { leads_to: number.into(), answer_after: Some(ms(1_000)), ..talk(8) }
}

#[test]
fn of_three_phones_the_first_that_answers_is_bridged_and_the_others_lose_the_race() {
    let others = vec![agent("agent2", after(1_000)), agent("agent3", Answers::Never)];
    let told = told(Script { answer_after: None, others, ..leads_to("6100") });
    assert_eq!(
        told,
        [
            "CREATE L1",
            "EXECUTE L1 bridge",
            "CREATE L2",
            "CREATE L3",
            "CREATE L4",
            "ANSWER L3",
            "HANGUP L2 LOSE_RACE",
            "HANGUP L4 LOSE_RACE",
            "COMPLETE L2",
            "COMPLETE L4",
            "BRIDGE L1 L3",
            "HANGUP L1 NORMAL_CLEARING",
            "HANGUP L3 NORMAL_CLEARING",
            "UNBRIDGE L1 L3 with cause",
            "COMPLETE L3",
            "EXECUTE_COMPLETE L1 bridge",
            "COMPLETE L1",
        ]
    );
}

#[test]
fn a_caller_who_gives_up_ends_the_ringing_of_all_phones_and_a_busy_one_rings_no_more() {
    let others = vec![agent("agent2", Answers::Never), agent("agent3", Answers::BusyAfter(ms(500)))];
    let told = told(Script { answer_after: None, others, ..leads_to("6100") });
    assert_eq!(
        told[5..],
        [
            "HANGUP L4 USER_BUSY",
            "COMPLETE L4",
            "HANGUP L1 NORMAL_CLEARING",
            "HANGUP L2 ORIGINATOR_CANCEL",
            "HANGUP L3 ORIGINATOR_CANCEL",
            "COMPLETE L2",
            "COMPLETE L3",
            "EXECUTE_COMPLETE L1 bridge",
            "COMPLETE L1",
        ]
    );
}

#[test]
fn a_loopback_bows_out_two_seconds_after_the_answer() {
    assert_eq!(
        told(leads_to("6102")),
        [
            "CREATE L1",
            "EXECUTE L1 bridge",
            "CREATE L2",
            "CREATE L3",
            "EXECUTE L3 bridge",
            "CREATE L4",
            "ANSWER L4",
            "ANSWER L2",
            "ANSWER L3",
            "BRIDGE L3 L4",
            "BRIDGE L1 L2",
            "HANGUP L2 NORMAL_CLEARING",
            "HANGUP L3 NORMAL_CLEARING",
            "COMPLETE L2",
            "UNBRIDGE L3 L4 with cause",
            "EXECUTE_COMPLETE L3 bridge",
            "UNBRIDGE L1 L2",
            "EXECUTE_COMPLETE L1 bridge",
            "COMPLETE L3",
            "EXECUTE L1 uuid_bridge",
            "EXECUTE L4 uuid_bridge",
            "BRIDGE L1 L4",
            "HANGUP L1 NORMAL_CLEARING",
            "HANGUP L4 NORMAL_CLEARING",
            "UNBRIDGE L1 L4 with cause",
            "COMPLETE L4",
            "COMPLETE L1",
        ]
    );
}

#[test]
fn a_queue_plays_music_and_joins_the_caller_to_an_agent_whom_it_has_called_beside() {
    assert_eq!(
        told(leads_to("6103")),
        [
            "CREATE L1",
            "EXECUTE L1 callcenter",
            "PLAYBACK_START L1",
            "CREATE L2",
            "ANSWER L2",
            "PLAYBACK_STOP L1 done",
            "EXECUTE_COMPLETE L1 callcenter",
            "EXECUTE L1 uuid_bridge",
            "EXECUTE L2 uuid_bridge",
            "BRIDGE L1 L2",
            "HANGUP L1 NORMAL_CLEARING",
            "HANGUP L2 NORMAL_CLEARING",
            "UNBRIDGE L1 L2 with cause",
            "COMPLETE L2",
            "COMPLETE L1",
        ]
    );
}

const FIFO: [&str; 10] = [
    "CREATE L1",
    "EXECUTE L1 fifo",
    "PLAYBACK_START L1",
    "CREATE L2",
    "ANSWER L2",
    "EXECUTE L2 fifo",
    "PLAYBACK_STOP L1 break",
    "EXECUTE_COMPLETE L1 fifo",
    "BRIDGE L2 L1",
    "HANGUP L1 NORMAL_CLEARING",
];

fn fetched() -> (When, Act) {
    (When::Started(ms(2_000)), Act::DialIn { name: "agent".into(), number: "6105".into() })
}

#[test]
fn who_fetches_a_caller_from_a_fifo_is_a_and_the_unbridge_has_no_cause_when_the_caller_hangs_up() {
    let told = told(Script { events: vec![fetched()], ..leads_to("6104") });
    assert_eq!(told[..10], FIFO);
    assert_eq!(
        told[10..],
        [
            "COMPLETE L1",
            "UNBRIDGE L2 L1",
            "EXECUTE_COMPLETE L2 fifo",
            "HANGUP L2 NORMAL_CLEARING",
            "COMPLETE L2"
        ]
    );
}

#[test]
fn an_agent_of_a_fifo_who_hangs_up_takes_the_caller_with_him() {
    let told = told(Script { events: vec![fetched()], hangup_by: Party::Agent, ..leads_to("6104") });
    assert_eq!(told[..9], FIFO[..9]);
    assert_eq!(
        told[9..],
        [
            "HANGUP L2 NORMAL_CLEARING",
            "HANGUP L1 NORMAL_CLEARING",
            "UNBRIDGE L2 L1 with cause",
            "COMPLETE L1",
            "EXECUTE_COMPLETE L2 fifo",
            "COMPLETE L2"
        ]
    );
}

#[test]
fn after_a_transfer_out_of_a_fifo_the_caller_is_a() {
    let transfer =
        (When::Bridged(ms(2_000)), Act::Transfer { speech: steps(50, 5_000), answer_after: ms(500) });
    let told = told(Script { events: vec![fetched(), transfer], ..leads_to("6104") });
    assert_eq!(
        told[9..16],
        [
            "UNBRIDGE L2 L1",
            "EXECUTE_COMPLETE L2 fifo",
            "HANGUP L2 NORMAL_CLEARING",
            "COMPLETE L2",
            "EXECUTE L1 bridge",
            "CREATE L3",
            "ANSWER L3",
        ]
    );
    assert_eq!(told[16], "BRIDGE L1 L3");
}

#[test]
fn a_parked_caller_hears_music_until_somebody_fetches_him() {
    let events = vec![
        (When::Bridged(ms(1_000)), Act::TransferTo("6107".into())),
        (When::Bridged(ms(3_000)), Act::DialIn { name: "agent2".into(), number: "6107".into() }),
    ];
    let others = vec![agent("agent2", Answers::Never)];
    let told = told(Script { events, others, ..leads_to("6000") });
    assert_eq!(
        told[5..19],
        [
            "HANGUP L2 NORMAL_CLEARING",
            "COMPLETE L2",
            "UNBRIDGE L1 L2",
            "EXECUTE_COMPLETE L1 bridge",
            "EXECUTE L1 valet_park",
            "PLAYBACK_START L1",
            "CREATE L3",
            "ANSWER L3",
            "EXECUTE L3 valet_park",
            "EXECUTE_COMPLETE L3 valet_park",
            "PLAYBACK_STOP L1 done",
            "EXECUTE_COMPLETE L1 valet_park",
            "EXECUTE L1 uuid_bridge",
            "EXECUTE L3 uuid_bridge",
        ]
    );
    assert_eq!(told[19], "BRIDGE L1 L3");
}

#[test]
fn an_agent_hands_the_caller_over_as_in_the_trace_of_an_attended_transfer() {
    let events = vec![(When::Bridged(ms(1_000)), Act::HandOver(ms(2_000)))];
    let others = vec![agent("agent2", after(10))];
    let told = told(Script { events, others, ..leads_to("6000") });
    // T13; the music begins 160 ms after the hold.
    assert_eq!(
        told[5..],
        [
            "HOLD L2",
            "CREATE L3",
            "EXECUTE L3 bridge",
            "CREATE L4",
            "ANSWER L4",
            "ANSWER L3",
            "BRIDGE L3 L4",
            "PLAYBACK_START L1",
            "PLAYBACK_STOP L1 done",
            "UNBRIDGE L3 L4",
            "EXECUTE_COMPLETE L3 bridge",
            "PARK L3",
            "UNHOLD L2",
            "HANGUP L2 NORMAL_CLEARING",
            "COMPLETE L2",
            "UNBRIDGE L1 L2",
            "EXECUTE_COMPLETE L1 bridge",
            "EXECUTE L1 uuid_bridge",
            "EXECUTE L4 uuid_bridge",
            "BRIDGE L1 L4",
            "HANGUP L3 ATTENDED_TRANSFER",
            "UNPARK L3",
            "COMPLETE L3",
            "HANGUP L1 NORMAL_CLEARING",
            "HANGUP L4 NORMAL_CLEARING",
            "UNBRIDGE L1 L4 with cause",
            "COMPLETE L4",
            "COMPLETE L1",
        ]
    );
}

#[test]
fn an_operator_joins_the_caller_to_somebody_else_as_in_the_trace() {
    let events = vec![(When::Bridged(ms(1_000)), Act::JoinOther)];
    let told = told(Script { events, others: vec![agent("agent2", after(0))], ..leads_to("6000") });
    // T14.
    assert_eq!(
        told[5..17],
        [
            "CREATE L3",
            "ANSWER L3",
            "PARK L3",
            "HANGUP L2 NORMAL_CLEARING",
            "COMPLETE L2",
            "UNBRIDGE L1 L2",
            "EXECUTE_COMPLETE L1 bridge",
            "UNPARK L3",
            "EXECUTE L1 uuid_bridge",
            "EXECUTE L3 uuid_bridge",
            "BRIDGE L1 L3",
            "HANGUP L1 NORMAL_CLEARING",
        ]
    );
}

#[test]
fn uuid_transfer_drops_the_agent_and_with_bleg_the_caller() {
    let moved = |flag: &str| {
        let mut bench = Bench::new();
        bench.call(Script { others: vec![agent("agent2", after(300))], ..talk(8) });
        bench.until(ms(6_000));
        let (a, b) = (bench.a.clone(), bench.b.clone());
        assert_eq!(bench.api(&format!("uuid_transfer {a} {flag}6002 XML default")), "+OK\n");
        bench.until(ms(8_000));
        (bench.api(&format!("uuid_exists {a}")), bench.api(&format!("uuid_exists {b}")), bench.a == a)
    };
    let yes = || "true".to_owned();
    assert_eq!(moved(""), (yes(), "false".into(), true));
    // The last bridge is the agent's own.
    assert_eq!(moved("-bleg "), ("false".into(), yes(), false));
}

#[test]
fn a_transfer_back_to_the_line_runs_the_snippet_again() {
    let mut bench = Bench::new();
    let line = Script::default().line;
    bench.call(Script { events: vec![(When::Bridged(ms(1_000)), Act::TransferTo(line))], ..talk(20) });
    bench.until(ms(12_000));
    let sleeps = bench.story().iter().filter(|line| *line == "CHANNEL_EXECUTE A sleep").count();
    let bridges = bench.story().iter().filter(|line| *line == "CHANNEL_BRIDGE A").count();
    assert_eq!((sleeps, bridges), (2, 2));
}

#[test]
fn a_machine_answers_for_an_agent_who_is_busy() {
    let others = vec![agent("agent", Answers::BusyAfter(ms(500)))];
    let told = told(Script { others, ..leads_to("6109") });
    assert_eq!(
        told,
        [
            "CREATE L1",
            "EXECUTE L1 bridge",
            "CREATE L2",
            "HANGUP L2 USER_BUSY",
            "COMPLETE L2",
            "EXECUTE_COMPLETE L1 bridge",
            "PLAYBACK_START L1",
            "PLAYBACK_STOP L1 done",
            "EXECUTE L1 record",
            "RECORD_START L1",
            "HANGUP L1 NORMAL_CLEARING",
            "RECORD_STOP L1",
            "EXECUTE_COMPLETE L1 record",
            "COMPLETE L1",
        ]
    );
}

#[test]
fn in_a_conference_nobody_is_bridged() {
    let told = told(leads_to("6108"));
    assert_eq!(
        told[1..],
        [
            "EXECUTE L1 conference",
            "HANGUP L1 NORMAL_CLEARING",
            "EXECUTE_COMPLETE L1 conference",
            "COMPLETE L1"
        ]
    );
}

#[test]
fn a_key_in_a_menu_leads_on_to_the_agent() {
    let keys = (When::Started(ms(1_000)), Act::Keys(Party::Caller, "1".into()));
    let told = told(Script { events: vec![keys], ..leads_to("6106") });
    assert_eq!(
        told[1..6],
        [
            "EXECUTE L1 play_and_get_digits",
            "PLAYBACK_START L1",
            "PLAYBACK_STOP L1 break",
            "EXECUTE_COMPLETE L1 play_and_get_digits",
            "EXECUTE L1 bridge",
        ]
    );
}

#[test]
fn write_taps_of_a_caller_behind_a_loopback_run_through_its_bowout() {
    let mut bench = Bench::new();
    bench.call(Script { leads_to: "6102".into(), ..talk(8) });
    bench.until(ms(4_600));
    bench.tap(Party::Caller, "write");
    bench.until(ms(12_000));
    let heard = bench.payloads("tap-Caller-write");
    assert!(heard.len() > 300, "{}", heard.len());
    let said: Vec<Vec<u8>> = steps(400, 9_000)
        .chunks(FRAME)
        .map(|pcm| {
            use audio_codec::Encoder;
            audio_codec::pcma::PcmaEncoder::new().encode(pcm)
        })
        .collect();
    let exact = heard.iter().filter(|payload| said.contains(payload)).count();
    assert!(exact > 290, "{exact}");
    let pause = bench.packets["tap-Caller-write"].windows(2).map(|two| two[1].0 - two[0].0).max().unwrap();
    assert!((ms(40)..ms(120)).contains(&pause), "{pause:?}");
}
