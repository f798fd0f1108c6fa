//! The event socket: who may ask what, and in which words it is answered.

use super::*;

#[test]
fn every_answer_of_the_trace_of_commands_and_errors_is_given_again() {
    let read = |side: &str| {
        let path =
            format!("{}/tests/golden/esl/A07-commands-and-errors.{side}.raw", env!("CARGO_MANIFEST_DIR"));
        BytesMut::from(&std::fs::read(path).unwrap()[..])
    };
    let (mut client, mut asked) = (ServerCodec::default(), read("client"));
    let mut bench = Bench::with(Settings::default());
    bench.flush();
    while let Some(command) = client.decode(&mut asked).unwrap() {
        bench.world.handle_command(LINK, command, bench.now);
        bench.flush();
    }
    let (mut server, mut told) = (ClientCodec::default(), read("server"));
    let golden: Vec<Frame> = std::iter::from_fn(|| server.decode(&mut told).unwrap())
        .filter(|frame| !matches!(frame, Frame::Event(..)))
        .collect();
    assert_eq!(bench.frames.len(), golden.len());
    for (ours, theirs) in bench.frames.iter().zip(&golden) {
        assert_eq!(shown(ours), shown(theirs));
    }
}

/// A frame as text, with ids left out.
fn shown(frame: &Frame) -> String {
    let mut bytes = BytesMut::new();
    ServerCodec::default().encode(frame, &mut bytes).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let id = regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let nil = "00000000-0000-0000-0000-000000000000";
    let ids =
        id.replace_all(&text, |found: &regex::Captures| if &found[0] == nil { nil } else { "ID" }.to_owned());
    ids.into_owned()
}

#[test]
fn a_user_of_the_directory_hears_and_calls_only_what_he_may() {
    let user = User {
        name: "sidecar@pbx.example".into(),
        password: "s3cret".into(),
        events: ["CHANNEL_BRIDGE", "CHANNEL_HANGUP", "BACKGROUND_JOB"].map(str::to_owned).into(),
        apis: ["show", "bgapi", "originate", "uuid_kill"].map(str::to_owned).into(),
    };
    let mut bench = Bench::with(Settings { users: vec![user], ..Settings::default() });
    let read = |side: &str| {
        let path =
            format!("{}/tests/golden/esl/A05-userauth-restricted.{side}.raw", env!("CARGO_MANIFEST_DIR"));
        BytesMut::from(&std::fs::read(path).unwrap()[..])
    };
    let (mut client, mut asked) = (ServerCodec::default(), read("client"));
    bench.flush();
    while let Some(command) = client.decode(&mut asked).unwrap() {
        bench.world.handle_command(LINK, command, bench.now);
        bench.flush();
    }
    let (mut server, mut told) = (ClientCodec::default(), read("server"));
    let golden: Vec<String> =
        std::iter::from_fn(|| server.decode(&mut told).unwrap()).map(|f| shown(&f)).collect();
    assert_eq!(bench.frames.iter().map(shown).collect::<Vec<_>>(), golden);
}

#[test]
fn a_wrong_password_and_a_stranger_are_told_and_shown_out() {
    let mut wrong = Bench::with(Settings::default());
    wrong.say("auth Wrong");
    assert!(matches!(&wrong.frames[..], [Frame::AuthRequest, Frame::Reply(_), Frame::Disconnect(_)]));
    let mut stranger = Bench::with(Settings { acl_refuses: true, ..Settings::default() });
    stranger.flush();
    assert!(matches!(&stranger.frames[..], [Frame::Rejected(_), Frame::Disconnect(_)]));
    let mut silent = Bench::with(Settings::default());
    silent.until(ms(25_000));
    assert!(matches!(&silent.frames[..], [Frame::AuthRequest, Frame::Disconnect(_)]));
}

