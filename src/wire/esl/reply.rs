//! Answers of the switch to our commands.

use super::{EslError, Headers, Line};
use std::fmt;

/// The answer to a command other than `api`: one line, sometimes with more headers.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    text: Line,
    headers: Headers,
}

impl Reply {
    /// A reply that says `text`, as it goes on the wire (`+OK accepted`).
    pub fn new(text: Line) -> Reply {
        Reply { text, headers: Headers::default() }
    }

    /// `+OK Job-UUID: ...`, said twice, as `bgapi` is answered.
    pub fn job(uuid: &super::Word) -> Reply {
        let text = ["+OK Job-UUID: ", uuid.as_str()].concat();
        // A word holds no line break, and neither does what stands before it.
        let text = Line::new(text).expect("a word holds no line break");
        Reply::new(text).with("Job-UUID", uuid.clone().into())
    }

    /// The same reply with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: Line) -> Reply {
        self.headers.push(name, value.as_str().into());
        self
    }

    /// What the switch said, whole.
    pub fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The headers beside `Reply-Text`.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    pub fn job_uuid(&self) -> Option<&str> {
        self.headers.get("Job-UUID")
    }

    /// What follows `+OK`, or the bare text where there is none (`getvar`); why not, for `-ERR`.
    pub fn result(&self) -> Result<&str, Refusal> {
        let text = self.text();
        match text.strip_prefix("+OK") {
            Some(rest) => Ok(rest.strip_prefix(' ').unwrap_or(rest)),
            None if text.starts_with("-ERR") => Err(Refusal::from_text(text)),
            None => Ok(text),
        }
    }

    pub(super) fn parse(mut headers: Headers) -> Result<Reply, EslError> {
        let text = headers.get("Reply-Text").ok_or(EslError::NoReplyText)?;
        let text = Line::new(text).map_err(|_| EslError::Header)?;
        for name in ["Reply-Text", "Content-Type", "Content-Length"] {
            headers.remove(name);
        }
        Ok(Reply { text, headers })
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// Why a command was refused: the texts of the switch, its slips of the pen included.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
            /// `-ERR invalid session id [..]`: no such leg any more.
            InvalidSession(Box<str>),
            /// Any other text, whole.
            Other(Box<str>),
        }

        impl Refusal {
            /// Those whose text is always the same.
            pub const FIXED: &'static [Refusal] = &[$(Refusal::$name),*];

            /// The text on the wire.
            pub fn text(&self) -> String {
                match self {
                    $(Refusal::$name => $text.to_owned(),)*
                    Refusal::InvalidSession(id) => [INVALID_SESSION, id, "]"].concat(),
                    Refusal::Other(text) => text.to_string(),
                }
            }

            pub(super) fn from_text(text: &str) -> Refusal {
                let session = || text.strip_prefix(INVALID_SESSION)?.strip_suffix(']');
                match text {
                    $($text => Refusal::$name,)*
                    _ => match session() {
                        Some(id) => Refusal::InvalidSession(id.into()),
                        None => Refusal::Other(text.into()),
                    },
                }
            }
        }
    };
}

refusals! {
    /// Also said for a known command without its arguments, or before `auth`.
    CommandNotFound = "-ERR command not found",
    /// The password is wrong; the connection ends.
    Invalid = "-ERR invalid",
    PermissionDenied = "-ERR permission denied",
    NoKeywords = "-ERR no keywords supplied",
    InvalidSyntax = "-ERR invalid syntax",
    NotListening = "-ERR not listening for events",
    NotControlling = "-ERR not controlling a session",
    /// The same with a dot, said to `divert_events`.
    NotControllingDot = "-ERR not controlling a session.",
    AlreadyEnabled = "-ERR aready enabled.",
    NotLogging = "-ERR not loging",
    InvalidLogLevel = "-ERR invalid log level",
    MissingValue = "-ERR missing value.",
}

/// The answer to `api`, or the body of BACKGROUND_JOB: any text.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiReply(Box<str>);

/// What an api command says when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No command of this name, or its module is not loaded.
    NoSuchCommand,
    /// The leg is gone.
    NoSuchChannel,
    /// The command said nothing: the variable is not set.
    NoReply,
    /// Any other text without `-ERR`, for `originate` a hangup cause.
    Other(Box<str>),
}

impl ApiReply {
    pub fn new(text: impl Into<Box<str>>) -> ApiReply {
        ApiReply(text.into())
    }

    pub fn text(&self) -> &str {
        &self.0
    }

    /// The answer without its `+OK` and last line break, or why it failed.
    pub fn result(&self) -> Result<&str, Fault> {
        Fault::check(&self.0)
    }
}

impl Fault {
    /// Reads the answer of an api command or the body of BACKGROUND_JOB.
    pub fn check(text: &str) -> Result<&str, Fault> {
        let text = text.trim_end_matches('\n');
        let Some(fault) = text.strip_prefix("-ERR").or_else(|| text.strip_prefix("-USAGE")) else {
            return Ok(text.strip_prefix("+OK").map_or(text, |rest| rest.strip_prefix(' ').unwrap_or(rest)));
        };
        Err(match fault.trim_start_matches([':', ' ']) {
            "No such channel!" => Fault::NoSuchChannel,
            "no reply" => Fault::NoReply,
            other if other.ends_with(" Command not found!") => Fault::NoSuchCommand,
            other => Fault::Other(other.into()),
        })
    }
}

impl fmt::Debug for Reply {
    /// The size only: `getvar` answers with numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({:?}, {:?})", self.text, self.headers)
    }
}

impl fmt::Debug for ApiReply {
    /// The size only: `show channels` answers with numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiReply({} bytes)", self.0.len())
    }
}

const INVALID_SESSION: &str = "-ERR invalid session id [";
