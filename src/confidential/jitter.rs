//! Packets go in as they arrive; payloads come out in order, with silence where nothing was said or nothing came.
//!
//! A switch's tap is no ordinary stream (FINDINGS F74 to F93). Whenever the switch had nothing to read it sends a
//! *filler*: 0xFF repeated, with a timestamp of a private time line. Rules:
//!
//! * Order is that of the sequence numbers (RFC 3550, A.1). What is missing is waited for while [`DEPTH`] packets come.
//! * Time is that of the main time line. Its gaps become silence when fillers or missing packets explain them or the
//!   clock agrees; a jump that nothing explains moves the line.
//! * A filler is 20 ms of silence, unless the packet it stands for came late; then the next one is left out, so that
//!   the stream does not grow.
//! * The arrival clock decides only where the time line is broken: sequence and timestamp that go on leave no gap
//!   whatever the clock says. So a call played faster gives the same audio.

use super::codecs::ticks_in;
use super::resample::grid;
use crate::call::Moment;
use crate::wire::rtp::{Codec, Format, Header, Packet, Seen, SourceWatch, Timestamp, Unroll};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(in crate::confidential) struct Jitter {
    format: Format,
    source: SourceWatch,
    unroll: Unroll,
    /// The number of the packet to let go next.
    next: Option<u64>,
    /// What is expected after a jump of the sequence, until a second packet confirms it.
    suspect: Option<u64>,
    waiting: BTreeMap<u64, Held>,
    time: TimeLine,
    ready: VecDeque<Piece>,
    packets: Packets,
}

/// What comes out.
pub(in crate::confidential) enum Piece {
    Audio(Payload),
    /// Nothing was said, or nobody was heard, for so many ticks of the stream's clock.
    Silence {
        ticks: u64,
    },
    /// Something was said and did not come, or it was a pause in which nothing is sent.
    Gap {
        ticks: u64,
    },
}

/// A packet's bytes, wiped when they are done with.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(in crate::confidential) struct Payload(Box<[u8]>);

super::never_shown!(Payload, Piece, Held, Jitter);
super::wiped!(Payload);

impl Payload {
    pub(in crate::confidential) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Packets of a stream.
#[derive(Clone, Copy, Default)]
pub(in crate::confidential) struct Packets {
    pub(in crate::confidential) arrived: u32,
    /// Missing by sequence number when their turn came.
    pub(in crate::confidential) lost: u32,
}

impl Packets {
    pub(in crate::confidential) fn plus(self, other: Packets) -> Packets {
        Packets {
            arrived: self.arrived.saturating_add(other.arrived),
            lost: self.lost.saturating_add(other.lost),
        }
    }
}

struct Held {
    timestamp: Timestamp,
    payload: Payload,
    arrived: Moment,
}

/// Where the stream is in time; all lengths are ticks of the stream's clock.
#[derive(Default)]
struct TimeLine {
    /// The timestamp that goes on from the last packet of the main line.
    expected: Option<Timestamp>,
    /// When that packet came.
    main_at: Moment,
    /// When the last packet of any kind came.
    last_at: Option<Moment>,
    /// A filler's sequence number and timestamp: the private line.
    private: Option<(u64, Timestamp)>,
    /// Fillers since the last packet of the main line, and how much of them came out as silence.
    fillers: i64,
    run: i64,
    /// How far what came out was ahead of the main line at its last packet; it is paid back by leaving out fillers.
    debt: i64,
    /// What has been left out since.
    left_out: i64,
    /// Ticks that came out.
    out: u64,
}

impl Jitter {
    pub(in crate::confidential) fn new(format: &Format) -> Jitter {
        Jitter {
            format: *format,
            source: SourceWatch::default(),
            unroll: Unroll::default(),
            next: None,
            suspect: None,
            waiting: BTreeMap::new(),
            time: TimeLine::default(),
            ready: VecDeque::new(),
            packets: Packets::default(),
        }
    }

    /// Hearing begins: the next packet is the first of a time line, whatever was before.
    pub(in crate::confidential) fn begin(&mut self) {
        self.waiting.clear();
        self.ready.clear();
        self.next = None;
        self.suspect = None;
        self.time = TimeLine::default();
    }

