//! What taps carry, and how they fail.

use super::*;

#[test]
fn write_taps_carry_exactly_what_each_party_is_sent() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write"), (Party::Caller, "write")];
    let report = bench.ended(talk(4));
    let said = |base: i16| -> Vec<Vec<u8>> { steps(200, base).chunks(FRAME).map(encoder).collect() };
    for (tap, base) in [("tap-Agent-write", 1_000), ("tap-Caller-write", 9_000)] {
        let heard = bench.payloads(tap);
        let first = heard.iter().position(|payload| said(base).contains(payload)).unwrap();
        let at = said(base).iter().position(|payload| *payload == heard[first]).unwrap();
        assert!(heard[first..][..200 - at] == said(base)[at..], "{tap}");
        assert!(at <= 6, "{at}");
    }
    assert!(report.taps.iter().all(|tap| tap.fillers == 0 && tap.side == Side::Write));
    // Each attach costs the tapped party's voice two packets.
    let total = report.bridged.map(|bridged| (report.ended - bridged).as_millis() as u64 / 20).unwrap();
    assert!(total - report.caller_packets <= 4, "{total} {}", report.caller_packets);
}

fn encoder(pcm: &[i16]) -> Vec<u8> {
    use audio_codec::Encoder;
    audio_codec::pcma::PcmaEncoder::new().encode(pcm)
}

#[test]
fn nothing_that_the_caller_says_on_hold_reaches_the_agents_write_tap() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write"), (Party::Caller, "read")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Resume(Party::Agent)),
    ];
    bench.ended(Script { events, ..talk(4) });
    let in_hold: Vec<Vec<u8>> = steps(200, 1_000).chunks(FRAME).skip(55).take(90).map(encoder).collect();
    let heard = bench.payloads("tap-Agent-write");
    assert!(!heard.iter().any(|payload| in_hold.contains(payload)));
    // The read tap of the caller's leg goes on hearing him (F88).
    let read = bench.payloads("tap-Caller-read");
    assert!(in_hold.iter().all(|payload| read.contains(payload)));
}

#[test]
fn a_tap_of_the_leg_that_holds_pauses_and_goes_on_with_the_next_number() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "read")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::Hold(Party::Agent)),
        (When::Bridged(ms(3_000)), Act::Resume(Party::Agent)),
    ];
    bench.ended(Script { events, ..talk(4) });
    let packets = &bench.packets["tap-Agent-read"];
    let pause = packets.windows(2).map(|two| two[1].0 - two[0].0).max().unwrap();
    assert_eq!(pause, ms(2_020));
    let seqs: Vec<u16> =
        packets.iter().map(|(_, bytes)| Packet::parse(bytes).unwrap().header.seq.0).collect();
    assert!(seqs.windows(2).all(|two| two[0].wrapping_add(1) == two[1]));
}

#[test]
fn after_a_hold_by_the_switch_what_was_said_meanwhile_comes_out_late() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    let events = vec![
        (When::Bridged(ms(1_000)), Act::SwitchHold(Party::Caller)),
        (When::Bridged(ms(3_000)), Act::SwitchResume(Party::Caller)),
    ];
    bench.ended(Script { events, ..talk(6) });
    let said_on_hold = encoder(&steps(200, 1_000)[100 * FRAME..101 * FRAME]);
    let late = bench.packets["tap-Agent-write"]
        .iter()
        .find(|(_, bytes)| Packet::parse(bytes).unwrap().payload == said_on_hold)
        .map(|(at, _)| *at - bench.started)
        .unwrap();
    let bridged = ms(bench.time_of("CHANNEL_BRIDGE A"));
    // Said 2.0 s into the talk, it comes out 0.8 s or more after the hold's end.
    assert!(late >= bridged + ms(3_700), "{late:?} {bridged:?}");
}

