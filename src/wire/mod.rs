//! Bytes become meaning and meaning becomes bytes: no socket, no clock, no log.

pub mod esl;
pub mod rtp;
pub mod sip;
