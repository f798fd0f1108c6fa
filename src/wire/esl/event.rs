//! One event of the switch: headers with a meaning, and sometimes a body.

use super::scan::Scan;
use super::{EslError, Headers, MAX_HEADER, MAX_HEADERS, Value, percent};
use bytes::{BufMut, BytesMut};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How events are written on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A header block with percent codes; see `percent.rs` for what it cannot carry.
    Plain,
    /// One object on one line; carries everything.
    Json,
}

impl Form {
    pub(super) fn word(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Json => "json",
        }
    }
}

/// One event.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Event {
    headers: Headers,
    body: Option<Box<str>>,
}

macro_rules! event_names {
    ($($name:ident = $word:literal),* $(,)?) => {
        /// The events that a daemon follows, and all others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventName {
            $($name,)*
            /// Any other; its name is in the header `Event-Name`.
            Other,
        }

        impl EventName {
            /// All but `Other`.
            pub const KNOWN: &'static [EventName] = &[$(EventName::$name),*];

            /// The name on the wire; of `Other` the word `CUSTOM`.
            pub fn word(self) -> &'static str {
                match self { $(EventName::$name => $word,)* EventName::Other => "CUSTOM" }
            }

            fn from_word(word: &str) -> EventName {
                match word { $($word => EventName::$name,)* _ => EventName::Other }
            }
        }
    };
}

event_names! {
    ChannelCreate = "CHANNEL_CREATE",
    ChannelAnswer = "CHANNEL_ANSWER",
    ChannelBridge = "CHANNEL_BRIDGE",
    ChannelUnbridge = "CHANNEL_UNBRIDGE",
    ChannelHold = "CHANNEL_HOLD",
    ChannelUnhold = "CHANNEL_UNHOLD",
    ChannelHangup = "CHANNEL_HANGUP",
    ChannelHangupComplete = "CHANNEL_HANGUP_COMPLETE",
    PlaybackStart = "PLAYBACK_START",
    PlaybackStop = "PLAYBACK_STOP",
    ChannelExecute = "CHANNEL_EXECUTE",
    ChannelExecuteComplete = "CHANNEL_EXECUTE_COMPLETE",
    MediaBugStart = "MEDIA_BUG_START",
    MediaBugStop = "MEDIA_BUG_STOP",
    BackgroundJob = "BACKGROUND_JOB",
    Heartbeat = "HEARTBEAT",
}

/// How far a leg was answered when the event was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerState {
    Ringing,
    Early,
    Answered,
    Hangup,
    Other,
}

/// How a playback ended, as the switch says it. `Done` means only that no key and no break stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackStatus {
    Done,
    Break,
    Other,
}

impl Event {
    /// An event that has only its name; for the simulator.
    pub fn new(name: &str) -> Event {
        Event::default().with("Event-Name", name)
    }

