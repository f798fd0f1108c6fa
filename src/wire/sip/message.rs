//! SIP messages (RFC 3261, 7): a datagram goes in, a checked message comes out, and the way back.
//!
//! A value never holds a control character, so what was read can be copied into an answer without a look.

use std::fmt::{self, Write};

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub start: Start,
    headers: Vec<(Box<str>, Value)>,
    pub body: Vec<u8>,
}

/// The first line of a message (RFC 3261, 7.1 and 7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Request { method: Method, uri: Value },
    Response { status: Status },
}

/// What a request asks for. Methods that we never carry out are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Other,
}

impl Method {
    fn read(word: &str) -> Method {
        match word {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        }
    }

    /// `Other` has no name of its own: it is only ever read.
    pub fn name(self) -> &'static str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Options => "OPTIONS",
            Method::Other => "OTHER",
        }
    }
}

/// A status code, 100 to 699 (RFC 3261, 21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(u16);

impl Status {
    pub const TRYING: Status = Status(100);
    pub const RINGING: Status = Status(180);
    pub const OK: Status = Status(200);
    pub const BAD_REQUEST: Status = Status(400);
    pub const FORBIDDEN: Status = Status(403);
    pub const NOT_FOUND: Status = Status(404);
    pub const METHOD_NOT_ALLOWED: Status = Status(405);
    pub const NO_DIALOG: Status = Status(481);
    pub const LOOP: Status = Status(482);
    pub const BUSY: Status = Status(486);
    pub const TERMINATED: Status = Status(487);
    pub const NOT_ACCEPTABLE: Status = Status(488);
    pub const UNAVAILABLE: Status = Status(503);

    pub fn code(self) -> u16 {
        self.0
    }

    pub fn is_final(self) -> bool {
        self.0 >= 200
    }

    pub fn is_success(self) -> bool {
        (200..300).contains(&self.0)
    }

    fn reason(self) -> &'static str {
        match self {
            Status::TRYING => "Trying",
            Status::RINGING => "Ringing",
            Status::OK => "OK",
            Status::BAD_REQUEST => "Bad Request",
            Status::FORBIDDEN => "Forbidden",
            Status::NOT_FOUND => "Not Found",
            Status::METHOD_NOT_ALLOWED => "Method Not Allowed",
            Status::NO_DIALOG => "Call/Transaction Does Not Exist",
            Status::LOOP => "Loop Detected",
            Status::BUSY => "Busy Here",
            Status::TERMINATED => "Request Terminated",
            Status::NOT_ACCEPTABLE => "Not Acceptable Here",
            Status::UNAVAILABLE => "Service Unavailable",
            _ => "Other",
        }
    }
}

/// Text that fits into one line of a message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(Box<str>);

