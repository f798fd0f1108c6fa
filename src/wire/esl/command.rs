//! What is asked of the switch.

use super::{EslError, Form, Headers, Line, LineError, Value, Word};
use bytes::{BufMut, BytesMut};
use std::fmt;

/// One command. None of its texts can hold a line break, so it stays one command on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Auth(Secret),
    Userauth(Login),
    /// Adds events to the subscription and sets the form of all of them. `CUSTOM` and its subclasses come last.
    Events {
        form: Form,
        names: Vec<Word>,
    },
    NoEvents,
    /// Lets through what has this header with this value, or matches `/.../`; filters are or-ed.
    Filter {
        header: Word,
        value: Line,
    },
    /// Takes filters on this header back: one value, or all; the header `all` stands for every filter.
    FilterDelete {
        header: Word,
        value: Option<Line>,
    },
    /// Runs an api command and waits; nothing else is answered meanwhile.
    Api(Line),
    /// Runs an api command beside; its result is the body of BACKGROUND_JOB.
    Bgapi {
        command: Line,
        job: Option<Word>,
    },
    Execute(Execute),
    Exit,
    /// Everything else.
    Other(Message),
}

/// Runs an application of the dialplan on a leg (`sendmsg`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execute {
    /// The leg; on an outbound socket none.
    pub leg: Option<Word>,
    pub application: Word,
    pub argument: Option<Line>,
    /// Comes back as `Application-UUID` of CHANNEL_EXECUTE_COMPLETE.
    pub event_uuid: Option<Word>,
    /// Waits for the application that is running. Without it this one runs inside that one.
    pub event_lock: bool,
}

/// A password: it is written on the wire and shown nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Line);

/// A user of the directory with its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// `user@domain`.
    user: Word,
    password: Secret,
}

/// A command as it stands on the wire: a line, headers, a body.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    line: Line,
    headers: Vec<(Word, Line)>,
    body: Vec<u8>,
    /// The body that its head promised.
    length: usize,
}

impl Command {
    /// Subscribes to these, as JSON.
    pub fn events_json(names: &[&str]) -> Result<Command, LineError> {
        let names = names.iter().map(|name| Word::new(*name)).collect::<Result<_, _>>()?;
        Ok(Command::Events { form: Form::Json, names })
    }

    pub fn filter(header: &str, value: &str) -> Result<Command, LineError> {
        Ok(Command::Filter { header: Word::new(header)?, value: Line::new(value)? })
    }

    pub fn filter_delete(header: &str, value: &str) -> Result<Command, LineError> {
        Ok(Command::FilterDelete { header: Word::new(header)?, value: Some(Line::new(value)?) })
    }

    pub fn api(command: impl Into<Box<str>>) -> Result<Command, LineError> {
        Ok(Command::Api(Line::new(command)?))
    }

    /// `job` comes back as `Job-UUID` of BACKGROUND_JOB.
    pub fn bgapi(command: impl Into<Box<str>>, job: &str) -> Result<Command, LineError> {
        Ok(Command::Bgapi { command: Line::new(command)?, job: Some(Word::new(job)?) })
    }

    pub(super) fn print(&self, out: &mut BytesMut) {
        match self {
            Command::Auth(password) => put_line(&["auth ", password.0.as_str()], out),
            Command::Userauth(Login { user, password }) => {
                put_line(&["userauth ", user.as_str(), ":", password.0.as_str()], out);
            }
            Command::Events { form, names } => put_events(*form, names, out),
            Command::NoEvents => put_line(&["noevents"], out),
            Command::Filter { header, value } => {
                // `add` may be left out, save before a header that is itself called like a word of the command.
                let add = if header.is("add") || header.is("delete") { "add " } else { "" };
                put_line(&["filter ", add, header.as_str(), " ", value.as_str()], out);
            }
            Command::FilterDelete { header, value: None } => {
                put_line(&["filter delete ", header.as_str()], out)
            }
            Command::FilterDelete { header, value: Some(value) } => {
                put_line(&["filter delete ", header.as_str(), " ", value.as_str()], out);
            }
            Command::Api(command) => put_line(&["api ", command.as_str()], out),
            Command::Bgapi { command, job } => {
                put_line(&["bgapi ", command.as_str()], out);
                put_word("Job-UUID", job.as_ref(), out);
            }
            Command::Execute(execute) => execute.print(out),
            Command::Exit => put_line(&["exit"], out),
            Command::Other(message) => return message.print(out),
        }
        out.put_u8(b'\n');
    }
}