    /// The same event with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Event {
        self.headers.push(name, value.into());
        self
    }

    /// The same event with one more header that is an array.
    #[must_use]
    pub fn with_list(mut self, name: &str, list: &[&str]) -> Event {
        self.headers.push(name, Value::List(list.iter().map(|text| (*text).into()).collect()));
        self
    }

    /// The same event with a body, and the header that says how long it is.
    #[must_use]
    pub fn with_body(self, body: &str) -> Event {
        let event = self.with("Content-Length", &body.len().to_string());
        Event { body: Some(body.into()), ..event }
    }

    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The channel variable of this name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(have, _)| {
            have.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
                && have[PREFIX.len()..].eq_ignore_ascii_case(name)
        })?;
        match value {
            Value::Text(text) => Some(text),
            Value::List(list) => list.first().map(|text| &**text),
        }
    }

    pub fn name(&self) -> EventName {
        self.get("Event-Name").map_or(EventName::Other, EventName::from_word)
    }

    /// The leg that the event is about.
    pub fn unique_id(&self) -> Option<&str> {
        self.get("Unique-ID")
    }

    /// The leg it is joined to. In CHANNEL_UNBRIDGE that may already be the next one.
    pub fn other_leg(&self) -> Option<&str> {
        self.get("Other-Leg-Unique-ID")
    }

    /// The legs A and B of CHANNEL_BRIDGE and CHANNEL_UNBRIDGE.
    pub fn bridge_pair(&self) -> Option<(&str, &str)> {
        Some((self.get("Bridge-A-Unique-ID")?, self.get("Bridge-B-Unique-ID")?))
    }

    pub fn application(&self) -> Option<&str> {
        self.get("Application")
    }

    pub fn application_data(&self) -> Option<&str> {
        self.get("Application-Data")
    }

    /// A channel variable that is never reset: it counts only where `application_uuid` is the right one.
    pub fn application_response(&self) -> Option<&str> {
        self.get("Application-Response")
    }

    /// The `Event-UUID` of the command that had the application run, or the switch's own.
    pub fn application_uuid(&self) -> Option<&str> {
        self.get("Application-UUID")
    }

    /// When the event was made, in microseconds of the switch's clock.
    pub fn date_micros(&self) -> Option<u64> {
        self.get("Event-Date-Timestamp")?.parse().ok()
    }

    /// Rises within one leg; across legs events may overtake each other.
    pub fn sequence(&self) -> Option<u64> {
        self.get("Event-Sequence")?.parse().ok()
    }

    pub fn answer_state(&self) -> Option<AnswerState> {
        Some(match self.get("Answer-State")? {
            "ringing" => AnswerState::Ringing,
            "early" => AnswerState::Early,
            "answered" => AnswerState::Answered,
            "hangup" => AnswerState::Hangup,
            _ => AnswerState::Other,
        })
    }

    pub fn hangup_cause(&self) -> Option<&str> {
        self.get("Hangup-Cause")
    }

    pub fn playback_path(&self) -> Option<&str> {
        self.get("Playback-File-Path")
    }

    pub fn playback_status(&self) -> Option<PlaybackStatus> {
        Some(match self.get("Playback-Status")? {
            "done" => PlaybackStatus::Done,
            "break" => PlaybackStatus::Break,
            _ => PlaybackStatus::Other,
        })
    }

    pub fn media_bug_function(&self) -> Option<&str> {
        self.get("Media-Bug-Function")
    }

    pub fn media_bug_target(&self) -> Option<&str> {
        self.get("Media-Bug-Target")
    }

    pub fn job_uuid(&self) -> Option<&str> {
        self.get("Job-UUID")
    }
}

/// Reading and writing.
impl Event {
    pub(super) fn parse(form: Form, bytes: &[u8]) -> Result<Event, EslError> {
        match form {
            Form::Plain => Event::parse_plain(bytes),
            Form::Json => Event::parse_json(&String::from_utf8_lossy(bytes)),
        }
    }

    pub(super) fn print(&self, form: Form, out: &mut BytesMut) {
        match form {
            Form::Plain => self.print_plain(out),
            Form::Json => self.print_json(out),
        }
    }

    /// A header block with percent codes, an empty line and, where `Content-Length` says so, a body.
    pub(super) fn parse_plain(bytes: &[u8]) -> Result<Event, EslError> {
        let end = Scan::default().find_end(bytes)?.ok_or(EslError::Length)?;
        let (block, rest) = (&bytes[..end.lines], &bytes[end.after..]);
        let headers = Headers::parse(&String::from_utf8_lossy(block), decoded)?;
        let body = match headers.content_length()? {
            Some(length) if length == rest.len() => Some(String::from_utf8_lossy(rest).into()),
            None if rest.is_empty() => None,
            _ => return Err(EslError::Length),
        };
        Ok(Event { headers, body })
    }

    fn print_plain(&self, out: &mut BytesMut) {
        for (name, value) in self.headers.iter().filter(|(name, _)| fits_a_block(name)) {
            out.put_slice(name.as_bytes());
            out.put_slice(b": ");
            match value {
                Value::Text(text) => percent::encode(text, out),
                Value::List(list) => percent::encode(&joined(list), out),
            }
            out.put_u8(b'\n');
        }
        out.put_u8(b'\n');
        out.put_slice(self.body.as_deref().unwrap_or_default().as_bytes());
    }

    fn parse_json(text: &str) -> Result<Event, EslError> {
        let mut over = None;
        let mut reader = serde_json::Deserializer::from_str(text);
        let event = JsonEvent(&mut over).deserialize(&mut reader);
        match (event, reader.end()) {
            (Ok(event), Ok(())) => Ok(event),
            _ => Err(over.unwrap_or(EslError::Json)),
        }
    }