impl Value {
    /// A control character becomes a blank, so that a value cannot begin a line of its own.
    pub fn new(text: &str) -> Value {
        Value(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of a header's parameter, as `tag` in `<sip:a@b>;tag=c` (RFC 3261, 7.3.1); of the first element,
    /// where the header is a list.
    pub fn param(&self, name: &str) -> Option<&str> {
        let after_address = self.0.rsplit_once('>').map_or(&*self.0, |(_, rest)| rest);
        let first = after_address.split(',').next()?;
        first.split(';').skip(1).find_map(|param| {
            let (key, value) = param.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The address in a `From`, `To` or `Contact`, without its name and its parameters.
    pub fn address(&self) -> &str {
        match self.0.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')) {
            Some((inside, _)) => inside,
            None => self.0.split(';').next().unwrap_or_default().trim(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// Why a datagram is no message that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// Longer than [`MAX_DATAGRAM`], a line longer than [`MAX_LINE`] or more than [`MAX_HEADERS`] of them.
    TooLong,
    /// No empty line ends the headers, or the body is shorter than `Content-Length`.
    Truncated,
    /// The headers are not UTF-8, or hold control characters.
    NotText,
    /// The first line is neither a request nor a response of SIP/2.0.
    Start,
    /// A header without colon or with a name that is no token, or a length or a sequence that is no number.
    Header,
    /// `Via`, `From`, `To`, `Call-ID` or `CSeq` is not there, or `CSeq` names another method than the request.
    Missing,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MessageError::TooLong => "the SIP message is too long",
            MessageError::Truncated => "the SIP message ends too early",
            MessageError::NotText => "the SIP headers are not plain text",
            MessageError::Start => "the datagram does not begin like SIP",
            MessageError::Header => "a SIP header cannot be read",
            MessageError::Missing => "a mandatory SIP header is missing",
        })
    }
}

impl std::error::Error for MessageError {}

impl Message {
    pub fn request(method: Method, uri: &str) -> Message {
        let start = Start::Request { method, uri: Value::new(uri) };
        Message { start, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer to `request` (RFC 3261, 8.2.6.2), where `tag` is ours if its `To` has none.
    pub fn response(request: &Message, status: Status, tag: &str) -> Message {
        let start = Start::Response { status };
        let mut response = Message { start, headers: Vec::new(), body: Vec::new() };
        for (name, value) in &request.headers {
            match &**name {
                "To" if value.param("tag").is_none() => {
                    let to = [value.as_str(), ";tag=", tag].concat();
                    response.push("To", &to);
                }
                "Via" | "From" | "To" | "Call-ID" | "CSeq" => response.push(name, value.as_str()),
                _ => {}
            }
        }
        response
    }

    pub fn parse(datagram: &[u8]) -> Result<Message, MessageError> {
        if datagram.len() > MAX_DATAGRAM {
            return Err(MessageError::TooLong);
        }
        let blank = datagram.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let datagram = &datagram[blank..];
        let end = datagram.windows(4).position(|four| four == b"\r\n\r\n").ok_or(MessageError::Truncated)?;
        let head = std::str::from_utf8(&datagram[..end]).map_err(|_| MessageError::NotText)?;
        let mut lines = head.split("\r\n");
        let start = read_start(lines.next().unwrap_or_default())?;
        let headers = read_headers(lines)?;
        let mut message = Message { start, headers, body: datagram[end + 4..].to_vec() };
        message.cut_body()?;
        message.check()?;
        Ok(message)
    }

    /// What follows the promised length is not ours to read (RFC 3261, 18.3).
    fn cut_body(&mut self) -> Result<(), MessageError> {
        let Some(length) = self.get("Content-Length") else { return Ok(()) };
        let length: usize = length.as_str().parse().map_err(|_| MessageError::Header)?;
        if length > self.body.len() {
            return Err(MessageError::Truncated);
        }
        self.body.truncate(length);
        Ok(())
    }

    fn check(&self) -> Result<(), MessageError> {
        let there = ["Via", "From", "To", "Call-ID", "CSeq"].iter().all(|name| self.get(name).is_some());
        if !there {
            return Err(MessageError::Missing);
        }
        let (_, of) = self.read_cseq().ok_or(MessageError::Header)?;
        match self.start {
            Start::Request { method, .. } if Method::read(of) != method => Err(MessageError::Missing),
            _ => Ok(()),
        }
    }

    fn read_cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("CSeq")?.as_str().split_once(' ')?;
        Some((number.parse().ok()?, method.trim()))
    }

    /// Number and method of the transaction; of a message that was read it is always there.
    pub fn cseq(&self) -> (u32, Method) {
        self.read_cseq().map_or((0, Method::Other), |(number, method)| (number, Method::read(method)))
    }

    /// The first header of that name, which is written in its long form.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The text of a header, empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", Value::as_str)
    }

    /// The parameter of a header, empty where there is none.
    pub fn param(&self, name: &str, param: &str) -> &str {
        self.get(name).and_then(|value| value.param(param)).unwrap_or_default()
    }

    pub fn push(&mut self, name: &str, value: &str) {
        self.headers.push((name.into(), Value::new(value)));
    }

    /// Gives the first header of that name another value.
    pub fn replace(&mut self, name: &str, value: &str) {
        if let Some((_, old)) = self.headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            *old = Value::new(value);
        }
    }

    /// The datagram, with the length of its body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = match &self.start {
            Start::Request { method, uri } => {
                write!(text, "{} {} SIP/2.0\r\n", method.name(), uri.as_str())
            }
            Start::Response { status } => write!(text, "SIP/2.0 {} {}\r\n", status.0, status.reason()),
        };
        for (name, value) in self.headers.iter().filter(|(name, _)| &**name != "Content-Length") {
            let _ = write!(text, "{name}: {}\r\n", value.as_str());
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn read_start(line: &str) -> Result<Start, MessageError> {
    let mut words = line.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("SIP/2.0"), Some(code), Some(_)) => {
            let code: u16 = code.parse().map_err(|_| MessageError::Start)?;
            let known = (100..700).contains(&code);
            known.then_some(Start::Response { status: Status(code) }).ok_or(MessageError::Start)
        }
        (Some(method), Some(uri), Some("SIP/2.0"))
            if is_token(method) && is_plain(uri) && !uri.is_empty() =>
        {
            Ok(Start::Request { method: Method::read(method), uri: Value::new(uri) })
        }
        _ => Err(MessageError::Start),
    }
}

fn read_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<(Box<str>, Value)>, MessageError> {
    let mut headers: Vec<(Box<str>, Value)> = Vec::new();
    for line in lines {
        if line.len() > MAX_LINE || headers.len() >= MAX_HEADERS {
            return Err(MessageError::TooLong);
        }
        if !is_plain(line) {
            return Err(MessageError::NotText);
        }
        if line.starts_with([' ', '\t']) {
            unfold(headers.last_mut().ok_or(MessageError::Header)?, line)?;
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(MessageError::Header)?;
        let name = name.trim_end();
        if !is_token(name) {
            return Err(MessageError::Header);
        }
        headers.push((long_form(name).into(), Value::new(value.trim())));
    }
    Ok(headers)
}

/// A line that begins with a blank goes on with the header before it (RFC 3261, 7.3.1).
fn unfold(header: &mut (Box<str>, Value), line: &str) -> Result<(), MessageError> {
    let gap = if header.1.as_str().is_empty() { "" } else { " " };
    let whole = [header.1.as_str(), gap, line.trim()].concat();
    if whole.len() > MAX_LINE {
        return Err(MessageError::TooLong);
    }
    header.1 = Value::new(&whole);
    Ok(())
}

/// The name as RFC 3261 spells it, from any case and from the compact form (7.3.3), where we look for it.
fn long_form(name: &str) -> &str {
    let known = [
        ("Via", "v"),
        ("From", "f"),
        ("To", "t"),
        ("Call-ID", "i"),
        ("CSeq", "CSeq"),
        ("Contact", "m"),
        ("Content-Length", "l"),
    ];
    let found = known
        .iter()
        .find(|(long, short)| name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short));
    found.map_or(name, |(long, _)| long)
}

fn is_token(word: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    !word.is_empty() && word.bytes().all(fits)
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

/// A tap's INVITE has 1,300 bytes. More costs memory, less could refuse a switch that sends long headers of its own.
pub const MAX_DATAGRAM: usize = 16_384;
/// A tap's INVITE has 18 headers.
pub const MAX_HEADERS: usize = 128;
/// No header of a tap has more than 100 bytes; an 8 kB header of a caller's phone must not break its tap.
pub const MAX_LINE: usize = 9_000;