impl Execute {
    fn print(&self, out: &mut BytesMut) {
        match &self.leg {
            Some(leg) => put_line(&["sendmsg ", leg.as_str()], out),
            None => put_line(&["sendmsg"], out),
        }
        put_line(&["call-command: execute"], out);
        put_word("execute-app-name", Some(&self.application), out);
        if let Some(argument) = &self.argument {
            put_line(&["execute-app-arg: ", argument.as_str()], out);
        }
        put_word("Event-UUID", self.event_uuid.as_ref(), out);
        if self.event_lock {
            put_line(&["event-lock: true"], out);
        }
    }

    /// Reads a `sendmsg`, when it is this and nothing more.
    fn from_message(leg: &str, message: &Message) -> Option<Execute> {
        let leg = if leg.is_empty() { None } else { Some(Word::new(leg).ok()?) };
        if !message.body.is_empty() || message.get("call-command")? != "execute" {
            return None;
        }
        let application = Word::new(message.get("execute-app-name")?).ok()?;
        let mut execute = Execute { leg, application, argument: None, event_uuid: None, event_lock: false };
        for (name, value) in &message.headers {
            match name.as_str().to_ascii_lowercase().as_str() {
                "call-command" | "execute-app-name" => {}
                "execute-app-arg" => execute.argument = Some(value.clone()),
                "event-uuid" => execute.event_uuid = Some(Word::new(value.as_str()).ok()?),
                "event-lock" => execute.event_lock = value.as_str() == "true",
                _ => return None,
            }
        }
        Some(execute)
    }
}

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Result<Secret, LineError> {
        Line::new(text).map(Secret)
    }

    /// Whether a simulated switch takes it.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_str() == text
    }
}

impl Login {
    pub fn new(user: &str, domain: &str, password: Secret) -> Result<Login, LineError> {
        let user = Word::new([user, "@", domain].concat())?;
        if user.as_str().contains(':') { Err(LineError) } else { Ok(Login { user, password }) }
    }

    /// `user@domain`.
    pub fn user(&self) -> &str {
        self.user.as_str()
    }

    pub fn password(&self) -> &Secret {
        &self.password
    }

    fn parse(text: &str) -> Option<Login> {
        let (user, password) = text.split_once(':')?;
        Some(Login { user: Word::new(user).ok()?, password: Secret::new(password).ok()? })
    }
}

impl Message {
    /// Refuses what would be read as something else: an empty line, a header with a colon in its name, or one
    /// called `Content-Length`, which is written where there is a body.
    pub fn new(line: Line, headers: Vec<(Word, Line)>, body: Vec<u8>) -> Result<Message, LineError> {
        let bad = |name: &Word| name.as_str().contains(':') || name.is("Content-Length");
        if line.as_str().is_empty() || headers.iter().any(|(name, _)| bad(name)) {
            return Err(LineError);
        }
        let length = body.len();
        Ok(Message { line, headers, body, length })
    }

