//! What is tried on every input: bytes from anywhere go in, nothing comes out, and a broken promise panics.

#[path = "targets/border.rs"]
mod border;
#[path = "targets/contacts.rs"]
mod contacts;
#[path = "targets/hand.rs"]
mod hand;
#[path = "targets/http.rs"]
mod http;
#[path = "targets/life.rs"]
mod life;
#[path = "targets/media.rs"]
mod media;
#[path = "targets/note.rs"]
mod note;
#[path = "targets/numbers.rs"]
mod numbers;
#[path = "targets/replies.rs"]
mod replies;
#[path = "targets/sdp.rs"]
mod sdp;
#[path = "targets/secrets.rs"]
mod secrets;
#[path = "targets/settings.rs"]
mod settings;

pub use border::border;
pub use contacts::contacts;
pub use http::http;
pub use life::call;
pub use media::media;
pub use note::note;
pub use numbers::numbers;
pub use replies::replies;
pub use sdp::sdp;
pub use settings::settings;

use bytes::BytesMut;
use callgist::wire::esl::{ClientCodec, EslError, Event, Form, Frame, ServerCodec, Value};
use callgist::wire::{rtp, sip};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::codec::{Decoder, Encoder};

/// The event socket, both sides: no panic, the same messages however the bytes are split, and what was read is
/// read again from what is printed.
pub fn esl(bytes: &[u8]) {
    let frames = decode::<ClientCodec>(bytes, usize::MAX);
    let commands = decode::<ServerCodec>(bytes, usize::MAX);
    for size in [1, 2, 7] {
        assert_eq!(decode::<ClientCodec>(bytes, size), frames);
        assert_eq!(decode::<ServerCodec>(bytes, size), commands);
    }
    let valid = std::str::from_utf8(bytes).is_ok();
    for frame in frames.0.into_iter().filter(|frame| valid && survives_printing(frame)) {
        let mut printed = BytesMut::new();
        ServerCodec::default().encode(&frame, &mut printed).unwrap();
        assert_eq!(decode::<ClientCodec>(&printed, usize::MAX), (vec![frame], None));
    }
    for command in commands.0 {
        let mut printed = BytesMut::new();
        ClientCodec::default().encode(&command, &mut printed).unwrap();
        assert_eq!(decode::<ServerCodec>(&printed, usize::MAX), (vec![command], None::<EslError>));
    }
}

/// SIP: no panic, no answer to a stranger, what was read is read again from what is printed, and a server that
/// accepts whatever it is offered is quiet in the end.
pub fn sip(bytes: &[u8]) {
    if let Ok(message) = sip::Message::parse(bytes) {
        let again = sip::Message::parse(&message.to_bytes()).unwrap();
        assert_eq!((&again.start, &again.body), (&message.start, &message.body));
    }
    let (us, switch) = (SocketAddr::from(([127, 0, 0, 1], 5090)), SocketAddr::from(([127, 0, 0, 1], 5080)));
    let mut uas = sip::Uas::new(us, [0; 32]);
    assert_eq!(
        uas.handle(bytes, SocketAddr::from(([192, 0, 2, 7], 5080)), Duration::ZERO),
        Err(sip::Error::Stranger)
    );
    for now in 0..3 {
        let now = Duration::from_secs(now);
        // Refused or not, it must go on.
        let _ = uas.handle(bytes, switch, now);
        while let Some(event) = uas.poll_event() {
            if let sip::Event::Invited { dialog, .. } = event {
                uas.accept(dialog, us, now).unwrap();
            }
        }
    }
    while let Some(next) = uas.poll_timeout() {
        uas.handle_timeout(next);
        while let Some((to, _)) = uas.poll_transmit() {
            assert_eq!(to, switch);
        }
    }
}

/// RTP: no panic, and a packet without extras is read again from what is printed.
pub fn rtp(bytes: &[u8]) {
    if let Ok(packet) = rtp::Packet::parse(bytes) {
        let printed = packet.to_bytes();
        let again = rtp::Packet::parse(&printed).unwrap();
        assert!(again == packet);
    }
}

/// All messages in `bytes`, and how it ended, when they arrive in pieces of `size` bytes.
pub fn decode<C: Decoder<Error = EslError> + Default>(
    bytes: &[u8],
    size: usize,
) -> (Vec<C::Item>, Option<EslError>) {
    decode_pieces::<C>(bytes.chunks(size))
}

/// All messages in pieces that arrive one after the other, and how it ended.
pub fn decode_pieces<'a, C: Decoder<Error = EslError> + Default>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<C::Item>, Option<EslError>) {
    let (mut codec, mut buffer, mut messages) = (C::default(), BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match codec.decode(&mut buffer) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    loop {
        match codec.decode_eof(&mut buffer) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

/// Plain has two readings of a `%`, so events with one in a value come back otherwise.
fn survives_printing(frame: &Frame) -> bool {
    match frame {
        Frame::Event(event, Form::Plain) | Frame::Connected(event) => !has_percent(event),
        _ => true,
    }
}

fn has_percent(event: &Event) -> bool {
    event.headers().iter().any(|(_, value)| match value {
        Value::Text(text) => text.contains('%'),
        Value::List(list) => list.iter().any(|text| text.contains('%')),
    })
}
