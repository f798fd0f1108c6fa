//! Traces of a real FreeSWITCH (1.11-dev) and its clients go through the codecs of `wire::esl`.
//!
//! `tests/golden/esl/NAME.server.raw` is what the switch sent on one TCP connection, `NAME.client.raw` what it was
//! sent, byte for byte. A: commands without calls; B: whole calls seen from outside, in each form; C: outbound
//! sockets, which are parsed and never asked for; F: filters and taps.

use crate::fuzz_seeds::targets::{decode, decode_pieces};
use bytes::BytesMut;
use callgist::wire::esl::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio_util::codec::Encoder;

#[test]
fn every_trace_is_read_to_its_end() {
    for (name, bytes) in traces("server") {
        let (frames, error) = decode::<ClientCodec>(&bytes, usize::MAX);
        assert_eq!(error, None, "{name}");
        let talks = !matches!(frames.last(), Some(Frame::Disconnect(_)));
        assert!(!talks, "{name} ends with a goodbye");
    }
    for (name, bytes) in traces("client") {
        let (_, error) = decode::<ServerCodec>(&bytes, usize::MAX);
        assert_eq!(error, None, "{name}");
    }
}

#[test]
fn frames_are_the_same_however_the_bytes_are_split() {
    for (name, bytes) in traces("server") {
        let whole = decode::<ClientCodec>(&bytes, usize::MAX);
        for pieces in splits(&bytes) {
            assert!(decode_pieces::<ClientCodec>(pieces) == whole, "{name}");
        }
    }
}

#[test]
fn commands_are_the_same_however_the_bytes_are_split() {
    for (name, bytes) in traces("client") {
        let whole = decode::<ServerCodec>(&bytes, usize::MAX);
        for pieces in splits(&bytes) {
            assert!(decode_pieces::<ServerCodec>(pieces) == whole, "{name}");
        }
    }
}

#[test]
fn what_was_read_is_printed_byte_for_byte() {
    let mut printed_traces = 0;
    for (name, bytes) in traces("server") {
        let (frames, _) = decode::<ClientCodec>(&bytes, usize::MAX);
        if frames.iter().any(|frame| matches!(frame, Frame::Skipped { .. })) {
            continue;
        }
        let mut printed = BytesMut::new();
        frames.iter().for_each(|frame| ServerCodec::default().encode(frame, &mut printed).unwrap());
        assert!(printed == bytes, "{name}");
        printed_traces += 1;
    }
    assert_eq!(printed_traces, 21);
}

#[test]
fn what_clients_said_is_printed_as_we_would_say_it() {
    for name in
        ["A01-auth-ok", "A05-userauth-restricted", "A09-bgapi", "B02-call-json", "F01-filters-and-taps"]
    {
        let bytes = trace(name, "client");
        let mut printed = BytesMut::new();
        for command in decode::<ServerCodec>(&bytes, usize::MAX).0 {
            ClientCodec::default().encode(&command, &mut printed).unwrap();
        }
        assert!(printed == bytes, "{name}");
    }
}

#[test]
fn the_frames_of_each_kind_are_as_many_as_were_counted() {
    let counted = [
        ("A01-auth-ok", "api 2, auth 1, disconnect 1, reply 2"),
        ("A04-acl-rejected", "disconnect 1, rejected 1"),
        ("A05-userauth-restricted", "api 1, auth 1, disconnect 1, reply 9"),
        ("A07-commands-and-errors", "api 10, auth 1, disconnect 1, reply 41"),
        ("A08-crlf-split-pipelined", "api 6, auth 1, disconnect 1, reply 2"),
        ("A09-bgapi", "auth 1, disconnect 1, plain 8, reply 11"),
        ("A11-event-with-body", "auth 1, disconnect 1, json 1, plain 1, reply 11, skipped 1"),
        ("A12-log-lines", "auth 1, disconnect 1, log 120, reply 5"),
        ("B01-call-plain", "auth 1, disconnect 1, plain 90, reply 5"),
        ("B02-call-json", "auth 1, disconnect 1, json 22, reply 5"),
        ("B03-call-xml", "auth 1, disconnect 1, reply 5, skipped 12"),
        ("B05-long-header-json", "auth 1, disconnect 1, json 3, reply 5"),
        ("C01-outbound-normal", "api 1, connected 1, disconnect 1, plain 10, reply 11"),
        ("C05-hangup-during-announcement-linger", "connected 1, disconnect 2, plain 7, reply 4"),
        ("C22-shutdown-inbound-idle", "auth 1, disconnect 1, plain 1, reply 2"),
        ("C25-session-commands", "connected 1, disconnect 1, log 3, plain 7, reply 17"),
        ("F01-filters-and-taps", "auth 1, disconnect 1, json 58, reply 11"),
        ("F02-filter-regex", "auth 1, disconnect 1, plain 2, reply 4"),
    ];
    for (name, expected) in counted {
        assert_eq!(count(&frames(name)), expected, "{name}");
    }
}