#[test]
fn a_read_tap_ticks_on_with_fillers_where_packets_are_lost_and_a_write_tap_has_gaps() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Caller, "read"), (Party::Agent, "write")];
    let phones = Network { loss: 0.05, jitter_ms: 0 };
    let report = bench.ended(Script { phones, ..talk(20) });
    let of = |side: Side| report.taps.iter().find(|tap| tap.side == side).unwrap();
    let (read, write) = (of(Side::Read), of(Side::Write));
    let fillers =
        bench.payloads("tap-Caller-read").iter().filter(|payload| **payload == [0xff; 160]).count() as u64;
    assert_eq!(fillers, read.fillers);
    assert!((25..90).contains(&fillers), "{fillers}");
    assert!(read.sent - write.sent >= fillers - 5, "{} {}", read.sent, write.sent);
}

#[test]
fn jitter_over_a_tick_brings_fillers_for_packets_that_come_after_them() {
    let fillers = |jitter_ms: u32| {
        let mut bench = Bench::new();
        bench.at_bridge = vec![(Party::Caller, "read")];
        bench.ended(Script { phones: Network { loss: 0.0, jitter_ms }, ..talk(10) }).taps[0].fillers
    };
    assert_eq!(fillers(15), 1);
    assert!((30..90).contains(&fillers(40)), "{}", fillers(40));
}

#[test]
fn the_way_to_us_may_lose_and_reorder_by_seed() {
    let run = |seed: u64| {
        let mut bench = Bench::new();
        bench.at_bridge = vec![(Party::Agent, "write")];
        let taps = Network { loss: 0.1, jitter_ms: 60 };
        let report = bench.ended(Script { taps, seed, ..talk(4) });
        let seqs: Vec<u16> = bench.packets["tap-Agent-write"]
            .iter()
            .map(|(_, bytes)| Packet::parse(bytes).unwrap().header.seq.0)
            .collect();
        (report.taps[0].lost, seqs)
    };
    let (lost, seqs) = run(5);
    assert!((5..50).contains(&lost), "{lost}");
    assert!(seqs.windows(2).any(|two| two[1].wrapping_sub(two[0]) > 0x8000));
    assert_eq!(run(5), (lost, seqs.clone()));
    assert_ne!(run(6).1, seqs);
}

/// The end of a tap: the job's answer, whether it ever ran, and when the answer came after the command.
fn attempt(ear: Ear, codec: &str, target: Option<&str>) -> (String, bool, u64) {
    let mut bench = Bench::new();
    bench.ear = ear;
    bench.call(talk(10));
    bench.until(ms(5_000));
    let target = target.map_or(bench.a.clone(), str::to_owned);
    bench.originate("tap-1", &target, codec, "read");
    bench.until(ms(10_000));
    let job = bench.event("BACKGROUND_JOB -");
    let runs = bench.story().iter().any(|line| line == "MEDIA_BUG_START A");
    (job.body().unwrap().to_owned(), runs, bench.time_of("BACKGROUND_JOB -") - 5_000)
}

#[test]
fn taps_fail_with_the_answers_and_at_the_times_of_a_real_switch() {
    assert_eq!(attempt(Ear::Accepts, "PCMA", None), ("+OK tap-1\n".into(), true, 39));
    let (busy, ..) = attempt(Ear::Refuses(Status::BUSY), "PCMA", None);
    assert_eq!(busy, "-ERR USER_BUSY\n");
    let (unavailable, ..) = attempt(Ear::Refuses(Status::UNAVAILABLE), "PCMA", None);
    assert_eq!(unavailable, "-ERR NORMAL_TEMPORARY_FAILURE\n");
    let (dead, runs, _) = attempt(Ear::Dead, "PCMA", None);
    assert_eq!((&*dead, runs), ("-ERR NORMAL_TEMPORARY_FAILURE\n", false));
    let (rings, _, after) = attempt(Ear::Rings, "PCMA", None);
    assert_eq!(rings, "-ERR NO_ANSWER\n");
    assert!((2_000..3_000).contains(&after), "{after}");
}

