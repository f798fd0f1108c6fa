//! A SIP user agent server without a socket: datagrams and the time go in, datagrams and events come out.
//!
//! It takes the legs that a switch on this host originates to us, and nothing else (rule R10): requests come from
//! loopback, answers and our own BYE go to the address and port that the INVITE came from (never to what `Contact` or
//! `Via` say), one stream is taken with `a=recvonly`, and no media is ever sent. Whether a leg was asked for is not
//! known here: the owner of a [`Uas`] looks at the token of an invitation and accepts or refuses it.
//!
//! [RFC 3261](https://www.rfc-editor.org/rfc/rfc3261), [RFC 3264](https://www.rfc-editor.org/rfc/rfc3264).

mod message;
mod sdp;
#[cfg(test)]
mod tests;
mod uas;

pub use message::{MAX_DATAGRAM, MAX_HEADERS, MAX_LINE, Message, MessageError, Method, Start, Status, Value};
pub use sdp::Offer;
pub use uas::{DialogId, Ending, Event, NotThere, SERVER, Token, Uas};

use std::fmt;

/// Why a datagram was left unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It does not come from this host.
    Stranger,
    Message(MessageError),
    /// Too many dialogs at once; the switch was told 503.
    Full,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Stranger => f.write_str("the SIP message comes from another host"),
            Error::Message(error) => error.fmt(f),
            Error::Full => f.write_str("too many SIP dialogs at once"),
        }
    }
}

impl std::error::Error for Error {}

/// Why an offer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SdpError {
    Unreadable,
    NothingForUs,
}