    pub(in crate::confidential) fn handle(&mut self, packet: &Packet<'_>, now: Moment) {
        match self.source.see(packet.header.ssrc) {
            Seen::First | Seen::Same => {}
            Seen::Stranger => return,
            Seen::Changed => self.restart(),
        }
        let seq = self.unroll.extend(packet.header.seq).0;
        let next = *self.next.get_or_insert(seq);
        if seq.abs_diff(next) > FARTHEST {
            if self.suspect.replace(seq + 1) != Some(seq) {
                return;
            }
            self.restart();
            self.next = Some(seq);
        }
        self.suspect = None;
        if self.next.is_some_and(|next| seq < next) || self.waiting.contains_key(&seq) {
            return;
        }
        self.packets.arrived = self.packets.arrived.saturating_add(1);
        let payload = Payload(packet.payload.into());
        self.waiting.insert(seq, Held { timestamp: packet.header.timestamp, payload, arrived: now });
        self.let_go(DEPTH);
    }

    /// A packet of the stream that carries no voice, such as comfort noise: it takes its place in the sequence, so that it
    /// is not missed, and none in time.
    pub(in crate::confidential) fn handle_voiceless(&mut self, header: &Header, now: Moment) {
        self.handle(&Packet { header: *header, payload: &[] }, now);
    }

    /// Nothing more will come that could be waited for.
    pub(in crate::confidential) fn flush(&mut self) {
        self.let_go(0);
    }

    pub(in crate::confidential) fn poll(&mut self) -> Option<Piece> {
        self.ready.pop_front()
    }

    pub(in crate::confidential) fn packets(&self) -> Packets {
        self.packets
    }

    /// The source or its numbers begin anew; time goes on.
    fn restart(&mut self) {
        self.flush();
        self.next = None;
        self.unroll = Unroll::default();
        self.time.expected = None;
        self.time.private = None;
    }

    fn let_go(&mut self, depth: usize) {
        while let Some((&seq, _)) = self.waiting.first_key_value() {
            let missing = seq - self.next.unwrap_or(seq);
            if missing > 0 && self.waiting.len() <= depth {
                return;
            }
            if let Some(held) = self.waiting.remove(&seq) {
                self.packets.lost =
                    self.packets.lost.saturating_add(u32::try_from(missing).unwrap_or(u32::MAX));
                self.place(seq, missing, held);
                self.next = Some(seq + 1);
            }
        }
    }

    /// Puts one packet in its place on the time line.
    fn place(&mut self, seq: u64, missing: u64, held: Held) {
        if held.payload.0.is_empty() {
            // What is missing before it explains a gap as a filler does.
            self.time.fillers += ticks(missing) * self.packet_ticks();
            self.time.last_at = Some(held.arrived);
            return;
        }
        let length = i64::from(ticks_in(self.format.codec, &held.payload.0));
        let missing = ticks(missing) * self.packet_ticks();
        let silent = self.is_filler(&held.payload);
        match self.time.relation(held.timestamp, missing, held.arrived, &self.format) {
            Relation::GoesOn { gap } => {
                let lead = self.time.debt + self.time.run - gap;
                self.gap(-lead);
                self.time.debt = lead.max(0);
            }
            // A filler tells nothing about the main line.
            _ if silent || self.time.is_private(seq, held.timestamp, self.packet_ticks()) => {
                self.time.private = Some((seq, held.timestamp));
                self.time.last_at = Some(held.arrived);
                return self.filler(length + missing);
            }
            Relation::First => self.line_up(held.timestamp),
            Relation::Jump => {
                self.silence(missing.max(self.unheard(held.arrived)));
                self.line_up(held.timestamp);
                self.time.debt = 0;
            }
        }
        self.time.goes_on_from(held.timestamp.plus(length as u32), held.arrived);
        match silent {
            true => self.silence(length),
            false => {
                self.time.out += length as u64;
                self.ready.push_back(Piece::Audio(held.payload));
            }
        }
    }

