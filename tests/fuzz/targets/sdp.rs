//! A session description, in an INVITE as a switch sends it.

use callgist::wire::rtp::Codec;
use callgist::wire::sip::{Event, Message, Uas};
use std::net::SocketAddr;
use std::time::Duration;

/// SDP: no panic; what is taken is one audio stream of this host in a format that an ear decodes; the answer has as many
/// streams as the offer, takes that one alone, only receives, and has no line in it that is not ours.
pub fn sdp(bytes: &[u8]) {
    let (us, switch) = (SocketAddr::from(([127, 0, 0, 1], 5090)), SocketAddr::from(([127, 0, 0, 1], 5080)));
    let rtp = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let mut invite = format!("{HEAD}Content-Length: {}\r\n\r\n", bytes.len()).into_bytes();
    invite.extend_from_slice(bytes);
    let mut uas = Uas::new(us, [0; 32]);
    // Too long is refused.
    let _ = uas.handle(&invite, switch, Duration::ZERO);
    let Some(Event::Invited { dialog, offer, .. }) = uas.poll_event() else { return };
    let format = offer.format;
    assert!(offer.rtp.ip().is_loopback() && offer.rtp.port() != 0);
    assert!(format.payload_type < 128 && (10..=120).contains(&format.ptime_ms));
    let rates: &[u32] = match format.codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => &[8_000],
        Codec::L16 => &[8_000, 16_000],
        Codec::Opus => &[48_000],
    };
    assert!(rates.contains(&format.clock_rate));
    while uas.poll_transmit().is_some() {}
    uas.accept(dialog, rtp, Duration::ZERO).expect("it waits");
    let (to, sent) = uas.poll_transmit().expect("an answer");
    assert_eq!(to, switch);
    let answer = Message::parse(&sent).expect("an answer that nobody can read");
    let text = std::str::from_utf8(&answer.body).expect("it is text");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(!lines.iter().any(|line| line.contains(['\r', '\n', '\0'])), "{text:?}");
    let streams: Vec<&&str> = lines.iter().filter(|line| line.starts_with("m=")).collect();
    let offered = bytes.split(|byte| b"\r\n".contains(byte)).filter(|line| line.starts_with(b"m=")).count();
    assert_eq!(streams.len(), offered, "{text}");
    let ports = streams.iter().map(|stream| stream.split(' ').nth(1).expect("a port"));
    let taken: Vec<&str> = ports.filter(|port| *port != "0").collect();
    assert_eq!(taken, ["40000"]);
    let ours = format!("m=audio 40000 RTP/AVP {}", format.payload_type);
    assert!(
        lines.contains(&ours.as_str())
            && lines.contains(&"a=recvonly")
            && lines.contains(&"c=IN IP4 127.0.0.1")
    );
    let known = [
        "v=",
        "o=callgist ",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        "m=",
        "a=rtpmap:",
        "a=recvonly",
        "a=ptime:",
    ];
    assert!(
        lines.iter().all(|line| line.is_empty() || known.iter().any(|known| line.starts_with(known))),
        "{text}"
    );
}

const HEAD: &str = "INVITE sip:tok-a@127.0.0.1:5090 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 127.0.0.1:5080;rport;branch=z9hG4bK7N6UcFjt1v6ma\r\n\
    From: <sip:tap@127.0.0.1>;tag=av86ZF69HjBjB\r\n\
    To: <sip:tok-a@127.0.0.1:5090>\r\n\
    Call-ID: 7de236bc\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:mod_sofia@127.0.0.1:5080>\r\n\
    Content-Type: application/sdp\r\n";
