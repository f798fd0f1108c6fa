//! Sequence numbers: sixteen bits that wrap go in, a number that only grows comes out.

use serde::{Deserialize, Serialize};

/// The number of a packet in its stream (RFC 3550, 5.1). It wraps every 21 minutes, so it has no order of its own:
/// compare by [`Seq::since`], or unroll it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seq(pub u16);

impl Seq {
    pub fn next(self) -> Seq {
        self.plus(1)
    }

    pub fn plus(self, packets: u16) -> Seq {
        Seq(self.0.wrapping_add(packets))
    }

    /// Packets from `earlier` to here; negative when `earlier` comes later on the nearer way round.
    pub fn since(self, earlier: Seq) -> i16 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }
}

/// A sequence number with its wraps counted (RFC 3550, A.1): it can be ordered and subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExtendedSeq(pub u64);

impl ExtendedSeq {
    pub fn next(self) -> ExtendedSeq {
        ExtendedSeq(self.0 + 1)
    }
}

/// Counts the wraps of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unroll {
    highest: Option<u64>,
}

impl Unroll {
    /// The extended number of `seq`: the one nearest to the highest seen so far. A late packet does not turn the
    /// count back. The first packet of a stream starts in the second round, so that one before it has a number too.
    pub fn extend(&mut self, seq: Seq) -> ExtendedSeq {
        let highest = self.highest.unwrap_or(ROUND + u64::from(seq.0));
        let step = i64::from(seq.since(Seq((highest % ROUND) as u16)));
        let here = highest.saturating_add_signed(step);
        self.highest = Some(highest.max(here));
        ExtendedSeq(here)
    }
}

/// How many numbers there are before they come again.
const ROUND: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_number_after_the_last_is_zero() {
        assert_eq!(Seq(u16::MAX).next(), Seq(0));
        assert_eq!(Seq(1).since(Seq(u16::MAX)), 2);
        assert_eq!(Seq(u16::MAX).since(Seq(1)), -2);
    }

    #[test]
    fn a_late_packet_from_before_the_wrap_keeps_its_place() {
        let mut unroll = Unroll::default();
        let before = unroll.extend(Seq(65_534));
        let after = unroll.extend(Seq(1));
        let late = unroll.extend(Seq(65_535));
        assert_eq!((after.0 - before.0, late.0 - before.0), (3, 1));
        assert_eq!(unroll.extend(Seq(2)), after.next());
    }

    #[test]
    fn a_packet_before_the_first_one_has_a_number() {
        let mut unroll = Unroll::default();
        let first = unroll.extend(Seq(0));
        assert_eq!(unroll.extend(Seq(u16::MAX)).next(), first);
    }

    proptest! {
        #[test]
        fn unrolled_numbers_grow_as_the_stream_does(start: u16, steps in proptest::collection::vec(1u16..32_000, 1..200)) {
            let mut unroll = Unroll::default();
            let mut seq = Seq(start);
            let mut last = unroll.extend(seq);
            for step in steps {
                seq = seq.plus(step);
                let here = unroll.extend(seq);
                prop_assert_eq!(here.0 - last.0, u64::from(step));
                last = here;
            }
        }
    }
}
