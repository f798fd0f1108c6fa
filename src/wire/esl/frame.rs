//! One message of the switch.

use super::{ApiReply, EslError, Event, Form, Headers, Line, Reply, Value};
use bytes::{BufMut, BytesMut};
use std::fmt;

/// One message of the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first word of the switch: say `auth`.
    AuthRequest,
    /// Our address is not in the switch's access list; the connection ends.
    Rejected(Box<str>),
    /// The answer to a command; they come in the order of the commands.
    Reply(Reply),
    /// The answer to `api`; it stands in the same order.
    Api(ApiReply),
    /// An event and how it was written; events stand anywhere between answers.
    Event(Event, Form),
    /// The answer to `connect` on an outbound socket: a bare block without a length. We parse it and never ask.
    Connected(Event),
    /// A line of the switch's log.
    Log(Log),
    /// The switch ends the connection, or says that it will.
    Disconnect(Disconnect),
    /// A message that we do not read (XML, or a kind unknown to us), and how long its body was.
    Skipped { content_type: Line, length: usize },
}

/// The switch's goodbye.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Disconnect {
    /// The leg of an outbound socket.
    pub session: Option<Line>,
    pub disposition: Option<Disposition>,
    pub channel: Option<Line>,
    /// Seconds that events still come, with `Disposition::Linger`.
    pub linger: Option<u32>,
    pub text: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The end.
    Disconnect,
    /// The leg has ended, the connection stays for a while.
    Linger,
    Other,
}

/// A line of the switch's log, with what the switch says about it.
#[derive(Clone, PartialEq, Eq)]
pub struct Log {
    /// All but content type and length.
    pub headers: Headers,
    pub text: Box<str>,
}

/// The head of a message, read: what it is and how many bytes of body follow.
#[derive(Debug)]
pub(super) struct Head {
    headers: Headers,
    pub length: usize,
}

impl Head {
    pub(super) fn parse(block: &[u8]) -> Result<Head, EslError> {
        let headers = Headers::parse(&String::from_utf8_lossy(block), Value::from)?;
        let head = Head { headers, length: 0 };
        let length = if head.is_bare_event()? { 0 } else { head.headers.content_length()?.unwrap_or(0) };
        Ok(Head { length, ..head })
    }

    fn content_type(&self) -> Result<&str, EslError> {
        self.headers.get("Content-Type").ok_or(EslError::NoContentType)
    }

    /// The answer to `connect` is told from other replies by being an event; it has no body.
    fn is_bare_event(&self) -> Result<bool, EslError> {
        Ok(self.content_type()? == "command/reply" && self.headers.get("Event-Name").is_some())
    }
}

impl Frame {
    /// The goodbye after `exit` and after a refused `auth`.
    pub fn goodbye() -> Frame {
        Frame::Disconnect(Disconnect { text: GOODBYE.into(), ..Disconnect::default() })
    }

    /// The goodbye of a switch that is being stopped.
    pub fn shutdown() -> Frame {
        Frame::Disconnect(Disconnect { text: SHUTDOWN.into(), ..Disconnect::default() })
    }

    /// The first words to a stranger; a goodbye follows them.
    pub fn rejected() -> Frame {
        Frame::Rejected(REJECTED.into())
    }

    /// A reply of one line.
    pub fn reply(text: Line) -> Frame {
        Frame::Reply(Reply::new(text))
    }

    /// Reads the message whose bytes are `whole`; its body begins at `body`.
    pub(super) fn parse(head: Head, whole: &[u8], body: usize) -> Result<Frame, EslError> {
        let bare = head.is_bare_event()?;
        let (kind, body) = (head.content_type()?, &whole[body..]);
        let text = || String::from_utf8_lossy(body).into();
        let headers = &head.headers;
        Ok(match kind {
            "command/reply" if bare => Frame::Connected(Event::parse_plain(whole)?),
            "command/reply" => Frame::Reply(Reply::parse(headers.clone())?),
            "api/response" => Frame::Api(ApiReply::new(String::from_utf8_lossy(body))),
            "text/event-json" => Frame::Event(Event::parse(Form::Json, body)?, Form::Json),
            "text/event-plain" => Frame::Event(Event::parse(Form::Plain, body)?, Form::Plain),
            "auth/request" => Frame::AuthRequest,
            "text/disconnect-notice" => Frame::Disconnect(Disconnect::parse(headers, text())?),
            "text/rude-rejection" => Frame::Rejected(text()),
            "log/data" => Frame::Log(Log::parse(headers.clone(), text())),
            other => Frame::Skipped { content_type: line(other)?, length: head.length },
        })
    }