#[test]
fn a_tap_that_wakes_up_late_is_acked_and_ended() {
    let mut bench = Bench::new();
    bench.ear = Ear::Silent;
    bench.call(talk(20));
    bench.until(ms(5_000));
    let target = bench.a.clone();
    bench.originate("tap-1", &target, "PCMA", "read");
    bench.until(ms(7_999));
    assert_eq!(bench.event("BACKGROUND_JOB -").body(), Some("-ERR NO_ANSWER\n"));
    bench.ear = Ear::Accepts;
    // The INVITE is still said again, 1 s and 3 s after the first.
    bench.until(ms(8_100));
    assert_eq!(bench.byes, 1);
    assert!(!bench.story().contains(&"MEDIA_BUG_START A".to_owned()));
}

#[test]
fn a_tap_of_a_leg_that_rings_waits_for_its_first_sound_at_most_6_seconds() {
    let tapped = |answer_after: u64| {
        let mut bench = Bench::new();
        bench.call(Script { answer_after: Some(ms(answer_after)), ..talk(3) });
        bench.until(ms(4_000));
        let b = bench.world.calls.values().next().unwrap().b.clone().unwrap();
        bench.say(&format!(
            "bgapi originate {{origination_uuid=tap-1,absolute_codec_string=PCMA,callgist_tap=1}}sofia/callgist/sip:t@{EAR} \
             'native_eavesdrop:{b} read' inline"
        ));
        bench.until(ms(15_000));
        bench.b = b;
        bench.story().contains(&"MEDIA_BUG_START B".to_owned())
    };
    assert!(tapped(4_000));
    assert!(!tapped(8_000));
}

#[test]
fn success_says_nothing_about_a_tap_whose_target_is_unknown_or_speaks_otherwise() {
    for (codec, target) in [("PCMU", None), ("PCMA", Some("no-such-leg"))] {
        assert_eq!(attempt(Ear::Accepts, codec, target), ("+OK tap-1\n".into(), false, 39));
    }
}

#[test]
fn a_native_tap_without_the_check_brings_a_bypassed_calls_switch_down() {
    let run = |guarded: bool| {
        let mut bench = Bench::new();
        bench.call(Script { bypass_media: true, ..talk(5) });
        bench.until(ms(5_000));
        let b = bench.b.clone();
        match guarded {
            true => bench.originate("tap-1", &b, "PCMA", "write"),
            false => bench.say(&format!(
                "bgapi originate {{absolute_codec_string=PCMA,callgist_tap=1}}sofia/callgist/sip:t@{EAR} \
                 '&native_eavesdrop({b} read)'"
            )),
        }
        bench.until(ms(6_000));
        bench.world.crashed
    };
    assert!(!run(true));
    assert!(run(false));
}

#[test]
fn our_bye_ends_a_tap_and_nothing_else() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.call(talk(5));
    bench.until(ms(6_000));
    let dialog = bench.dialogs["tap-Agent-write"];
    bench.uas.bye(dialog, bench.now).unwrap();
    bench.answer();
    bench.flush();
    let count = bench.payloads("tap-Agent-write").len();
    bench.until(ms(7_000));
    assert_eq!(bench.payloads("tap-Agent-write").len(), count);
    assert!(bench.story().contains(&"MEDIA_BUG_STOP B".to_owned()));
    assert!(!bench.story().contains(&"CHANNEL_HANGUP A".to_owned()));
    assert_eq!(bench.api("uuid_exists tap-Agent-write"), "false");
}

