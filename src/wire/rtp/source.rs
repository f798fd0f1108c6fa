//! Who sends a stream: the SSRC of each packet goes in, and whether it is still the same source comes out.

use serde::{Deserialize, Serialize};

/// The name of a stream's source (RFC 3550, 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ssrc(pub u32);

/// Which source a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The stream's first packet.
    First,
    Same,
    /// The stream begins anew: sequence and timestamp have nothing to do with those before.
    Changed,
    /// A new name seen once only; such a packet is dropped, for it may be a stray one (RFC 3550, A.1).
    Stranger,
}

/// Follows the source of one socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceWatch {
    current: Option<Ssrc>,
    candidate: Option<Ssrc>,
}

impl SourceWatch {
    /// A source is followed from its first packet when there was none, and from its second packet in a row otherwise.
    pub fn see(&mut self, ssrc: Ssrc) -> Seen {
        if self.current == Some(ssrc) {
            self.candidate = None;
            return Seen::Same;
        }
        if self.current.is_some() && self.candidate != Some(ssrc) {
            self.candidate = Some(ssrc);
            return Seen::Stranger;
        }
        let seen = if self.current.is_none() { Seen::First } else { Seen::Changed };
        *self = SourceWatch { current: Some(ssrc), candidate: None };
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_changes_with_its_second_packet_and_a_stray_one_is_dropped() {
        let mut watch = SourceWatch::default();
        let seen: Vec<Seen> = [7, 7, 9, 7, 9, 9, 9, 7].map(|ssrc| watch.see(Ssrc(ssrc))).into();
        use Seen::*;
        assert_eq!(seen, [First, Same, Stranger, Same, Stranger, Changed, Same, Stranger]);
    }
}
