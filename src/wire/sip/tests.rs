//! The server against what a real switch sent (`tests/golden/sip`), against a clock, and against nonsense.

use super::*;
use crate::wire::rtp::{Codec, Format};
use proptest::prelude::*;
use std::net::SocketAddr;
use std::time::Duration;

const SWITCH: &str = "127.0.0.1:5080";
const US: &str = "127.0.0.1:5090";
const RTP: &str = "127.0.0.1:31006";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The switch's side of a conversation with a server under test.
struct Bench {
    uas: Uas,
    now: Duration,
}

impl Bench {
    fn new() -> Bench {
        Bench { uas: Uas::new(at(US), [7; 32]), now: Duration::ZERO }
    }

    fn hears(&mut self, datagram: &[u8]) -> Vec<Message> {
        self.uas.handle(datagram, at(SWITCH), self.now).unwrap();
        self.says()
    }

    /// What goes out, all of it to where the INVITE came from.
    fn says(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.uas.poll_transmit())
            .map(|(to, bytes)| {
                assert_eq!(to, at(SWITCH));
                Message::parse(&bytes).unwrap()
            })
            .collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.uas.poll_event()).collect()
    }

    fn invited(&mut self, invite: &[u8]) -> (DialogId, Token, Offer) {
        assert!(self.hears(invite).is_empty());
        match &self.events()[..] {
            [Event::Invited { dialog, token, offer }] => (*dialog, token.clone(), *offer),
            other => panic!("{other:?}"),
        }
    }

    fn accepted(&mut self, invite: &[u8]) -> (DialogId, Message) {
        let (dialog, ..) = self.invited(invite);
        self.uas.accept(dialog, at(RTP), self.now).unwrap();
        (dialog, self.says().pop().unwrap())
    }

    fn confirmed(&mut self) -> DialogId {
        let (dialog, ok) = self.accepted(&invite("a", PCMA));
        self.hears(&follow("ACK", &ok));
        assert_eq!(self.events(), [Event::Acked { dialog }]);
        dialog
    }

    /// Lets the time pass until the server wants nothing more, and tells when it said what.
    fn waits(&mut self, until: Duration) -> Vec<(u64, Message)> {
        let mut said = Vec::new();
        while let Some(next) = self.uas.poll_timeout().filter(|next| *next <= until) {
            self.now = next;
            self.uas.handle_timeout(next);
            said.extend(self.says().into_iter().map(|message| (next.as_millis() as u64, message)));
        }
        self.now = until;
        said
    }
}

const PCMA: &str = "m=audio 26498 RTP/AVP 8 101 13\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n";

fn invite(branch: &str, media: &str) -> Vec<u8> {
    let body =
        format!("v=0\r\no=FreeSWITCH 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n{media}");
    request("INVITE", branch, "", &body)
}

