//! The two sides of a connection, for tokio-util's `Framed`: bytes in pieces of any size go in, messages come out.

use super::frame::Head;
use super::scan::Scan;
use super::{Command, EslError, Frame, MAX_MESSAGE, Message};
use bytes::{Buf, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// Our side: frames come in, commands go out.
#[derive(Default)]
pub struct ClientCodec {
    reading: Reading<Head>,
}

/// The switch's side: commands come in, frames go out.
#[derive(Default)]
pub struct ServerCodec {
    reading: Reading<Message>,
}

/// How far one message was read.
struct Reading<H> {
    scan: Scan,
    /// The head, once it is complete, and where the body begins.
    head: Option<(H, usize)>,
    /// Framing is lost for good once it was lost.
    broken: Option<EslError>,
}

/// A head that says how many bytes of body follow it.
trait Headed: Sized {
    fn parse(block: &[u8]) -> Result<Self, EslError>;
    fn length(&self) -> usize;
}

impl Headed for Head {
    fn parse(block: &[u8]) -> Result<Head, EslError> {
        Head::parse(block)
    }

    fn length(&self) -> usize {
        self.length
    }
}

impl Headed for Message {
    fn parse(block: &[u8]) -> Result<Message, EslError> {
        Message::parse(block)
    }

    fn length(&self) -> usize {
        self.length()
    }
}

impl<H> Default for Reading<H> {
    fn default() -> Reading<H> {
        Reading { scan: Scan::default(), head: None, broken: None }
    }
}

impl<H: Headed> Reading<H> {
    /// The next message with its bytes and where its body begins in them, once it is whole.
    fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<(H, BytesMut, usize)>, EslError> {
        let (head, body) = match self.head.take() {
            Some(known) => known,
            None => match self.scan.find_end(bytes)? {
                Some(end) => (H::parse(&bytes[..end.lines])?, end.after),
                None => return Ok(None),
            },
        };
        let length = body.saturating_add(head.length());
        if length > MAX_MESSAGE {
            return Err(EslError::MessageTooLong);
        }
        if bytes.len() < length {
            self.head = Some((head, body));
            return Ok(None);
        }
        self.scan = Scan::default();
        Ok(Some((head, bytes.split_to(length), body)))
    }

    /// Runs one step of decoding, and remembers when it failed.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Reading<H>) -> Result<Option<T>, EslError>,
    ) -> Result<Option<T>, EslError> {
        let done = match self.broken {
            Some(error) => Err(error),
            None => step(self),
        };
        self.broken = done.as_ref().err().copied();
        done
    }
}

impl Decoder for ClientCodec {
    type Item = Frame;
    type Error = EslError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, EslError> {
        self.reading.step(|reading| {
            let Some((head, message, body)) = reading.next(bytes)? else { return Ok(None) };
            Frame::parse(head, &message, body).map(Some)
        })
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, EslError> {
        match self.decode(bytes)? {
            Some(frame) => Ok(Some(frame)),
            None => self.reading.step(|_| whole(bytes)),
        }
    }
}

impl Encoder<&Command> for ClientCodec {
    type Error = EslError;

    fn encode(&mut self, command: &Command, out: &mut BytesMut) -> Result<(), EslError> {
        command.print(out);
        Ok(())
    }
}

impl Encoder<Command> for ClientCodec {
    type Error = EslError;

    fn encode(&mut self, command: Command, out: &mut BytesMut) -> Result<(), EslError> {
        self.encode(&command, out)
    }
}

impl Decoder for ServerCodec {
    type Item = Command;
    type Error = EslError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Command>, EslError> {
        self.reading.step(|reading| {
            if reading.head.is_none() && reading.scan.is_fresh() {
                skip_empty_lines(bytes);
            }
            if &bytes[..] == b"\r" {
                return Ok(None);
            }
            let Some((head, message, body)) = reading.next(bytes)? else { return Ok(None) };
            Ok(Some(head.with_body(&message[body..]).into()))
        })
    }

    fn decode_eof(&mut self, bytes: &mut BytesMut) -> Result<Option<Command>, EslError> {
        match self.decode(bytes)? {
            Some(command) => Ok(Some(command)),
            None => self.reading.step(|_| whole(bytes)),
        }
    }
}

impl Encoder<&Frame> for ServerCodec {
    type Error = EslError;

    fn encode(&mut self, frame: &Frame, out: &mut BytesMut) -> Result<(), EslError> {
        frame.print(out);
        Ok(())
    }
}

impl Encoder<Frame> for ServerCodec {
    type Error = EslError;

    fn encode(&mut self, frame: Frame, out: &mut BytesMut) -> Result<(), EslError> {
        self.encode(&frame, out)
    }
}

/// Nothing may be left when the connection ends.
fn whole<T>(bytes: &BytesMut) -> Result<Option<T>, EslError> {
    if bytes.is_empty() { Ok(None) } else { Err(EslError::HalfMessage) }
}

/// Empty lines before a command mean nothing.
fn skip_empty_lines(bytes: &mut BytesMut) {
    loop {
        let length = match &bytes[..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return,
        };
        bytes.advance(length);
    }
}