#[test]
fn plain_and_json_tell_the_same_call() {
    let subscribed = match &commands("B02-call-json")[1] {
        Command::Events { form: Form::Json, names } => names.clone(),
        other => panic!("{other:?}"),
    };
    let wanted = |event: &Event| subscribed.iter().any(|name| Some(name.as_str()) == event.get("Event-Name"));
    let plain = by_leg(events("B01-call-plain").into_iter().filter(wanted));
    let json = by_leg(events("B02-call-json"));
    // Across legs the order may differ from run to run, so each leg is compared with itself.
    assert_eq!(plain, json);
    assert_eq!(json.len(), 3);
    assert_eq!(json[2], ["BACKGROUND_JOB", "BACKGROUND_JOB"]);
}

#[test]
fn names_and_arrays_are_the_same_in_plain_and_json() {
    for trace in ["B01-call-plain", "B02-call-json"] {
        let events = events(trace);
        let names: Vec<_> = events.iter().filter_map(|event| event.get("Caller-Caller-ID-Name")).collect();
        assert!(names.contains(&"Müller 東京, 100% & Co"), "{trace}");
        let list = Value::List(vec!["one".into(), "two | pipe".into(), "drei ü".into()]);
        assert!(
            events.iter().any(|event| event.headers().value("variable_callgist_list") == Some(&list)),
            "{trace}"
        );
    }
}

#[test]
fn the_accessors_find_what_a_daemon_needs() {
    let events = events("F01-filters-and-taps");
    let first = |name| events.iter().find(|event| event.name() == name).unwrap();

    let bridge = first(EventName::ChannelBridge);
    let (caller, agent) = bridge.bridge_pair().unwrap();
    assert_eq!((bridge.unique_id(), bridge.other_leg()), (Some(caller), Some(agent)));
    assert_eq!(bridge.answer_state(), Some(AnswerState::Answered));
    assert!(bridge.sequence().is_some() && bridge.date_micros().unwrap() > 1_700_000_000_000_000);
    assert_eq!(bridge.variable("callgist"), Some("mainline"));

    let stop = first(EventName::PlaybackStop);
    assert_eq!(stop.playback_status(), Some(PlaybackStatus::Done));
    assert!(stop.playback_path().unwrap().starts_with('/'));

    let complete = events.iter().find(|event| {
        event.name() == EventName::ChannelExecuteComplete && event.application() == Some("playback")
    });
    let complete = complete.unwrap();
    assert_eq!(complete.application_response(), Some("FILE PLAYED"));
    assert!(complete.application_data().is_some() && complete.application_uuid().is_some());

    let tapped = first(EventName::MediaBugStart);
    assert_eq!(tapped.media_bug_function(), Some("eavesdrop"));
    assert_eq!(tapped.media_bug_target(), tapped.unique_id());

    let job = first(EventName::BackgroundJob);
    assert!(job.job_uuid().is_some() && Fault::check(job.body().unwrap()).is_ok());
    let hangup = first(EventName::ChannelHangupComplete);
    assert!(hangup.hangup_cause().is_some());
    assert_eq!(hangup.answer_state(), Some(AnswerState::Hangup));
}

#[test]
fn an_event_with_a_body_reads_the_same_in_plain_and_json() {
    let events = events("A11-event-with-body");
    let body = "line one\nline two: Müller 東京 %41 <b>&amp;</b>\n\nlast line";
    for event in &events {
        assert_eq!(event.body(), Some(body));
        assert_eq!(event.get("X-Quote"), Some("\"q\" 'a' <t> \\back"));
        assert_eq!(event.get("X-Empty"), None);
    }
    assert_eq!(events[0].get("X-Percent"), Some("100% & 50% + x=y;z"));
    assert_eq!(events[1].get("X-Percent"), Some("100%25 & 50% + x=y;z"));
}

#[test]
fn every_refusal_of_the_trace_is_known() {
    let refusals: Vec<_> = frames("A07-commands-and-errors")
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::Reply(reply) => reply.result().err(),
            _ => None,
        })
        .collect();
    assert_eq!(refusals.len(), 23);
    assert!(!refusals.iter().any(|refusal| matches!(refusal, Refusal::Other(_))));
    let faults = frames("A07-commands-and-errors").into_iter().filter_map(|frame| match frame {
        Frame::Api(answer) => answer.result().err(),
        _ => None,
    });
    let other = faults.filter(|fault| matches!(fault, Fault::Other(_))).count();
    assert_eq!(other, 0);
}