#[test]
fn events_overtake_each_other_only_across_legs() {
    let mut displaced = 0;
    for seed in 0..20 {
        let mut bench = Bench::with(Settings { reorder: 0.5, seed, ..Settings::default() });
        bench.say("auth ClueCon");
        bench.say("event json ALL");
        bench.ended(talk(1));
        let numbers: Vec<(Option<&str>, u64)> = bench
            .events
            .iter()
            .filter_map(|(_, event)| Some((event.unique_id(), event.sequence()?)))
            .collect();
        displaced += numbers.windows(2).filter(|two| two[0].1 > two[1].1).count();
        let legs: std::collections::BTreeSet<Option<&str>> = numbers.iter().map(|(leg, _)| *leg).collect();
        for leg in legs {
            let own: Vec<u64> = numbers.iter().filter(|(of, _)| *of == leg).map(|(_, n)| *n).collect();
            assert!(own.is_sorted());
        }
    }
    assert!(displaced > 5, "{displaced}");
}

#[test]
fn a_resyncing_sidecar_finds_legs_taps_and_variables() {
    let mut bench = Bench::new();
    bench.at_bridge = vec![(Party::Agent, "write")];
    bench.call(talk(5));
    bench.until(ms(6_000));
    let (a, b) = (bench.a.clone(), bench.b.clone());
    assert_eq!(bench.api(&format!("uuid_setvar {a} callgist_notice v1;1;2")), "+OK\n");
    assert_eq!(bench.api(&format!("uuid_getvar {a} callgist_notice")), "v1;1;2");
    let dump: serde_json::Value = serde_json::from_str(&bench.api(&format!("uuid_dump {b} json"))).unwrap();
    assert_eq!(dump["Channel-Read-Codec-Name"], "PCMA");
    assert_eq!(dump["variable_rtp_last_audio_codec_string"], "PCMA@8000h@20i@1c");
    assert_eq!(dump["Other-Leg-Unique-ID"], a);
    assert!(bench.api(&format!("uuid_buglist {b}")).contains("<function>eavesdrop</function>"));
    let shown: serde_json::Value = serde_json::from_str(&bench.api("show channels as json")).unwrap();
    assert_eq!(shown["row_count"], 3);
    let rows = shown["rows"].as_array().unwrap();
    let tap = rows.iter().find(|row| row["application"] == "native_eavesdrop").unwrap();
    assert_eq!(tap["application_data"], format!("{b} write"));
    assert_eq!(bench.api("uuid_kill tap-Agent-write"), "+OK\n");
    bench.until(ms(6_100));
    assert!(bench.story().contains(&"MEDIA_BUG_STOP B".to_owned()));
    assert_eq!(bench.api("uuid_kill no-such-leg"), "-ERR No such channel!\n");
    assert_eq!(bench.api("uuid_setvar no-such-leg a b"), "-ERR No such channel!\n");
}

#[test]
fn the_heart_beats_on_the_switchs_own_clock() {
    let mut bench = Bench::with(Settings::default());
    bench.say("auth ClueCon");
    bench.say("event plain HEARTBEAT");
    bench.until(ms(65_000));
    let beats: Vec<u64> = bench.events.iter().filter_map(|(_, event)| event.date_micros()).collect();
    assert_eq!(beats, [20, 40, 60].map(|seconds| EPOCH + seconds * 1_000_000));
}

#[test]
fn a_percent_sign_is_ambiguous_in_plain_events_and_whole_in_json() {
    let printed = |form: &str, value: &str| {
        let mut bench = Bench::with(Settings::default());
        bench.say("auth ClueCon");
        bench.say(&format!("event {form} HEARTBEAT"));
        bench.world.handle_command(
            LINK,
            commands(&format!("sendevent HEARTBEAT\nX-Note: {value}\n\n")).remove(0),
            bench.now,
        );
        let event = std::iter::from_fn(|| bench.world.poll_output()).find_map(|output| match output {
            Output::Frame(_, frame @ Frame::Event(..)) => Some(shown(&frame)),
            _ => None,
        });
        event.unwrap()
    };
    assert!(printed("plain", "100%25 & 50%").contains("X-Note: 100%25%20%26%2050%25\n"));
    assert!(printed("plain", "100% & 50%").contains("X-Note: 100%25%20%26%2050%25\n"));
    assert!(printed("json", "100%25 & 50%").contains("\"X-Note\":\"100%25 & 50%\""));
}