fn request(method: &str, branch: &str, tag: &str, body: &str) -> Vec<u8> {
    let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let cseq = if method == "BYE" { 124 } else { 123 };
    format!(
        "{method} sip:tok-a@127.0.0.1:5090;transport=udp SIP/2.0\r\n\
         Via: SIP/2.0/UDP 203.0.113.9:5080;rport;branch=z9hG4bK{branch}\r\n\
         From: \"callgist\" <sip:tap@127.0.0.1>;tag=av86ZF69HjBjB\r\n\
         To: <sip:tok-a@127.0.0.1:5090>{to}\r\n\
         Call-ID: 7de236bc\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:mod_sofia@203.0.113.9:5080>\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request in the dialog that `ok` made.
fn follow(method: &str, ok: &Message) -> Vec<u8> {
    request(method, method, ok.param("To", "tag"), "")
}

fn code(message: &Message) -> u16 {
    match message.start {
        Start::Response { status } => status.code(),
        Start::Request { .. } => 0,
    }
}

fn codes(messages: &[Message]) -> Vec<u16> {
    messages.iter().map(code).collect()
}

/// The messages of a golden trace between the switch and the tap's server, with who sent them.
fn golden(name: &str) -> Vec<(bool, Vec<u8>)> {
    let path = format!("{}/tests/golden/sip/{name}.sip.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut messages: Vec<(bool, Vec<u8>)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.contains("FS -> tapuas") || line.contains("tapuas -> FS");
            if inside {
                messages.push((line.contains("FS -> tapuas"), Vec::new()));
            }
        } else if inside {
            let bytes = &mut messages.last_mut().unwrap().1;
            bytes.extend_from_slice(line.trim_start().as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
    }
    for (_, bytes) in &mut messages {
        if !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
    }
    messages
}

/// Lines of an answer, without those that hold a port or an id.
fn lasting(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8(body.to_vec()).unwrap();
    text.lines().filter(|line| !line.starts_with("o=")).map(|line| line.replace("31008", "31006")).collect()
}

#[test]
fn every_golden_message_is_read_and_printed_with_the_same_meaning() {
    let names = ["T01-basic", "T04b-uas-rings", "T06-uas-bye", "T15b-codec-pcmu", "T16f-ptime30-tap30"];
    for (_, bytes) in names.iter().flat_map(|name| golden(name)) {
        let message = Message::parse(&bytes).unwrap();
        let again = Message::parse(&message.to_bytes()).unwrap();
        assert_eq!((&again.start, &again.body), (&message.start, &message.body));
        for name in ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Reason", "X-FS-Support"] {
            assert_eq!(again.get(name), message.get(name));
        }
    }
}

#[test]
fn the_taps_of_a_real_call_are_answered_as_they_were_answered_then() {
    for (name, codec, ptime_ms) in [
        ("T01-basic", Codec::Pcma, 20),
        ("T15b-codec-pcmu", Codec::Pcmu, 20),
        ("T16f-ptime30-tap30", Codec::Pcma, 30),
    ] {
        let messages = golden(name);
        let mut bench = Bench::new();
        let (_, invite) =
            messages.iter().find(|(theirs, bytes)| *theirs && bytes.starts_with(b"INVITE")).unwrap();
        let (_, then) = messages.iter().find(|(theirs, _)| !theirs).unwrap();
        let then = Message::parse(then).unwrap();
        let (dialog, token, offer) = bench.invited(invite);
        assert!(token.as_str().starts_with("tok-"));
        assert_eq!((offer.format.codec, offer.format.ptime_ms), (codec, ptime_ms), "{name}");
        bench.uas.accept(dialog, at(RTP), bench.now).unwrap();
        let now = bench.says().pop().unwrap();
        assert_eq!(now.start, then.start);
        assert_eq!(lasting(&now.body), lasting(&then.body), "{name}");
        for header in ["Via", "From", "Call-ID", "CSeq"] {
            assert_eq!(now.get(header), then.get(header));
        }
    }
}

#[test]
fn the_tap_of_a_real_call_in_opus_is_answered_in_opus() {
    let opus = golden("T15g-codec-opus-string");
    let mut bench = Bench::new();
    let (_, ok) = bench.accepted(&opus[0].1);
    let body = String::from_utf8(ok.body).unwrap();
    assert!(body.contains("RTP/AVP 102\r\n") && body.contains("a=rtpmap:102 opus/48000/2\r\n"), "{body}");
}

#[test]
fn a_codec_that_no_ear_decodes_is_refused() {
    let mut bench = Bench::new();
    let g729 = invite("a", "m=audio 5 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n");
    assert_eq!(codes(&bench.hears(&g729)), [488]);
    assert!(bench.events().is_empty());
}

#[test]
fn a_cancelled_golden_invite_gets_its_two_answers() {
    let trace = golden("T04b-uas-rings");
    let theirs =
        |method: &[u8]| trace.iter().find(|(sent, b)| *sent && b.starts_with(method)).unwrap().1.clone();
    let mut bench = Bench::new();
    // The trace holds two legs that cross; this is the one that came second and was cancelled first.
    let (_, invite) = trace.iter().rfind(|(sent, bytes)| *sent && bytes.starts_with(b"INVITE")).unwrap();
    let (dialog, ..) = bench.invited(invite);
    let answers = bench.hears(&theirs(b"CANCEL"));
    assert_eq!(codes(&answers), [200, 487]);
    assert_eq!((answers[0].cseq().1, answers[1].cseq().1), (Method::Cancel, Method::Invite));
    assert_eq!(bench.events(), [Event::Cancelled { dialog }]);
    let tag = answers[1].param("To", "tag").to_owned();
    let ack = String::from_utf8(theirs(b"ACK")).unwrap();
    let theirs_tag = Message::parse(ack.as_bytes()).unwrap().param("To", "tag").to_owned();
    assert!(bench.hears(ack.replace(&theirs_tag, &tag).as_bytes()).is_empty());
    assert!(bench.waits(ms(100_000)).is_empty());
}

#[test]
fn a_leg_is_taken_acked_and_hung_up_by_the_switch() {
    let mut bench = Bench::new();
    let (dialog, ok) = bench.accepted(&invite("a", PCMA));
    assert_eq!(ok.text("Contact"), "<sip:callgist@127.0.0.1:5090>");
    bench.hears(&follow("ACK", &ok));
    assert_eq!(codes(&bench.hears(&follow("BYE", &ok))), [200]);
    let ended = Event::Ended { dialog, how: Ending::Theirs };
    assert_eq!(bench.events(), [Event::Acked { dialog }, ended]);
    assert_eq!(codes(&bench.hears(&follow("BYE", &ok))), [200]);
    assert!(bench.hears(&follow("ACK", &ok)).is_empty());
    assert!(bench.events().is_empty());
    bench.waits(ms(33_000));
    assert_eq!(codes(&bench.hears(&follow("BYE", &ok))), [481]);
}

#[test]
fn our_bye_goes_where_the_invite_came_from_whatever_contact_and_via_say() {
    let mut bench = Bench::new();
    let dialog = bench.confirmed();
    bench.uas.bye(dialog, bench.now).unwrap();
    bench.uas.bye(dialog, bench.now).unwrap();
    let said = bench.says();
    let bye = String::from_utf8(said[0].to_bytes()).unwrap();
    assert_eq!(said.len(), 1);
    assert!(bye.starts_with("BYE sip:mod_sofia@203.0.113.9:5080 SIP/2.0\r\n"), "{bye}");
    let ok = bye.replace("BYE sip:mod_sofia@203.0.113.9:5080 SIP/2.0", "SIP/2.0 200 OK");
    bench.hears(ok.as_bytes());
    assert_eq!(bench.events(), [Event::Ended { dialog, how: Ending::Ours }]);
    assert!(bench.waits(ms(100_000)).is_empty());
}

#[test]
fn our_bye_is_said_again_until_the_switch_is_given_up() {
    let mut bench = Bench::new();
    let dialog = bench.confirmed();
    bench.uas.bye(dialog, bench.now).unwrap();
    bench.says();
    let times: Vec<u64> = bench.waits(ms(40_000)).into_iter().map(|(when, _)| when).collect();
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(bench.events(), [Event::Ended { dialog, how: Ending::Silence }]);
    bench.waits(ms(100_000));
    assert_eq!(bench.uas.poll_timeout(), None);
}

#[test]
fn the_200_is_said_again_until_the_ack_then_the_leg_is_ended() {
    let mut bench = Bench::new();
    let (dialog, ok) = bench.accepted(&invite("a", PCMA));
    let said = bench.waits(ms(2_000));
    assert_eq!(said.iter().map(|(when, m)| (*when, code(m))).collect::<Vec<_>>(), [(500, 200), (1_500, 200)]);
    bench.hears(&follow("ACK", &ok));
    assert!(bench.waits(ms(60_000)).is_empty());

    let mut silent = Bench::new();
    silent.accepted(&invite("a", PCMA));
    let said = silent.waits(ms(32_000));
    assert_eq!(said.last().map(|(when, m)| (*when, m.cseq().1)), Some((32_000, Method::Bye)));
    silent.waits(ms(70_000));
    assert_eq!(silent.events(), [Event::Ended { dialog, how: Ending::Silence }]);
}

#[test]
fn a_leg_ended_before_its_ack_gets_its_bye_right_after_it() {
    let mut bench = Bench::new();
    let (dialog, ok) = bench.accepted(&invite("a", PCMA));
    bench.uas.bye(dialog, bench.now).unwrap();
    assert!(bench.says().is_empty());
    let said = bench.hears(&follow("ACK", &ok));
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].cseq(), (1, Method::Bye));
}