    pub fn line(&self) -> &str {
        self.line.as_str()
    }

    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.is(name)).map(|(_, value)| value.as_str())
    }

    pub fn headers(&self) -> &[(Word, Line)] {
        &self.headers
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Reads a head: one line and the headers under it.
    pub(super) fn parse(block: &[u8]) -> Result<Message, EslError> {
        let text = String::from_utf8_lossy(block);
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let line = Line::new(first.strip_suffix('\r').unwrap_or(first)).map_err(|_| EslError::Command)?;
        let mut headers = Headers::parse(rest, Value::from)?;
        let length = headers.content_length()?.unwrap_or(0);
        headers.remove("Content-Length");
        let headers = headers.iter().map(own).collect::<Result<_, _>>()?;
        Ok(Message { line, headers, body: Vec::new(), length })
    }

    pub(super) fn with_body(mut self, body: &[u8]) -> Message {
        self.body = body.to_vec();
        self
    }

    fn print(&self, out: &mut BytesMut) {
        put_line(&[self.line.as_str()], out);
        for (name, value) in &self.headers {
            put_line(&[name.as_str(), ": ", value.as_str()], out);
        }
        if !self.body.is_empty() {
            put_line(&["Content-Length: ", &self.body.len().to_string()], out);
        }
        out.put_u8(b'\n');
        out.put_slice(&self.body);
    }

    /// The command that this is, when it is one of ours.
    fn known(&self) -> Option<Command> {
        let (word, rest) =
            self.line().split_once(' ').map_or((self.line(), None), |(word, rest)| (word, Some(rest)));
        let word = word.to_ascii_lowercase();
        if word == "sendmsg" {
            return Execute::from_message(rest.unwrap_or_default(), self).map(Command::Execute);
        }
        let job = self.get("Job-UUID");
        if !self.body.is_empty() || self.headers.len() != usize::from(word == "bgapi" && job.is_some()) {
            return None;
        }
        match (word.as_str(), rest) {
            ("exit", None) => Some(Command::Exit),
            ("noevents", None) => Some(Command::NoEvents),
            ("auth", Some(password)) => Secret::new(password).ok().map(Command::Auth),
            ("userauth", Some(login)) => Login::parse(login).map(Command::Userauth),
            ("event", rest) => parse_events(rest.unwrap_or_default()),
            ("filter", Some(rest)) => parse_filter(rest),
            ("api", Some(command)) => Line::new(command).ok().map(Command::Api),
            ("bgapi", Some(command)) => {
                let job = job.map(Word::new).transpose().ok()?;
                Some(Command::Bgapi { command: Line::new(command).ok()?, job })
            }
            _ => None,
        }
    }
}

impl From<Message> for Command {
    fn from(message: Message) -> Command {
        message.known().unwrap_or(Command::Other(message))
    }
}

/// A header of a command as types that hold no line break.
fn own((name, value): (&str, &Value)) -> Result<(Word, Line), EslError> {
    let Value::Text(value) = value else { return Err(EslError::Command) };
    let name = Word::new(name).map_err(|_| EslError::Command)?;
    Ok((name, Line::new(value.clone()).map_err(|_| EslError::Command)?))
}

/// `plain` is what is meant when no form is named.
fn parse_events(text: &str) -> Option<Command> {
    let mut words = text.split_ascii_whitespace().peekable();
    let form = match words.peek()?.to_ascii_lowercase().as_str() {
        "xml" => return None,
        "json" => Some(Form::Json),
        "plain" => Some(Form::Plain),
        _ => None,
    };
    if form.is_some() {
        words.next();
    }
    let names = words.map(Word::new).collect::<Result<_, _>>().ok()?;
    Some(Command::Events { form: form.unwrap_or(Form::Plain), names })
}

fn parse_filter(text: &str) -> Option<Command> {
    let (first, rest) = text.split_once(' ')?;
    match first.to_ascii_lowercase().as_str() {
        "delete" => {
            let (header, value) =
                rest.split_once(' ').map_or((rest, None), |(header, value)| (header, Some(value)));
            let value = value.map(Line::new).transpose().ok()?;
            Some(Command::FilterDelete { header: Word::new(header).ok()?, value })
        }
        "add" => {
            let (header, value) = rest.split_once(' ')?;
            Command::filter(header, value).ok()
        }
        _ => Command::filter(first, rest).ok(),
    }
}

fn put_events(form: Form, names: &[Word], out: &mut BytesMut) {
    out.put_slice(b"event ");
    out.put_slice(form.word().as_bytes());
    for name in names {
        out.put_u8(b' ');
        out.put_slice(name.as_str().as_bytes());
    }
    out.put_u8(b'\n');
}

fn put_word(name: &str, value: Option<&Word>, out: &mut BytesMut) {
    if let Some(value) = value {
        put_line(&[name, ": ", value.as_str()], out);
    }
}

fn put_line(parts: &[&str], out: &mut BytesMut) {
    for part in parts {
        out.put_slice(part.as_bytes());
    }
    out.put_u8(b'\n');
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Debug for Message {
    /// The sizes only: an unknown command may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({:?}, {} headers, {} bytes)", self.line, self.headers.len(), self.body.len())
    }
}