    /// Writes the message as the switch does. A skipped one is written with blanks for its body.
    pub(super) fn print(&self, out: &mut BytesMut) {
        match self {
            Frame::AuthRequest => out.put_slice(b"Content-Type: auth/request\n\n"),
            Frame::Rejected(text) => put_body("text/rude-rejection", &Headers::default(), text, out),
            Frame::Reply(reply) => put_reply(reply, out),
            Frame::Api(reply) => put_body("api/response", &Headers::default(), reply.text(), out),
            Frame::Event(event, form) => put_event(event, *form, out),
            Frame::Connected(event) => event.print(Form::Plain, out),
            Frame::Log(log) => put_body("log/data", &log.headers, &log.text, out),
            Frame::Disconnect(notice) => notice.print(out),
            Frame::Skipped { content_type, length } => {
                put_body(content_type.as_str(), &Headers::default(), &" ".repeat(*length), out);
            }
        }
    }
}

impl Disconnect {
    fn parse(headers: &Headers, text: Box<str>) -> Result<Disconnect, EslError> {
        let own = |name| headers.get(name).map(line).transpose();
        Ok(Disconnect {
            session: own("Controlled-Session-UUID")?,
            disposition: headers.get("Content-Disposition").map(Disposition::from_word),
            channel: own("Channel-Name")?,
            linger: headers.get("Linger-Time").and_then(|seconds| seconds.parse().ok()),
            text,
        })
    }

    fn print(&self, out: &mut BytesMut) {
        put_header("Content-Type", "text/disconnect-notice", out);
        let texts = [
            ("Controlled-Session-UUID", self.session.as_ref().map(Line::as_str)),
            ("Content-Disposition", self.disposition.map(Disposition::word)),
            ("Channel-Name", self.channel.as_ref().map(Line::as_str)),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                put_header(name, value, out);
            }
        }
        if let Some(seconds) = self.linger {
            put_header("Linger-Time", &seconds.to_string(), out);
        }
        put_header("Content-Length", &self.text.len().to_string(), out);
        out.put_u8(b'\n');
        out.put_slice(self.text.as_bytes());
    }
}

impl Disposition {
    fn word(self) -> &'static str {
        match self {
            Disposition::Disconnect => "disconnect",
            Disposition::Linger => "linger",
            Disposition::Other => "other",
        }
    }

    fn from_word(word: &str) -> Disposition {
        match word {
            "disconnect" => Disposition::Disconnect,
            "linger" => Disposition::Linger,
            _ => Disposition::Other,
        }
    }
}

impl Log {
    fn parse(mut headers: Headers, text: Box<str>) -> Log {
        headers.remove("Content-Type");
        headers.remove("Content-Length");
        Log { headers, text }
    }
}

fn put_reply(reply: &Reply, out: &mut BytesMut) {
    put_header("Content-Type", "command/reply", out);
    put_header("Reply-Text", reply.text(), out);
    put_headers(reply.headers(), out);
    out.put_u8(b'\n');
}

/// Of an event, unlike all other messages, the length comes before the type.
fn put_event(event: &Event, form: Form, out: &mut BytesMut) {
    let mut body = BytesMut::new();
    event.print(form, &mut body);
    put_header("Content-Length", &body.len().to_string(), out);
    put_header("Content-Type", ["text/event-", form.word()].concat().as_str(), out);
    out.put_u8(b'\n');
    out.put_slice(&body);
}

fn put_body(kind: &str, headers: &Headers, text: &str, out: &mut BytesMut) {
    put_header("Content-Type", kind, out);
    put_header("Content-Length", &text.len().to_string(), out);
    put_headers(headers, out);
    out.put_u8(b'\n');
    out.put_slice(text.as_bytes());
}

fn put_headers(headers: &Headers, out: &mut BytesMut) {
    for (name, value) in headers.iter() {
        if let Value::Text(text) = value {
            put_header(name, text, out);
        }
    }
}

fn put_header(name: &str, value: &str, out: &mut BytesMut) {
    for part in [name, ": ", value, "\n"] {
        out.put_slice(part.as_bytes());
    }
}

fn line(text: &str) -> Result<Line, EslError> {
    Line::new(text).map_err(|_| EslError::Header)
}

impl fmt::Debug for Disconnect {
    /// Without the channel: its name holds a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disconnect({:?}, linger {:?})", self.disposition, self.linger)
    }
}

impl fmt::Debug for Log {
    /// The size only: the switch logs numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({:?}, {} bytes)", self.headers, self.text.len())
    }
}

const GOODBYE: &str = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n";
const SHUTDOWN: &str = "The system is being shut down.\n";
const REJECTED: &str = "Access Denied, go away.\n";
