//! RTP packets (RFC 3550) and the formats that a tap may carry.

use serde::{Deserialize, Serialize};

/// An audio encoding that an ear can decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 A-law (RFC 3551, 4.5.14).
    Pcma,
    /// G.711 mu-law (RFC 3551, 4.5.14).
    Pcmu,
    /// Uncompressed 16 bit, network byte order, one channel (RFC 3551, 4.5.11).
    L16,
}

/// What an SDP answer has agreed for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    pub codec: Codec,
    /// Payload type of the packets (RFC 3550, 5.1), 0 to 127.
    pub payload_type: u8,
    /// Samples per second of the RTP clock and of the audio.
    pub clock_rate: u32,
    /// Milliseconds of audio in one packet (RFC 4566, `a=ptime`).
    pub ptime_ms: u8,
}
