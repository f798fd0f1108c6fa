//! A block of headers in its order; of two with the same name the first one counts.

use super::{EslError, MAX_HEADERS};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_till1};
use nom::combinator::{eof, opt};
use nom::sequence::terminated;
use std::fmt;

/// The value of a header: a text, or a channel variable that is an array.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    Text(Box<str>),
    List(Vec<Box<str>>),
}

/// Headers as they came. Names are compared without regard to case.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(Box<str>, Value)>);

impl Headers {
    /// The first text under `name`; of an array its first element.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            Value::List(list) => list.first().map(|text| &**text),
        }
    }

    /// The first value under `name`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Adds one behind the others, also when the name is there already.
    pub fn push(&mut self, name: &str, value: Value) {
        self.push_own(name.into(), value);
    }

    /// The same with a name that is nobody else's.
    pub(super) fn push_own(&mut self, name: Box<str>, value: Value) {
        self.0.push((name, value));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all headers named `name` out.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
    }

    /// Reads lines `Name: value` up to the end of `block`, which holds no empty line; each value is made of its text.
    pub(super) fn parse<'a>(block: &'a str, value: impl Fn(&'a str) -> Value) -> Result<Headers, EslError> {
        let mut rest = block;
        let mut headers = Headers::default();
        while !rest.is_empty() {
            let (after, (name, text)) = header(rest).map_err(|_| EslError::Header)?;
            if headers.len() == MAX_HEADERS {
                return Err(EslError::TooManyHeaders);
            }
            headers.push(name, value(text));
            rest = after;
        }
        Ok(headers)
    }

    /// The value of `Content-Length`, when there is one.
    pub(super) fn content_length(&self) -> Result<Option<usize>, EslError> {
        let Some(text) = self.get("Content-Length") else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let length = if digits { text.parse().unwrap_or(usize::MAX) } else { return Err(EslError::Length) };
        Ok(Some(length))
    }
}

/// `Name: value`, up to and with the end of the line. One blank after the colon belongs to the form.
fn header(input: &str) -> nom::IResult<&str, (&str, &str)> {
    let name = terminated(take_till1(|c| matches!(c, ':' | '\n' | '\r' | '\0')), (tag(":"), opt(tag(" "))));
    let value = take_till(|c| matches!(c, '\n' | '\r' | '\0'));
    (name, terminated(value, alt((tag("\n"), tag("\r\n"), eof)))).parse(input)
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl fmt::Debug for Headers {
    /// The number only: headers hold names and telephone numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({})", self.0.len())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Value::List(list) => write!(f, "List({})", list.len()),
        }
    }
}
