//! The process that writes: it starts the ears, hands them sockets, and keeps their notes.

pub mod clock;
pub mod ears;