    fn filler(&mut self, length: i64) {
        self.time.fillers += length;
        if self.time.debt >= self.time.left_out + length {
            self.time.left_out += length;
        } else {
            self.time.run += length;
            self.silence(length);
        }
    }

    fn silence(&mut self, length: i64) {
        if let Some(ticks) = self.passes(length) {
            self.ready.push_back(Piece::Silence { ticks });
        }
    }

    fn gap(&mut self, length: i64) {
        if let Some(ticks) = self.passes(length) {
            self.ready.push_back(Piece::Gap { ticks });
        }
    }

    /// Puts the time line forward.
    fn passes(&mut self, length: i64) -> Option<u64> {
        let ticks = u64::try_from(length).ok().filter(|ticks| *ticks > 0)?;
        self.time.out += ticks;
        Some(ticks)
    }

    /// Puts a new main line on a grid of 80 ms, so that the frames behind are cut at the same samples whichever packet
    /// happened to be the first one heard.
    fn line_up(&mut self, timestamp: Timestamp) {
        let grid = grid(self.format.clock_rate);
        let off = (u64::from(timestamp.0) % grid + grid - self.time.out % grid) % grid;
        self.silence(off as i64);
    }

    /// How long nothing at all had come, when that is longer than any network delays a packet.
    fn unheard(&self, now: Moment) -> i64 {
        let Some(last) = self.time.last_at else { return 0 };
        let pause = now.since(last);
        if pause < HOLD { 0 } else { in_ticks(pause, &self.format) - self.packet_ticks() }
    }

    fn is_filler(&self, payload: &Payload) -> bool {
        let filled = matches!(self.format.codec, Codec::Pcma | Codec::Pcmu | Codec::G722);
        filled && payload.0.iter().all(|byte| *byte == FILLER)
    }

    fn packet_ticks(&self) -> i64 {
        i64::from(self.format.ptime_ms) * i64::from(self.format.clock_rate) / 1_000
    }
}

/// How a packet's timestamp stands to the main line.
enum Relation {
    First,
    /// It goes on after `gap` ticks.
    GoesOn {
        gap: i64,
    },
    Jump,
}

impl TimeLine {
    fn relation(&self, timestamp: Timestamp, missing: i64, now: Moment, format: &Format) -> Relation {
        let Some(expected) = self.expected else { return Relation::First };
        let gap = i64::from(timestamp.since(expected));
        let explained = (0..=self.fillers + missing).contains(&gap);
        if explained || (gap > 0 && agrees(gap, now.since(self.main_at), format)) {
            Relation::GoesOn { gap }
        } else {
            Relation::Jump
        }
    }

    /// Whether a packet that is not on the main line goes on from the last filler.
    fn is_private(&self, seq: u64, timestamp: Timestamp, packet_ticks: i64) -> bool {
        let (Some((filler, at)), Some(_)) = (self.private, self.expected) else { return false };
        let ahead = ticks(seq.saturating_sub(filler)) * packet_ticks;
        (i64::from(timestamp.since(at)) - ahead).abs() <= 2 * packet_ticks
    }

    fn goes_on_from(&mut self, expected: Timestamp, now: Moment) {
        self.expected = Some(expected);
        self.main_at = now;
        self.last_at = Some(now);
        self.fillers = 0;
        self.run = 0;
        self.left_out = 0;
    }
}

/// Whether the arrival clock saw about the same gap.
fn agrees(gap: i64, arrival: Duration, format: &Format) -> bool {
    let seen = in_ticks(arrival, format);
    let tolerance = in_ticks(ARRIVAL_TOLERANCE, format).max(gap / 4);
    (seen - gap).abs() <= tolerance
}

fn in_ticks(time: Duration, format: &Format) -> i64 {
    let ticks = time.as_millis() * u128::from(format.clock_rate) / 1_000;
    i64::try_from(ticks).unwrap_or(i64::MAX / 4)
}

fn ticks(packets: u64) -> i64 {
    i64::try_from(packets).unwrap_or(i64::MAX / 4096)
}

/// What a filler is made of; as A-law it would be a buzz.
const FILLER: u8 = 0xff;

/// Packets that are waited with for a missing one. More forgives more reordering; everything comes 20 ms later for
/// each, which nobody notices, but memory holds them.
const DEPTH: usize = 5;

/// A step of the sequence that is taken for a new beginning once a second packet confirms it.
const FARTHEST: u64 = 1_000;

/// A silence on the wire that is a hold and no delay.
const HOLD: Duration = Duration::from_millis(1_500);

/// How far the arrival clock may be off for a gap to be believed. Larger believes jumps that are none.
const ARRIVAL_TOLERANCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rtp::{Header, Seq, Ssrc};
    use proptest::prelude::*;

