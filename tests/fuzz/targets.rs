//! What is tried on every input: bytes from anywhere go in, nothing comes out, and a broken promise panics.

use bytes::BytesMut;
use callgist::wire::esl::{ClientCodec, EslError, Event, Form, Frame, ServerCodec, Value};
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