#[test]
fn an_invite_that_comes_again_gets_the_same_answer_and_no_second_leg() {
    let mut bench = Bench::new();
    let (dialog, ..) = bench.invited(&invite("a", PCMA));
    assert_eq!(codes(&bench.hears(&invite("a", PCMA))), [100]);
    bench.uas.accept(dialog, at(RTP), bench.now).unwrap();
    let ok = bench.says();
    assert_eq!(bench.hears(&invite("a", PCMA)), ok);
    assert_eq!(codes(&bench.hears(&invite("other", PCMA))), [482]);
    bench.hears(&follow("ACK", &ok[0]));
    assert!(bench.hears(&invite("a", PCMA)).is_empty());
    assert_eq!(bench.events(), [Event::Acked { dialog }]);
    assert_eq!(bench.uas.accept(dialog, at(RTP), bench.now), Err(NotThere));
}

#[test]
fn a_refused_leg_is_told_again_until_its_ack() {
    let mut bench = Bench::new();
    let (dialog, ..) = bench.invited(&invite("a", PCMA));
    bench.uas.refuse(dialog, Status::NOT_FOUND, bench.now).unwrap();
    let refusal = bench.says().pop().unwrap();
    assert_eq!(code(&refusal), 404);
    assert_eq!(bench.waits(ms(600)).len(), 1);
    bench.hears(&follow("ACK", &refusal));
    assert!(bench.waits(ms(60_000)).is_empty());
    assert!(bench.events().is_empty());
    assert_eq!(bench.uas.bye(dialog, bench.now), Err(NotThere));
}