    /// One line, the pairs in their order, a name as often as it is there.
    fn print_json(&self, out: &mut BytesMut) {
        out.put_u8(b'{');
        for (at, (name, value)) in self.headers.iter().enumerate() {
            if at > 0 {
                out.put_u8(b',');
            }
            put_json(name, out);
            out.put_u8(b':');
            match value {
                Value::Text(text) => put_json(text, out),
                Value::List(list) => put_json(list, out),
            }
        }
        if let Some(body) = &self.body {
            out.put_slice(if self.headers.is_empty() { b"\"_body\":" } else { b",\"_body\":" });
            put_json(body, out);
        }
        out.put_u8(b'}');
    }
}

/// A plain event's value without its percent codes, an array taken apart.
fn decoded(coded: &str) -> Value {
    let text = percent::decode(coded);
    match text.strip_prefix(ARRAY) {
        Some(list) => Value::List(list.split(BETWEEN).map(Into::into).collect()),
        None => Value::Text(text),
    }
}

/// Only JSON can carry a name with a colon or a line break in it; a block goes without that header.
fn fits_a_block(name: &str) -> bool {
    !name.is_empty() && !name.contains([':', '\n', '\r', '\0'])
}

fn joined(list: &[Box<str>]) -> String {
    [ARRAY, &list.join(BETWEEN)].concat()
}

fn put_json(value: &(impl serde::Serialize + ?Sized), out: &mut BytesMut) {
    // Texts and lists of texts always have a JSON form, and memory does not fail.
    serde_json::to_writer(out.writer(), value).expect("a text has a JSON form");
}

/// Reads an object whose names may come twice; says in the slot when it grew past a limit.
struct JsonEvent<'a>(&'a mut Option<EslError>);

impl<'de> DeserializeSeed<'de> for JsonEvent<'_> {
    type Value = Event;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Event, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for JsonEvent<'_> {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Event, M::Error> {
        let mut event = Event::default();
        while let Some((name, JsonValue(value))) = map.next_entry::<Box<str>, JsonValue>()? {
            if &*name == "_body" {
                let Value::Text(body) = value else { return Err(de::Error::custom("body")) };
                event.body.get_or_insert(body);
                continue;
            }
            if let Some(limit) = over(&event.headers, &name, &value) {
                *self.0 = Some(limit);
                return Err(de::Error::custom("limit"));
            }
            event.headers.push_own(name, value);
        }
        Ok(event)
    }
}

fn over(headers: &Headers, name: &str, value: &Value) -> Option<EslError> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.iter().map(|text| text.len() + BETWEEN.len()).sum(),
    };
    match () {
        () if headers.len() == MAX_HEADERS => Some(EslError::TooManyHeaders),
        () if name.len() + length > MAX_HEADER => Some(EslError::HeaderTooLong),
        () => None,
    }
}

/// A text, a number or truth value as its text, or an array of those.
struct JsonValue(Value);

impl<'de> de::Deserialize<'de> for JsonValue {
    fn deserialize<D: de::Deserializer<'de>>(reader: D) -> Result<JsonValue, D::Error> {
        reader.deserialize_any(JsonValueVisitor)
    }
}

struct JsonValueVisitor;

impl<'de> Visitor<'de> for JsonValueVisitor {
    type Value = JsonValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<JsonValue, E> {
        Ok(JsonValue(text.into()))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<JsonValue, E> {
        self.visit_str(if truth { "true" } else { "false" })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<JsonValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<JsonValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<JsonValue, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_unit<E: de::Error>(self) -> Result<JsonValue, E> {
        self.visit_str("")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut elements: S) -> Result<JsonValue, S::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element::<String>()? {
            list.push(element.into());
            if list.len() > MAX_HEADERS {
                return Err(de::Error::custom("limit"));
            }
        }
        Ok(JsonValue(Value::List(list)))
    }
}

impl fmt::Debug for Event {
    /// Its name and how much is in it: the rest may be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({:?}, {} headers)", self.name(), self.headers.len())
    }
}

const PREFIX: &str = "variable_";
const ARRAY: &str = "ARRAY::";
const BETWEEN: &str = "|:";