    const FORMAT: Format = Format { codec: Codec::Pcma, payload_type: 8, clock_rate: 8_000, ptime_ms: 20 };

    struct Stream {
        jitter: Jitter,
    }

    impl Stream {
        fn new() -> Stream {
            Stream { jitter: Jitter::new(&FORMAT) }
        }

        fn send(&mut self, seq: u16, timestamp: u32, fill: u8, at_ms: u64) {
            self.send_from(1, seq, timestamp, fill, at_ms);
        }

        fn send_from(&mut self, ssrc: u32, seq: u16, timestamp: u32, fill: u8, at_ms: u64) {
            let timestamp = Timestamp(timestamp);
            let header =
                Header { marker: false, payload_type: 8, seq: Seq(seq), timestamp, ssrc: Ssrc(ssrc) };
            let packet = Packet { header, payload: &[fill; 160] };
            self.jitter.handle(&packet, Moment::from_micros(at_ms * 1_000));
        }

        /// What came out: a payload's first byte, or minus the milliseconds of a silence.
        fn out(&mut self) -> Vec<i64> {
            self.jitter.flush();
            let pieces = std::iter::from_fn(|| self.jitter.poll());
            let told = pieces.map(|piece| match piece {
                Piece::Audio(payload) => i64::from(payload.bytes()[0]),
                Piece::Silence { ticks } | Piece::Gap { ticks } => -(ticks as i64) / 8,
            });
            told.collect()
        }
    }

    #[test]
    fn packets_come_out_in_order_across_the_wrap_and_once_each() {
        let mut stream = Stream::new();
        for (seq, n) in [(65_534, 0), (0, 2), (65_535, 1), (0, 2), (1, 3), (65_535, 1)] {
            stream.send(seq, n * 160, n as u8, 0);
        }
        assert_eq!(stream.out(), [0, 1, 2, 3]);
        assert_eq!((stream.jitter.packets().arrived, stream.jitter.packets().lost), (4, 0));
    }