#[test]
fn a_leg_that_nobody_decides_is_refused_at_last() {
    let mut bench = Bench::new();
    let (dialog, ..) = bench.invited(&invite("a", PCMA));
    let said = bench.waits(ms(32_000));
    assert_eq!(said.iter().map(|(when, m)| (*when, code(m))).collect::<Vec<_>>(), [(32_000, 503)]);
    assert_eq!(bench.events(), [Event::Cancelled { dialog }]);
}

#[test]
fn requests_of_no_dialog_are_answered_and_change_nothing() {
    let mut bench = Bench::new();
    assert_eq!(codes(&bench.hears(&request("BYE", "b", "x", ""))), [481]);
    assert_eq!(codes(&bench.hears(&request("CANCEL", "b", "", ""))), [481]);
    assert_eq!(codes(&bench.hears(&request("INVITE", "b", "x", ""))), [481]);
    assert!(bench.hears(&request("ACK", "b", "x", "")).is_empty());
    let options = bench.hears(&request("OPTIONS", "b", "", ""));
    assert_eq!((codes(&options), options[0].text("Allow").contains("INVITE")), (vec![200], true));
    assert_eq!(options[0].text("Server"), SERVER);
    assert_eq!(codes(&bench.hears(&request("REFER", "b", "", ""))), [405]);
    assert!(bench.hears(b"\r\n\r\n").is_empty());
    assert!(bench.events().is_empty());
    assert_eq!(bench.uas.poll_timeout(), None);
}

#[test]
fn a_change_of_the_session_is_refused_and_the_leg_stays() {
    let mut bench = Bench::new();
    let (_, ok) = bench.accepted(&invite("a", PCMA));
    bench.hears(&follow("ACK", &ok));
    assert_eq!(codes(&bench.hears(&request("INVITE", "r", ok.param("To", "tag"), ""))), [488]);
    bench.events();
    assert_eq!(codes(&bench.hears(&follow("BYE", &ok))), [200]);
    assert_eq!(bench.events().len(), 1);
}

#[test]
fn another_host_and_another_port_have_no_say() {
    let mut bench = Bench::new();
    let abroad = bench.uas.handle(&invite("a", PCMA), at("192.0.2.7:5080"), bench.now);
    assert_eq!(abroad, Err(Error::Stranger));
    let (_, ok) = bench.accepted(&invite("a", PCMA));
    bench.uas.handle(&follow("BYE", &ok), at("127.0.0.1:5081"), bench.now).unwrap();
    let (to, answer) = bench.uas.poll_transmit().unwrap();
    assert_eq!((to, code(&Message::parse(&answer).unwrap())), (at("127.0.0.1:5081"), 481));
    assert!(bench.events().is_empty());
}