#[test]
fn a_call_from_inside_the_switch_reaches_the_snippet_and_is_no_callers() {
    let mut bench = Bench::new();
    bench.at_sleep = AtSleep::Hangs;
    let try_it = |bench: &mut Bench, number: &str| {
        bench.say(&format!(
            "bgapi originate {{origination_uuid=half-1,originate_timeout=2,origination_caller_id_number=callgist}}\
             loopback/{number}/public &park"
        ));
        bench.until(ms(1_000));
    };
    try_it(&mut bench, "4711");
    assert_eq!(bench.event("BACKGROUND_JOB -").body(), Some("-ERR NO_ROUTE_DESTINATION\n"));
    bench.events.clear();
    try_it(&mut bench, "352260000");
    let sleep = bench.event("CHANNEL_EXECUTE - sleep");
    assert_eq!(sleep.get("Channel-Name"), Some("loopback/352260000-b"));
    assert_eq!(
        (sleep.variable("callgist"), sleep.variable("callgist_waiting")),
        (Some("main"), Some("true"))
    );
    assert_eq!(bench.api("uuid_kill half-1"), "+OK\n");
    bench.until(ms(2_000));
    assert_eq!(bench.api("show channels as json"), "{\"row_count\": 0}\n");
}

#[test]
fn another_codec_is_spoken_on_the_other_leg() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.ended(Script { agent_codec: Some(Codec::Pcmu), ..talk(1) });
    assert!(bench.payloads("tap-Agent-write").is_empty());
    assert_eq!(bench.event("CHANNEL_ANSWER B").get("Channel-Read-Codec-Name"), Some("PCMU"));
}

/// The packets of a write tap of the agent's leg, on a call whose phones speak in packets of `ptime` ms.
fn in_packets_of(ptime_ms: u8, asked: &str) -> (Vec<(Duration, Vec<u8>)>, String) {
    let mut bench = Bench::new();
    bench.call(Script { ptime_ms, ..talk(4) });
    bench.until(ms(5_000));
    let target = bench.b.clone();
    bench.say(&format!(
        "bgapi originate {{origination_uuid=tap-1,absolute_codec_string={asked},callgist_tap=1}}sofia/callgist/sip:t@{EAR} \
         'native_eavesdrop:{target} write' inline"
    ));
    let dump: serde_json::Value =
        serde_json::from_str(&bench.api(&format!("uuid_dump {target} json"))).unwrap();
    bench.until(ms(7_500));
    (
        bench.packets.remove("tap-1").unwrap(),
        dump["variable_rtp_last_audio_codec_string"].as_str().unwrap().into(),
    )
}

#[test]
fn a_tap_that_asks_for_the_legs_own_packets_gets_them_whatever_their_length() {
    for ptime in [10, 20, 30, 40, 60] {
        let (packets, string) = in_packets_of(ptime, &format!("PCMA@8000h@{ptime}i@1c"));
        assert_eq!(string, format!("PCMA@8000h@{ptime}i@1c"));
        let samples = usize::from(ptime) * 8;
        let said: Vec<Vec<u8>> = steps(200, 1_000).chunks(samples).map(encoder).collect();
        let heard: Vec<Packet> = packets.iter().map(|(_, bytes)| Packet::parse(bytes).unwrap()).collect();
        assert!(heard.len() * usize::from(ptime) > 2_000, "{ptime}: {}", heard.len());
        assert!(heard.iter().all(|packet| packet.payload.len() == samples));
        assert!(heard.iter().all(|packet| said.iter().any(|said| said == packet.payload)), "{ptime}");
        assert!(packets.windows(2).all(|two| two[1].0 - two[0].0 == ms(u64::from(ptime))), "{ptime}");
        let step = |two: &[Packet]| two[1].header.timestamp.since(two[0].header.timestamp);
        assert!(heard.windows(2).all(|two| step(two) == samples as i32));
    }
}

#[test]
fn a_tap_of_20_ms_on_a_leg_of_30_is_cut_anew_without_losing_a_byte() {
    let (packets, _) = in_packets_of(30, "PCMA");
    let heard: Vec<u8> =
        packets.iter().flat_map(|(_, bytes)| Packet::parse(bytes).unwrap().payload.to_vec()).collect();
    let said = encoder(&steps(200, 1_000));
    let start = said.windows(1_600).position(|piece| *piece == heard[..1_600]).unwrap();
    assert!(heard[..] == said[start..][..heard.len()]);
}