#[test]
fn a_lingering_connection_says_so_before_it_ends() {
    let notices: Vec<_> = frames("C05-hangup-during-announcement-linger")
        .into_iter()
        .filter_map(|frame| match frame {
            Frame::Disconnect(notice) => Some((notice.disposition, notice.linger, notice.text.len())),
            _ => None,
        })
        .collect();
    let expected = [(Some(Disposition::Linger), Some(3), 0), (Some(Disposition::Disconnect), None, 67)];
    assert_eq!(notices, expected);
}

#[test]
fn the_goodbyes_that_we_write_are_those_of_the_switch() {
    assert_eq!(frames("A01-auth-ok").last(), Some(&Frame::goodbye()));
    assert_eq!(frames("A04-acl-rejected"), [Frame::rejected(), Frame::goodbye()]);
    assert_eq!(frames("C22-shutdown-inbound-idle").last(), Some(&Frame::shutdown()));
}

/// A reader that was too slow is killed by a notice in the middle of an event; of that, no trace was kept.
#[test]
fn a_connection_that_is_cut_anywhere_ends_with_an_error() {
    let bytes = trace("B02-call-json", "server");
    let notice = b"Content-Type: text/disconnect-notice\nContent-Length: 39\n\nkilled listener because of lost events\n";
    let whole = decode::<ClientCodec>(&bytes, usize::MAX).0;
    let mut cut_in_events = 0;
    for cut in (0..bytes.len()).step_by(997) {
        let (before, error) = decode::<ClientCodec>(&bytes[..cut], usize::MAX);
        assert!(before[..] == whole[..before.len()]);
        let clean = error.is_none();
        let (_, error) = decode::<ClientCodec>(&[&bytes[..cut], notice].concat(), usize::MAX);
        assert_eq!(error.is_none(), clean, "cut at {cut}");
        cut_in_events += usize::from(!clean);
    }
    assert!(cut_in_events > 150);
}

/// How many frames of each kind there are, in words.
fn count(frames: &[Frame]) -> String {
    let mut counts = BTreeMap::new();
    for frame in frames {
        *counts.entry(kind(frame)).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    counts.join(", ")
}

fn kind(frame: &Frame) -> &'static str {
    match frame {
        Frame::AuthRequest => "auth",
        Frame::Rejected(_) => "rejected",
        Frame::Reply(_) => "reply",
        Frame::Api(_) => "api",
        Frame::Event(_, Form::Plain) => "plain",
        Frame::Event(_, Form::Json) => "json",
        Frame::Connected(_) => "connected",
        Frame::Log(_) => "log",
        Frame::Disconnect(_) => "disconnect",
        Frame::Skipped { .. } => "skipped",
    }
}

/// The names of each leg's events in order; legs in the order of their first event, what has no leg last.
fn by_leg(events: impl IntoIterator<Item = Event>) -> Vec<Vec<String>> {
    let mut legs: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for event in events {
        let leg = event.unique_id().map(str::to_owned);
        let name = event.get("Event-Name").unwrap().to_owned();
        match legs.iter_mut().find(|(have, _)| *have == leg) {
            Some((_, names)) => names.push(name),
            None => legs.push((leg, vec![name])),
        }
    }
    legs.sort_by_key(|(leg, _)| leg.is_none());
    legs.into_iter().map(|(_, names)| names).collect()
}

fn events(name: &str) -> Vec<Event> {
    let event = |frame| match frame {
        Frame::Event(event, _) => Some(event),
        _ => None,
    };
    frames(name).into_iter().filter_map(event).collect()
}

fn frames(name: &str) -> Vec<Frame> {
    decode::<ClientCodec>(&trace(name, "server"), usize::MAX).0
}

fn commands(name: &str) -> Vec<Command> {
    decode::<ServerCodec>(&trace(name, "client"), usize::MAX).0
}

/// Small ones cut in two at every byte; all of them byte by byte and into a few random runs of pieces.
fn splits(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let cuts = if bytes.len() <= 1_500 { bytes.len() } else { 0 };
    let mut splits: Vec<Vec<&[u8]>> = (0..cuts).map(|at| vec![&bytes[..at], &bytes[at..]]).collect();
    splits.push(bytes.chunks(1).collect());
    splits.extend((1..=3).map(|seed| random_pieces(bytes, seed)));
    splits
}

/// Pieces of 0 to 4095 bytes, small ones as often as large ones; the same seed gives the same pieces.
fn random_pieces(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let (mut state, mut rest, mut pieces) = (seed, bytes, Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = (state >> 33) % (1 << ((state >> 45) % 13));
        let (piece, after) = rest.split_at((size as usize).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn trace(name: &str, side: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.{side}.raw"))).expect("the trace is in the repository")
}

/// Every trace of one side, with its name.
fn traces(side: &str) -> Vec<(String, Vec<u8>)> {
    let end = format!(".{side}.raw");
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .expect("the traces are in the repository")
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(&end).map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names.len(), 23);
    names.into_iter().map(|name| (name.clone(), trace(&name, side))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/esl")
}