#[test]
fn the_first_codec_that_we_decode_is_taken_also_without_rtpmap() {
    let offers = [
        ("m=audio 5 RTP/AVP 18 0 8\r\n", Some((Codec::Pcmu, 0, 8_000))),
        ("m=audio 5 RTP/AVP 9 0 8\r\n", Some((Codec::G722, 9, 8_000))),
        ("m=audio 5 RTP/AVP 101 9\r\na=rtpmap:101 G722/16000\r\n", Some((Codec::G722, 9, 8_000))),
        ("m=audio 5 RTP/AVP 96\r\na=rtpmap:96 OPUS/48000/2\r\n", Some((Codec::Opus, 96, 48_000))),
        ("m=audio 5 RTP/AVP 96\r\na=rtpmap:96 opus/16000/1\r\n", None),
        ("m=audio 5 RTP/AVP 8 0\r\n", Some((Codec::Pcma, 8, 8_000))),
        ("m=audio 5 RTP/AVP 97\r\na=rtpmap:97 L16/16000/1\r\n", Some((Codec::L16, 97, 16_000))),
        (
            "m=audio 5 RTP/AVP 97 98\r\na=rtpmap:97 L16/8000/2\r\na=rtpmap:98 l16/8000\r\n",
            Some((Codec::L16, 98, 8_000)),
        ),
        ("m=audio 5 RTP/AVP 8\r\na=rtpmap:8 G729/8000\r\n", None),
        ("m=audio 5 RTP/SAVP 8\r\n", None),
        ("m=audio 0 RTP/AVP 8\r\n", None),
        ("m=audio 5 RTP/AVP 8\r\na=ptime:0\r\n", None),
        ("m=audio 5 RTP/AVP 8\r\nc=IN IP4 192.0.2.7\r\n", None),
        ("m=audio 5 RTP/AVP 8\r\na=recvonly\r\n", None),
        ("m=video 5 RTP/AVP 8\r\n", None),
        ("", None),
    ];
    for (media, want) in offers {
        let mut bench = Bench::new();
        let answers = codes(&bench.hears(&invite("a", media)));
        let got = match &bench.events()[..] {
            [Event::Invited { offer, .. }] => {
                let Format { codec, payload_type, clock_rate, .. } = offer.format;
                Some((codec, payload_type, clock_rate))
            }
            _ => None,
        };
        assert_eq!(got, want, "{media}");
        assert_eq!(answers.is_empty(), want.is_some(), "{media}");
    }
}

#[test]
fn every_other_stream_is_refused_in_its_place() {
    let mut bench = Bench::new();
    let (_, ok) = bench.accepted(&invite("a", &["m=video 7 RTP/AVP 96\r\n", PCMA].concat()));
    let body = String::from_utf8(ok.body).unwrap();
    let streams: Vec<&str> = body.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(streams, ["m=video 0 RTP/AVP 96", "m=audio 31006 RTP/AVP 8"]);
}

#[test]
fn a_request_uri_without_a_token_is_not_found() {
    let mut bench = Bench::new();
    let text = String::from_utf8(invite("a", PCMA)).unwrap();
    let odd = text.replacen("sip:tok-a@", "sip:tok%20a@", 1);
    assert_eq!(codes(&bench.hears(odd.as_bytes())), [404]);
    assert!(bench.events().is_empty());
}

#[test]
fn a_flood_of_invites_is_told_503_and_holds_no_more_memory() {
    let mut bench = Bench::new();
    let text = String::from_utf8(invite("a", PCMA)).unwrap();
    for n in 0..4_096 {
        bench.invited(text.replace("7de236bc", &format!("call-{n}")).as_bytes());
    }
    let refused = bench.uas.handle(&invite("a", PCMA), at(SWITCH), bench.now);
    assert_eq!((refused, codes(&bench.says())), (Err(Error::Full), vec![503]));
    assert!(bench.events().is_empty());
}

