//! The event socket of FreeSWITCH: bytes of one TCP connection go in, frames and commands come out, and back.
//!
//! Both sides are here: [`ClientCodec`] reads what a switch sends and writes what we ask, [`ServerCodec`] is the
//! switch's side of the same talk, for the simulator. A frame is header lines, an empty line, and a body of
//! `Content-Length` bytes; an event is a frame whose body is a second such block (plain) or one JSON object.
//!
//! Invariants:
//! * No text of a command can hold a line break: it is made of [`Line`] and [`Word`].
//! * Whatever arrives, however it is split, decoding ends: with the same frames or with one [`EslError`], which
//!   is the last word of its connection. What may be held in memory is bounded by [`MAX_MESSAGE`].
//! * A header may come twice; the first one is the one that [`Headers::get`] finds.
//! * `Debug` of what carries numbers, names or passwords shows sizes only.
//!
//! There is no XML here: such events are stepped over by their length.

mod codec;
mod command;
mod error;
mod event;
mod frame;
mod headers;
mod line;
mod percent;
mod reply;
mod scan;
#[cfg(test)]
mod tests;

pub use codec::{ClientCodec, ServerCodec};
pub use command::{Command, Execute, Login, Message, Secret};
pub use error::EslError;
pub use event::{AnswerState, Event, EventName, Form, PlaybackStatus};
pub use frame::{Disconnect, Disposition, Frame, Log};
pub use headers::{Headers, Value};
pub use line::{Line, LineError, Word};
pub use reply::{ApiReply, Fault, Refusal, Reply};

/// Largest message in bytes, head and body together. A larger one would let a broken peer fill our memory; a
/// smaller one could refuse `show channels` on a large switch. The largest event seen was 17 kB.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Most header lines in one block. Events on a bare installation have up to 284.
pub const MAX_HEADERS: usize = 2_000;

/// Longest header line in bytes. An 8 kB SIP header was seen as a channel variable.
pub const MAX_HEADER: usize = 1 << 20;
