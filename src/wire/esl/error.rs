//! Why a connection's bytes make no sense; what the bytes were is not repeated.

use std::fmt;

/// What ends a connection. The codec says it once more whenever it is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EslError {
    /// A message of more than [`super::MAX_MESSAGE`] bytes.
    MessageTooLong,
    /// More than [`super::MAX_HEADERS`] header lines.
    TooManyHeaders,
    /// A header line of more than [`super::MAX_HEADER`] bytes.
    HeaderTooLong,
    /// A header line without a colon, or with a control character in it.
    Header,
    /// A head that does not say what its content is.
    NoContentType,
    /// A `Content-Length` that is no number, or does not fit what follows.
    Length,
    /// A reply without `Reply-Text`.
    NoReplyText,
    /// An event whose JSON is broken or is no flat object.
    Json,
    /// A text that cannot be a command.
    Command,
    /// The connection ended in the middle of a message: the switch died, or gave us up for reading too slowly.
    HalfMessage,
    /// The socket itself failed.
    Io(std::io::ErrorKind),
}

impl fmt::Display for EslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            EslError::MessageTooLong => "a message of the event socket is longer than 16 MiB",
            EslError::TooManyHeaders => "a message of the event socket has more than 2000 headers",
            EslError::HeaderTooLong => "a header of the event socket is longer than 1 MiB",
            EslError::Header => "a header line of the event socket is malformed",
            EslError::NoContentType => "a message of the event socket has no content type",
            EslError::Length => "a length on the event socket is wrong",
            EslError::NoReplyText => "a reply on the event socket has no text",
            EslError::Json => "an event of the event socket is no flat JSON object",
            EslError::Command => "a command on the event socket is malformed",
            EslError::HalfMessage => "the event socket ended in the middle of a message",
            EslError::Io(kind) => return write!(f, "the event socket failed: {kind}"),
        };
        f.write_str(text)
    }
}

impl std::error::Error for EslError {}

impl From<std::io::Error> for EslError {
    fn from(error: std::io::Error) -> EslError {
        EslError::Io(error.kind())
    }
}