#[test]
fn bad_messages_are_refused_by_their_kind() {
    let good = String::from_utf8(invite("a", PCMA)).unwrap();
    let kind = |text: String| Message::parse(text.as_bytes()).unwrap_err();
    assert_eq!(kind("x".repeat(MAX_DATAGRAM + 1)), MessageError::TooLong);
    assert_eq!(
        kind(good.replace("Call-ID", &format!("X-Long: {}\r\nCall-ID", "x".repeat(MAX_LINE)))),
        MessageError::TooLong
    );
    assert_eq!(
        kind(good.replace("Call-ID", &format!("{}Call-ID", "X: y\r\n".repeat(MAX_HEADERS)))),
        MessageError::TooLong
    );
    assert_eq!(kind(good.replace("\r\n\r\n", "\r\n")), MessageError::Truncated);
    assert_eq!(kind(good.replace("a=ptime", "")), MessageError::Truncated);
    assert_eq!(kind(good.replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia")), MessageError::Start);
    assert_eq!(kind(good.replace("Contact: ", "Contact ")), MessageError::Header);
    assert_eq!(kind(good.replace("CSeq: 123", "CSeq: -3")), MessageError::Header);
    assert_eq!(kind(good.replace("Call-ID: 7de236bc\r\n", "")), MessageError::Missing);
    assert_eq!(kind(good.replace("123 INVITE", "123 BYE")), MessageError::Missing);
    assert_eq!(kind(good.replace("7de236bc", "7de\n236bc")), MessageError::NotText);
}

#[test]
fn compact_and_folded_headers_are_read() {
    let text = String::from_utf8(invite("a", PCMA)).unwrap();
    let text = text.replace("Via: ", "v:").replace("From: ", "F: ").replace("Call-ID: 7d", "i : 7d");
    let text = text.replace("To: ", "t:\r\n ");
    let message = Message::parse(text.as_bytes()).unwrap();
    assert_eq!(message.text("To"), "<sip:tok-a@127.0.0.1:5090>");
    assert_eq!(message.param("Via", "branch"), "z9hG4bKa");
    assert_eq!(message.text("Call-ID"), "7de236bc");
}

#[test]
fn no_value_can_begin_a_line_of_its_own() {
    let mut message = Message::request(Method::Options, "sip:a@b\r\nEvil: yes");
    message.push("To", "a\r\nEvil: yes");
    let text = String::from_utf8(message.to_bytes()).unwrap();
    assert!(!text.lines().any(|line| line.starts_with("Evil")));
}

proptest! {
    #[test]
    fn no_datagram_makes_the_server_panic(bytes: Vec<u8>, text in "(INVITE|ACK|BYE) sip:[a-z@]{0,9} SIP/2.0\r\n([A-Za-z-]{1,9}: [^\r]{0,20}\r\n){0,9}\r\n") {
        let mut bench = Bench::new();
        for datagram in [&bytes[..], text.as_bytes()] {
            let _ = bench.uas.handle(datagram, at(SWITCH), bench.now);
            bench.says();
        }
    }

    #[test]
    fn a_damaged_invite_makes_nothing_panic(at_byte: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut bytes = invite("a", PCMA);
        let n = at_byte.index(bytes.len());
        bytes[n] = byte;
        let mut bench = Bench::new();
        let _ = bench.uas.handle(&bytes, at(SWITCH), bench.now);
        bytes.truncate(cut.index(bytes.len()));
        let _ = bench.uas.handle(&bytes, at(SWITCH), bench.now);
        for event in bench.events() {
            if let Event::Invited { dialog, .. } = event {
                let _ = bench.uas.accept(dialog, at(RTP), bench.now);
            }
        }
        bench.says();
    }

    #[test]
    fn in_any_order_of_datagrams_a_leg_ends_once_and_is_forgotten(steps: Vec<(u8, u16)>) {
        let mut bench = Bench::new();
        let (dialog, ok) = bench.accepted(&invite("a", PCMA));
        let mut events = Vec::new();
        for (step, wait) in steps {
            let until = bench.now + ms(u64::from(wait));
            bench.waits(until);
            match step % 7 {
                0 => { bench.hears(&invite("a", PCMA)); }
                1 => { bench.hears(&follow("ACK", &ok)); }
                2 => { bench.hears(&follow("BYE", &ok)); }
                3 => { bench.hears(&request("CANCEL", "a", "", "")); }
                4 => { let _ = bench.uas.bye(dialog, bench.now); }
                5 => { bench.hears(&request("OPTIONS", "o", "", "")); }
                _ => { let _ = bench.uas.refuse(dialog, Status::NOT_FOUND, bench.now); }
            }
            bench.says();
            events.extend(bench.events());
        }
        let _ = bench.uas.bye(dialog, bench.now);
        let until = bench.now + ms(200_000);
        bench.waits(until);
        events.extend(bench.events());
        let of_it = |event: &&Event| matches!(event, Event::Ended { dialog: ended, .. } if *ended == dialog);
        prop_assert_eq!(events.iter().filter(of_it).count(), 1);
        prop_assert!(bench.uas.bye(dialog, bench.now).is_err());
    }
}