    #[test]
    fn what_is_missing_becomes_silence_and_is_counted() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        for n in 4..12 {
            stream.send(n, u32::from(n - 1) * 160, n as u8, 0);
        }
        assert_eq!(stream.out(), [1, -40, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(stream.jitter.packets().lost, 2);
    }

    #[test]
    fn a_packet_later_than_the_buffer_is_dropped() {
        let mut stream = Stream::new();
        for n in [1, 3, 4, 5, 6, 7, 8, 2] {
            stream.send(n, u32::from(n - 1) * 160, n as u8, 0);
        }
        assert_eq!(stream.out(), [1, -20, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn contiguous_packets_leave_no_gap_whatever_the_clock_says() {
        let mut stream = Stream::new();
        for n in 0..4u16 {
            stream.send(n, u32::from(n) * 160, n as u8, u64::from(n) * 7_000);
        }
        assert_eq!(stream.out(), [0, 1, 2, 3]);
    }

    #[test]
    fn a_gap_of_the_timestamps_that_the_clock_saw_is_silence() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        stream.send(2, 160 + 24_000, 2, 3_100);
        assert_eq!(stream.out(), [1, -3_000, 2]);
    }

    #[test]
    fn a_jump_that_nothing_explains_moves_the_line_onto_the_grid() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        stream.send(2, 640_000, 2, 20);
        stream.send(3, 640_160, 3, 40);
        assert_eq!(stream.out(), [1, -60, 2, 3]);
    }

    #[test]
    fn a_hold_with_a_new_time_line_is_as_long_as_it_lasted() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        stream.send(2, 99_200, 2, 8_020);
        assert_eq!(stream.out(), [1, -8_000, -60, 2]);
    }

    #[test]
    fn fillers_are_silence_and_private_timestamps_move_nothing() {
        let mut stream = Stream::new();
        stream.send(1, 160_000, 1, 0);
        for n in 2..5u16 {
            stream.send(n, u32::from(n) * 160, FILLER, u64::from(n) * 20);
        }
        stream.send(5, 160_640, 5, 80);
        assert_eq!(stream.out(), [1, -20, -20, -20, 5]);
    }

    #[test]
    fn a_filler_for_a_late_packet_is_paid_back_by_the_next_filler() {
        let mut stream = Stream::new();
        stream.send(1, 160_000, 1, 0);
        stream.send(2, 320, FILLER, 20);
        stream.send(3, 160_160, 3, 30);
        stream.send(4, 160_320, 4, 40);
        stream.send(5, 800, FILLER, 60);
        stream.send(6, 160_640, 6, 80);
        assert_eq!(stream.out(), [1, -20, 3, 4, 6]);
    }

    #[test]
    fn speech_on_the_private_line_is_taken_for_a_filler() {
        let mut stream = Stream::new();
        stream.send(1, 160_000, 1, 0);
        stream.send(2, 320, FILLER, 20);
        stream.send(3, 480, 77, 40);
        stream.send(4, 160_480, 4, 60);
        assert_eq!(stream.out(), [1, -20, -20, 4]);
    }

    #[test]
    fn a_new_source_is_followed_and_a_stranger_is_not() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        stream.send_from(9, 500, 70_000, 99, 10);
        stream.send(2, 160, 2, 20);
        for n in 0..3u16 {
            stream.send_from(7, 30_000 + n, 640 + u32::from(n) * 160, 50 + n as u8, 40);
        }
        assert_eq!(stream.out(), [1, 2, -60, 51, 52]);
    }

    #[test]
    fn a_far_step_of_the_sequence_needs_a_second_packet() {
        let mut stream = Stream::new();
        stream.send(1, 0, 1, 0);
        stream.send(20_000, 640, 99, 10);
        stream.send(2, 160, 2, 20);
        stream.send(30_000, 640, 98, 30);
        stream.send(30_001, 640, 3, 40);
        assert_eq!(stream.out(), [1, 2, -40, 3]);
    }

    #[test]
    fn which_packet_comes_first_does_not_move_the_frames() {
        for first in 0..4u16 {
            let mut stream = Stream::new();
            for n in first..8 {
                stream.send(n, 6_400 + u32::from(n) * 160, n as u8, 0);
            }
            let out = stream.out();
            let before: i64 = out.iter().take_while(|piece| **piece < 0).map(|ms| -ms).sum();
            assert_eq!(before, i64::from(first) * 20);
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic_or_hold_more_than_its_depth(
            sends in proptest::collection::vec((0u32..3, any::<u16>(), any::<u32>(), any::<u8>(), 0u64..100_000), 0..200)
        ) {
            let mut stream = Stream::new();
            for (ssrc, seq, timestamp, fill, at) in sends {
                stream.send_from(ssrc, seq, timestamp, fill, at);
                prop_assert!(stream.jitter.waiting.len() <= DEPTH);
            }
        }

        #[test]
        fn a_shuffle_within_the_depth_changes_nothing(swaps in proptest::collection::vec(any::<bool>(), 100)) {
            let mut order: Vec<u16> = (0..100).collect();
            for (i, swap) in swaps.iter().enumerate().skip(1).take(98) {
                if *swap { order.swap(i, i + 1); }
            }
            let mut stream = Stream::new();
            for n in order {
                stream.send(n, u32::from(n) * 160, n as u8, 0);
            }
            let out = stream.out();
            // A swap may carry one packet past the depth; then it is lost as silence, never out of order.
            let heard: Vec<i64> = out.iter().copied().filter(|n| *n >= 0).collect();
            prop_assert!(heard.is_sorted());
            let length: i64 = out.iter().map(|n| if *n < 0 { -n / 20 } else { 1 }).sum();
            prop_assert_eq!(length, 100);
        }
    }
}
