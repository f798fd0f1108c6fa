//! RTP packets (RFC 3550) and the formats that a tap may carry: a datagram goes in, a header and its payload come out.
//!
//! The bytes are read and written by `rtp-types`; here are the meanings that can be swapped by mistake: a sequence
//! number that wraps, a timestamp, the name of a source. No packet is ever ordered or played here.

mod sequence;
mod source;

pub use sequence::{ExtendedSeq, Seq, Unroll};
pub use source::{Seen, SourceWatch, Ssrc};

use rtp_types::{RtpPacket, RtpPacketBuilder, RtpParseError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An audio encoding that an ear can decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 A-law (RFC 3551, 4.5.14).
    Pcma,
    /// G.711 mu-law (RFC 3551, 4.5.14).
    Pcmu,
    /// Uncompressed 16 bit, network byte order, one channel (RFC 3551, 4.5.11).
    L16,
    /// G.722 at 64 kbit/s: its clock counts 8,000 for 16,000 samples (RFC 3551, 4.5.2).
    G722,
    /// Opus (RFC 7587): its clock counts 48,000, whatever it was sampled at.
    Opus,
}

/// What an SDP answer has agreed for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    pub codec: Codec,
    /// Payload type of the packets (RFC 3550, 5.1), 0 to 127.
    pub payload_type: u8,
    /// Ticks per second of the RTP clock, which need not be the samples'.
    pub clock_rate: u32,
    /// Milliseconds of audio in one packet (RFC 4566, `a=ptime`).
    pub ptime_ms: u8,
}

/// A point on a stream's sampling clock (RFC 3550, 5.1); it wraps, starts anywhere and may jump (a switch's fillers
/// keep a time line of their own), so it has no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub u32);

impl Timestamp {
    pub fn plus(self, samples: u32) -> Timestamp {
        Timestamp(self.0.wrapping_add(samples))
    }

    /// Samples from `earlier` to here; negative when `earlier` is later on the nearer way round.
    pub fn since(self, earlier: Timestamp) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }
}

/// The fixed header of a packet (RFC 3550, 5.1). Contributing sources and extensions are stepped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Of a talk spurt's first packet; a switch also sets it where it jumps between two time lines.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    pub seq: Seq,
    pub timestamp: Timestamp,
    pub ssrc: Ssrc,
}

/// One packet; the payload has no `Debug`, for it may be speech.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    /// Without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// It ends before its header says so.
    Truncated,
    /// Another version than 2.
    Version,
    /// A padding of no length.
    Padding,
    /// RTCP on the port of its stream (RFC 5761, 4).
    Rtcp,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PacketError::Truncated => "the RTP packet ends too early",
            PacketError::Version => "the datagram is not RTP version 2",
            PacketError::Padding => "the RTP padding has no length",
            PacketError::Rtcp => "the datagram is RTCP, not RTP",
        })
    }
}

impl std::error::Error for PacketError {}

impl<'a> Packet<'a> {
    pub fn parse(datagram: &'a [u8]) -> Result<Packet<'a>, PacketError> {
        let raw = RtpPacket::parse(datagram).map_err(|error| match error {
            RtpParseError::Truncated { .. } => PacketError::Truncated,
            RtpParseError::UnsupportedVersion(_) => PacketError::Version,
            RtpParseError::PaddingInvalid(_) => PacketError::Padding,
        })?;
        if RTCP_TYPES.contains(&datagram[1]) {
            return Err(PacketError::Rtcp);
        }
        let end = datagram.len() - usize::from(raw.padding().unwrap_or(0));
        let header = Header {
            marker: raw.marker_bit(),
            payload_type: raw.payload_type(),
            seq: Seq(raw.sequence_number()),
            timestamp: Timestamp(raw.timestamp()),
            ssrc: Ssrc(raw.ssrc()),
        };
        Ok(Packet { header, payload: &datagram[raw.payload_offset()..end] })
    }

    /// The packet as it stands on the wire; the payload type loses all but its seven bits.
    pub fn to_bytes(&self) -> Vec<u8> {
        RtpPacketBuilder::<&[u8], &[u8]>::new()
            .marker_bit(self.header.marker)
            .payload_type(self.header.payload_type & 0x7f)
            .sequence_number(self.header.seq.0)
            .timestamp(self.header.timestamp.0)
            .ssrc(self.header.ssrc.0)
            .payload(self.payload)
            .write_vec_unchecked()
    }
}

/// Second byte of the RTCP packets that are in use (RFC 5761, 4): with the marker bit taken for a type's first bit,
/// they lie where no RTP payload type is ever assigned.
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 192..=223;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        (any::<bool>(), 0u8..64, any::<u16>(), any::<u32>(), any::<u32>()).prop_map(
            |(marker, payload_type, seq, timestamp, ssrc)| Header {
                marker,
                payload_type,
                seq: Seq(seq),
                timestamp: Timestamp(timestamp),
                ssrc: Ssrc(ssrc),
            },
        )
    }

    proptest! {
        #[test]
        fn a_packet_is_read_back_as_it_was_written(header in header(), payload: Vec<u8>) {
            let bytes = Packet { header, payload: &payload }.to_bytes();
            let read = Packet::parse(&bytes).unwrap();
            prop_assert_eq!(read.header, header);
            prop_assert_eq!(read.payload, &payload[..]);
        }

        #[test]
        fn no_datagram_makes_the_reader_panic(mut bytes: Vec<u8>, version_2: bool) {
            if version_2 && let Some(first) = bytes.first_mut() {
                *first = (*first & 0x3f) | 0x80;
            }
            if let Ok(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + 12 <= bytes.len());
            }
        }
    }

    #[test]
    fn sources_extension_and_padding_are_no_payload() {
        let mut bytes = vec![0b1011_0001, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        bytes.extend([0, 0, 0, 9]);
        bytes.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        bytes.extend([0xd5, 0xd5, 0, 2]);
        assert!(Packet::parse(&bytes).unwrap().payload == [0xd5, 0xd5]);
    }

    #[test]
    fn what_is_not_rtp_is_refused_by_its_kind() {
        let packet = |first: u8, second: u8| [first, second, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let refused = |bytes: &[u8]| Packet::parse(bytes).err().unwrap();
        assert_eq!(refused(&packet(0x80, 8)[..11]), PacketError::Truncated);
        assert_eq!(refused(&packet(0x40, 8)), PacketError::Version);
        assert_eq!(refused(&packet(0x8f, 8)), PacketError::Truncated);
        assert_eq!(refused(&packet(0xa0, 8)), PacketError::Truncated);
        assert_eq!(refused(&packet(0x80, 200)), PacketError::Rtcp);
    }

    #[test]
    fn timestamps_are_compared_on_the_nearer_way_round() {
        assert_eq!(Timestamp(80).since(Timestamp(u32::MAX - 79)), 160);
        assert_eq!(Timestamp(u32::MAX - 79).plus(160), Timestamp(80));
        assert_eq!(Timestamp(0).since(Timestamp(160)), -160);
    }
}
